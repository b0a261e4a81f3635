"""Values in, the bytes of a message out: the encoder in plain Python."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Union

from fastcil.ged188.errors import EncodeError
from fastcil.ged188.layout import Layout, layout_of
from fastcil.ged188.schema import (
    HEADER_SIZE,
    LAST_VERSION,
    MAX_MESSAGE_SIZE,
    FieldSpec,
    FieldType,
    MessageSpec,
    check_version,
    message_spec,
)

__all__ = ["encode_message"]

Pair = tuple[Union[str, int], Any]

RECORDS = "records"
"""The key under which a configuration message's groups are given."""


def encode_message(
    message: str | int,
    values: Mapping[str, Any] | None = None,
    /,
    *,
    version: int = LAST_VERSION,
    floating: Iterable[Pair] | None = None,
    body: bytes | None = None,
) -> bytes:
    """The bytes of one message, header included.

    message: a name or MessageType. values: fixed and floating fields by name; None leaves a
    floating one out. Floating fields go out in the order of the schema, parallel lists member by
    member; configuration messages take their groups as a list of mappings under "records". Count
    fields of lists are counted when they are not given. floating: pairs of (name or tag, value)
    that follow, in exactly their order; unknown tags take bytes. body: the raw bytes of a message
    whose format is documented nowhere.

    A STRING takes str, whose NUL is added, or bytes as they are; UNSPEC bytes; NAMEDVAR a
    (name, value), NAMEDARRAY an (index, name, value), each also as bytes.

    Raises EncodeError, a ValueError, naming message and field: an unknown field, one that the
    version lacks, a missing fixed field, a value of the wrong type or too large, a message over
    12,500 bytes. KeyError for an unknown message, ValueError for a version outside 9..25.
    """
    check_version(version)
    spec = message_spec(message)
    if spec.min_version > version:
        raise EncodeError(
            f"{spec.name}: appeared in version {spec.min_version}, asked for version {version}"
        )
    given = dict(values or {})
    pairs = list(floating or ())
    if not spec.documented:
        return _raw(spec, given, pairs, body)
    if body is not None:
        raise EncodeError(f"{spec.name}: has documented fields, a raw body was given")
    layout = _pick(spec, version, given)
    ordered = _ordered(layout, given, pairs)
    fixed = _fixed(layout, given, ordered)
    parts = [_field(layout, key, value) for key, value in ordered]
    return _message(spec, fixed + b"".join(parts))


def _message(spec: MessageSpec, body: bytes) -> bytes:
    size = HEADER_SIZE + len(body)
    if size > MAX_MESSAGE_SIZE:
        raise EncodeError(f"{spec.name}: {size} bytes, at most {MAX_MESSAGE_SIZE} expected")
    return struct.pack(">II", len(body), spec.number) + body


def _raw(
    spec: MessageSpec, values: Mapping[str, Any], pairs: Sequence[Pair], body: bytes | None
) -> bytes:
    if values or pairs or body is None:
        raise EncodeError(f"{spec.name}: its format is documented nowhere; give body alone")
    return _message(spec, bytes(body))


def _pick(spec: MessageSpec, version: int, given: Mapping[str, Any]) -> Layout:
    """The fixed part that the given names belong to: the usual one when both would do."""
    usual = layout_of(spec.number, version, 0)
    if len(spec.fixed_parts(version)) == 1:
        return usual
    other = layout_of(spec.number, version, 1)
    here, there = {*usual.names}, {*other.names}
    foreign = any(name in there and name not in here for name in given)
    lacks = any(name not in given for name in usual.names)
    whole = all(name in given for name in other.names)
    return other if foreign or (lacks and whole) else usual


