"""What tables of messages and fields cannot tell of the events: the words of docs/events.md.

CLIENT, SERVER, NEVER: by callback, who makes an event or why it does not occur. COMPUTED: by
callback, fields that the server works out. OF_CALLS: such fields of every event of a call;
OF_ANSWERS: of every confirmation to the client that asked.
"""

from __future__ import annotations

__all__ = ["CLIENT", "COMPUTED", "NEVER", "OF_ANSWERS", "OF_CALLS", "SERVER"]

CLIENT: dict[str, str] = {
    "OnConnection": "the session is open",
    "OnConnectionClosed": "the application disconnected",
    "OnConnectionFailure": "the connection was lost or could not be made",
    "OnConnectionRejected": "the versions of client and server do not go together",
    "OnHeartbeat": "the server answered a heartbeat",
    "OnMissingHeartbeat": "a heartbeat was not answered in time",
    "OnCurrentAgentReset": "the application has another current agent, or none",
    "OnCurrentCallChanged": "the application has another current call, or none",
    "OnButtonEnablementChange": "the current agent or call can do other things than before; from "
    "EnablementMask of its events; in agent mode alone (a client in monitor mode has the masks of "
    "all calls and agents in their events)",
    "OnSupervisorButtonChange": "what the application's supervisor can do has changed",
    "OnEvent": "any event, for a listener that takes all of them by one method",
}

NEVER: dict[str, str] = {
    "OnFailure": "FAILURE_EVENT concerns the server's own session with the CTI Server; what "
    "clients must know of that is OnCTIOSFailure",
    "OnRTPStreamTimedoutEvent": "the voice of silent monitoring does not pass through this library",
    "OnSnapshotSkillGroupList": "the documents name no field of it and no request that brings it",
}

_BY_CALL = (
    "SilentMonitorInitiatingAgentUID, …InitiatingDeviceID, …TargetAgentUID, …TargetDeviceID, "
    "…CallUID (the supervisor's call)"
)
SERVER: dict[str, str] = {
    "OnCTIOSFailure": "from SYSTEM_EVENT, and of its own when the CTI Server is lost "
    "(SYS_CTI_SERVER_OFFLINE) or found again (SYS_CTI_SERVER_ONLINE); at the end of SetAgent "
    "it tells the client that asked what is on-line or not",
    "OnMonitorModeEstablished": "the answer to a filter set",
    "OnControlFailureConf": "a request failed: CONTROL_FAILURE_CONF or FAILURE_CONF of the CTI "
    "Server, a time-out, or a refusal of the server itself",
    "OnSnapshotDeviceConf": "for each agent who is logged in, from what is known of the calls at "
    "his device, by the snapshot of a client's beginning",
    "OnSetAgentModeEvent": "the answer to SetAgent",
    "OnLogoutFailed": "a logout was refused; it stands before OnControlFailureConf",
    "OnStartMonitoringAgent": "the answer to StartMonitoringAgent",
    "OnStopMonitoringAgent": "the answer to StopMonitoringAgent",
    "OnAgentStatistics": "from QUERY_AGENT_STATISTICS_CONF, for clients that enabled them: when "
    "they do, and at each end of a call or at an interval (PollForAgentStatsAtEndCall)",
    "OnSkillGroupStatisticsUpdated": "from QUERY_SKILL_GROUP_STATISTICS_CONF, for clients that "
    "enabled them: when they do, and at an interval",
    "OnGlobalSettingsDownloadConf": "the answer to RequestDesktopSettings, from the configuration",
    "OnChatMessage": "another client's SendChatMessage to this client's agent",
    "OnStartSilentMonitorConf": "the answer to StartSilentMonitorRequest",
    "OnSilentMonitorStartRequestedEvent": "another client wants to listen to this client's agent",
    "OnSilentMonitorStartedEvent": "the answer to AcceptSilentMonitoring; and to both sides, when "
    "SUPERVISE_CALL_CONF confirms a silent monitor call: then with " + _BY_CALL,
    "OnSilentMonitorStatusReportEvent": "what the monitored client reported, or did",
    "OnSilentMonitorStopRequestedEvent": "the monitoring client stopped; and to both sides, when "
    "the silent monitor call ended: then with " + _BY_CALL + ", SilentMonitorCallDisposition (0)",
    "OnSilentMonitorSessionDisconnected": "the client on the other side of a session is gone",
    "OnStopSilentMonitorConf": "the answer to StopSilentMonitorRequest",
    "OnNewAgentTeamMember": "from AGENT_TEAM_CONFIG_EVENT, and for each member as the answer to "
    "RequestAgentTeamList",
    "OnAgentInfoEvent": "from CONFIG_AGENT_EVENT, when a name is new or another one; when agent "
    "mode or monitoring of an agent begins, and in the snapshot of monitor mode. Beside its "
    "parameters it has AgentID and LoginName, which the guide has a supervisor's grid read from "
    "the monitored one",
    "OnSkillInfoEvent": "from CONFIG_SKILL_GROUP_EVENT, when a name is new or another one; and as "
    "an answer to EnableSkillGroupStatistics",
}

