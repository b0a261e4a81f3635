"""Call messages of GED-188 as CIL call events.

A message tells of one connection of a call (ConnectionCallID, ConnectionDeviceID) or of the whole
call; the CIL has one Call object per connection. A connection that a message names for the first
time begins with OnCallBegin and ends with OnCallEnd, whatever the CTI Server said of the call.
Source: CTI OS Developer Guide, ICallEvents and Call object; GED-188 guide, call event messages.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fastcil.catalog import LocalConnectionState
from fastcil.ged188 import Message
from fastcil.ged188.enums import DeviceIDType
from fastcil.server.site import convert
from fastcil.server.site.call_core import SIMPLE
from fastcil.server.site.events import SiteEvent
from fastcil.server.site.mapper_core import Handler
from fastcil.server.site.objects import OWN, CallObject, Conversation, Objects

if TYPE_CHECKING:
    from fastcil.server.site._reference import Values

__all__ = ["CALLBACKS", "CallBook"]

_L = LocalConnectionState
Events = Iterator[SiteEvent]
_NESTED = ("ECC", "CTIClients")
_ANSWERED = (_L.LCS_CONNECT, _L.LCS_HELD)
_VARIABLES = (*(f"CallVariable{i}" for i in range(1, 11)), "CallWrapupData")
CALLBACKS: dict[str, tuple[str, ...]] = {
    **{name: (callback, "OnCallBegin") for name, (callback, _, _) in SIMPLE.items()},
    "CALL_DIVERTED_EVENT": ("OnCallDiverted", "OnCallBegin", "OnCallEnd"),
    "BEGIN_CALL_EVENT": ("OnCallBegin",),
    "END_CALL_EVENT": ("OnCallEnd",),
    "CALL_DATA_UPDATE_EVENT": ("OnCallDataUpdate", "OnCallBegin"),
    "CALL_CLEARED_EVENT": ("OnCallCleared",),
    "CALL_CONNECTION_CLEARED_EVENT": ("OnCallConnectionCleared", "OnCallBegin", "OnCallEnd"),
    "CALL_TRANSFERRED_EVENT": (
        "OnCallTransferred",
        "OnCallBegin",
        "OnCallDataUpdate",
        "OnCallEnd",
    ),
    "CALL_CONFERENCED_EVENT": (
        "OnCallConferenced",
        "OnCallBegin",
        "OnCallDataUpdate",
        "OnCallEnd",
    ),
    "CALL_TRANSLATION_ROUTE_EVENT": ("OnTranslationRoute",),
    "AGENT_PRE_CALL_EVENT": ("OnAgentPrecallEvent",),
    "AGENT_PRE_CALL_ABORT_EVENT": ("OnAgentPrecallAbortEvent",),
    "SNAPSHOT_CALL_CONF": ("OnSnapshotCallConf", "OnCallEnd"),
}
"""The events that a message can cause: its own, then those that may stand around it."""


class CallBook:
    """The calls of a site: messages in, events out.

    now: seconds of a clock that only runs forward; a conversation of which nothing was heard for
    `stale_seconds` is given up by collect().
    """

    def __init__(self, objects: Objects, stale_seconds: float = 4 * 3600.0) -> None:
        self.objects = objects
        self.stale_seconds = stale_seconds
        self.precall_seconds = 30.0
        """How long a pre-call waits for its call."""
        self.core = objects.fields.call_core(objects)
        """What takes in most messages."""
        self.missed: dict[tuple[int, int], None] = {}
        """PeripheralID and ConnectionCallID of calls whose first message told of a change of the
        call: of its parties nothing is known. Whoever can ask for them takes them away."""
        self._fields = objects.fields
        self.handlers: dict[str, Handler] = {
            "CALL_DATA_UPDATE_EVENT": self._update,
            "CALL_TRANSFERRED_EVENT": self._merged,
            "CALL_CONFERENCED_EVENT": self._merged,
            "CALL_TRANSLATION_ROUTE_EVENT": self._translation_route,
        }
        """Those that take in the others."""

    # -- what the core has -------------------------------------------------------------------

    @property
    def levels(self) -> int:
        """What anybody gets, or is chosen by: 1 the minimal sets, 2 the complete ones, 3 both."""
        return self.core.levels

    @levels.setter
    def levels(self, levels: int) -> None:
        self.core.levels = levels

    @property
    def minimal_set(self) -> str:
        """What MinimizeEventArgs 1 sends: catalog.minimized_parameters has the words."""
        return self.core.minimal_set

    @minimal_set.setter
    def minimal_set(self, word: str) -> None:
        self.core.minimal_set = word

    @property
    def precalls(self) -> dict[str, tuple[float, Message]]:
        """By ICMEnterpriseUniqueID: when it came, and the message that announced it."""
        return self.core.precalls

    # -- messages ----------------------------------------------------------------------------

    def _learn(self, conversation: Conversation, told: dict[str, Any]) -> None:
        """Facts of the call as a whole, for all of its connections."""
        # Conversations and their connections have the same keywords.
        shared = {n: value for n, value in told.items() if n not in OWN}
        for values in conversation.all_values:
            values.update(shared)

    def _update(self, message: Message, now: float) -> Events:
        peripheral, old_id = message["PeripheralID"], message["ConnectionCallID"]
        new_id = message["NewConnectionCallID"]
        if (peripheral, old_id) not in self.objects.conversations:
            self.missed[peripheral, new_id] = None
        conversation = self.core.conversation(peripheral, old_id, now)
        told = self.core.told = convert.call_fields(message)
        told.pop("ConnectionCallID", None)
        self._learn(conversation, told)
        old_device = message.get("ConnectionDeviceID", "")
        new_device = message.get("NewConnectionDeviceID", old_device)
        if (old_id, old_device) == (new_id, new_device):
            if not conversation.connections:
                call, _ = self.core.connection(conversation, old_device)
                yield self.core.event("OnCallBegin", call)
                return
            for call in list(conversation.connections.values()):
                yield self.core.event("OnCallDataUpdate", call)
            return
        call, is_new = self.core.connection(conversation, old_device)
        if is_new:
            yield self.core.event("OnCallBegin", call)
        yield self._move(call, self.core.conversation(peripheral, new_id, now), new_device)

    def _move(self, call: CallObject, to: Conversation, device_id: str) -> SiteEvent:
        """The OnCallDataUpdate by which a connection goes on under a new key."""
        old = call.key
        self.core.remove(call)
        if call.conversation is not to:
            self._take_over(call, to)
        call.conversation, call.device_id = to, device_id
        self.core.identify(call)
        self.core.add(call)
        return self.core.event("OnCallDataUpdate", call, {"OldUniqueObjectID": old})

    def _take_over(self, call: CallObject, to: Conversation) -> None:
        """A connection that joins another call has the facts of that one; a call that goes on
        under a new id, and so has none yet, keeps its own."""
        if not to.connections:
            _fill(to.values, call.conversation.values)
        joined = to.values.copy()
        _fill(joined, call.values)
        for name in _NESTED:
            joined[name] = dict(joined[name])
        for name in OWN:
            joined[name] = call.values[name]
        call.values = joined

    def _merged(self, message: Message, now: float) -> Events:
        """Transfer and conference: two calls become one, of which the list names the parties."""
        peripheral = message["PeripheralID"]
        is_known = (peripheral, message["PrimaryCallID"]) in self.objects.conversations
        primary = self.core.conversation(peripheral, message["PrimaryCallID"], now)
        secondary = self.objects.conversations.get((peripheral, message["SecondaryCallID"]))
        told = self.core.told = convert.call_fields(message)
        told["PrimaryCallID"] = str(message["PrimaryCallID"])
        told["SecondaryCallID"] = str(message["SecondaryCallID"])
        for name in [n for n in told if n.endswith("DeviceID")]:
            told[f"{name}Full"] = told[name]
        self._learn(primary, told)
        transferred = message.name == "CALL_TRANSFERRED_EVENT"
        callback = "OnCallTransferred" if transferred else "OnCallConferenced"
        parties = self._parties(message, primary.call_id)
        party_fields = {f"ConnectedParty[{i}]": device for i, (_, device) in enumerate(parties, 1)}
        goes_on = self.core.conversation(peripheral, parties[0][0], now) if parties else primary
        if not is_known:
            self.missed[peripheral, goes_on.call_id] = None
        left = message.get("TransferringDeviceID", "") if transferred else ""
        # A single-step transfer may name the one call twice.
        calls = [primary] if secondary in (None, primary) else [primary, secondary]
        for device in dict.fromkeys(d for _, d in parties):
            yield from self._join(device, goes_on, calls)
        for call in list(goes_on.connections.values()):
            call.values["IsTransferController"] = int(transferred and call.device_id == left)
            self._learn(goes_on, told)
            yield self.core.event(callback, call, dict(party_fields))
        present = {device for _, device in parties}
        for conversation in calls:
            for call in list(conversation.connections.values()):
                if conversation is not goes_on or (call.device_id not in present and present):
                    yield self.core.finish(call)
            if conversation is not goes_on:
                key = (peripheral, conversation.call_id)
                self.objects.conversations.pop(key, None)

    @staticmethod
    def _parties(message: Message, default: int) -> list[tuple[int, str]]:
        """(call id, device id) of each connected party."""
        devices = message.get("ConnectedPartyDeviceID") or []
        calls = message.get("ConnectedPartyCallID") or []
        return [
            (calls[i] if i < len(calls) else default, device) for i, device in enumerate(devices)
        ]

    def _join(self, device: str, to: Conversation, sources: list[Conversation]) -> Events:
        """A party's connection in the call that goes on: kept, moved there, or new.

        Who was in both calls talks in the one they have become; everybody else holds, rings or
        talks as before.
        """
        own = [c.connections[device] for c in sources if device in c.connections]
        kept = to.connections.get(device)
        if kept is None and own:
            kept = own[0]
            if len(own) > 1:
                kept.values["CallStatus"] = int(_L.LCS_CONNECT)
            yield self._move(kept, to, device)
        if kept is None:
            kept, _ = self.core.connection(to, device)
            yield self.core.event("OnCallBegin", kept)
        if len(own) != 1:
            kept.values["CallStatus"] = int(_L.LCS_CONNECT)

    def _translation_route(self, message: Message, now: float) -> list[SiteEvent]:
        values = self._fields.waiting.copy()
        self._fields.waiting_calls.hear(message, [], values)
        maker = self._fields.call_maker("OnTranslationRoute", "section")
        return [maker.make(values, (), self.levels)]

    # -- time --------------------------------------------------------------------------------

    def collect(self, now: float) -> list[SiteEvent]:
        """Give up calls of which nothing was heard for too long, and pre-calls that no call met."""
        old = now - self.precall_seconds
        for unique in [u for u, (at, _) in self.precalls.items() if at < old]:
            del self.precalls[unique]
        events: list[SiteEvent] = []
        for key, conversation in list(self.objects.conversations.items()):
            if now - conversation.touched > self.stale_seconds:
                self.core.told = _nobody_told(conversation)
                events += [self.core.finish(c) for c in list(conversation.connections.values())]
                del self.objects.conversations[key]
        return events

    def taken(
        self,
        peripheral: int,
        call_id: int,
        message: Message,
        now: float,
        waiting: tuple[str, tuple[str, ...]] = ("", ()),
    ) -> Events:
        """SNAPSHOT_CALL_CONF: the call is as it says; connections it lacks are over.

        waiting: a device of the call, and the queues in which it waits for it. A connection learnt
        from it gets its Call object by OnSnapshotCallConf.
        """
        conversation = self.core.conversation(peripheral, call_id, now)
        self.core.told = _nobody_told(conversation)
        told = {**dict.fromkeys(_VARIABLES, ""), **convert.call_fields(message)}
        kind = self.objects.peripheral_types.get(peripheral)
        if kind is not None:
            told["PeripheralType"] = kind  # which this message lacks
        self._learn(conversation, told)
        present = self._connections(message, conversation)
        for call in list(conversation.connections.values()):
            if call.device_id not in present:
                yield self.core.finish(call)
        if not present:
            self.objects.conversations.pop((peripheral, call_id), None)
        device, queues = waiting
        waits = conversation.connections.get(device)
        if waits is not None and queues and waits.values["QueuedDeviceID"] not in queues:
            waits.values["QueuedDeviceID"] = queues[0]
            waits.values["QueuedDeviceIDType"] = int(DeviceIDType.DEVID_QUEUE)
        for call in list(conversation.connections.values()):
            yield self.snapshot(call)

    def _connections(self, message: Message, conversation: Conversation) -> set[str]:
        """The connections that SNAPSHOT_CALL_CONF lists, as it has them; their devices."""
        calls = message.get("CallConnectionCallID") or []
        connections = message.get("CallConnectionDeviceID") or []
        devices = message.get("CallDeviceID") or connections
        present: set[str] = set()
        connected: set[str] = set()
        for i, device in enumerate(devices):
            state = _at(message, "CallDeviceConnectionState", i, int(_L.LCS_NULL))
            if (i < len(calls) and calls[i] != conversation.call_id) or state == _L.LCS_NULL:
                continue
            device = connections[i] if i < len(connections) and connections[i] else device
            present.add(device)
            call, _ = self.core.connection(conversation, device)
            values = call.values
            if values["CallStatus"] == _L.LCS_CONNECT:
                connected.add(device)
            values["CallStatus"] = self.objects.status_of(state)
            values["LocalConnectionState"] = state
            values["ConnectionDeviceIDType"] = _at(message, "CallConnectionDeviceIDType", i, 0)
            values["CallDeviceType"] = _at(message, "CallDeviceType", i, 0)
        self._unanswered([conversation.connections[device] for device in present], connected)
        return present

    @staticmethod
    def _unanswered(calls: list[CallObject], connected: set[str]) -> None:
        """Who called is connected before anybody answers; in the CIL he is so from
        OnCallEstablished on, which is told to both parties.

        connected: the devices that were told that they are; they stay so.
        """
        answered = [call for call in calls if call.status in _ANSWERED]
        if len(answered) != 1 or answered[0].status != _L.LCS_CONNECT:
            return
        if answered[0].device_id in connected:
            return
        values = answered[0].values
        rings = any(call.status == _L.LCS_ALERTING for call in calls)
        alone = len(calls) == 1 and values["CallDeviceType"] == DeviceIDType.DEVID_EXTERNAL
        if rings or alone:
            values["CallStatus"] = int(_L.LCS_INITIATE)

    def gone(self, key: tuple[int, int], before: float) -> list[SiteEvent]:
        """The CTI Server knows no call of this id: it ends, unless something was told of it since
        `before`; then its end will be told as well."""
        conversation = self.objects.conversations.get(key)
        if conversation is None or conversation.touched >= before:
            return []
        self.core.told = _nobody_told(conversation)
        events = [self.core.finish(call) for call in list(conversation.connections.values())]
        del self.objects.conversations[key]
        return events

    def snapshot(self, call: CallObject) -> SiteEvent:
        """OnSnapshotCallConf of a call, and EnablementMask.

        The documents have no mask there: then a client would not know what may be done with the
        call until something happens to it, or would keep what another server told.
        """
        self.core.told = _nobody_told(call.conversation)
        values = call.values
        values["NumCallDevices"] = len(call.conversation.connections)
        values["CallDeviceConnectionState"] = call.status
        values["CallConnectionDeviceIDType"] = values["ConnectionDeviceIDType"]
        if not values["CallDeviceType"]:
            # No other message has it as such.
            if self.objects.agent_of(call) is not None:
                values["CallDeviceType"] = int(DeviceIDType.DEVID_AGENT_DEVICE)
            elif values["CallingDeviceID"] == call.device_id:
                values["CallDeviceType"] = values["CallingDeviceIDType"]
        found = self.core.event("OnSnapshotCallConf", call, both=True)
        mask = {"EnablementMask": values["EnablementMask"]}
        both = ({**event, **mask} for event in (found.complete, found.minimal))
        return SiteEvent("OnSnapshotCallConf", *both, agents=tuple(found.agents))


def _at(message: Message, name: str, index: int, default: int) -> int:
    """A member of a list, default where the list is shorter."""
    found: list[int] = message.get(name) or []
    return convert.number(name, found[index]) if index < len(found) else default


def _fill(values: Values, other: Values) -> None:
    """Take over what values has not, nested values included."""
    values.fill(other)
    for name in _NESTED:
        if not values[name]:
            values[name] = other[name]


def _nobody_told(conversation: Conversation) -> dict[str, Any]:
    """What any message would have told besides: filters ask for it."""
    return {"PeripheralID": conversation.peripheral}
