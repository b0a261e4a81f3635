"""Arguments: a view over validated bytes read through the C core, or a mutable mapping."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any, cast

from fastcil.codec._cffi._core import (
    HEADER_SIZE,
    KEYWORDS,
    Block,
    Owner,
    Pointer,
    arg_type,
    ffi,
    find,
    key_text,
    lib,
    open_block,
    pointer_to,
    scalar,
    wire_error,
)
from fastcil.codec._cffi.build import build_block
from fastcil.codec._reference.reads import MISSING, Entry, TypedReads
from fastcil.codec._reference.text import Filed, check_key, filed, keyword_text
from fastcil.codec._reference.typemap import TypeMap
from fastcil.codec._reference.values import as_string, infer, typed
from fastcil.codec.errors import EncodeError, Reason, WireError
from fastcil.codec.types import MAX_DEPTH, MAX_ENTRIES, MAX_FRAME_LIMIT, ArgType


def _copied(entry: Entry) -> Any:
    """An entry's value, nested Arguments as an independent copy."""
    return entry.value._copy() if entry.type is ArgType.ARGUMENTS else entry.value


def _need_str(key: object) -> None:
    if not isinstance(key, str):
        raise TypeError(f"keys are str, got {type(key).__name__}")


class Arguments(TypedReads, MutableMapping[str, Any]):
    """Key-value pairs of the CIL: ordered, keys without case, eight types, nested at will.

    Built from a mapping or pairs it is mutable; got from a frame or from from_buffer() it is a view
    of validated bytes: nothing is copied or built until asked for, and the first write turns it
    into an independent mutable one. A view keeps the receive slab it stands in; detach() gives one
    that does not. Source: CTI OS Developer Guide, helper classes.
    """

    __slots__ = ("_items", "_view")
    # A view's block, and what keeps the memory that it points to. Code of the program and other
    # threads may write to the Arguments at any time: whoever reads takes both at once, or _items.
    _view: tuple[Block, Owner] | None
    _items: dict[Filed, Entry]

    def __new__(cls, *args: Any, **more: Any) -> Arguments:
        """Empty, so that a subclass may forget about __init__."""
        made = object.__new__(cls)
        made._view, made._items = None, {}
        return made

    def __init__(
        self,
        items: Mapping[str, object] | Iterable[tuple[str, object]] | None = None,
        /,
        **more: object,
    ) -> None:
        self._view, self._items = None, {}
        if items is not None:
            self._fill(items, 1)
        if more:
            self._fill(more, 1)

    # -- storage

    def _fill(self, items: Any, depth: int, types: TypeMap | None = None) -> None:
        """Sets what a mapping or pairs had when this began; types: of a mapping's numbers."""
        if isinstance(items, Arguments):
            for entry in items._entries():
                self._put(entry.key, entry.type, _copied(entry))
            return
        for key, value in list(items.items()) if isinstance(items, Mapping) else items:
            name = check_key(key)
            kind, stored = _stored(name, value, None, depth)
            self._put(name, types.of(name, kind, stored) if types else kind, stored)

    def _put(self, name: str, type: ArgType, value: Any) -> None:
        """Files a checked value under a checked key."""
        items, place = self._items, filed(name)
        entry = items.get(place)
        if entry is not None:
            entry.type, entry.value = type, value
        else:
            text = name if isinstance(place, str) else keyword_text(place)
            items[place] = Entry(text, type, value)

    def _entries(self) -> list[Entry]:
        view = self._view
        if view is None:
            return list(self._items.values())
        return [_entry_at(*view, i) for i in range(view[0].count)]

    def _thaw(self) -> dict[Filed, Entry]:
        """Copy on first write."""
        if self._view is not None:
            items = {filed(entry.key): entry for entry in self._entries()}
            if self._view is not None:
                self._items = items
                self._view = None
        return self._items

    def _entry(self, key: object) -> Entry | None:
        _need_str(key)
        view = self._view
        if view is None:
            return self._items.get(filed(key))
        index = find(view[0], cast(str, key))
        return None if index < 0 else _entry_at(*view, index)

    def _lookup(self, key: object, default: Any) -> Any:
        """The value of a key, or default."""
        view = self._view
        if view is not None:
            _need_str(key)
            block, owner = view
            index = find(block, cast(str, key))
            if index >= 0:
                entry = ffi.new("cw_entry *")
                lib.cw_entry_at(block, index, entry)
                if entry.type == ArgType.ARGUMENTS:
                    return view_of(entry.data, owner)
                return scalar(entry)
        else:
            found = self._entry(key)
            if found is not None:
                return self._value_of(found)
        if default is MISSING:
            raise KeyError(key)
        return default

    def _at(self, index: int) -> Entry:
        """The entry of a 1-based index."""
        view, index = self._view, operator.index(index)
        entries = list(self._items.values()) if view is None else []
        count: int = len(entries) if view is None else view[0].count
        if not 1 <= index <= count:
            raise IndexError(f"element {index} of {count}: elements count from 1 to {count}")
        return entries[index - 1] if view is None else _entry_at(*view, index - 1)

    # -- mapping

    def __len__(self) -> int:
        view = self._view
        return len(self._items) if view is None else view[0].count

    def __getitem__(self, key: str) -> Any:
        return self._lookup(key, MISSING)

    def __setitem__(self, key: str, value: object) -> None:
        self.set(key, value)

    def __delitem__(self, key: str) -> None:
        _need_str(key)
        if not self.remove(key):
            raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, str):
            return False
        view = self._view
        return filed(key) in self._items if view is None else find(view[0], key) >= 0

    def __iter__(self) -> Iterator[str]:
        view = self._view
        if view is None:
            return iter([entry.key for entry in list(self._items.values())])
        return iter([key_text(view[0], i) for i in range(view[0].count)])

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key, or default when it is absent."""
        return self._lookup(key, default)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value of a key, set to default first when it is absent."""
        if key not in self:
            self.set(key, default)
        return self[key]

    def popitem(self) -> tuple[str, Any]:
        """Removes and returns the last entry as (key, value)."""
        if not len(self):
            raise KeyError("the Arguments are empty")
        entry = self._thaw().popitem()[1]
        return entry.key, entry.value

    def update(self, other: Any = (), /, **more: object) -> None:
        """Sets every entry of a mapping or pairs; those of an Arguments keep their types."""
        self._thaw()
        self._fill(other, 1)
        if more:
            self._fill(more, 1)

    def clear(self) -> None:
        """Removes everything."""
        self._items = {}
        self._view = None

    def remove(self, key: str) -> bool:
        """Removes a key; whether it was there."""
        if key not in self:
            return False
        del self._thaw()[filed(key)]
        return True

    def set(self, key: str, value: object, type: ArgType | int | None = None) -> None:
        """Sets a key. Without a type it follows from the Python type; with one the value must fit.

        Raises OverflowError for a number out of range, TypeError for a value the type does not
        take, EncodeError for a key or text that cannot be sent.
        """
        name = check_key(key)
        stored = _stored(name, value, None if type is None else ArgType(type), 1)
        self._thaw()
        self._put(name, *stored)

    # -- reading with types

    def get_many(self, *keys: str, default: Any = MISSING) -> tuple[Any, ...]:
        """The values of several keys as a tuple. KeyError names the first that is absent."""
        return tuple([self._lookup(key, default) for key in keys])

    def _value_of(self, entry: Entry) -> Any:
        value = entry.value
        if isinstance(value, Arguments) and self._view is None:
            value._thaw()
        return value

    def set_element(self, index: int, value: object, type: ArgType | int | None = None) -> None:
        """Replaces the value at a 1-based index."""
        self.set(self._at(index).key, value, type)

    # -- whole

    def to_dict(self) -> dict[str, Any]:
        """A dict with documented spellings; nested Arguments become dicts."""
        return {
            entry.key: Arguments.to_dict(entry.value)
            if entry.type == ArgType.ARGUMENTS
            else entry.value
            for entry in self._entries()
        }

    def to_bytes(self) -> bytes:
        """The block as bytes; for a view a slice of what was received."""
        view = self._view
        return _encode(self, 1) if view is None else bytes(_raw(view)[:])

    @staticmethod
    def from_buffer(data: Any, /, *, max_size: int = MAX_FRAME_LIMIT) -> Arguments:
        """A view of one encoded block. Bytes are kept; other buffers can change and are copied.

        Raises WireError with reason and offset when the bytes are not exactly one block of at most
        max_size bytes.
        """
        owner = data if type(data) is bytes else bytes(memoryview(data))
        size = len(owner)
        if size > max_size:
            raise WireError(
                f"block: {size} bytes, at most {max_size} are allowed",
                reason=Reason.BLOCK_SIZE,
                offset=0,
            )
        p, error = pointer_to(owner), ffi.new("cw_error *")
        if lib.cw_block_validate(p, size, KEYWORDS, ffi.NULL, error) < 0:
            raise wire_error(error, "block")
        return view_of(p, owner)

    @property
    def is_view(self) -> bool:
        """Whether this still stands on received bytes."""
        return self._view is not None

    def detach(self) -> Arguments:
        """The same content without a hold on the receive slab."""
        view = self._view
        if view is None:
            return self
        raw, owner = _raw(view), view[1]
        if type(owner) is bytes and len(owner) <= len(raw) + HEADER_SIZE:
            return self
        data = bytes(raw[:])
        return view_of(pointer_to(data), data)

    def copy(self) -> Arguments:
        """An independent copy, nested Arguments included."""
        return self._copy()

    def _copy(self) -> Arguments:
        """copy(), whatever a subclass made of that."""
        view = self._view
        if view is not None:
            return view_of(view[0].base, view[1])
        result = Arguments()
        result._items = {
            place: Entry(entry.key, entry.type, _copied(entry))
            for place, entry in list(self._items.items())
        }
        return result

    def __copy__(self) -> Arguments:
        return self.copy()

    def __deepcopy__(self, memo: object) -> Arguments:
        return self.copy()

    def __reduce__(self) -> tuple[Any, ...]:
        return Arguments.from_buffer, (self.to_bytes(),)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Arguments):
            if not isinstance(other, Mapping):
                return NotImplemented
            try:
                other = Arguments(other)
            except (TypeError, ValueError, OverflowError):
                return False
        view, their = self._view, other._view
        if view is not None and their is not None and _raw(view)[:] == _raw(their)[:]:
            return True
        if len(self) != len(other):
            return False
        for entry in self._entries():
            found = other._entry(entry.key)
            nested = entry.type == ArgType.ARGUMENTS
            if found is None or nested != (found.type == ArgType.ARGUMENTS):
                return False
            if entry.value != found.value:
                return False
        return True

    __hash__ = None  # type: ignore[assignment]

    def dump(self) -> str:
        """The text of DumpArgs: a line for each entry, nested ones indented."""
        return "\n".join(_dump_lines(self, ""))

    def __repr__(self) -> str:
        return f"Arguments({self.to_dict()!r})"


