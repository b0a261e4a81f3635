"""Requests of supervisors and for them, recording and greetings.

Source: GED-188 guide, Application Level Interfaces: Supervisor Service, Server Service (recording),
network recording and agent greeting messages.
"""

from __future__ import annotations

from typing import Any

from fastcil.ged188 import NULL_USHORT
from fastcil.ged188.enums import (
    AgentGreetingAction,
    LineType,
    SilentMonitorStatus,
    StatusCode,
    SupervisoryAction,
)
from fastcil.ged188.enums import ControlFailureCode as Failure
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.simulator import agent_services
from fastcil.simulator.call_events import STATIC, audience, fixed_values
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


def monitor_status(connection: Connection) -> SilentMonitorStatus:
    """SNAPSHOT_DEVICE_CONF.SilentMonitorStatus of a connection."""
    call = connection.call
    if call.direction == "supervise" and call.monitored is not None:
        return SilentMonitorStatus.SILENT_MONITOR_INITIATOR
    if any(c.device is not None for c in connection.monitors):
        return SilentMonitorStatus.SILENT_MONITOR_TARGET
    return SilentMonitorStatus.SILENT_MONITOR_NONE


def _call_of(request: Request, peripheral: Peripheral, prefix: str) -> Call:
    number = request.message[f"{prefix}CallID"]
    call = peripheral.calls.get(number)
    if call is None:
        raise RequestError(Failure.CF_INVALID_CSTA_CALL_IDENTIFIER, f"no call {number}")
    return call


def _supervisor(request: Request, peripheral: Peripheral) -> Device:
    """The supervisor's device. Raises RequestError."""
    name = request.message.get("SupervisorInstrument") or request.client.instrument
    if not name:
        raise missing("SupervisorInstrument")
    device = device_of(peripheral, name)
    agent = device.agent
    if agent is None or not agent.is_supervisor:
        raise RequestError(
            0, f"no supervisor at {name!r}", status=StatusCode.E_CTI_SUPERVISOR_NOT_FOUND
        )
    check_control(request, agent, device)
    return device


def _may_supervise(supervisor: Agent, agent: Agent) -> None:
    if agent.team is None or supervisor not in agent.team.supervisors:
        raise RequestError(
            Failure.CF_PRIVILEGE_VIOLATION_ON_SPECIFIED_DEVICE,
            f"agent {agent.id} is in no team of supervisor {supervisor.id}",
        )


def supervise_call(request: Request) -> Replies:
    """SUPERVISE_CALL_REQ: listen, barge in, intercept, and leave again."""
    peripheral = peripheral_of(request)
    try:
        action = SupervisoryAction(request.message["SupervisoryAction"])
    except ValueError:
        raise RequestError(
            Failure.CF_VALUE_OUT_OF_RANGE,
            f"no SupervisoryAction {request.message['SupervisoryAction']}",
        ) from None
    device = _supervisor(request, peripheral)
    supervisor = device.agent
    assert supervisor is not None
    if action is SupervisoryAction.SUPERVISOR_CLEAR:
        return _leave(request, peripheral, device)
    agent = agent_of(request, peripheral)
    _may_supervise(supervisor, agent)
    call = _call_of(request, peripheral, "AgentConnection")
    mine = next((c for c in call.connections if c.device is agent.device), None)
    if mine is None:
        raise RequestError(
            Failure.CF_INVALID_CSTA_CONNECTION_IDENTIFIER,
            f"call {call.id} is not at agent {agent.id}",
        )
    if action is SupervisoryAction.SUPERVISOR_INTERCEPT:
        connection = _intercept(request, device, mine)
    elif action is SupervisoryAction.SUPERVISOR_BARGE_IN:
        connection = _barge_in(request, device, mine)
    elif action is SupervisoryAction.SUPERVISOR_MONITOR:
        connection = request.calls.listen(device, mine)
    else:
        raise RequestError(
            Failure.CF_REQUEST_INCOMPATIBLE_WITH_OBJECT, f"{action.name} is not to be had here"
        )
    request.statistics.supervised(supervisor, call.skill_group, action)
    return [("SUPERVISE_CALL_CONF", _confirmed(connection))]


def _confirmed(connection: Connection) -> dict[str, Any]:
    return {
        "ConnectionCallID": connection.call.id,
        "ConnectionDeviceIDType": STATIC,
        "ConnectionDeviceID": connection.device_id,
    }


