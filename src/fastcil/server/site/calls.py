"""Call messages of GED-188 as CIL call events.

A message tells of one connection of a call (ConnectionCallID, ConnectionDeviceID) or of the whole
call; the CIL has one Call object per connection. A connection that a message names for the first
time begins with OnCallBegin and ends with OnCallEnd, whatever the CTI Server said of the call.
Source: CTI OS Developer Guide, ICallEvents and Call object; GED-188 guide, call event messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Callable

from fastcil.catalog import LocalConnectionState
from fastcil.ged188 import Message
from fastcil.server.site import convert, enablement
from fastcil.server.site.events import SiteEvent
from fastcil.server.site.fields import OWN
from fastcil.server.site.objects import (
    CallObject,
    Conversation,
    Objects,
    call_key,
    device_key,
)

if TYPE_CHECKING:
    from fastcil.server.site._reference import Maker, Values

__all__ = ["CALLBACKS", "CallBook"]

_L = LocalConnectionState
Events = Iterator[SiteEvent]
_NULL, _INITIATE = int(_L.LCS_NULL), int(_L.LCS_INITIATE)
_ALERTING = int(_L.LCS_ALERTING)
_IDS = ("PeripheralID", "ConnectionCallID", "ConnectionDeviceID")
_CALL = ("PeripheralID", "ConnectionCallID", "PeripheralType")
_IDENTITY = (
    "UniqueObjectID",
    "ConnectionCallID",
    "ConnectionDeviceID",
    "CallConnectionCallID",
    "CallConnectionDeviceID",
    "DeviceID",
    "DeviceUniqueObjectID",
)
"""What of a call's values follows from its ids."""
_OWN = tuple(OWN)
_OWN_VALUES = tuple("" if name == "ConnectionDeviceID" else 0 for name in _OWN)
_NESTED = ("ECC", "CTIClients")
_NO_STATUS, _NO_TARGET = 1, 2  # bits of what an event lacks, as Fields.call_maker has them

