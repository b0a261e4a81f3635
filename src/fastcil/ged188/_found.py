"""What the C core found wrong, as the exception that the reference raises for it."""

from __future__ import annotations

from fastcil.ged188.errors import DecodeError, Reason
from fastcil.ged188.layout import layout_of
from fastcil.ged188.schema import HEADER_SIZE, MESSAGES_BY_NUMBER, WIDE_VERSION, MessageSpec

__all__ = ["decode_error"]


def decode_error(
    found: tuple[int, int, int, int, int, int], size: int, version: int, part: int
) -> DecodeError:
    """found: the numbers of cw_ged_error in their order. size: bytes looked at. part: the fixed
    part that the message was taken to have."""
    reason, offset, number = found[:3]
    spec = MESSAGES_BY_NUMBER.get(number)
    name = spec.name if spec is not None else ""
    field, detail = _detail(spec, found, size, version, part)
    if reason == Reason.TRUNCATED:
        return DecodeError(f"message: {detail}", reason=Reason(reason), offset=offset)
    what = name or f"message type {number}"
    where = f"{what}.{field}" if field else what
    return DecodeError(
        f"{where}: {detail} at offset {offset}",
        reason=Reason(reason),
        offset=offset,
        type=number,
        message=name,
        field=field,
    )


def _detail(
    spec: MessageSpec | None,
    found: tuple[int, int, int, int, int, int],
    size: int,
    version: int,
    part: int,
) -> tuple[str, str]:
    """(field, what was expected and what came)."""
    reason, offset, number, field_index, tag, length = found
    if reason == Reason.TRUNCATED:
        return "", f"{size} bytes, the header takes {HEADER_SIZE}"
    if reason == Reason.MESSAGE_TYPE or spec is None:
        return "", _length_detail(length, size) if not offset else "unknown MessageType"
    if reason == Reason.MESSAGE_VERSION:
        return "", f"appeared in version {spec.min_version}, read as version {version}"
    if reason == Reason.MESSAGE_LENGTH:
        if field_index >= 0:
            layout = layout_of(number, version, part)
            body = layout.end - HEADER_SIZE
            return layout.names[field_index], f"{length} bytes of body, {body} expected"
        return "", _length_detail(length, size)
    head = 4 if version >= WIDE_VERSION else 2
    row = spec.floating[-2 - field_index] if field_index < -1 else None
    name = row.name if row is not None else f"#{tag}"
    if reason == Reason.FIELD_TRUNCATED:
        if size - offset < head:
            return "", f"{length} bytes where tag and length take {head}"
        return name, f"length {length}, {size - offset - head} bytes left"
    if reason == Reason.DUPLICATE_FIELD:
        return name, "field given twice"
    if reason == Reason.FIELD_VALUE or row is None:
        return name, "no NUL after the name"
    if row.type.size:
        want = f"a multiple of {row.type.size}" if row.is_array else f"{row.type.size}"
        return name, f"length {length}, {want} expected"
    if length < row.min_size:
        return name, f"length {length}, at least {row.min_size} expected"
    return name, f"length {length}, at most {row.limit(version)} expected"


def _length_detail(length: int, size: int) -> str:
    return f"MessageLength {length}, {size - HEADER_SIZE} bytes after the header"
