"""Types, ranges and conversions."""

from __future__ import annotations

from typing import Any

import pytest

from fastcil.codec.errors import ConversionError, EncodeError, FastcilError
from fastcil.codec.types import ArgType

INFERRED = [
    (None, ArgType.NOTSET),
    (True, ArgType.BOOL),
    (0, ArgType.INT),
    (-(1 << 31), ArgType.INT),
    ((1 << 31) - 1, ArgType.INT),
    (1 << 31, ArgType.UINT),
    ((1 << 32) - 1, ArgType.UINT),
    ("", ArgType.STRING),
    ("text", ArgType.STRING),
    (b"raw", ArgType.STRING),
    (bytearray(b"raw"), ArgType.STRING),
    (memoryview(b"raw"), ArgType.STRING),
    ({}, ArgType.ARGUMENTS),
]


@pytest.mark.parametrize(("value", "kind"), INFERRED, ids=repr)
def test_type_follows_from_the_value(backend: Any, value: Any, kind: ArgType) -> None:
    args = backend.Arguments({"a": value})
    assert args.type_of("a") is kind
    view = backend.Arguments.from_buffer(backend.encode_frame(1, {"a": value})[24:])
    assert view.type_of("A ") is kind
    assert view == args


@pytest.mark.parametrize("value", [1.5, [1], (1,), {1}, object(), 1j])
def test_unsupported_types(backend: Any, value: Any) -> None:
    args = backend.Arguments()
    for use in (
        lambda: args.set("Key", value),
        lambda: backend.Arguments({"Key": value}),
        lambda: backend.encode_frame(1, {"Key": value}),
        lambda: backend.encode_frame(1, {"in": {"Key": value}}),
    ):
        with pytest.raises(TypeError, match=f"Key.*{type(value).__name__}"):
            use()
    assert not args


@pytest.mark.parametrize("value", [1 << 32, -(1 << 31) - 1, 1 << 64, -(1 << 100)])
def test_numbers_that_fit_no_type(backend: Any, value: int) -> None:
    for use in (
        lambda: backend.Arguments({"Key": value}),
        lambda: backend.encode_frame(1, {"Key": value}),
    ):
        with pytest.raises(OverflowError, match="Key"):
            use()


RANGES = {
    ArgType.INT: (-(1 << 31), (1 << 31) - 1),
    ArgType.UINT: (0, (1 << 32) - 1),
    ArgType.SHORT: (-(1 << 15), (1 << 15) - 1),
    ArgType.USHORT: (0, (1 << 16) - 1),
    ArgType.BOOL: (0, 1),
}


@pytest.mark.parametrize("kind", RANGES)
def test_ranges(backend: Any, kind: ArgType) -> None:
    low, high = RANGES[kind]
    args = backend.Arguments()
    for value in (low, high):
        args.set("LineHandle", value, kind)
        assert args["LineHandle"] == value
        assert args.type_of("LineHandle") is kind
        again = backend.Arguments.from_buffer(args.to_bytes())
        assert again["LineHandle"] == value
        assert again.type_of("LineHandle") is kind
    for value in (low - 1, high + 1, 1 << 80):
        with pytest.raises(OverflowError) as caught:
            args.set("LineHandle", value, kind)
        message = str(caught.value)
        assert message == f"LineHandle: {value} does not fit {kind.name} ({low}..{high})"
    assert args["LineHandle"] == high


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("5", ArgType.INT),
        (1.0, ArgType.INT),
        (None, ArgType.INT),
        ({}, ArgType.INT),
        ("true", ArgType.BOOL),
        (5, ArgType.STRING),
        (None, ArgType.STRING),
        ({}, ArgType.STRING),
        (5, ArgType.ARGUMENTS),
        ([], ArgType.ARGUMENTS),
        (0, ArgType.NOTSET),
        ("", ArgType.NOTSET),
        ({}, ArgType.NOTSET),
    ],
)
def test_nothing_is_converted_silently(backend: Any, value: Any, kind: ArgType) -> None:
    args = backend.Arguments()
    with pytest.raises(TypeError):
        args.set("a", value, kind)
    assert not args


