"""Which events a message filter lets pass. What a text compiles to is in the vectors."""

from __future__ import annotations

from typing import Any

import pytest

from fastcil.codec.errors import FilterError
from fastcil.codec.types import ArgType

EVENT = {
    "AgentID": "22866",
    "PeripheralID": 5000,
    "SkillGroupNumber": 20,
    "Monitored": True,
    "ANI": None,
    "Statistics": {"AgentID": "1"},
    "UniqueObjectID": "agent.5000.22866",
    "OwnKey": "",
    "Big": 4000000000,
    "Less": -17,
}

# filter, does it match message 30 with EVENT?
CASES = [
    ("MessageID=30", True),
    ("MessageID=030", True),
    ("MessageID=29, 30", True),
    ("MessageID=3", False),
    ("MessageID=3*", True),
    ("MessageID=4*", False),
    ("MessageID=*", True),
    ("MessageID=eAgentStateEvent", True),
    ("messageid=EAGENTSTATEEVENT", True),
    ("MessageID=eCallBeginEvent", False),
    ("AgentID=22866", True),
    ("agentid = 1, 22866", True),
    ("AgentID=2286", False),
    ("AgentID=022866", False),
    ("AgentID=+22866", False),
    ("AgentID=228*", True),
    ("AgentID=228*9", True),
    ("AgentID=229*", False),
    ("AgentID=*", True),
    ("AgentID=**", True),
    ("PeripheralID=5000", True),
    ("PeripheralID=+5000", True),
    ("PeripheralID=005000", True),
    ("PeripheralID=5000.0", False),
    ("PeripheralID=50*", True),
    ("PeripheralID=05*", False),
    ("PeripheralID=50000*", False),
    ("Big=4000000000", True),
    ("Big=-294967296", False),
    ("Big=4*", True),
    ("Less=-17", True),
    ("Less=17", False),
    ("Less=-*", True),
    ("Less=18446744073709551599", False),
    ("Monitored=1", True),
    ("Monitored=TRUE", True),
    ("Monitored=tr*", True),
    ("Monitored=1*", True),
    ("Monitored=01", False),
    ("Monitored=yes", False),
    ("Monitored=0,false", False),
    ("Monitored=10*", False),
    ("ANI=*", True),
    ("ANI=0", False),
    ("ANI=0*", False),
    ("Statistics=*", True),
    ("Statistics=1", False),
    ("Statistics=A*", False),
    ("UniqueObjectID=agent.5000.22866", True),
    ("UniqueObjectID=Agent.5000.22866", False),
    ("UniqueObjectID=agent.5000.*", True),
    ("OwnKey=*", True),
    ("ownkey=x*", False),
    ("Absent=*", False),
    ("Absent=1", False),
    ("AgentID=22866; SkillGroupNumber=20, 21", True),
    ("AgentID=22866; SkillGroupNumber=21", False),
    ("AgentID=22866; SkillGroupNumber=20;", True),
    ("AgentID=1; AgentID=22866", True),
    ("MessageID=23; AgentID=22866; messageid=30", True),
    ("FilterTarget=SkillGroupStats", False),
    ("FilterTarget=*", False),
    ("HideSilentMonitorCallEvents", True),
    ("HideSilentMonitorCallEvents; MessageID=23", False),
    ("\tAgentID\n=\r22866 \v;\f", True),
]


@pytest.mark.parametrize(("text", "wanted"), CASES)
def test_matches(backend: Any, text: str, wanted: bool) -> None:
    compiled = backend.MessageFilter(text)
    for frame in (
        backend.Frame.from_bytes(backend.encode_frame(30, EVENT)),
        next(backend.FrameReader().feed(backend.encode_frame(30, EVENT, epoch=1, sequence=1))),
    ):
        assert compiled.matches(frame) is wanted
    args = backend.Arguments(EVENT)
    for given in (EVENT, args, backend.Arguments.from_buffer(args.to_bytes())):
        assert compiled.matches_arguments(30, given) is wanted


@pytest.mark.parametrize("kind", [ArgType.INT, ArgType.UINT, ArgType.SHORT, ArgType.USHORT])
def test_every_number_type(backend: Any, kind: ArgType) -> None:
    args = backend.Arguments()
    args.set("LineHandle", 105, kind)
    for text, wanted in (("105", True), ("10*", True), ("15", False), ("5*", False)):
        compiled = backend.MessageFilter(f"LineHandle={text}")
        assert compiled.matches_arguments(1, args) is wanted


