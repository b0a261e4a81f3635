"""Requests of supervisors, and those with which agents call for one.

Source: GED-188 guide, Application Level Interfaces: Supervisor Service, SUPERVISOR_ASSIST_REQ,
EMERGENCY_CALL_REQ, BAD_CALL_REQ.
"""

from __future__ import annotations

from typing import Any

from fastcil.ged188 import NULL_UINT, NULL_USHORT
from fastcil.ged188.enums import AgentDeskSettingsMask as Desk
from fastcil.ged188.enums import (
    CallType,
    LineType,
    SilentMonitorStatus,
    StatusCode,
    SupervisoryAction,
)
from fastcil.ged188.enums import ControlFailureCode as Failure
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.simulator.agent_services import CALL_RECORDING
from fastcil.simulator.call_events import STATIC, audience, fixed_values
from fastcil.simulator.call_request_fields import NO_CALL, call_of
from fastcil.simulator.model import (
    Agent,
    Audience,
    Call,
    Connection,
    Device,
    Peripheral,
    RequestError,
)
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

__all__ = ["HANDLERS", "monitor_status"]

_TALKING = (Lcs.LCS_CONNECT, Lcs.LCS_HOLD)
_BLIND = 1
"""SupervisorAssistCallMethod and EmergencyCallMethod: 0 a consultation, 1 a blind conference."""


def monitor_status(connection: Connection) -> SilentMonitorStatus:
    """SNAPSHOT_DEVICE_CONF.SilentMonitorStatus of a connection."""
    if connection.call.monitored is not None:
        return SilentMonitorStatus.SILENT_MONITOR_INITIATOR
    if connection.monitors:
        return SilentMonitorStatus.SILENT_MONITOR_TARGET
    return SilentMonitorStatus.SILENT_MONITOR_NONE


# -- supervision -------------------------------------------------------------------------------


def _supervisor(request: Request, peripheral: Peripheral) -> tuple[Agent, Device]:
    """The supervisor and his device. Raises RequestError."""
    message = request.message
    name = message.get("SupervisorInstrument") or request.client.instrument
    if not name:
        raise missing("SupervisorInstrument")
    device = device_of(peripheral, name)
    agent = device.agent
    if agent is None or not agent.is_supervisor:
        raise RequestError(
            0, f"no supervisor at {name!r}", status=StatusCode.E_CTI_SUPERVISOR_NOT_FOUND
        )
    check_control(request, agent, device)
    return agent, device


def _supervised(request: Request, peripheral: Peripheral, supervisor: Agent) -> Connection:
    """The agent's connection: "a specific agent call connection, or ... an agent's currently
    active call by specifying only the agent". Raises RequestError."""
    message = request.message
    number = message["AgentConnectionCallID"]
    named = message.get_many("AgentID", "AgentInstrument", "AgentExtension")
    if number in NO_CALL:
        agent = agent_of(request, peripheral)
        connections = agent.device.connections if agent.device is not None else []
        found = next((c for s in _TALKING for c in connections if c.state == s), None)
        if found is None:
            raise RequestError(
                0, f"agent {agent.id} has no call", status=StatusCode.E_CTI_NO_CALL_ACTIVE
            )
    else:
        call = call_of(request, peripheral, "AgentConnection")
        if any(named):
            device = agent_of(request, peripheral).device
        else:
            name = message.get("AgentConnectionDeviceID")
            if not name:
                raise missing("AgentConnectionDeviceID")
            device = device_of(peripheral, name)
        found = _at(call, device)
        if found is None:
            raise RequestError(
                Failure.CF_INVALID_CSTA_CONNECTION_IDENTIFIER,
                f"call {call.id} is not at the agent's device",
            )
    agent_there = found.device.agent if found.device is not None else None
    if agent_there is None or not _supervises(supervisor, agent_there):
        raise RequestError(
            Failure.CF_PRIVILEGE_VIOLATION_ON_SPECIFIED_DEVICE,
            f"{found.device_id} has no agent of a team of supervisor {supervisor.id}",
        )
    return found


def _at(call: Call, device: Device | None) -> Connection | None:
    if device is None:
        return None
    return next((c for c in call.connections if c.device is device), None)


def _supervises(supervisor: Agent, agent: Agent) -> bool:
    return agent.team is not None and supervisor in agent.team.supervisors


