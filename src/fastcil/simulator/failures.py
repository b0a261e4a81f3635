"""Which status tells a client what was wrong with its message.

Source: guide, Constants and Status Codes, Failure Indication Message Status Codes.
"""

from __future__ import annotations

from functools import cache

from fastcil.ged188 import DecodeError, Message, Reason
from fastcil.ged188.enums import StatusCode
from fastcil.ged188.schema import HEADER_SIZE, MESSAGES, MESSAGES_BY_NUMBER

__all__ = ["Refusal", "decode_status", "invoke_id_of", "tag_status"]

_STATUS = {
    Reason.TRUNCATED: StatusCode.E_CTI_INVALID_MESSAGE_LENGTH,
    Reason.MESSAGE_LENGTH: StatusCode.E_CTI_BAD_MESSAGE_FORMAT,
    Reason.MESSAGE_TYPE: StatusCode.E_CTI_INVALID_MSG_TYPE_FOR_VERSION,
    Reason.MESSAGE_VERSION: StatusCode.E_CTI_INVALID_MSG_TYPE_FOR_VERSION,
    Reason.FIELD_LENGTH: StatusCode.E_CTI_INVALID_FIELD_LENGTH,
    Reason.FIELD_TRUNCATED: StatusCode.E_CTI_INVALID_FIELD_LENGTH,
    Reason.FIELD_VALUE: StatusCode.E_CTI_BAD_MESSAGE_FORMAT,
    Reason.DUPLICATE_FIELD: StatusCode.E_CTI_BAD_MESSAGE_FORMAT,
}


class Refusal(Exception):
    """The server does not do what the client asked: FAILURE_CONF with this StatusCode."""

    def __init__(self, status: StatusCode, text: str) -> None:
        super().__init__(text)
        self.status = status


def decode_status(error: DecodeError) -> StatusCode:
    """The status for bytes that are no message.

    A MessageLength that cannot be believed is E_CTI_INVALID_MESSAGE_LENGTH; one that is right but
    does not fit the fixed part is E_CTI_BAD_MESSAGE_FORMAT ("omitted or incorrectly sized fixed
    message fields"). The guide has no status for an unknown MessageType of its own: it is one
    that is invalid for the opened version.
    """
    if not error.resumable:
        return StatusCode.E_CTI_INVALID_MESSAGE_LENGTH
    return _STATUS[error.reason]


def invoke_id_of(data: bytes) -> int | None:
    """The InvokeID of a message that may be damaged; None when its type has none.

    Every request begins with one, and so a message of unknown type is taken to.
    """
    if len(data) < HEADER_SIZE + 4:
        return None
    spec = MESSAGES_BY_NUMBER.get(int.from_bytes(data[4:8], "big"))
    if spec is not None and spec.documented and not spec.has_invoke_id:
        return None
    return int.from_bytes(data[HEADER_SIZE : HEADER_SIZE + 4], "big")


@cache
def _tags() -> dict[int, int]:
    """Every tag of the message set, and the first version that has it."""
    found: dict[int, int] = {}
    for spec in MESSAGES:
        for field in spec.floating:
            first = max(field.min_version, spec.min_version)
            found[field.tag] = min(found.get(field.tag, first), first)
    found.pop(0, None)  # fields whose tag is printed nowhere
    return found


@cache
def _tags_of(number: int, version: int) -> frozenset[int]:
    return frozenset(f.tag for f in MESSAGES_BY_NUMBER[number].floating_of(version))


def tag_status(message: Message, raw_tags: list[int]) -> tuple[StatusCode, int] | None:
    """What is wrong with the tags of a message's floating fields, and which tag; None if nothing.

    A tag of no field is E_CTI_INVALID_FIELD_TAG, one of a later version
    E_CTI_INVALID_TAG_FOR_VERSION, one of another message E_CTI_INVALID_TAG_FOR_MSG_TYPE.
    """
    spec = MESSAGES_BY_NUMBER[message.type]
    if not spec.documented:
        return None
    known = _tags_of(message.type, message.version)
    for tag in raw_tags:
        if tag in known:
            continue
        first = _tags().get(tag)
        if first is None:
            return StatusCode.E_CTI_INVALID_FIELD_TAG, tag
        if first > message.version:
            return StatusCode.E_CTI_INVALID_TAG_FOR_VERSION, tag
        return StatusCode.E_CTI_INVALID_TAG_FOR_MSG_TYPE, tag
    return None
