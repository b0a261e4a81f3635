"""The codec: Arguments, frames, streams and message filters, by the fastest backend there is.

The environment variable FASTCIL_BACKEND (cython, cffi or reference) asks for one explicitly;
BACKEND tells which it is. All of them behave alike: `fastcil.codec._reference` says how.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastcil.codec._select import BACKEND, backend
from fastcil.codec.errors import (
    ConversionError,
    EncodeError,
    FastcilError,
    FilterError,
    Reason,
    TruncatedError,
    WireError,
)
from fastcil.codec.types import (
    MAX_DEPTH,
    MAX_ENTRIES,
    MAX_FRAME_DEFAULT,
    MAX_FRAME_LIMIT,
    MAX_NAME,
    ArgType,
    FrameKind,
)

if TYPE_CHECKING:
    from fastcil.codec._reference import (
        Arguments,
        Frame,
        FrameReader,
        FrameWriter,
        LateFields,
        MessageFilter,
        TypeMap,
        Upkeep,
        dispatch_frames,
        encode_frame,
    )
else:
    Arguments = backend.Arguments
    Frame = backend.Frame
    FrameReader = backend.FrameReader
    FrameWriter = backend.FrameWriter
    LateFields = backend.LateFields
    MessageFilter = backend.MessageFilter
    TypeMap = backend.TypeMap
    Upkeep = backend.Upkeep
    dispatch_frames = backend.dispatch_frames
    encode_frame = backend.encode_frame

__all__ = [
    "BACKEND",
    "MAX_DEPTH",
    "MAX_ENTRIES",
    "MAX_FRAME_DEFAULT",
    "MAX_FRAME_LIMIT",
    "MAX_NAME",
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
    "LateFields",
    "MessageFilter",
    "Reason",
    "TruncatedError",
    "TypeMap",
    "Upkeep",
    "WireError",
    "dispatch_frames",
    "encode_frame",
]
