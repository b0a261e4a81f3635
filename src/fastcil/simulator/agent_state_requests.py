"""SET_AGENT_STATE_REQ and the queries of agents and devices.

Source: guide, Application Level Interfaces, Client Control Service.
"""

from __future__ import annotations

from typing import Any

from fastcil.ged188 import NULL_USHORT
from fastcil.ged188.enums import (
    AgentInternalState,
    AgentState,
    AgentStateMask,
    AgentWorkMode,
    CallMsgMask,
    ClassOfDevice,
    ControlFailureCode,
    ControlRequestMask,
    FeatureMask,
    ForcedFlag,
    LineType,
    SpecialValues,
    StatusCode,
    TypeOfDevice,
)
from fastcil.ged188.enums import ControlFailureCodeExtended as Extended
from fastcil.ged188.enums import TransferConferenceSetupMask as Setup
from fastcil.simulator.agent_desk import ReasonCode
from fastcil.simulator.agent_events import membership_fields, task_values
from fastcil.simulator.model import Agent, Device, Peripheral, RequestError, Site
from fastcil.simulator.requests import (
    Handler,
    Replies,
    Request,
    agent_of,
    check_control,
    device_of,
    missing,
    peripheral_of,
)

__all__ = ["HANDLERS"]

MAX_SKILL_GROUPS = 20
"""NumSkillGroups of QUERY_AGENT_STATE_CONF: "up to a maximum of 20"."""
_REMOTE = (AgentWorkMode.RA_CALL_BY_CALL, AgentWorkMode.RA_NAILED_CONNECTION)


def set_agent_state(request: Request) -> Replies:
    """SET_AGENT_STATE_REQ: login, logout, or a state that agents may ask for."""
    message = request.message
    peripheral = peripheral_of(request)
    try:
        state = AgentState(message["AgentState"])
    except ValueError:
        raise RequestError(
            ControlFailureCode.CF_VALUE_OUT_OF_RANGE, f"no agent state {message['AgentState']}"
        ) from None
    if state == AgentState.AGENT_STATE_LOGIN:
        _login(request, peripheral)
        return [("SET_AGENT_STATE_CONF", {})]
    agent = agent_of(request, peripheral)
    check_control(request, agent)
    if state == AgentState.AGENT_STATE_LOGOUT:
        _logout(request, agent)
    else:
        request.agents.set_state(
            agent,
            state,
            reason=_reason(request, agent),
            work_mode=message["AgentWorkMode"],
            forced=_is_others(request, agent),
        )
    return [("SET_AGENT_STATE_CONF", {})]


def _is_others(request: Request, agent: Agent) -> bool:
    """Whether a supervisor sets the state of another: what the agent's desk settings demand of
    himself does not hold then."""
    own = request.client.agent
    return own is not None and own is not agent


def _reason(request: Request, agent: Agent) -> int:
    reason: int = request.message["EventReasonCode"]
    return ReasonCode.SUPERVISOR if not reason and _is_others(request, agent) else reason


def _login(request: Request, peripheral: Peripheral) -> None:
    message = request.message
    agent_id, password, instrument, position = message.get_many(
        "AgentID", "AgentPassword", "AgentInstrument", "PositionID"
    )
    sso = bool(message.get("SSOEnabled"))
    forced = message.get("ForcedFlag", 0)
    if not agent_id:
        raise missing("AgentID")
    if password is None and not sso and request.site.rules.password_required:
        raise missing("AgentPassword")
    agent = peripheral.agents.get(agent_id)
    if agent is None:
        raise RequestError(Extended.CF_INVALID_AGENT_ID_SPECIFIED, f"no agent {agent_id!r}")
    if forced == ForcedFlag.AUTHENTICATION_ONLY:
        request.agents.authenticate(agent, password or "", sso=sso)
        return
    if not instrument:
        raise missing("AgentInstrument")
    if not position and request.site.rules.position_required:
        raise missing("PositionID")
    device, number = _logon_device(peripheral, instrument, message["AgentWorkMode"])
    check_control(request, agent, device)
    request.agents.login(
        agent,
        device,
        password=password or "",
        reason=message["EventReasonCode"],
        work_mode=message["AgentWorkMode"],
        signature=request.client.signature,
        groups=_groups(request),
        forced=forced == ForcedFlag.TRUE,
        sso=sso,
        terminal=message.get("ActiveTerminal") or "",
        position=position or "",
        remote_number=number,
    )


def _logon_device(peripheral: Peripheral, instrument: str, mode: int) -> tuple[Device, str]:
    """The device, and the telephone number that a remote agent gives behind a ";"."""
    name, _, number = instrument.partition(";")
    if bool(number) != (mode in _REMOTE):
        raise RequestError(
            Extended.CF_INVALID_LOGON_DEVICE_SPECIFIED,
            "remote agents log in with instrument;number and a remote work mode",
        )
    try:
        return device_of(peripheral, name), number
    except RequestError as error:
        raise RequestError(Extended.CF_INVALID_LOGON_DEVICE_SPECIFIED, str(error)) from None


def _groups(request: Request) -> list[int]:
    """The skill groups that the request names; NumSkillGroups must say how many."""
    groups: list[int] = request.message.get("SkillGroupNumber") or []
    if len(groups) != request.message["NumSkillGroups"] or len(groups) > 10:
        raise RequestError(
            0,
            f"NumSkillGroups {request.message['NumSkillGroups']}, {len(groups)} given, at most 10",
            status=StatusCode.E_CTI_INVALID_NUM_SKILL_GROUPS,
        )
    return groups


