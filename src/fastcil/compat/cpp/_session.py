"""The session by the C++ names.

Source: CTI OS Developer Guide 12.6(1), session chapter.
"""

from __future__ import annotations

from typing import Any, cast, overload

from fastcil.catalog import CilError
from fastcil.cil.errors import SessionError
from fastcil.cil.silent import SilentMonitorManager
from fastcil.compat import _common as common
from fastcil.compat._session import FaceSession, references
from fastcil.compat.cpp._counts import Out
from fastcil.compat.cpp._listeners import Listeners
from fastcil.compat.cpp._objects import (
    CAgent,
    CCall,
    CCtiOsObject,
    CSilentMonitorManager,
    CSkillGroup,
    CWaitObject,
)
from fastcil.compat.cpp._values import Arguments, given

__all__ = ["CCtiOsSession"]


class CCtiOsSession(CCtiOsObject, FaceSession, Listeners):
    """A session by the C++ names. Without a mode Disconnect needs ForcedDisconnect."""

    _agent = CAgent
    _call = CCall
    _skill_group = CSkillGroup
    wait_object_type = CWaitObject
    silent_monitor_manager_type = CSilentMonitorManager
    _needs_mode = True

    def Connect(self, args: Any) -> CilError:
        """Begins to connect to CtiosA or CtiosB; OnConnection or OnConnectionFailure follows."""
        code = super().Connect(args)
        if code is CilError.E_CTIOS_SESSION_NOT_DISCONNECTED:  # C++ and COM say it so
            code = CilError.E_CTIOS_MODE_CONFLICT
            self.note_error(code)
        return code

    @overload
    def GetObjectFromObjectID(self, uniqueObjectID: str) -> CCtiOsObject: ...
    @overload
    def GetObjectFromObjectID(
        self, uniqueObjectID: str, object: Out[Any] | None
    ) -> CCtiOsObject | bool: ...
    def GetObjectFromObjectID(self, uniqueObjectID: str, object: Out[Any] | None = None) -> Any:
        """An agent, call or skill group; with an Out, put there, and whether there is one."""
        return given(self.object(uniqueObjectID), uniqueObjectID, "object", object)

    def GetCurrentAgent(self) -> CAgent | None:
        """The agent given to SetAgent."""
        return cast("CAgent | None", self.current_agent)

    def GetCurrentCall(self) -> CCall | None:
        """The call that the buttons are about."""
        return cast("CCall | None", self.current_call)

    def GetAllAgents(self) -> Arguments:
        """UniqueObjectID to CILRefArg."""
        found: Arguments = references(Arguments, self.agents)
        return found

    def GetAllCalls(self) -> Arguments:
        """UniqueObjectID to CILRefArg."""
        found: Arguments = references(Arguments, self.calls)
        return found

    def GetAllSkillGroups(self) -> Arguments:
        """UniqueObjectID to CILRefArg."""
        found: Arguments = references(Arguments, self.skill_groups)
        return found

    def CreateWaitObject(self, args: Any) -> CWaitObject | None:
        """A wait object for Event1 to EventN, or for what SetMask() will say; None for others."""
        return self._wait_object(args, CWaitObject)

    def CreateSilentMonitorManager(self, args: Any = None) -> CSilentMonitorManager | None:
        """A silent monitor manager; None when the arguments are wrong."""
        try:
            made = self.create_silent_monitor_manager(common.plain(args))
        except SessionError as error:
            self.note_error(error.code)
            return None
        assert isinstance(made, CSilentMonitorManager), "silent_monitor_manager_type says so"
        return made

    def DestroySilentMonitorManager(self, pSMManager: Any) -> CilError:
        """Ends the manager's mode, and the manager."""
        return self._silent_code(self.destroy_silent_monitor_manager, pSMManager)

    def SetCurrentSilentMonitor(self, pSMManager: Any) -> CilError:
        """Chooses the current manager; None for none."""
        return self._silent_code(self.set_current_silent_monitor, pSMManager)

    def GetCurrentSilentMonitor(self) -> CSilentMonitorManager | None:
        """The current manager."""
        return cast("CSilentMonitorManager | None", self.current_silent_monitor)

    GetCurrentSilentMonitorManager = GetCurrentSilentMonitor  # so printed in one table

    def _silent_code(self, work: Any, manager: SilentMonitorManager | None) -> CilError:
        try:
            work(manager)
        except SessionError as error:
            self.note_error(error.code)
            return error.code
        return CilError.CIL_OK