def test_explicit_types(backend: Any) -> None:
    args = backend.Arguments()
    args.set("a", True, ArgType.INT)
    args.set("b", 1, ArgType.BOOL)
    args.set("c", b"x", ArgType.STRING)
    args.set("d", {"x": 1}, ArgType.ARGUMENTS)
    args.set("e", None, ArgType.NOTSET)
    args.set("f", 5, 4)
    assert args.to_dict() == {"a": 1, "b": True, "c": "x", "d": {"x": 1}, "e": None, "f": 5}
    assert args["b"] is True
    assert type(args["a"]) is int
    assert args.type_of("f") is ArgType.USHORT
    with pytest.raises(ValueError, match="8"):
        args.set("a", 1, 8)


GETTERS = {
    "get_int": (-(1 << 31), (1 << 31) - 1),
    "get_uint": (0, (1 << 32) - 1),
    "get_short": (-(1 << 15), (1 << 15) - 1),
    "get_ushort": (0, (1 << 16) - 1),
}


@pytest.fixture(params=["mutable", "view"])
def make(request: pytest.FixtureRequest, backend: Any) -> Any:
    """Makes Arguments with one value under Key."""

    def one(value: Any, kind: ArgType | None = None) -> Any:
        args = backend.Arguments()
        args.set("Key", value, kind)
        if request.param == "view":
            return backend.Arguments.from_buffer(args.to_bytes())
        return args

    return one


@pytest.mark.parametrize("getter", GETTERS)
def test_integers(make: Any, getter: str) -> None:
    low, high = GETTERS[getter]
    for value in (low, high, 0, 1):
        assert getattr(make(value), getter)("key") == value
        assert getattr(make(str(value)), getter)("KEY") == value
    for value in (low - 1, high + 1):
        if -(1 << 31) <= value < 1 << 32 and getter not in ("get_int", "get_uint"):
            with pytest.raises(OverflowError):
                getattr(make(value), getter)("Key")
        with pytest.raises(OverflowError):
            getattr(make(str(value)), getter)("Key")
    assert getattr(make(True), getter)("Key") == 1
    assert type(getattr(make(True), getter)("Key")) is int


@pytest.mark.parametrize(
    ("value", "kind", "number"),
    [
        (0xF83F21A6, ArgType.INT, 0xF83F21A6 - (1 << 32)),  # a bit mask
        (0xFFFFFFFF, ArgType.INT, -1),
        (1 << 31, ArgType.INT, -(1 << 31)),
        (-1, ArgType.UINT, 0xFFFFFFFF),
        (-(1 << 31), ArgType.UINT, 1 << 31),
    ],
)
def test_whole_numbers_are_read_as_each_other(
    make: Any, value: int, kind: ArgType, number: int
) -> None:
    """As a program that keeps masks in an int expects."""
    getter = "get_int" if kind is ArgType.INT else "get_uint"
    assert getattr(make(value), getter)("Key") == number
    for short in ("get_short", "get_ushort"):
        if number != value and not -0x8000 <= value <= 0xFFFF:
            with pytest.raises(OverflowError):
                getattr(make(value), short)("Key")
    with pytest.raises(OverflowError):
        getattr(make(str(value)), getter)("Key")


@pytest.mark.parametrize(
    ("text", "number"),
    [("25", 25), (" 25\t", 25), ("+25", 25), ("-25", -25), ("0025", 25), ("-0", 0), ("0" * 99, 0)],
)
def test_decimal_text(make: Any, text: str, number: int) -> None:
    assert make(text).get_int("Key") == number


@pytest.mark.parametrize(
    "text", ["", " ", "abc", "2x", "2 5", "2.0", "+", "-", "+-5", "- 5", "0x10", "1_000", "٣", "²"]
)
def test_text_that_is_no_number(make: Any, text: str) -> None:
    for getter in GETTERS:
        with pytest.raises(ConversionError, match="Key"):
            getattr(make(text), getter)("Key")


@pytest.mark.parametrize("text", ["4294967296", "9" * 20, "1" + "0" * 5000, "-" + "9" * 5000])
def test_text_of_too_large_a_number(make: Any, text: str) -> None:
    for getter in GETTERS:
        with pytest.raises(OverflowError):
            getattr(make(text), getter)("Key")


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (True, True),
        (0, False),
        (-5, True),
        (4000000000, True),
        ("true", True),
        (" TRUE ", True),
        ("1", True),
        ("False", False),
        ("0", False),
    ],
)
def test_bool(make: Any, value: Any, wanted: bool) -> None:
    assert make(value).get_bool("Key") is wanted


