"""The two halves of a mapper: the same messages give the same events, byte for byte."""

from __future__ import annotations

import random
from typing import Any

import pytest
from site_messages import VERSION, message

from fastcil.codec import BACKEND
from fastcil.ged188 import Message, NamedArray, NamedVariable, encode_message
from fastcil.ged188.schema import message_spec
from fastcil.server.site.calls import CALLBACKS as CALL_CALLBACKS
from fastcil.server.site.fields import fields
from fastcil.server.site.mapper import SiteMapper
from fastcil.server.site.objects import GROUP

pytestmark = pytest.mark.skipif(BACKEND != "cython", reason="there is only one half")
AGENTS = ("AGENT_STATE_EVENT", "RTP_STARTED_EVENT", "RTP_STOPPED_EVENT", "EMERGENCY_CALL_EVENT")
NAMES = (*(name for name in CALL_CALLBACKS if not name.startswith("SNAPSHOT")), *AGENTS)
DEVICES = ("3001", "3002", "3003", "", "Müller")
TEXTS = ("", "a", "GOLD", "42", "0042", "123456789012", "Grüße", "x" * 39)


class Both:
    """Two mappers that are told the same."""

    def __init__(self, levels: int, minimal_set: str = "section") -> None:
        self.native = SiteMapper(known=fields("cython"))
        self.plain = SiteMapper(known=fields("reference"))
        for mapper in (self.native, self.plain):
            mapper.calls.levels = mapper.agents.levels = levels
            mapper.calls.minimal_set = minimal_set
        self.events = 0

    def tell(self, one: Message, now: float) -> None:
        wanted, found = self.plain.message(one, now), self.native.message(one, now)
        assert [e.callback for e in found] == [e.callback for e in wanted], one
        for given, other in zip(found, wanted):
            self.events += 1
            for name in ("message_id", "object_id", "agents", "key", "keep"):
                assert getattr(given, name) == getattr(other, name), (name, other, one)
            for level in (0, 1):
                ours, theirs = given.frame(level), other.frame(level)
                assert ours == theirs, (level, other.complete, given.complete, one)
            assert given.complete == other.complete
            assert given.minimal == other.minimal
        assert self.native.unmapped == self.plain.unmapped
        self.compare()

    def compare(self) -> None:
        ours, theirs = self.native.objects, self.plain.objects
        assert ours.agents.keys() == theirs.agents.keys()
        assert ours.calls.keys() == theirs.calls.keys()
        assert ours.peripheral_types == theirs.peripheral_types
        for key, agent in ours.agents.items() if self.events % 7 == 0 else ():
            assert agent.skill_groups == theirs.agents[key].skill_groups
        for key, call in ours.calls.items():
            assert dict(call.values) == dict(theirs.calls[key].values)

    def agree(self) -> None:
        for given, other in zip(self.native.snapshot(), self.plain.snapshot()):
            assert (given.callback, given.frame(0)) == (other.callback, other.frame(0))


