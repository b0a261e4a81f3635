"""encode_frame(types=…): numbers with the type that a table gives their keys."""

from __future__ import annotations

from collections import OrderedDict
from enum import IntEnum
from typing import Any

import pytest

from fastcil.codec.errors import EncodeError
from fastcil.codec.types import ArgType

TYPES = {
    "CallStatus": ArgType.SHORT,
    "LineHandle": ArgType.USHORT,
    "ConnectionCallID": ArgType.UINT,
    "own.Key": ArgType.SHORT,
    "#31000": ArgType.USHORT,
    "PeripheralID": ArgType.INT,
}


def kinds(backend: Any, data: bytes) -> dict[str, tuple[Any, str]]:
    args = backend.Frame.from_bytes(data).arguments
    return {key: (args[key], args.type_of(key).name) for key in args}


def test_numbers_get_their_type(backend: Any) -> None:
    types = backend.TypeMap(TYPES)
    values = {
        "CallStatus": -2,
        "ANI": "415",
        "linehandle ": 65_535,
        "ConnectionCallID": 7,
        "OWN.KEY": 300,
        "#31000": 5,
        "PeripheralID": 5000,
        "AgentState": 4,
    }
    for _ in range(3):  # the second time by another way
        assert kinds(backend, backend.encode_frame(1, values, types=types)) == {
            "CallStatus": (-2, "SHORT"),
            "ANI": ("415", "STRING"),
            "LineHandle": (65_535, "USHORT"),
            "ConnectionCallID": (7, "UINT"),
            "OWN.KEY": (300, "SHORT"),
            "#31000": (5, "USHORT"),
            "PeripheralID": (5000, "INT"),
            "AgentState": (4, "INT"),
        }


FITS = {
    ArgType.SHORT: (-(1 << 15), (1 << 15) - 1),
    ArgType.USHORT: (0, (1 << 16) - 1),
    ArgType.UINT: (0, (1 << 32) - 1),
    ArgType.INT: (-(1 << 31), (1 << 31) - 1),
}


@pytest.mark.parametrize("kind", FITS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("mapping", [dict, OrderedDict])
def test_what_does_not_fit_keeps_its_own(backend: Any, kind: ArgType, mapping: Any) -> None:
    types = backend.TypeMap({"CallStatus": kind})
    least, most = FITS[kind]
    for number in (0, 1, -1, least, most, least - 1, most + 1) * 2:
        values = mapping({"CallStatus": number})
        if not -(1 << 31) <= number < 1 << 32:
            with pytest.raises(OverflowError):
                backend.encode_frame(1, values, types=types)
            continue
        found = backend.encode_frame(1, values, types=types)
        expected = backend.Arguments(values)
        if least <= number <= most:
            expected.set("CallStatus", number, kind)
        assert found == backend.encode_frame(1, expected)


class State(IntEnum):
    TALKING = 5


@pytest.mark.parametrize("value", [True, "4", None, b"\xff", {"CallStatus": 3}, "", "é"])
def test_what_is_no_number_stays(backend: Any, value: object) -> None:
    types = backend.TypeMap(TYPES)
    for number in (1, value, 2, value):
        values = {"CallStatus": number, "LineHandle": 1}
        found = kinds(backend, backend.encode_frame(1, values, types=types))
        kind = backend.Arguments(values).type_of("CallStatus")
        assert found["CallStatus"][1] == ("SHORT" if kind is ArgType.INT else kind.name)
        assert found["LineHandle"] == (1, "USHORT")


def test_an_int_s_subclass(backend: Any) -> None:
    data = backend.encode_frame(1, {"CallStatus": State.TALKING}, types=backend.TypeMap(TYPES))
    assert kinds(backend, data) == {"CallStatus": (5, "SHORT")}


def test_nested_ones_and_arguments_keep_theirs(backend: Any) -> None:
    types = backend.TypeMap(TYPES)
    for _ in range(2):
        values = {"in": {"CallStatus": 3}, "CallStatus": 3}
        args = backend.Frame.from_bytes(backend.encode_frame(1, values, types=types)).arguments
        assert (args.type_of("CallStatus"), args["in"].type_of("CallStatus")) == (
            ArgType.SHORT,
            ArgType.INT,
        )
    given = backend.Arguments({"CallStatus": 3})
    assert backend.encode_frame(1, given, types=types) == backend.encode_frame(1, given)


def test_two_spellings_of_a_key(backend: Any) -> None:
    types = backend.TypeMap(TYPES)
    for last in (4, "4", 70_000):
        values = {"CallStatus": 3, "AgentID": "1", "callstatus": last}
        found = backend.encode_frame(1, values, types=types)
        expected = backend.encode_frame(1, {"CallStatus": last, "AgentID": "1"}, types=types)
        assert found == expected


def test_several_maps_over_the_same_keys(backend: Any) -> None:
    """One shape, many types: no map answers for another, nor for none, however long they live."""
    values = {"CallStatus": 3, "LineHandle": 4}
    for _ in range(3):
        for kind in FITS:
            for other in FITS:
                types = backend.TypeMap({"CallStatus": kind, "LineHandle": other})
                for _ in range(2):
                    found = kinds(backend, backend.encode_frame(1, values, types=types))
                    assert [one for _, one in found.values()] == [kind.name, other.name]
                del types
        found = kinds(backend, backend.encode_frame(1, values))
        assert [one for _, one in found.values()] == ["INT", "INT"]


def test_none(backend: Any) -> None:
    values = {"CallStatus": 3}
    plain = backend.encode_frame(1, values)
    assert backend.encode_frame(1, values, types=None) == plain
    assert backend.encode_frame(1, values, types=backend.TypeMap({})) == plain
    assert backend.encode_frame(1, None, types=backend.TypeMap(TYPES)) == backend.encode_frame(1)


@pytest.mark.parametrize("kind", [ArgType.STRING, ArgType.BOOL, ArgType.ARGUMENTS, 0, 99])
def test_types_that_no_number_has(backend: Any, kind: int) -> None:
    with pytest.raises(ValueError, match=r"CallStatus|99"):
        backend.TypeMap({"CallStatus": kind})


def test_keys_that_are_none(backend: Any) -> None:
    with pytest.raises(TypeError, match="keys are str"):
        backend.TypeMap({5: ArgType.INT})
    for key in ("", " ", "x" * 256, "\ud800"):
        with pytest.raises(EncodeError):
            backend.TypeMap({key: ArgType.INT})


def test_what_is_no_map(backend: Any) -> None:
    with pytest.raises(TypeError):
        backend.encode_frame(1, {"CallStatus": 3}, types={"CallStatus": ArgType.SHORT})
