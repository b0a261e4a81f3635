"""What a client asks: monitor mode and its snapshots here, anything else of a site at the desk."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fastcil.catalog.requests import RequestID
from fastcil.codec import Frame, MessageFilter
from fastcil.codec.errors import ConversionError, FilterError
from fastcil.server import replies
from fastcil.server.policy import RequestRate

if TYPE_CHECKING:
    from fastcil.server.client import ClientConnection

__all__ = ["ClientRequests", "level_of"]

_SNAPSHOTS = (RequestID.SET_MESSAGE_FILTER, RequestID.REQUEST_SNAPSHOT)
_SNAPSHOT = 10  # requests that a snapshot counts as


def level_of(frame: Frame, known: int) -> int:
    """The MinimizeEventArgs that a frame asks for, or the one known so far."""
    try:
        return 1 if frame.arguments.get_int("MinimizeEventArgs", known) else 0
    except (ConversionError, OverflowError):
        return known


class ClientRequests:
    """The requests of one client, no more of them than it may send."""

    def __init__(self, client: ClientConnection) -> None:
        self._client = client
        self._rate = self._beats = RequestRate(0.0, 0.0)

    def begin(self, now: float) -> None:
        """The client is connected: from now on its requests are counted."""
        rate = self._client.server.guard.policy.requests_per_second
        self._rate, self._beats = RequestRate(rate, now), RequestRate(rate, now)

    def beats(self) -> bool:
        """Whether a heartbeat of the client is answered: not more of them than requests."""
        if self._beats.take(asyncio.get_running_loop().time()):
            return True
        self._client.server.counters.heartbeats_limited += 1
        return False

    def take(self, frame: Frame) -> None:
        """Answer a request, or see that it is answered."""
        client, server = self._client, self._client.server
        if client.peer is not None:
            client.peer(client, frame)
            return
        cost = _SNAPSHOT if frame.message_id in _SNAPSHOTS else 1
        if not self._rate.take(asyncio.get_running_loop().time(), cost):
            server.counters.requests_limited += 1
            words = f"more than {self._rate.rate:g} requests a second"
            self._refuse(frame, replies.TOO_MANY, words)
            return
        if frame.message_id == RequestID.SET_MESSAGE_FILTER:
            self._set_filter(frame)
        elif frame.message_id == RequestID.REQUEST_SNAPSHOT:
            if client.filter is None:
                self._refuse(frame, replies.NOT_IN_MODE, "a snapshot needs a filter set first")
            else:
                client.push_snapshot()
                server.touch(client)
        elif server.desk is not None and server.desk.takes(frame.message_id):
            if frame.message_id == RequestID.SET_AGENT:
                client.level = level_of(frame, client.level)
            if not server.desk.submit(client, frame):
                words = f"{server.desk.most} requests are under way already"
                self._refuse(frame, replies.TOO_MANY, words)
        else:
            words = f"no request has number {frame.message_id:#x}"
            self._refuse(frame, replies.UNKNOWN_REQUEST, words)

    def _set_filter(self, frame: Frame) -> None:
        """Monitor mode, with this filter from now on."""
        client, server = self._client, self._client.server
        arguments = frame.arguments
        try:
            text = arguments.get_string("Filter")
            found = MessageFilter(text)
            mode = arguments.get_int("MonitorSessionSnapshotMode", 0)
            probe = max(0, arguments.get_int(replies.PROBE_KEY, 0))
            token = arguments.get_string("MonitorToken", "")
        except KeyError:
            self._refuse(frame, replies.MISSING, "Filter is missing")
            return
        except FilterError as error:
            server.counters.filters_refused += 1
            self._refuse(frame, replies.BAD_FILTER, str(error))
            return
        except (ConversionError, OverflowError) as error:
            self._refuse(frame, replies.BAD_VALUE, str(error))
            return
        words = server.may_monitor(client, token, asyncio.get_running_loop().time())
        if words is not None:
            server.counters.monitors_refused += 1
            self._refuse(frame, replies.NOT_ALLOWED, words)
            return
        client.level = level_of(frame, client.level)
        client.probe_seconds = probe / 1000
        client.filter = found
        server.counters.filters_set += 1
        server.set_monitor(client)
        client.tell_resumed()
        established = replies.established(
            client.connection_id, arguments.get("InvokeID"), server.system_status()
        )
        if mode == 1:
            client.push(established, keep=True)
        else:
            client.push_snapshot(then=[established])
        server.touch(client)

    def _refuse(self, frame: Frame, code: int, message: str) -> None:
        """Answer a request by OnControlFailureConf."""
        client, server = self._client, self._client.server
        server.counters.requests_refused += 1
        invoke_id = frame.arguments.get("InvokeID")
        client.push(replies.failure(code, message, frame.message_id, invoke_id), keep=True)
        server.touch(client)
