"""The codec in plain Python: slow, obvious, and what the native one is compared with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Union

from fastcil.ged188._encode import encode_message
from fastcil.ged188.errors import DecodeError, Reason
from fastcil.ged188.layout import Layout, NamedArray, NamedVariable, layout_of, pick_part
from fastcil.ged188.schema import (
    HEADER_SIZE,
    LAST_VERSION,
    MAX_MESSAGE_SIZE,
    MESSAGES_BY_NUMBER,
    FieldSpec,
    FieldType,
    check_version,
)

__all__ = ["Message", "MessageReader", "Parsed", "encode_message", "parse"]

MAX_LIMIT = 65535
"""The largest max_message, in bytes, header included."""

Value = Any
Floating = tuple[Union[str, int], Value]


def text_of(data: bytes) -> str:
    """A STRING's value: what stands before the first NUL."""
    return data.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def value_of(field: FieldSpec, data: bytes, code: str) -> Value:
    """The Python value of a floating field's data, which was checked."""
    kind = field.type
    if code:
        signed = kind is FieldType.INT
        if not field.is_array:
            return int.from_bytes(data, "big", signed=signed)
        size = kind.size
        return [
            int.from_bytes(data[i : i + size], "big", signed=signed)
            for i in range(0, len(data), size)
        ]
    if kind is FieldType.STRING:
        return text_of(data)
    if kind is FieldType.UNSPEC:
        return data
    if kind is FieldType.NAMEDVAR:
        name, _, value = data.partition(b"\0")
        return NamedVariable(text_of(name), text_of(value))
    name, _, value = data[1:].partition(b"\0")
    return NamedArray(data[0], text_of(name), text_of(value))


class Parsed:
    """Where everything of one message stands."""

    __slots__ = ("floating", "layout")

    def __init__(self, layout: Layout, floating: list[tuple[int, int, int, int]]) -> None:
        self.layout = layout
        self.floating = floating
        """(tag, slot or -1, offset of the data, its length)"""


def _error(reason: Reason, offset: int, number: int, field: str, detail: str) -> DecodeError:
    spec = MESSAGES_BY_NUMBER.get(number)
    name = spec.name if spec else ""
    what = name or f"message type {number}"
    where = f"{what}.{field}" if field else what
    text = f"{where}: {detail} at offset {offset}"
    return DecodeError(text, reason=reason, offset=offset, type=number, message=name, field=field)


def parse(data: bytes, version: int, strict: bool) -> Parsed:
    """Check one whole message, header included. Raises DecodeError."""
    number = int.from_bytes(data[4:8], "big")
    spec = MESSAGES_BY_NUMBER.get(number)
    if spec is None:
        raise _error(Reason.MESSAGE_TYPE, 4, number, "", "unknown MessageType")
    if spec.min_version > version:
        detail = f"appeared in version {spec.min_version}, read as version {version}"
        raise _error(Reason.MESSAGE_VERSION, 4, number, "", detail)
    layout = layout_of(number, version, pick_part(spec, version, data[HEADER_SIZE:]))
    if not spec.documented:
        return Parsed(layout, [])
    end = len(data)
    if end < layout.end:
        for field in layout.fixed:
            at = layout.offsets[field.name]
            if at + field.max_size > end:
                detail = f"{end - HEADER_SIZE} bytes of body, {layout.end - HEADER_SIZE} expected"
                raise _error(Reason.MESSAGE_LENGTH, at, number, field.name, detail)
    floating: list[tuple[int, int, int, int]] = []
    seen: set[int] = set()
    head = 2 if layout.wide else 1
    at = layout.end
    while at < end:
        if end - at < 2 * head:
            detail = f"{end - at} bytes where tag and length take {2 * head}"
            raise _error(Reason.FIELD_TRUNCATED, at, number, "", detail)
        tag = int.from_bytes(data[at : at + head], "big")
        size = int.from_bytes(data[at + head : at + 2 * head], "big")
        slot = layout.by_tag.get(tag, -1)
        name = layout.floating[slot].name if slot >= 0 else f"#{tag}"
        start = at + 2 * head
        if size > end - start:
            detail = f"length {size}, {end - start} bytes left"
            raise _error(Reason.FIELD_TRUNCATED, at, number, name, detail)
        if slot >= 0:
            _check(data[start : start + size], layout, slot, at, strict)
            if slot in seen and strict and not layout.repeats[slot]:
                raise _error(Reason.DUPLICATE_FIELD, at, number, name, "field given twice")
            seen.add(slot)
        floating.append((tag, slot, start, size))
        at = start + size
    return Parsed(layout, floating)


