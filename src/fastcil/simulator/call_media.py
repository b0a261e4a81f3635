"""What runs on a connection: voice streams, the agent greeting, network recording.

Source: GED-188 guide, Application Level Interfaces: RTP_STARTED_EVENT, RTP_STOPPED_EVENT,
CALL_AGENT_GREETING_EVENT, START_NETWORK_RECORDING_REQ and the NETWORK_RECORDING events.
"""

from __future__ import annotations

from typing import Any

from fastcil.ged188.enums import AgentGreetingEventCode as GreetingCode
from fastcil.ged188.enums import ControlFailureCode as Failure
from fastcil.ged188.enums import ControlFailureCodeExtended as Extended
from fastcil.ged188.enums import (
    DeviceIDType,
    MediaForkingDeviceType,
    RecordingType,
    RTPDirection,
    RTPType,
    StatusCode,
)
from fastcil.ged188.enums import LocalConnectionState as Lcs
from fastcil.simulator.call_events import STATIC, audience, fixed_values
from fastcil.simulator.call_ground import CallGround, refuse
from fastcil.simulator.model import Agent, Audience, Call, Connection, Device

__all__ = ["SILENT", "USER", "CallMedia"]

SILENT, USER = 0, 1
"""InvocationType of network recording, in the order in which the guide lists the two values that
it prints without numbers."""
_DIRECTIONS = (int(RTPDirection.INPUT), int(RTPDirection.OUTPUT))
_AUDIO = int(RTPType.AUDIO)
_PACKET_MS = 20
_G711_ULAW = 4
"""PayloadType as the Unified CM counts codecs."""
_FIRST_PORT = 16384
"""The first port that telephones use for voice."""
_CALL_ENDED = 1
"""PeripheralErrorCode of a greeting that was cut off: the call went away. The guide leaves these
codes to the peripheral."""


