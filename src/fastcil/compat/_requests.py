"""The documented methods that send a request: one Arguments in, the CIL code out.

That is the rule for every request in every face, also where the documents lost its syntax. Without
an argument the request carries what the object knows. Each goes to the engine by its documented
name; facts and checks are there. Source: CTI OS Developer Guide 12.6(1), session, agent, call and
skill group chapters.
"""

from __future__ import annotations

from typing import Any

from fastcil.catalog import CilError
from fastcil.cil.pending import Asker
from fastcil.compat import _common as common

__all__ = ["AgentRequests", "CallRequests", "SessionRequests", "SkillGroupRequests"]


class _Requests(Asker):
    __slots__ = ()

    def _code(self, method: str, rArgs: Any) -> CilError:
        return self.perform(method, common.plain(rArgs)).code


class SessionRequests(_Requests):
    """The requests of a session, beside those of FaceSession."""

    __slots__ = ()

    def DisableSkillGroupStatistics(self, rArgs: Any = None) -> CilError:
        """The code of disable_skill_group_statistics()."""
        return self._code("DisableSkillGroupStatistics", rArgs)

    def EnableSkillGroupStatistics(self, rArgs: Any = None) -> CilError:
        """The code of enable_skill_group_statistics()."""
        return self._code("EnableSkillGroupStatistics", rArgs)


class AgentRequests(_Requests):
    """The requests of an agent."""

    __slots__ = ()

    def DisableAgentStatistics(self, rArgs: Any = None) -> CilError:
        """The code of disable_agent_statistics()."""
        return self._code("DisableAgentStatistics", rArgs)

    def EnableAgentStatistics(self, rArgs: Any = None) -> CilError:
        """The code of enable_agent_statistics()."""
        return self._code("EnableAgentStatistics", rArgs)

    def DisableSkillGroupStatistics(self, rArgs: Any = None) -> CilError:
        """The code of disable_skill_group_statistics()."""
        return self._code("DisableSkillGroupStatistics", rArgs)

    def EnableSkillGroupStatistics(self, rArgs: Any = None) -> CilError:
        """The code of enable_skill_group_statistics()."""
        return self._code("EnableSkillGroupStatistics", rArgs)

    def Login(self, rArgs: Any = None) -> CilError:
        """The code of login()."""
        return self._code("Login", rArgs)

    def Logout(self, rArgs: Any = None) -> CilError:
        """The code of logout()."""
        return self._code("Logout", rArgs)

    def MakeCall(self, rArgs: Any = None) -> CilError:
        """The code of make_call()."""
        return self._code("MakeCall", rArgs)

    def MakeEmergencyCall(self, rArgs: Any = None) -> CilError:
        """The code of make_emergency_call()."""
        return self._code("MakeEmergencyCall", rArgs)

    def QueryAgentState(self, rArgs: Any = None) -> CilError:
        """The code of query_agent_state()."""
        return self._code("QueryAgentState", rArgs)

    def ReportBadCallLine(self, rArgs: Any = None) -> CilError:
        """The code of report_bad_call_line()."""
        return self._code("ReportBadCallLine", rArgs)

    def RequestAgentTeamList(self, rArgs: Any = None) -> CilError:
        """The code of request_agent_team_list()."""
        return self._code("RequestAgentTeamList", rArgs)

    def RequestSupervisorAssist(self, rArgs: Any = None) -> CilError:
        """The code of request_supervisor_assist()."""
        return self._code("RequestSupervisorAssist", rArgs)

    def SendChatMessage(self, rArgs: Any = None) -> CilError:
        """The code of send_chat_message()."""
        return self._code("SendChatMessage", rArgs)

    def SetAgentGreetingAction(self, rArgs: Any = None) -> CilError:
        """The code of set_agent_greeting_action()."""
        return self._code("SetAgentGreetingAction", rArgs)

    def SetAgentState(self, rArgs: Any = None) -> CilError:
        """The code of set_agent_state()."""
        return self._code("SetAgentState", rArgs)

    def StartMonitoringAgent(self, rArgs: Any = None) -> CilError:
        """The code of start_monitoring_agent()."""
        return self._code("StartMonitoringAgent", rArgs)

    def StartMonitoringAgentTeam(self, rArgs: Any = None) -> CilError:
        """The code of start_monitoring_agent_team()."""
        return self._code("StartMonitoringAgentTeam", rArgs)

    def StartMonitoringAllAgentTeams(self, rArgs: Any = None) -> CilError:
        """The code of start_monitoring_all_agent_teams()."""
        return self._code("StartMonitoringAllAgentTeams", rArgs)

    def StartMonitoringCall(self, rArgs: Any = None) -> CilError:
        """The code of start_monitoring_call()."""
        return self._code("StartMonitoringCall", rArgs)

    def StopMonitoringAgent(self, rArgs: Any = None) -> CilError:
        """The code of stop_monitoring_agent()."""
        return self._code("StopMonitoringAgent", rArgs)

    def StopMonitoringAgentTeam(self, rArgs: Any = None) -> CilError:
        """The code of stop_monitoring_agent_team()."""
        return self._code("StopMonitoringAgentTeam", rArgs)

    def StopMonitoringAllAgentTeams(self, rArgs: Any = None) -> CilError:
        """The code of stop_monitoring_all_agent_teams()."""
        return self._code("StopMonitoringAllAgentTeams", rArgs)

    def SuperviseCall(self, rArgs: Any = None) -> CilError:
        """The code of supervise_call()."""
        return self._code("SuperviseCall", rArgs)


