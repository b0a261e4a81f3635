"""Arguments: an ordered table of entries, and the bytes it was read from until it is changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any

from fastcil.codec._reference.decode import read_block
from fastcil.codec._reference.encode import Item, build_block
from fastcil.codec._reference.reads import MISSING, Entry, TypedReads
from fastcil.codec._reference.text import Filed, check_key, filed, keyword_id, keyword_text
from fastcil.codec._reference.typemap import TypeMap
from fastcil.codec._reference.validate import check_block, fail
from fastcil.codec._reference.values import as_string, infer, typed
from fastcil.codec.errors import EncodeError, Reason
from fastcil.codec.types import MAX_DEPTH, MAX_FRAME_LIMIT, ArgType


class Arguments(TypedReads, MutableMapping[str, Any]):
    """Key-value pairs of the CIL: ordered, keys without case, eight types, nested at will.

    Keys ignore ASCII case and blanks at both ends. A keyword of the table reads back in its
    documented spelling, any other key as it was first given; setting a key again keeps its place.
    `"#1234"` is keyword id 1234 where that is above the table; below it is a name like any other.

    Built from a mapping or pairs it is mutable; got from a frame or from_buffer() it is a view, and
    the first write turns it into an independent mutable one. A nested Arguments that a view hands
    out is a view of its own: writing to it changes nothing else. One that a mutable Arguments hands
    out is live, and mutable with all that is in it. Source: CTI OS Developer Guide, helper classes.
    """

    __slots__ = ("_block", "_table")
    _block: bytes | None  # what a view was read from; None once it was written to
    _table: dict[Filed, Entry]

    def __new__(cls, *args: Any, **more: Any) -> Arguments:
        """Empty, so that a subclass may forget about __init__."""
        made = object.__new__(cls)
        made._block, made._table = None, {}
        return made

    def __init__(
        self,
        items: Mapping[str, object] | Iterable[tuple[str, object]] | None = None,
        /,
        **more: object,
    ) -> None:
        self._block = None
        self._table = {}
        if items is not None:
            self._fill(items, 1)
        if more:
            self._fill(more, 1)

    def _fill(self, items: Any, depth: int, types: TypeMap | None = None) -> None:
        """Sets what a mapping or pairs at a depth (the outermost is 1) had when this began.

        types: of a mapping's numbers.
        """
        if isinstance(items, Arguments):
            for entry in items._entries():
                nested = entry.type is ArgType.ARGUMENTS
                self._put(entry.key, entry.type, entry.value._copy() if nested else entry.value)
            return
        for key, value in list(items.items()) if isinstance(items, Mapping) else items:
            name = check_key(key)
            kind, stored = _stored(name, value, None, depth)
            self._put(name, types.of(name, kind, stored) if types else kind, stored)

    def _put(self, name: str, kind: ArgType, value: Any) -> None:
        number = keyword_id(name)
        entry = self._table.get(filed(name))
        if entry is None:
            spelling = keyword_text(number) if number else name
            self._table[filed(name)] = Entry(spelling, kind, value)
        else:
            entry.type, entry.value = kind, value

    def _thaw(self) -> None:
        """Copy on first write."""
        self._block = None

    def _entry(self, key: object) -> Entry | None:
        return self._table.get(filed(key))

    def _entries(self) -> list[Entry]:
        return list(self._table.values())

    def _value_of(self, entry: Entry) -> Any:
        value = entry.value
        if isinstance(value, Arguments):
            if self._block is not None:
                return value._copy()
            value._thaw()
        return value

    # -- mapping

    def __len__(self) -> int:
        return len(self._table)

    def __iter__(self) -> Iterator[str]:
        return iter([entry.key for entry in self._entries()])

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and filed(key) in self._table

    def __getitem__(self, key: str) -> Any:
        return self.get(key, MISSING)

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key, or default when it is absent."""
        entry = self._needed(key, default)
        return default if entry is None else self._value_of(entry)

    def __setitem__(self, key: str, value: object) -> None:
        self.set(key, value)

    def set(self, key: str, value: object, type: ArgType | int | None = None) -> None:
        """Sets a key. Without a type it follows from the Python type; with one the value must fit.

        An Arguments given as value is stored as itself; any other mapping is copied. Nothing is
        changed when an error is raised: OverflowError for a number out of range, TypeError for a
        value that the type does not take, EncodeError for a key or text that cannot be sent.
        """
        name = check_key(key)
        stored = _stored(name, value, None if type is None else ArgType(type), 1)
        self._thaw()
        self._put(name, *stored)

    def set_element(self, index: int, value: object, type: ArgType | int | None = None) -> None:
        """Replaces the value at a 1-based index; IndexError names the range."""
        self.set(self._at(index).key, value, type)

    def update(self, other: Any = (), /, **more: object) -> None:
        """Sets every entry of a mapping or pairs; those of an Arguments keep their types."""
        self._thaw()
        self._fill(other, 1)
        if more:
            self._fill(more, 1)

    def __delitem__(self, key: str) -> None:
        if self._entry(key) is None:
            raise KeyError(key)
        self.remove(key)

    def remove(self, key: str) -> bool:
        """Removes a key; whether it was there."""
        if key not in self:
            return False
        self._thaw()
        del self._table[filed(key)]
        return True

    def pop(self, key: str, default: Any = MISSING) -> Any:
        """Removes a key and returns its value; default, or KeyError, when it is absent."""
        value = self.get(key, default)
        self.remove(key)
        return value

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value of a key, set to default first when it is absent."""
        if key not in self:
            self.set(key, default)
        return self[key]

    def popitem(self) -> tuple[str, Any]:
        """Removes the last entry and returns it as (key, value); KeyError when there is none."""
        if not self._table:
            raise KeyError("the Arguments are empty")
        self._thaw()
        entry = self._table.popitem()[1]
        return entry.key, entry.value

    def clear(self) -> None:
        """Removes everything."""
        self._thaw()
        self._table = {}

    # -- whole

    @property
    def is_view(self) -> bool:
        """Whether this still stands on the bytes it was read from."""
        return self._block is not None

    def to_dict(self) -> dict[str, Any]:
        """A dict in documented spellings; nested Arguments become dicts."""
        return {
            entry.key: Arguments.to_dict(entry.value)
            if entry.type is ArgType.ARGUMENTS
            else entry.value
            for entry in self._entries()
        }

    def to_bytes(self) -> bytes:
        """The block as bytes; for a view the bytes it was read from. Raises EncodeError."""
        return encode(self, 1, "")

    @staticmethod
    def from_buffer(data: Any, /, *, max_size: int = MAX_FRAME_LIMIT) -> Arguments:
        """A view of one encoded block. Raises WireError with reason and offset (from the block).

        The buffer must hold exactly one block of at most max_size bytes.
        """
        block = bytes(memoryview(data))
        if len(block) > max_size:
            raise fail(f"expected at most {max_size} bytes, got {len(block)}", Reason.BLOCK_SIZE, 0)
        check_block(block)
        return view(block)

    def detach(self) -> Arguments:
        """The same content without a hold on a receive slab: here always the object itself."""
        return self

    def copy(self) -> Arguments:
        """An independent copy, nested Arguments included; the copy of a view is a view."""
        return self._copy()

    def _copy(self) -> Arguments:
        """copy(), whatever a subclass made of that."""
        if self._block is not None:
            return view(self._block)
        result = Arguments()
        result._fill(self, 1)
        return result

    def __copy__(self) -> Arguments:
        return self.copy()

    def __deepcopy__(self, memo: object) -> Arguments:
        return self.copy()

    def __reduce__(self) -> tuple[object, ...]:
        return Arguments.from_buffer, (self.to_bytes(),)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Arguments):
            if not isinstance(other, Mapping):
                return NotImplemented
            try:
                other = Arguments(other)
            except (TypeError, ValueError, OverflowError):
                return False
        if len(self) != len(other):
            return False
        for key, mine in self._table.items():
            theirs = other._table.get(key)
            if theirs is None or mine.value != theirs.value:
                return False
            if (mine.type is ArgType.ARGUMENTS) != (theirs.type is ArgType.ARGUMENTS):
                return False
        return True

    __hash__ = None  # type: ignore[assignment]

    def dump(self) -> str:
        """The text of DumpArgs: a line `Key = value (TYPE)` for each entry, nested indented."""
        return "\n".join(_dump_lines(self, ""))

    def __repr__(self) -> str:
        return f"Arguments({self.to_dict()!r})"


def view(block: bytes) -> Arguments:
    """A view of one validated block."""
    result = Arguments()
    for item in read_block(block):
        value = view(item.value) if item.type is ArgType.ARGUMENTS else item.value
        result._table[filed(item.key)] = Entry(item.key, item.type, value)
    result._block = block
    return result


def _stored(name: str, value: object, kind: ArgType | None, depth: int) -> tuple[ArgType, Any]:
    """Type and stored form of a value; a mapping becomes an Arguments."""
    if isinstance(value, Mapping) and kind in (None, ArgType.ARGUMENTS):
        if isinstance(value, Arguments):
            return ArgType.ARGUMENTS, value
        if depth >= MAX_DEPTH:
            raise EncodeError(f"{name}: nested deeper than {MAX_DEPTH}")
        nested = Arguments()
        nested._fill(value, depth + 1)
        return ArgType.ARGUMENTS, nested
    if kind is None:
        return infer(name, value)
    return kind, typed(name, value, kind)


def encode(arguments: Arguments, depth: int, key: str) -> bytes:
    """The block of an Arguments that stands at a depth (the outermost is 1) under a key."""
    if depth > MAX_DEPTH:
        raise EncodeError(f"{key}: nested deeper than {MAX_DEPTH}")
    items = []
    for entry in arguments._entries():
        value = entry.value
        if entry.type is ArgType.ARGUMENTS:
            value = encode(value, depth + 1, entry.key)
        items.append(Item(entry.key, entry.type, value))
    return build_block(items) if arguments._block is None else arguments._block


def encode_any(
    arguments: Mapping[str, object] | Arguments | None, types: TypeMap | None = None
) -> bytes:
    """Whatever a caller may give for Arguments, as a block; types: of a mapping's numbers."""
    if arguments is None:
        arguments = Arguments()
    if not isinstance(arguments, Mapping):
        raise TypeError(f"expected Arguments or a mapping, got {type(arguments).__name__}")
    if not isinstance(arguments, Arguments):
        made = Arguments()
        made._fill(arguments, 1, types)
        arguments = made
    return arguments.to_bytes()


def _dump_lines(arguments: Arguments, indent: str) -> Iterator[str]:
    for entry in arguments._entries():
        if entry.type is ArgType.ARGUMENTS:
            yield f"{indent}{entry.key} = {{"
            yield from _dump_lines(entry.value, indent + "  ")
            yield f"{indent}}} (ARGUMENTS)"
        else:
            yield f"{indent}{entry.key} = {as_string(entry.value, entry.type)} ({entry.type.name})"