# message: (callback, fixed CallStatus or None for LocalConnectionState of the message, the field
# that names the device acting, which also becomes <field>Full).
_SIMPLE: dict[str, tuple[str, int | None, str]] = {
    "CALL_DELIVERED_EVENT": ("OnCallDelivered", None, "AlertingDeviceID"),
    "CALL_ESTABLISHED_EVENT": ("OnCallEstablished", int(_L.LCS_CONNECT), "AnsweringDeviceID"),
    "CALL_HELD_EVENT": ("OnCallHeld", int(_L.LCS_HELD), "HoldingDeviceID"),
    "CALL_RETRIEVED_EVENT": ("OnCallRetrieved", int(_L.LCS_CONNECT), "RetrievingDeviceID"),
    "CALL_ORIGINATED_EVENT": ("OnCallOriginated", int(_L.LCS_INITIATE), "CallingDeviceID"),
    "CALL_SERVICE_INITIATED_EVENT": (
        "OnCallServiceInitiatedEvent",
        int(_L.LCS_INITIATE),
        "CallingDeviceID",
    ),
    "CALL_FAILED_EVENT": ("OnCallFailed", int(_L.LCS_FAIL), "FailingDeviceID"),
    "CALL_QUEUED_EVENT": ("OnCallQueuedEvent", None, "QueuedDeviceID"),
    "CALL_DEQUEUED_EVENT": ("OnCallDequeuedEvent", None, ""),
    "CALL_REACHED_NETWORK_EVENT": ("OnCallReachedNetworkEvent", None, "TrunkUsedDeviceID"),
    "CALL_DIVERTED_EVENT": ("OnCallDiverted", None, "DivertingDeviceID"),
}
CALLBACKS: dict[str, tuple[str, ...]] = {
    **{name: (callback, "OnCallBegin") for name, (callback, _, _) in _SIMPLE.items()},
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
# "Both parties (call connections) receive this event" (CTI OS Developer Guide, ICallEvents).
_BOTH_PARTIES = frozenset({"OnCallDelivered", "OnCallEstablished"})


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
        self.levels = 3
        """What anybody gets, or is chosen by: 1 the minimal sets, 2 the complete ones, 3 both."""
        self._told: Message | dict[str, Any] = {}
        """What the message at hand told; MinimizeEventArgs 0 has it all."""
        self.precalls: dict[str, tuple[float, Message]] = {}
        """By ICMEnterpriseUniqueID: when it came, and the message that announced it."""
        self._fields = objects.fields
        self._table = objects.fields.calls
        self._minimal_set = "section"
        self._makers: dict[str, Maker] = {}  # of that set
        self.handlers: dict[str, Callable[[Message, float], Iterable[SiteEvent]]] = {
            **{name: partial(self._simple, row) for name, row in _SIMPLE.items()},
            "BEGIN_CALL_EVENT": self._begin,
            "END_CALL_EVENT": self._end,
            "CALL_DATA_UPDATE_EVENT": self._update,
            "CALL_CLEARED_EVENT": self._cleared,
            "CALL_CONNECTION_CLEARED_EVENT": self._connection_cleared,
            "CALL_TRANSFERRED_EVENT": self._merged,
            "CALL_CONFERENCED_EVENT": self._merged,
            "CALL_TRANSLATION_ROUTE_EVENT": self._translation_route,
            "AGENT_PRE_CALL_EVENT": self._precall,
            "AGENT_PRE_CALL_ABORT_EVENT": self._precall_abort,
        }

    # -- events ------------------------------------------------------------------------------

    @property
    def minimal_set(self) -> str:
        """What MinimizeEventArgs 1 sends: catalog.minimized_parameters has the words."""
        return self._minimal_set

    @minimal_set.setter
    def minimal_set(self, word: str) -> None:
        self._minimal_set = word
        self._makers.clear()

    def event(
        self,
        callback: str,
        call: CallObject,
        more: dict[str, Any] | None = None,
        *,
        both: bool = False,
    ) -> SiteEvent:
        """An event of a call as it is now. both: with the complete set, whoever wants it."""
        objects, values = self.objects, call.values
        agent = objects.agent_at.get(call.device)
        values["EnablementMask"] = enablement.call_mask(
            values["CallStatus"], objects.others(call), values["PeripheralType"]
        )
        levels = 3 if both else self.levels
        told = self._told if levels & 2 else None
        dropped = _NO_STATUS if call.failed and callback != "OnCallFailed" else 0
        maker = self._makers.get(callback)
        if maker is None:
            maker = self._makers[callback] = self._fields.call_maker(callback, self.minimal_set)
        if agent is None:
            return maker.make(values, (), levels, dropped | _NO_TARGET, more, told, self._table)
        return maker.make(values, (agent.key,), levels, dropped, more, told, self._table)

    # -- conversations and their connections ---------------------------------------------------

    def conversation(self, peripheral: int, call_id: int, now: float) -> Conversation:
        """The call of an id, new when there was none."""
        found = self.objects.conversations.get((peripheral, call_id))
        if found is None:
            values = self._fields.call_values()
            kind = self.objects.peripheral_types.get(peripheral, 0)
            values.assign(_CALL, (peripheral, call_id, kind))
            found = Conversation(peripheral, call_id, values, now)
            self.objects.conversations[peripheral, call_id] = found
        found.touched = now
        return found

    def connection(self, conversation: Conversation, device_id: str) -> tuple[CallObject, bool]:
        """The connection of a call at a device, and whether it is new."""
        found = conversation.connections.get(device_id)
        if found is not None:
            return found, False
        values = conversation.values.copy()
        values["ECC"] = dict(values["ECC"])
        values.assign(_OWN, _OWN_VALUES)
        call = CallObject("", conversation, device_id, values)
        self._identify(call)
        self.objects.add_call(call)
        return call, True

    def _identify(self, call: CallObject) -> None:
        """Everything in a call's values that follows from its ids."""
        conversation = call.conversation
        call.key = call_key(conversation.peripheral, conversation.call_id, call.device_id)
        call.device = device = device_key(conversation.peripheral, call.device_id)
        device_id, call_id = call.device_id, conversation.call_id
        call.values.assign(
            _IDENTITY, (call.key, call_id, device_id, call_id, device_id, device_id, device)
        )

    def _learn(self, conversation: Conversation, told: dict[str, Any]) -> None:
        """Facts of the call as a whole, for all of its connections."""
        # Conversations and their connections have the same keywords.
        shared = {n: value for n, value in told.items() if n not in OWN}
        for values in conversation.all_values:
            values.update(shared)

    def _named(self, message: Message, now: float) -> tuple[CallObject, list[SiteEvent]]:
        """The connection that a message tells of, with its OnCallBegin when it is new."""
        objects, hear = self.objects, self._table.hear
        peripheral, call_id, device = message.get_many(*_IDS, default="")
        conversation = objects.conversations.get((peripheral, call_id))
        if conversation is None:
            conversation = self.conversation(peripheral, call_id, now)
        conversation.touched = now
        self._told = message
        call = conversation.connections.get(device)
        if call is not None:
            hear(message, conversation.all_values, call.values)
            objects.peripheral_types[peripheral] = conversation.values["PeripheralType"]
            return call, []
        call, _ = self.connection(conversation, device)
        hear(message, conversation.all_values)
        objects.peripheral_types[peripheral] = conversation.values["PeripheralType"]
        call.values["CallStatus"] = _INITIATE
        self._match_precall(call)
        begun = [self.event("OnCallBegin", call)]
        hear(message, [], call.values)
        return call, begun

    def _match_precall(self, call: CallObject) -> None:
        """A call that a pre-call event announced knows what that told."""
        unique = call.values["ICMEnterpriseUniqueID"]
        waiting = self.precalls.pop(unique, None) if unique else None
        if waiting is not None:
            told = self._fields.untold.copy()
            self._fields.waiting_calls.hear(waiting[1], [], told)
            call.values.fill(told)

    def _finish(self, call: CallObject) -> SiteEvent:
        """OnCallEnd; the connection is gone."""
        call.values["CallStatus"] = _NULL
        event = self.event("OnCallEnd", call)
        self.objects.remove_call(call)
        return event

    # -- messages ----------------------------------------------------------------------------

    def _simple(
        self, row: tuple[str, int | None, str], message: Message, now: float
    ) -> list[SiteEvent]:
        call, events = self._named(message, now)
        callback, status, acting = row
        values = call.values
        if status is not None:
            values["CallStatus"] = status
        elif callback == "OnCallDelivered" and message.get(acting, "") in ("", call.device_id):
            # Only the called side rings; the caller's own connection stays as it was.
            values["CallStatus"] = _ALERTING
        gone = callback == "OnCallDiverted" and message["LocalConnectionState"] == _NULL
        if gone:
            values["CallStatus"] = _NULL
        event = self.event(callback, call)
        call.failed = call.failed or callback == "OnCallFailed"
        if call.told_by_other != callback:
            events.append(event)
        call.told_by_other = ""
        if callback in _BOTH_PARTIES:
            events += self._other_parties(callback, call, acting)
        if gone:
            # The device from which the call was taken has nothing of it any more; nobody else
            # tells that connection's end.
            events.append(self._finish(call))
        return events

    def _other_parties(self, callback: str, call: CallObject, acting: str) -> Events:
        """Ringing and answering are told to both parties; a CTI Server tells them of one. Should
        it tell the other one as well, that is no second event.

        What the message says of the call, and which device acted, are so for the other as well.
        """
        for other in list(call.conversation.connections.values()):
            if other is call or other.status != _L.LCS_INITIATE:
                continue
            other.values[acting] = other.values[f"{acting}Full"] = call.values[acting]
            if callback == "OnCallEstablished":
                other.values["CallStatus"] = int(_L.LCS_CONNECT)
            other.told_by_other = callback
            yield self.event(callback, other)

    def _begin(self, message: Message, now: float) -> list[SiteEvent]:
        return self._named(message, now)[1]

    def _update(self, message: Message, now: float) -> Events:
        peripheral, old_id = message["PeripheralID"], message["ConnectionCallID"]
        conversation = self.conversation(peripheral, old_id, now)
        told = self._told = convert.call_fields(message)
        told.pop("ConnectionCallID", None)
        self._learn(conversation, told)
        new_id = message["NewConnectionCallID"]
        old_device = message.get("ConnectionDeviceID", "")
        new_device = message.get("NewConnectionDeviceID", old_device)
        if (old_id, old_device) == (new_id, new_device):
            if not conversation.connections:
                call, _ = self.connection(conversation, old_device)
                yield self.event("OnCallBegin", call)
                return
            for call in list(conversation.connections.values()):
                yield self.event("OnCallDataUpdate", call)
            return
        call, is_new = self.connection(conversation, old_device)
        if is_new:
            yield self.event("OnCallBegin", call)
        yield self._move(call, self.conversation(peripheral, new_id, now), new_device)

    def _move(self, call: CallObject, to: Conversation, device_id: str) -> SiteEvent:
        """The OnCallDataUpdate by which a connection goes on under a new key."""
        old = call.key
        self.objects.remove_call(call)
        if call.conversation is not to:
            self._take_over(call, to)
        call.conversation, call.device_id = to, device_id
        self._identify(call)
        self.objects.add_call(call)
        return self.event("OnCallDataUpdate", call, {"OldUniqueObjectID": old})

    def _take_over(self, call: CallObject, to: Conversation) -> None:
        """A connection that joins another call has the facts of that one; a call that goes on
        under a new id, and so has none yet, keeps its own."""
        if not to.connections:
            _fill(to.values, call.conversation.values)
        joined = to.values.copy()
        _fill(joined, call.values)
        for name in _NESTED:
            joined[name] = dict(joined[name])
        for name in _OWN:
            joined[name] = call.values[name]
        call.values = joined

    def _connection_cleared(self, message: Message, now: float) -> list[SiteEvent]:
        call, events = self._named(message, now)
        # The connection of the device that released; the message may name another's.
        releasing = message.get("ReleasingDeviceID", call.device_id)
        target = call.conversation.connections.get(releasing, call)
        values = target.values
        values["ReleasingDeviceID"] = values["ReleasingDeviceIDFull"] = releasing
        values["CallStatus"] = _NULL
        events.append(self.event("OnCallConnectionCleared", target))
        events.append(self._finish(target))
        return events

    def _cleared(self, message: Message, now: float) -> Events:
        key = message["PeripheralID"], message["ConnectionCallID"]
        conversation = self.objects.conversations.get(key)
        if conversation is None or not conversation.connections:
            return
        self._told = message
        for call in list(conversation.connections.values()):
            call.values["CallStatus"] = _NULL
            yield self.event("OnCallCleared", call)

    def _end(self, message: Message, now: float) -> Events:
        key = message["PeripheralID"], message["ConnectionCallID"]
        conversation = self.objects.conversations.pop(key, None)
        if conversation is not None:
            self._told = message
            for call in list(conversation.connections.values()):
                yield self._finish(call)

    def _merged(self, message: Message, now: float) -> Events:
        """Transfer and conference: two calls become one, of which the list names the parties."""
        peripheral = message["PeripheralID"]
        primary = self.conversation(peripheral, message["PrimaryCallID"], now)
        secondary = self.objects.conversations.get((peripheral, message["SecondaryCallID"]))
        told = self._told = convert.call_fields(message)
        told["PrimaryCallID"] = str(message["PrimaryCallID"])
        told["SecondaryCallID"] = str(message["SecondaryCallID"])
        for name in [n for n in told if n.endswith("DeviceID")]:
            told[f"{name}Full"] = told[name]
        self._learn(primary, told)
        transferred = message.name == "CALL_TRANSFERRED_EVENT"
        callback = "OnCallTransferred" if transferred else "OnCallConferenced"
        parties = self._parties(message, primary.call_id)
        party_fields = {f"ConnectedParty[{i}]": device for i, (_, device) in enumerate(parties, 1)}
        goes_on = self.conversation(peripheral, parties[0][0], now) if parties else primary
        left = message.get("TransferringDeviceID", "") if transferred else ""
        for device in dict.fromkeys(d for _, d in parties):
            yield from self._join(device, goes_on, [c for c in (primary, secondary) if c], callback)
        for call in list(goes_on.connections.values()):
            call.values["IsTransferController"] = int(transferred and call.device_id == left)
            self._learn(goes_on, told)
            yield self.event(callback, call, dict(party_fields))
        present = {device for _, device in parties}
        for conversation in (primary, secondary):
            if conversation is None:
                continue
            for call in list(conversation.connections.values()):
                if conversation is not goes_on or (call.device_id not in present and present):
                    yield self._finish(call)
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

    def _join(
        self, device: str, to: Conversation, sources: list[Conversation], callback: str
    ) -> Events:
        """A party's connection in the call that goes on: kept, moved there, or new."""
        held = [c.connections[device] for c in sources if device in c.connections]
        status = int(_L.LCS_CONNECT)
        kept = to.connections.get(device)
        if kept is None and held:
            kept = held[0]
            yield self._move(kept, to, device)
        if kept is None:
            kept, _ = self.connection(to, device)
            yield self.event("OnCallBegin", kept)
        kept.values["CallStatus"] = status

    # -- pre-call ----------------------------------------------------------------------------

    def _agents_at(self, instrument: str) -> tuple[str, ...]:
        """Keys of the agents at an instrument: the message names no peripheral."""
        found = self.objects.at_instrument.get(instrument, {})
        return tuple([agent.key for agent in found.values()])

    def _waiting(self, callback: str, message: Message) -> tuple[str, SiteEvent]:
        """ICMEnterpriseUniqueID of a call that is announced, and the event that tells of it."""
        values = self._fields.waiting.copy()
        self._fields.waiting_calls.hear(message, [], values)
        agents = self._agents_at(values["AgentInstrument"])
        maker = self._fields.call_maker(callback, "section")
        event = maker.make(values, agents, self.levels)
        return values["ICMEnterpriseUniqueID"], event

    def _precall(self, message: Message, now: float) -> list[SiteEvent]:
        unique, event = self._waiting("OnAgentPrecallEvent", message)
        self.precalls[unique] = (now, message.detach())
        return [event]

    def _precall_abort(self, message: Message, now: float) -> list[SiteEvent]:
        unique, event = self._waiting("OnAgentPrecallAbortEvent", message)
        self.precalls.pop(unique, None)
        return [event]

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
                self._told = _nobody_told(conversation)
                events += [self._finish(c) for c in list(conversation.connections.values())]
                del self.objects.conversations[key]
        return events

    def taken(self, peripheral: int, call_id: int, message: Message, now: float) -> Events:
        """SNAPSHOT_CALL_CONF: the call is as it says; connections it lacks are over.

        A connection learnt from it gets its Call object by OnSnapshotCallConf.
        """
        conversation = self.conversation(peripheral, call_id, now)
        self._told = _nobody_told(conversation)
        self._learn(conversation, convert.call_fields(message))
        calls = message.get("CallConnectionCallID") or []
        states = message.get("CallDeviceConnectionState") or []
        connections = message.get("CallConnectionDeviceID") or []
        devices = message.get("CallDeviceID") or connections
        present: set[str] = set()
        for i, device in enumerate(devices):
            state = states[i] if i < len(states) else int(_L.LCS_NULL)
            if (i < len(calls) and calls[i] != call_id) or state == _L.LCS_NULL:
                continue
            device = connections[i] if i < len(connections) and connections[i] else device
            present.add(device)
            call, _ = self.connection(conversation, device)
            call.values["CallStatus"] = self.objects.status_of(state)
        for call in list(conversation.connections.values()):
            if call.device_id not in present:
                yield self._finish(call)
        if not present:
            self.objects.conversations.pop((peripheral, call_id), None)
        for call in list(conversation.connections.values()):
            yield self.snapshot(call)

    def gone(self, key: tuple[int, int], before: float) -> list[SiteEvent]:
        """The CTI Server knows no call of this id: it ends, unless something was told of it since
        `before`; then its end will be told as well."""
        conversation = self.objects.conversations.get(key)
        if conversation is None or conversation.touched >= before:
            return []
        self._told = _nobody_told(conversation)
        events = [self._finish(call) for call in list(conversation.connections.values())]
        del self.objects.conversations[key]
        return events

    def snapshot(self, call: CallObject) -> SiteEvent:
        """OnSnapshotCallConf of a call."""
        self._told = _nobody_told(call.conversation)
        call.values["NumCallDevices"] = len(call.conversation.connections)
        call.values["CallDeviceConnectionState"] = call.status
        return self.event("OnSnapshotCallConf", call, both=True)


def _fill(values: Values, other: Values) -> None:
    """Take over what values has not, nested values included."""
    values.fill(other)
    for name in _NESTED:
        if not values[name]:
            values[name] = other[name]


def _nobody_told(conversation: Conversation) -> dict[str, Any]:
    """What any message would have told besides: filters ask for it."""
    return {"PeripheralID": conversation.peripheral}