class CallMedia(CallGround):
    """Voice streams, greetings and recording of connections."""

    # -- voice ---------------------------------------------------------------------------------

    def _media(self, name: str, connection: Connection) -> None:
        """The voice streams of a telephone begin or end, one for each direction, if they do."""
        device, starts = connection.device, name == "RTP_STARTED_EVENT"
        if device is None or connection.media is starts:
            return
        connection.media = starts
        whom = audience(connection.call, also=(device,))
        known: dict[str, Any] = {
            **self._connection(connection),
            "ClientAddress": _address(device),
            "ClientPort": _FIRST_PORT + 2 * (device.number % 8192),
            "SendingAddress": _gateway(device),
            "SendingPort": _FIRST_PORT + 2 * (connection.call.id % 8192),
            "AgentExtension": device.extension,
            "AgentInstrument": device.instrument,
            "AgentID": device.agent.id if device.agent is not None else None,
        }
        if starts:
            known["RTPType"] = _AUDIO
            known["BitRate"] = 0  # "used for g.723 payload only"
            known["PacketSize"] = _PACKET_MS
            known["PayloadType"] = _G711_ULAW
        for direction in _DIRECTIONS:
            known["Direction"] = direction
            self.site.emit(name, fixed_values(name, known), whom)

    def _talk(self, call: Call) -> None:
        """Voice runs at every telephone that talks, if there is somebody to talk to."""
        talking = [c for c in call.connections if c.state in (Lcs.LCS_CONNECT, Lcs.LCS_HOLD)]
        if len(talking) > 1:
            for connection in talking:
                if connection.state == Lcs.LCS_CONNECT:
                    self._media("RTP_STARTED_EVENT", connection)

    @staticmethod
    def _connection(connection: Connection) -> dict[str, Any]:
        return {
            "PeripheralID": connection.call.peripheral_id,
            "ConnectionCallID": connection.call.id,
            "ConnectionDeviceIDType": STATIC,
            "ConnectionDeviceID": connection.device_id,
        }

    # -- the agent greeting --------------------------------------------------------------------

    def _greet(self, connection: Connection, agent: Agent) -> None:
        """The agent's greeting plays, where the site has greetings and he did not disable his."""
        seconds = self.site.rules.greeting_seconds
        if not seconds or not agent.greeting:
            return
        self._greeting_event(connection, agent, GreetingCode.STARTED)
        connection.greeting = self.site.clock.after(
            seconds, lambda: self._end_greeting(connection, agent, GreetingCode.ENDED)
        )

    def stop_greeting(self, agent: Agent) -> None:
        """The greeting that plays at an agent's telephone stops.

        Raises RequestError CF_AGENT_GREETING_CONTROL_OPERATION_FAILURE when none plays.
        """
        connections = agent.device.connections if agent.device is not None else []
        for connection in connections:
            if connection.greeting is not None:
                self._end_greeting(connection, agent, GreetingCode.ENDED)
                return
        raise refuse(
            Extended.CF_AGENT_GREETING_CONTROL_OPERATION_FAILURE,
            f"no greeting plays at agent {agent.id}",
        )

    def _end_greeting(self, connection: Connection, agent: Agent, code: GreetingCode) -> None:
        if connection.greeting is None:
            return
        connection.greeting.cancel()
        connection.greeting = None
        self._greeting_event(connection, agent, code)

    def _part(self, connection: Connection) -> None:
        """A party is about to leave: recording of it ends, and its greeting failed."""
        if connection.recording:
            self.stop_recording(connection, connection.recording_type)
        agent = connection.device.agent if connection.device is not None else None
        if connection.greeting is None:
            return
        if agent is not None:
            self._end_greeting(connection, agent, GreetingCode.FAILED)
        else:
            connection.greeting.cancel()
            connection.greeting = None

    def _greeting_event(self, connection: Connection, agent: Agent, code: GreetingCode) -> None:
        name = "CALL_AGENT_GREETING_EVENT"
        known = {
            **self._connection(connection),
            "EventCode": int(code),
            "PeripheralErrorCode": _CALL_ENDED if code is GreetingCode.FAILED else 0,
            "AgentID": agent.id,  # GreetingType is left out: its tag is printed nowhere
        }
        self.site.emit(name, fixed_values(name, known), audience(connection.call))

    # -- network recording ---------------------------------------------------------------------

    def start_recording(self, connection: Connection, invocation: int, session_id: int) -> None:
        """The network records a connection from now on; the client of the session is told where.

        "Clients need to ensure that the call is connected": where no voice runs, recording fails,
        which an event tells. invocation: SILENT or USER. Raises RequestError
        CF_INVALID_OBJECT_STATE: it is recorded already, or the party is not in the call.
        """
        device = self._inside(connection)
        self.require(connection, Lcs.LCS_CONNECT, Lcs.LCS_HOLD)
        if connection.recording:
            raise refuse(
                Failure.CF_INVALID_OBJECT_STATE, f"call {connection.call.id} is recorded already"
            )
        if not connection.media:
            cause = int(StatusCode.E_CTI_UNSPECIFIED_FAILURE)
            self._recording_event("FAILED", connection, device, {"RecordFailureCause": cause})
            return
        self.resume_recording(connection, invocation)
        self._tell_recorder(connection, device, session_id)

    def resume_recording(self, connection: Connection, invocation: int) -> None:
        """The recording of a connection begins, or goes on in another call."""
        device = self._inside(connection)
        connection.recording, connection.recording_type = True, invocation
        self._recording_event("STARTED", connection, device, {})

    def stop_recording(self, connection: Connection, invocation: int) -> None:
        """The network records no longer.

        Raises RequestError CF_INVALID_OBJECT_STATE when it does not record, and "if Client
        attempts to stop an active recording, but specifies a recording type other than the
        recording type that the recording was invoked with".
        """
        device = self._inside(connection)
        if not connection.recording or connection.recording_type != invocation:
            raise refuse(
                Failure.CF_INVALID_OBJECT_STATE,
                f"call {connection.call.id} is not recorded so at {connection.device_id}",
            )
        connection.recording = False
        self._recording_event("ENDED", connection, device, {})

    def _recording_event(
        self, what: str, connection: Connection, device: Device, more: dict[str, int]
    ) -> None:
        name = f"NETWORK_RECORDING_{what}_EVENT"
        known = {**self._connection(connection), **_recorded(device), **more}
        self.site.emit(name, fixed_values(name, known), audience(connection.call))

    def _tell_recorder(self, connection: Connection, device: Device, session_id: int) -> None:
        """NETWORK_RECORDING_TARGET_INFO_EVENT: "sent by a CTI server to recording initiator"."""
        name = "NETWORK_RECORDING_TARGET_INFO_EVENT"
        user = connection.recording_type == USER
        known = {
            **self._connection(connection),
            **_recorded(device),
            "RecordingType": int(
                RecordingType.CALL_RECORDING_TYPE_USER_INITIATED_FROM_APPLICATION
                if user
                else RecordingType.CALL_RECORDING_TYPE_APPLICATION_INITIATED_SILENT
            ),
            "MediaForkingDeviceType": int(
                MediaForkingDeviceType.CALL_RECORDING_MEDIA_FORKING_DEVICE_TYPE_PHONE
            ),
            "RecorderAddress": "recorder.example",
            "TerminalName": device.terminal or device.instrument,
            "MediaForkingDeviceName": device.terminal or device.instrument,
            "ProtocolReferenceGUID": connection.call.reference.hex().upper(),
            "MediaForkingClusterID": "cluster",
        }
        whom = Audience("client", connection.call.peripheral_id, sessions=frozenset({session_id}))
        self.site.emit(name, fixed_values(name, known), whom)


def _recorded(device: Device) -> dict[str, Any]:
    return {
        "RecordingDeviceType": int(DeviceIDType.DEVID_AGENT_DEVICE),
        "RecordingDeviceID": device.instrument,
    }


def _address(device: Device) -> str:
    """A private address for each telephone."""
    number = device.number
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def _gateway(device: Device) -> str:
    """Where the voice of a telephone goes."""
    return f"172.16.{device.peripheral_id & 255}.1"
