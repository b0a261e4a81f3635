"""What must be true of every event log of a simulated site, checked from the log alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from fastcil.ged188 import EncodeError, Message, encode_message
from fastcil.ged188.enums import AgentState, DeviceIDType, EventCause
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.ged188.schema import message_spec

Event = Any
CallKey = tuple[int, int]
"""PeripheralID and ConnectionCallID."""
RouterKey = tuple[Any, ...]
"""RouterCallKeyDay, RouterCallKeyCallID, RouterCallKeySequenceNumber."""

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
# Events that say nothing of a call in progress, though they may name one.
_NOT_OF_A_CALL = frozenset({"AGENT_STATE_EVENT", "EMERGENCY_CALL_EVENT"})
_TRUNK_SEIZED = int(Lcs.LCS_INITIATE)


class CallChecker:
    """Replays the call events of a log; complaints is empty when all of it is legal.

    Knows nothing of the engine: what is legal is written here from the guide. open: the states of
    the connections of each call in progress. voice: whose streams run. announced: instruments that
    a routed call is on its way to, with its router call key.
    """

    def __init__(self) -> None:
        self.open: dict[CallKey, dict[str, Lcs]] = {}
        self.ended: set[CallKey] = set()
        self.queued: set[CallKey] = set()
        self.voice: dict[tuple[CallKey, str], set[int]] = {}
        self.greetings: set[tuple[CallKey, str]] = set()
        self.recorded: set[tuple[CallKey, str]] = set()
        self.announced: dict[str, RouterKey] = {}
        self.keys: dict[CallKey, RouterKey] = {}
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

    def _event(self, name: str, values: Mapping[str, Any]) -> None:
        if name in MERGES:
            self._merge(name, values)
            return
        if name.startswith("AGENT_PRE_CALL"):
            self._announce(name, values["AgentInstrument"], _router_key(values))
            return
        call_id = values.get("ConnectionCallID")
        if call_id is None or name in _NOT_OF_A_CALL or not name.endswith("_EVENT"):
            return
        key = (values["PeripheralID"], call_id)
        if name in ("BEGIN_CALL_EVENT", "CALL_DATA_UPDATE_EVENT"):
            self.keys[key] = _router_key(values)
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
            self._end(key)
        elif name.startswith("RTP_"):
            self._voice(name, key, values)
        elif name in ("CALL_QUEUED_EVENT", "CALL_DEQUEUED_EVENT"):
            self._queue(name, key)
        elif name == "CALL_AGENT_GREETING_EVENT":
            self._switch(name, self.greetings, key, values, values["EventCode"] == 0)
        elif name == "NETWORK_RECORDING_STARTED_EVENT":
            self._switch(name, self.recorded, key, values, True)
        elif name == "NETWORK_RECORDING_ENDED_EVENT":
            self._switch(name, self.recorded, key, values, False)
        elif name in BRINGS:
            self._move(key, values["ConnectionDeviceID"], BRINGS[name], name, values)

    def _end(self, key: CallKey) -> None:
        if key in self.queued:
            self._complain(f"{key} ends in a queue")
        for other, device in self.voice:
            if other == key:
                self._complain(f"{key} ends while voice runs at {device}")
        if any(other == key for other, _ in self.greetings):
            self._complain(f"{key} ends while a greeting plays")
        if any(other == key for other, _ in self.recorded):
            self._complain(f"{key} ends while it is recorded")
        del self.open[key]
        self.ended.add(key)

    def _move(
        self, key: CallKey, device: str, to: Lcs | None, name: str, values: Mapping[str, Any]
    ) -> None:
        connections = self.open[key]
        before = connections.get(device)
        told = values["LocalConnectionState"]
        if name == "CALL_DELIVERED_EVENT" and told == _TRUNK_SEIZED:
            if connections:
                self._complain(f"{name}: a trunk of {key} is seized late")
            return
        if told != (Lcs.LCS_NULL if to is None else to):
            self._complain(f"{name}: {key} at {device} says state {told}")
        # A caller from outside has no event of its own before it leaves.
        known = before is not None or to is not None
        if known and to not in LEGAL[before]:
            was = "absent" if before is None else before.name
            self._complain(f"{name}: {key} at {device} was {was}")
        if name == "CALL_ESTABLISHED_EVENT" and before is None and not _may_appear(values):
            self._complain(f"{name}: {key} did not ring at {device}")
        if to is Lcs.LCS_ALERTING:
            if self.announced.get(device) == self.keys.get(key):
                self.announced.pop(device, None)
            if key in self.queued:
                self._complain(f"{name}: {key} rings while it is queued")
        if to is None:
            connections.pop(device, None)
        else:
            connections[device] = to

    def _merge(self, name: str, values: Mapping[str, Any]) -> None:
        peripheral = values["PeripheralID"]
        primary = (peripheral, values["PrimaryCallID"])
        secondary = (peripheral, values["SecondaryCallID"])
        for key in {primary, secondary}:
            if key not in self.open:
                self._complain(f"{name}: {key} is not there")
                return
        states = {**self.open[secondary], **self.open[primary]}
        parties = set(values["ConnectedPartyDeviceID"])
        mine = values.get("TransferringDeviceID") or values["ControllerDeviceID"]
        shared = self.open[primary].keys() & self.open[secondary].keys() - {mine}
        if secondary != primary:
            if shared:
                self._complain(f"{name}: {sorted(shared)} are parties of {primary} twice")
            own = {self.open[key].get(mine) for key in (primary, secondary)}
            if own != {Lcs.LCS_HOLD, Lcs.LCS_CONNECT}:
                self._complain(f"{name}: the connections of {mine} were {own}")
        if set(values["ConnectedPartyCallID"]) != {primary[1]}:
            self._complain(f"{name}: the parties are not in {primary}")
        if name == "CALL_TRANSFERRED_EVENT" and values["TransferringDeviceID"] in parties:
            self._complain(f"{name}: {values['TransferringDeviceID']} is still there")
        if name == "CALL_CONFERENCED_EVENT":
            states[values["ControllerDeviceID"]] = Lcs.LCS_CONNECT
        self.open[primary] = {d: states[d] for d in parties if d in states}
        if secondary != primary:
            self.open[secondary] = {}

    def _announce(self, name: str, instrument: str, key: RouterKey) -> None:
        if None in key:
            self._complain(f"{name}: to {instrument} without a router call key")
        if name == "AGENT_PRE_CALL_EVENT":
            if instrument in self.announced:
                self._complain(f"two calls are announced to {instrument}")
            self.announced[instrument] = key
        elif self.announced.pop(instrument, None) != key:
            self._complain(f"{name}: it was not announced to {instrument}")

    def _queue(self, name: str, key: CallKey) -> None:
        joins = name == "CALL_QUEUED_EVENT"
        if joins is (key in self.queued):
            self._complain(f"{name}: {key} is {'' if joins else 'not '}queued")
        (self.queued.add if joins else self.queued.discard)(key)

    def _voice(self, name: str, key: CallKey, values: Mapping[str, Any]) -> None:
        device, direction = values["ConnectionDeviceID"], values["Direction"]
        running = self.voice.setdefault((key, device), set())
        starts = name == "RTP_STARTED_EVENT"
        if starts is (direction in running):
            self._complain(f"{name}: {key} at {device}, direction {direction}, already")
        if starts and self.open[key].get(device) is not Lcs.LCS_CONNECT:
            self._complain(f"{name}: {key} at {device} is {self.open[key].get(device)}")
        (running.add if starts else running.discard)(direction)
        if not running:
            del self.voice[key, device]

    def _switch(
        self,
        name: str,
        on: set[tuple[CallKey, str]],
        key: CallKey,
        values: Mapping[str, Any],
        starts: bool,
    ) -> None:
        one = (key, values["ConnectionDeviceID"])
        if starts is (one in on):
            self._complain(f"{name}: {one} {'again' if starts else 'without a beginning'}")
        (on.add if starts else on.discard)(one)


def _router_key(values: Mapping[str, Any]) -> RouterKey:
    names = ("RouterCallKeyDay", "RouterCallKeyCallID", "RouterCallKeySequenceNumber")
    return tuple(values.get(name) for name in names)


def _may_appear(values: Mapping[str, Any]) -> bool:
    """Whether a connection may talk that nothing was told of before: one of a number outside, or
    of a supervisor who barges in."""
    return bool(
        values["AnsweringDeviceType"] == DeviceIDType.DEVID_EXTERNAL
        or values["EventCause"] == EventCause.CEC_SUPERVISOR_BARGE_IN
    )


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
        spent[before] += event.at - self.since.get(agent, event.at)
        self.states[agent], self.since[agent] = state, event.at


def check_fields(events: Iterable[Event]) -> list[str]:
    """Events that lack a fixed field, have a field that is not the message's, or cannot be sent:
    a complaint for each."""
    complaints = []
    for event in events:
        spec = message_spec(event.name)
        fixed = {f.name for f in spec.fixed_of(25)}
        counts = {one.count for one in spec.lists} | {spec.records}
        missing = fixed - counts - set(event.values) - {"MonitorID"}
        if missing:
            complaints.append(f"{event.name} lacks {sorted(missing)}")
            continue
        monitor = {"MonitorID": 1} if "MonitorID" in fixed else {}
        try:
            data = encode_message(event.name, {**monitor, **event.values}, version=25)
        except EncodeError as error:
            complaints.append(f"{event.name}: {error}")
            continue
        again = Message.from_bytes(data, 25).to_dict()
        told = {name for name, value in event.values.items() if value not in (None, [], "")}
        lost = told - set(again)
        if lost:
            complaints.append(f"{event.name}: {sorted(lost)} did not arrive")
    return complaints
