"""What tests need that run code of the program in the middle of the codec's work."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Callable

import pytest

# A moving collector runs finalizers when it likes, not when the next object is made.
of_the_collector = pytest.mark.skipif(
    not hasattr(gc, "get_threshold"), reason="finalizers run at a set time in CPython only"
)


def fresh(text: str) -> str:
    """A str of its own, which nobody else keeps."""
    return "".join([text, "!"])[:-1]


@contextmanager
def at_the_next_collection(call: Callable[[], object], after: int = 1) -> Iterator[None]:
    """A finalizer that calls something as soon as the garbage collector runs.

    It runs early: when about `after` objects were made.
    """
    before = gc.get_threshold()

    class Final:
        def __del__(self) -> None:
            gc.set_threshold(*before)
            call()

    class Cycle:
        pass

    gc.freeze()  # so that the many objects of a test run need not be looked at again
    cycle: Any = Cycle()
    cycle.itself, cycle.final = cycle, Final()
    del cycle
    gc.set_threshold(after, 1, 1)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.collect()
        gc.unfreeze()