def supervise_call(request: Request) -> Replies:
    """SUPERVISE_CALL_REQ: listen, whisper, barge in, intercept, and leave again."""
    peripheral = peripheral_of(request)
    try:
        action = SupervisoryAction(request.message["SupervisoryAction"])
    except ValueError as error:
        raise RequestError(
            0, str(error), status=StatusCode.E_CTI_INVALID_SUPERVISORY_ACTION
        ) from None
    supervisor, device = _supervisor(request, peripheral)
    if action is SupervisoryAction.SUPERVISOR_CLEAR:
        return _leave(request, peripheral, device)
    agent = _supervised(request, peripheral, supervisor)
    group = agent.call.skill_group
    calls = request.calls
    if action is SupervisoryAction.SUPERVISOR_INTERCEPT:
        connection = calls.intercept(device, agent)
    elif action is SupervisoryAction.SUPERVISOR_BARGE_IN:
        connection = calls.barge_in(device, agent)
    else:
        whisper = action is SupervisoryAction.SUPERVISOR_WHISPER
        connection = calls.listen(device, agent, whisper=whisper)
    request.statistics.supervised(supervisor, group, action)
    return [("SUPERVISE_CALL_CONF", _connection_values(connection))]


def _connection_values(connection: Connection) -> dict[str, Any]:
    return {
        "ConnectionCallID": connection.call.id,
        "ConnectionDeviceIDType": STATIC,
        "ConnectionDeviceID": connection.device_id,
    }


def _leave(request: Request, peripheral: Peripheral, device: Device) -> Replies:
    """SUPERVISOR_CLEAR: the supervisor's connection ends; without a call id, the one by which he
    supervises."""
    number = request.message["SupervisorConnectionCallID"]
    if number in NO_CALL:
        mine = next((c for c in device.connections if _is_supervision(c)), None)
    else:
        mine = _at(call_of(request, peripheral, "SupervisorConnection"), device)
    if mine is None:
        raise RequestError(
            Failure.CF_NO_CONNECTION_TO_CLEAR, f"{device.instrument} supervises no such call"
        )
    values = _connection_values(mine)
    request.calls.leave(mine)
    return [("SUPERVISE_CALL_CONF", values)]


def _is_supervision(connection: Connection) -> bool:
    call = connection.call
    supervised = (CallType.CALLTYPE_SUPERVISOR_BARGEIN, CallType.CALLTYPE_SUPERVISOR_INTERCEPT)
    return call.monitored is not None or call.type in supervised


# -- help --------------------------------------------------------------------------------------


def _helper(agent: Agent) -> Device | None:
    """The telephone of a supervisor who can be had: "first check the team's primary supervisor",
    then the others of the team."""
    supervisors = agent.team.supervisors if agent.team is not None else []
    for supervisor in supervisors:
        device = supervisor.device
        if supervisor is not agent and device is not None and not device.connections:
            return device
    return None


def _asked_for(request: Request, peripheral: Peripheral, agent: Agent) -> Connection | None:
    """The agent's connection of the call that he wants help with; None: no related call.

    Raises RequestError.
    """
    if agent.device is None:
        raise RequestError(
            0, f"agent {agent.id} is not logged in", status=StatusCode.E_CTI_AGENT_NOT_LOGGED_ON
        )
    if request.message["ConnectionCallID"] in NO_CALL:
        return next((c for c in agent.device.connections if c.state == Lcs.LCS_CONNECT), None)
    call = call_of(request, peripheral)
    found = _at(call, agent.device)
    if found is None:
        raise RequestError(
            Failure.CF_INVALID_CSTA_CONNECTION_IDENTIFIER, f"call {call.id} is not at {agent.id}"
        )
    return found


def _call_for_help(
    request: Request,
    agent: Agent,
    about: Connection | None,
    helper: Device | None,
    kind: CallType,
    method: int,
) -> Connection:
    """The call to the supervisor, as the desk settings say: consulting, or taking him in at once.

    Raises RequestError (FAILURE_CONF) E_CTI_SUPERVISOR_NOT_FOUND when no supervisor can be had.
    """
    if helper is None:
        raise RequestError(
            0,
            f"no supervisor of agent {agent.id} can be had",
            status=StatusCode.E_CTI_SUPERVISOR_NOT_FOUND,
        )
    device = agent.device
    assert device is not None
    calls, line = request.calls, int(LineType.LINETYPE_HELP)
    if about is not None and about.state == Lcs.LCS_CONNECT:
        if method == _BLIND:
            calls.single_step_conference(about, helper.extension)
            return about
        return calls.consult(about, helper.extension, call_type=kind, line_type=line)
    return calls.make(device, helper.extension, {"CallType": int(kind)}, line_type=line)


