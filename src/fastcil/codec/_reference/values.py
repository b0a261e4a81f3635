"""Values: what a Python value is stored as, and reading a stored value as another type."""

from __future__ import annotations

from typing import Any

from fastcil.codec._reference.text import BLANKS, decimal, fold
from fastcil.codec.errors import ConversionError, EncodeError
from fastcil.codec.types import ArgType

RANGES = {
    ArgType.INT: (-0x80000000, 0x7FFFFFFF),
    ArgType.UINT: (0, 0xFFFFFFFF),
    ArgType.SHORT: (-0x8000, 0x7FFF),
    ArgType.USHORT: (0, 0xFFFF),
    ArgType.BOOL: (0, 1),
}


def _text(key: str, value: object) -> str | None:
    """A STRING's stored form; None when the value is no text.

    Bytes are kept: those that are no UTF-8 become lone surrogates (surrogateescape).
    """
    if isinstance(value, str):
        try:
            value.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError as error:
            raise EncodeError(
                f"{key}: the text cannot be encoded at character {error.start}: {error.reason}"
            ) from None
        return str.__str__(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode("utf-8", "surrogateescape")
    return None


def infer(key: str, value: object) -> tuple[ArgType, Any]:
    """Type and stored form of a value that is no mapping, from its Python type.

    Raises OverflowError for an int that is neither INT nor UINT, TypeError for other types.
    """
    if value is None:
        return ArgType.NOTSET, None
    if isinstance(value, bool):
        return ArgType.BOOL, value
    if isinstance(value, int):
        number = int(value)
        for kind in (ArgType.INT, ArgType.UINT):
            low, high = RANGES[kind]
            if low <= number <= high:
                return kind, number
        raise OverflowError(
            f"{key}: {number} does not fit INT (-2147483648..2147483647) or UINT (0..4294967295)"
        )
    text = _text(key, value)
    if text is None:
        raise TypeError(
            f"{key}: a value is None, bool, int, str, bytes or a mapping, "
            f"got {type(value).__name__}"
        )
    return ArgType.STRING, text


def typed(key: str, value: object, kind: ArgType) -> Any:
    """The stored form of a value that is no mapping and was given a type.

    Raises OverflowError when a number is out of the type's range, TypeError when the type does not
    take such a value.
    """
    if kind is ArgType.NOTSET and value is None:
        return None
    if kind is ArgType.STRING:
        text = _text(key, value)
        if text is not None:
            return text
    if kind in RANGES and isinstance(value, int):
        number = int(value)
        low, high = RANGES[kind]
        if not low <= number <= high:
            raise out_of_range(key, number, kind)
        return bool(number) if kind is ArgType.BOOL else number
    raise TypeError(f"{key}: {kind.name} does not take {type(value).__name__}")


def out_of_range(key: str, number: int, kind: ArgType) -> OverflowError:
    """The error for a number that does not fit a type."""
    low, high = RANGES[kind]
    return OverflowError(f"{key}: {number} does not fit {kind.name} ({low}..{high})")


def not_convertible(key: str, value: object, kind: ArgType, wanted: str) -> ConversionError:
    """The error for a value that cannot be read as the type asked for."""
    text = repr(value)
    if len(text) > 80:
        text = text[:77] + "..."
    return ConversionError(f"{key}: {kind.name} {text} cannot be read as {wanted}")


# Both are 32 bits, and a program that asks for the other one wants those.
_WHOLE = (ArgType.INT, ArgType.UINT)


def as_integer(key: str, value: Any, kind: ArgType, wanted: ArgType) -> int:
    """A stored value read as INT, UINT, SHORT or USHORT."""
    number: int | None = None
    if kind is ArgType.STRING:
        number = decimal(value)
    elif kind in RANGES:
        number = int(value)
    if number is None:
        raise not_convertible(key, value, kind, wanted.name)
    low, high = RANGES[wanted]
    if low <= number <= high:
        return number
    if kind in _WHOLE and wanted in _WHOLE:
        return number + (1 << 32 if number < 0 else -1 << 32)
    raise out_of_range(key, number, wanted)


def as_bool(key: str, value: Any, kind: ArgType) -> bool:
    """A stored value read as BOOL."""
    if kind in RANGES:
        return bool(value)
    if kind is ArgType.STRING:
        text = fold(value.strip(BLANKS))
        if text in ("true", "1"):
            return True
        if text in ("false", "0"):
            return False
    raise not_convertible(key, value, kind, ArgType.BOOL.name)


def as_string(value: Any, kind: ArgType) -> str:
    """A stored value as text; every type has one."""
    if kind is ArgType.NOTSET:
        return ""
    if kind is ArgType.BOOL:
        return "true" if value else "false"
    if kind is ArgType.ARGUMENTS:
        return str(value.dump())
    return str(value)
