"""What decides how agents may behave: desk settings, and the rules of the site.

Source: guide, Application Level Interfaces, AGENT_DESK_SETTINGS_CONF and the table of boolean desk
settings below it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fastcil.ged188.enums import AgentDeskSettingsMask as Desk
from fastcil.ged188.enums import WrapupDataMode

__all__ = ["DEFAULT_DESK_MASK", "DeskSettings", "ReasonCode", "SiteRules"]

DEFAULT_DESK_MASK = int(
    Desk.DESK_AVAIL_AFTER_INCOMING_MASK
    | Desk.DESK_SUPERVISOR_CALLS_ALLOWED_MASK
    | Desk.DESK_AGENT_TO_AGENT_CALLS_ALLOWED
    | Desk.DESK_OUTBOUND_ACCESS_PUBLIC_NET_MASK
    | Desk.DESK_OUTBOUND_ACCESS_PRIVATE_NET_MASK
    | Desk.DESK_OUTBOUND_ACCESS_PBX_MASK
    | Desk.DESK_NON_ACD_CALLS_ALLOWED_MASK
)
"""DeskSettingsMask of a site for which nothing else was said."""


class ReasonCode:
    """EventReasonCodes that the site gives by itself; clients choose theirs freely.

    The protocol leaves them to the peripheral ("a peripheral-specific code"). Source: Database
    Schema Handbook for Unified CCE, Release 15.0(1), Predefined Not Ready and Logout Reason Codes.
    """

    NOT_ANSWERED = 32767
    """Not ready because a call was not answered and went elsewhere."""
    SUPERVISOR = 999
    """A supervisor made the agent not ready or logged him out."""
    DEVICE_OUT_OF_SERVICE = 50003
    """Logged out because the device went out of service."""
    NO_ACTIVITY = 50004
    """Logged out because nothing happened for LogoutNonActivityTime."""
    PERIPHERAL_RESTART = 0xFFFF
    """-1: logged out because the peripheral restarts."""
    REMOVED = 50020
    """Logged out because the configuration took away what the agent was logged in to."""


@dataclass
class DeskSettings:
    """The fields of AGENT_DESK_SETTINGS_CONF under their own meaning; times in seconds."""

    id: int = 5000
    mask: int = DEFAULT_DESK_MASK
    wrapup_incoming: WrapupDataMode = WrapupDataMode.REQUIRED
    wrapup_outgoing: WrapupDataMode = WrapupDataMode.OPTIONAL
    logout_non_activity: int = 0
    """0: never."""
    quality_recording_rate: int = 0
    ring_no_answer: int = 0
    """How long a call may ring at the agent; 0: as long as it likes."""
    silent_monitor_warning: int = 0
    silent_monitor_audible: int = 0
    supervisor_assist_method: int = 0
    """1: blind conference, 0: consultation."""
    emergency_method: int = 0
    """1: blind conference, 0: consultation."""
    auto_record_on_emergency: int = 0
    recording_mode: int = 0
    work_mode_timer: int = 30
    """After-call work ends by itself after so long; 0: never."""
    ring_no_answer_dn: int = 0
    port_address: str = ""
    play_zip_tone: int = 0
    shared_line_usage: int = 0

    def allows(self, bit: Desk) -> bool:
        """Whether a bit of DeskSettingsMask is set."""
        return bool(self.mask & bit)

    def values(self) -> dict[str, Any]:
        """The fields of AGENT_DESK_SETTINGS_CONF but InvokeID and PeripheralID."""
        return {
            "DeskSettingsMask": self.mask,
            "WrapupDataIncomingMode": self.wrapup_incoming,
            "WrapupDataOutgoingMode": self.wrapup_outgoing,
            "LogoutNonActivityTime": self.logout_non_activity,
            "QualityRecordingRate": self.quality_recording_rate,
            "RingNoAnswerTime": self.ring_no_answer,
            "SilentMonitorWarningMessage": self.silent_monitor_warning,
            "SilentMonitorAudibleIndication": self.silent_monitor_audible,
            "SupervisorAssistCallMethod": self.supervisor_assist_method,
            "EmergencyCallMethod": self.emergency_method,
            "AutoRecordOnEmergency": self.auto_record_on_emergency,
            "RecordingMode": self.recording_mode,
            "WorkModeTimer": self.work_mode_timer,
            "RingNoAnswerDN": self.ring_no_answer_dn,
            "DefaultDevicePortAddress": self.port_address or None,
            "PlayZipTone": self.play_zip_tone,
            "ACDSharedLineUsage": self.shared_line_usage,
        }


@dataclass
class SiteRules:
    """What the site demands of agents beyond their desk settings.

    password_required: LOGIN needs the right AgentPassword, unless single sign-on stands in for it.
    logout_password_required: so does LOGOUT, as the table says and hardly any peripheral does; a
    password that is given is checked in any case. lockout_after: wrong passwords in a row after
    which the account is locked, 0 for never. position_required: LOGIN needs a PositionID ("required
    by some peripherals"). reason_codes: the ones that exist, None for any. logout_from_available:
    agents need not be not ready to log out.
    """

    password_required: bool = True
    logout_password_required: bool = False
    lockout_after: int = 0
    position_required: bool = False
    reason_codes: frozenset[int] | None = None
    logout_from_available: bool = False
    mrd_id: int = 1
    """MRDID of the one media routing domain, voice."""
    sso: bool = False
    """SSOEnabled of a LOGIN is believed."""
    media_routing_domains: dict[int, str] = field(default_factory=lambda: {1: "Cisco_Voice"})
    greeting_seconds: float = 0.0
    """How long the agent greeting plays when an agent answers a routed call; 0: the site has no
    greetings."""
    outside_answer_seconds: float | None = 4.0
    """How long a number outside rings until somebody answers; None: for ever."""
    call_data_seconds: float = 120.0
    """How long data of a call can still be set after its end. Source: guide, Call Data Update
    Service: "default is 2 minutes"."""
