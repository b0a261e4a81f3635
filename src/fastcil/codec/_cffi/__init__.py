"""The cffi backend of fastcil.codec: the C core on PyPy, and the check of its ABI on CPython."""

from fastcil.codec._cffi.arguments import Arguments
from fastcil.codec._cffi.filters import MessageFilter
from fastcil.codec._cffi.frames import Frame, FrameWriter, encode_frame
from fastcil.codec._cffi.reader import FrameReader
from fastcil.codec._reference.dispatching import dispatch_frames
from fastcil.codec._reference.late import LateFields, Upkeep
from fastcil.codec._reference.typemap import TypeMap

__all__ = [
    "Arguments",
    "Frame",
    "FrameReader",
    "FrameWriter",
    "LateFields",
    "MessageFilter",
    "TypeMap",
    "Upkeep",
    "dispatch_frames",
    "encode_frame",
]