OF_ANSWERS: dict[str, str] = {
    "InvokeID": "of the client's request, when it has one; never that of the CTI Server",
    "MessageHeader": "left out",
    "UniqueObjectID": "of the client's request",
}

_AGENT_KEY = "agent.PeripheralID.AgentID"
_CALL_KEY = "call.PeripheralID.ConnectionCallID.ConnectionDeviceID"
_GROUPS = (
    "each skill group of which `SkillGroupNumber` or `FltSkillGroupNumber` told: SkillGroupNumber, "
    "SkillGroupID, SkillGroupPriority, SkillGroupState"
)
_ROUTER = 'icm.`RouterCallKeyDay`.`RouterCallKeyCallID`; "" without a router key'
_ECC = "`NamedVariable` by name, elements of `NamedArray` as name[index]"

OF_CALLS: dict[str, str] = {
    "UniqueObjectID": _CALL_KEY,
    "OldUniqueObjectID": "the key until now, when `NewConnectionCallID` or `NewConnectionDeviceID` "
    "or a merged call gives another",
    "ConnectionCallID": "of the connection",
    "ConnectionDeviceID": "of the connection",
    "CallConnectionCallID": "as ConnectionCallID",
    "CallConnectionDeviceID": "as ConnectionDeviceID",
    "DeviceID": "as ConnectionDeviceID",
    "DeviceUniqueObjectID": "device.PeripheralID.ConnectionDeviceID",
    "PeripheralID": "`PeripheralID`",
    "CallStatus": "what the connection's last event says of its state, LCS_*; left out after "
    "OnCallFailed",
    "EnablementMask": "from CallStatus, the other calls at the device and `PeripheralType`",
    "FilterTarget": "CallEvent; left out when no agent is logged in at the device",
    "ICMEnterpriseUniqueID": _ROUTER,
    "ECC": _ECC,
    "CTIClients": "`CTIClientSignature` and `CTIClientTimestamp` as CTIClient[1] and on",
    "IsTransferController": "1 at the device that transferred, else 0",
    "ConnectedParty[<PartyNumber>]": "`ConnectedPartyDeviceID`, one entry per party",
    "PrimaryCallID": "`PrimaryCallID` as text",
    "SecondaryCallID": "`SecondaryCallID` as text",
    "NumCallDevices": "how many connections the call has, as counted for OnSnapshotCallConf",
    "CallDeviceConnectionState": "as CallStatus, as it was for OnSnapshotCallConf",
    "CallConnectionDeviceIDType": "as `ConnectionDeviceIDType`",
    "CallDeviceType": "`CallDeviceType` of SNAPSHOT_CALL_CONF; of a call that was never asked for "
    "`CallingDeviceType` of who called, DEVID_AGENT_DEVICE where an agent is logged in, else 0",
}

