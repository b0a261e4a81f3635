"""Requests about recording, by a server application or by the network, and about greetings.

Source: GED-188 guide, Application Level Interfaces: START_RECORDING_REQ, STOP_RECORDING_REQ,
START_NETWORK_RECORDING_REQ, STOP_NETWORK_RECORDING_REQ, AGENT_GREETING_CONTROL_REQ.
"""

from __future__ import annotations

from fastcil.ged188 import NULL_UINT
from fastcil.ged188.enums import AgentGreetingAction, PlayToneDirection, StatusCode
from fastcil.ged188.enums import ControlFailureCode as Failure
from fastcil.simulator import agent_services
from fastcil.simulator.call_media import SILENT, USER
from fastcil.simulator.call_request_fields import check_values, connection_of
from fastcil.simulator.model import Audience, RequestError
from fastcil.simulator.requests import (
    Handler,
    Replies,
    Request,
    agent_of,
    check_control,
    peripheral_of,
)

__all__ = ["HANDLERS"]

_ANY_SERVER = 0
"""SessionID of STOP_RECORDING_REQ: "may be directed to any registered server"."""

# -- by a server application ------------------------------------------------------------------


def _forward(request: Request, sessions: list[int]) -> Replies:
    """Hand a recording request to the application that records; its answer is the answer."""
    site, client, name = request.site, request.client, request.message.name
    site.recording_ids += 1
    number = site.recording_ids
    site.recordings[number] = (client.session_id, request.message["InvokeID"])
    values = request.message.to_dict()
    values["InvokeID"] = number
    values["ClientID"] = client.client_id or "simulator"
    values["ClientAddress"] = client.address[0] or "127.0.0.1"
    whom = Audience("client", request.message["PeripheralID"], sessions=frozenset(sessions))
    site.emit(name, values, whom)
    return []


def _check_recorded(request: Request) -> None:
    """The call exists and the agent, too. Raises RequestError."""
    check_values(request)
    peripheral = peripheral_of(request)
    number = request.message["ConnectionCallID"]
    if number not in peripheral.calls:
        raise RequestError(0, f"no call {number}", status=StatusCode.E_CTI_INVALID_CALLID)
    agent_of(request, peripheral, own=True)


def start_recording(request: Request) -> Replies:
    """START_RECORDING_REQ."""
    _check_recorded(request)
    return _forward(request, agent_services.select(request.site, agent_services.CALL_RECORDING))


def stop_recording(request: Request) -> Replies:
    """STOP_RECORDING_REQ: "to the server application with session SessionID if non-zero"."""
    _check_recorded(request)
    wanted = request.message["SessionID"]
    if wanted == _ANY_SERVER:
        return _forward(request, agent_services.select(request.site, agent_services.CALL_RECORDING))
    services = request.site.registered_services
    names = {s.name for s in services if s.session_id == wanted}
    if agent_services.CALL_RECORDING not in names:
        raise RequestError(
            0,
            f"session {wanted} provides no recording",
            status=StatusCode.E_CTI_FUNCTION_NOT_AVAILABLE,
        )
    return _forward(request, [wanted])


def _recorded(request: Request) -> Replies:
    """What the recording application answers goes to the client that asked.

    SessionID 0xffffffff: "the subsequent STOP_RECORDING_REQ should be sent only to that server",
    so its SessionID is put in.
    """
    asked = request.site.recordings.pop(request.message["InvokeID"], None)
    if asked is None:
        return []  # another application was faster
    session, invoke_id = asked
    server = request.client
    values = request.message.to_dict()
    values["InvokeID"] = invoke_id
    values["ClientID"] = server.client_id or "simulator"
    values["ClientAddress"] = server.address[0] or "127.0.0.1"
    if values.get("SessionID") == NULL_UINT:
        values["SessionID"] = server.session_id
    whom = Audience("client", sessions=frozenset({session}))
    request.site.emit(request.message.name, values, whom)
    return []


# -- by the network ---------------------------------------------------------------------------


def _invocation(request: Request) -> int:
    """InvocationType: "if this field is not supplied then Silent Recording would be assumed"."""
    value = request.message.get("InvocationType")
    if value is None:
        return SILENT
    if value not in (SILENT, USER):
        raise RequestError(Failure.CF_VALUE_OUT_OF_RANGE, f"no InvocationType {value}")
    return int(value)


def start_network_recording(request: Request) -> Replies:
    """START_NETWORK_RECORDING_REQ: the answer "will not indicate actual recording start"."""
    tone = request.message.get("PlayToneDirection")
    if tone is not None and tone not in {int(one) for one in PlayToneDirection}:
        raise RequestError(Failure.CF_VALUE_OUT_OF_RANGE, f"no PlayToneDirection {tone}")
    connection = connection_of(request, peripheral_of(request))
    request.calls.start_recording(connection, _invocation(request), request.client.session_id)
    return [("START_NETWORK_RECORDING_CONF", {})]


def stop_network_recording(request: Request) -> Replies:
    """STOP_NETWORK_RECORDING_REQ."""
    connection = connection_of(request, peripheral_of(request))
    request.calls.stop_recording(connection, _invocation(request))
    return [("STOP_NETWORK_RECORDING_CONF", {})]


# -- greetings --------------------------------------------------------------------------------


def agent_greeting_control(request: Request) -> Replies:
    """AGENT_GREETING_CONTROL_REQ: off and on for this login, or the one that plays stops."""
    peripheral = peripheral_of(request)
    agent = agent_of(request, peripheral, own=True)
    check_control(request, agent)
    number = request.message["AgentAction"]
    if number not in {int(one) for one in AgentGreetingAction}:
        raise RequestError(Failure.CF_VALUE_OUT_OF_RANGE, f"no AgentAction {number}")
    if number == AgentGreetingAction.STOP:
        request.calls.stop_greeting(agent)
    else:
        agent.greeting = number == AgentGreetingAction.ENABLE
    return [("AGENT_GREETING_CONTROL_CONF", {})]


HANDLERS: dict[str, Handler] = {
    "START_RECORDING_REQ": start_recording,
    "STOP_RECORDING_REQ": stop_recording,
    "START_RECORDING_CONF": _recorded,
    "STOP_RECORDING_CONF": _recorded,
    "START_NETWORK_RECORDING_REQ": start_network_recording,
    "STOP_NETWORK_RECORDING_REQ": stop_network_recording,
    "AGENT_GREETING_CONTROL_REQ": agent_greeting_control,
}
"""By message name."""