def _new_call(connection: Connection) -> dict[str, Any]:
    device = connection.device
    return {
        **_connection_values(connection),
        "LineHandle": device.line_handle if device else NULL_USHORT,
        "LineType": int(LineType.LINETYPE_HELP),
    }


def supervisor_assist(request: Request) -> Replies:
    """SUPERVISOR_ASSIST_REQ."""
    peripheral = peripheral_of(request)
    agent = agent_of(request, peripheral, own=True)
    check_control(request, agent)
    about = _asked_for(request, peripheral, agent)
    if not agent.desk.allows(Desk.DESK_SUPERVISOR_CALLS_ALLOWED_MASK):
        raise RequestError(
            Failure.CF_PRIVILEGE_VIOLATION_ON_CALLED_DEVICE,
            f"agent {agent.id} may not call a supervisor",
        )
    method = agent.desk.supervisor_assist_method
    connection = _call_for_help(
        request, agent, about, _helper(agent), CallType.CALLTYPE_ASSIST, method
    )
    return [("SUPERVISOR_ASSIST_CONF", _new_call(connection))]


def emergency_call(request: Request) -> Replies:
    """EMERGENCY_CALL_REQ: bridges and supervisors are told "even if no supervisor was found"."""
    peripheral = peripheral_of(request)
    agent = agent_of(request, peripheral, own=True)
    check_control(request, agent)
    about = _asked_for(request, peripheral, agent)
    helper = _helper(agent)
    group = about.call.skill_group if about is not None else None
    if helper is None:
        _tell_emergency(request, agent, about)
        request.statistics.emergency(agent, group)
    kind, method = CallType.CALLTYPE_EMERGENCY, agent.desk.emergency_method
    connection = _call_for_help(request, agent, about, helper, kind, method)
    _tell_emergency(request, agent, about or connection)
    request.statistics.emergency(agent, group)
    return [("EMERGENCY_CALL_CONF", _new_call(connection))]


def _tell_emergency(request: Request, agent: Agent, connection: Connection | None) -> None:
    """EMERGENCY_CALL_EVENT: to bridges, the team's supervisors and recording servers."""
    device, client = agent.device, request.client
    assert device is not None
    known = {
        "PeripheralID": agent.peripheral_id,
        "ConnectionCallID": connection.call.id if connection is not None else NULL_UINT,
        "ConnectionDeviceIDType": STATIC,
        "ConnectionDeviceID": device.instrument,
        "SessionID": client.session_id,
        "ClientID": client.client_id or "simulator",
        "ClientAddress": client.address[0] or "127.0.0.1",
        "AgentExtension": device.extension,
        "AgentID": agent.id,
        "AgentInstrument": device.instrument,
    }
    name = "EMERGENCY_CALL_EVENT"
    values = fixed_values(name, known)
    team = agent.team.id if agent.team is not None else 0
    if connection is not None:
        whom = audience(connection.call, also=(device,), team=team)
    else:
        whom = Audience(
            "call",
            agent.peripheral_id,
            frozenset({device.instrument}),
            frozenset({agent.icm_id}),
            team_id=team,
        )
    request.site.emit(name, values, whom)
    services = request.site.registered_services
    recorders = {s.session_id for s in services if s.name == CALL_RECORDING}
    recorders -= {one.session_id for one in request.clients if one.all_events}
    if recorders:
        to = Audience("client", agent.peripheral_id, sessions=frozenset(recorders))
        request.site.emit(name, values, to)


def bad_call(request: Request) -> Replies:
    """BAD_CALL_REQ: the line of a call is bad; it is noted for the call."""
    peripheral = peripheral_of(request)
    agent_of(request, peripheral, own=True)
    call_of(request, peripheral).bad_line = True
    return [("BAD_CALL_CONF", {})]


HANDLERS: dict[str, Handler] = {
    "SUPERVISE_CALL_REQ": supervise_call,
    "SUPERVISOR_ASSIST_REQ": supervisor_assist,
    "EMERGENCY_CALL_REQ": emergency_call,
    "BAD_CALL_REQ": bad_call,
}
"""By message name."""
