"""EnablementMask and the documented scenarios (CTI OS Developer Guide, ActiveX controls chapter;
System Manager Guide, peripheral-specific support)."""

from __future__ import annotations

import pytest

from fastcil.catalog import AgentState as S
from fastcil.catalog import ButtonEnablement as B
from fastcil.catalog import LocalConnectionState as L
from fastcil.ged188.enums import PeripheralType
from fastcil.server.site.enablement import agent_mask, call_mask

DESK = B.ENABLE_STATISTICS | B.ENABLE_CHAT
HELP = B.ENABLE_SUPERVISOR_ASSIST | B.ENABLE_EMERGENCY_CALL
DIAL = B.ENABLE_MAKECALL | B.ENABLE_INSIDE_MAKECALL | B.ENABLE_OUTSIDE_MAKECALL
BAD_LINE = B.ENABLE_BAD_LINE_CALL
# What the scenarios name.
SHOWN = (
    DESK | HELP | DIAL | BAD_LINE | B.ENABLE_ANSWER | B.ENABLE_RELEASE | B.ENABLE_HOLD
    | B.ENABLE_RETRIEVE | B.ENABLE_TRANSFER_INIT | B.ENABLE_TRANSFER_COMPLETE | B.ENABLE_ALTERNATE
    | B.ENABLE_CONFERENCE_INIT | B.ENABLE_CONFERENCE_COMPLETE | B.ENABLE_RECONNECT | B.ENABLE_LOGIN
)  # fmt: skip
TALKING = (
    DESK | HELP | BAD_LINE | B.ENABLE_HOLD | B.ENABLE_RELEASE
    | B.ENABLE_TRANSFER_INIT | B.ENABLE_CONFERENCE_INIT
)  # fmt: skip
CONSULTED = (
    DESK | BAD_LINE | B.ENABLE_ALTERNATE | B.ENABLE_RECONNECT
    | B.ENABLE_CONFERENCE_COMPLETE | B.ENABLE_TRANSFER_COMPLETE
)  # fmt: skip


@pytest.mark.parametrize(
    ("state", "call", "others", "buttons"),
    [
        (S.eLogout, None, [], B.ENABLE_LOGIN),
        (S.eNotReady, None, [], DESK | HELP | DIAL),
        (S.eAvailable, None, [], DESK | HELP | DIAL),
        (S.eReserved, L.LCS_ALERTING, [], DESK | BAD_LINE | B.ENABLE_ANSWER),
        (S.eTalking, L.LCS_CONNECT, [], TALKING),
        (S.eHold, L.LCS_HELD, [], DESK | HELP | BAD_LINE | B.ENABLE_RETRIEVE | B.ENABLE_RELEASE),
        (S.eTalking, L.LCS_INITIATE, [L.LCS_HELD], DESK | BAD_LINE | B.ENABLE_RECONNECT),
        (S.eTalking, L.LCS_HELD, [L.LCS_INITIATE], DESK | BAD_LINE | B.ENABLE_RECONNECT),
        (S.eTalking, L.LCS_CONNECT, [L.LCS_HELD], CONSULTED),
        (S.eTalking, L.LCS_HELD, [L.LCS_CONNECT], CONSULTED),
    ],
)
def test_scenarios_of_unified_cce(state: S, call: L | None, others: list[int], buttons: B) -> None:
    found = agent_mask(state) | (0 if call is None else call_mask(call, others))
    assert B(found & SHOWN) == buttons


def test_the_state_buttons() -> None:
    assert agent_mask(S.eLogout) == B.ENABLE_LOGIN
    not_ready, ready = agent_mask(S.eNotReady), agent_mask(S.eAvailable)
    assert not_ready & B.ENABLE_READY
    assert not_ready & B.ENABLE_LOGOUT
    assert not not_ready & B.ENABLE_NOTREADY
    assert ready & B.ENABLE_NOTREADY
    assert not ready & (B.ENABLE_READY | B.ENABLE_LOGOUT)
    assert agent_mask(S.eWorkNotReady) & B.ENABLE_READY
    assert not agent_mask(S.eReserved) & (B.ENABLE_READY | B.ENABLE_NOTREADY)


def test_an_ended_call_has_no_button() -> None:
    assert call_mask(L.LCS_NULL) == B.DISABLE_ALL
    assert call_mask(L.LCS_NULL, [L.LCS_HELD]) == B.DISABLE_ALL


def test_two_held_calls_are_two_held_calls() -> None:
    assert call_mask(L.LCS_HELD, [L.LCS_HELD]) == call_mask(L.LCS_HELD)
    assert call_mask(L.LCS_ALERTING, [L.LCS_HELD]) == call_mask(L.LCS_ALERTING)


@pytest.mark.parametrize(
    ("kind", "off"),
    [
        (PeripheralType.PT_ENTERPRISE_AGENT, B.ENABLE_SINGLE_STEP_CONFERENCE),
        (PeripheralType.PT_ACMI_IPCC, B.ENABLE_SINGLE_STEP_CONFERENCE),
        (0, B.ENABLE_SINGLE_STEP_CONFERENCE),  # not known yet
        (PeripheralType.PT_ASPECT, HELP | B.ENABLE_TRANSFER_INIT | B.ENABLE_CONFERENCE_INIT),
        (PeripheralType.PT_DEFINITY_ECS_EAS, HELP),
        (
            PeripheralType.PT_SYMPOSIUM,
            HELP | B.ENABLE_SINGLE_STEP_CONFERENCE | B.ENABLE_SINGLE_STEP_TRANSFER,
        ),
    ],
)
def test_what_a_switch_has_not(kind: int, off: B) -> None:
    every = B.ENABLE_SINGLE_STEP_CONFERENCE | B.ENABLE_SINGLE_STEP_TRANSFER | TALKING & ~DESK
    assert B(call_mask(L.LCS_CONNECT, (), kind) & every) == every & ~off


def test_consult_calls_of_other_switches() -> None:
    held = [L.LCS_HELD]
    assert not call_mask(L.LCS_CONNECT, held) & B.ENABLE_RELEASE
    assert call_mask(L.LCS_CONNECT, held, PeripheralType.PT_ASPECT) & B.ENABLE_RELEASE
    assert call_mask(L.LCS_CONNECT, held, PeripheralType.PT_ASPECT) & B.ENABLE_TRANSFER_COMPLETE
    symposium = call_mask(L.LCS_CONNECT, held, PeripheralType.PT_SYMPOSIUM)
    assert not symposium & (B.ENABLE_ALTERNATE | B.ENABLE_HOLD)
    assert symposium & B.ENABLE_RECONNECT


def test_a_voice_response_unit_has_no_button() -> None:
    assert call_mask(L.LCS_CONNECT, (), PeripheralType.PT_VRU) == B.DISABLE_ALL
    assert agent_mask(S.eNotReady, PeripheralType.PT_VRU) == 0


def test_agents_of_other_switches() -> None:
    aspect, definity = PeripheralType.PT_ASPECT, PeripheralType.PT_DEFINITY_ECS_EAS
    # The second call of a transfer is made by MakeCall there.
    assert agent_mask(S.eTalking, aspect) & B.ENABLE_MAKECALL
    assert not agent_mask(S.eTalking, definity) & B.ENABLE_MAKECALL
    assert not agent_mask(S.eTalking, definity) & B.ENABLE_WORKNOTREADY
    assert agent_mask(S.eTalking, definity) & B.ENABLE_WORKREADY
    assert not agent_mask(S.eNotReady, definity) & HELP
