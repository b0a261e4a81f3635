"""The C++ CIL's names: typed event interfaces, values that are returned or raise CtiosException.

Each Add…EventListener takes an object with a method per event of the interface, the adapters of
fastcil.cil among them; each …GenericListener takes one with OnEvent(iEventID, rArgs). Source: CTI
OS Developer Guide 12.6(1); the signatures are those of the catalog's api data.
"""

from __future__ import annotations

from typing import Any, cast

from fastcil import cil, codec
from fastcil.catalog import ArgDataType, CilError, SubscriberList
from fastcil.cil import dispatch
from fastcil.cil.dispatch import Handler
from fastcil.cil.settings import Settings
from fastcil.cil.store import ObjectStore
from fastcil.compat import _common as common
from fastcil.compat._common import Key

__all__ = [
    "Agent",
    "Arguments",
    "CCtiOsSession",
    "Call",
    "CtiOsObject",
    "CtiosException",
    "SkillGroup",
]


class CtiosException(Exception):
    """What a getter raises when there is no such value."""

    def __init__(self, message: str, code: int, status: int = 0) -> None:
        super().__init__(message)
        self._code = int(code)
        self._status = int(status)

    def GetCode(self) -> int:
        return self._code

    def GetStatus(self) -> int:
        return self._status

    def GetString(self) -> str:
        return str(self.args[0])

    def What(self) -> str:
        return f"{self.args[0]} (code {self._code}, status {self._status})"


def _raise_if_none(found: Any, what: Key, kind: str) -> Any:
    if found is None:
        name = common.key_name(what)
        raise CtiosException(f"{name}: no {kind} value", CilError.E_CTIOS_INVALID_ARGUMENT)
    return found


class Arguments:
    """Key-value pairs; a key is a name or a keyword number. Over the codec's Arguments."""

    def __init__(self, values: Any = None) -> None:
        self._values = values if isinstance(values, codec.Arguments) else codec.Arguments(values)

    @staticmethod
    def CreateInstance() -> Arguments:
        return Arguments()

    def _native(self) -> codec.Arguments:
        return self._values

    def _read(self, kind: str, key: Key) -> Any:
        return _raise_if_none(common.read(self._values, kind, key), key, kind)

    def _element(self, kind: str, index: int) -> Any:
        found = common.read_element(self._values, kind, index)
        return _raise_if_none(found, f"element {index}", kind)

    def SetValue(self, key: Key, value: Any) -> bool:
        return common.set_value(self._values, key, value)

    def AddItem(self, key: Key, value: Any) -> bool:
        return common.set_value(self._values, key, value)

    def SetElement(self, index: int, value: Any) -> bool:
        return common.set_element(self._values, index, value)

    def GetValueInt(self, key: Key) -> int:
        found: int = self._read("int", key)
        return found

    def GetValueUInt(self, key: Key) -> int:
        found: int = self._read("uint", key)
        return found

    def GetValueShort(self, key: Key) -> int:
        found: int = self._read("short", key)
        return found

    def GetValueUShort(self, key: Key) -> int:
        found: int = self._read("ushort", key)
        return found

    def GetValueBool(self, key: Key) -> bool:
        found: bool = self._read("bool", key)
        return found

    def GetValueString(self, key: Key) -> str:
        found: str = self._read("string", key)
        return found

    def GetValueArray(self, key: Key) -> Arguments:
        return Arguments(self._read("arguments", key))

    def GetElementInt(self, index: int) -> int:
        found: int = self._element("int", index)
        return found

    def GetElementUInt(self, index: int) -> int:
        found: int = self._element("uint", index)
        return found

    def GetElementShort(self, index: int) -> int:
        found: int = self._element("short", index)
        return found

    def GetElementUShort(self, index: int) -> int:
        found: int = self._element("ushort", index)
        return found

    def GetElementBool(self, index: int) -> bool:
        found: bool = self._element("bool", index)
        return found

    def GetElementString(self, index: int) -> str:
        found: str = self._element("string", index)
        return found

    def GetElementArg(self, index: int) -> Arguments:
        return Arguments(self._element("arguments", index))

    def GetElementKey(self, index: int) -> str:
        try:
            return self._values.element_key(index)
        except IndexError as error:
            raise CtiosException(str(error), CilError.E_CTIOS_INVALID_ARGUMENT) from None

    def NumElements(self) -> int:
        return len(self._values)

    def IsValid(self, key: Key) -> bool:
        return common.key_name(key) in self._values

    def RemoveItem(self, key: Key) -> bool:
        return self._values.remove(common.key_name(key))

    def Clear(self) -> None:
        self._values.clear()

    def Clone(self) -> Arguments:
        return Arguments(self._values.copy())

    def DumpArgs(self) -> str:
        return " ".join(f"{key} = {self._values.get_string(key)};" for key in self._values)

    def __repr__(self) -> str:
        return f"Arguments({self._values.to_dict()!r})"


