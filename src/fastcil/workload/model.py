"""What the simulated contact centre is made of: events, agents, calls.

States and masks are those of the CTI OS Developer Guide (AgentState, LocalConnectionState as
CallStatus, ButtonEnablement). Objects carry no behaviour but the one of their own fields.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fastcil.catalog import AgentState, ButtonEnablement, LocalConnectionState

__all__ = [
    "AGENT_MASKS",
    "CALL_MASKS",
    "CALL_STATUS",
    "GROUPS",
    "PERIPHERAL_ID",
    "PERIPHERAL_TYPE",
    "TALKING_STATES",
    "TRANSITIONS",
    "Agent",
    "Call",
    "Event",
]

PERIPHERAL_ID = 5000
PERIPHERAL_TYPE = 17  # PT_ENTERPRISE_AGENT of GED-188
GROUPS: tuple[tuple[int, str], ...] = ((11, "Accounts"), (12, "Cards"), (13, "Loans"))

_B = ButtonEnablement
_LOGGED_IN = _B.ENABLE_CHAT | _B.ENABLE_STATISTICS

# What the agent may do next, by state: the EnablementMask of OnAgentStateChange.
AGENT_MASKS: dict[int, int] = {
    AgentState.eLogin: int(_LOGGED_IN),
    AgentState.eLogout: int(_B.ENABLE_LOGIN),
    AgentState.eNotReady: int(_LOGGED_IN | _B.ENABLE_READY | _B.ENABLE_LOGOUT | _B.ENABLE_MAKECALL),
    AgentState.eAvailable: int(_LOGGED_IN | _B.ENABLE_NOTREADY | _B.ENABLE_MAKECALL),
    AgentState.eReserved: int(_LOGGED_IN),
    AgentState.eTalking: int(_LOGGED_IN | _B.ENABLE_WORKREADY | _B.ENABLE_NOTREADY),
    AgentState.eHold: int(_LOGGED_IN | _B.ENABLE_WORKREADY | _B.ENABLE_NOTREADY),
    AgentState.eWorkReady: int(_LOGGED_IN | _B.ENABLE_READY | _B.ENABLE_NOTREADY),
}

# The order in which an agent's states may follow each other in this workload.
TRANSITIONS: dict[int, frozenset[int]] = {
    int(before): frozenset(int(state) for state in after)
    for before, after in {
        AgentState.eLogout: (AgentState.eLogin,),
        AgentState.eLogin: (AgentState.eNotReady,),
        AgentState.eNotReady: (AgentState.eAvailable, AgentState.eLogout),
        AgentState.eAvailable: (
            AgentState.eReserved,
            AgentState.eTalking,
            AgentState.eNotReady,
        ),
        AgentState.eReserved: (AgentState.eTalking,),
        AgentState.eTalking: (AgentState.eHold, AgentState.eWorkReady),
        AgentState.eHold: (AgentState.eTalking,),
        AgentState.eWorkReady: (AgentState.eAvailable, AgentState.eNotReady),
    }.items()
}
TALKING_STATES = frozenset((int(AgentState.eTalking), int(AgentState.eHold)))

_L = LocalConnectionState

# The CallStatus that each call event brings; other events leave it as it is.
CALL_STATUS: dict[str, int] = {
    "OnCallServiceInitiatedEvent": int(_L.LCS_INITIATE),
    "OnCallOriginated": int(_L.LCS_INITIATE),
    "OnCallDelivered": int(_L.LCS_ALERTING),
    "OnCallEstablished": int(_L.LCS_CONNECT),
    "OnCallRetrieved": int(_L.LCS_CONNECT),
    "OnCallConferenced": int(_L.LCS_CONNECT),
    "OnCallTransferred": int(_L.LCS_CONNECT),
    "OnCallHeld": int(_L.LCS_HELD),
    "OnCallCleared": int(_L.LCS_NULL),
}

# What may be done with a call, by its status: the EnablementMask of call events.
CALL_MASKS: dict[int, int] = {
    _L.LCS_NULL: int(_B.DISABLE_ALL),
    _L.LCS_INITIATE: int(_B.ENABLE_RELEASE),
    _L.LCS_ALERTING: int(_B.ENABLE_ANSWER),
    _L.LCS_CONNECT: int(
        _B.ENABLE_RELEASE
        | _B.ENABLE_HOLD
        | _B.ENABLE_TRANSFER_INIT
        | _B.ENABLE_CONFERENCE_INIT
        | _B.ENABLE_WRAPUP
    ),
    _L.LCS_HELD: int(_B.ENABLE_RETRIEVE | _B.ENABLE_TRANSFER_COMPLETE),
}


class Event(NamedTuple):
    """One event: simulated time, number, and its arguments with MinimizeEventArgs 0 and 1.

    The dicts are not touched again by the generator, but share their nested dicts.
    """

    time_ns: int
    message_id: int
    complete: dict[str, Any]
    minimal: dict[str, Any]


@dataclass(eq=False)
class Agent:
    """An agent with a phone: identity and present state."""

    agent_id: str
    extension: str
    instrument: str
    icm_agent_id: int
    group: int
    last_name: str
    first_name: str
    state: int = int(AgentState.eLogout)
    reason: int = 0
    calls: list[Call] = field(default_factory=list)

    @property
    def unique_object_id(self) -> str:
        """The key of the agent object."""
        return f"agent.{PERIPHERAL_ID}.{self.agent_id}"

    @property
    def device_id(self) -> str:
        """The key of the agent's device object."""
        return f"device.{PERIPHERAL_ID}.{self.instrument}"


@dataclass(eq=False)
class Call:
    """A call that began and has not ended; `fields` holds a value for every documented keyword."""

    unique_object_id: str
    fields: dict[str, Any]
    agents: list[Agent] = field(default_factory=list)
