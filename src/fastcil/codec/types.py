"""Numbers of the wire: types, kinds and limits (docs/wire-format.md, sections 1, 2.2 and 7)."""

from __future__ import annotations

from enum import IntEnum

__all__ = [
    "MAX_DEPTH",
    "MAX_ENTRIES",
    "MAX_FRAME_DEFAULT",
    "MAX_FRAME_LIMIT",
    "MAX_NAME",
    "MAX_NAMES",
    "ArgType",
    "FrameKind",
]

MAX_FRAME_DEFAULT = 1 << 20
MAX_FRAME_LIMIT = 64 << 20
MAX_ENTRIES = 4096
MAX_DEPTH = 16
MAX_NAME = 255
MAX_NAMES = 65535


class ArgType(IntEnum):
    """The eight types of a value: the documented names without ARG_, with numbers of our own.

    Source: CTI OS Developer Guide, helper classes, enumArgTypes.
    """

    NOTSET = 0
    INT = 1
    UINT = 2
    SHORT = 3
    USHORT = 4
    BOOL = 5
    STRING = 6
    ARGUMENTS = 7


class FrameKind(IntEnum):
    """What a frame is for (docs/wire-format.md, section 5)."""

    EVENT = 1
    REQUEST = 2
    HELLO = 3
    WELCOME = 4
    HEARTBEAT = 5
    HEARTBEAT_CONF = 6
    GAP = 7
    CLOSE = 8
