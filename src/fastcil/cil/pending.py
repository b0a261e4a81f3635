"""A request that is under way: its code at once, its confirmation later.

Sources: CTI OS Developer Guide 12.6(1), CIL coding conventions (CIL_OK means sent; the outcome
comes as an event) and helper classes (never wait inside an event handler).
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Generator, Iterable, Mapping
from typing import Any, Callable

from fastcil.catalog import EVENT_NAMES, CilError
from fastcil.cil.errors import (
    RequestFailedError,
    RequestTimeoutError,
    SessionClosedError,
    SessionError,
)
from fastcil.cil.lenient import number_in
from fastcil.codec import Arguments, FastcilError

__all__ = ["Asker", "Pending", "Requests"]

_FAILURE = EVENT_NAMES["OnControlFailureConf"]


_LOOK = 1.0  # seconds after which a wait looks whether anybody is left to end it


class Pending:
    """What perform() returns. Wait for it by result(), or `await` it in asyncio.

    code: CIL_OK when the request was accepted for sending, else the documented code, and nothing
    was sent. invoke_id: what ties the answer to it. Both waits give the fields of the confirmation
    (no fields for a request that none is documented for: that is done when it is sent) or raise
    RequestFailedError, RequestTimeoutError or another SessionError.
    """

    def __init__(
        self,
        method: str,
        code: CilError = CilError.CIL_OK,
        text: str = "",
        *,
        invoke_id: int = 0,
        request: int = 0,
        confirm: frozenset[int] = frozenset(),
        guard: Callable[[], None] | None = None,
    ) -> None:
        self.method = method
        self.code = code
        self.invoke_id = invoke_id
        self.request = request
        self.event_id = 0
        """Number of the event that confirmed it; 0 until then."""
        self.lives = 0  # how many connections were lost before it was sent
        self.due = 0.0
        self._confirm = confirm
        self._guard = guard
        self._lock = threading.Lock()
        self._arguments: Arguments | None = None
        self._error: SessionError | None = None
        self._done = False
        self._wakers: list[Callable[[], object]] = []
        if code is not CilError.CIL_OK:
            self._done = True
            self._error = SessionError(text or f"{method}: {code.name}", code)

    def done(self) -> bool:
        """Whether the outcome is known."""
        return self._done

    def result(self, timeout: float | None = None) -> Arguments:
        """The fields of the confirmation, waiting for it at most timeout seconds.

        TimeoutError when it did not come by then (the request itself goes on); SessionError on the
        thread that delivers events, which would wait for itself.
        """
        if not self._done:
            if self._guard is not None:
                self._guard()
            ready = threading.Event()
            self.add_waker(ready.set)
            end = None if timeout is None else time.monotonic() + timeout
            left = timeout
            while not ready.wait(_LOOK if left is None else min(left, _LOOK)):
                if end is not None:
                    left = end - time.monotonic()
                    if left <= 0:
                        raise TimeoutError(f"{self.method}: no answer in {timeout:g} seconds")
                if self._guard is not None:
                    self._guard()
        return self._outcome()

    def exception(self) -> SessionError | None:
        """Why it failed; None while it is under way and when it was confirmed."""
        return self._error

    def __await__(self) -> Generator[Any, None, Arguments]:
        if not self._done:
            loop = asyncio.get_running_loop()
            future: asyncio.Future[None] = loop.create_future()

            def wake() -> None:
                if not future.done():
                    future.set_result(None)

            def tell() -> None:
                with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
                    loop.call_soon_threadsafe(wake)

            self.add_waker(tell)
            yield from future.__await__()
        return self._outcome()

    def __repr__(self) -> str:
        state = "done" if self._done else "under way"
        return f"Pending({self.method!r}, {self.code.name}, invoke_id={self.invoke_id}, {state})"

    def add_waker(self, waker: Callable[[], object]) -> None:
        """Calls waker once when the outcome is known: at once, or on the thread that learns it."""
        with self._lock:
            if not self._done:
                self._wakers.append(waker)
                return
        waker()

    # --- for the session ------------------------------------------------------------------------

    @property
    def confirmable(self) -> bool:
        """Whether an event answers it."""
        return bool(self._confirm)

    def answers(self, message_id: int, arguments: Arguments) -> bool:
        """Whether an event with its InvokeID is its answer."""
        if message_id in self._confirm:
            return True
        if message_id != _FAILURE:
            return False
        number = number_in(arguments, "MessageType")
        return number in (0, self.request)

    def confirm(self, message_id: int, arguments: Arguments) -> None:
        """It was answered, or sent when there is no answer (message_id 0)."""
        if message_id == _FAILURE:
            code = number_in(arguments, "FailureCode")
            peripheral = number_in(arguments, "PeripheralErrorCode")
            words = arguments.get_string("ErrorMessage", "") or f"refused with FailureCode {code}"
            text = f"{self.method}: {words}"
            self._end(None, RequestFailedError(text, code, peripheral), message_id)
        else:
            self._end(arguments.detach(), None, message_id)

    def fail(self, error: SessionError) -> None:
        """It will not be answered."""
        self._end(None, error, 0)

    def expire(self, seconds: float) -> None:
        """Its time is over."""
        text = f"{self.method}: the server did not answer in {seconds:g} seconds"
        self.fail(RequestTimeoutError(text, CilError.CIL_FAIL))

    def _end(self, found: Arguments | None, error: SessionError | None, number: int) -> None:
        with self._lock:
            if self._done:
                return
            self._arguments, self._error, self.event_id = found, error, number
            self._done = True
            wakers, self._wakers = self._wakers, []
        for waker in wakers:
            waker()

    def _outcome(self) -> Arguments:
        if self._error is not None:
            raise self._error
        return Arguments() if self._arguments is None else self._arguments


class Requests:
    """The requests of a session that are under way, by InvokeID. For any thread.

    An application may choose an InvokeID of its own, even one in use: then the kind of the answer
    tells them apart, and the older one is answered first.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: dict[int, list[Pending]] = {}
        self._next = 0
        self._closed: SessionError | None = None

    def __len__(self) -> int:
        with self._lock:
            return sum(map(len, self._pending.values()))

    def new_id(self) -> int:
        """An InvokeID that no request under way has."""
        with self._lock:
            while True:
                self._next = self._next % 0x7FFFFFFF + 1
                if self._next not in self._pending:
                    return self._next

    def open(self) -> None:
        """A session begins."""
        with self._lock:
            self._closed = None

    def add(self, pending: Pending) -> None:
        """A request is about to be sent."""
        with self._lock:
            closed = self._closed
            if closed is None:
                self._sweep()
                self._pending.setdefault(pending.invoke_id, []).append(pending)
        if closed is not None:
            pending.fail(closed)

    def answered(self, message_id: int, arguments: Arguments) -> Pending | None:
        """An event came: the request that it answers, which is done then."""
        number = arguments.get("InvokeID")
        if not isinstance(number, int):
            return None
        with self._lock:
            found = next(
                (p for p in self._pending.get(number, ()) if p.answers(message_id, arguments)),
                None,
            )
            if found is not None:
                self._drop(found)
        if found is not None:
            found.confirm(message_id, arguments)
        return found

    def lost(self, lives: int, error: SessionError) -> None:
        """The connection was lost for the lives-th time: what went over it gets no answer."""
        self._fail(error, lambda pending: pending.lives < lives)

    def close(self, error: SessionClosedError) -> None:
        """The session is over."""
        with self._lock:
            self._closed = error
        self._fail(error, lambda pending: True)

    def _fail(self, error: SessionError, which: Callable[[Pending], bool]) -> None:
        with self._lock:
            found = [p for each in self._pending.values() for p in each if which(p)]
            for pending in found:
                self._drop(pending)
        for pending in found:
            pending.fail(error)

    def _drop(self, pending: Pending) -> None:
        left = self._pending[pending.invoke_id]
        left.remove(pending)
        if not left:
            del self._pending[pending.invoke_id]

    def _sweep(self) -> None:
        """Forgets those that ended by themselves: sent without an answer due, or timed out."""
        ended = [p for each in self._pending.values() for p in each if p.done()]
        for pending in ended:
            self._drop(pending)


