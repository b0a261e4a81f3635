"""Requests about statistics, teams, messages, services and settings.

Source: guide, Application Level Interfaces: Miscellaneous Service, Supervisor Service, Call Data
Update Service, Server Service.
"""

from __future__ import annotations

from fastcil.ged188 import NULL_UINT, NULL_USHORT, Message
from fastcil.ged188.enums import CallType, CallVariableMask, ClientEventState, StatusCode
from fastcil.ged188.enums import ControlFailureCodeExtended as Extended
from fastcil.simulator import agent_services
from fastcil.simulator.model import Alarm, Audience, Peripheral, RequestError, Service, Site
from fastcil.simulator.requests import (
    Handler,
    Replies,
    Request,
    agent_of,
    device_of,
    missing,
    peripheral_of,
    skill_group_of,
)

__all__ = ["HANDLERS"]

MAX_TEAMS = 64
"""TeamIDs per LIST_AGENT_TEAM_CONF."""


def query_agent_statistics(request: Request) -> Replies:
    """QUERY_AGENT_STATISTICS_REQ, of a logged-in agent; a client's own without any field."""
    peripheral = peripheral_of(request)
    agent = agent_of(request, peripheral, own=True)
    device = agent.device
    if device is None:
        raise RequestError(
            0,
            f"agent {agent.id} is not logged in",
            status=StatusCode.E_CTI_AGENT_NOT_LOGGED_ON,
        )
    values = {
        "PeripheralID": peripheral.id,
        **request.statistics.agent_values(agent),
        "AgentExtension": device.extension,
        "AgentID": agent.id,
        "AgentInstrument": device.instrument,
    }
    return [("QUERY_AGENT_STATISTICS_CONF", values)]


def query_skill_group_statistics(request: Request) -> Replies:
    """QUERY_SKILL_GROUP_STATISTICS_REQ."""
    peripheral = peripheral_of(request)
    group = skill_group_of(request, peripheral)
    if group is None:
        raise RequestError(0, "no skill group given", status=StatusCode.E_CTI_INVALID_SKILL_GROUP)
    values = {
        "PeripheralID": peripheral.id,
        "SkillGroupNumber": group.number,
        "SkillGroupID": group.id,
        **request.statistics.group_values(group),
    }
    return [("QUERY_SKILL_GROUP_STATISTICS_CONF", values)]


def list_agent_team(request: Request) -> Replies:
    """LIST_AGENT_TEAM_REQ: the teams of a supervisor, at most 64 in each answer."""
    identity = request.message["SupervisorID"]
    agent = next((a for a in request.site.agents() if a.icm_id == identity), None)
    if agent is None or not agent.is_supervisor:
        raise RequestError(
            0, f"no supervisor {identity}", status=StatusCode.E_CTI_SUPERVISOR_NOT_FOUND
        )
    teams = [team.id for team in request.site.teams.values() if agent in team.supervisors]
    parts = [teams[i : i + MAX_TEAMS] for i in range(0, len(teams), MAX_TEAMS)] or [[]]
    return [
        (
            "LIST_AGENT_TEAM_CONF",
            {
                "NumberOfAgentTeams": len(part),
                "SegmentNumber": number,
                "More": int(number < len(parts)),
                "TeamID": part,
            },
        )
        for number, part in enumerate(parts, 1)
    ]


def user_message(request: Request) -> Replies:
    """USER_MESSAGE_REQ: the message goes to other sessions as USER_MESSAGE_EVENT.

    Never back to the sender: the event "delivers a message that was sent from another client".
    """
    message, site = request.message, request.site
    text = message.get("Text")
    if text is None:
        raise missing("Text")
    receivers = _RECEIVERS.get(message["Distribution"])
    if receivers is None:
        raise RequestError(
            0,
            f"no distribution {message['Distribution']}",
            status=StatusCode.E_CTI_INVALID_DISTRIBUTION_TYPE,
        )
    sessions = frozenset(receivers(request))
    values = {
        "ICMCentralControllerTime": site.clock.time,
        "Distribution": message["Distribution"],
        "ClientID": request.client.client_id,
        "Text": text,
    }
    if sessions:
        site.emit("USER_MESSAGE_EVENT", values, Audience("client", sessions=sessions))
    return [("USER_MESSAGE_CONF", {})]


def _to_client(request: Request) -> set[int]:
    wanted = request.message.get("ClientID")
    if not wanted:
        raise missing("ClientID")
    found = {c.session_id for c in request.clients if c.client_id == wanted}
    if not found:
        raise RequestError(0, f"no client {wanted!r}", status=StatusCode.E_CTI_CLIENT_NOT_FOUND)
    return found


def _to_supervisor(request: Request) -> set[int]:
    agent = agent_of(request, peripheral_of(request), own=True)
    supervisors = agent.team.supervisors if agent.team else []
    found = {c.session_id for c in request.clients if c.agent in supervisors}
    found.discard(request.client.session_id)
    if not found:
        raise RequestError(
            0,
            f"no supervisor of agent {agent.id} has a session",
            status=StatusCode.E_CTI_SUPERVISOR_NOT_FOUND,
        )
    return found


