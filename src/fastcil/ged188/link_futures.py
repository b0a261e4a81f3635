"""How the outcome of a request reaches whoever waits for it, on the loop or on another thread."""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import InvalidStateError
from typing import Any, Protocol

from fastcil.ged188 import Message
from fastcil.ged188.link_errors import LinkError
from fastcil.ged188.link_requests import merged

__all__ = ["AnyFuture", "Waiting"]


class AnyFuture(Protocol):
    """What asyncio's and concurrent.futures' futures have in common."""

    def cancelled(self) -> bool: ...

    def done(self) -> bool: ...

    def set_result(self, result: Any, /) -> None: ...

    def set_exception(self, exception: Any, /) -> None: ...


class Waiting:
    """What becomes of a request's outcome. whole: one message, else the parts."""

    __slots__ = ("future", "whole")

    def __init__(self, future: AnyFuture, whole: bool) -> None:
        self.future = future
        self.whole = whole

    def settle(self, parts: list[Message], error: LinkError | None) -> None:
        """Tells whoever waits, unless nobody does any more."""
        future = self.future
        if future.done():
            return
        try:
            result: Any = None
            if error is None:
                result = merged(parts) if self.whole else tuple(parts)
        except LinkError as problem:
            error = problem
        # A future of another thread can be cancelled just now.
        with contextlib.suppress(asyncio.InvalidStateError, InvalidStateError):
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)
