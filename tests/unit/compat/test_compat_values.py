"""Arg, CilRefArg and Arguments of the three faces: types, conversions, references, failures."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from documented import FACES

from fastcil.catalog import AgentState, ArgDataType, CilError, keyword_id
from fastcil.compat import cpp, dotnet, java

Type = ArgDataType
# A value, its type, and what each getter of an Arg makes of it; None: it cannot.
CONVERSIONS: list[tuple[Any, Type, dict[str, Any]]] = [
    (25, Type.ARG_INT, {"Int": 25, "UInt": 25, "Short": 25, "UShort": 25, "String": "25"}),
    ("25", Type.ARG_STRING, {"Int": 25, "UInt": 25, "Short": 25, "UShort": 25, "String": "25"}),
    ("abc", Type.ARG_STRING, {"Int": None, "UInt": None, "Short": None, "String": "abc"}),
    (-1, Type.ARG_INT, {"Int": -1, "UInt": 0xFFFFFFFF, "Short": -1, "UShort": None}),
    (70000, Type.ARG_INT, {"Int": 70000, "Short": None, "UShort": None}),
    (4000000000, Type.ARG_UINT, {"Int": -294967296, "UInt": 4000000000, "String": "4000000000"}),
    (True, Type.ARG_BOOL, {"Bool": True, "Int": 1, "String": "true"}),
    (False, Type.ARG_BOOL, {"Bool": False, "Int": 0}),
    ("", Type.ARG_STRING, {"Int": None, "String": ""}),
]  # fmt: skip


def java_get(source: Any, kind: str, *where: Any) -> Any:
    name = "GetValueString" if kind == "String" else f"GetValue{kind}Obj"
    return getattr(source, name)(*where)


def dotnet_get(source: Any, kind: str, *where: Any) -> Any:
    found, value = getattr(source, f"GetValue{kind}")(*where)
    if not found:
        default: Any = None if kind == "String" else False if kind == "Bool" else 0
        assert value == default
        assert type(value) is type(default)
    return value if found else None


def cpp_get(source: Any, kind: str, *where: Any) -> Any:
    """Both forms, which agree."""
    getter = getattr(source, f"GetValue{kind}")
    pointer: cpp.Out[Any] = cpp.Out()
    there = getter(*where, pointer)
    assert isinstance(there, bool)
    if there:
        assert getter(*where) == pointer.value
        return pointer.value
    with pytest.raises(cpp.CtiosException) as caught:
        getter(*where)
    assert caught.value.GetCode() == CilError.E_CTIOS_INVALID_ARGUMENT
    assert pointer.value is None
    return None


GET: dict[str, Callable[..., Any]] = {"Java": java_get, ".NET": dotnet_get, "C++": cpp_get}
faces = pytest.mark.parametrize("language", FACES)


@faces
@pytest.mark.parametrize(("value", "type", "wanted"), CONVERSIONS)
def test_conversions(language: str, value: Any, type: Type, wanted: dict[str, Any]) -> None:
    face, get = FACES[language], GET[language]
    arg = face.Arg()
    assert arg.GetType() is Type.ARG_NOTSET
    assert arg.SetValue(value)
    assert arg.GetType() is type
    arguments = face.Arguments()
    assert arguments.SetValue("Key", value)
    held = face.Agent()
    assert held.SetValue("Key", value)
    for kind, result in wanted.items():
        assert get(arg, kind) == result, kind
        assert get(arguments, kind, " kEY ") == result, kind
        if kind != "Bool" or language != ".NET":
            assert get(held, kind, "Key") == result, kind
    assert held.GetPropertyType("Key") is type
    assert arg.DumpArg() == arg.Clone().DumpArg() == (get(arg, "String") or "")


@faces
@pytest.mark.parametrize("value", [1.5, object(), 1 << 40, "\ud800"])
def test_what_cannot_be_a_value(language: str, value: object) -> None:
    face = FACES[language]
    assert not face.Arg().SetValue(value)
    arguments = face.Arguments()
    assert not arguments.SetValue("Key", value)
    assert not face.Call().SetValue("Key", value)
    assert arguments.NumElements() == 0


@faces
def test_keys_are_names_numbers_or_args(language: str) -> None:
    face, get = FACES[language], GET[language]
    number = java.CtiOs_IKeywordIDs.CTIOS_AGENTID
    arguments = face.Arguments()
    assert arguments.SetValue(number, "1001")
    assert arguments.IsValid(" AGENTID ")
    assert arguments.IsValid(face.Arg("AgentID"))
    assert not arguments.IsValid(face.Arg("PeripheralID"))
    assert get(arguments, "String", "AgentID") == "1001"
    assert get(arguments, "Int", number) == 1001
    assert arguments.SetValue("agentid", "1002")  # replaces
    assert arguments.NumElements() == 1
    assert arguments.RemoveItem(number)
    assert not arguments.RemoveItem(number)
    assert not arguments.IsValid(number)


@faces
def test_an_arg_keeps_its_type(language: str) -> None:
    face = FACES[language]
    arg = face.Arg()
    if language == "C++":
        arg = face.Arguments({"K": 1}).GetValue("K")
        assert arg.GetType() is Type.ARG_INT
    else:
        assert arg.SetValueUShort(7)
        assert arg.GetType() is Type.ARG_USHORT
        assert not arg.SetValueUShort(70000)
        assert arg.SetValueUInt(7)
        assert arg.GetType() is Type.ARG_UINT
        assert not arg.SetValueUInt(-1)
    other = face.Arg()
    assert other.SetValue(arg)
    assert other.GetType() is arg.GetType()
    arguments = face.Arguments()
    assert arguments.SetValue("Key", arg)
    back = arguments.GetValue("Key")
    back = back[1] if language == ".NET" else back
    assert isinstance(back, face.Arg)
    assert back.GetType() is arg.GetType()


def test_dotnet_and_java_set_unsigned_values() -> None:
    for face in (java, dotnet):
        arguments = face.Arguments()
        assert arguments.SetValueUInt("Big", 4000000000)
        assert arguments.SetValueUShort("Port", 65535)
        assert not arguments.SetValueUInt("Big", -1)
        assert not arguments.SetValueUShort("Port", 65536)
        assert arguments.DumpArgs() == "Big = 4000000000; Port = 65535;"
    agent = java.Agent()
    assert agent.SetValueUInt("Big", 4000000000)
    assert agent.SetValueUShort("Port", 65535)
    assert not agent.SetValueUInt("Big", -1)
    assert not agent.SetValueUShort("Port", 65536)
    assert agent.GetValueUIntObj("Big") == 4000000000
    assert agent.GetValueUShortObj("Port") == 65535


def test_dotnet_arg_type() -> None:
    arg = dotnet.Arg("x")
    assert arg.GetArgType() is arg.GetType() is Type.ARG_STRING


def test_java_elements() -> None:
    arguments = java.Arguments({"A": "7", "B": True, "C": {"x": 1}})
    assert arguments.GetElementKey(1) == "A"
    assert arguments.GetElementIntObj(1) == 7
    assert arguments.GetElementUIntObj(1) == 7
    assert arguments.GetElementShortObj(1) == 7
    assert arguments.GetElementUShortObj(1) == 7
    assert arguments.GetElementBoolObj(2) is True
    assert arguments.GetElementString(1) == "7"
    nested = arguments.GetElementArguments(3)
    assert nested is not None
    assert nested.GetValueIntObj("x") == 1
    one = arguments.GetElement(1)
    assert one is not None
    assert one.GetValueString() == "7"
    assert isinstance(arguments.GetElement(3), java.Arguments)
    for index in (0, 4, -1):
        assert arguments.GetElement(index) is None
        assert arguments.GetElementKey(index) is None
        assert arguments.GetElementString(index) is None
        assert arguments.GetElementArguments(index) is None
    assert arguments.GetElementIntObj(3) is None
    assert arguments.GetElementBoolObj(3) is None


def test_dotnet_elements() -> None:
    arguments = dotnet.Arguments({"A": "7", "B": True, "C": {"x": 1}})
    assert arguments.GetElementKey(1) == (True, "A")
    assert arguments.GetElementInt(1) == (True, 7)
    assert arguments.GetElementUInt(1) == (True, 7)
    assert arguments.GetElementShort(1) == (True, 7)
    assert arguments.GetElementUShort(1) == (True, 7)
    assert arguments.GetElementBool(2) == (True, True)
    assert arguments.GetElementString(1) == (True, "7")
    found, nested = arguments.GetElementArguments(3)
    assert found
    assert nested is not None
    assert nested.GetValueInt("x") == (True, 1)
    found, one = arguments.GetElement(3)
    assert found
    assert isinstance(one, dotnet.Arguments)
    for index in (0, 4):
        assert arguments.GetElement(index) == (False, None)
        assert arguments.GetElementKey(index) == (False, None)
        assert arguments.GetElementString(index) == (False, None)
        assert arguments.GetElementArguments(index) == (False, None)
        assert arguments.GetElementInt(index) == (False, 0)
    assert arguments.GetElementBool(3) == (False, False)


def test_cpp_elements() -> None:
    arguments = cpp.Arguments({"A": "7", "B": True, "C": {"x": 1}})
    for name in ("GetElementInt", "GetElementUInt", "GetElementShort", "GetElementUShort"):
        assert getattr(arguments, name)(1) == 7
        number: cpp.Out[int] = cpp.Out()
        assert getattr(arguments, name)(1, number)
        assert number.value == 7
        assert not getattr(arguments, name)(3, number)
        with pytest.raises(cpp.CtiosException, match="element 4"):
            getattr(arguments, name)(4)
    assert arguments.GetElementBool(2) is True
    flag: cpp.Out[bool] = cpp.Out()
    assert arguments.GetElementBool(2, flag)
    assert flag.value is True
    text: cpp.Out[str] = cpp.Out()
    assert arguments.GetElementString(1) == "7"
    assert arguments.GetElementString(1, text)
    assert text.value == "7"
    assert not arguments.GetElementString(9, text)
    key: cpp.Out[str] = cpp.Out()
    assert arguments.GetElementKey(1, key)
    assert arguments.GetElementKey(1) == key.value == "A"
    number_of_key = cpp.Out(0)  # as for an int
    assert not arguments.GetElementKey(1, number_of_key)
    assert number_of_key.value == 0
    assert cpp.Arguments({"AgentID": "1"}).GetElementKey(1, number_of_key)
    assert number_of_key.value == keyword_id("AgentID")
    nested: cpp.Out[cpp.Arguments] = cpp.Out()
    assert arguments.GetElementArg(3, nested)
    assert nested.value is not None
    assert nested.value.GetValueInt("x") == arguments.GetElementArg(3).GetValueInt("x") == 1
    one: cpp.Out[cpp.Arg] = cpp.Out()
    assert arguments.GetElement(3, one)
    assert isinstance(one.value, cpp.Arguments)
    assert isinstance(arguments.GetElement(1), cpp.Arg)
    with pytest.raises(cpp.CtiosException):
        arguments.GetElement(0)


def test_cpp_values_and_items() -> None:
    arguments = cpp.Arguments()
    assert arguments.AddItem(cpp.CTIOS_AGENTID, "1")
    assert arguments.AddItem("List", cpp.Arguments({"x": 1}))
    assert arguments.SetElement(1, "2")
    assert not arguments.SetElement(3, "2")
    assert arguments.GetValueArg("AgentID").GetValueString() == "2"
    pointer: cpp.Out[cpp.Arg] = cpp.Out()
    assert arguments.GetValueArg("AgentID", pointer)
    assert arguments.GetValue("List", pointer)
    assert isinstance(pointer.value, cpp.Arguments)
    array: cpp.Out[cpp.Arguments] = cpp.Out()
    assert arguments.GetValueArray("List", array)
    assert array.value is not None
    assert array.value.GetValueInt("x") == arguments.GetValueArray("List").GetValueInt("x") == 1
    assert not arguments.GetValueArray("AgentID", array)
    with pytest.raises(cpp.CtiosException, match="None"):
        arguments.GetValue("None")


@faces
def test_nested_arguments_are_live(language: str) -> None:
    face, get = FACES[language], GET[language]
    inner = face.Arguments()
    outer = face.Arguments()
    assert outer.SetValue("Inner", inner)
    assert inner.SetValue("x", 1)
    found = outer.GetValueArray("Inner")
    found = found[1] if language == ".NET" else found
    assert found.SetValue("y", 2)
    assert get(inner, "Int", "y") == 2
    assert outer.GetType() is Type.ARG_ARGARRAY
    assert get(outer, "Int") is None
    clone = outer.Clone()
    assert type(clone) is face.Arguments
    assert inner.SetValue("x", 5)
    copied = clone.GetValueArray("Inner")
    copied = copied[1] if language == ".NET" else copied
    assert get(copied, "Int", "x") == 1
    assert "y = 2" in outer.DumpArgs() or "y" in outer.DumpArg()
    outer.Clear()
    assert outer.NumElements() == 0
    assert clone.NumElements() == 1


def test_arguments_are_merged() -> None:
    call = java.Call()
    other = java.Arguments({"A": 2, "B": 3})
    assert other.SetValue("C", call)
    into = java.Arguments({"A": 1})
    assert into.SetValue(other)
    assert into.DumpArgs() == "A = 2; B = 3; C = ;"
    reference = into.GetValue("C")
    assert isinstance(reference, java.CilRefArg)
    assert reference.GetValue() is call
    assert not into.SetValue("no arguments")
    sharp = dotnet.Arguments({"A": 1})
    assert sharp.SetValueArguments(dotnet.Arguments({"A": 2}))
    assert sharp.GetValueInt("A") == (True, 2)
    assert not sharp.SetValueArguments(7)


def held(language: str, reference: Any) -> Any:
    found = reference.GetValue()
    if language != ".NET":
        return found
    assert found[0] is (found[1] is not None)
    return found[1]


@faces
def test_references(language: str) -> None:
    face, get = FACES[language], GET[language]
    call = face.Call()
    assert call.SetValue("UniqueObjectID", "call.1.2.3")
    reference = face.CilRefArg()
    assert held(language, reference) is None
    assert not reference.SetValue("call.1.2.3")
    assert reference.SetValue(call)
    assert reference.GetType() is Type.ARG_REFERENCE
    assert held(language, reference) is call
    assert held(language, reference.Clone()) is call
    assert get(reference, "String") == "call.1.2.3"
    assert get(reference, "Int") is None
    if language != "C++":
        assert reference.GetUniqueObjectID() == "call.1.2.3"
        assert face.CilRefArg().GetUniqueObjectID() is None
    arguments = face.Arguments()
    for value in (call, reference):
        assert arguments.SetValue("CallReference", value)
        assert get(arguments, "String", "callreference") == "call.1.2.3"
        found = arguments.GetValue("CALLREFERENCE")
        found = found[1] if language == ".NET" else found
        assert isinstance(found, face.CilRefArg)
        assert held(language, found) is call
    cloned = arguments.Clone().GetValue("CallReference")
    cloned = cloned[1] if language == ".NET" else cloned
    assert held(language, cloned) is call
    # Another value, and it is a reference no more.
    assert arguments.SetValue("CallReference", "call.1.2.3")
    found = arguments.GetValue("CallReference")
    found = found[1] if language == ".NET" else found
    assert not isinstance(found, face.CilRefArg)
    agent = face.Agent()
    assert agent.SetValue("Object", call)
    assert get(agent, "String", "Object") == "call.1.2.3"


@faces
def test_arguments_of_a_dict(language: str) -> None:
    face, get = FACES[language], GET[language]
    call = face.Call()
    assert call.SetValue("UniqueObjectID", "call.1.2.3")
    number = java.CtiOs_IKeywordIDs.CTIOS_AGENTID
    inner = {"x": face.Arg("1")}
    arguments = face.Arguments({number: "1001", "Call": call, "Inner": face.Arguments(inner)})
    assert arguments.DumpArgs().startswith("AgentID = 1001; Call = call.1.2.3; Inner = ")
    assert get(arguments, "String", "Call") == "call.1.2.3"
    found = arguments.GetElement(2)
    assert isinstance(found[1] if language == ".NET" else found, face.CilRefArg)
    assert face.Arguments(arguments)._native() is arguments._native()
    with pytest.raises(TypeError):
        face.Arguments({"Key": object()})


def test_cpp_counts_and_instances() -> None:
    arg = cpp.Arg.CreateInstance()
    assert (arg.AddRef(), arg.AddRef(), arg.Release()) == (2, 3, 2)
    assert [arg.Release() for _ in range(4)] == [1, 0, 0, 0]  # harmless
    assert arg.SetValue("still there")
    assert cpp.Arg.CreateInstance(arg).GetValueString() == "still there"
    for kind in (cpp.Arg, cpp.Arguments, cpp.CILRefArg):
        pointer: cpp.Out[Any] = cpp.Out()
        assert kind.CreateInstance(pointer) is True
        assert type(pointer.value) is kind
        assert type(kind.CreateInstance()) is kind
        assert cpp.Arg.IsValidReference(pointer.value)
    assert not cpp.Arguments.IsValidReference(None)
    arguments = cpp.Arguments.CreateInstance()
    assert arguments.AddRef() == arguments.Release() == CilError.CIL_OK
    call = cpp.CCall()
    assert (call.AddRef(), call.Release()) == (2, 1)


def test_exceptions() -> None:
    for face in (java, dotnet, cpp):
        error = face.CtiOsException("lost", CilError.E_CTIOS_INVALID_CALL, 7)
        assert (error.GetString(), error.GetStatus()) == ("lost", 7)
        assert error.GetCode() == CilError.E_CTIOS_INVALID_CALL
        assert error.What() == f"lost (code {int(CilError.E_CTIOS_INVALID_CALL)}, status 7)"
    assert cpp.CtiosException is cpp.CCtiosException is cpp.CtiOsException


@faces
def test_names_of_numbers(language: str) -> None:
    face = FACES[language]
    assert face.CtiOs_EnumStrings.AgentState(AgentState.eAvailable) == "eAvailable"
    assert face.CtiOs_EnumStrings.EventID(23) == "eCallBeginEvent"
    assert face.CtiOs_EnumStrings.CilError(1) == "CIL_OK"
    assert face.CtiOs_EnumStrings.CilError(987654) is None
    with pytest.raises(AttributeError):
        _ = face.CtiOs_EnumStrings.NoSuchEnum
    with pytest.raises(AttributeError):
        _ = face.CtiOs_EnumStrings.KEYWORDS
    for name in ("KEYWORDS", "Event", "keyword_id", "NoSuchEnum", "_x"):
        assert not hasattr(face.CtiOs_Enums, name)
    assert face.CtiOs_Enums.EventID.eCallBeginEvent == 23


def test_keywords_of_cpp_are_names_of_the_module() -> None:
    assert cpp.CTIOS_AGENTID == java.CtiOs_IKeywordIDs.CTIOS_AGENTID
    assert cpp.enum_Keywords.CTIOS_AGENTID == dotnet.Enum_CtiOs.CTIOS_AGENTID
    for name in ("CTIOS_NONE", "AGENTID"):
        with pytest.raises(AttributeError):
            getattr(cpp, name)


@pytest.mark.parametrize("face", [cpp, java, dotnet])
def test_types_of_elements(face: Any) -> None:
    arguments = face.Arguments({"A": "7", "B": True, "C": {"x": 1}, "D": 5})
    assert [arguments.GetElementArgType(index) for index in range(6)] == [
        ArgDataType.ARG_NOTSET,
        ArgDataType.ARG_STRING,
        ArgDataType.ARG_BOOL,
        ArgDataType.ARG_ARGARRAY,
        ArgDataType.ARG_INT,
        ArgDataType.ARG_NOTSET,
    ]
    assert arguments.GetElementArgType("x") == ArgDataType.ARG_NOTSET
