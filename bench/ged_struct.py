"""A decoder of GED-188 on the struct module, as a careful programmer would write it by hand.

One precompiled Struct for the fixed part, one for tag and length, and for each tag of the message
a function that turns its bytes into a value, looked up in a dict. Nothing is interpreted at run
time, nothing is checked beyond what slicing needs: it is faster than one that is safe.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Any

from fastcil.ged188 import NamedArray, NamedVariable
from fastcil.ged188.schema import MessageSpec, message_spec

CODES = {"UCHAR": "B", "USHORT": "H", "BOOL": "H", "INT": "i", "UINT": "I", "TIME": "I"}


def _text(data: bytes) -> str:
    return data[:-1].decode()


def _named(data: bytes) -> NamedVariable:
    name, _, value = data.partition(b"\0")
    return NamedVariable(name.decode(), value[:-1].decode())


def _element(data: bytes) -> NamedArray:
    name, _, value = data[1:].partition(b"\0")
    return NamedArray(data[0], name.decode(), value[:-1].decode())


def _number(code: str) -> Callable[[bytes], int]:
    unpack = Struct(f">{code}").unpack
    return lambda data: unpack(data)[0]


def decoder(name: str, version: int) -> Callable[[bytes], dict[str, Any]]:
    """decode(data) of one message type at a version from 20 on."""
    spec: MessageSpec = message_spec(name)
    fixed = spec.fixed_of(version)
    head = Struct(">8x" + "".join(CODES[f.type.value] for f in fixed))
    names = tuple(f.name for f in fixed)
    fields: dict[int, tuple[str, Callable[[bytes], Any], bool]] = {}
    for f in spec.floating_of(version):
        kind = f.type.value
        make: Callable[[bytes], Any] = {
            "STRING": _text,
            "UNSPEC": bytes,
            "NAMEDVAR": _named,
            "NAMEDARRAY": _element,
        }.get(kind) or _number(CODES[kind])
        fields[f.tag] = (f.name, make, f.is_list)
    unpack_head, size, unpack_tag = head.unpack_from, head.size, Struct(">HH").unpack_from

    def decode(data: bytes) -> dict[str, Any]:
        found = dict(zip(names, unpack_head(data)))
        at, end = size, len(data)
        while at < end:
            tag, length = unpack_tag(data, at)
            at += 4
            name, make, is_list = fields[tag]
            value = make(data[at : at + length])
            at += length
            if is_list:
                found.setdefault(name, []).append(value)
            else:
                found[name] = value
        return found

    return decode


def encoder(name: str, version: int) -> Callable[[dict[str, Any]], bytes]:
    """encode(values) of one message type at a version from 20 on: the reverse, by hand."""
    spec = message_spec(name)
    fixed = spec.fixed_of(version)
    head = Struct(">II" + "".join(CODES[f.type.value] for f in fixed))
    names = tuple(f.name for f in fixed)
    number, pack_tag = spec.number, Struct(">HH").pack
    fields = {f.name: (f.tag, f.type.value, f.is_list) for f in spec.floating_of(version)}
    packs = {kind: Struct(f">{code}").pack for kind, code in CODES.items()}

    def one(kind: str, value: Any) -> bytes:
        if kind == "STRING":
            return value.encode() + b"\0"  # type: ignore[no-any-return]
        if kind == "NAMEDVAR":
            return b"%s\0%s\0" % (value[0].encode(), value[1].encode())
        if kind == "NAMEDARRAY":
            return b"%c%s\0%s\0" % (value[0], value[1].encode(), value[2].encode())
        return value if kind == "UNSPEC" else packs[kind](value)

    def encode(values: dict[str, Any]) -> bytes:
        parts = []
        for name, value in values.items():
            found = fields.get(name)
            if found is None:
                continue
            tag, kind, is_list = found
            for item in value if is_list else (value,):
                data = one(kind, item)
                parts += (pack_tag(tag, len(data)), data)
        tail = b"".join(parts)
        length = head.size - 8 + len(tail)
        return head.pack(length, number, *[values[name] for name in names]) + tail

    return encode