def _dump_lines(arguments: Arguments, indent: str) -> Iterator[str]:
    for entry in arguments._entries():
        if entry.type is ArgType.ARGUMENTS:
            yield f"{indent}{entry.key} = {{"
            yield from _dump_lines(entry.value, indent + "  ")
            yield f"{indent}}} (ARGUMENTS)"
        else:
            yield f"{indent}{entry.key} = {as_string(entry.value, entry.type)} ({entry.type.name})"


def _entry_at(block: Block, owner: Owner, index: int) -> Entry:
    """An entry of a view, made for the occasion; index counts from 0."""
    entry = ffi.new("cw_entry *")
    lib.cw_entry_at(block, index, entry)
    kind = arg_type(entry.type)
    value = view_of(entry.data, owner) if kind is ArgType.ARGUMENTS else scalar(entry)
    return Entry(key_text(block, index), kind, value)


def _raw(view: tuple[Block, Owner]) -> Any:
    """A view's bytes as a buffer, for as long as the view is held."""
    return ffi.buffer(view[0].base, view[0].size)


def view_of(p: Pointer, owner: Owner) -> Arguments:
    """A view of a validated block inside the bytes that owner keeps."""
    result = object.__new__(Arguments)
    result._view = open_block(p), owner
    result._items = {}
    return result