_AGENT = {
    "UniqueObjectID": _AGENT_KEY,
    "EnablementMask": "from AgentState and `PeripheralType`",
    "SkillGroup[j]": _GROUPS,
    "NumSkillGroups": "how many skill groups are told",
}
_PRECALL = {"ECC": _ECC, "ICMEnterpriseUniqueID": _ROUTER}
_MONITORING = {
    "UniqueObjectID": "of the supervisor",
    "AgentReference": "of the request",
    "SupervisorID": "AgentID of the supervisor",
    "SupervisorKey": "of the supervisor",
    "BargedInCallID": '""',
    "SupervisorAgentState": "AgentState of the supervisor, as text",
}
# A session of silent monitoring: what began it.
_SESSION = {
    "MonitoredUniqueObjectID": "of the agent listened to",
    "AgentID": "of StartSilentMonitorRequest",
    "DeviceID": "of StartSilentMonitorRequest",
    "PeripheralID": "of the agent listened to",
    "MonitoringIPAddress": "of StartSilentMonitorRequest",
    "MonitoringIPPort": "of StartSilentMonitorRequest, else 39200",
    "SMSessionKey": "the server's name for the session",
    "HeartbeatInterval": "of StartSilentMonitorRequest, else 5",
    "HeartbeatTimeout": "of StartSilentMonitorRequest, else 15",
    "OriginatingServerID": "the server's name",
    "OriginatingClientID": "CILConnectionID of the monitoring client",
}