def _ordered(layout: Layout, given: Mapping[str, Any], pairs: list[Pair]) -> list[Pair]:
    """The floating fields as they go out."""
    found: list[Pair] = []
    spec = layout.spec
    groups = {name: spec_list.members for spec_list in spec.lists for name in spec_list.members}
    done: set[str] = set()
    records = given.get(RECORDS) if spec.records else None
    if records is not None:
        for record in records:
            found += _record(layout, record)
    for field in layout.floating:
        name = field.name
        if name in done or (value := given.get(name)) is None:
            continue
        if name in groups:
            members = [m for m in groups[name] if given.get(m) is not None]
            done.update(members)
            found += _interleaved(layout, members, given)
        elif layout.repeats[layout.slots[name]]:
            found += [(name, one) for one in _sequence(layout, name, value)]
        else:
            found.append((name, value))
    known = {*layout.names, *layout.slots}
    if spec.records:
        known.add(RECORDS)
    for name in given:
        if name not in known:
            newer = any(f.name == name for f in spec.fixed)
            why = f"version {layout.version} lacks it" if newer else "no such field"
            raise EncodeError(f"{spec.name}.{name}: {why}")
    return found + pairs


def _record(layout: Layout, record: Mapping[str, Any]) -> list[Pair]:
    found: list[Pair] = []
    for name in record:
        if name not in layout.slots:
            raise EncodeError(f"{layout.spec.name}.{name}: no such field")
    for field in layout.floating:
        value = record.get(field.name)
        if value is None:
            continue
        if field.is_list:
            found += [(field.name, one) for one in _sequence(layout, field.name, value)]
        else:
            found.append((field.name, value))
    return found


def _sequence(layout: Layout, name: str, value: Any) -> Sequence[Any]:
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Sequence):
        kind = type(value).__name__
        raise EncodeError(f"{layout.spec.name}.{name}: a list expected, got {kind}")
    return value


def _interleaved(layout: Layout, members: list[str], given: Mapping[str, Any]) -> list[Pair]:
    """Parallel lists, member by member: number, id, priority of the first, then of the second."""
    columns = {name: _sequence(layout, name, given[name]) for name in members}
    lengths = {name: len(column) for name, column in columns.items()}
    if len({*lengths.values()}) > 1:
        raise EncodeError(f"{layout.spec.name}: lists of different lengths: {lengths}")
    count = next(iter(lengths.values()))
    # A member may be missing in one place: None there.
    return [
        (name, columns[name][i])
        for i in range(count)
        for name in members
        if columns[name][i] is not None
    ]


def _counts(layout: Layout, given: Mapping[str, Any], ordered: Sequence[Pair]) -> dict[str, int]:
    """What the count fields of the message should say."""
    spec = layout.spec
    names = [key for key, _ in ordered]
    found = {one.count: max(names.count(name) for name in one.members) for one in spec.lists}
    if spec.records:
        found[spec.records] = len(given.get(RECORDS) or ())
    return found


def _fixed(layout: Layout, given: Mapping[str, Any], ordered: list[Pair]) -> bytes:
    spec = layout.spec
    counts: dict[str, int] | None = None
    numbers = []
    for field in layout.fixed:
        value = given.get(field.name)
        if value is None:
            if counts is None:
                counts = _counts(layout, given, ordered)
            value = counts.get(field.name)
            if value is None:
                raise EncodeError(f"{spec.name}.{field.name}: missing")
        numbers.append(_number(spec, field, value))
    # Count fields that are floating stand before their lists; they are added when not given.
    for one in spec.lists:
        slot = layout.slots.get(one.count)
        if slot is None or given.get(one.count) is not None:
            continue
        places = [i for i, (key, _) in enumerate(ordered) if key in one.members]
        stated = any(key == one.count for key, _ in ordered)
        if places and not stated and layout.floating[slot].exists(layout.version):
            count = max(sum(1 for key, _ in ordered if key == m) for m in one.members)
            ordered.insert(places[0], (one.count, count))
    return layout.struct.pack(*numbers)


def _number(spec: MessageSpec, field: FieldSpec, value: Any) -> int:
    if not isinstance(value, int):
        kind = type(value).__name__
        raise EncodeError(f"{spec.name}.{field.name}: {field.type.value} takes int, got {kind}")
    bits = 8 * field.type.size
    low, high = (-(1 << bits - 1), 1 << bits - 1) if field.type is FieldType.INT else (0, 1 << bits)
    if not low <= value < high:
        raise EncodeError(
            f"{spec.name}.{field.name}: {value} is outside {low}..{high - 1} ({field.type.value})"
        )
    return int(value)


