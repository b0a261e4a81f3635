"""All backends give the same answer to every input, valid or hostile."""

from __future__ import annotations

from typing import Any, Callable

import pytest

pytest.importorskip("hypothesis")

from codec_strategies import (
    filter_texts,
    frames,
    keys,
    made_up_blocks,
    mutated_frames,
    names,
    numbers,
    outcome,
    plain,
    scalars,
    texts,
    trees,
)
from hypothesis import event, example, given
from hypothesis import strategies as st

from fastcil.codec.errors import WireError
from fastcil.codec.types import ArgType

NUMBERS = [ArgType.INT, ArgType.UINT, ArgType.SHORT, ArgType.USHORT]


def same(backends: list[Any], use: Callable[[Any], Any]) -> Any:
    """The one answer that all backends give."""
    answers = {backend.name: outcome(lambda backend=backend: use(backend)) for backend in backends}
    wanted = answers["reference"]
    assert all(answer == wanted for answer in answers.values()), answers
    return wanted


def everything(args: Any) -> list[Any]:
    """All that can be seen of an Arguments."""
    return [
        args.to_dict(),
        repr(args),
        args.dump(),
        list(args),
        [(args.element_key(i), int(args.element_type(i))) for i in range(1, len(args) + 1)],
        args.to_bytes(),
    ]


@given(tree=trees)
def test_trees(backends: list[Any], tree: dict[str, Any]) -> None:
    """Built, encoded straight from the dict, read again: the same bytes and content everywhere."""

    def use(backend: Any) -> Any:
        built = backend.Arguments(tree)
        data = built.to_bytes()
        view = backend.Arguments.from_buffer(data)
        assert backend.encode_frame(30, tree)[24:] == data
        assert view.to_bytes() == data
        assert backend.Arguments(view.to_dict()).to_bytes() == data
        thawed = view.copy()
        thawed["another key"] = 1
        del thawed["another key"]
        assert thawed.to_bytes() == data
        return everything(built), everything(view), everything(thawed)

    same(backends, use)


@given(
    tree=trees,
    types=st.dictionaries(keys, st.sampled_from(NUMBERS), max_size=4),
    picks=st.lists(st.tuples(st.integers(0, 20), st.sampled_from(NUMBERS))),
)
def test_typed_numbers(
    backends: list[Any], tree: dict[str, Any], types: dict[str, ArgType], picks: list[Any]
) -> None:
    """With the types of some keys, of those in the tree too: twice, for the second way."""
    inside = list(tree)
    wanted = {inside[place % len(inside)]: kind for place, kind in picks if inside}

    def use(backend: Any) -> Any:
        made = backend.TypeMap({**types, **wanted})
        data = backend.encode_frame(30, tree, types=made)
        assert backend.encode_frame(30, tree, types=made) == data
        return everything(backend.Frame.from_bytes(data).arguments)

    same(backends, use)


@given(tree=trees)
def test_round_trip(backend: Any, tree: dict[str, Any]) -> None:
    built = backend.Arguments(tree)
    view = backend.Arguments.from_buffer(built.to_bytes())
    assert view.to_bytes() == built.to_bytes()
    for key in built:
        assert view.type_of(key) is built.type_of(key)
    frame = next(backend.FrameReader().feed(backend.encode_frame(30, tree)))
    assert frame.arguments.to_dict() == view.to_dict()


@given(data=mutated_frames())
def test_mutated_frames(backends: list[Any], data: bytes) -> None:
    """Accepted by all with the same content, or refused by all for the same reason and offset."""

    def use(backend: Any) -> Any:
        frame = backend.Frame.from_bytes(data)
        assert frame.to_bytes() == data
        # What is valid is canonical: writing it anew gives the same bytes.
        frame.arguments["another key"] = 1
        del frame.arguments["another key"]
        assert frame.arguments.to_bytes() == data[24:]
        return (
            frame.message_id,
            frame.kind,
            frame.epoch,
            frame.sequence,
            everything(frame.arguments),
        )

    found = same(backends, use)
    event("valid" if found[0] == "value" else f"{found[1].name}")


@given(data=made_up_blocks())
def test_made_up_blocks(backends: list[Any], data: bytes) -> None:
    found = same(backends, lambda backend: everything(backend.Arguments.from_buffer(data)))
    event("valid" if found[0] == "value" else f"{found[1].name}")