def _barge_in(request: Request, device: Device, agent: Connection) -> Connection:
    """The supervisor comes into the call, as if the agent had consulted and conferred him."""
    request.calls.require(agent, Lcs.LCS_CONNECT)
    call = agent.call
    consult = request.calls.consult(agent, device.extension)
    theirs = next((c for c in consult.call.connections if c.device is device), None)
    if theirs is None:
        request.calls.reconnect(consult, agent)
        raise RequestError(Failure.CF_RESOURCE_BUSY, f"{device.instrument} is busy")
    request.calls.answer(theirs)
    request.calls.conference(consult, agent)
    return next(c for c in call.connections if c.device is device)


def _intercept(request: Request, device: Device, agent: Connection) -> Connection:
    """After a barge-in: the agent leaves the call to the supervisor."""
    mine = next((c for c in agent.call.connections if c.device is device), None)
    if mine is None:
        raise RequestError(
            Failure.CF_INVALID_OBJECT_STATE, f"{device.instrument} is not in call {agent.call.id}"
        )
    request.calls.clear_connection(agent)
    return mine


def _leave(request: Request, peripheral: Peripheral, device: Device) -> Replies:
    """SUPERVISOR_CLEAR: the supervisor's connection ends."""
    call = _call_of(request, peripheral, "SupervisorConnection")
    mine = next((c for c in call.connections if c.device is device), None)
    if mine is None:
        raise RequestError(
            Failure.CF_INVALID_CSTA_CONNECTION_IDENTIFIER,
            f"call {call.id} is not at {device.instrument}",
        )
    values = _confirmed(mine)
    request.calls.clear_connection(mine)
    return [("SUPERVISE_CALL_CONF", values)]


def _help(request: Request, peripheral: Peripheral) -> tuple[Agent, Device, Connection]:
    """An agent calls his supervisor: about his call, or without one."""
    agent = agent_of(request, peripheral, own=True)
    if agent.device is None:
        raise RequestError(
            0, f"agent {agent.id} is not logged in", status=StatusCode.E_CTI_AGENT_NOT_LOGGED_ON
        )
    supervisors = agent.team.supervisors if agent.team is not None else []
    helper = next((s for s in supervisors if s.device is not None and s is not agent), None)
    if helper is None or helper.device is None:
        raise RequestError(
            0,
            f"no supervisor of agent {agent.id} is logged in",
            status=StatusCode.E_CTI_SUPERVISOR_NOT_FOUND,
        )
    active = next((c for c in agent.device.connections if c.state == Lcs.LCS_CONNECT), None)
    if active is None:
        connection = request.calls.make(agent.device, helper.device.extension)
    else:
        connection = request.calls.consult(active, helper.device.extension)
    return agent, helper.device, connection


def _line(connection: Connection) -> dict[str, Any]:
    device = connection.device
    return {
        **_confirmed(connection),
        "LineHandle": device.line_handle if device else NULL_USHORT,
        "LineType": int(LineType.LINETYPE_HELP),
    }


def supervisor_assist(request: Request) -> Replies:
    """SUPERVISOR_ASSIST_REQ."""
    _, _, connection = _help(request, peripheral_of(request))
    return [("SUPERVISOR_ASSIST_CONF", _line(connection))]


def emergency_call(request: Request) -> Replies:
    """EMERGENCY_CALL_REQ: the supervisors of the team are told besides."""
    peripheral = peripheral_of(request)
    agent, _, connection = _help(request, peripheral)
    request.statistics.emergency(agent, connection.call.skill_group)
    device = agent.device
    assert device is not None
    team = agent.team.id if agent.team is not None else 0
    known = {
        "PeripheralID": peripheral.id,
        **_confirmed(connection),
        "SessionID": request.client.session_id,
        "ClientID": request.client.client_id or "simulator",
        "ClientAddress": request.client.address[0] or "127.0.0.1",
        "AgentExtension": device.extension,
        "AgentID": agent.id,
        "AgentInstrument": device.instrument,
    }
    request.site.emit(
        "EMERGENCY_CALL_EVENT",
        fixed_values("EMERGENCY_CALL_EVENT", known),
        audience(connection.call, team=team),
    )
    return [("EMERGENCY_CALL_CONF", _line(connection))]


def bad_call(request: Request) -> Replies:
    """BAD_CALL_REQ: the line of a call is bad; it is noted for the call."""
    peripheral = peripheral_of(request)
    agent_of(request, peripheral, own=True)
    call = _call_of(request, peripheral, "Connection")
    call.bad_line = True
    return [("BAD_CALL_CONF", {})]


# -- recording ---------------------------------------------------------------------------------


