"""The pure-Python backend of fastcil.codec: slow, obvious, and the oracle of the others.

It follows docs/wire-format.md and docs/filter-program.md rule by rule, and decodes everything as
soon as it is received. What another backend answers differently is a bug of one of the two.
"""

from __future__ import annotations

from fastcil.codec._reference.arguments import Arguments
from fastcil.codec._reference.dispatching import dispatch_frames
from fastcil.codec._reference.filters import MessageFilter
from fastcil.codec._reference.frames import Frame, FrameWriter, encode_frame
from fastcil.codec._reference.late import LateFields, Upkeep
from fastcil.codec._reference.reader import FrameReader
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
