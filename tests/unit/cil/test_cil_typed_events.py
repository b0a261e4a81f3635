"""Typed events: the classes say what the catalog says, and read what the frame has."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from fastcil.catalog import EVENTS, ButtonEnablement, minimized_parameters
from fastcil.cil import typed_events
from fastcil.cil.events import GAP_EVENT, gap
from fastcil.cil.generate_typed import attribute
from fastcil.cil.typed_events import (
    AgentEvent,
    CallEvent,
    Event,
    Field,
    MissingFieldError,
    OnAgentStateChange,
    OnButtonEnablementChange,
    OnCallBegin,
    OnCallEnd,
    OnControlFailureConf,
    OnGap,
    OnSilentMonitorStartedEvent,
    UnknownEvent,
    event_of,
)
from fastcil.codec import ArgType, Arguments, ConversionError, Frame, encode_frame
from fastcil.codec.control import Gap

CLASSES = [
    found
    for name in typed_events.__all__
    if isinstance(found := getattr(typed_events, name), type)
    and issubclass(found, Event)
    and found.event_id
]


def event(number: int, **fields: Any) -> Event:
    return event_of(Frame.from_bytes(encode_frame(number, fields)))


def fields(found: type[Event]) -> dict[str, Field[Any]]:
    return {name: one for name, one in vars(found).items() if isinstance(one, Field)}


def test_every_event_of_the_catalog_has_its_class() -> None:
    numbers = {one.id for one in EVENTS if one.id}
    assert {found.event_id for found in CLASSES} == numbers | {GAP_EVENT}
    assert {found.__name__ for found in CLASSES} >= {one.callback for one in EVENTS if one.id}


@pytest.mark.parametrize("found", CLASSES, ids=lambda found: found.__name__)
def test_fields_are_those_of_the_catalog(found: type[Event]) -> None:
    assert found.__doc__
    own = fields(found)
    assert all(one.__doc__ for one in own.values())
    assert set(found.__match_args__) == {name for name, one in own.items() if one.required}
    documented = next((one for one in EVENTS if one.id == found.event_id), None)
    if documented is None:
        return
    minimal = minimized_parameters(documented.callback, 1)
    for parameter in documented.parameters:
        if parameter.keyword.startswith("<") or parameter.type == "MHDR":
            continue
        one = own[attribute(parameter.keyword)]
        assert one.__doc__ is not None
        assert parameter.doc in one.__doc__
        assert "CTI OS Developer Guide" in one.__doc__
        if one.required:
            assert not parameter.optional
            assert parameter.keyword in minimal
        if parameter.type is not None and not parameter.keyword.endswith("[j]"):
            is_mask = parameter.keyword.endswith("EnablementMask")  # 32 bits without a sign
            assert one.kind == ("UINT" if is_mask else parameter.type)
            assert one.keyword == parameter.keyword


def test_all_bits_of_a_mask_are_read() -> None:
    made = event(OnAgentStateChange.event_id, EnablementMask=0xF83F21A6)
    assert isinstance(made, OnAgentStateChange)
    assert made.enablement_mask == 0xF83F21A6
    assert made.arguments.get_int("EnablementMask") & ButtonEnablement.ENABLE_WORKNOTREADY


def test_reading() -> None:
    found = event(OnCallBegin.event_id, PeripheralID=5000, ANI="123", ECC={"user.a": 1})
    assert isinstance(found, OnCallBegin)
    assert isinstance(found, CallEvent)
    assert (found.number, found.name) == (23, "OnCallBegin")
    assert found.peripheral_id == 5000
    assert found.ani == "123"
    assert found.dnis is None
    assert isinstance(found.ecc, Arguments)
    assert found.ecc["user.a"] == 1
    assert found.arguments["ANI"] == "123"
    assert found.frame.message_id == 23


def test_nothing_is_built_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[str] = []
    monkeypatch.setattr(OnCallBegin.ani, "_read", lambda _, key, __: reads.append(key))
    found = event(OnCallBegin.event_id, ANI="1", DNIS="2")
    assert reads == []
    assert isinstance(found, OnCallBegin)
    assert found.ani is None
    assert reads == ["ANI"]


def test_values_of_another_type_are_converted() -> None:
    found = event(OnCallBegin.event_id, PeripheralID="5000", ANI=123)
    assert isinstance(found, OnCallBegin)
    assert found.peripheral_id == 5000
    assert found.ani == "123"
    wrong = event(OnCallBegin.event_id, PeripheralID="many")
    assert isinstance(wrong, OnCallBegin)
    with pytest.raises(ConversionError):
        _ = wrong.peripheral_id


def test_a_field_that_must_be_there() -> None:
    found = event(OnCallEnd.event_id)
    assert isinstance(found, OnCallEnd)
    with pytest.raises(MissingFieldError, match="OnCallEnd came without UniqueObjectID"):
        _ = found.unique_object_id
    assert not hasattr(found, "unique_object_id")


def test_events_cannot_be_changed() -> None:
    found = event(OnCallEnd.event_id, UniqueObjectID="call.1.2.3")
    with pytest.raises(AttributeError, match="unique_object_id of an event that came"):
        found.unique_object_id = "x"  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        found.no_such_field = 1  # type: ignore[attr-defined]
    assert repr(found) == "OnCallEnd('call.1.2.3')"


def test_numbered_fields() -> None:
    number = OnAgentStateChange.event_id
    from_one = event(number, **{"SkillGroup[1]": {"a": 1}, "SkillGroup[2]": {"a": 2}})
    from_none = event(number, **{"SkillGroup[0]": {"a": 0}, "SkillGroup[1]": {"a": 1}})
    assert isinstance(from_one, OnAgentStateChange)
    assert isinstance(from_none, OnAgentStateChange)
    assert [one["a"] for one in from_one.skill_groups] == [1, 2]
    assert [one["a"] for one in from_none.skill_groups] == [0, 1]
    assert event(number).skill_groups == ()  # type: ignore[attr-defined]


def test_a_keyword_named_as_something_of_events() -> None:
    found = event(OnButtonEnablementChange.event_id, MessageID=24)
    assert isinstance(found, OnButtonEnablementChange)
    assert found.message_id == 24
    assert found.number == OnButtonEnablementChange.event_id


def test_an_event_of_two_interfaces() -> None:
    found = event(OnControlFailureConf.event_id)
    assert isinstance(found, CallEvent)
    assert isinstance(found, AgentEvent)


def test_an_event_with_two_sets_of_fields() -> None:
    own = fields(OnSilentMonitorStartedEvent)
    assert not own["sm_session_key"].required
    assert not own["silent_monitor_call_uid"].required


def test_the_gap_and_unknown_events() -> None:
    found = event_of(gap(Gap(7, 3, 9, 2, "slow")))
    assert isinstance(found, OnGap)
    assert (found.missed, found.from_sequence, found.reason) == (7, "3", "slow")
    unknown = event(0x2FFFFFF0, Any="x")
    assert type(unknown) is UnknownEvent
    assert (unknown.number, unknown.name) == (0x2FFFFFF0, "event 0x2ffffff0")
    assert unknown.arguments["Any"] == "x"


def test_types_of_the_wire_do_not_matter() -> None:
    arguments = Arguments()
    arguments.set("PeripheralID", 5000, ArgType.USHORT)
    found = event_of(Frame.from_bytes(encode_frame(OnCallBegin.event_id, arguments)))
    assert isinstance(found, OnCallBegin)
    assert found.peripheral_id == 5000


@pytest.mark.skipif(sys.version_info < (3, 10), reason="match statements")
def test_match_statements() -> None:
    source = """
    def kind(event):
        match event:
            case OnCallBegin(ani="1", dnis=None):
                return "begin"
            case OnCallEnd(key):
                return key
            case AgentEvent():
                return "agent"
            case Event(number=number):
                return number
    """
    names: dict[str, Any] = {**vars(typed_events)}
    exec(textwrap.dedent(source), names)
    kind = names["kind"]
    assert kind(event(OnCallBegin.event_id, ANI="1")) == "begin"
    assert kind(event(OnCallBegin.event_id, ANI="2")) == OnCallBegin.event_id
    assert kind(event(OnCallEnd.event_id, UniqueObjectID="call.1.2.3")) == "call.1.2.3"
    assert kind(event(OnCallEnd.event_id)) == OnCallEnd.event_id  # came without its key
    assert kind(event(OnAgentStateChange.event_id)) == "agent"
    assert kind(event(0x2FFFFFF0)) == 0x2FFFFFF0


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="checkers do not run the code")
def test_mypy_knows_the_types(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent(
            """
            import fastcil
            from fastcil.cil.typed_events import Event, OnAgentStateChange, OnCallBegin, OnCallEnd

            def handle(event: Event) -> None:
                if isinstance(event, OnCallBegin):
                    reveal_type(event.peripheral_id)
                    reveal_type(event.ani)
                    reveal_type(event.ecc)
                elif isinstance(event, OnAgentStateChange):
                    reveal_type(event.skill_groups)
                    event.no_such_field
                match event:
                    case OnCallEnd(key):
                        reveal_type(key)

            async def run() -> None:
                async with fastcil.connect("ctios://a") as session:
                    async for event in session.events(typed=True):
                        reveal_type(event)
                    async for frame in session.events():
                        reveal_type(frame)
            """
        )
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--python-version", "3.11", str(program)]
    output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False).stdout
    revealed = re.findall(r'Revealed type is "(.*)"', output)
    assert [re.sub(r"\b\w+\.", "", one) for one in revealed] == [
        "int",
        "str | None",
        "Arguments | None",
        "tuple[Arguments, ...]",
        "str",
        "Event",
        "Frame",
    ], output
    assert re.findall("error: .*", output) == [
        'error: "OnAgentStateChange" has no attribute "no_such_field"  [attr-defined]'
    ]