def _check(data: bytes, layout: Layout, slot: int, at: int, strict: bool) -> None:
    """The data of one known floating field."""
    field = layout.floating[slot]
    number, size = layout.spec.number, len(data)
    if layout.element(slot):
        if size % field.type.size if field.is_array else size != field.type.size:
            want = f"a multiple of {field.type.size}" if field.is_array else f"{field.type.size}"
            detail = f"length {size}, {want} expected"
            raise _error(Reason.FIELD_LENGTH, at, number, field.name, detail)
        return
    if strict and size > field.limit(layout.version):
        detail = f"length {size}, at most {field.limit(layout.version)} expected"
        raise _error(Reason.FIELD_LENGTH, at, number, field.name, detail)
    if size < field.min_size:
        detail = f"length {size}, at least {field.min_size} expected"
        raise _error(Reason.FIELD_LENGTH, at, number, field.name, detail)
    first = 1 if field.type is FieldType.NAMEDARRAY else 0
    named = field.type in (FieldType.NAMEDVAR, FieldType.NAMEDARRAY)
    if named and data.find(b"\0", first) < 0:
        raise _error(Reason.FIELD_VALUE, at, number, field.name, "no NUL after the name")


class Message:
    """One received message: checked once, read when asked."""

    __slots__ = ("_data", "_parsed", "strict", "version")
    _data: bytes
    _parsed: Parsed
    strict: bool
    version: int
    _parse = staticmethod(parse)

    def __init__(self) -> None:
        raise TypeError("messages come from MessageReader and Message.from_bytes")

    @classmethod
    def from_bytes(
        cls, data: Any, /, version: int = LAST_VERSION, *, strict: bool = True
    ) -> Message:
        """A message over its bytes, header included.

        strict=False bears with longer texts than the documents allow and with fields given twice.
        Raises DecodeError, and ValueError for a version outside 9..25.
        """
        check_version(version)
        owner = bytes(data)
        if len(owner) < HEADER_SIZE:
            raise DecodeError(
                f"message: {len(owner)} bytes, the header takes {HEADER_SIZE}",
                reason=Reason.TRUNCATED,
                offset=len(owner),
            )
        length = int.from_bytes(owner[:4], "big")
        if length != len(owner) - HEADER_SIZE or len(owner) > MAX_LIMIT:
            number = int.from_bytes(owner[4:8], "big")
            detail = f"MessageLength {length}, {len(owner) - HEADER_SIZE} bytes after the header"
            raise _error(Reason.MESSAGE_LENGTH, 0, number, "", detail)
        return cls._new(owner, version, strict)

    @classmethod
    def _new(cls, data: bytes, version: int, strict: bool) -> Message:
        parsed = cls._parse(data, version, strict)
        message = cls.__new__(cls)
        message._data = data
        message._parsed = parsed
        message.version = version
        message.strict = strict
        return message

    @property
    def type(self) -> int:
        """MessageType."""
        return self._parsed.layout.spec.number

    @property
    def name(self) -> str:
        """The name of the type: "CALL_DELIVERED_EVENT"."""
        return self._parsed.layout.spec.name

    @property
    def fields(self) -> dict[str, int]:
        """The fixed fields in order."""
        layout = self._parsed.layout
        if not layout.names:
            return {}
        return dict(zip(layout.names, layout.struct.unpack_from(self._data, HEADER_SIZE)))

    @property
    def floating(self) -> list[Floating]:
        """The floating fields as they came: (name, value), or (tag, bytes) where the version's
        message has no such field."""
        found: list[Floating] = []
        layout = self._parsed.layout
        for tag, slot, start, size in self._parsed.floating:
            data = self._data[start : start + size]
            if slot < 0:
                found.append((tag, data))
            else:
                field = layout.floating[slot]
                found.append((field.name, value_of(field, data, layout.element(slot))))
        return found

    @property
    def raw_floating(self) -> list[tuple[int, bytes]]:
        """The floating fields as (tag, bytes)."""
        return [(t, self._data[at : at + n]) for t, _, at, n in self._parsed.floating]

    @property
    def body(self) -> bytes:
        """The bytes after the header."""
        return self._data[HEADER_SIZE:]

    def _find(self, name: str) -> Value:
        """The value of a field; KeyError."""
        layout = self._parsed.layout
        at = layout.offsets.get(name)
        if at is not None:
            field = layout.fixed[layout.names.index(name)]
            data = self._data[at : at + field.max_size]
            return int.from_bytes(data, "big", signed=field.type is FieldType.INT)
        slot = layout.slots.get(name, -1)
        found = [
            value_of(layout.floating[slot], self._data[start : start + size], layout.element(slot))
            for _, s, start, size in self._parsed.floating
            if s == slot >= 0
        ]
        if not found:
            raise KeyError(name)
        return found if layout.repeats[slot] else found[0]

    def __getitem__(self, name: str) -> Value:
        """A fixed or floating field by its documented name; a list where the schema has one.

        Raises KeyError when the message does not have it.
        """
        return self._find(name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name, _MISSING) is not _MISSING

    def get(self, name: str, default: Any = None) -> Value:
        """The value of one field, or default."""
        try:
            return self._find(name)
        except KeyError:
            return default

    def get_many(self, *names: str, default: Any = None) -> tuple[Value, ...]:
        """Several fields at once."""
        return tuple(self.get(name, default) for name in names)

    def to_dict(self) -> dict[str, Value]:
        """Everything by name; tags unknown to the message under "#<tag>" as lists of bytes."""
        found: dict[str, Value] = dict(self.fields)
        layout = self._parsed.layout
        for key, value in self.floating:
            if isinstance(key, int):
                found.setdefault(f"#{key}", []).append(value)
            elif layout.repeats[layout.slots[key]]:
                found.setdefault(key, []).append(value)
            else:
                found.setdefault(key, value)
        return found

    def renamed(self, table: Mapping[str, tuple[str, str, bool]]) -> dict[str, int | str]:
        """Numbers and texts under other names.

        table: by field (name, another one or "", whether absent is told as -1). Fields that it
        lacks are left out, and so are lists, named variables and unknown tags; bytes are text
        without their NULs.
        """
        found: dict[str, int | str] = {}
        layout = self._parsed.layout
        values: list[tuple[str, Value]] = list(self.fields.items())
        seen: set[str] = set()
        for key, value in self.floating:
            if isinstance(key, str) and key not in seen:
                seen.add(key)
                if not layout.repeats[layout.slots[key]]:
                    values.append((key, value))
        for name, value in values:
            first, second, signed = table.get(name, ("", "", False))
            if not first:
                continue
            if isinstance(value, bytes):
                value = value.rstrip(b"\0").decode("utf-8", "surrogateescape")
            elif isinstance(value, int):
                if signed and value in (0xFFFF, 0xFFFFFFFF):
                    value = -1
            elif not isinstance(value, str):
                continue
            found[first] = value
            if second:
                found[second] = value
        return found

    def records(self) -> list[dict[str, Value]]:
        """The groups of floating fields of a configuration message, in order.

        A group ends where one of its single fields comes again; a field that is a list within a
        group is a list there. Empty for other messages.
        """
        layout = self._parsed.layout
        if not layout.spec.records:
            return []
        found: list[dict[str, Value]] = []
        for key, value in self.floating:
            name = f"#{key}" if isinstance(key, int) else key
            slot = layout.slots.get(name, -1)
            inner = slot < 0 or layout.floating[slot].is_list
            if not found or (not inner and name in found[-1]):
                found.append({})
            if inner:
                found[-1].setdefault(name, []).append(value)
            else:
                found[-1][name] = value
        return found

    def to_bytes(self) -> bytes:
        """The message as it was received."""
        return self._data

    def detach(self) -> Message:
        """The same message without a hold on what it was received with."""
        return self

    def __len__(self) -> int:
        return len(self._data)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message):
            return NotImplemented
        return self._data == other._data and self.version == other.version

    def __hash__(self) -> int:
        return hash(self._data)

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (self._data, self.version, self.strict)

    def __repr__(self) -> str:
        return f"<{self.name} {self.to_dict()!r}>"