def _field(layout: Layout, key: str | int, value: Any) -> bytes:
    """One floating field: tag, length, data."""
    spec = layout.spec
    if isinstance(key, int):
        if not isinstance(value, (bytes, bytearray, memoryview)):
            raise EncodeError(f"{spec.name}.#{key}: bytes expected, got {type(value).__name__}")
        return _framed(layout, f"#{key}", key, bytes(value))
    slot = layout.slots.get(key)
    if slot is None:
        raise EncodeError(f"{spec.name}.{key}: no such floating field")
    field = layout.floating[slot]
    if not field.tag:
        raise EncodeError(f"{spec.name}.{key}: its tag is documented nowhere")
    if not field.exists(layout.version):
        raise EncodeError(f"{spec.name}.{key}: version {layout.version} lacks it")
    data = _data(spec, field, value)
    limit = field.limit(layout.version)
    if len(data) > limit:
        raise EncodeError(f"{spec.name}.{key}: {len(data)} bytes, at most {limit} expected")
    if len(data) < field.min_size:
        raise EncodeError(f"{spec.name}.{key}: {len(data)} bytes, at least {field.min_size}")
    return _framed(layout, key, field.tag, data)


def _framed(layout: Layout, name: str, tag: int, data: bytes) -> bytes:
    top = 0xFFFF if layout.wide else 0xFF
    if not 0 <= tag <= top or len(data) > top:
        raise EncodeError(
            f"{layout.spec.name}.{name}: tag {tag}, {len(data)} bytes; version {layout.version} "
            f"has room for {top} in each"
        )
    return struct.pack(">HH" if layout.wide else "BB", tag, len(data)) + data


def _data(spec: MessageSpec, field: FieldSpec, value: Any) -> bytes:
    kind = field.type
    if field.is_array:
        if isinstance(value, (bytes, bytearray)):
            return bytes(value)
        numbers = [_number(spec, field, one) for one in value]
        return b"".join(n.to_bytes(kind.size, "big", signed=kind is FieldType.INT) for n in numbers)
    if kind.size:
        number = _number(spec, field, value)
        return number.to_bytes(kind.size, "big", signed=kind is FieldType.INT)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if kind is FieldType.STRING and isinstance(value, str):
        return _text(spec, field, value)
    if kind in (FieldType.NAMEDVAR, FieldType.NAMEDARRAY):
        return _named(spec, field, value)
    raise EncodeError(
        f"{spec.name}.{field.name}: {kind.value} does not take {type(value).__name__}"
    )


def _named(spec: MessageSpec, field: FieldSpec, value: Any) -> bytes:
    """NAMEDVAR (name, value) or NAMEDARRAY (index, name, value)."""
    array = field.type is FieldType.NAMEDARRAY
    good = isinstance(value, (tuple, list)) and len(value) == (3 if array else 2)
    if not good or not all(isinstance(text, str) for text in value[-2:]):
        want = "(index, name, value)" if array else "(name, value)"
        raise EncodeError(f"{spec.name}.{field.name}: {want} expected, got {value!r}")
    texts = b"".join(_text(spec, field, text) for text in value[-2:])
    if not array:
        return texts
    index = value[0]
    if not isinstance(index, int) or not 0 <= index <= 255:
        raise EncodeError(f"{spec.name}.{field.name}: index 0..255 expected, got {index!r}")
    return bytes([index]) + texts


def _text(spec: MessageSpec, field: FieldSpec, value: str) -> bytes:
    """Text and its NUL. UTF-8, of which ASCII is what the documents allow."""
    if "\0" in value:
        raise EncodeError(f"{spec.name}.{field.name}: the text has a NUL of its own")
    try:
        return value.encode("utf-8", "surrogateescape") + b"\0"
    except UnicodeEncodeError as error:
        raise EncodeError(f"{spec.name}.{field.name}: {error}") from None
