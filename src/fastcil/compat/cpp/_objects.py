"""The objects by the C++ names.

Source: CTI OS Developer Guide 12.6(1), CtiOs Object chapter and those of the objects; silent
monitor manager chapter.
"""

from __future__ import annotations

from typing import Any, cast, overload

from fastcil.catalog import CilError, WaitResult
from fastcil.cil import silent
from fastcil.compat import _common as common
from fastcil.compat._common import Key
from fastcil.compat._objects import (
    FaceAgent,
    FaceCall,
    FaceObject,
    FaceSkillGroup,
    FaceWaitObject,
)
from fastcil.compat._session import references
from fastcil.compat.cpp._counts import Counted, Out
from fastcil.compat.cpp._values import Arg, Arguments, Getters, given

__all__ = ["CAgent", "CCall", "CCtiOsObject", "CSilentMonitorManager", "CSkillGroup", "CWaitObject"]


class CCtiOsObject(Getters, Counted, FaceObject):
    """Properties; a getter raises CtiosException, or takes an Out and tells."""

    __slots__ = ()
    _arguments = Arguments

    def _read(self, kind: str, key: Key) -> Any:
        return FaceObject._read(self, kind, key)

    def SetValue(self, key: Any, value: Any = ...) -> bool:
        """SetValue(key, value), or SetValue("key=value")."""
        if value is ...:
            name, equals, text = str(key).partition("=")
            return bool(equals) and FaceObject.SetValue(self, name, text.strip())
        return FaceObject.SetValue(self, key, value)

    @overload
    def GetValue(self, key: Key) -> Arg: ...
    @overload
    def GetValue(self, key: Key, value: Out[Arg] | None) -> Arg | bool: ...
    def GetValue(self, key: Key, value: Out[Arg] | None = None) -> Any:
        """A property as Arg or Arguments."""
        return given(self._property(key), key, "Arg", value)

    @overload
    def GetValueArray(self, key: Key) -> Arguments: ...
    @overload
    def GetValueArray(self, key: Key, value: Out[Arguments] | None) -> Arguments | bool: ...
    def GetValueArray(self, key: Key, value: Out[Arguments] | None = None) -> Any:
        """A property that is an array."""
        found = self._read("arguments", key)
        return given(None if found is None else Arguments(found), key, "Arguments", value)

    def GetElement(self, key: Key, element: int) -> Arg | None:
        """The element at a 1-based index of a property that is an array; None on failure."""
        found: Arg | None = self._element_of(key, element)
        return found

    @overload
    def GetAllProperties(self) -> Arguments: ...
    @overload
    def GetAllProperties(self, args: Out[Arguments] | None) -> Arguments | bool: ...
    def GetAllProperties(self, args: Out[Arguments] | None = None) -> Any:
        """All properties, as Arguments of their own; with an Out, put there, and true."""
        return given(self._properties(), "", "Arguments", args)

    def GetPropertyName(self, index: int) -> str:
        """The name of the property at a 1-based index."""
        return str(given(self._name_at(index), f"element {index}", "name", None))


class CSkillGroup(CCtiOsObject, FaceSkillGroup):
    """A skill group."""

    __slots__ = ()


class CCall(CCtiOsObject, FaceCall):
    """A call."""

    __slots__ = ()

    def GetCallContext(self) -> Arguments:
        """What identifies the call."""
        return Arguments(self.get_call_context())

    def GetCallData(self) -> Arguments:
        """CallVariable1 to 10 and ECC."""
        return Arguments(self.get_call_data())


class CAgent(CCtiOsObject, FaceAgent):
    """An agent; one that the application makes has AgentID and PeripheralID set for SetAgent."""

    __slots__ = ()

    def GetMonitoredAgent(self) -> CAgent | None:
        """The agent whom this supervisor monitors."""
        return cast("CAgent | None", self.get_monitored_agent())

    def GetMonitoredCall(self) -> CCall | None:
        """The call chosen by StartMonitoringCall."""
        return cast("CCall | None", self.get_monitored_call())

    def GetSkillGroups(self) -> Arguments:
        """UniqueObjectID to CILRefArg of the agent's skill groups that the session knows."""
        found: Arguments = references(Arguments, self.get_skill_groups())
        return found


