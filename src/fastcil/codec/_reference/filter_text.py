"""Message filters, from text to program (docs/filter-program.md, sections 1 to 3)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum

from fastcil.catalog import EVENT_NAMES, filter_forbidden_ids
from fastcil.codec._reference.text import BLANKS, decimal, fold, is_digits, keyword_id
from fastcil.codec._reference.validate import pad8
from fastcil.codec.errors import FilterError
from fastcil.codec.types import MAX_NAME

MAX_TEXT = 16384
MAX_TERMS = 64
MAX_VALUES = 1024
MAGIC = b"CWF1"
NAMED = 0x8000
NEGATED = 1
SKILL_GROUP_STATS = "SkillGroupStats"
SKILL_GROUP_STATISTICS_EVENT = 536871027  # eOnNewSkillGroupStatisticsEvent

_HIDE = ("hidesilentmonitorcallevents", "hidesilentmonitorcalls")
# GED-188: CALLTYPE_SUPERVISOR_MONITOR, LINETYPE_SILENT_MONITOR.
_HIDDEN = (("CallType", "21"), ("LineType", "9"))
_EVENTS = {fold(name): number for name, number in EVENT_NAMES.items()}


class Op(IntEnum):
    """How a value compares."""

    ANY = 1
    EXACT = 2
    PREFIX = 3
    EVENT = 4


@dataclass(frozen=True)
class Value:
    """One value of a term."""

    op: Op
    text: bytes = b""
    number: int | None = None


@dataclass
class Term:
    """One key with its values. key: 0 the message id, a keyword id, or NAMED with a folded name."""

    key: int
    name: bytes = b""
    negated: bool = False
    values: list[Value] = field(default_factory=list)


def parse(text: str) -> list[Term]:
    """The terms of a filter text. Raises FilterError."""
    return _Parser(text).parse()


def write_program(terms: list[Term]) -> bytes:
    """The program of these terms."""
    body = b"".join(map(_write_term, terms))
    values = sum(len(term.values) for term in terms)
    return struct.pack("<4sHHIHH", MAGIC, 1, 0, 16 + len(body), len(terms), values) + body


def _write_term(term: Term) -> bytes:
    name = term.name.ljust(pad8(len(term.name)), b"\0")
    values = b"".join(map(_write_value, term.values))
    size = 16 + len(name) + len(values)
    flags = NEGATED if term.negated else 0
    head = struct.pack("<IHHHHI", size, term.key, len(term.values), len(term.name), flags, 0)
    return head + name + values


def _write_value(value: Value) -> bytes:
    text = value.text.ljust(pad8(len(value.text)), b"\0")
    known = value.number is not None
    head = struct.pack(
        "<IBBHq", 16 + len(text), value.op, known, len(value.text), value.number or 0
    )
    return head + text


def _exact(text: str) -> Value:
    number = None if text.strip(BLANKS) != text else decimal(text)
    if number is not None and not -(1 << 63) <= number < 1 << 63:
        number = None
    return Value(Op.EXACT, text.encode(), number)


class _Parser:
    """Reads a text from left to right; at is the index of the next character."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.terms: dict[tuple[int, bytes], Term] = {}
        self.values = 0
        self.hide = False

    def error(self, message: str, at: int) -> FilterError:
        return FilterError(f"{message} at column {at + 1}", column=at + 1, text=self.text)

    def parse(self) -> list[Term]:
        try:
            size = len(self.text.encode())
        except UnicodeEncodeError as error:
            raise self.error("the filter is not valid UTF-8", error.start) from None
        if size > MAX_TEXT:
            raise self.error(f"the filter is longer than {MAX_TEXT} bytes", 0)
        if not self.text.strip(BLANKS):
            raise self.error("the filter is empty", 0)
        self.parse_term()
        while self.take(";") and self.text[self.at :].strip(BLANKS):
            self.parse_term()
        terms = list(self.terms.values())
        if self.hide:
            for key, value in _HIDDEN:
                terms.append(Term(keyword_id(key), negated=True, values=[_exact(value)]))
        return terms

    def take(self, sign: str) -> bool:
        """Passes a sign that comes next; whether it did."""
        found = self.text[self.at : self.at + 1] == sign
        self.at += found
        return found

    def word(self, stops: str) -> tuple[str, int]:
        """The text up to one of these signs without blanks at its ends, and where it starts."""
        begin = self.at
        while self.at < len(self.text) and self.text[self.at] not in stops:
            self.at += 1
        raw = self.text[begin : self.at]
        return raw.strip(BLANKS), begin + len(raw) - len(raw.lstrip(BLANKS))

    def parse_term(self) -> None:
        key, at = self.word("=,;")
        if not key:
            raise self.error("expected a key", at)
        hides = fold(key) in _HIDE
        if hides and self.text[self.at : self.at + 1] in ("", ";"):
            self.hide = True
            return
        if not self.take("="):
            raise self.error("expected '=' after the key", self.at)
        if hides:
            self.parse_hide()
            return
        term = self.term_of(key, at)
        self.parse_value(term)
        while self.take(","):
            self.parse_value(term)

    def value_word(self) -> tuple[str, int]:
        value, at = self.word(",;")
        if not value:
            raise self.error("expected a value", at)
        if "=" in value:
            raise self.error("unexpected '='", at + value.index("="))
        return value, at

    def parse_hide(self) -> None:
        value, at = self.value_word()
        if fold(value) not in ("1", "true", "0", "false"):
            raise self.error("expected 1, true, 0 or false", at)
        self.hide = fold(value) in ("1", "true")
        if self.take(","):
            _, at = self.value_word()
            raise self.error("expected one value", at)

    def term_of(self, key: str, at: int) -> Term:
        """The term of a key; one key has one term."""
        if len(key.encode()) > MAX_NAME:
            raise self.error(f"the key is longer than {MAX_NAME} bytes", at)
        number = keyword_id(key)
        name = b"" if number else fold(key).encode()
        if number == keyword_id("MessageID"):
            number = 0
        elif not number:
            number = NAMED
        if (number, name) not in self.terms:
            if len(self.terms) == MAX_TERMS:
                raise self.error(f"more than {MAX_TERMS} terms", at)
            self.terms[number, name] = Term(number, name)
        return self.terms[number, name]

    def parse_value(self, term: Term) -> None:
        value, at = self.value_word()
        if self.values >= MAX_VALUES:
            raise self.error(f"more than {MAX_VALUES} values", at)
        prefix, star, _ = value.partition("*")
        if star:
            if term.key == 0 and prefix and not is_digits(prefix):
                raise self.error("expected an event number, an event name or *", at)
            made = [Value(Op.PREFIX, prefix.encode()) if prefix else Value(Op.ANY)]
        elif term.key == 0:
            made = [Value(Op.EXACT, number=self.event_number(value, at))]
        elif term.key == keyword_id("FilterTarget") and fold(value) in (
            fold(SKILL_GROUP_STATS),
            str(SKILL_GROUP_STATISTICS_EVENT),
        ):
            event = Value(Op.EVENT, number=SKILL_GROUP_STATISTICS_EVENT)
            made = [_exact(SKILL_GROUP_STATS), event]
        else:
            made = [_exact(value)]
        self.values += len(made)
        if self.values > MAX_VALUES:
            raise self.error(f"more than {MAX_VALUES} values", at)
        term.values += made

    def event_number(self, value: str, at: int) -> int:
        if is_digits(value):
            number = decimal(value)
            if number is None or number > 0xFFFFFFFF:
                raise self.error("the event number is above 4294967295", at)
        else:
            number = _EVENTS.get(fold(value))
            if number is None:
                raise self.error("expected an event number, an event name or *", at)
        if number in filter_forbidden_ids():
            raise self.error("this event is not allowed in a filter", at)
        return number
