"""A measured piece of code: one statement, the names it uses, and the loop that times it.

The statement is compiled into its loop, so neither side of a comparison pays for a wrapper
function. The same object serves the table, the gate, pytest-benchmark, pyperf and the instruction
counts: what is compared is written once.
"""

from __future__ import annotations

import gc
import textwrap
from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from statistics import median
from time import perf_counter
from typing import Any

SAMPLE_SECONDS = 0.005


class Code:
    """`source` is an expression or `statements`; `events` is how many events one run handles."""

    def __init__(
        self, source: str, names: Mapping[str, Any], *, events: int = 1, statements: bool = False
    ) -> None:
        self.source = source
        self.names = dict(names)
        self.events = events
        self.statements = statements
        self._loop: Callable[[int], float] | None = None

    def _compile(self, text: str, name: str) -> Callable[..., Any]:
        space: dict[str, Any] = {"names": self.names, "repeat": repeat, "clock": perf_counter}
        exec(compile(text, f"<{self.source[:60]}>", "exec"), space)
        return space[name]  # type: ignore[no-any-return]

    @property
    def _arguments(self) -> str:
        # As defaults the names become locals: the cheapest look-up there is, for both sides.
        return "".join(f", {name}=names[{name!r}]" for name in self.names)

    def loop(self) -> Callable[[int], float]:
        """loop(n): runs the code n times and returns the seconds that took."""
        if self._loop is None:
            text = (
                f"def loop(n{self._arguments}):\n"
                "    start = clock()\n"
                "    for _ in repeat(None, n):\n"
                f"{textwrap.indent(self.source, ' ' * 8)}\n"
                "    return clock() - start\n"
            )
            self._loop = self._compile(text, "loop")
        return self._loop

    def function(self) -> Callable[[], Any]:
        """The code as a function of no arguments, which returns the expression's value."""
        body = self.source if self.statements else f"return (\n{self.source}\n)"
        text = f"def call(_=None{self._arguments}):\n{textwrap.indent(body, ' ' * 4)}\n"
        return self._compile(text, "call")

    def rounds(self, seconds: float = SAMPLE_SECONDS) -> int:
        """How often to run the code for one sample of about `seconds`."""
        loop, n = self.loop(), 1
        while (taken := loop(n)) < seconds / 4:
            n *= 4
        return max(1, round(n * seconds / max(taken, 1e-9)))


def interleaved(
    codes: Mapping[str, Code], repeats: int, seconds: float = SAMPLE_SECONDS
) -> dict[str, list[float]]:
    """Seconds per event of every code, `repeats` samples each, taken in turn (A B C A B C …)."""
    loops = {name: (code.loop(), code.rounds(seconds), code.events) for name, code in codes.items()}
    samples: dict[str, list[float]] = {name: [] for name in codes}
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        for _ in range(repeats):
            for name, (loop, n, events) in loops.items():
                samples[name].append(loop(n) / n / events)
            gc.enable()
            gc.collect()
            gc.disable()
    finally:
        if was_enabled:
            gc.enable()
    return samples


def ratio(slow: Sequence[float], fast: Sequence[float]) -> float:
    """How many times faster `fast` is: the median of the ratios of samples taken side by side."""
    return median(a / b for a, b in zip(slow, fast))
