"""Objects: their life by events, their properties, and that they pin no receive buffer."""

from __future__ import annotations

from typing import Any

import pytest

from fastcil.catalog import event
from fastcil.cil.dispatch import Dispatcher
from fastcil.cil.objects import Call, CtiOsObject
from fastcil.cil.store import ObjectStore
from fastcil.codec import ArgType, Arguments, ConversionError, Frame, encode_frame

KEY = "call.5000.101.22866"


class World:
    """A store behind a dispatcher, and what a listener sees of it during each event."""

    def __init__(self) -> None:
        self.store = ObjectStore()
        self.dispatcher = Dispatcher(before=self.store.before, after=self.store.after)
        self.seen: list[bool] = []
        self.dispatcher.add(self)

    def OnEvent(self, iEventID: int, rArgs: Arguments) -> None:
        self.seen.append(rArgs.get("UniqueObjectID") in self.store.objects)

    def send(self, name: str, fields: dict[str, Any]) -> None:
        self.dispatcher.dispatch(Frame.from_bytes(encode_frame(event(name).id, fields)))


def test_life_of_a_call() -> None:
    world = World()
    world.send("OnCallHeld", {"UniqueObjectID": KEY, "CallStatus": 4})
    assert not world.store.calls
    world.send("OnCallBegin", {"UniqueObjectID": KEY, "CallStatus": 1, "ANI": "555"})
    call = world.store.calls[KEY]
    assert world.store.objects[KEY] is call
    assert call.get_value("CallStatus") == 1
    world.send("OnCallEstablished", {"UniqueObjectID": KEY, "CallStatus": 3})
    assert call.get_value_int("callstatus") == 3
    assert call.get_value_string("ANI") == "555"
    world.send("OnCallEnd", {"UniqueObjectID": KEY, "CallStatus": 0})
    assert world.store.calls == {}
    assert world.store.objects == {}
    assert call.get_value_int("CallStatus") == 0
    assert world.seen == [False, True, True, True]


@pytest.mark.parametrize("name", ["OnSnapshotCallConf", "OnMonitoredCallBegin"])
def test_a_call_begins_by_a_snapshot_too(name: str) -> None:
    world = World()
    world.send(name, {"UniqueObjectID": KEY})
    assert list(world.store.calls) == [KEY]


def test_a_call_is_keyed_anew_before_the_event_is_seen() -> None:
    world = World()
    new = "call.5000.102.22866"
    world.send("OnCallBegin", {"UniqueObjectID": KEY, "ANI": "555"})
    call = world.store.calls[KEY]
    world.send("OnCallDataUpdate", {"UniqueObjectID": new, "OldUniqueObjectID": KEY, "DNIS": "1"})
    assert world.store.calls == {new: call}
    assert world.store.objects == {new: call}
    assert call.unique_object_id == new
    assert call.get_value("ANI") == "555"
    assert world.seen == [True, True]
    world.send("OnCallEnd", {"UniqueObjectID": new})
    assert world.store.objects == {}


def test_agents_and_skill_groups_begin_with_the_first_event_that_names_them() -> None:
    world = World()
    world.send("OnAgentStateChange", {"UniqueObjectID": "agent.5000.1", "AgentState": 3})
    world.send("OnQueryAgentStateConf", {"PeripheralID": 5000, "AgentID": "2", "AgentState": 1})
    world.send("OnQueryAgentStateConf", {"PeripheralID": 5000, "AgentID": "2", "AgentState": 2})
    world.send("OnSkillGroupStatisticsUpdated", {"PeripheralID": 5000, "SkillGroupNumber": 7})
    world.send("OnSnapshotDeviceConf", {"UniqueObjectID": "device.5000.1"})
    assert list(world.store.agents) == ["agent.5000.1", "agent.5000.2"]
    assert world.store.agents["agent.5000.2"].get_value("AgentState") == 2
    assert world.store.agents["agent.5000.2"].unique_object_id == "agent.5000.2"
    assert list(world.store.skill_groups) == ["skillgroup.5000.7"]
    assert len(world.store.objects) == 3


