"""All backends read and write GED-188 alike, whatever the bytes and values are."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Callable

import pytest

pytest.importorskip("hypothesis")

from hypothesis import event, given
from hypothesis import strategies as st

from fastcil.ged188 import DecodeError, NamedArray, NamedVariable
from fastcil.ged188.schema import MESSAGES, FieldSpec, MessageSpec

Geds = dict[str, ModuleType]
# Every field by its own name; some also by another, some left out, some with "absent" as it is.
NAMES = {
    field.name: (
        "" if len(field.name) % 7 == 0 else field.name,
        f"also {field.name}" if len(field.name) % 3 == 0 else "",
        len(field.name) % 2 == 0,
    )
    for spec in MESSAGES
    for field in (*spec.fixed, *spec.alternative, *spec.floating)
}
versions = st.sampled_from([9, 14, 19, 20, 23, 24, 25])
specs = st.sampled_from(MESSAGES)


def outcome(act: Callable[[], Any]) -> Any:
    """What comes of it, an error with all that it says."""
    try:
        return act()
    except DecodeError as error:
        return {**error.__dict__, "text": str(error)}
    except (ValueError, KeyError) as error:
        return type(error).__name__, str(error)


def same(geds: Geds, use: Callable[[ModuleType], Any]) -> Any:
    """The one answer that all backends give."""
    answers = {name: outcome(lambda ged=ged: use(ged)) for name, ged in geds.items()}
    wanted = answers["reference"]
    assert all(answer == wanted for answer in answers.values()), answers
    return wanted


def seen(message: Any) -> list[Any]:
    """All that can be seen of a message."""
    return [
        (message.type, message.name, message.version, len(message)),
        list(message.fields.items()),
        message.floating,
        message.raw_floating,
        message.to_dict(),
        message.records(),
        message.body,
        message.to_bytes(),
        repr(message),
        [message[name] for name in message.to_dict() if not name.startswith("#")],
        message.renamed(NAMES),
    ]


@st.composite
def tails(draw: Any, spec: MessageSpec, version: int) -> bytes:
    """Floating parts: mostly fields of the message, of good and of other lengths."""
    fields = [f for f in spec.floating if f.tag]
    parts = []
    for _ in range(draw(st.integers(0, 5))):
        if fields and draw(st.integers(0, 9)):
            field = draw(st.sampled_from(fields))
            tag = field.tag
            good = field.type.size and not field.is_array
            size = field.type.size if good else draw(st.integers(0, min(field.max_size, 24)))
            size = max(0, size + draw(st.sampled_from([0] * 12 + [1, -1, 240])))
            data = bytes(draw(st.sampled_from(b"a\0\xc3\xa4")) for _ in range(min(size, 24)))
            data = data.ljust(size, b"b")
        else:
            tag, data = draw(st.integers(0, 400)), draw(st.binary(max_size=4))
        if version >= 20:
            parts.append(tag.to_bytes(2, "big") + len(data).to_bytes(2, "big") + data)
        else:
            parts.append(bytes([tag & 255, len(data) & 255]) + data)
    return b"".join(parts)


@st.composite
def messages(draw: Any) -> tuple[bytes, int]:
    """Messages, good ones and others."""
    spec, version = draw(specs), draw(versions)
    size = sum(f.max_size for f in spec.fixed_of(version))
    body = draw(st.binary(min_size=size, max_size=size)) + draw(tails(spec, version))
    if not draw(st.integers(0, 7)):
        body = body[: draw(st.integers(0, len(body)))]
    number = spec.number if draw(st.integers(0, 30)) else draw(st.integers(0, 1 << 32))
    length = len(body) if draw(st.integers(0, 30)) else draw(st.integers(0, 1 << 32)) & 0xFFFFFFFF
    return length.to_bytes(4, "big") + (number & 0xFFFFFFFF).to_bytes(4, "big") + body, version


@given(made=messages(), strict=st.booleans())
def test_bytes(geds: Geds, made: tuple[bytes, int], strict: bool) -> None:
    data, version = made
    found = same(geds, lambda ged: seen(ged.Message.from_bytes(data, version, strict=strict)))
    event("read" if isinstance(found, list) else found["reason"].name)
    if isinstance(found, list):
        number, fields, floating = found[0][0], dict(found[1]), found[3]
        again = same(
            geds,
            lambda ged: (
                ged.encode_message(number, fields, floating=floating, version=version)
                if fields or not found[6]
                else ged.encode_message(number, body=found[6], version=version)
            ),
        )
        assert again == data or not isinstance(again, bytes) or not fields


@given(made=st.lists(messages(), max_size=4), cuts=st.lists(st.integers(1, 60), min_size=1))
def test_streams(geds: Geds, made: list[tuple[bytes, int]], cuts: list[int]) -> None:
    """Cut in any way: the same messages and the same errors at the same places."""
    data = b"".join(one for one, _ in made)

    def use(ged: ModuleType) -> list[Any]:
        reader = ged.MessageReader(24)
        found: list[Any] = []
        at = turn = 0
        while at < len(data):
            size = cuts[turn % len(cuts)]
            found += taken(reader, data[at : at + size])
            at, turn = at + size, turn + 1
        found.append(outcome(reader.finish))
        return [*found, reader.pending, reader.bytes_received, reader.messages_received]

    same(geds, use)


def taken(reader: Any, chunk: bytes) -> list[Any]:
    """The messages of a chunk and the errors between them."""
    found: list[Any] = []
    try:
        reader.feed(chunk)
        while True:
            try:
                message = next(reader, None)
            except DecodeError as error:
                found.append((str(error), error.stream_offset, error.data))
                if not error.resumable:
                    return found
                continue
            if message is None:
                return found
            found.append(message.to_bytes())
    except DecodeError as error:
        return [*found, str(error)]


def values(field: FieldSpec) -> st.SearchStrategy[Any]:
    """Values of a field: right ones mostly."""
    kind = field.type.value
    if field.is_array:
        return st.lists(st.integers(0, 70000), max_size=3)
    if field.type.size:
        top = 1 << 8 * field.type.size
        return st.sampled_from([0, 1, True, -1, top - 1, top, top // 2, "1", 1.0, None])
    text = st.text(max_size=5) | st.sampled_from(["x" * (field.max_size - 1), "y" * 300])
    named = st.tuples(text, text)
    return {
        "STRING": text | st.binary(max_size=4),
        "UNSPEC": st.binary(max_size=6) | text,
        "NAMEDVAR": named | named.map(lambda v: NamedVariable(*v)) | st.binary(max_size=5),
        "NAMEDARRAY": st.tuples(st.integers(-1, 256), text, text).map(lambda v: NamedArray(*v)),
    }[kind]


@st.composite
def mappings(draw: Any) -> tuple[str, dict[str, Any], int]:
    """What encode_message is given."""
    spec, version = draw(specs), draw(versions)
    found: dict[str, Any] = {}
    counts = {one.count for one in spec.lists}
    for field in spec.fixed_of(version):
        if field.name not in counts or draw(st.booleans()):
            plain = st.integers(0, (1 << 8 * field.type.size - 1) - 1)
            found[field.name] = draw(values(field) if not draw(st.integers(0, 40)) else plain)
    lists = {name: one for one in spec.lists for name in one.members}
    lengths = {one.count: draw(st.integers(0, 3)) for one in spec.lists}
    for field in spec.floating:
        if not draw(st.integers(0, 2)):
            continue
        if not field.exists(version) and draw(st.integers(0, 30)):
            continue
        if field.name in lists:
            size = lengths[lists[field.name].count]
            found[field.name] = [draw(values(field)) for _ in range(size)]
        else:
            found[field.name] = draw(values(field))
    if not draw(st.integers(0, 20)):
        found["Nothing"] = 1
    names = draw(st.permutations(list(found)))
    return spec.name, {name: found[name] for name in names}, version


@given(made=mappings())
def test_values(geds: Geds, made: tuple[str, dict[str, Any], int]) -> None:
    name, given_values, version = made
    found = same(geds, lambda ged: ged.encode_message(name, given_values, version=version))
    if isinstance(found, bytes):
        event("encoded")
        read = same(geds, lambda ged: seen(ged.Message.from_bytes(found, version)))
        assert read[7] == found
