"""Code of the program that runs in the middle of the codec's work and changes what it works on.

It runs where a value is converted, a mapping is iterated, a method is overridden, and in
finalizers, which a garbage collection may call wherever an object is made. Nothing of it may reach
memory that was given back (`make test-sanitize` runs these tests too), nor change what later calls
give. What is encoded is what a mapping had when the call began.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Callable

import pytest
from reentry_kit import at_the_next_collection, fresh, of_the_collector

from fastcil.codec.errors import EncodeError
from fastcil.codec.types import ArgType


def number_that(call: Callable[[], object], value: int) -> int:
    """An int whose conversion calls something."""

    class Number(int):
        def __int__(self) -> int:
            call()
            return value

        __index__ = __trunc__ = __int__

    return Number(value)


class Pairs(Mapping[str, Any]):
    """A mapping whose iteration calls something first."""

    def __init__(self, call: Callable[[], object], **pairs: object) -> None:
        self.call, self.pairs = call, pairs

    def __getitem__(self, key: str) -> Any:
        return self.pairs[key]

    def __len__(self) -> int:
        return len(self.pairs)

    def __iter__(self) -> Iterator[str]:
        self.call()
        return iter(list(self.pairs))


def decoded(backend: Any, data: bytes) -> dict[str, Any]:
    found: dict[str, Any] = backend.Frame.from_bytes(data).to_dict()
    return found


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "replaces a value": lambda values: values.update(AgentID=None),
    "removes a key": lambda values: values.pop("AgentID"),
    "clears": lambda values: values.clear(),
    "adds keys": lambda values: values.update({f"key {i}": fresh("z" * 40) for i in range(500)}),
    "changes all": lambda values: (values.clear(), values.update(CallStatus=1, CallType=2, ANI=3)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("nested", [False, True])
def test_a_dict_changed_by_its_values(backend: Any, change: Any, nested: bool) -> None:
    values: dict[str, Any] = {"AgentID": fresh("x" * 300)}

    def call() -> None:
        change(values)
        [fresh("y" * 300) for _ in range(100)]  # to come to stand where something was freed

    values["PeripheralID"] = Pairs(call, a=1) if nested else number_that(call, 5)
    values["ConnectionDeviceID"] = fresh("w" * 300)
    found = decoded(backend, backend.encode_frame(1, values))
    assert found == {
        "AgentID": "x" * 300,
        "PeripheralID": {"a": 1} if nested else 5,
        "ConnectionDeviceID": "w" * 300,
    }


def test_a_changed_dict_leaves_no_trace_in_later_calls(backend: Any) -> None:
    values: dict[str, Any] = {"AgentID": 1, "PeripheralID": 0}

    def call() -> None:
        values.clear()
        values.update(CallStatus=3, CallType=4)

    values["PeripheralID"] = number_that(call, 2)
    backend.encode_frame(1, values)
    for _ in range(3):
        for other in ({"CallStatus": 3, "CallType": 4}, {"AgentID": 1, "PeripheralID": 2}):
            assert decoded(backend, backend.encode_frame(1, other)) == other


def test_a_mapping_changed_by_its_values(backend: Any) -> None:
    class Mine(dict):  # type: ignore[type-arg]
        pass

    values = Mine(AgentID=fresh("x" * 300))
    values["inner"] = Pairs(values.clear, a=1)
    values["last"] = 2
    expected = {"AgentID": "x" * 300, "inner": {"a": 1}, "last": 2}
    assert backend.Arguments(values).to_dict() == expected


def test_an_arguments_changed_by_what_is_put_into_it(backend: Any) -> None:
    args = backend.Arguments(AgentID=fresh("x" * 300))
    args.update({"a": number_that(args.clear, 1), "b": 2})
    assert args.to_dict() == {"a": 1, "b": 2}
    args["c"] = Pairs(args.clear, d=3)
    assert args.to_dict() == {"c": {"d": 3}}
    args.set("e", number_that(args.clear, 4), ArgType.SHORT)
    assert args.to_dict() == {"e": 4}


def test_a_key_that_calls(backend: Any) -> None:
    values: dict[str, Any] = {}
    armed = []

    class Key(str):
        def __hash__(self) -> int:
            if armed:
                values.clear()
            return super().__hash__()

        def __eq__(self, other: object) -> bool:
            if armed:
                values.clear()
            return super().__eq__(other)

    values.update({"ANI": fresh("x" * 300), Key("agentid "): None, "DNIS": fresh("y" * 300)})
    values[Key("own key")] = fresh("z" * 300)
    armed.append(True)
    found = decoded(backend, backend.encode_frame(1, values))
    texts = {"ANI": "x" * 300, "DNIS": "y" * 300, "own key": "z" * 300}
    assert found == {**texts, "AgentID": None}


def overriding(backend: Any, **methods: Any) -> Any:
    return type("Mine", (backend.Arguments,), methods)


def test_a_subclass_whose_copy_is_something_else(backend: Any) -> None:
    mine = overriding(backend, copy=lambda self: 5)({"a": 1})
    outer = backend.Arguments(inner=mine)
    for copy in (backend.Arguments(outer), outer.copy()):
        assert copy.to_bytes() == outer.to_bytes()
        assert copy.dump() == outer.dump()


@pytest.mark.parametrize("length", [0, 10**9])
def test_a_subclass_with_another_length(backend: Any, length: int) -> None:
    mine = overriding(backend, __len__=lambda self: length)({"a": 1})
    view = overriding(backend, __len__=lambda self: length)()
    view.clear()
    assert mine.element(1) == 1
    for args in (mine, view):
        with pytest.raises(IndexError):
            args.element(10**8)
    assert backend.Frame.from_bytes(backend.encode_frame(1, mine)).to_dict() == {"a": 1}


def test_a_subclass_that_forgets_about_init(backend: Any) -> None:
    made = overriding(backend, __init__=lambda self: None)()
    assert (made.to_dict(), len(made), list(made), made.is_view) == ({}, 0, [], False)
    assert made == backend.Arguments()
    assert made.detach().to_bytes() == made.copy().to_bytes() == backend.Arguments().to_bytes()
    made["a"] = 1
    assert made.to_dict() == {"a": 1}


def test_an_index_that_is_none(backend: Any) -> None:
    class Index:
        def __le__(self, other: object) -> bool:
            return True

        __ge__ = __lt__ = __gt__ = __le__

        def __sub__(self, other: object) -> slice:
            return slice(None)

    with pytest.raises(TypeError):
        backend.Arguments(a=1).element(Index())


def test_nothing_is_used_that_was_made_without_its_content(backend: Any) -> None:
    frame = backend.Frame.from_bytes(backend.encode_frame(1))
    for kind in (backend.Frame, backend.MessageFilter):
        for use in (repr, hash, lambda made: made.matches(frame), lambda made: made.to_dict()):
            with pytest.raises((TypeError, AttributeError)):
                use(kind.__new__(kind))


def test_a_filter_s_number_that_changes_the_arguments(backend: Any) -> None:
    args = backend.Arguments.from_buffer(backend.Arguments(AgentID="x" * 5000).to_bytes())

    def clear() -> None:
        args.clear()
        [fresh("y" * 5000) for _ in range(50)]

    number = number_that(clear, 30)
    assert backend.MessageFilter("MessageID=30").matches_arguments(number, args) in (True, False)


RECURSIVE: dict[str, Callable[[Any], object]] = {
    "dump": lambda args: args.dump(),
    "get_string": lambda args: args.get_string("x"),
    "repr": repr,
    "to_dict": lambda args: args.to_dict(),
    "copy": lambda args: args.copy(),
    "equal": lambda args: args == type(args)(x=args),
}


@pytest.mark.parametrize("use", RECURSIVE.values(), ids=RECURSIVE)
def test_an_arguments_inside_itself(backend: Any, use: Any) -> None:
    args, other = backend.Arguments(), backend.Arguments()
    args["x"] = args
    other["x"] = other
    with pytest.raises(RecursionError):
        use(args) and args == other
    with pytest.raises(EncodeError, match="nested deeper than 16"):
        args.to_bytes()
    args.clear()
    other.clear()


def test_a_long_chain_is_let_go_of(backend: Any) -> None:
    args = backend.Arguments()
    for _ in range(100_000 if backend.name == "cython" else 1000):
        outer = backend.Arguments()
        outer["x"] = args
        args = outer
    del args, outer


LARGE = {**{f"key {i}": fresh("q" * 30) for i in range(100)}, "in": {"é": {"deep": 1}}}
READS: dict[str, Callable[[Any], object]] = {
    "list": list,
    "items": lambda args: list(args.items()),
    "to_dict": lambda args: args.to_dict(),
    "to_bytes": lambda args: args.to_bytes(),
    "get_many": lambda args: args.get_many("key 1", "in", "key 99", "no such", default=None),
    "dump": lambda args: args.dump(),
    "copy": lambda args: args.copy().to_dict(),
    "equal": lambda args: args == LARGE,
    "element": lambda args: args.element(70),
    "set": lambda args: args.set("key 1", 2),
    "remove": lambda args: args.remove("key 1"),
    "nested": lambda args: args.get("in"),
    "bad key": lambda args: args.get("\ud800"),
}


@pytest.mark.parametrize("mutable", [False, True])
@pytest.mark.parametrize("read", READS.values(), ids=READS)
@of_the_collector
def test_a_finalizer_that_empties_what_is_read(backend: Any, read: Any, mutable: bool) -> None:
    """Whatever is read then: it is what was there before, or nothing."""
    data = backend.Arguments(LARGE).to_bytes()
    for _ in range(2):
        args = backend.Arguments.from_buffer(bytes(bytearray(data)))
        if mutable:
            args["more"] = 1

        def call(args: Any = args) -> None:
            args.clear()
            [bytes(len(data)) for _ in range(10)]

        with at_the_next_collection(call), suppress(KeyError, IndexError):
            read(args)
        assert args.to_dict() in ({}, {"key 1": 2})


@of_the_collector
def test_a_finalizer_that_changes_what_is_encoded(backend: Any) -> None:
    args = backend.Arguments({"AgentID": fresh("q" * 3000), "é": {"b": 1}, "last": fresh("w" * 90)})

    def call() -> None:
        args["AgentID"] = "other"
        for i in range(100):
            args[f"key {i}"] = fresh("z" * 100)

    with at_the_next_collection(call):
        found = backend.Arguments.from_buffer(args.to_bytes()).to_dict()
    assert found["last"] == "w" * 90
    assert found["é"] == {"b": 1}
    assert found["AgentID"] in ("q" * 3000, "other")


@of_the_collector
def test_a_finalizer_that_takes_away_what_is_handed_out(backend: Any) -> None:
    inner = backend.Arguments.from_buffer(backend.Arguments(LARGE).to_bytes())
    outer = backend.Arguments(n=inner)
    del inner
    with at_the_next_collection(lambda: outer.set("n", 1)):
        found = outer["n"]
    assert found == 1 or found.to_dict() == LARGE


@of_the_collector
def test_a_finalizer_that_reads_other_shapes(backend: Any) -> None:
    """A dict that is copied as a pattern is thrown away while it is copied."""
    names = [[f"a{i}", f"b{i}", f"c{i}"] for i in range(400)]
    others = [backend.encode_frame(1, dict.fromkeys(keys, 1)) for keys in names]
    content = {f"z{i}": i for i in range(20)}
    frame = backend.Frame.from_bytes(backend.encode_frame(1, content))

    def call() -> None:
        for data in others:
            other = backend.Frame.from_bytes(data)
            for _ in range(3):
                other.to_dict()

    for _ in range(5):
        frame.to_dict(), frame.to_dict(), frame.to_dict()
        with at_the_next_collection(call):
            assert [frame.to_dict() for _ in range(3)] == [content] * 3


def test_a_writer_used_while_it_writes(backend: Any) -> None:
    writer = backend.FrameWriter(epoch=1)

    def call() -> None:
        writer.write(2, {"inner": fresh("x" * 40_000)})

    writer.write(1, {"outer": Pairs(call, a=1)})
    frames = list(backend.FrameReader().feed(writer.take()))
    assert [(frame.message_id, frame.sequence) for frame in frames] == [(2, 1), (1, 2)]
    assert frames[1].to_dict() == {"outer": {"a": 1}}


def test_values_kept_by_a_handler_and_changed_by_the_next(backend: Any) -> None:
    data = backend.encode_frame(30, LARGE)
    seen: list[Any] = []

    def first(_: int, args: Any) -> None:
        seen.append(args.items())
        seen.append(iter(args))

    def second(_: int, args: Any) -> None:
        args.clear()
        args["AgentID"] = 5

    def third(_: int, args: Any) -> None:
        args.update(LARGE)
        seen.append(args.to_dict())

    table = {30: (first, second, third)}
    frames = backend.FrameReader().feed(data)
    backend.dispatch_frames(frames, table, lambda _: (), lambda *_: None)
    assert len(seen[0]) == len(LARGE) + 1
    assert list(seen[1]) == list(LARGE)
    assert seen[2]["AgentID"] == 5
