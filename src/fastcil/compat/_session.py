"""What the session of every face does under the same names and with the same results.

Source: CTI OS Developer Guide 12.6(1), session chapter; building chapter
(SendIdentifyClientRequest).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from fastcil import cil
from fastcil.catalog import CilError
from fastcil.cil.store import ObjectStore
from fastcil.cil.waiting import WaitObject
from fastcil.compat import _common as common
from fastcil.compat._objects import FaceObject
from fastcil.compat._requests import SessionRequests
from fastcil.compat._values import Table

__all__ = ["FaceSession", "references"]

W = TypeVar("W", bound=WaitObject)


class FaceSession(FaceObject, SessionRequests, cil.ThreadedSession):
    """A session. Nothing waits: what follows comes as events, on one thread, in order."""

    _agent: ClassVar[type[cil.Agent]]
    _call: ClassVar[type[cil.Call]]
    _skill_group: ClassVar[type[cil.SkillGroup]]
    _needs_mode: ClassVar[bool] = False

    def __init__(self) -> None:
        store = ObjectStore(agent=self._agent, call=self._call, skill_group=self._skill_group)
        super().__init__(store=store)

    def Connect(self, rArgs: Any) -> CilError:
        """Begins to connect to CtiosA or CtiosB; OnConnection or OnConnectionFailure follows."""
        return self.begin_connect(common.plain(rArgs))

    def Disconnect(self, rArgs: Any = None) -> CilError:
        """Ends the connection, or the tries to get one; OnConnectionClosed follows."""
        return self.begin_disconnect(common.plain(rArgs), needs_mode=self._needs_mode)

    def SetAgent(self, agent: Any) -> CilError:
        """Agent mode for an agent with AgentID and PeripheralID; None drops the agent."""
        return self.perform("SetAgent", agent).code

    def SetCurrentCall(self, call: Any) -> CilError:
        """Chooses the current call; None for none."""
        return self.perform("SetCurrentCall", call).code

    def SetMessageFilter(self, rArgs: Any) -> CilError:
        """Monitor mode with Filter, in an Arguments or as the text itself; OnMonitorModeEstablished
        follows."""
        return self._code(
            "SetMessageFilter", {"Filter": rArgs} if isinstance(rArgs, str) else rArgs
        )

    SetMessageFilterArgs = SetMessageFilter  # so printed in one table

    def RequestDesktopSettings(self, rArgs: Any) -> CilError:
        """DesktopType 0 (agent) or 1 (supervisor), in an Arguments or as the number itself."""
        values = common.plain(rArgs)
        if isinstance(values, int):
            values = {"DesktopType": int(values)}
        return self._code("RequestDesktopSettings", values)

    def SendIdentifyClientRequest(self) -> CilError:
        """The connection's opening has told who the client is; the code says if there is one."""
        return self.perform("SendIdentifyClientRequest").code

    def SetSupervisorSilentMonitorMode(self, rArgs: Any) -> CilError:
        """SilentMonitorForceMonitoredMode: 1, a supervisor may be monitored; 0, may not."""
        return self._code("SetSupervisorSilentMonitorMode", rArgs)

    SetSupervisorMonitorMode = SetSupervisorSilentMonitorMode  # so printed in a heading

    def GetSystemStatus(self) -> int:
        """What is not on-line, as bits; see get_system_status()."""
        return self.get_system_status()

    def IsAgent(self) -> bool:
        """Whether there is a current agent who is no supervisor."""
        return self.is_agent()

    def IsSupervisor(self) -> bool:
        """Whether the current agent is a supervisor."""
        return self.is_supervisor()

    def IsCCMSilentMonitor(self) -> bool:
        """Whether silent monitoring is that of Unified CM."""
        return self.is_ccm_silent_monitor()

    def DestroyWaitObject(self, rWaitObj: Any) -> None:
        """Releases a wait object: its waiters wake with WAIT_FAILED."""
        if isinstance(rWaitObj, WaitObject):
            self.destroy_wait_object(rWaitObj)

    def _property(self, key: Any) -> Any:
        """CurrentAgent and CurrentCall are references to the objects."""
        current = {"currentagent": self.current_agent, "currentcall": self.current_call}
        found = current.get(common.key_name(key).strip().lower())
        return super()._property(key) if found is None else self._arguments._reference(found)

    def _wait_object(self, rArgs: Any, kind: type[W]) -> W | None:
        """A wait object of the face; None when its mask names no event."""
        try:
            made = self.create_wait_object(common.plain(rArgs))
        except (TypeError, ValueError):
            self.note_error(CilError.E_CTIOS_INVALID_ARGUMENT)
            return None
        assert isinstance(made, kind), "wait_object_type says so"
        return made


def references(table: type[Table], objects: Mapping[str, cil.CtiOsObject]) -> Any:
    """Arguments of UniqueObjectID to CilRefArg."""
    found = table()
    for key, one in list(objects.items()):
        found._set(key, one)
    return found
