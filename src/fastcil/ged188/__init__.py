"""GED-188: the protocol between a CTI Server and its clients.

Message, MessageReader and encode_message are the codec; schema has the message set, enums the
constants. docs/ged188.md says where the facts come from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastcil.ged188 import _select
from fastcil.ged188.errors import DecodeError, EncodeError, Reason
from fastcil.ged188.layout import NamedArray, NamedVariable
from fastcil.ged188.schema import FIRST_VERSION, LAST_VERSION, MAX_MESSAGE_SIZE

if TYPE_CHECKING:
    from fastcil.ged188._reference import Message, MessageReader, encode_message
else:
    _backend = _select.load()
    Message = _backend.Message
    MessageReader = _backend.MessageReader
    encode_message = _backend.encode_message

NULL_UINT = 0xFFFFFFFF
"""A UINT that is absent: many ids are all ones when there is none."""
NULL_USHORT = 0xFFFF
"""A USHORT that is absent."""

__all__ = [
    "FIRST_VERSION",
    "LAST_VERSION",
    "MAX_MESSAGE_SIZE",
    "NULL_UINT",
    "NULL_USHORT",
    "DecodeError",
    "EncodeError",
    "Message",
    "MessageReader",
    "NamedArray",
    "NamedVariable",
    "Reason",
    "encode_message",
]
