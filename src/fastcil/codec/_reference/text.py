"""Keys and text: trimming, case, keywords, UTF-8 flags and decimal numbers."""

from __future__ import annotations

from typing import Union

from fastcil.catalog import KEYWORDS
from fastcil.catalog import keyword_id as catalog_keyword_id
from fastcil.codec.errors import EncodeError
from fastcil.codec.types import MAX_NAME

BLANKS = " \t\n\v\f\r"
KEYWORD_COUNT = len(KEYWORDS) - 1
MAX_KEYWORD_ID = 0x7FFF
NON_ASCII = 0x80000000
OPAQUE = 0x40000000

# What an entry is filed under: a keyword id, or a name with ASCII case folded.
Filed = Union[int, str]

_FOLD = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def fold(text: str) -> str:
    """ASCII A-Z become a-z; nothing else changes (docs/wire-format.md, section 2.1)."""
    return text.translate(_FOLD)


def hash_number(name: str) -> int:
    """The N of `#N` without leading zero, when it is at most 32,767; else 0."""
    digits = name[1:]
    if not (name.startswith("#") and 1 <= len(digits) <= 5 and is_digits(digits)):
        return 0
    if digits.startswith("0") or int(digits) > MAX_KEYWORD_ID:
        return 0
    return int(digits)


def keyword_id(name: str) -> int:
    """The id of a trimmed key: of a keyword, or of `#N` above the table; 0 when it is a name."""
    found = catalog_keyword_id(name) if name.isascii() else 0
    if found:
        return found
    number = hash_number(name)
    return number if number > KEYWORD_COUNT else 0


def keyword_text(number: int) -> str:
    """The documented spelling of a keyword id; `#N` above the table."""
    return KEYWORDS[number] if number <= KEYWORD_COUNT else f"#{number}"


def filed(key: object) -> Filed:
    """What a key that is looked up is filed under. Raises TypeError when it is no str."""
    if not isinstance(key, str):
        raise TypeError(f"keys are str, got {type(key).__name__}")
    name = key.strip(BLANKS)
    return keyword_id(name) or fold(name)


def check_key(key: object) -> str:
    """A key that is to be stored, trimmed.

    Raises TypeError when it is no str; EncodeError when it is empty, longer than 255 bytes, or no
    text (lone surrogates).
    """
    if not isinstance(key, str):
        raise TypeError(f"keys are str, got {type(key).__name__}")
    name = key.strip(BLANKS)
    if not name:
        raise EncodeError("a key is empty")
    try:
        size = len(name.encode())
    except UnicodeEncodeError as error:
        raise EncodeError(f"key {name!r} is not text: {error.reason}") from None
    if size > MAX_NAME:
        raise EncodeError(f"key {name[:32]!r}… has {size} bytes, at most {MAX_NAME} are allowed")
    return name


def is_digits(text: str) -> bool:
    """Whether a text is one ASCII digit or more, and nothing else."""
    return text.isascii() and text.isdigit()


def decimal(text: str) -> int | None:
    """The number of a text that is [+-]?[0-9]+ with blanks around it; None for any other text.

    Numbers of more than 20 digits (leading zeros aside) are answered by one that fits no type:
    converting a hostile length exactly would take quadratic time.
    """
    text = text.strip(BLANKS)
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not is_digits(digits):
        return None
    digits = digits.lstrip("0") or "0"
    if len(digits) > 20:
        digits = "1" + "0" * 20
    return -int(digits) if text[0] == "-" else int(digits)


def is_utf8(raw: bytes) -> bool:
    """Whether bytes are well-formed UTF-8 (RFC 3629)."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def text_flags(raw: bytes) -> int:
    """The flags of a string's bytes (docs/wire-format.md, section 2.2)."""
    if raw.isascii():
        return 0
    return NON_ASCII if is_utf8(raw) else NON_ASCII | OPAQUE
