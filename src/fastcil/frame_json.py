"""Frames as JSON objects and back, exactly: what `fastcil decode` prints and `encode` reads.

A frame is {"kind", "message_id", "name", "epoch", "sequence", "arguments"} and, where they are
needed, "types" and "raw". Types that follow from the JSON value are left out: null NOTSET, true and
false BOOL, a whole number INT (UINT when only that fits), text STRING, an object ARGUMENTS. The
others stand in "types" under the same keys, nested ones as objects. Bytes that are not UTF-8 are
lone surrogates U+DC80 to U+DCFF, as Python's surrogateescape has them. "raw" (base64) holds the
whole frame when encoding these fields would give other bytes; frame_from then takes nothing else.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from fastcil.catalog import EVENTS_BY_ID
from fastcil.codec import Arguments, Frame, encode_frame
from fastcil.codec.errors import EncodeError
from fastcil.codec.types import ArgType, FrameKind

__all__ = ["arguments_from", "dumps", "event_name", "frame_from", "frame_object"]

_INT_MIN, _INT_MAX = -(1 << 31), (1 << 31) - 1
_BY_PYTHON_TYPE = {bool: ArgType.BOOL, str: ArgType.STRING, type(None): ArgType.NOTSET}


def dumps(found: Mapping[str, Any]) -> str:
    """One line of ASCII JSON."""
    return json.dumps(found, separators=(", ", ": "))


def event_name(frame: Frame) -> str | None:
    """The callback of an event, the kind of another frame; None when the catalog has no name."""
    if frame.kind != FrameKind.EVENT:
        return FrameKind(frame.kind).name
    found = EVENTS_BY_ID.get(frame.message_id)
    return found.callback if found is not None else None


def _natural(value: Any) -> ArgType:
    """The type that a JSON value is encoded as when none is given."""
    found = _BY_PYTHON_TYPE.get(type(value))
    if found is not None:
        return found
    return ArgType.INT if _INT_MIN <= value <= _INT_MAX else ArgType.UINT


def _split(arguments: Arguments) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values of a block and those types that do not follow from them."""
    values: dict[str, Any] = {}
    types: dict[str, Any] = {}
    for index in range(1, len(arguments) + 1):
        key = arguments.element_key(index)
        value = arguments.element(index)
        if isinstance(value, Arguments):
            values[key], nested = _split(value)
            if nested:
                types[key] = nested
            continue
        values[key] = value
        kind = ArgType(arguments.element_type(index))
        if kind != _natural(value):
            types[key] = kind.name
    return values, types


def frame_object(frame: Frame) -> dict[str, Any]:
    """A frame as a JSON object from which frame_from makes the same bytes."""
    values, types = _split(frame.arguments)
    found: dict[str, Any] = {
        "kind": FrameKind(frame.kind).name,
        "message_id": frame.message_id,
        "name": event_name(frame),
        "epoch": frame.epoch,
        "sequence": frame.sequence,
        "arguments": values,
    }
    if types:
        found["types"] = types
    data = frame.to_bytes()
    try:
        same = frame_from(found) == data
    except (EncodeError, OverflowError):
        same = False
    if not same:
        found["raw"] = base64.b64encode(data).decode("ascii")
    return found


def arguments_from(values: Mapping[str, Any], types: Mapping[str, Any]) -> Arguments:
    """The Arguments of a JSON object and its types."""
    arguments = Arguments()
    for key, value in values.items():
        kind = types.get(key)
        if isinstance(value, Mapping):
            nested = kind if isinstance(kind, Mapping) else {}
            arguments.set(key, arguments_from(value, nested))
        elif kind is None:
            arguments.set(key, value)
        else:
            try:
                wanted = ArgType[kind]
            except (KeyError, TypeError):
                raise ValueError(f"{key}: unknown type {kind!r}") from None
            arguments.set(key, value, wanted)
    return arguments


def frame_from(found: Mapping[str, Any]) -> bytes:
    """The bytes of a frame given as a JSON object; ValueError, TypeError when it is not one."""
    raw = found.get("raw")
    if raw is not None:
        try:
            return Frame.from_bytes(base64.b64decode(raw, validate=True)).to_bytes()
        except (binascii.Error, TypeError) as error:
            raise ValueError(f"raw: {error}") from None
    values = found.get("arguments", {})
    types = found.get("types", {})
    if not isinstance(values, Mapping) or not isinstance(types, Mapping):
        raise ValueError("arguments and types must be JSON objects")
    try:
        kind = FrameKind[found.get("kind", "EVENT")]
    except KeyError:
        raise ValueError(f"kind: {found.get('kind')!r} is none of the frame kinds") from None
    if "message_id" not in found:
        raise ValueError("message_id is missing")
    return encode_frame(
        found["message_id"],
        arguments_from(values, types),
        kind=kind,
        epoch=found.get("epoch", 0),
        sequence=found.get("sequence", 0),
    )
