"""Any message of the set, at any version: decoded, as JSON, and encoded to the same bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytest.importorskip("hypothesis")

from hypothesis import event, given
from hypothesis import strategies as st

from fastcil.decoding import MessagePrinter, encode_lines
from fastcil.ged188.schema import MESSAGES, FieldSpec, MessageSpec

versions = st.sampled_from([9, 14, 19, 20, 25])
OPEN_REQ = 3


def element(field: FieldSpec) -> st.SearchStrategy[bytes]:
    """Data that a floating field may have, canonical or not."""
    if field.is_array:
        return st.integers(0, 3).flatmap(
            lambda n: st.binary(min_size=n * field.type.size, max_size=n * field.type.size)
        )
    if field.type.size:
        return st.binary(min_size=field.type.size, max_size=field.type.size)
    text = st.text(max_size=6).map(lambda t: t.encode("utf-8", "ignore"))
    raw = st.binary(max_size=8)
    kind = field.type.value
    if kind == "UNSPEC":
        return raw
    if kind == "STRING":
        return text.map(lambda t: t + b"\0") | raw.map(lambda r: r + b"\0") | raw
    parts = st.tuples(text | raw, text | raw, st.sampled_from([b"\0", b"", b"\0\0"]))
    named = parts.map(lambda p: b"u" + p[0] + b"\0" + p[1] + p[2])
    if kind == "NAMEDVAR":
        return named
    return st.tuples(st.binary(min_size=1, max_size=1), named).map(b"".join)


@st.composite
def bodies(draw: Any, spec: MessageSpec, version: int) -> bytes:
    """What stands behind the header."""
    if not spec.documented:
        found: bytes = draw(st.binary(max_size=9))
        return found
    fixed = draw(st.sampled_from(spec.fixed_parts(version)))
    parts = []
    for field in fixed:
        size = field.type.size
        if spec.number == OPEN_REQ and field.name == "VersionNumber":
            parts.append(version.to_bytes(size, "big"))
        elif field.name == "SessionType":  # told from a tag by its value
            parts.append(draw(st.integers(0, 2)).to_bytes(size, "big"))
        else:
            parts.append(draw(st.binary(min_size=size, max_size=size)))
    fields = draw(st.permutations(spec.floating_of(version)))[: draw(st.integers(0, 6))]
    pairs: list[tuple[int, bytes]] = []
    for field in fields:
        times = draw(st.integers(1, 3)) if field.is_list or spec.records else 1
        limit = field.limit(version)
        for _ in range(times):
            data = draw(element(field))
            if field.min_size <= len(data) <= limit:
                pairs.append((field.tag, data))
    known = {f.tag for f in spec.floating_of(version)}
    strange = draw(st.integers(100, 255 if version < 20 else 65535))
    if strange not in known:
        pairs.insert(draw(st.integers(0, len(pairs))), (strange, draw(st.binary(max_size=4))))
    size = 1 if version < 20 else 2
    return b"".join(parts) + b"".join(
        tag.to_bytes(size, "big") + len(data).to_bytes(size, "big") + data for tag, data in pairs
    )


@st.composite
def messages(draw: Any, version: int) -> bytes:
    spec = draw(st.sampled_from([one for one in MESSAGES if one.min_version <= version]))
    body = draw(bodies(spec, version))
    return len(body).to_bytes(4, "big") + int(spec.number).to_bytes(4, "big") + body


def lines_of(data: bytes, version: int | None) -> list[Any]:
    """What is printed, through the text of JSON."""
    found: list[Any] = []
    printer = MessagePrinter(found.append, version)
    printer.feed(data)
    printer.finish()
    return [json.loads(json.dumps(one)) for one in found]


def again(lines: list[Any], version: int | None) -> bytes:
    return b"".join(encode_lines(enumerate(lines, 1), version, raw_errors=True))


@given(data=st.data(), version=versions)
def test_messages_come_back(data: st.DataObject, version: int) -> None:
    made = data.draw(st.lists(messages(version), min_size=1, max_size=4))
    lines = lines_of(b"".join(made), version)
    assert len(lines) == len(made)
    for line, one in zip(lines, made):
        event(line.get("reason", "decoded"))
        assert again([line], version) == one


@given(data=st.data(), asked=st.lists(versions, min_size=1, max_size=3))
def test_a_stream_with_openings_comes_back(data: st.DataObject, asked: list[int]) -> None:
    """By --version auto: each OPEN_REQ changes what follows it."""
    opening = next(one for one in MESSAGES if one.number == OPEN_REQ)
    stream = b""
    for version in asked:
        body = data.draw(bodies(opening, version))
        stream += len(body).to_bytes(4, "big") + OPEN_REQ.to_bytes(4, "big") + body
        stream += b"".join(data.draw(st.lists(messages(version), max_size=2)))
    assert again(lines_of(stream, None), None) == stream


@given(stream=st.binary(max_size=60), version=versions)
def test_bytes_that_are_no_messages_come_back(stream: bytes, version: int) -> None:
    """Up to where a length cannot be believed."""
    framed = len(stream).to_bytes(4, "big") + b"\0\0\0" + stream[:1].ljust(1, b"\x09") + stream
    lines = lines_of(framed + stream, version)
    came = again(lines, version)
    assert (framed + stream).startswith(came)
    assert came == framed + stream or lines[-1]["reason"] == "MESSAGE_LENGTH"


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 70), 1 << 70)
    | st.floats(allow_nan=False)
    | st.text(alphabet=st.characters(), max_size=5)
    | st.sampled_from(["AgentID", "hex", "00", "NamedVariable", "FltSkillGroupNumber"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["tag", "hex", "name", "value", "index", "InvokeID", "AgentID"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
KINDS = ["HEARTBEAT_REQ", "AGENT_STATE_EVENT", "OPEN_CONF", "OPEN_REQ", "MEDIA_LOGIN_REQ", 9, 237]


@given(
    line=st.dictionaries(
        st.sampled_from(["name", "type", "fields", "floating", "body", "error", "hex", "flow"]),
        json_values,
    ),
    kind=st.sampled_from(KINDS),
    floating=st.lists(json_values | st.tuples(json_values, json_values).map(list), max_size=2),
    version=versions | st.none(),
    raw=st.booleans(),
)
def test_any_json_is_taken_or_refused_by_its_line(
    line: dict[str, Any], kind: Any, floating: list[Any], version: int | None, raw: bool
) -> None:
    for found in (line, {**line, "type": kind, "floating": floating}):
        said = "line 7: "
        try:
            b"".join(encode_lines([(7, found)], version, raw_errors=raw))
        except ValueError as error:
            said = str(error)
        assert said.startswith("line 7: ")
