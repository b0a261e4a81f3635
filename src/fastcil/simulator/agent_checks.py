"""What agents may not do: each function raises RequestError or returns.

Source of the codes: guide, Constants and Status Codes, Control Failure Codes; of the demands:
SET_AGENT_STATE_REQ and AGENT_DESK_SETTINGS_CONF in Application Level Interfaces.
"""

from __future__ import annotations

from collections.abc import Sequence

from fastcil.ged188.enums import AgentDeskSettingsMask as Desk
from fastcil.ged188.enums import AgentState, AgentWorkMode, ControlFailureCode, WrapupDataMode
from fastcil.ged188.enums import ControlFailureCodeExtended as Extended
from fastcil.simulator.agent_calls import CallBook, CallRecord, brings_work
from fastcil.simulator.agent_desk import SiteRules
from fastcil.simulator.model import Agent, Device, RequestError
from fastcil.simulator.statistics import CallKind

__all__ = [
    "check_authentic",
    "check_groups",
    "check_logged_in",
    "check_login",
    "check_logout",
    "check_reason",
    "check_work",
    "check_work_mode",
    "check_wrapup_data",
    "last_with_work",
    "work_follows",
]

_WORKING = (AgentState.AGENT_STATE_WORK_READY, AgentState.AGENT_STATE_WORK_NOT_READY)
_ON_CALL = (AgentState.AGENT_STATE_TALKING, AgentState.AGENT_STATE_HOLD)
_LOGOUT = AgentState.AGENT_STATE_LOGOUT


def check_logged_in(agent: Agent) -> None:
    """CF_INVALID_OBJECT_STATE unless the agent is logged in."""
    if agent.state == _LOGOUT:
        raise RequestError(
            ControlFailureCode.CF_INVALID_OBJECT_STATE, f"agent {agent.id} is not logged in"
        )


def check_authentic(
    rules: SiteRules, agent: Agent, password: str | None, *, sso: bool = False
) -> None:
    """The password as the site demands it; counts the wrong ones.

    None trusts the caller. CF_INVALID_PASSWORD_SPECIFIED, and CF_AGENT_ACCOUNT_LOCKED_OUT after
    too many of them.
    """
    if rules.lockout_after and agent.failed_passwords >= rules.lockout_after:
        raise RequestError(Extended.CF_AGENT_ACCOUNT_LOCKED_OUT, f"agent {agent.id} is locked out")
    if password is None or not rules.password_required or (sso and agent.sso and rules.sso):
        return
    if password != agent.password:
        agent.failed_passwords += 1
        raise RequestError(
            Extended.CF_INVALID_PASSWORD_SPECIFIED, f"wrong password of agent {agent.id}"
        )
    agent.failed_passwords = 0


def check_login(
    agent: Agent, device: Device, work_mode: int, groups: Sequence[int], forced: bool
) -> None:
    """Whether the agent can log in there: CF_INVALID_AGENT_WORKMODE,
    CF_INVALID_LOGON_DEVICE_SPECIFIED, CF_RESOURCE_OUT_OF_SERVICE,
    CF_SPECIFIED_AGENT_ALREADY_SIGNED_ON, CF_SPECIFIED_EXTENSION_ALREADY_IN_USE,
    CF_INVALID_SKILL_GROUP_SPECIFIED."""
    check_work_mode(work_mode)
    if device.peripheral_id != agent.peripheral_id:
        raise RequestError(
            Extended.CF_INVALID_LOGON_DEVICE_SPECIFIED,
            f"device {device.instrument} is not of the agent's peripheral",
        )
    if not device.in_service:
        raise RequestError(
            ControlFailureCode.CF_RESOURCE_OUT_OF_SERVICE,
            f"device {device.instrument} is out of service",
        )
    if not forced and agent.state != _LOGOUT:
        raise RequestError(
            Extended.CF_SPECIFIED_AGENT_ALREADY_SIGNED_ON, f"agent {agent.id} is logged in"
        )
    if not forced and device.agent is not None:
        raise RequestError(
            Extended.CF_SPECIFIED_EXTENSION_ALREADY_IN_USE,
            f"agent {device.agent.id} is logged in at {device.instrument}",
        )
    check_groups(agent, groups)


