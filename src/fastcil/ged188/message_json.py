"""Messages of GED-188 as JSON objects and back, exactly: what `fastcil decode` prints.

A message is {"type", "name", "fields", "floating"}: fixed fields in order, floating ones as
[name, value] in the order of the wire. Numbers are numbers, STRING is text without its NUL, UNSPEC
hex, NAMEDVAR {"name", "value"}, NAMEDARRAY {"index", "name", "value"}, an array a list of numbers;
a tag that the version's message does not have is {"tag", "hex"}. A text that is not the canonical
one (no NUL at its end, or one inside) is {"hex"}, so that the same bytes come back. Bytes that are
not UTF-8 are lone surrogates U+DC80 to U+DCFF. A message whose format is documented nowhere has its
"body" as hex.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Union

from fastcil.ged188 import DecodeError, Message, encode_message
from fastcil.ged188.schema import FieldSpec, FieldType, MessageSpec, message_spec

__all__ = ["error_object", "message_from", "message_object"]

_Pair = tuple[Union[str, int], Any]
_NAMED = (FieldType.NAMEDVAR, FieldType.NAMEDARRAY)


def message_object(message: Message) -> dict[str, Any]:
    """A message as a JSON object from which message_from makes the same bytes."""
    spec = message_spec(message.type)
    found: dict[str, Any] = {
        "type": message.type,
        "name": message.name,
        "fields": dict(message.fields),
        "floating": [],
    }
    if not spec.documented:
        found["body"] = message.body.hex()
        return found
    specs = {field.name: field for field in spec.floating}
    for (key, value), (tag, raw) in zip(message.floating, message.raw_floating):
        if isinstance(key, int):
            found["floating"].append({"tag": tag, "hex": raw.hex()})
        else:
            found["floating"].append([key, _shown(specs[key], value, raw)])
    return found


def _shown(field: FieldSpec, value: Any, raw: bytes) -> Any:
    """A value as JSON has it; hex when the value alone would not give the same bytes."""
    kind = field.type
    if kind is FieldType.UNSPEC:
        return raw.hex()
    if kind is FieldType.STRING:
        return value if _text(value) == raw else {"hex": raw.hex()}
    if kind is FieldType.NAMEDVAR:
        if _text(value.name) + _text(value.value) != raw:
            return {"hex": raw.hex()}
        return {"name": value.name, "value": value.value}
    if kind is FieldType.NAMEDARRAY:
        if raw[:1] + _text(value.name) + _text(value.value) != raw:
            return {"hex": raw.hex()}
        return {"index": value.index, "name": value.name, "value": value.value}
    return value


def _text(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape") + b"\0"


def error_object(error: DecodeError) -> dict[str, Any]:
    """What is printed of bytes that are no message."""
    found: dict[str, Any] = {}
    if error.type:
        found["type"] = error.type
    if error.message:
        found["name"] = error.message
    found["error"] = str(error)
    found["reason"] = error.reason.name
    if error.field:
        found["field"] = error.field
    if error.data:
        found["hex"] = error.data.hex()
    return found


def message_from(found: Mapping[str, Any], version: int) -> bytes:
    """The bytes of a message given as a JSON object.

    Raises ValueError, KeyError or TypeError where it is none; EncodeError is a ValueError.
    """
    key = found.get("type", found.get("name"))
    if not isinstance(key, (int, str)) or isinstance(key, bool):
        raise ValueError('"type" or "name" is missing')
    spec = message_spec(key)
    body = found.get("body")
    if body is not None:
        return encode_message(spec.number, body=bytes.fromhex(body), version=version)
    fields, floating = found.get("fields", {}), found.get("floating", [])
    if not isinstance(fields, Mapping) or not isinstance(floating, list):
        raise ValueError('"fields" is an object, "floating" a list')
    if not spec.documented:
        raise ValueError(f'{spec.name}: "body" is missing')
    specs = {field.name: field for field in spec.floating}
    pairs = _exact(spec, [_pair(specs, entry) for entry in floating])
    return encode_message(spec.number, dict(fields), floating=pairs, version=version)


def _pair(specs: Mapping[str, FieldSpec], entry: Any) -> _Pair:
    """One floating field as encode_message takes it."""
    if isinstance(entry, list) and len(entry) == 2:
        name, value = entry
        if isinstance(name, str):
            return name, _value(specs.get(name), name, value)
        if name is None:
            entry = value
    if isinstance(entry, Mapping):
        tag, raw = entry.get("tag"), entry.get("hex")
        if isinstance(tag, int) and isinstance(raw, str):
            return tag, bytes.fromhex(raw)
    raise ValueError(f'a floating field is [name, value] or {{"tag", "hex"}}, got {entry!r}')


def _value(field: FieldSpec | None, name: str, value: Any) -> Any:
    """A value of JSON as encode_message takes it, which checks it further."""
    if isinstance(value, Mapping):
        if isinstance(value.get("hex"), str):
            return bytes.fromhex(value["hex"])
        if field is not None and field.type in _NAMED and "name" in value and "value" in value:
            texts = (value["name"], value["value"])
            return texts if field.type is FieldType.NAMEDVAR else (value.get("index"), *texts)
        raise ValueError(f"{name}: {value!r} is no value of this field")
    if field is not None and field.type is FieldType.UNSPEC and isinstance(value, str):
        return bytes.fromhex(value)
    return value


def _exact(spec: MessageSpec, pairs: list[_Pair]) -> list[_Pair]:
    """The same floating fields, with nothing that encode_message would add to them.

    It puts the floating count of a list before its first member when there is none. A peer that
    left it out is to get its bytes back, so the members of such a list go by tag.
    """
    given = {name for name, _ in pairs}
    fields = {field.name: field for field in spec.floating}
    uncounted = {
        member
        for one in spec.lists
        if one.count in fields and one.count not in given
        for member in one.members
    }
    return [
        _by_tag(fields[name], value) if isinstance(name, str) and name in uncounted else pair
        for pair in pairs
        for name, value in [pair]
    ]


def _by_tag(field: FieldSpec, value: Any) -> _Pair:
    """A number as the bytes it travels as; anything else is left for encode_message to judge."""
    if isinstance(value, int) and field.type.size:
        signed = field.type is FieldType.INT
        try:
            return field.tag, value.to_bytes(field.type.size, "big", signed=signed)
        except OverflowError:
            pass
    return field.name, value