def _stored(name: str, value: object, type: ArgType | None, depth: int) -> tuple[ArgType, Any]:
    """Type and stored form of a value; nested mappings become Arguments."""
    if isinstance(value, Arguments) and type in (None, ArgType.ARGUMENTS):
        return ArgType.ARGUMENTS, value
    if isinstance(value, Mapping) and type in (None, ArgType.ARGUMENTS):
        if depth >= MAX_DEPTH:
            raise EncodeError(f"{name}: nested deeper than {MAX_DEPTH}")
        nested = Arguments()
        nested._fill(value, depth + 1)
        return ArgType.ARGUMENTS, nested
    if type is None:
        return infer(name, value)
    return type, typed(name, value, type)


def _depth(arguments: Arguments) -> int:
    """How deep a view nests; 1 when it holds no other."""
    children = [e.value for e in arguments._entries() if e.type == ArgType.ARGUMENTS]
    return 1 + max((_depth(child) for child in children), default=0)


def _encode(arguments: Arguments, depth: int, key: str = "") -> bytes:
    """The block of Arguments that stand at a depth (the outermost is 1)."""
    if depth > MAX_DEPTH:
        raise EncodeError(f"{key}: nested deeper than {MAX_DEPTH}")
    view = arguments._view
    if view is not None:
        if depth > 1 and depth + _depth(arguments) - 1 > MAX_DEPTH:
            raise EncodeError(f"{key}: nested deeper than {MAX_DEPTH}")
        return bytes(_raw(view)[:])
    entries = list(arguments._items.values())
    if len(entries) > MAX_ENTRIES:
        raise EncodeError(f"more than {MAX_ENTRIES} entries in one block")
    parts: list[tuple[str, ArgType, Any]] = []
    for entry in entries:
        value = entry.value
        if entry.type == ArgType.ARGUMENTS:
            value = _encode(value, depth + 1, entry.key)
        parts.append((entry.key, entry.type, value))
    return build_block(parts)


def encode_block(
    arguments: Mapping[str, Any] | Arguments | None, types: TypeMap | None = None
) -> bytes:
    """Whatever a caller may give for Arguments, as a block; types: of a mapping's numbers."""
    if not isinstance(arguments, (Arguments, Mapping, type(None))):
        raise TypeError(f"expected Arguments or a mapping, got {type(arguments).__name__}")
    if not isinstance(arguments, Arguments):
        made = Arguments()
        made._fill(arguments or {}, 1, types)
        arguments = made
    return arguments.to_bytes()
