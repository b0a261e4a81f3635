"""Which buttons an agent may press: EnablementMask from agent state, call status and the switch.

Source: CTI OS Developer Guide, OnButtonEnablementChange (bits), ActiveX controls chapter, table of
button enablement scenarios (Unified CCE), call object chapter (the statuses a request needs);
System Manager Guide, peripheral-specific support. Where they leave a combination open, a button is
on when the CTI Server would accept the request in that state.

The mask of an agent has what does not depend on a call; a client puts that of his current call to
it. So help may be called for where the table has it: not while a call rings or a consult is on.
The work modes of an agent's desk settings, which switch the state buttons off during a call, are
not known here: the buttons are as with "optional".
"""

from __future__ import annotations

from collections.abc import Collection

from fastcil.catalog import AgentState, ButtonEnablement, LocalConnectionState
from fastcil.ged188.enums import PeripheralType

__all__ = ["agent_mask", "call_mask"]

_B = ButtonEnablement
_L = LocalConnectionState
_S = AgentState
_P = PeripheralType

_DESK = _B.ENABLE_CHAT | _B.ENABLE_STATISTICS
_HELP = _B.ENABLE_EMERGENCY_CALL | _B.ENABLE_SUPERVISOR_ASSIST
_LOGGED_IN = _DESK | _HELP
_DIAL = _B.ENABLE_MAKECALL | _B.ENABLE_INSIDE_MAKECALL | _B.ENABLE_OUTSIDE_MAKECALL
_UNREADY = _B.ENABLE_NOTREADY | _B.ENABLE_NOTREADY_WITH_REASON

_AGENT: dict[int, ButtonEnablement] = {
    _S.eLogin: _LOGGED_IN,
    _S.eLogout: _B.ENABLE_LOGIN,
    _S.eNotReady: _LOGGED_IN
    | _DIAL
    | _B.ENABLE_READY
    | _B.ENABLE_LOGOUT
    | _B.ENABLE_LOGOUT_WITH_REASON
    | _B.ENABLE_NOTREADY_WITH_REASON,
    # The table has the button, though Unified CCE takes the call in NotReady only.
    _S.eAvailable: _LOGGED_IN | _DIAL | _UNREADY,
    _S.eTalking: _DESK | _B.ENABLE_READY | _UNREADY | _B.ENABLE_WORKREADY | _B.ENABLE_WORKNOTREADY,
    _S.eWorkNotReady: _LOGGED_IN | _B.ENABLE_READY | _UNREADY,
    _S.eWorkReady: _LOGGED_IN | _B.ENABLE_READY | _UNREADY,
    _S.eBusyOther: _LOGGED_IN,
    _S.eReserved: _DESK,
    _S.eUnknown: _B.ENABLE_LOGIN,
}
_AGENT[_S.eHold] = _AGENT[_S.eTalking]

_CALL: dict[int, ButtonEnablement] = {
    _L.LCS_NULL: _B(0),
    _L.LCS_INITIATE: _B.ENABLE_RELEASE | _B.ENABLE_BAD_LINE_CALL | _HELP,
    _L.LCS_ALERTING: _B.ENABLE_ANSWER | _B.ENABLE_BAD_LINE_CALL,
    _L.LCS_CONNECT: _B.ENABLE_RELEASE
    | _B.ENABLE_HOLD
    | _B.ENABLE_TRANSFER_INIT
    | _B.ENABLE_CONFERENCE_INIT
    | _B.ENABLE_SINGLE_STEP_TRANSFER
    | _B.ENABLE_SINGLE_STEP_CONFERENCE
    | _B.ENABLE_WRAPUP
    | _B.ENABLE_BAD_LINE_CALL
    | _B.ENABLE_RECORD
    | _HELP,
    _L.LCS_HELD: _B.ENABLE_RETRIEVE | _B.ENABLE_RELEASE | _B.ENABLE_BAD_LINE_CALL | _HELP,
    _L.LCS_FAIL: _B.ENABLE_RELEASE,
}
# A call (first) beside another one at the same device (second).
_CONSULTING = _B.ENABLE_RECONNECT | _B.ENABLE_BAD_LINE_CALL
_CONSULTED = (
    _CONSULTING | _B.ENABLE_ALTERNATE | _B.ENABLE_TRANSFER_COMPLETE | _B.ENABLE_CONFERENCE_COMPLETE
)
_BESIDE: dict[tuple[int, int], ButtonEnablement] = {
    (_L.LCS_CONNECT, _L.LCS_HELD): _CONSULTED | _B.ENABLE_WRAPUP | _B.ENABLE_RECORD,
    (_L.LCS_HELD, _L.LCS_CONNECT): _CONSULTED,
    (_L.LCS_INITIATE, _L.LCS_HELD): _CONSULTING,
    (_L.LCS_HELD, _L.LCS_INITIATE): _CONSULTING,
    (_L.LCS_FAIL, _L.LCS_HELD): _B.ENABLE_RECONNECT | _B.ENABLE_RELEASE,
    (_L.LCS_HELD, _L.LCS_FAIL): _CONSULTING,
}