_MISSING = object()


def _restore(data: bytes, version: int, strict: bool) -> Message:
    from fastcil import ged188

    return ged188.Message.from_bytes(data, version, strict=strict)


class MessageReader:
    """Chunks in, messages out, however the stream is cut.

    A message that is none raises DecodeError out of the iteration; when error.resumable is true the
    next iteration goes on behind it, for lengths frame the stream. A length that cannot be believed
    is not resumable: every later call raises the same error. version may be set at any time and
    holds for the messages not yet yielded.
    """

    _message = Message

    def __init__(
        self,
        version: int = LAST_VERSION,
        *,
        max_message: int = MAX_MESSAGE_SIZE,
        strict: bool = True,
    ) -> None:
        if not HEADER_SIZE <= max_message <= MAX_LIMIT:
            raise ValueError(f"max_message is {HEADER_SIZE}..{MAX_LIMIT} bytes, got {max_message}")
        self._version = check_version(version)
        self.strict = strict
        self._max = max_message
        self._data = bytearray()
        self._at = 0
        self._lent: bytearray | None = None
        self._failed: DecodeError | None = None
        self.bytes_received = 0
        self.messages_received = 0

    @property
    def version(self) -> int:
        """The protocol version that messages are read as, 9..25."""
        return self._version

    @version.setter
    def version(self, value: int) -> None:
        self._version = check_version(value)

    def feed(self, data: Any) -> MessageReader:
        """Takes the next chunk of the stream; returns an iterator over the messages now there."""
        if self._failed is not None:
            raise self._failed
        chunk = memoryview(data).cast("B")
        if self._at > 1 << 16:
            del self._data[: self._at]
            self._at = 0
        self._data += chunk
        self.bytes_received += len(chunk)
        return self

    def get_buffer(self, sizehint: int = -1) -> memoryview:
        """Room to receive into, for asyncio.BufferedProtocol and recv_into."""
        if self._failed is not None:
            raise self._failed
        self._lent = bytearray(max(sizehint, 1 << 16))
        return memoryview(self._lent)

    def buffer_updated(self, nbytes: int) -> MessageReader:
        """Takes nbytes received into get_buffer(); returns the same iterator as feed()."""
        lent, self._lent = self._lent, None
        if lent is None or not 0 <= nbytes <= len(lent):
            self._lent = lent
            raise ValueError(f"buffer_updated: {nbytes} bytes were not offered by get_buffer")
        return self.feed(memoryview(lent)[:nbytes])

    def __iter__(self) -> Iterator[Message]:
        return self

    def __next__(self) -> Message:
        if self._failed is not None:
            raise self._failed
        held = len(self._data) - self._at
        if held < 4:
            raise StopIteration
        length = int.from_bytes(self._data[self._at : self._at + 4], "big")
        place = self.bytes_received - held
        if length > self._max - HEADER_SIZE:
            at = self._at
            number = int.from_bytes(self._data[at + 4 : at + 8], "big") if held >= 8 else 0
            detail = f"MessageLength {length}, at most {self._max - HEADER_SIZE} expected"
            error = _error(Reason.MESSAGE_LENGTH, 0, number, "", detail)
            error.resumable = False
            error.stream_offset = place
            self._failed = error
            raise error
        size = HEADER_SIZE + length
        if held < size:
            raise StopIteration
        data = bytes(self._data[self._at : self._at + size])
        self._at += size
        try:
            message = self._message._new(data, self._version, self.strict)
        except DecodeError as error:
            error.stream_offset = place
            error.data = data
            raise
        self.messages_received += 1
        return message

    def take(self, stop: bytes) -> list[Message]:
        """The messages that are there, up to one whose type has 1 in stop, or that is none: the
        iteration tells of those.

        stop: a byte for each type; types beyond it do not stop.
        """
        found: list[Message] = []
        while self._failed is None and len(self._data) - self._at >= HEADER_SIZE:
            at = self._at
            number = int.from_bytes(self._data[at + 4 : at + 8], "big")
            if number < len(stop) and stop[number]:
                break
            try:
                found.append(next(self))
            except (DecodeError, StopIteration):
                # Told by the iteration, which comes to the same place.
                self._at, self._failed = at, None
                break
        return found

    def peek(self, size: int) -> bytes:
        """Up to size bytes of what comes next, without taking them."""
        return bytes(self._data[self._at : self._at + size])

    @property
    def pending(self) -> int:
        """Bytes received that no yielded message holds."""
        return len(self._data) - self._at

    def finish(self) -> None:
        """Says that the stream ended; DecodeError when it ended inside a message."""
        if self._failed is not None:
            raise self._failed
        if self.pending:
            error = DecodeError(
                f"the stream ended inside a message: {self.pending} bytes are left over",
                reason=Reason.TRUNCATED,
                offset=self.pending,
                resumable=False,
            )
            error.stream_offset = self.bytes_received - self.pending
            error.data = bytes(self._data[self._at :])
            raise error
