"""The message set as objects: what each message is made of, at each protocol version.

The facts come from data/*.json by way of generated tables; docs/ged188.md says where those come
from and which contradictions of the documents were settled how.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cache

from fastcil.ged188 import _messages
from fastcil.ged188._messages import FIRST_VERSION, LAST_VERSION, MAX_MESSAGE_SIZE

__all__ = [
    "FIRST_VERSION",
    "HEADER_SIZE",
    "LAST_VERSION",
    "MAX_MESSAGE_SIZE",
    "MESSAGES",
    "MESSAGES_BY_NAME",
    "MESSAGES_BY_NUMBER",
    "WIDE_VERSION",
    "Direction",
    "FieldSpec",
    "FieldType",
    "ListSpec",
    "MessageSpec",
    "check_version",
    "message_spec",
]

HEADER_SIZE = 8
"""Bytes of MHDR: MessageLength (of what follows the header) and MessageType, UINT each."""
WIDE_VERSION = 20
"""The first version with two bytes each for the tag and the length of a floating field."""


class FieldType(Enum):
    """The data types of the protocol; the value is the documented name.

    Source: guide, chapter Application Level Interfaces, table of data types.
    """

    UCHAR = "UCHAR"
    USHORT = "USHORT"
    BOOL = "BOOL"
    INT = "INT"
    UINT = "UINT"
    TIME = "TIME"
    STRING = "STRING"
    UNSPEC = "UNSPEC"
    NAMEDVAR = "NAMEDVAR"
    NAMEDARRAY = "NAMEDARRAY"

    @property
    def size(self) -> int:
        """Bytes of a number, 0 for the types of variable length."""
        return _SIZES.get(self.value, 0)


_SIZES = {"UCHAR": 1, "USHORT": 2, "BOOL": 2, "INT": 4, "UINT": 4, "TIME": 4}


class Direction(Enum):
    """Who sends a message."""

    TO_SERVER = "client-to-server"
    TO_CLIENT = "server-to-client"
    BOTH = "both"


@dataclass(frozen=True)
class FieldSpec:
    """A fixed field (tag 0) or a floating field of one message.

    min_size, max_size: of the data in bytes, a STRING's with its NUL. is_list: members of the same
    name repeat. is_array: one field holds any number of numbers. optional: as the tables print it,
    which is not always what servers do. min_version, until_version: the versions that have it.
    """

    name: str
    type: FieldType
    tag: int
    min_size: int
    max_size: int
    is_list: bool
    is_array: bool
    optional: bool
    min_version: int
    until_version: int
    old_sizes: tuple[tuple[int, int], ...] = ()
    """(until version, maximum) for versions in which the maximum was smaller."""

    def limit(self, version: int) -> int:
        """The largest size of the data at a version, in bytes."""
        for until, size in self.old_sizes:
            if version <= until:
                return size
        return self.max_size if version >= WIDE_VERSION else min(self.max_size, 255)

    def exists(self, version: int) -> bool:
        """Whether the version has the field."""
        return self.min_version <= version <= self.until_version


@dataclass(frozen=True)
class ListSpec:
    """Parallel lists: the field that counts their members, and the names of the lists in order."""

    count: str
    members: tuple[str, ...]


@dataclass(frozen=True)
class MessageSpec:
    """One message of the set.

    documented: False when the documents give a number and a name but no format; such a message is
    read and written with its body as raw bytes. records: name of the field that counts the groups
    of floating fields of a configuration message, else "".
    """

    number: int
    name: str
    direction: Direction | None
    min_version: int
    documented: bool
    fixed: tuple[FieldSpec, ...]
    alternative: tuple[FieldSpec, ...]
    """Another fixed part that peers send; see fixed_of and docs/ged188.md."""
    alternative_until: int
    floating: tuple[FieldSpec, ...]
    lists: tuple[ListSpec, ...]
    records: str
    source: str

    def fixed_of(self, version: int) -> tuple[FieldSpec, ...]:
        """The fixed fields in order, as a version has them."""
        return self.fixed_parts(version)[0]

    def fixed_parts(self, version: int) -> tuple[tuple[FieldSpec, ...], ...]:
        """The fixed parts that peers send at a version: the usual one, then the other if any."""
        return _fixed_parts(self, version)

    def floating_of(self, version: int) -> tuple[FieldSpec, ...]:
        """The floating fields of a version in the order of the table, without those whose tag is
        printed nowhere."""
        return _floating_of(self, version)

    @property
    def has_invoke_id(self) -> bool:
        """Whether the message carries an InvokeID: requests and their confirmations do."""
        return any(f.name == "InvokeID" for f in self.fixed)


@cache
def _fixed_parts(spec: MessageSpec, version: int) -> tuple[tuple[FieldSpec, ...], ...]:
    if not spec.alternative:
        return (tuple(f for f in spec.fixed if f.exists(version)),)
    # The usual fields of a message with two forms are marked with the version that brought them.
    newer = max(version, spec.alternative_until + 1)
    usual = tuple(f for f in spec.fixed if f.exists(newer))
    other = tuple(f for f in spec.alternative if f.exists(version))
    parts = (other, usual) if version <= spec.alternative_until else (usual, other)
    if spec.floating and abs(len(usual) - len(other)) != 1:
        return parts[:1]  # could not be told apart: only one more USHORT can, see pick_fixed
    return parts


@cache
def _floating_of(spec: MessageSpec, version: int) -> tuple[FieldSpec, ...]:
    return tuple(f for f in spec.floating if f.tag and f.exists(version))


def _fields(rows: tuple[_messages.FieldRow, ...]) -> tuple[FieldSpec, ...]:
    return tuple(FieldSpec(row[0], FieldType(row[1]), *row[2:]) for row in rows)


def _spec(row: _messages.MessageRow) -> MessageSpec:
    number, name, direction, low, documented, fixed, other, until, floating, lists, rec, src = row
    return MessageSpec(
        number,
        name,
        Direction(direction) if direction else None,
        low,
        documented,
        _fields(fixed),
        _fields(other),
        until,
        _fields(floating),
        tuple(ListSpec(count, members) for count, members in lists),
        rec,
        src,
    )


MESSAGES: tuple[MessageSpec, ...] = tuple(_spec(row) for row in _messages.MESSAGES)
MESSAGES_BY_NUMBER: dict[int, MessageSpec] = {spec.number: spec for spec in MESSAGES}
MESSAGES_BY_NAME: dict[str, MessageSpec] = {spec.name: spec for spec in MESSAGES}


def message_spec(message: int | str) -> MessageSpec:
    """The message of a number or name. Raises KeyError with advice when there is none."""
    table = MESSAGES_BY_NAME if isinstance(message, str) else MESSAGES_BY_NUMBER
    try:
        return table[message]  # type: ignore[index]
    except KeyError:
        raise KeyError(f"{message!r} is no message of GED-188 version {LAST_VERSION}") from None


def check_version(version: int) -> int:
    """The version itself; ValueError when it is none that this library speaks."""
    if not FIRST_VERSION <= version <= LAST_VERSION:
        raise ValueError(f"protocol version is {FIRST_VERSION}..{LAST_VERSION}, got {version}")
    return version
