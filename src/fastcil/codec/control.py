"""Control frames: opening, heartbeats, gaps, closing (docs/wire-format.md, sections 4 and 5).

Builders return the bytes of one frame; parsers take a Frame and return a dataclass, or raise
WireError when the frame is not what it should be. Nothing here does I/O or knows the time, and all
of it works on whatever backend fastcil.codec has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NoReturn

from fastcil.catalog import KEYWORDS
from fastcil.codec import Arguments, Frame, encode_frame
from fastcil.codec.errors import ConversionError, Reason, WireError
from fastcil.codec.types import MAX_FRAME_DEFAULT, MAX_FRAME_LIMIT, ArgType, FrameKind

__all__ = [
    "HELLO_ID",
    "KEYWORD_COUNT",
    "WIRE_VERSION",
    "Close",
    "CloseReason",
    "Gap",
    "GapReason",
    "Hello",
    "NegotiationError",
    "Welcome",
    "close",
    "gap",
    "heartbeat",
    "heartbeat_conf",
    "hello",
    "negotiate",
    "parse_close",
    "parse_gap",
    "parse_hello",
    "parse_welcome",
    "welcome",
]

HELLO_ID = 0x314C4943  # the bytes CIL1
WIRE_VERSION = 1
KEYWORD_COUNT = len(KEYWORDS) - 1

# The least that a peer may announce: a frame of 32 bytes holds nothing but an empty block.
_FRAME_MIN = 32
_ARGUMENTS_AT = 24
_DECIMAL = re.compile(r"-?[0-9]{1,20}")
_SEQUENCE_MAX = 0xFFFFFFFFFFFFFFFF


class CloseReason(IntEnum):
    """Why a side closes: the message id of its CLOSE."""

    ORDERLY = 0
    PROTOCOL_ERROR = 1
    VERSION = 2
    TIME_OUT = 3
    TOO_SLOW = 4
    LIMIT_REACHED = 5
    NOT_ALLOWED = 6
    GOING_DOWN = 7


class NegotiationError(WireError):
    """No version of the wire is known to both sides; the server closes with CloseReason.VERSION."""


@dataclass(frozen=True)
class Hello:
    """What a client says first. heartbeat_interval is in milliseconds, 0 for none.

    resume_epoch and resume_sequence tell where its last connection ended; both or neither.
    """

    version_min: int = WIRE_VERSION
    version_max: int = WIRE_VERSION
    keyword_count: int = KEYWORD_COUNT
    max_frame: int = MAX_FRAME_DEFAULT
    heartbeat_interval: int = 0
    client_name: str = ""
    resume_epoch: int | None = None
    resume_sequence: int | None = None


@dataclass(frozen=True)
class Welcome:
    """What a server answers: the negotiated keyword_count, the max_frame that it reads itself."""

    version: int = WIRE_VERSION
    keyword_count: int = KEYWORD_COUNT
    max_frame: int = MAX_FRAME_DEFAULT
    heartbeat_interval: int = 0
    connection_id: str = ""
    current_server: str = ""
    status_system: int = 0


class GapReason:
    """Why events were left out."""

    SLOW = "slow"
    RECONNECT = "reconnect"


@dataclass(frozen=True)
class Gap:
    """Events that will not come: from_sequence to to_sequence of an epoch, both included."""

    missed: int
    from_sequence: int
    to_sequence: int
    epoch: int
    reason: str


@dataclass(frozen=True)
class Close:
    """The last frame of its sender. reason is a CloseReason, or the number of a later version."""

    reason: int
    message: str


def hello(what: Hello | None = None) -> bytes:
    """The HELLO of a client.

    Raises OverflowError for numbers that do not fit, ValueError for half a resume position.
    """
    what = Hello() if what is None else what
    block = Arguments(
        {
            "WireVersionMin": what.version_min,
            "WireVersionMax": what.version_max,
            "KeywordCount": what.keyword_count,
            "MaxFrame": what.max_frame,
            "HeartbeatInterval": what.heartbeat_interval,
        }
    )
    if what.client_name:
        block["ClientName"] = what.client_name
    if (what.resume_epoch is None) != (what.resume_sequence is None):
        raise ValueError("resume_epoch and resume_sequence are given together or not at all")
    if what.resume_epoch is not None:
        block.set("ResumeEpoch", what.resume_epoch, ArgType.UINT)
        block["ResumeSequence"] = str(what.resume_sequence)
    return encode_frame(HELLO_ID, block, kind=FrameKind.HELLO)


def parse_hello(frame: Frame) -> Hello:
    """A HELLO read. Raises WireError when the frame is none, or says what cannot be."""
    fields = _Fields(frame, FrameKind.HELLO, HELLO_ID)
    version_min = fields.number("WireVersionMin", 1, 0x7FFFFFFF)
    version_max = fields.number("WireVersionMax", version_min, 0x7FFFFFFF)
    epoch = sequence = None
    if "ResumeEpoch" in frame.arguments or "ResumeSequence" in frame.arguments:
        epoch = fields.number("ResumeEpoch", 0, 0xFFFFFFFF)
        sequence = fields.number("ResumeSequence", 0, _SEQUENCE_MAX)
    return Hello(
        version_min=version_min,
        version_max=version_max,
        keyword_count=fields.number("KeywordCount", 0, 0x7FFF),
        max_frame=min(fields.number("MaxFrame", _FRAME_MIN, 0x7FFFFFFF), MAX_FRAME_LIMIT),
        heartbeat_interval=fields.number("HeartbeatInterval", 0, 0x7FFFFFFF),
        client_name=fields.text("ClientName"),
        resume_epoch=epoch,
        resume_sequence=sequence,
    )


def negotiate(
    what: Hello,
    *,
    max_frame: int = MAX_FRAME_DEFAULT,
    heartbeat_interval: int = 0,
    connection_id: str = "",
    current_server: str = "",
    status_system: int = 0,
) -> Welcome:
    """The WELCOME that a HELLO gets from a server with these values.

    The highest version both know, the smaller keyword count. Raises NegotiationError when no
    version fits.
    """
    if not what.version_min <= WIRE_VERSION <= what.version_max:
        raise NegotiationError(
            f"expected a client of wire version {WIRE_VERSION}, "
            f"got {what.version_min} to {what.version_max} (value at offset {_ARGUMENTS_AT})",
            reason=Reason.VALUE,
            offset=_ARGUMENTS_AT,
        )
    return Welcome(
        version=WIRE_VERSION,
        keyword_count=min(what.keyword_count, KEYWORD_COUNT),
        max_frame=max_frame,
        heartbeat_interval=heartbeat_interval,
        connection_id=connection_id,
        current_server=current_server,
        status_system=status_system,
    )


def welcome(what: Welcome) -> bytes:
    """The WELCOME of a server."""
    block = {
        "WireVersion": what.version,
        "KeywordCount": what.keyword_count,
        "MaxFrame": what.max_frame,
        "HeartbeatInterval": what.heartbeat_interval,
        "CILConnectionID": what.connection_id,
        "CurrentServer": what.current_server,
        "StatusSystem": what.status_system,
    }
    return encode_frame(HELLO_ID, block, kind=FrameKind.WELCOME)


def parse_welcome(frame: Frame) -> Welcome:
    """A WELCOME read. Raises WireError when the frame is none, or says what cannot be."""
    fields = _Fields(frame, FrameKind.WELCOME, HELLO_ID)
    return Welcome(
        version=fields.number("WireVersion", WIRE_VERSION, WIRE_VERSION),
        keyword_count=fields.number("KeywordCount", 0, KEYWORD_COUNT),
        max_frame=min(fields.number("MaxFrame", _FRAME_MIN, 0x7FFFFFFF), MAX_FRAME_LIMIT),
        heartbeat_interval=fields.number("HeartbeatInterval", 0, 0x7FFFFFFF),
        connection_id=fields.text("CILConnectionID"),
        current_server=fields.text("CurrentServer"),
        status_system=fields.number("StatusSystem", -0x80000000, 0xFFFFFFFF),
    )


def heartbeat(event_time: int | None = None) -> bytes:
    """A HEARTBEAT, with EventTime (seconds since 1970) when it is given."""
    block = Arguments()
    if event_time is not None:
        block.set("EventTime", event_time, ArgType.UINT)
    return encode_frame(0, block, kind=FrameKind.HEARTBEAT)


def heartbeat_conf(frame: Frame) -> bytes:
    """The answer to a HEARTBEAT: the same entries. Raises WireError when the frame is none."""
    _Fields(frame, FrameKind.HEARTBEAT, 0)
    return encode_frame(0, frame.arguments, kind=FrameKind.HEARTBEAT_CONF)


def gap(what: Gap) -> bytes:
    """A GAP: these events will not come. missed is cut to what fits UINT."""
    block = Arguments()
    block.set("Missed", min(what.missed, 0xFFFFFFFF), ArgType.UINT)
    block["FromSequence"] = str(what.from_sequence)
    block["ToSequence"] = str(what.to_sequence)
    block.set("Epoch", what.epoch, ArgType.UINT)
    block["Reason"] = what.reason
    return encode_frame(0, block, kind=FrameKind.GAP)


def parse_gap(frame: Frame) -> Gap:
    """A GAP read. Raises WireError when the frame is none, or says what cannot be."""
    fields = _Fields(frame, FrameKind.GAP, 0)
    first = fields.number("FromSequence", 0, _SEQUENCE_MAX)
    return Gap(
        missed=fields.number("Missed", 0, 0xFFFFFFFF),
        from_sequence=first,
        to_sequence=fields.number("ToSequence", first, _SEQUENCE_MAX),
        epoch=fields.number("Epoch", 0, 0xFFFFFFFF),
        reason=fields.text("Reason"),
    )


def close(reason: CloseReason = CloseReason.ORDERLY, message: str = "") -> bytes:
    """A CLOSE, with words when there are any."""
    block: Mapping[str, Any] = {"ErrorMessage": message} if message else {}
    return encode_frame(reason, block, kind=FrameKind.CLOSE)


def parse_close(frame: Frame) -> Close:
    """A CLOSE read. Raises WireError when the frame is none."""
    fields = _Fields(frame, FrameKind.CLOSE, None)
    reason = frame.message_id
    if reason <= max(CloseReason):
        reason = CloseReason(reason)
    return Close(reason=reason, message=fields.text("ErrorMessage"))


class _Fields:
    """The entries of one control frame, read with errors that say what was expected."""

    def __init__(self, frame: Frame, kind: FrameKind, message_id: int | None) -> None:
        self.frame = frame
        self.kind = kind
        if frame.kind != kind:
            self.fail(f"a frame of kind {kind.name}", str(frame.kind), Reason.FRAME_KIND, 12)
        if message_id is not None and frame.message_id != message_id:
            self.fail(f"message id {message_id:#x}", f"{frame.message_id:#x}", Reason.VALUE, 4)

    def fail(self, expected: str, got: str, reason: Reason, offset: int) -> NoReturn:
        word = reason.name.lower().replace("_", "-")
        raise WireError(
            f"{self.kind.name}: expected {expected}, got {got} ({word} at offset {offset})",
            reason=reason,
            offset=offset,
        )

    def number(self, key: str, low: int, high: int) -> int:
        """A number that must be there: of any number type, or decimal text."""
        arguments = self.frame.arguments
        try:
            text = arguments.get_string(key)
            number = int(text) if _DECIMAL.fullmatch(text) else None
        except (KeyError, ConversionError):
            text, number = "nothing", None
        if number is None or not low <= number <= high:
            self.fail(f"{key} of {low} to {high}", repr(text), Reason.VALUE, _ARGUMENTS_AT)
        return number

    def text(self, key: str) -> str:
        """A text; empty when the key is absent."""
        found: str = self.frame.arguments.get_string(key, "")
        return found
