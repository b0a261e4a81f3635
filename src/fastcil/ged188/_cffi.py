"""The C core through cffi: checking and indexing in C, values in Python. The backend on PyPy, and
the check of the C ABI."""

from __future__ import annotations

from fastcil.codec._cilwire_cffi import ffi, lib  # type: ignore[import-not-found,unused-ignore]
from fastcil.ged188 import _reference
from fastcil.ged188._encode import encode_message
from fastcil.ged188._found import decode_error
from fastcil.ged188._reference import Parsed
from fastcil.ged188.layout import layout_of

__all__ = ["Message", "MessageReader", "encode_message"]


def parse(data: bytes, version: int, strict: bool) -> Parsed:
    """Check one whole message, header included. Raises DecodeError."""
    view = ffi.new("cw_ged_view *")
    error = ffi.new("cw_ged_error *")
    raw = ffi.from_buffer("uint8_t[]", data)
    flags = 0 if strict else lib.CW_GED_LENIENT
    if lib.cw_ged_open(raw, len(data), version, flags, view, error) < 0:
        found = (error.reason, error.offset, error.type, error.field, error.tag, error.length)
        raise decode_error(found, len(data), version, view.part)
    floating = []
    field = ffi.new("cw_ged_field *")
    at = view.end
    while lib.cw_ged_at(view, at, field):
        start = field.next - field.length
        floating.append((field.tag, field.slot, start, field.length))
        at = field.next
    return Parsed(layout_of(view.type, version, view.part), floating)


class Message(_reference.Message):
    """One received message, checked by the C core."""

    __slots__ = ()
    _parse = staticmethod(parse)


class MessageReader(_reference.MessageReader):
    """Chunks in, messages out."""

    _message = Message
