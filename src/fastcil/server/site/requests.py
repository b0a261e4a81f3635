"""Requests of clients as GED-188 requests.

A request that a CTI Server carries out has the MessageType of its GED-188 message as its number on
our wire. Arguments keep their CIL names; what the object of the request (UniqueObjectID) knows is
filled in: the connections of a call, the instrument of an agent. Sources: CTI OS Developer Guide,
call and agent object chapters (request parameters); GED-188 guide, client control requests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastcil.catalog import AgentState, ControlFailureStatusCode, LocalConnectionState
from fastcil.ged188 import NULL_UINT, NULL_USHORT, NamedArray, NamedVariable
from fastcil.ged188.enums import ControlFailureCode
from fastcil.ged188.schema import MESSAGES_BY_NUMBER, FieldSpec, MessageSpec
from fastcil.server.site.objects import AgentObject, CallObject, Objects, device_key

__all__ = [
    "FORWARDED",
    "MAX_SKILL_GROUPS",
    "Refused",
    "Requester",
    "Translator",
    "is_login",
    "is_logout",
    "whole",
]

_L = LocalConnectionState
_HELD = (int(_L.LCS_HELD),)
_TALKING = tuple(
    int(one) for one in (_L.LCS_CONNECT, _L.LCS_INITIATE, _L.LCS_FAIL, _L.LCS_ALERTING, _L.LCS_NULL)
)
"""The statuses of a call that is held, or that is not, the likeliest first: that a call rings
besides has nothing to do with a consult call."""


MAX_SKILL_GROUPS = 99
"""Of an agent (CTI OS Developer Guide, NumSkillGroups)."""


class Refused(Exception):
    """A request that failed, here or at the CTI Server; becomes OnControlFailureConf."""

    def __init__(self, code: int, text: str, peripheral_error: int = 0) -> None:
        super().__init__(text)
        self.code = int(code)
        self.peripheral_error = peripheral_error


@dataclass
class Requester:
    """Who asks: the agent of a client in agent mode, None in monitor mode."""

    agent: AgentObject | None = None
    client: int = 0


# Which connections each request names, and which call each of them is: the one the request is made
# on, or the other one at the same device. Source: GED-188 guide, client control requests.
_CALLS: dict[str, dict[str, str]] = {
    "ANSWER_CALL_REQ": {"Connection": "this"},
    "CLEAR_CALL_REQ": {"Connection": "this"},
    "CLEAR_CONNECTION_REQ": {"Connection": "this"},
    "HOLD_CALL_REQ": {"Connection": "this"},
    "RETRIEVE_CALL_REQ": {"HeldConnection": "this"},
    "DEFLECT_CALL_REQ": {"Connection": "this"},
    "RELEASE_CALL_REQ": {"Connection": "this"},
    "SEND_DTMF_SIGNAL_REQ": {"Connection": "this"},
    "SET_CALL_DATA_REQ": {"Connection": "this"},
    "SNAPSHOT_CALL_REQ": {"Connection": "this"},
    "START_RECORDING_REQ": {"Connection": "this"},
    "STOP_RECORDING_REQ": {"Connection": "this"},
    "START_NETWORK_RECORDING_REQ": {"Connection": "this"},
    "STOP_NETWORK_RECORDING_REQ": {"Connection": "this"},
    "BAD_CALL_REQ": {"Connection": "this"},
    "SUPERVISOR_ASSIST_REQ": {"Connection": "this"},
    "EMERGENCY_CALL_REQ": {"Connection": "this"},
    "CONSULTATION_CALL_REQ": {"ActiveConnection": "this"},
    "ALTERNATE_CALL_REQ": {"ActiveConnection": "talking", "OtherConnection": "held"},
    "RECONNECT_CALL_REQ": {"ActiveConnection": "talking", "HeldConnection": "held"},
    "CONFERENCE_CALL_REQ": {"ActiveConnection": "talking", "HeldConnection": "held"},
    "TRANSFER_CALL_REQ": {"ActiveConnection": "talking", "HeldConnection": "held"},
    "SUPERVISE_CALL_REQ": {},
    "MAKE_CALL_REQ": {},
    "MAKE_PREDICTIVE_CALL_REQ": {},
    "SET_AGENT_STATE_REQ": {},
    "QUERY_AGENT_STATE_REQ": {},
    "QUERY_AGENT_STATISTICS_REQ": {},
    "QUERY_SKILL_GROUP_STATISTICS_REQ": {},
    "QUERY_DEVICE_INFO_REQ": {},
    "SNAPSHOT_DEVICE_REQ": {},
    "AGENT_DESK_SETTINGS_REQ": {},
    "AGENT_GREETING_CONTROL_REQ": {},
    "USER_MESSAGE_REQ": {},
}
# A call may be missing: a bad line or an assist without a call is the agent's own.
_OPTIONAL_CALL = frozenset({"BAD_CALL_REQ", "SUPERVISOR_ASSIST_REQ", "EMERGENCY_CALL_REQ"})

FORWARDED: dict[int, MessageSpec] = {
    number: spec for number, spec in MESSAGES_BY_NUMBER.items() if spec.name in _CALLS
}
"""Requests that go to the CTI Server, by number."""

# Where the CIL's name of an argument differs. Source: CTI OS Developer Guide, request parameters.
_NAMES = {"AgentID": ("AgentID", "LoginName"), "Text": ("Message", "Text")}
_ELEMENT = re.compile(r"^(.+)\[(\d+)\]$")
_ABSENT = frozenset(
    {"ServiceNumber", "ServiceID", "SkillGroupNumber", "SkillGroupID", "MRDID", "ICMAgentID"}
)


def _default(field: FieldSpec) -> int:
    """What a fixed field has when nobody gives it: absent where the protocol knows that, else 0."""
    if field.name == "SkillGroupPriority" or field.name == "CallType":
        return NULL_USHORT
    if field.name in _ABSENT:
        return NULL_UINT if field.type.value == "UINT" else 0
    return 0


def whole(name: str, value: Any) -> int:
    """A number that a client gives, also as text. Raises Refused."""
    try:
        return int(value)
    except (TypeError, ValueError):
        raise Refused(
            ControlFailureStatusCode.E_CTI_INVALID_FIELD_TAG,
            f"{name}: a number expected, got {value!r}",
        ) from None


class Translator:
    """Client requests as values for encode_message."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects

    def values(
        self, number: int, arguments: Mapping[str, Any], requester: Requester
    ) -> tuple[str, dict[str, Any]]:
        """(message name, values without InvokeID). Raises Refused."""
        spec = FORWARDED[number]
        agent = self._agent(arguments, requester)
        call = self._call(spec, arguments, agent)
        found = self._connections(spec, arguments, call)
        if spec.name == "SUPERVISE_CALL_REQ":
            agent = self._supervised(arguments, requester, found)
        peripheral = call.conversation.peripheral if call else agent.peripheral if agent else None
        for field in spec.fixed:
            if field.name in found or field.name == "InvokeID" or field.name.startswith("Num"):
                continue
            given = self._given(arguments, field)
            if given is not None:
                found[field.name] = given
            elif field.name == "PeripheralID":
                if peripheral is None:
                    raise Refused(
                        ControlFailureStatusCode.E_CTI_REQUIRED_DATA_MISSING,
                        f"{spec.name}: PeripheralID is missing and no object tells it",
                    )
                found[field.name] = peripheral
            else:
                found[field.name] = _default(field)
        self._floating(spec, arguments, agent, call, found)
        return spec.name, found

    # -- the objects of a request ------------------------------------------------------------

    def _agent(self, arguments: Mapping[str, Any], requester: Requester) -> AgentObject | None:
        """The agent a request is about: named, or the one who asks."""
        unique = arguments.get("UniqueObjectID")
        if isinstance(unique, str) and unique.startswith("agent."):
            found = self.objects.agents.get(unique)
            if found is None:
                raise Refused(ControlFailureCode.CF_OBJECT_NOT_KNOWN, f"no agent {unique}")
            return found
        return requester.agent

    def _call(
        self, spec: MessageSpec, arguments: Mapping[str, Any], agent: AgentObject | None
    ) -> CallObject | None:
        """The call a request is made on."""
        if not _CALLS[spec.name]:
            return None
        unique = arguments.get("UniqueObjectID")
        if isinstance(unique, str) and unique.startswith("call."):
            found = self.objects.calls.get(unique)
            if found is None:
                raise Refused(ControlFailureCode.CF_OBJECT_NOT_KNOWN, f"no call {unique}")
            return found
        if spec.name in _OPTIONAL_CALL:
            if agent is None:
                return None
            calls = self.objects.at_device.get(device_key(agent.peripheral, agent.instrument), {})
            return next(iter(calls.values()), None)
        raise Refused(
            ControlFailureStatusCode.E_CTI_REQUIRED_DATA_MISSING,
            f"{spec.name}: UniqueObjectID of a call is missing",
        )

    def _connections(
        self, spec: MessageSpec, arguments: Mapping[str, Any], call: CallObject | None
    ) -> dict[str, Any]:
        """The ids of the calls that a request names."""
        found: dict[str, Any] = {}
        for prefix, which in _CALLS[spec.name].items():
            named = call if which == "this" else self._counterpart(spec, which, call, arguments)
            found[f"{prefix}DeviceIDType"] = 0
            if named is None:
                single_step = "DialedNumber" in arguments
                if which != "this" and not single_step:
                    raise Refused(
                        ControlFailureCode.CF_INVALID_OBJECT_STATE,
                        f"{spec.name}: no call to be {prefix} at the device",
                    )
                found[f"{prefix}CallID"] = NULL_UINT
                found[f"{prefix}DeviceIDType"] = NULL_USHORT
                continue
            found[f"{prefix}CallID"] = named.conversation.call_id
            found[f"{prefix}DeviceID"] = named.device_id
        return found

    def _counterpart(
        self,
        spec: MessageSpec,
        which: str,
        call: CallObject | None,
        arguments: Mapping[str, Any],
    ) -> CallObject | None:
        """Of two calls at a device the talking or the held one; the named one comes first."""
        if call is None:
            return None
        if "DialedNumber" in arguments:  # single-step: one call, and where it goes
            return call if which == "talking" else None
        device = device_key(call.conversation.peripheral, call.device_id)
        here = list(self.objects.at_device.get(device, {}).values())
        wanted = arguments.get("CallReferenceObjectID")
        if isinstance(wanted, str) and wanted:
            other = self.objects.calls.get(wanted)
            if other is None:
                raise Refused(ControlFailureCode.CF_OBJECT_NOT_KNOWN, f"no call {wanted}")
            here = [call, other]
        order = _HELD if which == "held" else _TALKING
        found = [c for c in here if c.status in order]
        # The call of the request itself, where it may be meant; else the likeliest.
        return min(found, key=lambda c: (c is not call, order.index(c.status)), default=None)

    def _supervised(
        self, arguments: Mapping[str, Any], requester: Requester, found: dict[str, Any]
    ) -> AgentObject:
        """The connections of SuperviseCall, and the agent it is about. Raises Refused.

        The call is named by CallReference, or AgentCallReference as the silent monitor samples
        print; without one it is the call that the agent is talking in.
        """
        supervisor = requester.agent
        if supervisor is None:
            words = "SuperviseCall needs agent mode"
            raise Refused(ControlFailureStatusCode.E_CTI_SESSION_NOT_OPEN, words)
        unique = str(arguments.get("UniqueObjectID") or "")
        named = str(arguments.get("CallReference") or arguments.get("AgentCallReference") or "")
        if not named and unique.startswith("call."):
            named = unique
        call = self.objects.calls.get(named) if named else None
        if named and call is None:
            raise Refused(ControlFailureCode.CF_OBJECT_NOT_KNOWN, f"no call {named!r}")
        reference = str(arguments.get("AgentReference") or "")
        agent = self.objects.agents.get(reference)
        if not reference and call is not None:
            agent = self.objects.agent_of(call)
        if agent is None:
            raise Refused(ControlFailureCode.CF_OBJECT_NOT_KNOWN, f"no agent {reference!r}")
        found["AgentConnectionCallID"] = NULL_UINT
        if call is not None and self.objects.agent_of(call) is agent:
            found["AgentConnectionCallID"] = call.conversation.call_id
            found["AgentConnectionDeviceID"] = call.device_id
        own = self.objects.at_device.get(supervisor.seat, {})
        mine = own.get(named) or next(iter(own.values()), None)
        found["SupervisorConnectionCallID"] = NULL_UINT
        if mine is not None:
            found["SupervisorConnectionCallID"] = mine.conversation.call_id
            found["SupervisorConnectionDeviceID"] = mine.device_id
        found["SupervisorInstrument"] = supervisor.instrument
        return agent

    # -- fields ------------------------------------------------------------------------------

    def _given(self, arguments: Mapping[str, Any], field: FieldSpec) -> int | None:
        """A fixed field that the client gives, as a number."""
        value = arguments.get(field.name)
        if value is None or isinstance(value, Mapping):
            return None
        number = whole(field.name, value)
        bits = 8 * field.type.size
        return number & ((1 << bits) - 1) if number < 0 and field.type.value != "INT" else number

    def _floating(
        self,
        spec: MessageSpec,
        arguments: Mapping[str, Any],
        agent: AgentObject | None,
        call: CallObject | None,
        found: dict[str, Any],
    ) -> None:
        """The floating fields: what the client gives, else what the agent knows."""
        own: dict[str, Any] = {}
        if agent is not None:
            own = {
                "AgentID": agent.agent_id,
                "AgentInstrument": agent.instrument,
                "AgentExtension": agent.values.get("AgentExtension", ""),
            }
        elif call is not None:
            own = {"AgentInstrument": call.device_id}
        names = {one for group in spec.lists for one in group.members}
        for field in spec.floating:
            if field.name in found or field.name in names or not field.tag:
                continue
            value: Any = None
            for name in _NAMES.get(field.name, (field.name,)):
                value = arguments.get(name)
                if value not in (None, ""):
                    break
            if value in (None, ""):
                value = own.get(field.name)
            if value in (None, ""):
                continue
            found[field.name] = self._typed(field, value)
        if "NamedVariable" in names:
            self._ecc(arguments.get("ECC"), found)
        if "SkillGroupNumber" in names:
            self._groups(arguments, found, names)

    def _typed(self, field: FieldSpec, value: Any) -> Any:
        kind = field.type.value
        if field.type.size:
            return self._given({field.name: value}, field)
        text = str(value)
        if kind == "UNSPEC":
            return text.encode("utf-8", "surrogateescape")
        return text[: field.max_size - 1]

    @staticmethod
    def _ecc(values: Any, found: dict[str, Any]) -> None:
        """Expanded call context: "name" a scalar, "name[index]" an element."""
        if not isinstance(values, Mapping) or not values:
            return
        scalars, elements = [], []
        for name, value in values.items():
            match = _ELEMENT.match(name)
            if match and int(match[2]) <= 255:
                elements.append(NamedArray(int(match[2]), match[1], str(value)))
            else:
                scalars.append(NamedVariable(name, str(value)))
        found["NamedVariable"], found["NamedArray"] = scalars, elements

    @staticmethod
    def _groups(arguments: Mapping[str, Any], found: dict[str, Any], names: set[str]) -> None:
        """Skill groups of a login: nested SkillGroup[1], SkillGroup[2] and on."""
        numbers, priorities = [], []
        count = whole("NumSkillGroups", arguments.get("NumSkillGroups") or 0)
        if not 0 <= count <= MAX_SKILL_GROUPS:
            raise Refused(
                ControlFailureCode.CF_VALUE_OUT_OF_RANGE,
                f"NumSkillGroups: 0 to {MAX_SKILL_GROUPS} expected, got {count}",
            )
        for i in range(1, count + 1):
            entry = arguments.get(f"SkillGroup[{i}]")
            if isinstance(entry, Mapping) and "SkillGroupNumber" in entry:
                numbers.append(whole("SkillGroupNumber", entry["SkillGroupNumber"]))
                given = entry.get("SkillGroupPriority", 0)
                priorities.append(whole("SkillGroupPriority", given))
        found["SkillGroupNumber"] = numbers
        if "SkillGroupPriority" in names:
            found["SkillGroupPriority"] = priorities


def is_logout(name: str, values: Mapping[str, Any]) -> bool:
    """Whether a request asks for a logout: its failure is told by OnLogoutFailed as well."""
    return name == "SET_AGENT_STATE_REQ" and values.get("AgentState") == AgentState.eLogout


def is_login(name: str, values: Mapping[str, Any]) -> bool:
    """Whether a request asks for a login: its success is told by OnQueryAgentStateConf as well."""
    return name == "SET_AGENT_STATE_REQ" and values.get("AgentState") == AgentState.eLogin
