"""What is done for nearly every message of a call, in pure Python.

The native half (ext/site_calls.pxi) does the same; the tests hold it to this. What is rarer is in
fastcil.server.site.calls, which is built upon it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Callable

from fastcil.catalog import LocalConnectionState
from fastcil.ged188 import Message
from fastcil.server.site.events import SiteEvent
from fastcil.server.site.objects import (
    AgentObject,
    CallObject,
    Conversation,
    Objects,
    call_key,
    device_key,
)

if TYPE_CHECKING:
    from fastcil.server.site._reference import Maker, Table, Values

__all__ = ["SIMPLE", "WHOLE", "CallCore"]

_L = LocalConnectionState
_NULL, _INITIATE = int(_L.LCS_NULL), int(_L.LCS_INITIATE)
_ALERTING, _CONNECT = int(_L.LCS_ALERTING), int(_L.LCS_CONNECT)
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
_NO_STATUS, _NO_TARGET = 1, 2  # bits of what an event lacks, as Fields.call_maker has them

WHOLE = {
    "begin": "BEGIN_CALL_EVENT",
    "end": "END_CALL_EVENT",
    "cleared": "CALL_CLEARED_EVENT",
    "connection_cleared": "CALL_CONNECTION_CLEARED_EVENT",
    "precall": "AGENT_PRE_CALL_EVENT",
    "precall_abort": "AGENT_PRE_CALL_ABORT_EVENT",
}
"""Messages that are taken in each in its own way."""
Row = tuple[str, "int | None", str]
# message: (callback, fixed CallStatus or None for LocalConnectionState of the message, the field
# that names the device acting, which also becomes <field>Full).
SIMPLE: dict[str, Row] = {
    "CALL_DELIVERED_EVENT": ("OnCallDelivered", None, "AlertingDeviceID"),
    "CALL_ESTABLISHED_EVENT": ("OnCallEstablished", _CONNECT, "AnsweringDeviceID"),
    "CALL_HELD_EVENT": ("OnCallHeld", int(_L.LCS_HELD), "HoldingDeviceID"),
    "CALL_RETRIEVED_EVENT": ("OnCallRetrieved", _CONNECT, "RetrievingDeviceID"),
    "CALL_ORIGINATED_EVENT": ("OnCallOriginated", _INITIATE, "CallingDeviceID"),
    "CALL_SERVICE_INITIATED_EVENT": ("OnCallServiceInitiatedEvent", _INITIATE, "CallingDeviceID"),
    "CALL_FAILED_EVENT": ("OnCallFailed", int(_L.LCS_FAIL), "FailingDeviceID"),
    "CALL_QUEUED_EVENT": ("OnCallQueuedEvent", _INITIATE, "QueuedDeviceID"),
    "CALL_DEQUEUED_EVENT": ("OnCallDequeuedEvent", None, ""),
    "CALL_REACHED_NETWORK_EVENT": ("OnCallReachedNetworkEvent", None, "TrunkUsedDeviceID"),
    "CALL_DIVERTED_EVENT": ("OnCallDiverted", None, "DivertingDeviceID"),
}
# "Both parties (call connections) receive this event" (CTI OS Developer Guide, ICallEvents).
_BOTH_PARTIES = frozenset({"OnCallDelivered", "OnCallEstablished"})

Handler = Callable[[Message, float], "list[SiteEvent]"]


class CallCore:
    """Conversations, their connections and their events.

    new: the values of a call of which nothing was told; announced: of one that is not there yet;
    untold: what the announcement of a call that is there may add. table, waiting: how messages of
    calls, and of calls that are announced, are read. maker(callback, minimal_set): makes the events
    of a kind. simple: the rows of SIMPLE by number; whole: WHOLE
    with numbers. own: keywords that a new connection does not inherit. mask: of a call, as
    enablement.call_mask.
    """

    def __init__(
        self,
        objects: Objects,
        *,
        new: Values,
        announced: Values,
        untold: Values,
        table: Table,
        waiting: Table,
        maker: Callable[[str, str], Maker],
        simple: Mapping[int, Row],
        whole: Mapping[str, int],
        own: tuple[str, ...],
        mask: Callable[[int, Collection[int], int], int],
    ) -> None:
        self.levels = 3
        """What anybody gets, or is chosen by: 1 the minimal sets, 2 the complete ones, 3 both."""
        self.minimal_set = "section"
        """What MinimizeEventArgs 1 sends: catalog.minimized_parameters has the words."""
        self.told: Message | dict[str, Any] = {}
        """What the message at hand told; MinimizeEventArgs 0 has it all."""
        self.precalls: dict[str, tuple[float, Message]] = {}
        """By ICMEnterpriseUniqueID: when it came, and the message that announced it."""
        self.objects = objects
        self._new, self._announced, self._untold = new, announced, untold
        self._table, self._waiting = table, waiting
        self._maker, self._mask = maker, mask
        self._own = own, tuple("" if name == "ConnectionDeviceID" else 0 for name in own)
        self.handlers: dict[int, Handler] = {
            whole["begin"]: self._begin,
            whole["end"]: self._end,
            whole["cleared"]: self._cleared,
            whole["connection_cleared"]: self._connection_cleared,
            whole["precall"]: self._precall,
            whole["precall_abort"]: self._precall_abort,
            **{number: self._simple(*row) for number, row in simple.items()},
        }
        """By number: the messages that are taken in here."""

    # -- events ------------------------------------------------------------------------------

    def event(
        self,
        callback: str,
        call: CallObject,
        more: dict[str, Any] | None = None,
        both: bool = False,
    ) -> SiteEvent:
        """An event of a call as it is now. more: what it has besides; both: with the complete set,
        whoever wants it."""
        objects, values = self.objects, call.values
        agent: AgentObject | None = objects.agent_at.get(call.device)
        values["EnablementMask"] = mask = self._mask(
            values["CallStatus"], objects.others(call), values["PeripheralType"]
        )
        levels = 3 if both else self.levels
        told = self.told if levels & 2 else None
        dropped = _NO_STATUS if call.failed and callback != "OnCallFailed" else 0
        maker = self._maker(callback, self.minimal_set)
        if maker.masked:
            call.told_mask = mask
        if agent is None:
            return maker.make(values, (), levels, dropped | _NO_TARGET, more, told, self._table)
        return maker.make(values, (agent.key,), levels, dropped, more, told, self._table)

    def finish(self, call: CallObject) -> SiteEvent:
        """OnCallEnd; the connection is gone."""
        call.values["CallStatus"] = _NULL
        event = self.event("OnCallEnd", call)
        self.remove(call)
        return event

    # -- conversations and their connections ---------------------------------------------------

    def conversation(self, peripheral: int, call_id: int, now: float) -> Conversation:
        """The call of an id, new when there was none."""
        found = self.objects.conversations.get((peripheral, call_id))
        if found is None:
            values = self._new.copy()
            for name in ("ECC", "CTIClients"):
                values[name] = {}  # each call has its own
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
        values.assign(*self._own)
        call = CallObject("", conversation, device_id, values)
        self.identify(call)
        self.add(call)
        return call, True

    def identify(self, call: CallObject) -> None:
        """Everything in a call's values that follows from its ids."""
        conversation = call.conversation
        call.key = call_key(conversation.peripheral, conversation.call_id, call.device_id)
        call.device = device = device_key(conversation.peripheral, call.device_id)
        device_id, call_id = call.device_id, conversation.call_id
        call.values.assign(
            _IDENTITY, (call.key, call_id, device_id, call_id, device_id, device_id, device)
        )

    def add(self, call: CallObject) -> None:
        """A connection is there."""
        objects, conversation = self.objects, call.conversation
        conversation.connections[call.device_id] = call
        conversation.gather()
        objects.calls[call.key] = call
        objects.at_device.setdefault(call.device, {})[call.key] = call

    def remove(self, call: CallObject) -> None:
        """A connection is gone; the conversation stays until it ends."""
        objects, conversation = self.objects, call.conversation
        conversation.connections.pop(call.device_id, None)
        conversation.gather()
        objects.calls.pop(call.key, None)
        calls = objects.at_device.get(call.device)
        if calls is not None:
            calls.pop(call.key, None)
            if not calls:
                del objects.at_device[call.device]

    # -- messages ----------------------------------------------------------------------------

    def _named(self, message: Message, now: float) -> tuple[CallObject, list[SiteEvent]]:
        """The connection that a message tells of, with its OnCallBegin when it is new."""
        objects, hear = self.objects, self._table.hear
        peripheral, call_id, device = message.get_many(*_IDS, default="")
        conversation = self.conversation(peripheral, call_id, now)
        self.told = message
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
        found = self.precalls.pop(unique, None) if unique else None
        if found is not None:
            told = self._untold.copy()
            self._waiting.hear(found[1], [], told)
            call.values.fill(told)

    def _simple(self, callback: str, status: int | None, acting: str) -> Handler:
        def simple(message: Message, now: float) -> list[SiteEvent]:
            call, events = self._named(message, now)
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
                self._other_parties(callback, call, acting, events)
            if gone:
                # The device from which the call was taken has nothing of it any more; nobody else
                # tells that connection's end.
                events.append(self.finish(call))
            return events

        return simple

    def _other_parties(
        self, callback: str, call: CallObject, acting: str, events: list[SiteEvent]
    ) -> None:
        """Ringing and answering are told to both parties; a CTI Server tells them of one. Should
        it tell the other one as well, that is no second event.

        What the message says of the call, and which device acted, are so for the other as well.
        """
        for other in list(call.conversation.connections.values()):
            if other is call or other.status != _INITIATE:
                continue
            other.values[acting] = other.values[f"{acting}Full"] = call.values[acting]
            if callback == "OnCallEstablished":
                other.values["CallStatus"] = _CONNECT
            other.told_by_other = callback
            events.append(self.event(callback, other))

    def _begin(self, message: Message, now: float) -> list[SiteEvent]:
        return self._named(message, now)[1]

    def _connection_cleared(self, message: Message, now: float) -> list[SiteEvent]:
        call, events = self._named(message, now)
        # The connection of the device that released; the message may name another's.
        releasing = message.get("ReleasingDeviceID", call.device_id)
        target = call.conversation.connections.get(releasing, call)
        values = target.values
        values["ReleasingDeviceID"] = values["ReleasingDeviceIDFull"] = releasing
        values["CallStatus"] = _NULL
        events.append(self.event("OnCallConnectionCleared", target))
        events.append(self.finish(target))
        return events

    def _cleared(self, message: Message, now: float) -> list[SiteEvent]:
        key = message["PeripheralID"], message["ConnectionCallID"]
        conversation = self.objects.conversations.get(key)
        if conversation is None or not conversation.connections:
            return []
        self.told = message
        events = []
        for call in list(conversation.connections.values()):
            call.values["CallStatus"] = _NULL
            events.append(self.event("OnCallCleared", call))
        return events

    def _end(self, message: Message, now: float) -> list[SiteEvent]:
        key = message["PeripheralID"], message["ConnectionCallID"]
        conversation = self.objects.conversations.pop(key, None)
        if conversation is None:
            return []
        self.told = message
        return [self.finish(call) for call in list(conversation.connections.values())]

    # -- pre-call ----------------------------------------------------------------------------

    def _precall(self, message: Message, now: float) -> list[SiteEvent]:
        unique, event = self._announce("OnAgentPrecallEvent", message)
        self.precalls[unique] = (now, message.detach())
        return [event]

    def _precall_abort(self, message: Message, now: float) -> list[SiteEvent]:
        unique, event = self._announce("OnAgentPrecallAbortEvent", message)
        self.precalls.pop(unique, None)
        return [event]

    def _announce(self, callback: str, message: Message) -> tuple[str, SiteEvent]:
        """ICMEnterpriseUniqueID of a call that is announced, and the event that tells of it."""
        values = self._announced.copy()
        self._waiting.hear(message, [], values)
        # The message names no peripheral.
        agents = self.objects.at_instrument.get(values["AgentInstrument"], {})
        keys = tuple([agent.key for agent in agents.values()])
        event = self._maker(callback, "section").make(values, keys, self.levels)
        return values["ICMEnterpriseUniqueID"], event