def check_logout(rules: SiteRules, agent: Agent, reason: int) -> None:
    """CF_INVALID_OBJECT_STATE where the agent must be not ready first, and the codes of
    check_reason()."""
    allowed: tuple[AgentState, ...] = (AgentState.AGENT_STATE_NOT_READY,)
    if rules.logout_from_available:
        allowed = (*allowed, AgentState.AGENT_STATE_AVAILABLE, *_WORKING)
    if agent.state not in allowed:
        raise RequestError(
            ControlFailureCode.CF_INVALID_OBJECT_STATE,
            f"agent {agent.id} must be not ready to log out",
        )
    check_reason(rules, agent, reason, Desk.DESK_LOGOUT_REASON_REQUIRED_MASK)


def check_reason(rules: SiteRules, agent: Agent, reason: int, needed: Desk) -> None:
    """CF_REASON_CODE_REQUIRED where the desk settings demand one and none (0) is given,
    CF_INVALID_AGENT_REASON_CODE for one that the site does not have."""
    if reason == 0:
        if agent.desk.allows(needed):
            raise RequestError(Extended.CF_REASON_CODE_REQUIRED, "a reason code is required")
        return
    if rules.reason_codes is not None and reason not in rules.reason_codes:
        raise RequestError(Extended.CF_INVALID_AGENT_REASON_CODE, f"no reason code {reason}")


def check_work_mode(work_mode: int) -> None:
    """CF_INVALID_AGENT_WORKMODE for a value outside AgentWorkMode."""
    if work_mode not in {int(mode) for mode in AgentWorkMode}:
        raise RequestError(Extended.CF_INVALID_AGENT_WORKMODE, f"no work mode {work_mode}")


def check_groups(agent: Agent, groups: Sequence[int]) -> None:
    """CF_INVALID_SKILL_GROUP_SPECIFIED when the agent is not in all of them."""
    unknown = set(groups) - {m.group.number for m in agent.memberships}
    if unknown:
        raise RequestError(
            Extended.CF_INVALID_SKILL_GROUP_SPECIFIED, f"not in skill group {min(unknown)}"
        )


def check_work(agent: Agent, book: CallBook, state: AgentState) -> None:
    """After-call work is for one who works after a call already, or is on one that allows it:
    CF_INVALID_OBJECT_STATE, CF_REQUEST_INCOMPATIBLE_WITH_OBJECT."""
    last = last_with_work([*book.finished, *book.open.values()])
    if agent.state not in (*_WORKING, *_ON_CALL) or last is None:
        raise RequestError(
            ControlFailureCode.CF_INVALID_OBJECT_STATE,
            f"agent state {int(state)} needs a call that just ended",
        )
    if _wrapup_mode(agent, last) == WrapupDataMode.NOT_ALLOWED:
        raise RequestError(
            ControlFailureCode.CF_REQUEST_INCOMPATIBLE_WITH_OBJECT,
            "the desk settings allow no after-call work",
        )


def check_wrapup_data(agent: Agent, book: CallBook) -> None:
    """CF_WRAPUP_DATA_REQUIRED while the call has none and the desk settings demand it."""
    last = last_with_work(book.finished)
    if last is None or last.connection.call.wrapup:
        return
    if _wrapup_mode(agent, last) == WrapupDataMode.REQUIRED_WITH_WRAPUP_DATA:
        raise RequestError(Extended.CF_WRAPUP_DATA_REQUIRED, "wrap-up data is required")


def last_with_work(records: Sequence[CallRecord]) -> CallRecord | None:
    """The last of these calls that after-call work may follow."""
    return next((r for r in reversed(records) if brings_work(r)), None)


def _wrapup_mode(agent: Agent, record: CallRecord) -> WrapupDataMode:
    desk = agent.desk
    return desk.wrapup_incoming if record.kind is CallKind.IN else desk.wrapup_outgoing


def work_follows(agent: Agent, record: CallRecord) -> bool:
    """Whether the agent gets after-call work without asking for it: where it is required, unless
    his work mode makes him available at once and no data is wanted."""
    mode = _wrapup_mode(agent, record)
    if mode == WrapupDataMode.REQUIRED_WITH_WRAPUP_DATA:
        return True
    return mode == WrapupDataMode.REQUIRED and agent.work_mode != AgentWorkMode.AWM_AUTO_IN