class Asker:
    """An object with requests: what the generated methods need."""

    __slots__ = ()

    def perform(self, method: str, arguments: Mapping[str, Any] | None = None) -> Pending:
        """Begins a documented request; its code tells whether it was sent."""
        raise NotImplementedError

    def _ask(
        self,
        method: str,
        arguments: Mapping[str, Any] | None,
        given: Mapping[str, Any] | None = None,
    ) -> Pending:
        """perform() for the native methods: SessionError instead of a code that is not CIL_OK."""
        named: Iterable[tuple[str, Any]] = () if given is None else given.items()
        chosen = {key: value for key, value in named if value is not None}
        if arguments is not None and not chosen:
            pending = self.perform(method, arguments)
        elif arguments is None:
            pending = self.perform(method, chosen)
        else:
            try:
                merged: Any = Arguments(arguments)
                merged.update(chosen)
            except (FastcilError, TypeError, ValueError, OverflowError):
                # perform() has the code for what can be no Arguments.
                merged = arguments if _is_wrong(arguments) else chosen
            pending = self.perform(method, merged)
        error = pending.exception()
        if pending.code is not CilError.CIL_OK and error is not None:
            raise error
        return pending


def _is_wrong(arguments: Any) -> bool:
    """Whether it cannot be written as Arguments."""
    try:
        Arguments(arguments)
    except (FastcilError, TypeError, ValueError, OverflowError):
        return True
    return False
