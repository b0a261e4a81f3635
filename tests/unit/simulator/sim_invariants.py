"""What must be true of every event log of a simulated site, checked from the log alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from fastcil.ged188 import NULL_UINT
from fastcil.ged188.enums import AgentState
from fastcil.ged188.enums import LocalConnectionState as Lcs

Event = Any

# A connection may go from each state to these; None is not there yet.
LEGAL: dict[Lcs | None, frozenset[Lcs | None]] = {
    None: frozenset({Lcs.LCS_INITIATE, Lcs.LCS_ALERTING, Lcs.LCS_CONNECT}),
    Lcs.LCS_INITIATE: frozenset({Lcs.LCS_CONNECT, Lcs.LCS_FAIL, None}),
    Lcs.LCS_ALERTING: frozenset({Lcs.LCS_CONNECT, None}),
    Lcs.LCS_CONNECT: frozenset({Lcs.LCS_HOLD, Lcs.LCS_FAIL, None}),
    Lcs.LCS_HOLD: frozenset({Lcs.LCS_CONNECT, None}),
    Lcs.LCS_FAIL: frozenset({None}),
}
# The state that each event brings to its connection; None: the connection is gone.
BRINGS: dict[str, Lcs | None] = {
    "CALL_SERVICE_INITIATED_EVENT": Lcs.LCS_INITIATE,
    "CALL_ORIGINATED_EVENT": Lcs.LCS_CONNECT,
    "CALL_DELIVERED_EVENT": Lcs.LCS_ALERTING,
    "CALL_ESTABLISHED_EVENT": Lcs.LCS_CONNECT,
    "CALL_HELD_EVENT": Lcs.LCS_HOLD,
    "CALL_RETRIEVED_EVENT": Lcs.LCS_CONNECT,
    "CALL_FAILED_EVENT": Lcs.LCS_FAIL,
    "CALL_CONNECTION_CLEARED_EVENT": None,
    "CALL_DIVERTED_EVENT": None,
}
MERGES = ("CALL_TRANSFERRED_EVENT", "CALL_CONFERENCED_EVENT")


class CallChecker:
    """Replays the call events of a log; complaints is empty when all of it is legal."""

    def __init__(self) -> None:
        self.open: dict[tuple[int, int], dict[str, Lcs]] = {}
        self.ended: set[tuple[int, int]] = set()
        self.begun = 0
        self.complaints: list[str] = []
        self.seen: Counter[str] = Counter()

    def feed(self, events: Iterable[Event]) -> CallChecker:
        for event in events:
            self.seen[event.name] += 1
            self._event(event.name, event.values)
        return self

    def _complain(self, words: str) -> None:
        self.complaints.append(words)

    def _event(self, name: str, values: Any) -> None:
        if name in MERGES:
            self._merge(name, values)
            return
        call_id = values.get("ConnectionCallID")
        if not name.startswith(("CALL_", "BEGIN_CALL", "END_CALL")) or call_id is None:
            return
        key = (values["PeripheralID"], call_id)
        if name == "BEGIN_CALL_EVENT":
            if key in self.open or key in self.ended:
                self._complain(f"{key} begins twice")
            self.begun += 1
            self.open[key] = {}
            return
        if key not in self.open:
            self._complain(f"{name} of {key}, which is {'over' if key in self.ended else 'not'}")
            return
        if name == "END_CALL_EVENT":
            del self.open[key]
            self.ended.add(key)
        elif name in BRINGS:
            self._move(key, values["ConnectionDeviceID"], BRINGS[name], name)

    def _move(self, key: tuple[int, int], device: str, to: Lcs | None, name: str) -> None:
        connections = self.open[key]
        before = connections.get(device)
        # A caller from outside has no event of its own before it leaves.
        known = before is not None or to is not None
        if known and to not in LEGAL[before]:
            was = "absent" if before is None else before.name
            self._complain(f"{name}: {key} at {device} was {was}")
        if to is None:
            connections.pop(device, None)
        else:
            connections[device] = to

    def _merge(self, name: str, values: Any) -> None:
        peripheral = values["PeripheralID"]
        primary = (peripheral, values["PrimaryCallID"])
        secondary = (peripheral, values["SecondaryCallID"])
        for key in {primary, secondary}:
            if key not in self.open:
                self._complain(f"{name}: {key} is not there")
                return
        states = {**self.open[secondary], **self.open[primary]}
        parties = set(values["ConnectedPartyDeviceID"])
        goes_on = (peripheral, values["ConnectedPartyCallID"][0])
        if goes_on not in (primary, secondary):
            self._complain(f"{name}: the parties are in {goes_on}")
            return
        if name == "CALL_TRANSFERRED_EVENT" and values["TransferringDeviceID"] in parties:
            self._complain(f"{name}: {values['TransferringDeviceID']} is still there")
        if name == "CALL_CONFERENCED_EVENT":
            states[values["ControllerDeviceID"]] = Lcs.LCS_CONNECT
        self.open[goes_on] = {d: states[d] for d in parties if d in states}
        other = secondary if goes_on == primary else primary
        if other != goes_on:
            self.open[other] = {}


class AgentChecker:
    """Replays AGENT_STATE_EVENTs: who is in which state, and for how long he was in each."""

    def __init__(self) -> None:
        self.states: dict[str, AgentState] = {}
        self.since: dict[str, float] = {}
        self.seconds: dict[str, Counter[AgentState]] = {}
        self.complaints: list[str] = []

    def feed(self, events: Iterable[Event]) -> AgentChecker:
        for event in events:
            if event.name == "AGENT_STATE_EVENT":
                self._event(event)
        return self

    def _event(self, event: Event) -> None:
        agent, state = event.values["AgentID"], AgentState(event.values["AgentState"])
        before = self.states.get(agent, AgentState.AGENT_STATE_LOGOUT)
        logged_out = before == AgentState.AGENT_STATE_LOGOUT
        if logged_out and state not in (
            AgentState.AGENT_STATE_LOGIN,
            AgentState.AGENT_STATE_NOT_READY,
            AgentState.AGENT_STATE_LOGOUT,
        ):
            self.complaints.append(f"agent {agent} is {state.name} without a login")
        spent = self.seconds.setdefault(agent, Counter())
        spent[before] += event.at - self.since.get(agent, event.at)  # type: ignore[assignment]
        self.states[agent], self.since[agent] = state, event.at


def check_fields(events: Iterable[Event]) -> list[str]:
    """Messages that cannot be encoded, or lack a fixed field: a complaint for each."""
    from fastcil.ged188 import Message, encode_message

    complaints = []
    for event in events:
        try:
            data = encode_message(event.name, {"MonitorID": 1, **_sent(event)}, version=25)
            Message.from_bytes(data, 25)
        except ValueError as error:
            complaints.append(f"{event.name}: {error}")
    return complaints


def _sent(event: Event) -> dict[str, Any]:
    """What the server sends of an event."""
    from fastcil.ged188.schema import message_spec

    fixed = {f.name for f in message_spec(event.name).fixed_of(25)}
    floating = {f.name for f in message_spec(event.name).floating_of(25)}
    values = {k: v for k, v in event.values.items() if k in fixed | floating or k == "records"}
    if "MonitorID" in fixed:
        values["MonitorID"] = NULL_UINT
    return values