# What Unified CCE has not: the call object chapter says so of SingleStepConference.
_NOT_CCE = _B.ENABLE_SINGLE_STEP_CONFERENCE
_ALL = _B(0xFFFFFFFF)
# What another switch has not. Supervisors' functions are those of Unified CCE; agent states without
# an equivalent, and requests, are those of the peripheral-specific tables.
_NOT_TDM = _HELP | _B.ENABLE_WORKNOTREADY
_NOT: dict[int, ButtonEnablement] = {
    _P.PT_ASPECT: _NOT_TDM | _B.ENABLE_TRANSFER_INIT | _B.ENABLE_CONFERENCE_INIT,
    _P.PT_G2: _NOT_TDM,
    _P.PT_DEFINITY_ECS_NON_EAS: _NOT_TDM,
    _P.PT_DEFINITY_ECS_EAS: _NOT_TDM,
    _P.PT_SYMPOSIUM: _NOT_TDM
    | _B.ENABLE_SINGLE_STEP_TRANSFER
    | _B.ENABLE_SINGLE_STEP_CONFERENCE
    | _B.ENABLE_ALTERNATE,
    _P.PT_VRU: _ALL,
    _P.PT_VRU_POLLED: _ALL,
}
# On an Aspect the second call of a transfer or conference is made by MakeCall.
_ASPECT_TALKS = {(int(_P.PT_ASPECT), int(state)) for state in (_S.eTalking, _S.eHold)}

# The same as plain numbers: flags are slow to combine, and this is done for every event.
_AGENT_BITS = {int(state): int(bits) for state, bits in _AGENT.items()}
_CALL_BITS = {int(status): int(bits) for status, bits in _CALL.items()}
_BESIDE_BITS = {(int(one), int(other)): int(bits) for (one, other), bits in _BESIDE.items()}
_KEPT = {int(kind): ~int(bits) & 0xFFFFFFFF for kind, bits in _NOT.items()}
_KEPT_CCE = ~int(_NOT_CCE) & 0xFFFFFFFF
_OTHER_STATE, _NONE, _RELEASE = int(_LOGGED_IN), int(_B.DISABLE_ALL), int(_B.ENABLE_RELEASE)


def agent_mask(state: int, peripheral_type: int = 17) -> int:
    """The bits that follow from the agent's state. peripheral_type: PeripheralType of GED-188."""
    found = _AGENT_BITS.get(state, _OTHER_STATE)
    if peripheral_type not in _KEPT:
        return found
    if (peripheral_type, state) in _ASPECT_TALKS:
        found |= int(_DIAL)
    return found & _KEPT[peripheral_type]


def call_mask(status: int, others: Collection[int] = (), peripheral_type: int = 17) -> int:
    """The bits of one call at a device where calls of status `others` stand besides.

    status, others: LocalConnectionState of GED-188, CallStatus in the CIL.
    """
    found = _CALL_BITS.get(status, 0)
    kept = _KEPT.get(peripheral_type)
    for other in others:
        beside = _BESIDE_BITS.get((status, other))
        if beside is not None:
            # Unified CCE ends a consult call by Reconnect alone.
            found = beside if kept is None else beside | _RELEASE
            break
    return found & (_KEPT_CCE if kept is None else kept) or _NONE