def test_skill_group_statistics(backend: Any) -> None:
    for text in ("FilterTarget=SkillGroupStats", "filtertarget=536871027"):
        compiled = backend.MessageFilter(text)
        assert compiled.matches_arguments(536871027, {})
        assert compiled.matches_arguments(5, {"FilterTarget": "SkillGroupStats"})
        assert not compiled.matches_arguments(5, {"FilterTarget": "Other"})
        assert not compiled.matches_arguments(5, {})


def test_hiding_silent_monitor_calls(backend: Any) -> None:
    for text in (
        "HideSilentMonitorCallEvents",
        "hidesilentmonitorcalls",
        "HideSilentMonitorCallEvents = 1",
        "HideSilentMonitorCallEvents=True;",
        "HideSilentMonitorCallEvents=0; HideSilentMonitorCallEvents",
    ):
        compiled = backend.MessageFilter(text)
        assert not compiled.matches_arguments(23, {"CallType": 21})
        assert not compiled.matches_arguments(23, {"CallType": "21"})
        assert not compiled.matches_arguments(9, {"LineType": 9, "CallType": 1})
        assert compiled.matches_arguments(23, {"CallType": 1, "LineType": 1})
        assert compiled.matches_arguments(30, {})
    compiled = backend.MessageFilter("MessageID=23; HideSilentMonitorCallEvents")
    assert compiled.matches_arguments(23, {"CallType": 1})
    assert not compiled.matches_arguments(23, {"CallType": 21})
    compiled = backend.MessageFilter("HideSilentMonitorCallEvents=false")
    assert compiled.matches_arguments(23, {"CallType": 21})


def test_values_that_are_not_ascii(backend: Any) -> None:
    args = {"Größe": "Müller", "raw": b"M\xfcller"}
    assert backend.MessageFilter("Größe=Müller").matches_arguments(1, args)
    assert backend.MessageFilter("GRößE=Mü*").matches_arguments(1, args)
    assert not backend.MessageFilter("raw=Müller").matches_arguments(1, args)
    assert backend.MessageFilter("raw=M*").matches_arguments(1, args)


def test_writing_to_a_frames_arguments_does_not_matter(backend: Any) -> None:
    frame = backend.Frame.from_bytes(backend.encode_frame(30, EVENT))
    frame.arguments["AgentID"] = "changed"
    assert backend.MessageFilter("AgentID=22866").matches(frame)


def test_identity(backend: Any) -> None:
    one = backend.MessageFilter("AgentID = 1")
    same = backend.MessageFilter("agentid=1;")
    other = backend.MessageFilter("AgentID=2")
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one != "AgentID = 1"
    assert one.text == "AgentID = 1"
    assert repr(one) == "MessageFilter('AgentID = 1')"
    assert type(one.program) is bytes
    assert one.program[:4] == b"CWF1"
    assert len(one.program) == int.from_bytes(one.program[8:12], "little")


@pytest.mark.parametrize("bad", [None, b"a=1", 5])
def test_text_of_another_type(backend: Any, bad: Any) -> None:
    with pytest.raises(TypeError):
        backend.MessageFilter(bad)


@pytest.mark.parametrize("bad", [None, b"", {}, 5])
def test_frames_of_another_type(backend: Any, bad: Any) -> None:
    with pytest.raises(TypeError):
        backend.MessageFilter("a=1").matches(bad)


@pytest.mark.parametrize("text", ["\udcc3\udca9", chr(0xD800), chr(0xDCFF)])
def test_lone_surrogates(backend: Any, text: str) -> None:
    with pytest.raises(FilterError, match="UTF-8 at column 3"):
        backend.MessageFilter(f"a={text}")


@pytest.mark.parametrize(
    "text",
    [
        "a=" + ",".join(["1"] * 1024),
        ";".join(f"k{n}=1" for n in range(64)) + "; HideSilentMonitorCallEvents; k1=2",
        "a=" + "x" * 16382,
        "k" * 255 + "=1",
        "FilterTarget=" + ",".join(["SkillGroupStats"] * 512),
    ],
)
def test_at_the_limits(backend: Any, text: str) -> None:
    assert not backend.MessageFilter(text).matches_arguments(1, {"CallType": 21})


def test_a_value_of_two_that_is_too_much(backend: Any) -> None:
    with pytest.raises(FilterError, match="1024 values"):
        backend.MessageFilter("a=1;FilterTarget=" + ",".join(["SkillGroupStats"] * 512))
