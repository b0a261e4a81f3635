"""A codec on the struct module for one event type, as a careful programmer would write it.

All numbers, and where each text ends, in one packed head; texts behind it. Whoever wants three
fields unpacks three fields. It is not self-describing: both sides must know the event's fields,
order and types.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from itertools import accumulate
from struct import Struct
from typing import Any, ClassVar

from events import READ
from peers import Peer

Flat = tuple[tuple[str, ...], type]


def flatten(values: Mapping[str, Any], path: tuple[str, ...] = ()) -> list[Flat]:
    """The leaves with their paths, depth first."""
    found: list[Flat] = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            found += flatten(value, (*path, key))
        else:
            found.append(((*path, key), type(value)))
    return found


class PureStruct(Peer):
    name = "struct"
    note = "not self-describing; one codec per event type"
    version = f"Python {platform.python_version()}"
    sources: ClassVar[dict[str, str]] = {
        **Peer.sources,
        "read3": "read3(data)",
        "filter_hit": "(v := read3(data))[0].startswith(prefix) and v[1] == status",
        "filter_miss": "(v := read3(data))[0].startswith(prefix) and v[1] == other",
    }

    def tools(self) -> dict[str, Any]:
        leaves = flatten(self.event.values)
        texts = [path for path, kind in leaves if kind is str]
        numbers = [(path, kind) for path, kind in leaves if kind is not str]
        numbers.sort(key=lambda leaf: leaf[1] is bool)
        layout = "".join("?" if kind is bool else "q" for _, kind in numbers)
        self.head = Struct(f"<{layout}{'I' * len(texts)}")  # a text is known by where it ends
        self.numbers, self.texts = [path for path, _ in numbers], texts
        return {"encode": self._encoder(), "decode": self._decoder(), "read3": self._reader()}

    def _template(self) -> str:
        """The dict display that puts the values back where they were, as source text."""
        place = {path: f"n[{i}]" for i, path in enumerate(self.numbers)}
        count = len(self.numbers)
        for i, path in enumerate(self.texts):
            start = f"n[{count + i - 1}]" if i else "0"
            place[path] = f"t[{start}:n[{count + i}]]"

        def display(values: Mapping[str, Any], path: tuple[str, ...] = ()) -> str:
            parts = (
                f"{key!r}: {display(value, (*path, key))}"
                if isinstance(value, Mapping)
                else f"{key!r}: {place[(*path, key)]}"
                for key, value in values.items()
            )
            return "{" + ", ".join(parts) + "}"

        return display(self.event.values)

    def _encoder(self) -> Callable[[dict[str, Any]], bytes]:
        def subscript(path: tuple[str, ...]) -> str:
            return "values" + "".join(f"[{key!r}]" for key in path)

        numbers = ", ".join(map(subscript, self.numbers))
        texts = ", ".join(map(subscript, self.texts))
        source = (
            "def encode(values):\n"
            f"    texts = ({texts},)\n"
            f"    return pack({numbers}, *accumulate(map(len, texts))) + ''.join(texts).encode()\n"
        )
        return self._define(source, "encode")

    def _decoder(self) -> Callable[[bytes], dict[str, Any]]:
        source = (
            "def decode(data):\n"
            "    n = unpack(data)\n"
            "    t = data[size:].decode()\n"
            f"    return {self._template()}\n"
        )
        return self._define(source, "decode")

    def _reader(self) -> Callable[[bytes], tuple[Any, ...]]:
        """Ends count characters, so all texts are decoded; only wanted numbers are unpacked."""
        parts, setup = [], []
        place = self.head.format.lstrip("<")
        for i, key in enumerate(READ):
            path = (key,)
            if path in self.numbers:
                at = self.numbers.index(path)
                setup.append((f"u{i}", Struct("<" + place[at]), Struct("<" + place[:at]).size))
                parts.append(f"u{i}(data, {setup[-1][2]})[0]")
            else:
                at = self.texts.index(path)
                base = len(self.numbers) + at
                if at:
                    setup.append((f"u{i}", Struct("<II"), Struct("<" + place[: base - 1]).size))
                    parts.append(f"t[slice(*u{i}(data, {setup[-1][2]}))]")
                else:
                    setup.append((f"u{i}", Struct("<I"), Struct("<" + place[:base]).size))
                    parts.append(f"t[:u{i}(data, {setup[-1][2]})[0]]")
        source = f"def read3(data):\n    t = data[size:].decode()\n    return {', '.join(parts)}\n"
        return self._define(source, "read3", {name: s.unpack_from for name, s, _ in setup})

    def _define(self, source: str, name: str, more: Mapping[str, Any] = {}) -> Any:
        space: dict[str, Any] = {
            "pack": self.head.pack,
            "unpack": self.head.unpack_from,
            "size": self.head.size,
            "accumulate": accumulate,
            **more,
        }
        exec(source, space)
        return space[name]


PEERS = [PureStruct]
