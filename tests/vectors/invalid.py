"""Invalid vectors: a valid base with a few bytes changed, the reason and the offset it must get."""

from __future__ import annotations

from typing import Any

from valid import build, nest

from fastcil.codec._reference import encode_frame

Json = dict[str, Any]
Patch = tuple[int, str]  # where, and the bytes that stand there instead, in hex


def frame(*entries: tuple[str, str, Any]) -> bytes:
    return encode_frame(30, build(list(entries)), epoch=1, sequence=1)


# 24 header | 24 size 28 count 30 named | 32 keys 38 name_ends 40 types 43 name "Foo" 46 padding |
# 48 56 64 values | 72 "22866" 77 padding | 80
BASE = frame(("AgentID", "STRING", "22866"), ("PeripheralID", "INT", 5000), ("Foo", "BOOL", True))

# 32 keys (3) 38 name_ends (3) 44 types 47 names "a" "bb" "BC" 52 padding | 56 64 72 values | 80
NAMES = frame(("a", "INT", 1), ("bb", "SHORT", -1), ("BC", "USHORT", 3))

# 32 keys (2) 36 name_ends (2) 40 types 42 names "s" "t" 44 padding | 48 56 values |
# 64 "abc" "dé" (6 bytes) 70 padding | 72
TEXTS = frame(("s", "STRING", "abc"), ("t", "STRING", "dé"))

# 32 keys (2) 36 name_ends (2) 40 types 42 names "p" "q" 44 padding | 48 56 values |
# 64 child p: 64 size 68 count 70 named 72 key 74 type 75 padding 80 value | 88 child q: empty | 96
CHILDREN = frame(("p", "ARGUMENTS", [("CallType", "UINT", 7)]), ("q", "ARGUMENTS", []))

# 32 key 34 type 35 padding | 40 value | 48
ONE = frame(("CallType", "NOTSET", None))

# 32 key 34 name_end 36 type 37 name "x9999"
ONE_NAME = frame(("x9999", "INT", 1))

# 32 keys (2) 36 name_end 38 types 40 name "xgentID"; the id of AgentID is 109
AGENT = frame(("AgentID", "INT", 1), ("xgentID", "INT", 2))

DEEP = encode_frame(30, build(nest(16)))
# Every level: size, count and named, key, type, padding, value: 24 bytes; the innermost has 8.
INNERMOST = 24 + 15 * 24


def deeper() -> bytes:
    """DEEP with one block more inside the innermost."""
    data = bytearray(DEEP)
    one = build([("AgentCallReference", "ARGUMENTS", [])]).to_bytes()
    data[INNERMOST:] = one
    for level in range(15):
        at = 24 + 24 * level
        size = len(data) - at
        data[at : at + 4] = size.to_bytes(4, "little")
        data[at + 20 : at + 24] = (size - 24).to_bytes(4, "little")
    data[0:4] = len(data).to_bytes(4, "little")
    return bytes(data)


