"""A link core with a clock that stands still and a server that says what a test lets it say."""

from __future__ import annotations

import random
from typing import Any, TypeVar

from fastcil.ged188 import Message, MessageReader, encode_message
from fastcil.ged188.enums import CTIServiceMask
from fastcil.ged188.link import LinkCore, LinkEvent, LinkSettings, Reconcile
from fastcil.ged188.link_actions import Connect, Deliver, Disconnect, Resolve, Send
from fastcil.ged188.link_requests import Pending
from fastcil.ged188.link_side import SideState

ALL_EVENTS = int(CTIServiceMask.CTI_SERVICE_ALL_EVENTS)
STANDBY = int(CTIServiceMask.CTI_SERVICE_ACTIVE_STANDBY)
A, B = 0, 1

Event = TypeVar("Event")


def settings(**more: Any) -> LinkSettings:
    """Both sides, no heartbeats unless asked for."""
    values: dict[str, Any] = {
        "sides": (("side-a", 42027), ("side-b", 43027)),
        "client_id": "tester",
        "client_password": "s3cret",
        "heartbeat_interval": None,
    }
    return LinkSettings(**{**values, **more})


class Rig:
    """A core, its clock, what it sent, what it told."""

    def __init__(self, core: LinkCore | None = None, **more: Any) -> None:
        self.core = core or LinkCore(settings(**more), rng=random.Random(7))
        self.now = 1000.0
        self.connects: list[int] = []
        self.cuts: list[int] = []
        self.sent: list[tuple[int, Message]] = []
        self.events: list[LinkEvent] = []
        self.resolved: list[Resolve] = []
        self._readers = [MessageReader(), MessageReader()]

    def act(self) -> None:
        """Takes the actions of the core apart."""
        for action in self.core.take():
            if isinstance(action, Connect):
                self.connects.append(action.side)
                self._readers[action.side] = MessageReader(self.core.sides[action.side].version)
            elif isinstance(action, Disconnect):
                self.cuts.append(action.side)
            elif isinstance(action, Send):
                for message in self._readers[action.side].feed(action.data):
                    self.sent.append((action.side, message))
            elif isinstance(action, Deliver):
                self.events += action.events
            elif isinstance(action, Resolve):
                self.resolved.append(action)

    # --- the network ------------------------------------------------------------------------------

    def start(self) -> Rig:
        self.core.open(self.now)
        self.act()
        return self

    def made(self, side: int = A) -> Message:
        """The connection is there; the OPEN_REQ."""
        assert self.core.sides[side].state is SideState.CONNECTING, self.core.sides
        self.core.connection_made(side, self.now)
        self.act()
        return self.last("OPEN_REQ", side)

    def lost(self, side: int = A, text: str = "") -> None:
        self.core.connection_lost(side, self.now, text)
        self.act()

    def feed(self, data: bytes, side: int = A) -> None:
        self.core.bytes_received(side, data, self.now)
        self.act()

    def say(self, name: str, values: dict[str, Any] | None = None, side: int = A) -> None:
        """The server sends a message of the version in use."""
        version = self.core.sides[side].version
        self.feed(encode_message(name, values or {}, version=version), side)

    def confirm_open(self, side: int = A, kind: int = 0, services: int = ALL_EVENTS) -> None:
        """OPEN_CONF. kind: SessionType."""
        request = self.last("OPEN_REQ", side)
        values = {
            "InvokeID": request["InvokeID"],
            "ServicesGranted": services,
            "MonitorID": 1,
            "PGStatus": 0,
            "ICMCentralControllerTime": 1_700_000_000,
            "PeripheralOnline": 1,
            "PeripheralType": 17,
            "AgentState": 0,
        }
        version = self.core.sides[side].version
        if version >= 19:
            values["DepartmentID"] = 0
        if version >= 24:
            values["SessionType"] = kind
        self.say("OPEN_CONF", values, side)

    def refuse_open(self, status: int, side: int = A) -> None:
        """FAILURE_CONF to the OPEN_REQ, in the form of the version."""
        number = self.last("OPEN_REQ", side)["InvokeID"]
        self.fail(number, status, side)

    def fail(self, number: int, status: int, side: int = A) -> None:
        """FAILURE_CONF in the form of the version."""
        if self.core.sides[side].version >= 24:
            values = {"InvokeID": number, "FailureCode": status, "PeripheralErrorCode": 0}
        else:
            values = {"InvokeID": number, "Status": status}
        self.say("FAILURE_CONF", values, side)

    def opened(self, side: int = A, **more: Any) -> Rig:
        """Started, connected and open on a side."""
        self.start()
        self.made(side)
        self.confirm_open(side, **more)
        return self

    def dual(self) -> Rig:
        """A is active, B stands by. For settings with standby."""
        self.start()
        self.made(A)
        self.confirm_open(A, 1, ALL_EVENTS | STANDBY)
        self.made(B)
        self.confirm_open(B, 2, ALL_EVENTS | STANDBY)
        self.events.clear()
        self.sent.clear()
        return self

    # --- time -------------------------------------------------------------------------------------

    def wait(self, seconds: float) -> None:
        """Time passes, tick by tick, as a driver would see it."""
        end = self.now + seconds
        while True:
            deadline = self.core.deadline
            if deadline is None or deadline > end:
                break
            assert deadline >= self.now - 1e-9 or self._moves(deadline), "a deadline that stands"
            self.now = max(self.now, deadline)
            self.core.tick(self.now)
            self.act()
        self.now = end

    def until_tried(self, side: int = A) -> None:
        """Time passes until the side is tried."""
        while self.core.sides[side].state is not SideState.CONNECTING:
            deadline = self.core.deadline
            assert deadline is not None, "nothing is planned"
            self.wait(max(0.0, deadline - self.now))

    def _moves(self, deadline: float) -> bool:
        """A deadline in the past is met by one tick."""
        self.core.tick(self.now)
        self.act()
        return self.core.deadline != deadline

    # --- requests ---------------------------------------------------------------------------------

    def ask(self, name: str = "QUERY_AGENT_STATISTICS_REQ", **values: Any) -> Pending:
        """A request; by default one with the shortest confirmation to make."""
        if name == "HOLD":
            name = "HOLD_CALL_REQ"
            values = {
                "PeripheralID": 1,
                "ConnectionCallID": 2,
                "ConnectionDeviceIDType": 0,
                "Reservation": 0,
                "ConnectionDeviceID": "3001",
            }
        elif not values:
            values = {"PeripheralID": 1}
        pending = self.core.request(self.now, name, values)
        self.act()
        return pending

    def hold(self) -> Pending:
        """HOLD_CALL_REQ, whose confirmation has nothing but its InvokeID."""
        return self.ask("HOLD")

    def outcome(self, pending: Pending) -> Resolve:
        """What came of a request, once."""
        found = [one for one in self.resolved if one.pending is pending]
        assert len(found) == 1, found
        return found[0]

    # --- what is there ----------------------------------------------------------------------------

    def names(self, side: int | None = None) -> list[str]:
        """Names of the messages sent."""
        return [message.name for at, message in self.sent if side is None or at == side]

    def last(self, name: str, side: int | None = None) -> Message:
        """The last message of a name that was sent."""
        for at, message in reversed(self.sent):
            if message.name == name and side in (None, at):
                return message
        raise AssertionError(f"no {name} was sent: {self.names()}")

    def of(self, kind: type[Event]) -> list[Event]:
        """The events of a kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def kinds(self) -> list[str]:
        """The kinds of all events, without Reconcile."""
        return [type(event).__name__ for event in self.events if not isinstance(event, Reconcile)]
