"""fastcil: the open, fast Client Interface Library for contact-centre CTI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastcil.codec import (
    ArgType,
    Arguments,
    ConversionError,
    EncodeError,
    FastcilError,
    FilterError,
    Frame,
    FrameKind,
    FrameReader,
    FrameWriter,
    MessageFilter,
    TruncatedError,
    WireError,
    encode_frame,
)

if TYPE_CHECKING:
    from fastcil.cil import Session, connect, connect_sync

__all__ = [
    "ArgType",
    "Arguments",
    "ConversionError",
    "EncodeError",
    "FastcilError",
    "FilterError",
    "Frame",
    "FrameKind",
    "FrameReader",
    "FrameWriter",
    "MessageFilter",
    "Session",
    "TruncatedError",
    "WireError",
    "connect",
    "connect_sync",
    "encode_frame",
]

_CLIENT = frozenset({"Session", "connect", "connect_sync"})


def __getattr__(name: str) -> object:
    """The client's names, imported when asked for: a program that only decodes needs no sockets."""
    if name in _CLIENT:
        from fastcil import cil

        return getattr(cil, name)
    raise AttributeError(f"module 'fastcil' has no attribute {name!r}")
