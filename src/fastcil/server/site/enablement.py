"""Which buttons an agent may press: EnablementMask from agent state, call status and the switch.

Source: CTI OS Developer Guide, OnButtonEnablementChange (bits) and the building chapter (what an
alerting and an established call enable). Where the guide leaves a combination open, a button is on
when the CTI Server would accept the request in that state.
"""

from __future__ import annotations

from collections.abc import Iterable

from fastcil.catalog import AgentState, ButtonEnablement, LocalConnectionState

__all__ = ["agent_mask", "call_mask", "full_mask"]

_B = ButtonEnablement
_L = LocalConnectionState
_S = AgentState

_LOGGED_IN = (
    _B.ENABLE_CHAT | _B.ENABLE_STATISTICS | _B.ENABLE_EMERGENCY_CALL | (_B.ENABLE_SUPERVISOR_ASSIST)
)
_CALLS = _B.ENABLE_MAKECALL | _B.ENABLE_INSIDE_MAKECALL | _B.ENABLE_OUTSIDE_MAKECALL

_AGENT: dict[int, ButtonEnablement] = {
    _S.eLogin: _LOGGED_IN,
    _S.eLogout: _B.ENABLE_LOGIN,
    _S.eNotReady: _LOGGED_IN
    | _CALLS
    | _B.ENABLE_READY
    | _B.ENABLE_LOGOUT
    | _B.ENABLE_LOGOUT_WITH_REASON
    | _B.ENABLE_NOTREADY_WITH_REASON,
    _S.eAvailable: _LOGGED_IN | _B.ENABLE_NOTREADY | _B.ENABLE_NOTREADY_WITH_REASON,
    _S.eTalking: _LOGGED_IN
    | _B.ENABLE_READY
    | _B.ENABLE_NOTREADY
    | _B.ENABLE_NOTREADY_WITH_REASON
    | _B.ENABLE_WORKREADY
    | _B.ENABLE_WORKNOTREADY,
    _S.eWorkNotReady: _LOGGED_IN
    | _B.ENABLE_READY
    | _B.ENABLE_NOTREADY
    | _B.ENABLE_NOTREADY_WITH_REASON,
    _S.eWorkReady: _LOGGED_IN
    | _B.ENABLE_READY
    | _B.ENABLE_NOTREADY
    | _B.ENABLE_NOTREADY_WITH_REASON,
    _S.eBusyOther: _LOGGED_IN,
    _S.eReserved: _LOGGED_IN,
    _S.eUnknown: _B.ENABLE_LOGIN,
}
_AGENT[_S.eHold] = _AGENT[_S.eTalking]

_CALL: dict[int, ButtonEnablement] = {
    _L.LCS_NULL: _B(0),
    _L.LCS_INITIATE: _B.ENABLE_RELEASE,
    _L.LCS_ALERTING: _B.ENABLE_ANSWER,
    _L.LCS_CONNECT: _B.ENABLE_RELEASE
    | _B.ENABLE_HOLD
    | _B.ENABLE_TRANSFER_INIT
    | _B.ENABLE_CONFERENCE_INIT
    | _B.ENABLE_SINGLE_STEP_TRANSFER
    | _B.ENABLE_SINGLE_STEP_CONFERENCE
    | _B.ENABLE_WRAPUP
    | _B.ENABLE_BAD_LINE_CALL
    | _B.ENABLE_RECORD,
    _L.LCS_HELD: _B.ENABLE_RETRIEVE | _B.ENABLE_RELEASE,
    _L.LCS_FAIL: _B.ENABLE_RELEASE,
}
_SECOND = (
    _B.ENABLE_TRANSFER_COMPLETE
    | _B.ENABLE_CONFERENCE_COMPLETE
    | _B.ENABLE_ALTERNATE
    | _B.ENABLE_RECONNECT
)
_INITIATING = _B.ENABLE_TRANSFER_INIT | _B.ENABLE_CONFERENCE_INIT

# Peripheral types whose switch has no single-step calls. Source: CTI OS System Manager Guide,
# peripheral-specific support, table of call control requests.
_NO_SINGLE_STEP = frozenset({2, 3, 4, 5})


# The same as plain numbers: flags are slow to combine, and this is done for every event.
_AGENT_BITS = {int(state): int(bits) for state, bits in _AGENT.items()}
_CALL_BITS = {int(status): int(bits) for status, bits in _CALL.items()}
_CONNECT, _HELD = int(_L.LCS_CONNECT), int(_L.LCS_HELD)
_OTHER_STATE, _SECOND_BITS, _NONE = int(_LOGGED_IN), int(_SECOND), int(_B.DISABLE_ALL)
_NOT_INITIATING = ~int(_INITIATING)
_NOT_SINGLE = ~int(_B.ENABLE_SINGLE_STEP_TRANSFER | _B.ENABLE_SINGLE_STEP_CONFERENCE)


def agent_mask(state: int) -> int:
    """The bits that follow from the agent's state alone."""
    return _AGENT_BITS.get(state, _OTHER_STATE)


def call_mask(status: int, others: Iterable[int] = (), peripheral_type: int = 17) -> int:
    """The bits of one call at a device where calls of status `others` stand besides.

    status, others: LocalConnectionState of GED-188, CallStatus in the CIL.
    """
    found = _CALL_BITS.get(status, 0)
    if status == _CONNECT and _HELD in others:
        found = (found | _SECOND_BITS) & _NOT_INITIATING
    if peripheral_type in _NO_SINGLE_STEP:
        found &= _NOT_SINGLE
    return found or _NONE


def full_mask(
    state: int, current: int | None, others: Iterable[int] = (), peripheral_type: int = 17
) -> int:
    """OnButtonEnablementChange of an agent whose current call has status `current`, if any."""
    found = agent_mask(state)
    if current is not None:
        mask = call_mask(current, others, peripheral_type)
        found |= mask & ~int(_B.DISABLE_ALL)
    return found
