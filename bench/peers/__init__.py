"""Every codec behind one small interface, so that all get the same questions.

A peer carries one expression per question; the methods run the same expressions and serve the
checks. The message number travels in the framing, outside of the peer's bytes, which is cheapest
for the peer.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any, ClassVar

from events import READ, Event
from timing import Code

WORKS = ("read3", "dict", "encode", "forward", "filter_hit", "filter_miss")
MODULES = ("_msgspec", "_ormsgpack", "_orjson", "_protobuf", "_msgpack", "_pickle", "_struct")

FIELDS = ", ".join(f"v[{key!r}]" for key in READ)


class Peer:
    """The common case: encode(values) and decode(data) of whole dicts."""

    name: ClassVar[str]
    note: ClassVar[str] = ""
    version: str
    sources: ClassVar[dict[str, str]] = {
        "encode": "encode(values)",
        "dict": "decode(data)",
        "read3": f"(v := decode(data))[{READ[0]!r}], v[{READ[1]!r}], v[{READ[2]!r}]",
        "forward": "encode(decode(data))",
        "filter_hit": "(v := decode(data))['UniqueObjectID'].startswith(prefix)"
        " and v['CallStatus'] == status",
        "filter_miss": "(v := decode(data))['UniqueObjectID'].startswith(prefix)"
        " and v['CallStatus'] == other",
    }

    def __init__(self, event: Event) -> None:
        self.event = event
        self.names: dict[str, Any] = self.tools()
        self.names.update(
            values=event.values,
            prefix=event.prefix,
            status=event.status,
            other=event.status + 1,
        )
        self.names["data"] = self.encode(event.values)

    def tools(self) -> dict[str, Any]:
        """The callables that the expressions name."""
        raise NotImplementedError

    @property
    def data(self) -> bytes:
        return self.names["data"]  # type: ignore[no-any-return]

    def code(self, work: str) -> Code | None:
        """The code that answers one question; None when this peer cannot."""
        source = self.sources.get(work)
        if source is None:
            return None
        used = compile(source, work, "eval").co_names
        return Code(source, {name: value for name, value in self.names.items() if name in used})

    def _run(self, work: str, **given: Any) -> Any:
        return eval(self.sources[work], {**self.names, **given})

    def encode(self, values: dict[str, Any]) -> bytes:
        return self._run("encode", values=values)  # type: ignore[no-any-return]

    def decode(self, data: bytes) -> dict[str, Any]:
        return self._run("dict", data=data)  # type: ignore[no-any-return]

    def read3(self, data: bytes) -> tuple[Any, ...]:
        return self._run("read3", data=data)  # type: ignore[no-any-return]

    def forward(self, data: bytes) -> bytes:
        return self._run("forward", data=data)  # type: ignore[no-any-return]

    def filter(self, data: bytes, *, hit: bool = True) -> bool:
        return bool(self._run("filter_hit" if hit else "filter_miss", data=data))

    def check(self) -> None:
        """Raises AssertionError unless every answer is right: a wrong answer has no speed."""
        values, data = self.event.values, self.data
        wanted = tuple(values[key] for key in READ)
        for work, answer in (
            ("dict", values),
            ("read3", wanted),
            ("filter_hit", True),
            ("filter_miss", False),
        ):
            if work in self.sources and (got := self._run(work)) != answer:
                raise AssertionError(f"{self.name}, {work}: {got!r} is not {answer!r}")
        if "forward" in self.sources and "dict" in self.sources:
            again = self.decode(self.forward(data))
            if again != values:
                raise AssertionError(f"{self.name}, forward: {again!r} is not {values!r}")


def load(event: Event) -> Iterator[Peer]:
    """All peers whose packages are installed; the others are named on standard output."""
    for module in MODULES:
        try:
            found = importlib.import_module(f"peers.{module}")
        except ImportError as error:
            print(f"left out: {module.lstrip('_')} ({error})")
            continue
        for kind in found.PEERS:
            yield kind(event)