def _forward(request: Request, name: str) -> Replies:
    """Hand a recording request to the application that records; its answer is the answer."""
    peripheral = peripheral_of(request)
    _call_of(request, peripheral, "Connection")
    sessions = agent_services.select(request.site, agent_services.CALL_RECORDING)
    request.site.recording_ids += 1
    number = request.site.recording_ids
    invoke_id = request.message["InvokeID"]
    request.site.recordings[number] = (request.client.session_id, invoke_id)
    values = request.message.to_dict()
    values["InvokeID"] = number
    values["ClientID"] = request.client.client_id or "simulator"
    values["ClientAddress"] = request.client.address[0] or "127.0.0.1"
    request.site.emit(name, values, Audience("client", peripheral.id, sessions=frozenset(sessions)))
    return []


def start_recording(request: Request) -> Replies:
    """START_RECORDING_REQ."""
    return _forward(request, "START_RECORDING_REQ")


def stop_recording(request: Request) -> Replies:
    """STOP_RECORDING_REQ."""
    return _forward(request, "STOP_RECORDING_REQ")


def _recorded(request: Request) -> Replies:
    """What the recording application answers goes to the client that asked."""
    asked = request.site.recordings.pop(request.message["InvokeID"], None)
    if asked is None:
        return []
    session, invoke_id = asked
    values = request.message.to_dict()
    values["InvokeID"] = invoke_id
    request.site.emit(
        request.message.name, values, Audience("client", sessions=frozenset({session}))
    )
    return []


def _network_recording(request: Request, name: str) -> None:
    peripheral = peripheral_of(request)
    call = _call_of(request, peripheral, "Connection")
    wanted = request.message.get("ConnectionDeviceID")
    connection = next((c for c in call.connections if c.device_id == wanted), None)
    if connection is None:
        raise RequestError(
            Failure.CF_INVALID_CSTA_CONNECTION_IDENTIFIER, f"call {call.id} is not at {wanted!r}"
        )
    starting = name.startswith("START")
    if starting:
        request.calls.require(connection, Lcs.LCS_CONNECT, Lcs.LCS_HOLD)
    if connection.recording is starting:
        raise RequestError(
            Failure.CF_INVALID_OBJECT_STATE,
            f"call {call.id} is {'' if starting else 'not '}recorded already",
        )
    connection.recording = starting
    event = "NETWORK_RECORDING_STARTED_EVENT" if starting else "NETWORK_RECORDING_ENDED_EVENT"
    known = {"PeripheralID": peripheral.id, **_confirmed(connection)}
    request.site.emit(event, fixed_values(event, known), audience(call))


def start_network_recording(request: Request) -> Replies:
    """START_NETWORK_RECORDING_REQ."""
    _network_recording(request, "START_NETWORK_RECORDING_REQ")
    return [("START_NETWORK_RECORDING_CONF", {})]


def stop_network_recording(request: Request) -> Replies:
    """STOP_NETWORK_RECORDING_REQ."""
    _network_recording(request, "STOP_NETWORK_RECORDING_REQ")
    return [("STOP_NETWORK_RECORDING_CONF", {})]


def agent_greeting_control(request: Request) -> Replies:
    """AGENT_GREETING_CONTROL_REQ: off and on for this login, or the one that plays stops."""
    peripheral = peripheral_of(request)
    agent = agent_of(request, peripheral, own=True)
    number = request.message["AgentAction"]
    if number not in {int(one) for one in AgentGreetingAction}:
        raise RequestError(Failure.CF_VALUE_OUT_OF_RANGE, f"no AgentAction {number}")
    if number != AgentGreetingAction.STOP:
        agent.greeting = number == AgentGreetingAction.ENABLE
    return [("AGENT_GREETING_CONTROL_CONF", {})]


HANDLERS: dict[str, Handler] = {
    "SUPERVISE_CALL_REQ": supervise_call,
    "SUPERVISOR_ASSIST_REQ": supervisor_assist,
    "EMERGENCY_CALL_REQ": emergency_call,
    "BAD_CALL_REQ": bad_call,
    "START_RECORDING_REQ": start_recording,
    "STOP_RECORDING_REQ": stop_recording,
    "START_RECORDING_CONF": _recorded,
    "STOP_RECORDING_CONF": _recorded,
    "START_NETWORK_RECORDING_REQ": start_network_recording,
    "STOP_NETWORK_RECORDING_REQ": stop_network_recording,
    "AGENT_GREETING_CONTROL_REQ": agent_greeting_control,
}
"""By message name."""