def _to_team(request: Request) -> set[int]:
    agent = agent_of(request, peripheral_of(request), own=True)
    team = agent.team
    if team is None:
        raise RequestError(
            0, f"agent {agent.id} is in no team", status=StatusCode.E_CTI_TEAM_NOT_FOUND
        )
    members = [*team.agents, *team.supervisors]
    found = {c.session_id for c in request.clients if c.agent in members}
    return found - {request.client.session_id}


def _to_all(request: Request) -> set[int]:
    return {c.session_id for c in request.clients} - {request.client.session_id}


_RECEIVERS = {0: _to_client, 1: _to_supervisor, 2: _to_team, 3: _to_all}
"""By DistributionCode."""


def register_variables(request: Request) -> Replies:
    """REGISTER_VARIABLES_REQ: which call variables the client receives from now on. Values and
    array indexes are ignored, as the table says."""
    message, client = request.message, request.client
    mask = message["CallVariableMask"]
    everything = 0
    for bit in CallVariableMask:
        everything |= int(bit)
    if mask & ~everything:
        raise RequestError(
            0, f"unused bits in {mask:#x}", status=StatusCode.E_CTI_INVALID_CALL_VARIABLE_MASK
        )
    names = [v.name for v in message.get("NamedVariable") or ()]
    arrays = [a.name for a in message.get("NamedArray") or ()]
    _check_counts(message, len(names), len(arrays))
    sizes = request.site.expanded_variables
    for name in names:
        check_named(request.site, name, array=False)
    for name in arrays:
        check_named(request.site, name, array=True)
    client.call_variable_mask = mask
    client.named_variables = frozenset(names)
    client.named_arrays = frozenset((name, i) for name in arrays for i in range(sizes[name]))
    return [("REGISTER_VARIABLES_CONF", {})]


def _check_counts(message: Message, names: int, arrays: int) -> None:
    if message["NumNamedVariables"] != names:
        raise RequestError(
            0, f"{names} NamedVariables", status=StatusCode.E_CTI_INVALID_NUM_NAMED_VARIABLES
        )
    if message["NumNamedArrays"] != arrays:
        raise RequestError(
            0, f"{arrays} NamedArrays", status=StatusCode.E_CTI_INVALID_NUM_NAMED_ARRAYS
        )


def check_named(site: Site, name: str, *, array: bool) -> None:
    """Whether a named variable, or array, is configured. Raises RequestError (FAILURE_CONF)."""
    size = site.expanded_variables.get(name)
    if size is None:
        status = (
            StatusCode.E_CTI_NAMED_ARRAY_NOT_CONFIGURED
            if array
            else StatusCode.E_CTI_NAMED_VARIABLE_NOT_CONFIGURED
        )
        raise RequestError(0, f"{name!r} is not configured", status=status)
    if array and not size:
        raise RequestError(
            0, f"{name!r} is no array", status=StatusCode.E_CTI_ARRAY_FUNCTION_ON_SCALAR
        )
    if size and not array:
        raise RequestError(
            0, f"{name!r} is an array", status=StatusCode.E_CTI_SCALAR_FUNCTION_ON_ARRAY
        )


def register_service(request: Request) -> Replies:
    """REGISTER_SERVICE_REQ."""
    name = request.message.get("ServiceName")
    if not name:
        raise missing("ServiceName")
    service = agent_services.register(
        request.site, request.client.session_id, name, request.message["ServerMode"]
    )
    return [("REGISTER_SERVICE_CONF", {"RegisteredServiceID": service.id})]


def unregister_service(request: Request) -> Replies:
    """UNREGISTER_SERVICE_REQ."""
    agent_services.unregister(
        request.site, request.client.session_id, request.message["RegisteredServiceID"]
    )
    return [("UNREGISTER_SERVICE_CONF", {})]


def agent_desk_settings(request: Request) -> Replies:
    """AGENT_DESK_SETTINGS_REQ: of an agent; of the client's own without AgentID; else those that
    the peripheral gives to agents for whom nothing else was said."""
    peripheral = peripheral_of(request)
    agent_id = request.message.get("AgentID")
    agent = peripheral.agents.get(agent_id) if agent_id else request.client.agent
    if agent_id and agent is None:
        raise RequestError(Extended.CF_INVALID_AGENT_ID_SPECIFIED, f"no agent {agent_id!r}")
    settings = agent.desk if agent else request.site.desk_settings.get(peripheral.default_desk)
    if settings is None:
        raise missing("AgentID")
    values = {"PeripheralID": peripheral.id, **settings.values()}
    return [("AGENT_DESK_SETTINGS_CONF", values)]


