"""Every name printed in the event interfaces chapter is in the catalog.

data/chapter_names.json was collected from the chapter by a scan of its headings and tables,
without the catalog's data files: two ways to the same facts.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fastcil import catalog

NAMES: dict[str, Any] = json.loads(
    (Path(__file__).parent / "data" / "chapter_names.json").read_text("utf-8")
)
ENUMS: dict[str, Any] = catalog.data("enums")["enums"]
PATTERNS = {record["pattern"] for record in catalog.data("keywords")["patterns"]}
# Types as printed, where the catalog writes another word.
TYPES = {"UNSIGNED SHORT": "USHORT", "BOOLEAN": "BOOL", "unsigned int": "UINT", "MHDR": None}
# Members of these stand under SkillGroup[j] in the chapter's table.
NESTED = {"SkillGroupNumber", "SkillGroupID", "SkillGroupPriority", "SkillGroupState"}


def test_interfaces_and_events_in_printed_order() -> None:
    ours = {name: [e.callback for e in i.events] for name, i in catalog.INTERFACES.items()}
    assert ours == NAMES["interfaces"]


@pytest.mark.parametrize("where", NAMES["parameters"])
def test_parameters(where: str) -> None:
    interface, callback = where.split(".")
    event = catalog.event(callback, interface)
    known = {p.keyword: p for p in event.parameters}
    for variant in event.variants:
        known.update({p.keyword: p for p in variant.parameters})
    printed = NAMES["parameters"][where]
    assert printed
    for name, kind in printed:
        if callback == "OnQueryAgentStateConf" and name in NESTED:
            nested = known["SkillGroup[j]"].details["nested"]["fields"]
            assert {"keyword": name, "type": kind} in nested
            continue
        assert name in known
        want = TYPES.get(kind, kind)
        assert known[name].type == want or want is None
        if name not in PATTERNS:
            assert catalog.keyword_id(name)


@pytest.mark.parametrize("where", NAMES["parameters"])
def test_parameters_in_printed_order(where: str) -> None:
    interface, callback = where.split(".")
    keywords = list(catalog.event(callback, interface).keywords)
    printed = [name for name, _ in NAMES["parameters"][where] if name in keywords]
    firsts = list(dict.fromkeys(printed))
    assert [k for k in keywords if k in firsts] == firsts


def test_constants() -> None:
    others = {v["name"] for e in ENUMS.values() for v in e["values"]}
    for constant in NAMES["constants"]:
        assert constant in catalog.CONSTANTS or constant in others, constant


def test_event_names() -> None:
    for name in NAMES["event_names"]:
        assert catalog.event_id(name), name
        assert catalog.EventID[name] == catalog.event_id(name)


def test_members_have_the_printed_values() -> None:
    values: dict[str, set[int]] = {}
    for enum in ENUMS.values():
        for member in enum["values"]:
            values.setdefault(member["name"], set()).add(member["value"])
    for name, value in NAMES["members"].items():
        assert value in values[name], name
    for name in NAMES["unnumbered"]:
        assert name in values, name


def test_classes_have_all_numbered_members() -> None:
    for key, entry in ENUMS.items():
        if entry["kind"] == "none":
            continue
        members = getattr(catalog, entry.get("class", key)).__members__
        for member in entry["values"]:
            name = member.get("python", member["name"])
            if member["value"] is None:
                assert name not in members
            else:
                assert members[name].value == member["value"]


def test_desktop_settings_trees() -> None:
    trees = catalog.data("settings")["trees"]
    assert list(trees) == [
        "ECC",
        "Grid",
        "IPCCSilentMonitor",
        "Login",
        "ScreenPreferences",
        "SoundPreferences",
    ]
    profile = trees["Login"]["children"]["ConnectionProfiles"]["children"]["<profile_name>"]
    assert {"CtiOsA", "CtiOsB", "PortA", "PortB", "ShowFieldBitMask"} <= set(profile["children"])

    def check(tree: dict[str, Any]) -> None:
        for name, child in tree.get("children", {}).items():
            assert name in PATTERNS or catalog.keyword_id(name), name
            check(child)

    for tree in trees.values():
        check(tree)