class CallRequests(_Requests):
    """The requests of a call."""

    __slots__ = ()

    def Alternate(self, rArgs: Any = None) -> CilError:
        """The code of alternate()."""
        return self._code("Alternate", rArgs)

    def Answer(self, rArgs: Any = None) -> CilError:
        """The code of answer()."""
        return self._code("Answer", rArgs)

    def Clear(self, rArgs: Any = None) -> CilError:
        """The code of clear()."""
        return self._code("Clear", rArgs)

    def ClearConnection(self, rArgs: Any = None) -> CilError:
        """The code of clear_connection()."""
        return self._code("ClearConnection", rArgs)

    def Conference(self, rArgs: Any = None) -> CilError:
        """The code of conference()."""
        return self._code("Conference", rArgs)

    def Hold(self, rArgs: Any = None) -> CilError:
        """The code of hold()."""
        return self._code("Hold", rArgs)

    def MakeConsultCall(self, rArgs: Any = None) -> CilError:
        """The code of make_consult_call()."""
        return self._code("MakeConsultCall", rArgs)

    def Reconnect(self, rArgs: Any = None) -> CilError:
        """The code of reconnect()."""
        return self._code("Reconnect", rArgs)

    def Retrieve(self, rArgs: Any = None) -> CilError:
        """The code of retrieve()."""
        return self._code("Retrieve", rArgs)

    def SendDTMFSignal(self, rArgs: Any = None) -> CilError:
        """The code of send_dtmf_signal()."""
        return self._code("SendDTMFSignal", rArgs)

    def SetCallData(self, rArgs: Any = None) -> CilError:
        """The code of set_call_data()."""
        return self._code("SetCallData", rArgs)

    def SingleStepConference(self, rArgs: Any = None) -> CilError:
        """The code of single_step_conference()."""
        return self._code("SingleStepConference", rArgs)

    def SingleStepTransfer(self, rArgs: Any = None) -> CilError:
        """The code of single_step_transfer()."""
        return self._code("SingleStepTransfer", rArgs)

    def Snapshot(self, rArgs: Any = None) -> CilError:
        """The code of snapshot()."""
        return self._code("Snapshot", rArgs)

    def StartRecord(self, rArgs: Any = None) -> CilError:
        """The code of start_record()."""
        return self._code("StartRecord", rArgs)

    def StopRecord(self, rArgs: Any = None) -> CilError:
        """The code of stop_record()."""
        return self._code("StopRecord", rArgs)

    def Transfer(self, rArgs: Any = None) -> CilError:
        """The code of transfer()."""
        return self._code("Transfer", rArgs)


class SkillGroupRequests(_Requests):
    """The requests of a skill group."""

    __slots__ = ()

    def DisableSkillGroupStatistics(self, rArgs: Any = None) -> CilError:
        """The code of disable_skill_group_statistics()."""
        return self._code("DisableSkillGroupStatistics", rArgs)

    def EnableSkillGroupStatistics(self, rArgs: Any = None) -> CilError:
        """The code of enable_skill_group_statistics()."""
        return self._code("EnableSkillGroupStatistics", rArgs)