def set_device_attributes(request: Request) -> Replies:
    """SET_DEVICE_ATTRIBUTES_REQ: what calls that begin at a device are attributed to.

    "A FAILURE_CONF message is returned if the provided Service or SkillGroup values are invalid,
    or if the CallingDevice is not configured."
    """
    message = request.message
    peripheral = peripheral_of(request)
    name = message.get("CallingDeviceID")
    if not name:
        raise missing("CallingDeviceID")
    try:
        device = device_of(peripheral, name)
    except RequestError as error:
        raise RequestError(0, str(error), status=StatusCode.E_CTI_INVALID_DEVICE) from None
    service = _service_of(request, peripheral)
    group = skill_group_of(request, peripheral)
    kind = message["CallType"]
    if kind != NULL_USHORT and kind not in {int(one) for one in CallType}:
        raise RequestError(0, f"no CallType {kind}", status=StatusCode.E_CTI_INVALID_CALL_TYPE)
    device.attributes = {
        "ServiceNumber": service.number if service else NULL_UINT,
        "ServiceID": service.id if service else NULL_UINT,
        "SkillGroupNumber": group.number if group else NULL_UINT,
        "SkillGroupID": group.id if group else NULL_UINT,
        "SkillGroupPriority": message["SkillGroupPriority"],
        "CallType": kind,
    }
    return [("SET_DEVICE_ATTRIBUTES_CONF", {})]


def _service_of(request: Request, peripheral: Peripheral) -> Service | None:
    number, identity = request.message["ServiceNumber"], request.message["ServiceID"]
    found = []
    if number != NULL_UINT:
        found.append(peripheral.services.get(number))
    if identity != NULL_UINT:
        services = peripheral.services.values()
        found.append(next((s for s in services if s.id == identity), None))
    if None in found:
        raise RequestError(
            0, f"no service {number}, id {identity}", status=StatusCode.E_CTI_INVALID_SERVICE
        )
    if any(service is not found[0] for service in found):
        raise RequestError(
            0,
            f"service {number} has another id than {identity}",
            status=StatusCode.E_CTI_SERVICE_CONFLICT,
        )
    return found[0] if found else None


def set_app_data(request: Request) -> Replies:
    """SET_APP_DATA_REQ: variables of an application path; "variables not provided in the message
    are not affected"."""
    message = request.message
    path = message.get("ApplicationPathID")
    if path is None:
        raise missing("ApplicationPathID")
    names = [*(f"CallVariable{n}" for n in range(1, 11)), "FltCallTypeID", "PreCallInvokeID"]
    given = {name: value for name in names if (value := message.get(name)) is not None}
    request.site.app_data.setdefault(path, {}).update(given)
    return [("SET_APP_DATA_CONF", {})]


def client_event_report(request: Request) -> Replies:
    """CLIENT_EVENT_REPORT_REQ: the alarm object is created "if it does not already exist"."""
    message, site = request.message, request.site
    state, text = message["State"], message.get("Text")
    if state not in {int(one) for one in ClientEventState}:
        raise RequestError(0, f"no State {state}", status=StatusCode.E_CTI_INVALID_OBJECT_STATE)
    if text is None:
        raise missing("Text")
    name = message.get("ObjectName") or ""
    alarm = Alarm(name, state, text, request.client.client_id, site.clock.now)
    site.reports.append(alarm)
    if name:
        site.alarms[name] = alarm
    return [("CLIENT_EVENT_REPORT_CONF", {})]


def set_agent_service_data(request: Request) -> Replies:
    """SET_AGENT_SERVICE_DATA_REQ (24): which services the desktop uses, and what the agent thought
    of their suggestions. The answer carries the status itself."""
    message = request.message
    identity = message["AgentSkillTargetID"]
    services = message.get("FltEnabledServices") or []
    agent = next((a for a in request.site.agents() if a.icm_id == identity), None)
    status = StatusCode.E_CTI_NO_ERROR
    if agent is None:
        status = StatusCode.E_CTI_INVALID_AGENT_DATA
    elif message.get("NumOfEnabledServices", len(services)) != len(services):
        status = StatusCode.E_CTI_BAD_MESSAGE_FORMAT
    else:
        agent.invoked_services = list(services)
        for name in ("NumPositiveAnswersSuggestions", "NumNegativeAnswersSuggestions"):
            agent.suggestions[name] = agent.suggestions.get(name, 0) + message.get(name, 0)
    return [("SET_AGENT_SERVICE_DATA_CONF", {"Status": status})]


HANDLERS: dict[str, Handler] = {
    "QUERY_AGENT_STATISTICS_REQ": query_agent_statistics,
    "QUERY_SKILL_GROUP_STATISTICS_REQ": query_skill_group_statistics,
    "LIST_AGENT_TEAM_REQ": list_agent_team,
    "USER_MESSAGE_REQ": user_message,
    "REGISTER_VARIABLES_REQ": register_variables,
    "REGISTER_SERVICE_REQ": register_service,
    "UNREGISTER_SERVICE_REQ": unregister_service,
    "AGENT_DESK_SETTINGS_REQ": agent_desk_settings,
    "SET_DEVICE_ATTRIBUTES_REQ": set_device_attributes,
    "SET_APP_DATA_REQ": set_app_data,
    "CLIENT_EVENT_REPORT_REQ": client_event_report,
    "SET_AGENT_SERVICE_DATA_REQ": set_agent_service_data,
}
