"""What can be done at a site by hand: the verbs of scenarios, and of tests.

Agents are named by AgentID, calls by a name that the scenario gives them or by ConnectionCallID.
What is done to calls goes through the requests of the message set, as if a desktop had sent them,
so it has the same effects and is refused for the same reasons (RequestError).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastcil.ged188 import LAST_VERSION, NULL_UINT, Message, encode_message
from fastcil.ged188.enums import (
    AgentState,
    ConnectionDeviceIDType,
    LocalConnectionState,
)
from fastcil.ged188.schema import MESSAGES_BY_NAME
from fastcil.simulator.failures import Refusal
from fastcil.simulator.model import (
    Agent,
    Call,
    Connection,
    Device,
    RequestError,
)
from fastcil.simulator.options import SERVICES_OFFERED
from fastcil.simulator.requests import ClientInfo, Request
from fastcil.simulator.site_actions import SiteActions
from fastcil.simulator.steps import step

if TYPE_CHECKING:
    from fastcil.simulator.simulator import Simulator

__all__ = ["Actions"]


class Actions(SiteActions):
    """The verbs, each as a method; those a scenario may use are in STEPS."""

    def __init__(self, simulator: Simulator) -> None:
        super().__init__(simulator)
        self._calls: dict[str, Call] = {}
        self._invoke_id = 0
        self._client = ClientInfo(
            0, client_id="scenario", signature="scenario", services=SERVICES_OFFERED
        )
        self._client.all_events = True

    # -- finding things ----------------------------------------------------------------------

    def agent(self, agent: str) -> Agent:
        """The agent of an AgentID. Raises KeyError."""
        for peripheral in self._site.peripherals.values():
            if agent in peripheral.agents:
                return peripheral.agents[agent]
        raise KeyError(f"no agent {agent!r}")

    def call(self, call: str) -> Call:
        """The call of a scenario's name, or of a ConnectionCallID as text. Raises KeyError."""
        if call in self._calls:
            return self._calls[call]
        for peripheral in self._site.peripherals.values():
            if call.isdecimal() and int(call) in peripheral.calls:
                return peripheral.calls[int(call)]
        raise KeyError(f"no call {call!r}")

    def _device_for(self, agent: Agent, name: str | None) -> Device:
        """The device named, or the agent's own: that in the same place of the list, if free."""
        peripheral = self._site.peripheral(agent.peripheral_id)
        if name is not None:
            if name not in peripheral.devices:
                raise KeyError(f"no device {name!r}")
            return peripheral.devices[name]
        devices = list(peripheral.devices.values())
        place = list(peripheral.agents).index(agent.id)
        for device in [*devices[place : place + 1], *devices]:
            if device.agent is None:
                return device
        raise ValueError(f"no free device for agent {agent.id!r}")

    def _at_desk(self, agent: str) -> Device:
        device = self.agent(agent).device
        if device is None:
            raise ValueError(f"agent {agent!r} is not logged in")
        return device

    def _connection(self, agent: str, *states: LocalConnectionState) -> Connection:
        """The agent's connection in one of the states, the first state first."""
        device = self._at_desk(agent)
        for state in states:
            for connection in device.connections:
                if connection.state == state:
                    return connection
        names = " or ".join(state.name for state in states)
        raise ValueError(f"agent {agent!r} has no call in state {names}")

    # -- agents ------------------------------------------------------------------------------

    @step
    def login(self, agent: str, device: str | None = None, work_mode: int = 0) -> None:
        """Log an agent in, at his own place unless a device is named: he is not ready then."""
        found = self.agent(agent)
        self._simulator.agents.login(found, self._device_for(found, device), work_mode=work_mode)

    @step
    def logout(self, agent: str, reason: int = 0) -> None:
        """Log an agent out."""
        self._simulator.agents.logout(self.agent(agent), reason=reason)

    @step
    def ready(self, agent: str) -> None:
        """Make an agent available."""
        self._state(agent, AgentState.AGENT_STATE_AVAILABLE)

    @step
    def not_ready(self, agent: str, reason: int = 0) -> None:
        """Make an agent not ready, for a reason code."""
        self._state(agent, AgentState.AGENT_STATE_NOT_READY, reason)

    @step
    def work(self, agent: str, ready_after: bool = True) -> None:
        """Begin after-call work, or say that the call will be followed by it."""
        work = AgentState.AGENT_STATE_WORK_READY
        self._state(agent, work if ready_after else AgentState.AGENT_STATE_WORK_NOT_READY)

    def _state(self, agent: str, state: AgentState, reason: int = 0) -> None:
        self._simulator.agents.set_state(self.agent(agent), state, reason=reason)

    @step
    def staff(self, agents: int | None = None, ready: bool = True) -> None:
        """Log in the first so many agents, or all, and make them available."""
        for agent in self._site.agents()[:agents]:
            if agent.state == AgentState.AGENT_STATE_LOGOUT:
                self.login(agent.id)
                if ready:
                    self.ready(agent.id)

    # -- calls -------------------------------------------------------------------------------

    @step
    def arrive(
        self,
        call: str | None = None,
        dialed_number: str | None = None,
        ani: str = "",
        peripheral: int | None = None,
        variables: dict[int, str] | None = None,
        named: dict[str, str] | None = None,
    ) -> Call:
        """A call comes in from outside: for the service of the dialed number, or for the first."""
        where = self._peripheral(peripheral)
        services = list(where.services.values())
        service = next(
            (s for s in services if dialed_number in (None, s.dialed_number, s.name)), None
        )
        if service is None:
            raise KeyError(f"no service has the dialed number {dialed_number!r}")
        found = self._simulator.calls.arrive(
            where,
            ani=ani,
            dialed_number=service.dialed_number,
            service=service,
            variables=variables or {},
            named=named or {},
        )
        self._simulator.router.offer(found)
        return self._named(call, found)

    def _named(self, name: str | None, call: Call) -> Call:
        if name is not None:
            self._calls[name] = call
        return call

    @step
    def abandon(self, call: str) -> None:
        """The caller of a call from outside hangs up."""
        found = self.call(call)
        outside = next((c for c in found.connections if c.device is None), None)
        if outside is None:
            raise ValueError(f"call {call!r} has no caller outside")
        self._simulator.calls.clear_connection(outside)

    @step
    def make_call(self, agent: str, to: str, call: str | None = None) -> Call:
        """An agent calls an extension, another agent's device or a number outside."""
        device = self._at_desk(agent)
        replies = self.request(
            "MAKE_CALL_REQ",
            {"AgentInstrument": device.instrument, "DialedNumber": to},
            device.peripheral_id,
        )
        return self._named(call, self._replied_call(device, replies, "NewConnectionCallID"))

    def _replied_call(
        self, device: Device, replies: list[tuple[str, Mapping[str, Any]]], field: str
    ) -> Call:
        number = next((values[field] for _, values in replies if field in values), None)
        calls = self._site.peripheral(device.peripheral_id).calls
        if number not in calls:
            raise ValueError(f"the answer names no call: {replies}")
        return calls[number]

    @step
    def answer(self, agent: str) -> None:
        """An agent answers the call that rings."""
        self._control("ANSWER_CALL_REQ", self._connection(agent, _RINGS))

    @step
    def hold(self, agent: str) -> None:
        """An agent puts the call on hold."""
        self._control("HOLD_CALL_REQ", self._connection(agent, _TALKS))

    @step
    def retrieve(self, agent: str) -> None:
        """An agent takes the held call back."""
        self._control("RETRIEVE_CALL_REQ", self._connection(agent, _HELD))

    @step
    def hang_up(self, agent: str) -> None:
        """An agent leaves the call that he is on."""
        connection = self._connection(agent, _TALKS, _STARTS, _RINGS, _HELD)
        self._control("CLEAR_CONNECTION_REQ", connection)

    @step
    def deflect(self, agent: str, to: str) -> None:
        """An agent sends the call that rings to somebody else."""
        connection = self._connection(agent, _RINGS)
        self._control("DEFLECT_CALL_REQ", connection, CalledDeviceType=0, CalledDeviceID=to)

    @step
    def consult(self, agent: str, to: str, call: str | None = None) -> Call:
        """An agent puts the call on hold and calls somebody about it."""
        connection = self._connection(agent, _TALKS)
        device = self._at_desk(agent)
        replies = self._active("CONSULTATION_CALL_REQ", agent, connection, DialedNumber=to)
        return self._named(call, self._replied_call(device, replies, "NewConnectionCallID"))

    @step
    def alternate(self, agent: str) -> None:
        """An agent holds the call and takes the other one back."""
        self._both("ALTERNATE_CALL_REQ", agent, "Other")

    @step
    def reconnect(self, agent: str) -> None:
        """An agent drops the call and takes the held one back."""
        self._both("RECONNECT_CALL_REQ", agent, "Held")

    @step
    def transfer(self, agent: str, to: str | None = None) -> None:
        """An agent connects his two calls and leaves; to: he sends his one call there at once."""
        self._join("TRANSFER_CALL_REQ", agent, to)

    @step
    def conference(self, agent: str, to: str | None = None) -> None:
        """An agent joins his two calls and stays; to: he takes somebody into his one call."""
        self._join("CONFERENCE_CALL_REQ", agent, to)

    @step
    def set_variables(
        self,
        call: str,
        variables: dict[int, str] | None = None,
        named: dict[str, str] | None = None,
        wrapup: str | None = None,
    ) -> None:
        """Set call variables 1 to 10, named variables and wrap-up data of a call."""
        found = self.call(call)
        values: dict[str, Any] = {
            f"CallVariable{number}": text for number, text in (variables or {}).items()
        }
        values["NamedVariable"] = list((named or {}).items())
        if wrapup is not None:
            values["CallWrapupData"] = wrapup
        for connection in found.connections:
            if connection.device is not None:
                self._control("SET_CALL_DATA_REQ", connection, **values)
                return
        raise ValueError(f"call {call!r} is at no device yet")

    def _control(self, name: str, connection: Connection, **more: Any) -> None:
        """A request about one connection."""
        self.request(
            name,
            {
                "ConnectionCallID": connection.call.id,
                "ConnectionDeviceIDType": int(ConnectionDeviceIDType.CONNECTION_ID_STATIC),
                "ConnectionDeviceID": connection.device_id,
                **more,
            },
            connection.call.peripheral_id,
        )

    def _active(
        self, name: str, agent: str, connection: Connection, **more: Any
    ) -> list[tuple[str, Mapping[str, Any]]]:
        return self.request(
            name,
            {
                "AgentInstrument": self._at_desk(agent).instrument,
                "ActiveConnectionCallID": connection.call.id,
                "ActiveConnectionDeviceIDType": int(ConnectionDeviceIDType.CONNECTION_ID_STATIC),
                "ActiveConnectionDeviceID": connection.device_id,
                **more,
            },
            connection.call.peripheral_id,
        )

    def _both(self, name: str, agent: str, other: str) -> None:
        """A request about the agent's call and the one that he holds, or that rings."""
        active = self._connection(agent, _TALKS, _STARTS)
        held = self._connection(agent, _HELD, _RINGS)
        kind = int(ConnectionDeviceIDType.CONNECTION_ID_STATIC)
        more = {
            f"{other}ConnectionCallID": held.call.id,
            f"{other}ConnectionDeviceIDType": kind,
            f"{other}ConnectionDeviceID": held.device_id,
        }
        self._active(name, agent, active, **more)

    def _join(self, name: str, agent: str, to: str | None) -> None:
        if to is None:
            self._both(name, agent, "Held")
            return
        # Single step: there is no held call.
        more = {
            "HeldConnectionCallID": NULL_UINT,
            "HeldConnectionDeviceIDType": int(ConnectionDeviceIDType.CONNECTION_ID_NONE),
            "DialedNumber": to,
        }
        self._active(name, agent, self._connection(agent, _TALKS), **more)

    # -- any request -------------------------------------------------------------------------

    def request(
        self, message: str, fields: Mapping[str, Any], peripheral_id: int | None = None
    ) -> list[tuple[str, Mapping[str, Any]]]:
        """Have a request carried out as if a client with every service had sent it.

        Fixed fields that are not given are absent: all ones for ids and masks, 0 for other
        numbers. Returns the answers. Raises RequestError where it is refused.
        """
        spec = MESSAGES_BY_NAME.get(message)
        handler = self._simulator.hub.handler(message)
        if spec is None or handler is None:
            raise ValueError(f"no request of the simulator is named {message!r}")
        self._invoke_id += 1
        values = {**_absent(message), **fields, "InvokeID": self._invoke_id}
        if "PeripheralID" not in fields and any(f.name == "PeripheralID" for f in spec.fixed):
            values["PeripheralID"] = self._peripheral(peripheral_id).id
        if not spec.has_invoke_id:
            del values["InvokeID"]
        data = encode_message(message, values)
        request = Request(
            self._site,
            self._simulator.calls,
            self._simulator.agents,
            self._simulator.statistics,
            Message.from_bytes(data),
            LAST_VERSION,
            self._client,
            [self._client],
        )
        replies = list(handler(request))
        self._simulator.hub.settle()
        return replies

    @step
    def send(
        self, message: str, fields: dict[str, Any] | None = None, fails: int | None = None
    ) -> None:
        """Any request of the message set; fails: the FailureCode or StatusCode that must come."""
        try:
            self.request(message, fields or {})
        except RequestError as error:
            code = error.status or error.code
            if fails is None:
                raise
            if int(code) != fails:
                raise ValueError(f"failure {fails} expected, got {int(code)}: {error}") from error
        except Refusal as refusal:
            if fails != int(refusal.status):
                raise ValueError(str(refusal)) from refusal
        else:
            if fails is not None:
                raise ValueError(f"failure {fails} expected, {message} was carried out")

    # -- looking -----------------------------------------------------------------------------

    @step
    def expect(
        self,
        agent: str | None = None,
        state: AgentState | None = None,
        call: str | None = None,
        ended: bool | None = None,
        calls: int | None = None,
    ) -> None:
        """What must be true now: an agent's state, whether a call is over, how many calls are."""
        if agent is not None and state is not None and self.agent(agent).state != state:
            found = AgentState(self.agent(agent).state).name
            raise ValueError(f"agent {agent!r} is {found}, {state.name} expected")
        if call is not None and ended is not None and self.call(call).ended is not ended:
            raise ValueError(f"call {call!r} is {'over' if not ended else 'not over'}")
        present = sum(len(p.calls) for p in self._site.peripherals.values())
        if calls is not None and present != calls:
            raise ValueError(f"{present} calls are in progress, {calls} expected")


_RINGS = LocalConnectionState.LCS_ALERTING
_TALKS = LocalConnectionState.LCS_CONNECT
_STARTS = LocalConnectionState.LCS_INITIATE
_HELD = LocalConnectionState.LCS_HOLD
_IDS = ("ID", "Mask", "IDType", "DeviceType", "Number")


def _absent(message: str) -> dict[str, int]:
    """The fixed fields of a message with the values that mean "not given"."""
    found = {}
    for spec in MESSAGES_BY_NAME[message].fixed_of(LAST_VERSION):
        if spec.name.startswith("Num") and spec.name != "Number":
            found[spec.name] = 0
            continue
        ids = spec.name.endswith(_IDS) and spec.type.value in ("UINT", "USHORT")
        found[spec.name] = (1 << 8 * spec.type.size) - 1 if ids else 0
    counted = {one.count for one in MESSAGES_BY_NAME[message].lists}
    return {name: value for name, value in found.items() if name not in counted}