def patched(base: bytes, *patches: Patch) -> bytes:
    data = bytearray(base)
    for at, raw in patches:
        data[at : at + len(raw) // 2] = bytes.fromhex(raw)
    return bytes(data)


# description, bytes, reason, offset[, keyword_count]
FRAMES: list[tuple[Any, ...]] = [
    ("no byte at all", b"", "truncated", 0),
    ("three bytes", BASE[:3], "truncated", 3),
    ("only the header", BASE[:24], "truncated", 24),
    ("the last byte is missing", BASE[:-1], "truncated", 79),
    ("length 0", patched(BASE, (0, "00000000")), "frame-length", 0),
    ("length 24", patched(BASE, (0, "18000000")), "frame-length", 0),
    ("length no multiple of 8", patched(BASE, (0, "51000000")), "frame-length", 0),
    ("length above 64 MiB", patched(BASE, (0, "08000004")), "frame-length", 0),
    ("a byte behind the frame", BASE + b"\0", "frame-length", 0),
    ("a second frame behind the frame", BASE + BASE, "frame-length", 0),
    ("kind 0", patched(BASE, (12, "00")), "frame-kind", 12),
    ("kind 9", patched(BASE, (12, "09")), "frame-kind", 12),
    ("reserved byte 13", patched(BASE, (13, "01")), "reserved", 13),
    ("reserved byte 14", patched(BASE, (14, "01")), "reserved", 14),
    ("reserved byte 15", patched(BASE, (15, "80")), "reserved", 14),
    ("kind is looked at before the reserved bytes", patched(BASE, (12, "0901")), "frame-kind", 12),
    ("block size 0", patched(BASE, (24, "00000000")), "block-size", 24),
    ("block size 4", patched(BASE, (24, "04000000")), "block-size", 24),
    ("block size no multiple of 8", patched(BASE, (24, "39000000")), "block-size", 24),
    ("block size below length - 24", patched(BASE, (24, "30000000")), "block-size", 24),
    (
        "8 bytes behind the last part of the block",
        patched(BASE, (0, "58000000"), (24, "40000000")) + bytes(8),
        "block-size",
        24,
    ),
    ("4097 entries", patched(BASE, (28, "0110")), "count", 28),
    ("65535 entries", patched(BASE, (28, "ffff")), "count", 28),
    ("more names than entries", patched(BASE, (30, "0400")), "count", 30),
    ("more entries than the block has room for", patched(BASE, (28, "0010")), "block-size", 24),
    ("values do not fit", patched(BASE, (28, "0600")), "block-size", 24),
    ("names do not fit", patched(BASE, (38, "ff00")), "block-size", 24),
    ("key 0", patched(BASE, (32, "0000")), "key", 32),
    ("rank above the names", patched(BASE, (36, "0180")), "key", 36),
    ("the largest rank", patched(BASE, (36, "ffff")), "key", 36),
    ("a rank used twice", patched(NAMES, (34, "0080")), "key", 34),
    ("a name that no entry uses", patched(NAMES, (36, "0100")), "key", 30),
    ("a keyword id twice", patched(BASE, (34, "6d00"), (32, "6d00")), "duplicate-key", 34),
    (
        "a keyword id above the table twice",
        patched(BASE, (32, "30753075")),
        "duplicate-key",
        34,
    ),
    ("an empty name", patched(NAMES, (40, "0100")), "name", 40),
    ("name ends fall", patched(NAMES, (38, "0300"), (40, "0200")), "name", 40),
    ("a name end above the last", patched(NAMES, (40, "0900")), "name", 40),
    ("a name starts with a blank", patched(BASE, (43, "206f6f")), "name", 43),
    ("a name ends with a tab", patched(BASE, (43, "466f09")), "name", 43),
    ("a name ends with a vertical tab", patched(BASE, (43, "466f0b")), "name", 43),
    ("a name is no UTF-8", patched(BASE, (43, "466fff")), "name", 43),
    ("names not in order", patched(NAMES, (48, "6264"), (50, "6263")), "name", 50),
    ("names that differ only in case", patched(NAMES, (48, "6263"), (50, "4243")), "name", 50),
    ("a longer name before a shorter", patched(NAMES, (38, "020003000500")), "name", 49),
    ("a keyword as name", patched(BASE, (43, "414e49")), "name", 43),
    ("a keyword as name, another case", patched(BASE, (43, "616e69")), "name", 43),
    ("an id above the table as name", patched(ONE_NAME, (37, "23")), "name", 37),
    ("padding behind the names", patched(BASE, (47, "01")), "reserved", 47),
    ("padding behind the strings", patched(BASE, (79, "ff")), "reserved", 79),
    ("padding in a child", patched(CHILDREN, (77, "01")), "reserved", 77),
    ("type 8", patched(BASE, (41, "08")), "type", 41),
    ("type 255", patched(BASE, (42, "ff")), "type", 42),
    ("NOTSET with a value", patched(ONE, (40, "01")), "value", 40),
    ("INT with high bits", patched(BASE, (60, "ffffffff")), "value", 56),
    ("SHORT with a sign in bit 31", patched(NAMES, (66, "ffff")), "value", 64),
    ("USHORT of 17 bits", patched(NAMES, (74, "01")), "value", 72),
    ("BOOL 2", patched(BASE, (64, "02")), "value", 64),
    ("UINT of 33 bits, in a child", patched(CHILDREN, (84, "01")), "value", 80),
    (
        "a value is looked at before a later type",
        patched(BASE, (60, "01"), (42, "09")),
        "value",
        56,
    ),
    ("a string does not start at the heap", patched(BASE, (48, "31")), "string", 48),
    ("a string starts before the heap", patched(BASE, (48, "00")), "string", 48),
    ("a string is longer than the block", patched(BASE, (52, "09")), "string", 48),
    ("the longest string", patched(BASE, (52, "ffffff3f")), "string", 48),
    ("a gap between strings", patched(TEXTS, (56, "2c")), "string", 56),
    ("strings overlap", patched(TEXTS, (56, "2a")), "string", 56),
    ("ASCII marked as not", patched(BASE, (55, "80")), "string-flags", 48),
    ("ASCII marked as not UTF-8", patched(BASE, (55, "c0")), "string-flags", 48),
    ("bit 30 without bit 31", patched(BASE, (55, "40")), "string-flags", 48),
    ("not ASCII and not marked", patched(TEXTS, (63, "00")), "string-flags", 56),
    ("UTF-8 marked as not", patched(TEXTS, (63, "c0")), "string-flags", 56),
    ("not UTF-8 and not marked", patched(TEXTS, (69, "20")), "string-flags", 56),
    ("a string ends in a padding byte", patched(BASE, (52, "04")), "reserved", 76),
    ("a child does not start where it must", patched(CHILDREN, (48, "30")), "child", 48),
    ("a child starts where the first does", patched(CHILDREN, (56, "28")), "child", 56),
    ("a child of no size", patched(CHILDREN, (60, "00")), "child", 56),
    ("a child larger than the block", patched(CHILDREN, (60, "10"), (88, "10")), "child", 56),
    ("a child of another size than its own", patched(CHILDREN, (88, "10")), "child", 56),
    ("a child with an unknown type", patched(CHILDREN, (74, "08")), "type", 74),
    ("a child's key 0", patched(CHILDREN, (72, "0000")), "key", 72),
    ("a child's content does not fill it", patched(CHILDREN, (68, "0000")), "block-size", 64),
    ("17 deep", deeper(), "depth", INNERMOST + 16),
    ("a keyword below the negotiated count as name", patched(AGENT, (40, "41")), "name", 40, 109),
    ("an id above the negotiated count as name", patched(ONE_NAME, (37, "23")), "name", 37, 100),
    ("one keyword as id and as name", patched(AGENT, (40, "41")), "duplicate-key", 40, 100),
]

BLOCK = BASE[24:]
BLOCKS: list[tuple[Any, ...]] = [
    ("no byte at all", b"", "truncated", 0),
    ("seven bytes", BLOCK[:7], "truncated", 0),
    ("the last byte is missing", BLOCK[:-1], "truncated", 0),
    ("a byte behind the block", BLOCK + b"\0", "block-size", 0),
    ("size 0", patched(BLOCK, (0, "00")), "block-size", 0),
    ("key 0", patched(BLOCK, (8, "0000")), "key", 8),
    ("padding behind the names", patched(BLOCK, (23, "01")), "reserved", 23),
    ("a child's key 0", patched(CHILDREN, (72, "0000"))[24:], "key", 48),
    ("17 deep", deeper()[24:], "depth", INNERMOST + 16 - 24),
]


def _vector(name: str, data: bytes, reason: str, offset: int, keyword_count: int = 0) -> Json:
    made: Json = {"name": name, "hex": data.hex(), "reason": reason, "offset": offset}
    if keyword_count:
        made["keyword_count"] = keyword_count
    return made


def invalid_frames() -> list[Json]:
    return [_vector(*row) for row in FRAMES]


def invalid_blocks() -> list[Json]:
    return [_vector(*row) for row in BLOCKS]