class CtiOsObject(cil.CtiOsObject):
    """Properties by the C++ names."""

    __slots__ = ()

    def _read(self, kind: str, key: Key) -> Any:
        return _raise_if_none(common.read(self, kind, key), key, kind)

    def GetValueInt(self, key: Key) -> int:
        found: int = self._read("int", key)
        return found

    def GetValueString(self, key: Key) -> str:
        found: str = self._read("string", key)
        return found

    def GetValueArray(self, key: Key) -> Arguments:
        return Arguments(self._read("arguments", key))

    def SetValue(self, key: Key, value: Any) -> bool:
        return common.attempt(self.set_value, common.key_name(key), common.plain(value))

    def IsValid(self, key: Key) -> bool:
        return self.is_valid(common.key_name(key))

    def GetAllProperties(self) -> Arguments:
        return Arguments(self.get_all_properties())

    def GetNumProperties(self) -> int:
        return len(self.get_all_properties())

    def GetPropertyName(self, index: int) -> str:
        return self.GetAllProperties().GetElementKey(index)

    def GetPropertyType(self, key: Key) -> int:
        name = common.key_name(key)
        return ArgDataType(int(self.get_property_type(name)) if self.is_valid(name) else 0)

    def DumpProperties(self) -> str:
        return self.dump()


class Agent(CtiOsObject, cil.Agent):
    """An agent."""

    __slots__ = ()


class Call(CtiOsObject, cil.Call):
    """A call."""

    __slots__ = ()


class SkillGroup(CtiOsObject, cil.SkillGroup):
    """A skill group."""

    __slots__ = ()


def _typed(listener: Any, message_id: int, name: str) -> Handler | None:
    handler = dispatch.typed(listener, message_id, name)
    if handler is None:
        return None
    return lambda number, arguments: handler(number, cast("codec.Arguments", Arguments(arguments)))


def _generic(listener: Any, message_id: int, name: str) -> Handler | None:
    on_event = listener.OnEvent
    return lambda number, arguments: on_event(number, Arguments(arguments))


