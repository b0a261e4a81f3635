"""Events as classes: `from fastcil.cil.typed_events import OnCallBegin`.

    async for event in session.events(typed=True):
        match event:
            case OnCallBegin(ani=ani, dnis=dnis):
                ...
            case AgentEvent(number=number):
                ...

One class for each documented event, under its documented name; one base class for each event
interface (CallEvent, AgentEvent …). Attributes are the documented keywords in snake_case, with
their documented types; help(OnCallBegin) tells what each means. They are read from the received
frame when asked for. The catalog is the source of all of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Protocol

from fastcil.cil import _typed_events
from fastcil.cil._typed_events import *  # noqa: F403
from fastcil.cil._typed_events import BY_NUMBER
from fastcil.cil.typed_fields import Event, Field, MissingFieldError, UnknownEvent
from fastcil.codec import Frame

__all__ = [
    "AsyncTypedStream",
    "Event",
    "Field",
    "MissingFieldError",
    "TypedStream",
    "UnknownEvent",
    "event_of",
    *_typed_events.__all__,
]


def event_of(frame: Frame) -> Event:
    """The frame as an event of its class; UnknownEvent when the catalog has none for it."""
    return BY_NUMBER.get(frame.message_id, UnknownEvent)(frame)


class _Frames(Protocol):
    def __next__(self) -> Frame: ...

    def close(self) -> None: ...


class _AsyncFrames(Protocol):
    async def __anext__(self) -> Frame: ...

    def close(self) -> None: ...


class TypedStream(Iterator[Event]):
    """session.events(typed=True) of threads: an EventStream whose frames come as typed events."""

    def __init__(self, frames: _Frames) -> None:
        self._frames = frames

    def __next__(self) -> Event:
        return event_of(next(self._frames))

    def close(self) -> None:
        """No more events are wanted from it."""
        self._frames.close()


class AsyncTypedStream(AsyncIterator[Event]):
    """session.events(typed=True) of asyncio."""

    def __init__(self, frames: _AsyncFrames) -> None:
        self._frames = frames

    async def __anext__(self) -> Event:
        return event_of(await self._frames.__anext__())

    def close(self) -> None:
        """No more events are wanted from it."""
        self._frames.close()