@given(
    parts=st.lists(st.one_of(frames, frames, mutated_frames()), max_size=4),
    cuts=st.lists(st.integers(0, 600), max_size=6),
    keyword_count=st.sampled_from([0, 3, 100, None, 32767]),
    kind=st.sampled_from([bytes, bytearray]),
)
def test_streams(
    backends: list[Any], parts: list[bytes], cuts: list[int], keyword_count: Any, kind: Any
) -> None:
    """However a stream is cut: the same frames, the same error, the same counters."""
    data = b"".join(parts)
    options = {} if keyword_count is None else {"keyword_count": keyword_count}

    def run(backend: Any, edges: list[int]) -> Any:
        reader = backend.FrameReader(1 << 16, **options)
        seen = []
        error: Any = None
        try:
            for begin, end in zip([0, *edges], [*edges, len(data)]):
                for frame in reader.feed(kind(data[begin:end])):
                    seen.append((frame.to_bytes(), frame.arguments.to_dict()))
            reader.finish()
        except WireError as caught:
            error = type(caught), caught.reason, caught.offset, caught.stream_offset
        return [plain(seen), error, reader.frames_received]

    edges = sorted(min(cut, len(data)) for cut in cuts)
    answers = [run(backend, way) for backend in backends for way in (edges, [])]
    assert all(answer == answers[0] for answer in answers)


@given(text=st.one_of(filter_texts(), st.text(max_size=20)), data=st.lists(frames, max_size=4))
@example(text="a=1;\x00=2", data=[])
def test_filters(backends: list[Any], text: str, data: list[bytes]) -> None:
    """The same program or the same error at the same column; and the same frames pass."""

    def use(backend: Any) -> Any:
        compiled = backend.MessageFilter(text)
        found = []
        for raw in data:
            frame = backend.Frame.from_bytes(raw)
            found.append(compiled.matches(frame))
            assert compiled.matches_arguments(frame.message_id, frame.arguments) is found[-1]
        return compiled.program, found

    found = same(backends, use)
    event("compiled" if found[0] == "value" else found[2].partition(" at column")[0])


_typed = st.one_of(st.none(), st.sampled_from(ArgType))
_values = st.one_of(scalars, numbers, texts, trees, st.just(1.5))
_indexes = st.integers(-1, 12)
_GETTERS = [
    *("get_int", "get_uint", "get_short", "get_ushort", "get_bool", "get_string"),
    *("get_arguments", "type_of", "__getitem__", "pop", "remove", "__delitem__", "__contains__"),
]
_operations = st.one_of(
    st.tuples(st.just("set"), keys, _values, _typed),
    st.tuples(st.just("set"), names, _values),
    st.tuples(st.just("set_element"), _indexes, _values, _typed),
    st.tuples(st.sampled_from(_GETTERS), keys),
    st.tuples(st.sampled_from(["element", "element_key", "element_type"]), _indexes),
    st.tuples(st.just("get_many"), keys, keys),
    st.tuples(st.just("get"), keys, scalars),
    st.tuples(st.just("setdefault"), keys, scalars),
    st.tuples(st.just("update"), trees),
    st.tuples(st.sampled_from(["popitem", "clear", "to_dict", "dump", "to_bytes"])),
    st.tuples(st.just("into"), keys, keys, scalars),
    st.tuples(st.just("view")),
    st.tuples(st.just("copy")),
)


def _apply(args: Any, operation: tuple[Any, ...]) -> Any:
    name, *rest = operation
    if name == "into":  # writes into a nested Arguments, live or not
        inner = args.get_arguments(rest[0])
        inner[rest[1]] = rest[2]
        return inner
    result = getattr(args, name)(*rest)
    return int(result) if isinstance(result, ArgType) else result


@given(tree=trees, received=st.booleans(), operations=st.lists(_operations, max_size=12))
def test_operations(
    backends: list[Any], tree: dict[str, Any], received: bool, operations: list[Any]
) -> None:
    """Any sequence of reads and writes: the same answers, errors and bytes at each step."""

    def start(backend: Any) -> Any:
        built = backend.Arguments(tree)
        return backend.Arguments.from_buffer(built.to_bytes()) if received else built

    objects = {backend.name: start(backend) for backend in backends}
    for operation in operations:
        if operation[0] in ("view", "copy"):
            for backend in backends:
                args = objects[backend.name]
                objects[backend.name] = (
                    args.copy()
                    if operation[0] == "copy"
                    else backend.Arguments.from_buffer(args.to_bytes())
                )
            continue
        same(backends, lambda backend, op=operation: _apply(objects[backend.name], op))
        same(backends, lambda backend: everything(objects[backend.name]))


@given(one=trees, other=trees)
def test_equality(backends: list[Any], one: dict[str, Any], other: dict[str, Any]) -> None:
    def use(backend: Any) -> Any:
        left, right = backend.Arguments(one), backend.Arguments(other)
        assert left == one == left.copy()
        assert (left == right) == (right == left) == (left == other)
        return left == right

    same(backends, use)