class CWaitObject(CCtiOsObject, FaceWaitObject):
    """Waits for events; made by the session's CreateWaitObject."""

    __slots__ = ()

    @overload
    def GetMask(self) -> Arguments: ...
    @overload
    def GetMask(self, pMask: Out[Arguments] | None) -> Arguments | bool: ...
    def GetMask(self, pMask: Out[Arguments] | None = None) -> Any:
        """The mask, Event1 to EventN; with an Out, put there, and true."""
        return given(Arguments(self.get_mask()), "", "Arguments", pMask)

    def WaitOnMultipleEvents(self, Milliseconds: int | None = None) -> WaitResult:
        """Waits for an event of the mask; without an argument for ever. Not in a listener:
        WAIT_FAILED. 0 does not mean for ever here, as it does in Java and .NET: one millisecond."""
        return self._waited(Milliseconds if Milliseconds is None else Milliseconds or 1)


class CSilentMonitorManager(CCtiOsObject, silent.SilentMonitorManager):
    """Silent monitoring of the CTI OS kind, without the voice; made by CreateSilentMonitorManager.

    The key of a session, SMSessionKey, is put into the Arguments of StartSilentMonitorRequest when
    the server has confirmed it.
    """

    __slots__ = ()

    def StartSMMonitoredMode(self, rArgs: Any = None) -> CilError:
        """Ready to be monitored."""
        return self._code("StartSMMonitoredMode", rArgs)

    def StartSMMonitoringMode(self, rArgs: Any = None) -> CilError:
        """Ready to monitor."""
        return self._code("StartSMMonitoringMode", rArgs)

    def StopSilentMonitorMode(self, rArgs: Any = None) -> CilError:
        """Ends the mode, and a session under way."""
        return self._code("StopSilentMonitorMode", rArgs)

    def StartSilentMonitorRequest(
        self, rArgs: Any = None, nSMSessionKey: Out[int] | None = None
    ) -> CilError:
        """Begins to monitor an agent, by AgentID or DeviceID. An Out gets the session's key too."""
        pending = self.perform("StartSilentMonitorRequest", common.plain(rArgs))

        def give() -> None:
            if nSMSessionKey is not None and pending.exception() is None:
                nSMSessionKey.value = pending.result(0).get_int("SMSessionKey")

        pending.add_waker(give)
        return pending.code

    def StopSilentMonitorRequest(self, rArgs: Any = None, nSMSessionKey: Any = None) -> CilError:
        """Ends the session with SMSessionKey; a sample gives the key once more."""
        return self._code("StopSilentMonitorRequest", rArgs)

    def AcceptSilentMonitoring(self, rArgs: Any = None) -> CilError:
        """Accepts a request that is not accepted by itself (DoDefaultMessageHandling)."""
        return self._code("AcceptSilentMonitoring", rArgs)

    def ReportSMSessionStatus(self, rArgs: Any = None) -> CilError:
        """Tells the monitoring side a status; named in the event interfaces chapter only."""
        return self._code("ReportSMSessionStatus", rArgs)

    def SetIPPhoneInfo(self, rArgs: Any = None) -> CilError:
        """Tells of the phone that is monitored: ClientAddress, and what is known of its stream."""
        return self._code("SetIPPhoneInfo", rArgs)

    def GetIPPhoneInfo(self) -> Arguments | None:
        """The phone that is monitored; None when nothing is known of it."""
        found = self.get_ip_phone_info()
        return None if found is None else Arguments(found)

    def GetSessionInfo(self, rArgs: Any = None) -> Arguments | None:
        """The session under way; None when there is none."""
        found = self.get_session_info(common.plain(rArgs))
        return None if found is None else Arguments(found)

    def GetSMSessionList(self) -> Arguments:
        """The sessions under way, at most one, by SMSessionKey."""
        return Arguments(self.get_sm_session_list())

    def IsMonitoredTarget(self, rArgs: Any) -> bool:
        """Whether MonitoredUniqueObjectID is who is monitored now."""
        return self.is_monitored_target(common.plain(rArgs))

    def _code(self, method: str, rArgs: Any) -> CilError:
        return self.perform(method, common.plain(rArgs)).code
