"""Where the reference folder lies beside the checkout: nothing of it is missing here.

conftest.py keeps this module from being collected elsewhere.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from fastcil import catalog

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "reference"
PATTERN = re.compile(r"[^A-Za-z0-9_]")
CARRIERS = ("Session", "Agent", "Call", "SkillGroup", "SilentMonitorManager")


def load(name: str) -> Any:
    return json.loads((REFERENCE / name).read_text("utf-8"))


def known(keyword: str) -> bool:
    return bool(catalog.keyword_id(keyword)) or bool(PATTERN.search(keyword))


def test_events() -> None:
    for interface in load("cil/events.json")["interfaces"]:
        ours = catalog.interface(interface["name"])
        assert [e.callback for e in ours.events] == [e["name"] for e in interface["events"]]
        for event, record in zip(ours.events, interface["events"]):
            assert event.documented == record["params_documented"]
            own = event.parameters[len(event.parameters) - len(record["params"]) :]
            for parameter, theirs in zip(own, record["params"]):
                assert parameter.keyword == theirs["keyword"]
                assert parameter.type == theirs["type"]
                assert parameter.optional == bool(theirs["optional"])
            assert len(event.variants) == len(record.get("variants", []))
            extra = [p["keyword"] for p in record.get("extra_keywords", [])]
            assert [p.keyword for p in event.extra_keywords] == extra
            if interface["name"] == "IGenericEvents":
                continue
            fields = [*record["params"], *record.get("extra_keywords", [])]
            fields += [p for v in record.get("variants", []) for p in v["params"]]
            for field in fields:
                assert known(field["keyword"]), field
                if "constant" in field:
                    assert field["constant"] in catalog.CONSTANTS


def test_api_keywords() -> None:
    api = load("cil/api.json")
    for name in CARRIERS:
        entry = api["objects"][name]
        fields = [*entry["properties"], *entry.get("extra_properties", [])]
        for method in entry["methods"]:
            fields += [p for p in method.get("request_parameters") or [] if isinstance(p, dict)]
        for field in fields:
            assert known(field["keyword"]), (name, field)
    statistics = [s["name"] for s in api["agent_statistics"] + api["skill_group_statistics"]]
    statistics += [*api["computed_agent_statistics"], *api["computed_skill_group_statistics"]]
    assert all(catalog.keyword_id(name) for name in statistics)


def test_minimize_table() -> None:
    table = load("cil/minimize_event_args.json")
    for constant, record in table["constants"].items():
        if not PATTERN.search(record["keyword"]):
            assert catalog.CONSTANTS[constant] == record["keyword"]
    assert set(catalog.data("minimize")["events"]) == set(table["events"])


def test_enumerations() -> None:
    ours = catalog.data("enums")["enums"]
    for name, entry in load("cil/enums.json")["enums"].items():
        if name == "EventID":
            for member in entry["values"]:
                number = catalog.EVENT_NAMES.get(member["name"], 0)
                assert number or member["name"] == "eUnknownEvent"
                value = member.get("value") or member.get("derived_value")
                assert value in (None, number)
        elif name == "EventsNotAllowedInFilters":
            names = [member["name"] for member in entry["values"]]
            assert names == catalog.data("events")["filter_forbidden"]
            assert {catalog.event_id(n) for n in names} == catalog.filter_forbidden_ids()
        else:
            mine = ours[name]["values"]
            for member in entry["values"]:
                found = [m for m in mine if m["name"] == member["name"]]
                assert found, member
                want = member.get("ged188_value", member["value"])
                assert want is None or want in [m["value"] for m in found]


def test_ged188_numbers() -> None:
    messages = {m["number"]: m["name"] for m in load("ged188/messages.json")["messages"]}
    for event in catalog.EVENTS:
        if event.ged188 is not None:
            assert messages[event.ged188.number] == event.ged188.name


def test_settings() -> None:
    theirs = load("cil/server_config.json")["settings"]
    assert len(catalog.data("server_config")["settings"]) == len(theirs)
    desktop = [s for s in theirs if "All Desktops" in s["key"]]
    assert len(catalog.data("settings")["values"]) == len(desktop)
