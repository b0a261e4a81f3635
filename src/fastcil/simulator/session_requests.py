"""The requests about sessions and monitors, which the server answers itself.

Source: guide, Application Level Interfaces: Peripheral Monitor Service, Client Monitor Service,
Supervisor Service (team monitors); Session Management, Graceful Shutdown. Each function answers
the request and sends what follows from it, or raises Refusal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fastcil.ged188 import NULL_UINT, Message
from fastcil.ged188.enums import CTIServiceMask as Service
from fastcil.ged188.enums import DeviceIDType, StatusCode
from fastcil.simulator.encoding import EncodedEvent
from fastcil.simulator.failures import Refusal
from fastcil.simulator.model import Audience, Device, Event, Peripheral
from fastcil.simulator.monitors import Kind, Monitor
from fastcil.simulator.opening import AGENT_STATE_BITS, CALL_MSG_BITS

if TYPE_CHECKING:
    from fastcil.simulator.hub import Hub
    from fastcil.simulator.session import ServerSession

__all__ = ["SESSION_REQUESTS", "session_values"]

SessionRequest = Callable[["Hub", "ServerSession", Message], None]


def session_values(session: ServerSession) -> dict[str, Any]:
    """What CLIENT_SESSION_OPENED_EVENT and CLIENT_SESSION_CLOSED_EVENT tell of a session."""
    opening = session.opening
    assert opening is not None
    client_events = opening.serves(Service.CTI_SERVICE_CLIENT_EVENTS)
    return {
        "SessionID": session.id,
        "PeripheralID": opening.peripheral_id if client_events else NULL_UINT,
        "ServicesGranted": session.services,
        "CallMsgMask": session.call_mask,
        "AgentStateMask": session.agent_mask,
        "ClientPort": session.address[1],
        "ClientAddress": session.address[0],
        "ClientID": session.info.client_id,
        "ClientSignature": session.info.signature,
        **opening.given,
    }


def _masks(message: Message) -> tuple[int, int]:
    calls, agents = message["CallMsgMask"], message["AgentStateMask"]
    if calls & ~CALL_MSG_BITS:
        raise Refusal(StatusCode.E_CTI_INVALID_CALL_MSG_MASK, f"unused bits in {calls:#x}")
    if agents & ~AGENT_STATE_BITS:
        raise Refusal(StatusCode.E_CTI_INVALID_AGENT_STATE_MASK, f"unused bits in {agents:#x}")
    return calls, agents


def _own(session: ServerSession, message: Message, *kinds: Kind) -> Monitor:
    """The session's monitor that MonitorID names. Raises Refusal when it has no such one."""
    monitor = session.monitors.get(message["MonitorID"])
    if monitor is None or monitor.kind not in kinds:
        raise Refusal(
            StatusCode.E_CTI_INVALID_MONITORID, f"no such monitor: {message['MonitorID']}"
        )
    return monitor


# -- devices and calls -----------------------------------------------------------------------


def _monitor_start(hub: Hub, session: ServerSession, message: Message) -> None:
    calls, agents = _masks(message)
    peripheral = hub.site.peripherals.get(message["PeripheralID"])
    if peripheral is None:
        raise Refusal(
            StatusCode.E_CTI_INVALID_PERIPHERAL_ID, f"no peripheral {message['PeripheralID']}"
        )
    number = message["ConnectionCallID"]
    of_call = number not in (0, NULL_UINT)
    of_device = message["MonitoredDeviceType"] != DeviceIDType.DEVID_NONE
    if of_call and of_device:
        raise Refusal(StatusCode.E_CTI_MUTUALLY_EXCLUS_DEVICEID_TYPES, "either a call or a device")
    monitor = Monitor(0, session, Kind.DEVICE, calls, agents)
    if of_device:
        monitor.device = _monitored_device(peripheral, message)
    else:
        monitor.kind = Kind.CALL
        monitor.call = (peripheral.id, _monitored_call(peripheral, message))
    for other in session.monitors.values():
        if other.kind is monitor.kind and (other.device, other.call) == (
            monitor.device,
            monitor.call,
        ):
            raise Refusal(StatusCode.E_CTI_MONITOR_ALREADY_EXISTS, f"monitor {other.id}")
    monitor.id = hub.monitors.new_id()
    hub.add_monitor(monitor)
    session.reply("MONITOR_START_CONF", {"InvokeID": message["InvokeID"], "MonitorID": monitor.id})
    hub.delivery.begin_present(monitor)


def _monitored_device(peripheral: Peripheral, message: Message) -> Device:
    """The device of MonitoredDeviceID: an instrument or an extension."""
    name = message.get("MonitoredDeviceID")
    if not name:
        raise Refusal(StatusCode.E_CTI_REQUIRED_DATA_MISSING, "MonitoredDeviceID is missing")
    device = peripheral.devices.get(name)
    if device is None:
        device = next((d for d in peripheral.devices.values() if d.extension == name), None)
    if device is None:
        raise Refusal(StatusCode.E_CTI_INVALID_DEVICE, f"no device {name!r}")
    return device


