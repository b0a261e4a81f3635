"""Log lines without secrets: passwords never, a caller's own data only when it is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["describe", "redact"]

_HIDDEN = "***"
_PART = r"[\w.\[\]]{0,64}"
_NAME = rf"{_PART}(?:password|passwd|passphrase|secret|authorization|credential){_PART}"
_SECRET_KEY = re.compile(_NAME, re.IGNORECASE)
# A quoted value, or one that goes on to the next 'key = value', the end of a structure or line.
_SECRET = re.compile(
    rf"""(?P<key>\b{_NAME}['"]?\s*[=:]\s*)"""
    r"""(?:(?P<quote>['"])(?:\\.|(?!(?P=quote)).)*(?P=quote)?|.*?(?=[;,]\s*['"]?[\w.\[\]]+['"]?\s*[=:]|[;}\]]*$))""",
    re.IGNORECASE | re.MULTILINE,
)
_PERSONAL_KEY = re.compile(
    r"CallVariable\d+|ECC|user\..*|UserToUserInfo|CallerEnteredDigits|DTMFString", re.IGNORECASE
)
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), 127, 0x85)}
_CONTROL.update({9: "\t", 10: "\\n", 13: "\\r", 0x2028: "\\u2028", 0x2029: "\\u2029"})


def redact(text: str) -> str:
    """One line: values of keys that name a secret are hidden, control characters shown as text."""
    return _SECRET.sub(lambda found: found["key"] + _HIDDEN, text).translate(_CONTROL)


def describe(fields: Mapping[str, Any], *, personal: bool = False) -> str:
    """'key = value; …' of an event's or request's fields, nested ones in braces.

    Passwords are hidden; so are call variables, ECC and digits of a caller unless personal.
    """
    found = []
    for key in fields:
        if _SECRET_KEY.fullmatch(key) or (not personal and _PERSONAL_KEY.fullmatch(key)):
            value = _HIDDEN
        else:
            one = fields[key]
            nested = isinstance(one, Mapping)
            value = f"{{{describe(one, personal=personal)}}}" if nested else str(one)
        found.append(f"{key} = {value};")
    return " ".join(found).translate(_CONTROL)
