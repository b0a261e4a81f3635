"""The requests that are outstanding, by InvokeID and by time. No I/O, no clock.

Source: guide, CTI Client Application Guidelines, InvokeIDs: unique for each request, returned in
the confirmation, CONTROL_FAILURE_CONF or FAILURE_CONF.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from typing import Any, Union

from fastcil.ged188 import NULL_UINT, Message, encode_message
from fastcil.ged188._request import Request
from fastcil.ged188.errors import EncodeError
from fastcil.ged188.link_errors import AnswerError
from fastcil.ged188.relations import CONFIRMATIONS
from fastcil.ged188.schema import MessageSpec, message_spec

__all__ = [
    "MAX_PARTS",
    "SESSION_MESSAGES",
    "Ask",
    "Outstanding",
    "Pending",
    "merged",
    "request_spec",
    "values_of",
]

MAX_PARTS = 64
"""Of one answer. LIST_AGENT_TEAM_CONF holds 64 teams in each."""
_LATE = 4096
"""InvokeIDs that are remembered after their request was given up."""

SESSION_MESSAGES = frozenset({"OPEN_REQ", "HEARTBEAT_REQ", "CLOSE_REQ"})
"""Requests that only the link itself makes."""

Ask = Union[Request, str, int]


class Pending:
    """One request and what has come for it.

    number: InvokeID, 0 for the requests for configuration, which have none. confirmation: number of
    the message that confirms it. token: whatever the driver wants to find again.
    """

    __slots__ = ("confirmation", "deadline", "name", "number", "parts", "side", "timeout", "token")

    def __init__(
        self, name: str, number: int, confirmation: int, side: int, timeout: float, deadline: float
    ) -> None:
        self.name = name
        self.number = number
        self.confirmation = confirmation
        self.side = side
        self.timeout = timeout
        self.deadline = deadline
        self.parts: list[Message] = []
        self.token: Any = None

    def __repr__(self) -> str:
        return f"<{self.name} {self.number} on side {self.side}>"


def request_spec(request: Ask) -> MessageSpec:
    """The message of a request, of a name or of a number.

    Raises KeyError for an unknown one, ValueError for one that is no request, that has no
    documented format, or that only the link makes.
    """
    spec = message_spec(request.NAME if isinstance(request, Request) else request)
    if spec.name in SESSION_MESSAGES:
        raise ValueError(f"{spec.name} is sent by the link itself")
    if spec.name not in CONFIRMATIONS:
        raise ValueError(f"{spec.name} is confirmed by no message: use send")
    if not spec.documented:
        raise ValueError(f"{spec.name} has no documented format: use send with a body")
    return spec


def values_of(request: Ask, values: Mapping[str, Any] | None, version: int) -> dict[str, Any]:
    """The fields of a request however it was given."""
    if isinstance(request, Request):
        if values is not None:
            raise ValueError("a typed request has its values")
        return request.to_values(version)
    found = dict(values or {})
    if "InvokeID" in found:
        raise ValueError("the link chooses the InvokeID")
    return found


class Outstanding:
    """Requests by InvokeID. first: of the InvokeIDs; limit: how many may be outstanding."""

    def __init__(self, limit: int, first: int = 1) -> None:
        self._limit = limit
        self._next = first
        self._numbered: dict[int, Pending] = {}
        self._unnumbered: dict[int, deque[Pending]] = {}
        self._late: OrderedDict[int, str] = OrderedDict()
        self._times: list[tuple[float, int, Pending]] = []
        self._order = 0  # of requests with the same deadline
        self._of_side: dict[int, int] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def full(self) -> bool:
        """Whether no further request may be made."""
        return self._count >= self._limit

    def of_side(self, side: int) -> int:
        """How many a side has yet to answer."""
        return self._of_side.get(side, 0)

    def new_number(self) -> int:
        """An InvokeID that no request has, or had lately; never 0 nor all ones."""
        while True:
            number = self._next
            self._next = 1 if number >= NULL_UINT - 1 else number + 1
            if 0 < number < NULL_UINT and number not in self._numbered and number not in self._late:
                return number

    def add(
        self, name: str, number: int, confirmation: int, side: int, now: float, timeout: float
    ) -> Pending:
        """A request was sent. number: from new_number(), or 0."""
        pending = Pending(name, number, confirmation, side, timeout, now + timeout)
        if number:
            self._numbered[number] = pending
        else:
            self._unnumbered.setdefault(confirmation, deque()).append(pending)
        self._count += 1
        self._of_side[side] = self._of_side.get(side, 0) + 1
        self._time(pending)
        return pending

    def find(self, number: int) -> Pending | None:
        """The request that an InvokeID belongs to."""
        return self._numbered.get(number)

    def first_unnumbered(self, confirmation: int) -> Pending | None:
        """The oldest request without InvokeID that a message can confirm."""
        waiting = self._unnumbered.get(confirmation)
        return waiting[0] if waiting else None

    def unnumbered(self) -> Iterator[Pending]:
        """All requests without InvokeID."""
        for waiting in self._unnumbered.values():
            yield from waiting

    def late(self, number: int) -> str | None:
        """The name of a request that was given up; its InvokeID is free again afterwards."""
        return self._late.pop(number, None)

    def extend(self, pending: Pending, now: float) -> None:
        """A part of the answer came: the time runs anew."""
        pending.deadline = now + pending.timeout
        self._time(pending)

    def remove(self, pending: Pending, *, late: bool = False) -> bool:
        """The request is over; late: its answer may still come. False when it was not there."""
        if pending.number:
            if self._numbered.get(pending.number) is not pending:
                return False
            del self._numbered[pending.number]
            if late:
                self._late[pending.number] = pending.name
                if len(self._late) > _LATE:
                    self._late.popitem(last=False)
        else:
            waiting = self._unnumbered.get(pending.confirmation)
            if not waiting or pending not in waiting:
                return False
            waiting.remove(pending)
        self._count -= 1
        self._of_side[pending.side] -= 1
        pending.deadline = -1.0
        return True

    def take_side(self, side: int) -> list[Pending]:
        """All requests of a side, in the order they were made; they are over."""
        found = [p for p in self._numbered.values() if p.side == side]
        found += [p for p in self.unnumbered() if p.side == side]
        for pending in found:
            self.remove(pending)
        return found

    @property
    def deadline(self) -> float | None:
        """When the next request runs out of time."""
        times = self._times
        while times and times[0][2].deadline != times[0][0]:
            heapq.heappop(times)
        return times[0][0] if times else None

    def expired(self, now: float) -> Iterator[Pending]:
        """The requests whose time is over; each is removed, its answer would be late."""
        while True:
            deadline = self.deadline
            if deadline is None or deadline > now:
                return
            pending = heapq.heappop(self._times)[2]
            self.remove(pending, late=True)
            yield pending

    def _time(self, pending: Pending) -> None:
        self._order += 1
        heapq.heappush(self._times, (pending.deadline, self._order, pending))
        # Answered requests stay in the heap until their time: not for ever, and not too many.
        if len(self._times) > 64 + 8 * self._count:
            self._times = [entry for entry in self._times if entry[2].deadline == entry[0]]
            heapq.heapify(self._times)


def merged(parts: list[Message]) -> Message:
    """One message for all parts of an answer: the last one, with the lists of all.

    Raises AnswerError when that is more than a message can hold: then ask for the parts.
    """
    last = parts[-1]
    if len(parts) == 1:
        return last
    spec = message_spec(last.name)
    values = {**last.to_dict()}
    for group in spec.lists:
        values.pop(group.count, None)
        for name in group.members:
            values[name] = [one for part in parts for one in part.get(name, ())]
    known = {field.name for field in (*spec.fixed, *spec.floating)}
    values = {name: value for name, value in values.items() if name in known}
    try:
        data = encode_message(last.name, values, version=last.version)
    except EncodeError as error:
        raise AnswerError(f"{last.name}: {len(parts)} parts make no one message: {error}") from None
    return Message.from_bytes(data, last.version, strict=False)