class CCtiOsSession(CtiOsObject, cil.ThreadedSession):
    """A session by the C++ names. Disconnect does not wait: OnConnectionClosed follows."""

    def __init__(self) -> None:
        super().__init__(store=ObjectStore(agent=Agent, call=Call, skill_group=SkillGroup))

    def Connect(self, args: Arguments) -> int:
        values = common.plain(args)
        code = common.code_of(lambda: self.start(Settings.from_arguments(values)))
        if code == CilError.E_CTIOS_SESSION_NOT_DISCONNECTED:
            return CilError.E_CTIOS_MODE_CONFLICT  # C++ and COM say it so
        return code

    def Disconnect(self, args: Arguments | None = None) -> int:
        if self.disconnect(timeout=0.0):
            return CilError.CIL_OK
        return CilError.E_CTIOS_SESSION_NOT_CONNECTED

    def SetMessageFilter(self, args: Arguments) -> int:
        return common.set_message_filter(self, common.plain(args))

    # --- typed listeners: a method per event, with rArgs ---

    def AddSessionEventListener(self, pSessionEvents: Any) -> int:
        return common.add_listener(self, pSessionEvents, SubscriberList.eSessionList, _typed)

    def RemoveSessionEventListener(self, pSessionEvents: Any) -> int:
        return common.remove_listener(self, pSessionEvents, SubscriberList.eSessionList, _typed)

    def AddCallEventListener(self, pCallEvents: Any) -> int:
        return common.add_listener(self, pCallEvents, SubscriberList.eCallList, _typed)

    def RemoveCallEventListener(self, pCallEvents: Any) -> int:
        return common.remove_listener(self, pCallEvents, SubscriberList.eCallList, _typed)

    def AddAgentEventListener(self, pAgentEvents: Any) -> int:
        return common.add_listener(self, pAgentEvents, SubscriberList.eAgentList, _typed)

    def RemoveAgentEventListener(self, pAgentEvents: Any) -> int:
        return common.remove_listener(self, pAgentEvents, SubscriberList.eAgentList, _typed)

    def AddSkillGroupEventListener(self, pSkillGroupEvents: Any) -> int:
        return common.add_listener(self, pSkillGroupEvents, SubscriberList.eSkillGroupList, _typed)

    def RemoveSkillGroupEventListener(self, pSkillGroupEvents: Any) -> int:
        return common.remove_listener(
            self, pSkillGroupEvents, SubscriberList.eSkillGroupList, _typed
        )

    def AddButtonEnablementEventListener(self, pButtonEvents: Any) -> int:
        return common.add_listener(
            self, pButtonEvents, SubscriberList.eButtonEnablementList, _typed
        )

    def RemoveButtonEnablementEventListener(self, pButtonEvents: Any) -> int:
        return common.remove_listener(
            self, pButtonEvents, SubscriberList.eButtonEnablementList, _typed
        )

    def AddAllInOneEventListener(self, pAllInOneEvents: Any) -> int:
        return common.add_listener(self, pAllInOneEvents, SubscriberList.eAllInOneList, _typed)

    def RemoveAllInOneEventListener(self, pAllInOneEvents: Any) -> int:
        return common.remove_listener(self, pAllInOneEvents, SubscriberList.eAllInOneList, _typed)

    def AddSilentMonitorEventListener(self, pSilentMonitorEvents: Any) -> int:
        return common.add_listener(
            self, pSilentMonitorEvents, SubscriberList.eSilentMonitorList, _typed
        )

    def RemoveSilentMonitorEventListener(self, pSilentMonitorEvents: Any) -> int:
        return common.remove_listener(
            self, pSilentMonitorEvents, SubscriberList.eSilentMonitorList, _typed
        )

    # --- generic listeners: OnEvent(iEventID, rArgs) ---

    def AddSessionEventGenericListener(self, pSessionEvents: Any) -> int:
        return common.add_listener(self, pSessionEvents, SubscriberList.eSessionList, _generic)

    def RemoveSessionEventGenericListener(self, pSessionEvents: Any) -> int:
        return common.remove_listener(self, pSessionEvents, SubscriberList.eSessionList, _generic)

    def AddCallEventGenericListener(self, pCallEvents: Any) -> int:
        return common.add_listener(self, pCallEvents, SubscriberList.eCallList, _generic)

    def RemoveCallEventGenericListener(self, pCallEvents: Any) -> int:
        return common.remove_listener(self, pCallEvents, SubscriberList.eCallList, _generic)

    def AddAgentEventGenericListener(self, pAgentEvents: Any) -> int:
        return common.add_listener(self, pAgentEvents, SubscriberList.eAgentList, _generic)

    def RemoveAgentEventGenericListener(self, pAgentEvents: Any) -> int:
        return common.remove_listener(self, pAgentEvents, SubscriberList.eAgentList, _generic)

    def AddSkillGroupEventGenericListener(self, pSkillGroupEvents: Any) -> int:
        return common.add_listener(
            self, pSkillGroupEvents, SubscriberList.eSkillGroupList, _generic
        )

    def RemoveSkillGroupEventGenericListener(self, pSkillGroupEvents: Any) -> int:
        return common.remove_listener(
            self, pSkillGroupEvents, SubscriberList.eSkillGroupList, _generic
        )

    def AddButtonEnablementEventGenericListener(self, pButtonEvents: Any) -> int:
        return common.add_listener(
            self, pButtonEvents, SubscriberList.eButtonEnablementList, _generic
        )

    def RemoveButtonEnablementEventGenericListener(self, pButtonEvents: Any) -> int:
        return common.remove_listener(
            self, pButtonEvents, SubscriberList.eButtonEnablementList, _generic
        )

    def AddAllInOneEventGenericListener(self, pAllInOneEvents: Any) -> int:
        return common.add_listener(self, pAllInOneEvents, SubscriberList.eAllInOneList, _generic)

    def RemoveAllInOneEventGenericListener(self, pAllInOneEvents: Any) -> int:
        return common.remove_listener(self, pAllInOneEvents, SubscriberList.eAllInOneList, _generic)

    def AddSilentMonitorEventGenericListener(self, pSilentMonitorEvents: Any) -> int:
        return common.add_listener(
            self, pSilentMonitorEvents, SubscriberList.eSilentMonitorList, _generic
        )

    def RemoveSilentMonitorEventGenericListener(self, pSilentMonitorEvents: Any) -> int:
        return common.remove_listener(
            self, pSilentMonitorEvents, SubscriberList.eSilentMonitorList, _generic
        )