def random_message(rng: random.Random) -> Message:
    """Any message that causes events, with few ids and any values."""
    name = rng.choice(NAMES)
    values: dict[str, Any] = {}
    counts = {one.count for one in message_spec(name).lists}
    for field in message_spec(name).fixed_of(VERSION):
        kind = field.type.value
        if field.name in counts:
            continue
        most = {"UCHAR": 255, "BOOL": 1}.get(kind, 0xFFFF if field.type.size == 2 else 0xFFFFFFFF)
        least = -(1 << 31) if kind == "INT" else 0
        most = (1 << 31) - 1 if kind == "INT" else most
        values[field.name] = rng.choice((0, 1, 2, 5, 300, most, rng.randint(least, most)))
        values[field.name] = min(values[field.name], most)
    for field in message_spec(name).floating:
        if not field.exists(VERSION) or rng.random() < 0.4:
            continue
        kind = field.type.value
        if field.is_array or field.is_list or kind in ("NAMEDVAR", "NAMEDARRAY"):
            continue
        if kind in ("STRING", "UNSPEC"):
            text = rng.choice(DEVICES if field.name.endswith("DeviceID") else TEXTS)
            while len(text.encode()) + 2 > field.limit(VERSION):
                text = text[:-1]
            values[field.name] = text if kind == "STRING" else text.encode() + bytes(2)
        else:
            values[field.name] = rng.choice((0, 1, 7, 0xFFFF if field.type.size == 2 else 255))
    ids = {field.name for field in message_spec(name).fixed_of(VERSION)}
    if "PeripheralID" in ids:
        values["PeripheralID"] = rng.choice((5000, 5001))
    for key in ("ConnectionCallID", "NewConnectionCallID", "PrimaryCallID", "SecondaryCallID"):
        if key in ids:
            values[key] = rng.choice((201, 202, 203))
    if "AgentID" in {field.name for field in message_spec(name).floating}:
        values["AgentID"] = rng.choice(("22001", "22002"))
    if name == "AGENT_STATE_EVENT":
        values["AgentState"] = rng.randrange(12)
        values["SkillGroupNumber"] = rng.choice((3, 4, 0xFFFFFFFF))
        values["AgentInstrument"] = rng.choice(("3001", "3002"))
        count = rng.choice((0, 0, 1, 2, 3, 99))
        most = {"SkillGroupNumber": 0x7FFFFFFF, "SkillGroupID": 0xFFFFFFFF}
        for column in GROUP if count else ():
            if column == GROUP[0] or rng.random() < 0.8:
                top = most.get(column, 0xFFFF)
                some = (*range(9), top, top // 2 + 1)
                values[f"Flt{column}"] = [rng.choice(some) for _ in range(count)]
        if count and rng.random() < 0.7:  # each group once, as it should be
            values["FltSkillGroupNumber"] = list(range(7, 7 + count))
    if "NumNamedVariables" in ids and rng.random() < 0.3:
        values["NamedVariable"] = [NamedVariable("user.lang", rng.choice(TEXTS))]
        values["NamedArray"] = [NamedArray(1, "user.order", "A-7")]
    if "NumCTIClients" in ids and rng.random() < 0.3:
        values["CTIClientSignature"] = ["desk.1"]
        values["CTIClientTimestamp"] = [1700000000]
    if "NumParties" in ids:
        count = rng.randrange(3)
        values["ConnectedPartyCallID"] = [rng.choice((201, 202)) for _ in range(count)]
        values["ConnectedPartyDeviceIDType"] = [0] * count
        values["ConnectedPartyDeviceID"] = rng.sample(DEVICES[:3], count)
    return Message.from_bytes(encode_message(name, values, version=VERSION), VERSION)


@pytest.mark.parametrize("levels", [1, 2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_any_messages(seed: int, levels: int) -> None:
    rng = random.Random(seed)
    both = Both(levels, rng.choice(("section", "table")))
    for at in range(400):
        both.tell(random_message(rng), float(at))
    assert both.events > 300
    both.agree()


def test_values_are_a_mapping() -> None:
    known = fields("cython")
    values = known.call.copy()
    plain = fields("reference").call.copy()
    assert dict(values) == dict(plain) == {**values}
    values["Unheard"] = plain["Unheard"] = 1
    values["ANI"] = plain["ANI"] = "415"
    other = values.copy()
    other["ANI"] = ""
    assert (values["ANI"], values.get("Unheard"), values.get("None"), "None" in values) == (
        "415",
        1,
        None,
        False,
    )
    assert len(values) == len(plain)
    assert set(values) == set(plain)
    assert values == dict(plain)
    del values["Unheard"]
    with pytest.raises(KeyError, match="Unheard"):
        values["Unheard"]


def test_values_of_another_schema_are_refused() -> None:
    known = fields("cython")
    one = message("AGENT_STATE_EVENT", AgentID="22001")
    with pytest.raises(ValueError, match="another schema"):
        known.agents.hear(one, [], known.call.copy())
    with pytest.raises(ValueError, match="another schema"):
        known.calls.hear(message("END_CALL_EVENT"), [known.values()])
    with pytest.raises(ValueError, match="another schema"):
        known.call_maker("OnCallHeld", "section").make(known.values(), (), 1)


@pytest.mark.parametrize("value", [1 << 40, -(1 << 40), 1.5, object()])
def test_what_cannot_be_encoded_is_an_event_that_says_so(value: Any) -> None:
    for name in ("cython", "reference"):
        values = fields(name).call.copy()
        values["ANI"] = value
        event = fields(name).call_maker("OnCallBegin", "section").make(values, (), 3)
        with pytest.raises((OverflowError, TypeError)):
            event.encoded(0)


def test_the_event_of_a_watched_agent_has_the_mark() -> None:
    mapper = SiteMapper(known=fields("cython"))
    one = message("AGENT_STATE_EVENT", AgentID="22001", AgentInstrument="3001", AgentState=3)
    (event,) = mapper.message(one, 0.0)
    monitored = event.monitored()
    assert monitored is not None
    assert monitored.complete == {**event.complete, "Monitored": True}
    assert event.monitored() is monitored