COMPUTED: dict[str, dict[str, str]] = {
    "OnCallDataUpdate": {
        "EnablementMask": OF_CALLS["EnablementMask"] + "; when another call at the device changes "
        "it, clients of the agent get an OnCallDataUpdate with UniqueObjectID and it alone, and so "
        "do clients in monitor mode with MinimizeEventArgs 1; with 0 these get all fields",
    },
    "OnAgentStateChange": {
        **_AGENT,
        "IncomingOrOutgoing": "1 incoming, 2 outgoing, 0 unknown: by the last `Direction` that "
        "was told of the agent; when he goes to eWorkReady or eWorkNotReady alone",
        "WrapupOkEnabled": "whether data is required after the call, which was not an outgoing "
        "one: by the agent's desk settings on Unified CCE (asked for when agent mode begins and "
        "after the login), by WrapupDataRequired elsewhere; in the same events",
    },
    "OnPreLogout": _AGENT,
    "OnPostLogout": _AGENT,
    "OnQueryAgentStateConf": {
        **_AGENT,
        "AgentID": "of the agent",
        "AgentState": "`AgentState`; eUnknown as long as nothing was told",
    },
    "OnNewAgentTeamMember": {
        **_AGENT,
        "PeripheralID": "of the agent, as text",
        "AgentID": "`AtcAgentID`",
        "AgentState": "`AtcAgentState`, or as AGENT_STATE_EVENT told",
        "AgentFirstName": "FirstName of CONFIG_AGENT_EVENT",
        "AgentLastName": "LastName of CONFIG_AGENT_EVENT",
        "AgentName": "first and last name",
        "AgentFlags": "`AgentFlags`",
        "ConfigOperation": "1 joined, 2 left",
        "SupervisorID": "AgentID of the first supervisor of the team",
    },
    "OnAgentInfoEvent": {
        "UniqueObjectID": _AGENT_KEY,
        "AgentFirstName": "`FirstName`",
        "AgentLastName": "`LastName`",
    },
    "OnSkillInfoEvent": {
        "SkillGroupNumber": "`PeripheralNumber`",
        "SkillGroupName": "`PeripheralName`",
    },
    "OnCTIOSFailure": {
        "FailureCode": "eServerConnectionStatus",
        "SystemEventID": "`SystemEventID`",
        "SystemEventArg1": "`SystemEventArg1`; 0 in an event of the server's own",
        "ErrorMessage": "`Text`, else the event in words",
    },
    "OnMonitorModeEstablished": {
        "CILConnectionID": "the server's name for the connection",
        "StatusSystem": "what is on-line",
    },
    "OnSetAgentModeEvent": {
        "PeripheralID": "of the request",
        "AgentID": "of the request",
        "UniqueObjectID": _AGENT_KEY,
        "ClientAgentTemporaryID": "of the request",
        "CILConnectionID": "the server's name for the connection",
        "StatusSystem": "session with the CTI Server, and peripherals by SYSTEM_EVENT",
    },
    "OnSnapshotDeviceConf": {
        "UniqueObjectID": "device.PeripheralID.AgentInstrument",
        "NumCalls": "how many calls are known at the device",
        "ValidCalls": "their keys",
    },
    "OnControlFailureConf": {
        "PeripheralID": "of the request",
        "FailureCode": "`FailureCode` or `Status`; E_CTI_TIMEOUT, E_CTI_CTI_SERVER_OFFLINE; what "
        "the server itself refuses",
        "PeripheralErrorCode": "`PeripheralErrorCode`",
        "AgentID": "of the request",
        "UniqueObjectID": "of the request",
        "MessageType": "number of the request",
        "InvokeID": "of the request, when it has one",
        "ErrorMessage": "the failure in words",
    },
    "OnCallRTPStarted": {"MonitorID": "`MonitorID`, of the server's own session"},
    "OnCallRTPStopped": {"MonitorID": "`MonitorID`, of the server's own session"},
    "OnLogoutFailed": {
        "InvokeID": "of the request",
        "FailureCode": "`FailureCode`",
        "PeripheralErrorCode": "`PeripheralErrorCode`",
    },
    "OnGlobalSettingsDownloadConf": {
        "ECC": "ECC/Name: a variable as user.Name, elements of an array as user.Name[0] and on",
        "Grid": "Grid: the columns of each grid by number; CallAppearance has documented defaults",
        "IPCCSilentMonitor": "IPCCSilentMonitor/Name; settings over the documented defaults",
        "Login": "Login/ConnectionProfiles/Name: each profile over the documented defaults, with "
        "SilentMonitorService and its Cluster when it has them",
        "ScreenPreferences": "ScreenPreferences/Name; MainScreen over the documented defaults",
        "SoundPreferences": "SoundPreferences/Name; Mute of a sound is False by default",
    },
    "OnChatMessage": {
        "Distribution": '"agent", the only one that the documents have',
        "AgentID": "of the agent who gets it",
        "Target": "AgentID of the agent who gets it",
        "Message": "of the request",
        "Source": "AgentID of the agent who sent it",
    },
    "OnStartSilentMonitorConf": _SESSION,
    "OnSilentMonitorStartRequestedEvent": {
        **_SESSION,
        "DoDefaultMessageHandling": "True; the application may set it to False",
    },
    "OnSilentMonitorStartedEvent": _SESSION,
    "OnSilentMonitorStopRequestedEvent": _SESSION,
    "OnStopSilentMonitorConf": _SESSION,
    "OnSilentMonitorStatusReportEvent": {
        **_SESSION,
        "StatusCode": "what the monitored client reported, or did",
        "TargetCILClientID": "CILConnectionID of the monitored client",
    },
    "OnSilentMonitorSessionDisconnected": {
        **_SESSION,
        "StatusCode": "eSMStatusSessionTerminatedByMonitoringClient or …ByMonitoredClient",
    },
    "OnStartMonitoringAgent": _MONITORING,
    "OnStopMonitoringAgent": _MONITORING,
    "OnAgentStatistics": {
        "PeripheralID": "of the agent",
        "AgentExtension": "`AgentExtension`",
        "AgentID": "of the agent",
        "AgentInstrument": "`AgentInstrument`",
        "<statistic name>": "each statistic of the message by its name",
    },
    "OnSkillGroupStatisticsUpdated": {
        "PeripheralID": "`PeripheralID`",
        "SkillGroupNumber": "`SkillGroupNumber`",
        "SkillGroupID": "`SkillGroupID`",
        "STATISTICS": "each statistic of the message by its name",
    },
    "OnAgentPrecallEvent": _PRECALL,
    "OnAgentPrecallAbortEvent": _PRECALL,
    "OnTranslationRoute": _PRECALL,
}
