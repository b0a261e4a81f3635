"""What hypothesis makes for the codec: keys, values, trees, frames, filters; and what happened."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, Callable

from hypothesis import strategies as st

from fastcil.catalog import KEYWORDS
from fastcil.codec._reference import encode_frame
from fastcil.codec.errors import FastcilError, FilterError, WireError

BLANKS = " \t\n\v\f\r"
COMMON = ["AgentID", "PeripheralID", "CallType", "LineType", "ANI", "FilterTarget", "MessageID"]


_LOWER = {n: n + 32 for n in range(65, 91)}
_UPPER = {n + 32: n for n in range(65, 91)}


def _respelt(name: str) -> st.SearchStrategy[str]:
    """The same key in other words: ASCII case, blanks."""
    cases = st.sampled_from([{}, _LOWER, _UPPER, {**_LOWER, **_UPPER}])
    blanks = st.text(BLANKS, max_size=2)
    return st.builds(
        lambda case, left, right: left + name.translate(case) + right, cases, blanks, blanks
    )


keywords = st.one_of(
    st.sampled_from(COMMON), st.integers(1, len(KEYWORDS) - 1).map(lambda number: KEYWORDS[number])
)
names = st.one_of(
    st.sampled_from(
        ["a", "b", "A", "é", "É", "ß", "user.x[0]", "#1", "#30000", "#030000", "#40000"]
    ),
    st.text("aAbBzZ", min_size=1, max_size=3),
    st.text(min_size=1, max_size=12),
    st.integers(1, 70000).map("#{}".format),
)
keys = st.one_of(keywords, names, st.one_of(keywords, names).flatmap(_respelt))

texts = st.one_of(
    st.sampled_from(["", "1", "-17", " 25 ", "true", "FALSE", "22866", "abc", "SkillGroupStats"]),
    st.text(max_size=20),
    st.integers(-(1 << 33), 1 << 33).map(str),
    st.binary(max_size=12).map(lambda raw: raw.decode("utf-8", "surrogateescape")),
)
numbers = st.one_of(
    st.integers(-3, 30),
    st.sampled_from([s * (1 << n) + d for n in (15, 16, 31, 32) for s in (1, -1) for d in (-1, 0)]),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 31), (1 << 32) - 1),
    st.integers(-3, 30),
    texts,
    st.binary(max_size=9),
)


usable_keys = keys.map(lambda key: key if key.strip(BLANKS) else f"{key}x")
trees = st.recursive(
    st.dictionaries(usable_keys, scalars, max_size=9),
    lambda inner: st.dictionaries(usable_keys, st.one_of(scalars, inner), max_size=5),
    max_leaves=12,
)
frames = st.builds(
    lambda number, tree, kind, epoch, sequence: encode_frame(
        number, tree, kind=kind, epoch=epoch, sequence=sequence
    ),
    st.one_of(st.sampled_from([23, 24, 30, 536871027]), st.integers(0, 0xFFFFFFFF)),
    trees,
    st.integers(1, 8),
    st.integers(0, 3),
    st.integers(0, 1 << 40),
)


@st.composite
def mutated_frames(draw: st.DrawFn) -> bytes:
    """A valid frame in which a few bytes were changed; sizes are put right again now and then."""
    data = bytearray(draw(frames))
    for _ in range(draw(st.integers(1, 3))):
        if len(data) < 8:
            break
        at = draw(st.integers(0, len(data) - 1))
        way = draw(st.sampled_from(["set", "set", "set", "flip", "word", "cut", "insert", "copy"]))
        if way == "set":
            data[at] = draw(st.sampled_from([0, 1, 2, 6, 7, 8, 0x20, 0x40, 0x7F, 0x80, 0xC3, 0xFF]))
        elif way == "flip":
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif way == "word":
            at -= at % 4
            number = draw(st.one_of(st.integers(0, 128), st.integers(0, 0xFFFFFFFF)))
            data[at : at + 4] = struct.pack("<I", number)
        elif way == "cut":
            del data[at : at + draw(st.integers(1, 8))]
        elif way == "insert":
            data[at:at] = draw(st.binary(min_size=1, max_size=8))
        else:
            source = draw(st.integers(0, len(data) - 1))
            data[at : at + 8] = data[source : source + 8]
    if len(data) >= 28 and draw(st.booleans()):
        data += bytes(-len(data) % 8)
        data[0:4] = struct.pack("<I", len(data))
        data[24:28] = struct.pack("<I", len(data) - 24)
        data[12:16] = bytes((draw(st.integers(1, 8)), 0, 0, 0))
    return bytes(data)


@st.composite
def made_up_blocks(draw: st.DrawFn) -> bytes:
    """Bytes that look like a block: every part is there, most numbers near what they must be."""
    count = draw(st.integers(0, 4))
    named = draw(st.integers(0, count))
    near_key = st.one_of(st.integers(0x8000, 0x8003), st.integers(0, 3), st.just(30000))
    shape = [struct.pack("<H", draw(near_key)) for _ in range(count)]
    name_text = draw(
        st.sampled_from([b"", b"abc", b"aBbb", b"a#2b", b"ANI", b"x #30000", b"\xc3\xa9"])
    )
    shape += [struct.pack("<H", draw(st.integers(0, len(name_text) + 1))) for _ in range(named)]
    kinds = [draw(st.integers(0, 8)) for _ in range(count)]
    head = struct.pack("<HH", count, named) + b"".join(shape) + bytes(kinds) + name_text
    head += bytes(-(len(head) + 4) % 8)
    heap = draw(st.sampled_from([b"", b"x", b"abcdefgh", b"\xc3\xa9", b"\xff"]))
    heap_at = 4 + len(head) + 8 * count
    child = struct.pack("<IHH", 8, 0, 0) if draw(st.booleans()) else b""
    child_at = heap_at + len(heap) + -(heap_at + len(heap)) % 8
    values = []
    for kind in kinds:
        if kind == 6:
            flags = draw(st.sampled_from([0, 0x80000000, 0xC0000000]))
            length = draw(st.integers(0, len(heap)))
            values.append((flags | length) << 32 | heap_at + draw(st.integers(0, 1)))
        elif kind == 7:
            values.append(draw(st.integers(0, 1)) * 8 << 32 | child_at)
        else:
            values.append(draw(st.sampled_from([0, 1, 2, 0xFFFF, 0x10000, 0xFFFFFFFF, 1 << 32])))
    body = head + b"".join(struct.pack("<Q", value) for value in values) + heap
    body += bytes(-(len(body) + 4) % 8) + child
    return struct.pack("<I", len(body) + 4 + draw(st.sampled_from([0, 0, 0, 0, 8]))) + body


_filter_values = st.one_of(
    st.sampled_from(["*", "1", "2*", "22866", "true", "0", "-17", "SkillGroupStats", "536871027"]),
    st.integers(-40, 40).map(str),
    st.integers(-40, 40).map("{}*".format),
    st.text(max_size=4),
)
_filter_keys = st.one_of(
    st.sampled_from([*COMMON, "a", "b", "é", "HideSilentMonitorCallEvents"]), st.text(max_size=3)
)
_event_values = st.sampled_from(
    ["30", "23", "2*", "*", "eCallBeginEvent", "OnConnection", "x", "-1"]
)


@st.composite
def filter_texts(draw: st.DrawFn) -> str:
    """Mostly right filters."""
    terms = []
    for _ in range(draw(st.integers(1, 3))):
        key = draw(_filter_keys)
        values = draw(
            st.lists(
                _event_values if key == "MessageID" else _filter_values, min_size=1, max_size=3
            )
        )
        blanks = [draw(st.sampled_from(["", "", " ", "\t"])) for _ in range(3)]
        terms.append(key + blanks[0] + "=" + blanks[1] + (blanks[2] + ",").join(values))
    text = ";".join(terms) + draw(st.sampled_from(["", "", ";", " ; ", ";;", ",", "="]))
    if draw(st.integers(0, 9)) == 0:
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from(["=", ",", ";", "*", "é", "\ud800"])) + text[at:]
    return text


def outcome(use: Callable[[], Any]) -> Any:
    """What a call gave, in a form in which backends can be compared."""
    try:
        return "value", plain(use())
    except WireError as error:
        return type(error), error.reason, error.offset, error.stream_offset
    except FilterError as error:
        return type(error), error.column, str(error)
    except KeyError as error:
        return KeyError, error.args
    except (FastcilError, OverflowError, IndexError, TypeError) as error:
        return type(error)


def plain(value: Any) -> Any:
    """A value without objects of a backend in it; 1 and True differ."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return type(value).__name__, value