@pytest.mark.parametrize("value", ["", "yes", "2", "01", "truе", None, {}])
def test_no_bool(make: Any, value: Any) -> None:
    with pytest.raises(ConversionError):
        make(value).get_bool("Key")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"),
        (" x ", " x "),
        (-5, "-5"),
        (4000000000, "4000000000"),
        (True, "true"),
        (False, "false"),
        (None, ""),
        ({}, ""),
        ({"a": 1, "b": {"c": "d"}}, "a = 1 (INT)\nb = {\n  c = d (STRING)\n} (ARGUMENTS)"),
    ],
)
def test_string(make: Any, value: Any, text: str) -> None:
    assert make(value).get_string("Key") == text


def test_arguments(make: Any) -> None:
    assert make({"a": 1}).get_arguments("Key") == {"a": 1}
    for value in (None, 5, "x", True):
        with pytest.raises(ConversionError, match="ARGUMENTS"):
            make(value).get_arguments("Key")


ALL = ["get_int", "get_uint", "get_short", "get_ushort", "get_bool", "get_string", "get_arguments"]


@pytest.mark.parametrize("getter", ALL)
def test_defaults_stand_in_for_absent_keys_only(make: Any, getter: str) -> None:
    get = getattr(make(None), getter)
    assert get("absent", "default") == "default"
    assert get("absent", default=None) is None
    with pytest.raises(KeyError):
        get("absent")
    if getter != "get_string":
        with pytest.raises(ConversionError):
            get("Key", 5)
    with pytest.raises(TypeError):
        get(5, 5)


def test_conversion_errors_are_value_errors(make: Any) -> None:
    with pytest.raises(ValueError, match="Key: STRING 'abc' cannot be read as INT") as caught:
        make("abc").get_int("Key")
    assert isinstance(caught.value, FastcilError)
    with pytest.raises(ConversionError) as caught:
        make("x" * 1000).get_int("Key")
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("raw", [b"\xff", b"M\xfcller", b"\xed\xa0\x80", b"ok \xc3"])
def test_bytes_that_are_no_utf8_are_kept(backend: Any, raw: bytes) -> None:
    args = backend.Arguments(a=raw)
    text = raw.decode("utf-8", "surrogateescape")
    assert args["a"] == text
    view = backend.Arguments.from_buffer(args.to_bytes())
    assert view["a"] == text
    assert raw in args.to_bytes()
    assert backend.Arguments(a=text).to_bytes() == args.to_bytes()
    assert backend.encode_frame(1, {"a": raw}) == backend.encode_frame(1, {"a": text})
    assert backend.Arguments(a=memoryview(raw)) == args


@pytest.mark.parametrize("text", [chr(0xD800), f"x{chr(0xDBFF)}", chr(0xDFFF), chr(0xDC7F)])
def test_other_surrogates_are_refused(backend: Any, text: str) -> None:
    for use in (
        lambda: backend.Arguments({"Key": text}),
        lambda: backend.encode_frame(1, {"Key": text}),
    ):
        with pytest.raises(EncodeError, match="Key"):
            use()


@pytest.mark.parametrize("text", ["ü", "日本", "😀", "\0", "a\0b", "\x7f\x80", "x" * 70000])
def test_text_round_trips(backend: Any, text: str) -> None:
    args = backend.Arguments({"a": text, "b": text})
    assert backend.Arguments.from_buffer(args.to_bytes()).to_dict() == {"a": text, "b": text}


def test_values_made_on_the_way_are_kept(backend: Any) -> None:
    """Texts that encoding makes itself (of bytes, of subclasses) live until they are written."""

    class Text(str):
        __slots__ = ()

    raw = {f"k{n}": bytes([97 + n % 26]) * 40 for n in range(60)}
    text = {key: value.decode() for key, value in raw.items()}
    wanted = backend.encode_frame(1, text)
    assert backend.encode_frame(1, raw) == wanted
    assert backend.encode_frame(1, {key: Text(value) for key, value in text.items()}) == wanted
    assert backend.encode_frame(1, {key: memoryview(value) for key, value in raw.items()}) == wanted
    assert backend.encode_frame(1, {f"é{key}": value for key, value in raw.items()}) == (
        backend.encode_frame(1, {f"é{key}": value for key, value in text.items()})
    )
    assert backend.Arguments(raw).to_bytes() == wanted[24:]
