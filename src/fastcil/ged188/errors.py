"""Errors of the GED-188 codec: who broke what is the type, and where is in the attributes.

DecodeError: the peer's bytes are no message of the protocol. EncodeError: the caller asked for a
message that cannot be. Both are FastcilError and ValueError.
"""

from __future__ import annotations

from enum import IntEnum

from fastcil.codec.errors import EncodeError as _CodecEncodeError
from fastcil.codec.errors import FastcilError

__all__ = ["DecodeError", "EncodeError", "Reason"]


class Reason(IntEnum):
    """Why bytes are no message."""

    TRUNCATED = 1
    MESSAGE_LENGTH = 2
    MESSAGE_TYPE = 3
    MESSAGE_VERSION = 4
    FIELD_LENGTH = 5
    FIELD_TRUNCATED = 6
    FIELD_VALUE = 7
    DUPLICATE_FIELD = 8


class DecodeError(FastcilError, ValueError):
    """Bytes that are no GED-188 message.

    message: its name, or "" when the type is unknown. type: MessageType. field: name of the fixed
    or floating field, "" when the fault is none's. offset: in bytes from the start of the message
    (its header). stream_offset: of the message in the stream, None when there is no stream.
    resumable: whether the reader can go on with the next message of the stream; False when the
    length itself cannot be believed.
    """

    def __init__(
        self,
        text: str,
        *,
        reason: Reason,
        offset: int,
        type: int = 0,
        message: str = "",
        field: str = "",
        resumable: bool = True,
    ) -> None:
        super().__init__(text)
        self.reason = Reason(reason)
        self.offset = offset
        self.type = type
        self.message = message
        self.field = field
        self.resumable = resumable
        self.stream_offset: int | None = None
        self.data = b""
        """The bytes of the message, header included, where its length could be believed."""

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (str(self), dict(self.__dict__))


class EncodeError(_CodecEncodeError):
    """Values that no message can be made of; the text names message and field."""


def _restore(text: str, state: dict[str, object]) -> DecodeError:
    error = DecodeError(text, reason=Reason.TRUNCATED, offset=0)
    error.__dict__.update(state)
    return error