def _monitored_call(peripheral: Peripheral, message: Message) -> int:
    number: int = message["ConnectionCallID"]
    if number in (0, NULL_UINT):
        raise Refusal(StatusCode.E_CTI_REQUIRED_DATA_MISSING, "neither a call nor a device")
    if not message.get("ConnectionDeviceID"):
        raise Refusal(StatusCode.E_CTI_REQUIRED_DATA_MISSING, "ConnectionDeviceID is missing")
    call = peripheral.calls.get(number)
    if call is None or call.ended:
        raise Refusal(StatusCode.E_CTI_INVALID_CALLID, f"no call {number}")
    return number


def _monitor_stop(hub: Hub, session: ServerSession, message: Message) -> None:
    hub.remove_monitor(_own(session, message, Kind.DEVICE, Kind.CALL))
    session.reply("MONITOR_STOP_CONF", {"InvokeID": message["InvokeID"]})


def _change_mask(hub: Hub, session: ServerSession, message: Message) -> None:
    """Of a device or call monitor; that of the Client Events service is a device monitor too."""
    monitor = _own(session, message, Kind.DEVICE, Kind.CALL, Kind.CLIENT)
    monitor.call_mask, monitor.agent_mask = _masks(message)
    session.reply("CHANGE_MONITOR_MASK_CONF", {"InvokeID": message["InvokeID"]})


# -- sessions --------------------------------------------------------------------------------


def _session_monitor_start(hub: Hub, session: ServerSession, message: Message) -> None:
    target = message["SessionID"]
    if target == session.id:
        raise Refusal(StatusCode.E_CTI_SESSION_MONITOR_IS_CLIENTS, "that is your own session")
    if target not in hub.sessions:
        raise Refusal(StatusCode.E_CTI_CLIENT_NOT_FOUND, f"no session {target}")
    if any(m.kind is Kind.SESSION and m.target == target for m in session.monitors.values()):
        raise Refusal(StatusCode.E_CTI_SESSION_MONITOR_ALREADY_EXISTS, f"session {target}")
    monitor = Monitor(hub.monitors.new_id(), session, Kind.SESSION, target=target)
    hub.add_monitor(monitor)
    session.reply(
        "SESSION_MONITOR_START_CONF", {"InvokeID": message["InvokeID"], "MonitorID": monitor.id}
    )


def _session_monitor_stop(hub: Hub, session: ServerSession, message: Message) -> None:
    hub.remove_monitor(_own(session, message, Kind.SESSION))
    session.reply("SESSION_MONITOR_STOP_CONF", {"InvokeID": message["InvokeID"]})


# -- teams -----------------------------------------------------------------------------------


def _team_monitor_start(hub: Hub, session: ServerSession, message: Message) -> None:
    """The confirmation, then the present states of the team's agents."""
    team = hub.site.teams.get(message["TeamID"])
    if team is None:
        raise Refusal(StatusCode.E_CTI_TEAM_NOT_FOUND, f"no team {message['TeamID']}")
    if not hub.delivery.supervises(session, team.id):
        raise Refusal(StatusCode.E_CTI_FUNCTION_NOT_AVAILABLE, f"no supervisor of team {team.id}")
    if any(m.kind is Kind.TEAM and m.team_id == team.id for m in session.monitors.values()):
        raise Refusal(StatusCode.E_CTI_AGENT_TEAM_MONITOR_ALREADY_EXISTS, f"team {team.id}")
    monitor = Monitor(
        hub.monitors.new_id(),
        session,
        Kind.TEAM,
        session.call_mask,
        session.agent_mask,
        team_id=team.id,
    )
    hub.add_monitor(monitor)
    session.reply(
        "MONITOR_AGENT_TEAM_START_CONF",
        {"InvokeID": message["InvokeID"], "MonitorID": monitor.id},
    )
    for agent in team.agents:
        for values in hub.agents.state_values(agent):
            audience = Audience("agent", agent.peripheral_id, agents=frozenset({agent.icm_id}))
            event = Event("AGENT_STATE_EVENT", values, audience, hub.site.clock.now)
            hub.delivery.to_monitor(EncodedEvent(event), monitor)


def _team_monitor_stop(hub: Hub, session: ServerSession, message: Message) -> None:
    hub.remove_monitor(_own(session, message, Kind.TEAM))
    session.reply("MONITOR_AGENT_TEAM_STOP_CONF", {"InvokeID": message["InvokeID"]})


# -- maintenance mode ------------------------------------------------------------------------


def _maintenance_response(hub: Hub, session: ServerSession, message: Message) -> None:
    if hub.maintenance is not None:
        hub.maintenance.answered(session, message)


def _stopping_requests(hub: Hub, session: ServerSession, message: Message) -> None:
    if hub.maintenance is not None:
        hub.maintenance.stopping(session)


SESSION_REQUESTS: dict[str, SessionRequest] = {
    "MONITOR_START_REQ": _monitor_start,
    "MONITOR_STOP_REQ": _monitor_stop,
    "CHANGE_MONITOR_MASK_REQ": _change_mask,
    "SESSION_MONITOR_START_REQ": _session_monitor_start,
    "SESSION_MONITOR_STOP_REQ": _session_monitor_stop,
    "MONITOR_AGENT_TEAM_START_REQ": _team_monitor_start,
    "MONITOR_AGENT_TEAM_STOP_REQ": _team_monitor_stop,
    "ACTIVE_MAINTENANCE_RESP_MSG": _maintenance_response,
    "STOPPING_REQUESTS_TO_THIS_SIDE_IND": _stopping_requests,
}
"""By message name."""