def _logout(request: Request, agent: Agent) -> None:
    message = request.message
    password = message.get("AgentPassword")
    sso = bool(message.get("SSOEnabled"))
    rules = request.site.rules
    if password is None and not sso and rules.logout_password_required:
        raise missing("AgentPassword")
    if password is not None:
        request.agents.authenticate(agent, password, sso=sso)
    request.agents.logout(
        agent,
        reason=_reason(request, agent),
        forced=message.get("ForcedFlag", 0) == ForcedFlag.TRUE or _is_others(request, agent),
        groups=_groups(request),
    )


def query_agent_state(request: Request) -> Replies:
    """QUERY_AGENT_STATE_REQ. A device where nobody is logged in is answered with LOGOUT and no
    AgentID: that field is there "if an agent is logged into the specified device"."""
    message, site = request.message, request.site
    peripheral = peripheral_of(request)
    domain = message["MRDID"]
    if domain not in (-1, 0) and domain not in site.rules.media_routing_domains:
        raise RequestError(
            0, f"no media routing domain {domain}", status=StatusCode.E_CTI_INVALID_MR_DOMAIN
        )
    identity = message["ICMAgentID"]
    if identity in (-1, 0):
        try:
            agent = agent_of(request, peripheral)
        except RequestError as error:
            if error.status != StatusCode.E_CTI_AGENT_NOT_LOGGED_ON:
                raise
            return [("QUERY_AGENT_STATE_CONF", _nobody(site))]
    else:
        found = (a for a in peripheral.agents.values() if a.icm_id == identity)
        agent = next(found, None) or _unknown(identity)
    return [("QUERY_AGENT_STATE_CONF", _state_values(site, agent))]


def _unknown(identity: int) -> Agent:
    raise RequestError(Extended.CF_INVALID_AGENT_ID_SPECIFIED, f"no ICMAgentID {identity}")


def _nobody(site: Site) -> dict[str, Any]:
    return {
        "AgentState": AgentState.AGENT_STATE_LOGOUT,
        "NumSkillGroups": 0,
        "MRDID": site.rules.mrd_id,
        "NumTasks": 0,
        "AgentMode": 1,
        "MaxTaskLimit": 1,
        "ICMAgentID": -1,
        "AgentAvailabilityStatus": 0,
        "DepartmentID": 0,
    }


def _state_values(site: Site, agent: Agent) -> dict[str, Any]:
    device = agent.device
    values: dict[str, Any] = {
        "AgentState": agent.state,
        **task_values(site, agent),
        **membership_fields(agent.memberships[:MAX_SKILL_GROUPS]),
        "AgentID": agent.id if device else None,
        "AgentExtension": device.extension if device else None,
        "AgentInstrument": device.instrument if device else None,
    }
    if agent.state in {int(state) for state in AgentInternalState}:
        values["InternalAgentState"] = agent.state
    return values


def query_device_info(request: Request) -> Replies:
    """QUERY_DEVICE_INFO_REQ. Limits that the site does not set are all ones, "unknown"."""
    message = request.message
    peripheral = peripheral_of(request)
    if message["Reserved"]:
        raise RequestError(
            0, "Reserved must be zero", status=StatusCode.E_CTI_INVALID_RESERVED_FIELD
        )
    instrument = message.get("AgentInstrument")
    if not instrument:
        raise missing("AgentInstrument")
    device = device_of(peripheral, instrument)
    values = {
        "PeripheralType": peripheral.type,
        "TypeOfDevice": TypeOfDevice.DEVT_STATION,
        "ClassOfDevice": ClassOfDevice.DEVC_VOICE,
        "Reserved": 0,
        "MaxActiveCalls": 1,
        "MaxHeldCalls": NULL_USHORT,
        "MaxDevicesInConference": SpecialValues.MAX_NUM_PARTIES,
        "MakeCallSetup": int(
            AgentStateMask.AGENT_NOT_READY_MASK
            | AgentStateMask.AGENT_AVAILABLE_MASK
            | AgentStateMask.AGENT_WORK_NOT_READY_MASK
            | AgentStateMask.AGENT_WORK_READY_MASK
            | AgentStateMask.AGENT_HOLD_MASK
        ),
        "TransferConferenceSetup": int(
            Setup.CONF_SETUP_CONSULT_ANY
            | Setup.CONF_SETUP_CONN_HELD
            | Setup.CONF_SETUP_ANY_SINGLE_CALL
            | Setup.TRANS_SETUP_ANY_SINGLE_CALL
        ),
        "CallEventsSupported": _all(CallMsgMask),
        "CallControlSupported": _control(),
        "OtherFeaturesSupported": _all(FeatureMask),
        "LineHandle": [device.line_handle],
        "LineType": [LineType.LINETYPE_INBOUND_ACD],
    }
    return [("QUERY_DEVICE_INFO_CONF", values)]


def _control() -> int:
    """The requests of the mask that the site answers."""
    from fastcil.simulator.handlers import HANDLERS as every  # which is made of ours among others

    bits = 0
    for name, bit in ControlRequestMask.__members__.items():
        if f"{name.removeprefix('CONTROL_')}_REQ" in every:
            bits |= int(bit)
    return bits


def _all(mask: Any) -> int:
    bits = 0
    for bit in mask:
        bits |= int(bit)
    return bits


HANDLERS: dict[str, Handler] = {
    "SET_AGENT_STATE_REQ": set_agent_state,
    "QUERY_AGENT_STATE_REQ": query_agent_state,
    "QUERY_DEVICE_INFO_REQ": query_device_info,
}