def test_a_key_that_is_no_text_does_no_harm() -> None:
    world = World()
    world.send("OnCallBegin", {"UniqueObjectID": 7})
    world.send("OnCallHeld", {"UniqueObjectID": 7})
    world.send("OnCallEnd", {"UniqueObjectID": 7})
    world.send("OnCallHeld", {})
    assert world.store.objects == {}


def test_recovery_ends_the_calls_that_a_snapshot_would_have_named() -> None:
    world = World()
    for number in (1, 2, 3):
        fields = {"UniqueObjectID": f"call.5000.{number}.1", "AgentID": str(number)}
        world.send("OnCallBegin", fields)
    world.store.begin_recovery()
    world.send("OnSnapshotCallConf", {"UniqueObjectID": "call.5000.1.1", "AgentID": "1"})
    world.send("OnSnapshotCallConf", {"UniqueObjectID": "call.5000.4.1", "AgentID": "2"})
    assert world.store.end_recovery("AgentID=1,2") == ["call.5000.2.1"]
    assert world.store.end_recovery("AgentID=1,2") == []


def fields() -> dict[str, Any]:
    return {"UniqueObjectID": KEY, "PeripheralID": 5000, "ANI": "25", "ECC": {"user.a": "x"}}


def make(**more: Any) -> Call:
    data = Arguments({**fields(), **more})
    data.set("CallStatus", 3, ArgType.SHORT)
    return Call(Arguments.from_buffer(data.to_bytes()))


@pytest.mark.parametrize("updated", [False, True])
def test_properties_convert_as_arguments_do(updated: bool) -> None:
    call = make()
    if updated:
        call.update(fields())
    assert call.get_value_int("ani ") == 25
    assert call.get_value_string("PeripheralID") == "5000"
    assert call.get_value_array("ECC").to_dict() == {"user.a": "x"}
    assert isinstance(call.get_value("ECC"), Arguments)
    assert call.get_value_bool("PeripheralID") is True
    assert call.is_valid("peripheralid")
    assert not call.is_valid("DNIS")
    assert call.get_value("DNIS", None) is None
    with pytest.raises(KeyError):
        call.get_value_int("DNIS")
    with pytest.raises(ConversionError):
        call.get_value_int("UniqueObjectID")
    call.set_value("Big", 0xFFFFFFFF)
    assert call.get_value_int("Big") == -1
    with pytest.raises(OverflowError):
        call.get_value_short("Big")


def test_types_are_those_of_the_first_event() -> None:
    call = make()
    call.update({"CallStatus": 4, "DNIS": "1"})
    assert call.get_property_type("CallStatus") == ArgType.SHORT
    assert call.get_property_type("DNIS") == ArgType.STRING
    merged = call.get_all_properties()
    assert merged.type_of("CallStatus") == ArgType.SHORT
    assert merged["CallStatus"] == 4
    assert merged["DNIS"] == "1"


def test_many_changes_are_folded_into_the_block() -> None:
    call = make()
    for number in range(100):
        call.update({f"CallVariable{number % 10 + 1}": str(number), f"own{number}": number})
    assert call.get_value("own99") == 99
    assert call.get_value("own0") == 0
    assert call.get_value("CallVariable10") == "99"
    assert len(call._changed) <= 25


def test_unknown_names_compare_without_case() -> None:
    call = make()
    call.update({"Own": 1})
    assert call.get_value("oWN") == 1
    call.set_value("OWN", 2)
    assert call.get_all_properties()["own"] == 2
    assert len(call._changed) == 1


def test_dump_and_repr() -> None:
    found = CtiOsObject(Arguments({"ANI": "1", "PeripheralID": 2}))
    assert found.dump() == "ANI = 1; PeripheralID = 2;"
    assert repr(make()) == f"Call({KEY!r})"


def test_a_retained_object_does_not_hold_the_received_bytes() -> None:
    data = encode_frame(event("OnCallBegin").id, fields())
    frame = Frame.from_bytes(data)
    call = Call(frame.arguments)
    held = call._block.detach()
    assert held is call._block
