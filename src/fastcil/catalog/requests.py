"""Numbers of the requests a client sends (frames of kind REQUEST).

The vendor never published numbers for them: these are this project's own, fixed once, append-only.
Closing a connection is no request but a CLOSE frame (docs/wire-format.md, section 5).
"""

from __future__ import annotations

from enum import IntEnum

__all__ = ["PROBE_EVENT", "PROBE_KEY", "RequestID"]

# For measuring: a SET_MESSAGE_FILTER may also have this key, milliseconds (INT) between events of
# this number, which only that client gets. Their MonotonicTime (STRING) is the server's
# CLOCK_MONOTONIC in nanoseconds when one was put into the client's outbox.
PROBE_KEY = "ProbeInterval"
PROBE_EVENT = 0x2000FF01


class RequestID(IntEnum):
    """message_id of a REQUEST frame.

    SET_MESSAGE_FILTER
        Monitor mode. Filter (STRING), MonitorSessionSnapshotMode (INT, optional; 1: no snapshot).
        Answered by the events of the snapshot, then OnMonitorModeEstablished; a filter that is
        wrong by OnControlFailureConf with FailureCode and the words in ErrorMessage.
    SET_AGENT
        Agent mode. AgentID (STRING) and PeripheralID. Answered by OnQueryAgentStateConf,
        OnSetAgentModeEvent and, when the agent is logged in, OnSnapshotDeviceConf and
        OnSnapshotCallConf for each of his calls; at last OnCTIOSFailure, with what is on-line.
        Besides what is documented, OnQueryAgentStateConf has LogoutReasonRequired,
        LogoutReasonCodes (by text the code), NotReadyReasonRequired, NotReadyReasonCodes and
        IncomingWrapupStrings, OnSetAgentModeEvent has IsSupervisor, and OnSnapshotCallConf the
        EnablementMask. After the agent's login OnQueryAgentStateConf comes once more, without an
        InvokeID.
    REQUEST_SNAPSHOT
        The events of the snapshot again, as the filter in force lets them through.
    REQUEST_AGENT_TEAM_LIST
        OnNewAgentTeamMember for each member of the supervisor's team, the supervisor included; from
        then on also for each who joins (ConfigOperation 1) or leaves (2).
    START_MONITORING_AGENT_TEAM, STOP_MONITORING_AGENT_TEAM
        TeamID (INT). Monitored agent events of the team; with START_MONITORING_ALL_AGENT_TEAMS and
        its counterpart those of every team of the supervisor.
    START_MONITORING_AGENT, STOP_MONITORING_AGENT
        AgentReference (STRING). Answered by OnStartMonitoringAgent, OnStopMonitoringAgent; between
        them the agent's calls come as monitored call events, those that he has already by
        OnMonitoredCallBegin. They carry SupervisorBtnEnablementMask.
    START_MONITORING_CALL
        CallReference (STRING, optional): the call that SuperviseCall is about.
    ENABLE_AGENT_STATISTICS, DISABLE_AGENT_STATISTICS
        OnAgentStatistics of the client's agent, or of the one that UniqueObjectID names.
    ENABLE_SKILL_GROUP_STATISTICS, DISABLE_SKILL_GROUP_STATISTICS
        PeripheralID and SkillGroupNumber, or SkillGroupNumbers (ARGUMENTS, keys 1..n); nothing for
        all. OnSkillInfoEvent of each, then OnSkillGroupStatisticsUpdated.
    SEND_CHAT_MESSAGE
        Distribution ("agent"), Target (AgentID or login name), Message (at most 255 bytes).
        OnChatMessage at the recipient; nothing comes to the sender but a failure.
    REQUEST_DESKTOP_SETTINGS
        DesktopType (INT). OnGlobalSettingsDownloadConf.
    SET_SILENT_MONITOR_MODE
        SMManagerMode (INT): what the client's silent monitor manager is ready for. No answer.
    START_SILENT_MONITOR
        PeripheralID, AgentID or DeviceID, MonitoringIPAddress, MonitoringIPPort, HeartbeatInterval,
        HeartbeatTimeout. OnStartSilentMonitorConf with the SMSessionKey, and at the target
        OnSilentMonitorStartRequestedEvent. What becomes of it OnSilentMonitorStatusReportEvent
        tells. A failure has the eSMStatus… in PeripheralErrorCode; where silent monitoring is by
        SuperviseCall, and for SuperviseCall where it is not, FailureCode is
        E_CTIOS_INVALID_SILENT_MONITOR_MODE.
    ACCEPT_SILENT_MONITOR
        SMSessionKey. The target's: OnSilentMonitorStartedEvent there, a status report at the other.
    REPORT_SILENT_MONITOR
        SMSessionKey, StatusCode (INT). The target's: a status report at the other side; any but
        eSMStatusOK, eSMStatusMonitorStarted and eSMStatusInProgress ends the session.
    STOP_SILENT_MONITOR
        SMSessionKey. OnStopSilentMonitorConf, and at the target OnSilentMonitorStopRequestedEvent.

    A request that a CTI Server carries out is not here: it has the MessageType of its GED-188
    message as its number (MAKE_CALL_REQ is 56), and its confirmation is the event of that number.
    """

    SET_MESSAGE_FILTER = 0x20002001
    SET_AGENT = 0x20002002
    REQUEST_SNAPSHOT = 0x20002003
    REQUEST_AGENT_TEAM_LIST = 0x20002004
    START_MONITORING_AGENT_TEAM = 0x20002005
    STOP_MONITORING_AGENT_TEAM = 0x20002006
    START_MONITORING_ALL_AGENT_TEAMS = 0x20002007
    STOP_MONITORING_ALL_AGENT_TEAMS = 0x20002008
    START_MONITORING_AGENT = 0x20002009
    STOP_MONITORING_AGENT = 0x2000200A
    START_MONITORING_CALL = 0x2000200B
    ENABLE_AGENT_STATISTICS = 0x2000200C
    DISABLE_AGENT_STATISTICS = 0x2000200D
    ENABLE_SKILL_GROUP_STATISTICS = 0x2000200E
    DISABLE_SKILL_GROUP_STATISTICS = 0x2000200F
    SEND_CHAT_MESSAGE = 0x20002010
    REQUEST_DESKTOP_SETTINGS = 0x20002011
    SET_SILENT_MONITOR_MODE = 0x20002012
    START_SILENT_MONITOR = 0x20002013
    ACCEPT_SILENT_MONITOR = 0x20002014
    REPORT_SILENT_MONITOR = 0x20002015
    STOP_SILENT_MONITOR = 0x20002016
