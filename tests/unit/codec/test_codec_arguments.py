"""Arguments as a mapping: keys, order, positions, equality, text."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from enum import IntEnum
from types import MappingProxyType
from typing import Any

import pytest

from fastcil.codec.errors import EncodeError
from fastcil.codec.types import ArgType


@pytest.fixture(params=["mutable", "view"])
def sample(request: pytest.FixtureRequest, backend: Any) -> Any:
    """The same content, built and received."""
    built = backend.Arguments(
        {
            "AgentID": "22866",
            "PeripheralID": 5000,
            "MyKey": True,
            "CallType": None,
            "AgentCallReference": {"UniqueObjectID": "call.1", "n": -1},
        }
    )
    return built if request.param == "mutable" else backend.Arguments.from_buffer(built.to_bytes())


KEYS = ["AgentID", "PeripheralID", "MyKey", "CallType", "AgentCallReference"]


def test_is_a_mutable_mapping(sample: Any) -> None:
    assert isinstance(sample, MutableMapping)
    assert isinstance(sample, Mapping)


def test_reads(sample: Any) -> None:
    assert sample["AgentID"] == "22866"
    assert sample["PeripheralID"] == 5000
    assert sample["MyKey"] is True
    assert sample["CallType"] is None
    assert sample["AgentCallReference"]["n"] == -1
    assert sample.get("absent") is None
    assert sample.get("absent", 7) == 7
    assert sample.get("CallType", 7) is None


@pytest.mark.parametrize("key", ["agentid", "AGENTID", " AgentID ", "\tagentID\r\n", "\vAgentId\f"])
def test_keywords_ignore_case_and_blanks(sample: Any, key: str) -> None:
    assert sample[key] == "22866"
    assert key in sample


@pytest.mark.parametrize("key", ["mykey", "MYKEY ", "\nMyKey"])
def test_names_ignore_case_and_blanks(sample: Any, key: str) -> None:
    assert sample[key] is True
    assert key in sample


def test_absent_keys(sample: Any) -> None:
    with pytest.raises(KeyError) as caught:
        sample["Nothing "]
    assert caught.value.args == ("Nothing ",)
    for key in ("", "  ", "#40000", "#1", "é", "\ud800", "x" * 300):
        assert key not in sample
        with pytest.raises(KeyError):
            sample[key]


@pytest.mark.parametrize("key", [5, None, b"AgentID", ("AgentID",)])
def test_keys_of_another_type(sample: Any, key: Any) -> None:
    assert key not in sample
    for use in (
        lambda: sample[key],
        lambda: sample.get(key),
        lambda: sample.get_many(key),
        lambda: sample.type_of(key),
        lambda: sample.set(key, 1),
        lambda: sample.__delitem__(key),
    ):
        with pytest.raises(TypeError):
            use()


def test_order_and_size(sample: Any) -> None:
    assert len(sample) == 5
    assert sample
    assert list(sample) == list(sample.keys()) == KEYS
    assert list(sample.values())[:2] == ["22866", 5000]
    assert dict(sample.items())["MyKey"] is True


def test_keys_are_spelt_as_documented(backend: Any) -> None:
    args = backend.Arguments({" agentid ": 1, "oWn": 2})
    args["OWN"] = 3
    args["AGENTID"] = 4
    assert args.to_dict() == {"AgentID": 4, "oWn": 3}
    again = backend.Arguments.from_buffer(args.to_bytes())
    assert list(again) == ["AgentID", "oWn"]


def test_setting_again_keeps_the_place(sample: Any) -> None:
    sample["peripheralid"] = "x"
    sample["new"] = 1
    assert list(sample) == [*KEYS, "new"]
    assert sample.type_of("PeripheralID") is ArgType.STRING


def test_deleting(sample: Any) -> None:
    del sample["agentid"]
    assert sample.remove("MYKEY ") is True
    assert sample.remove("MyKey") is False
    with pytest.raises(KeyError):
        del sample["AgentID"]
    assert list(sample) == ["PeripheralID", "CallType", "AgentCallReference"]
    sample["AgentID"] = 1
    assert list(sample)[-1] == "AgentID"
    sample.clear()
    assert len(sample) == 0
    assert not sample


def test_pop_and_setdefault(sample: Any) -> None:
    assert sample.pop("agentid") == "22866"
    assert sample.pop("agentid", "gone") == "gone"
    with pytest.raises(KeyError):
        sample.pop("AgentID")
    assert sample.setdefault("PERIPHERALID", 1) == 5000
    assert sample.setdefault("New", 1) == 1
    assert sample.setdefault("Raw", b"x") == "x"
    assert sample.pop("raw") == "x"
    assert sample.popitem() == ("New", 1)
    sample.clear()
    with pytest.raises(KeyError):
        sample.popitem()


def test_update(backend: Any, sample: Any) -> None:
    sample.update({"agentid": 1}, other=2)
    sample.update([("third", 3)])
    assert (sample["AgentID"], sample["other"], sample["third"]) == (1, 2, 3)
    typed = backend.Arguments()
    typed.set("LineHandle", 5, ArgType.USHORT)
    sample.update(typed)
    assert sample.type_of("LineHandle") is ArgType.USHORT


def test_ways_to_build(backend: Any) -> None:
    wanted = {"AgentID": "1", "x": 2}
    make = backend.Arguments
    assert make(wanted) == make(list(wanted.items())) == make(MappingProxyType(wanted)) == wanted
    assert make(AgentID="1", x=2) == make({"AgentID": "1"}, x=2) == wanted
    assert make(make(wanted)) == wanted
    assert make() == make(None) == make({}) == {}
    assert make({"a": 1, "A": 2}) == {"a": 2}
    assert list(make(iter([("b", 1), ("a", 2)]))) == ["b", "a"]
    for bad in (5, [1], "ab", {1: 2}):
        with pytest.raises((TypeError, ValueError)):
            make(bad)


def test_building_from_arguments_keeps_types_and_copies(backend: Any) -> None:
    first = backend.Arguments({"in": {"x": 1}})
    first.set("LineHandle", 5, ArgType.USHORT)
    second = backend.Arguments(first)
    assert second.type_of("LineHandle") is ArgType.USHORT
    second["in"]["x"] = 2
    assert first["in"]["x"] == 1


def test_get_many(sample: Any) -> None:
    assert sample.get_many() == ()
    assert sample.get_many("agentid", " MYKEY") == ("22866", True)
    assert sample.get_many("AgentID", "no", "CallType", default=0) == ("22866", 0, None)
    assert sample.get_many("no", default=None) == (None,)
    with pytest.raises(KeyError) as caught:
        sample.get_many("AgentID", "first", "second")
    assert caught.value.args == ("first",)
    with pytest.raises(TypeError):
        sample.get_many("AgentID", defualt=1)


def test_elements_count_from_1(sample: Any) -> None:
    assert [sample.element_key(i) for i in range(1, 6)] == KEYS
    assert sample.element(1) == "22866"
    assert sample.element_type(1) is ArgType.STRING
    assert sample.element_type(5) is ArgType.ARGUMENTS
    for index in (0, -1, 6):
        for use in (sample.element, sample.element_key, sample.element_type):
            with pytest.raises(IndexError, match="1 to 5"):
                use(index)
        with pytest.raises(IndexError):
            sample.set_element(index, 1)
    sample.set_element(2, 7, ArgType.USHORT)
    assert sample["PeripheralID"] == 7
    assert sample.type_of("PeripheralID") is ArgType.USHORT
    assert list(sample) == KEYS


def test_equality(backend: Any, sample: Any) -> None:
    as_dict = sample.to_dict()
    assert sample == as_dict
    assert as_dict == sample
    assert sample == backend.Arguments(dict(reversed(list(as_dict.items()))))
    assert sample == {key.upper(): value for key, value in as_dict.items()}
    assert sample != {**as_dict, "MyKey": False}
    assert sample != {**as_dict, "more": 1}
    assert sample != {**as_dict, "AgentCallReference": 5}
    assert sample != {**as_dict, "AgentID": {}}
    assert sample != {"AgentID": 1.5}
    assert sample != 5
    assert sample != list(as_dict)
    with pytest.raises(TypeError):
        hash(sample)


def test_equality_looks_at_values_not_types(backend: Any) -> None:
    short = backend.Arguments()
    short.set("a", 1, ArgType.SHORT)
    assert short == {"a": 1} == backend.Arguments(a=1)
    assert short != {"a": "1"}


def test_to_dict_and_repr(sample: Any) -> None:
    wanted = {
        "AgentID": "22866",
        "PeripheralID": 5000,
        "MyKey": True,
        "CallType": None,
        "AgentCallReference": {"UniqueObjectID": "call.1", "n": -1},
    }
    found = sample.to_dict()
    assert found == wanted
    assert type(found) is dict
    assert type(found["AgentCallReference"]) is dict
    assert repr(sample) == f"Arguments({wanted!r})"


def test_dump(backend: Any, sample: Any) -> None:
    assert sample.dump() == (
        "AgentID = 22866 (STRING)\n"
        "PeripheralID = 5000 (INT)\n"
        "MyKey = true (BOOL)\n"
        "CallType =  (NOTSET)\n"
        "AgentCallReference = {\n"
        "  UniqueObjectID = call.1 (STRING)\n"
        "  n = -1 (INT)\n"
        "} (ARGUMENTS)"
    )
    assert backend.Arguments().dump() == ""


def test_hash_numbers(backend: Any) -> None:
    args = backend.Arguments({"#30000": 1, "PeripheralID": 2, "#1": 3, "#030000": 4})
    assert len(args) == 4
    assert list(args) == ["#30000", "PeripheralID", "#1", "#030000"]
    assert args["PeripheralID"] == 2
    view = backend.Arguments.from_buffer(args.to_bytes())
    assert view.get_many(" #30000", "#1", "#030000", "PeripheralID") == (1, 3, 4, 2)
    assert view == args


def test_only_ascii_case_is_ignored(backend: Any) -> None:
    args = backend.Arguments({"é": 1, "É": 2, "k": 3, "\u212a": 4, "ſ": 5, "s": 6})
    assert len(args) == 6
    assert backend.Arguments.from_buffer(args.to_bytes()) == args


def test_nested_live_or_copied(backend: Any) -> None:
    inner = backend.Arguments(x=1)
    plain = {"x": 1}
    outer = backend.Arguments({"live": inner, "copied": plain})
    inner["x"] = 2
    plain["x"] = 2
    assert outer["live"] is inner
    assert outer["live"]["x"] == 2
    assert outer["copied"]["x"] == 1
    outer["copied"]["x"] = 3
    assert outer["copied"]["x"] == 3


def test_copies_are_independent(backend: Any) -> None:
    import copy

    outer = backend.Arguments({"in": {"x": 1}})
    for twin in (outer.copy(), copy.copy(outer), copy.deepcopy(outer)):
        assert twin == outer
        twin["in"]["x"] = 2
        twin["more"] = 1
        assert outer == {"in": {"x": 1}}


@pytest.mark.parametrize("key", ["", " \t\n\v\f\r", "\ud800", "x\udc80"])
def test_keys_that_cannot_be_stored(backend: Any, key: str) -> None:
    args = backend.Arguments()
    with pytest.raises(EncodeError):
        args[key] = 1
    with pytest.raises(EncodeError):
        backend.Arguments({key: 1})
    with pytest.raises(EncodeError):
        backend.encode_frame(1, {key: 1})
    assert not args


def test_subclasses_of_plain_types(backend: Any) -> None:
    class Text(str):
        __slots__ = ()

        def __str__(self) -> str:
            return "other"

    class Number(IntEnum):
        SEVEN = 7

    for args in (
        backend.Arguments({Text("AgentID"): Text("x"), "n": Number.SEVEN}),
        backend.Arguments.from_buffer(
            backend.encode_frame(1, {Text("AgentID"): Text("x"), "n": Number.SEVEN})[24:]
        ),
    ):
        assert args.to_dict() == {"AgentID": "x", "n": 7}
        assert {type(value) for value in args.values()} == {str, int}
