"""perform(): a documented request by its name, with the checks and codes that the guide gives it.

Sources: CTI OS Developer Guide 12.6(1), session, agent, call and skill group chapters (parameters,
return values) and CIL coding conventions (table of CilError). The facts of each method stand in
_methods.py; what no table can say stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Callable

from fastcil.catalog import (
    AgentCallMode,
    AgentState,
    CilError,
    DesktopType,
    LocalConnectionState,
    SupervisoryAction,
)
from fastcil.cil._methods import METHODS
from fastcil.cil.core import State
from fastcil.cil.errors import SessionError
from fastcil.cil.method import Method, Parameter
from fastcil.cil.pending import Pending
from fastcil.codec import (
    ArgType,
    Arguments,
    ConversionError,
    FastcilError,
    FrameKind,
    encode_frame,
)

if TYPE_CHECKING:
    from fastcil.cil.objects import CtiOsObject
    from fastcil.cil.session_requests import SessionRequests

__all__ = ["CONFIRMING", "begin", "send"]

CONFIRMING: frozenset[int] = frozenset().union(*(one.confirm for one in METHODS.values()))
"""Events that answer a request."""

_OUT = (int(AgentState.eLogout), int(AgentState.eUnknown))
_INVALID = CilError.E_CTIOS_INVALID_ARGUMENT
_STATUS = {int(state): state.name for state in LocalConnectionState}
Check = Callable[["SessionRequests", "CtiOsObject", Method, Arguments], None]


def begin(
    session: SessionRequests | None, target: CtiOsObject, owner: str, name: str, given: Any
) -> Pending:
    """Checks a request and sends it; never raises what the guide has a code for."""
    try:
        method = METHODS.get((owner, name)) if isinstance(name, str) else None
        if method is None:
            raise SessionError(
                f"{owner} has no request {name}", CilError.E_CTIOS_METHOD_NO_IMPLEMENTED
            )
        found = _connected(session, target, method)
        fields = _fields(found, target, method, given)
        pending = send(found, name, method.request, fields, method.confirm)
        found._performed(target, method, fields, pending)
    except SessionError as error:
        pending = Pending(name, error.code, str(error))
    if pending.code is not CilError.CIL_OK:
        target.note_error(pending.code)
    return pending


def send(
    session: SessionRequests, name: str, request: int, fields: Arguments, confirm: frozenset[int]
) -> Pending:
    """Sends a request whose fields are in order. SessionError when it cannot be sent."""
    try:
        number = fields.get_uint("InvokeID", 0)
    except (ConversionError, OverflowError) as error:
        raise SessionError(f"{name}: InvokeID: {error}", _INVALID) from None
    if not number:
        number = session.requests.new_id()
        fields["InvokeID"] = number
    try:
        data = encode_frame(request, fields, kind=FrameKind.REQUEST)
    except (FastcilError, OverflowError, TypeError) as error:
        raise SessionError(f"{name}: {error}", _INVALID) from None
    pending = Pending(
        name,
        invoke_id=number,
        request=request,
        confirm=confirm,
        guard=session._guard_waiting,
    )
    session.requests.add(pending)
    session._transmit(pending, data)
    return pending


def _connected(
    session: SessionRequests | None, target: CtiOsObject, method: Method
) -> SessionRequests:
    """The session, when a request can go out now."""
    where = f"{method.owner}.{method.name}"
    if session is None:
        raise SessionError(
            f"{where}: {target!r} is in no session", CilError.E_CTIOS_INVALID_SESSION
        )
    state = session.core.state
    if state is State.CONNECTED:
        if method.owner == "Call" and session.calls.get(target.unique_object_id) is not target:
            raise SessionError(f"{where}: {target!r} has ended", CilError.E_CTIOS_INVALID_CALL)
        return session
    if CilError.E_CTIOS_INVALID_SESSION in method.codes:
        code = CilError.E_CTIOS_INVALID_SESSION
    elif state is State.IDLE:
        code = CilError.E_CTIOS_SESSION_NOT_CONNECTED
    else:
        code = CilError.E_CTIOS_IN_FAILOVER
    raise SessionError(f"{where}: the session is not connected ({state.value})", code)


def _fields(session: SessionRequests, target: CtiOsObject, method: Method, given: Any) -> Arguments:
    """The arguments of the REQUEST frame."""
    try:
        fields = Arguments() if given is None else Arguments(given)
    except (FastcilError, TypeError, ValueError, OverflowError) as error:
        raise SessionError(f"{method.name}: {error}", _INVALID) from None
    for alias, keyword in method.aliases:
        if alias in fields and keyword not in fields:
            fields[keyword] = fields[alias]
            del fields[alias]
    check = _CHECKS.get((method.owner, method.name))
    if check is not None:
        check(session, target, method, fields)
    about_all = method.all_or_none and not any(one.keyword in fields for one in method.parameters)
    for keyword in method.fill:
        if keyword not in fields:
            value = target.get_value(keyword, None)
            if value not in (None, ""):
                fields[keyword] = value
    for keyword, number in method.fixed:
        fields[keyword] = number
    for parameter in method.parameters:
        if parameter.keyword in fields:
            _typed(method, parameter, fields)
        elif parameter.required and not about_all:
            raise SessionError(
                f"{method.name}: {parameter.keyword} is missing", CilError.E_CTIOS_MISSING_ARGUMENT
            )
    _status(target, method)
    return fields


def _typed(method: Method, parameter: Parameter, fields: Arguments) -> None:
    """Converts an argument to its documented type."""
    key = parameter.keyword
    try:
        if parameter.type == "STRING":
            text = fields.get_string(key)
            if parameter.longest and len(text) > parameter.longest:
                words = f"expected at most {parameter.longest} characters, got {len(text)}"
                raise SessionError(f"{method.name}: {key}: {words}", _INVALID)
            if fields.type_of(key) is not ArgType.STRING:
                fields[key] = text
        elif parameter.type == "INT":
            if fields.type_of(key) is ArgType.STRING:
                fields[key] = _number(fields, key)
            elif fields.type_of(key) is ArgType.ARGUMENTS:
                fields.get_int(key)
        elif parameter.type == "BOOL":
            fields[key] = fields.get_bool(key)
        elif parameter.type == "ARGUMENTS":
            fields.get_arguments(key)
    except (ConversionError, OverflowError) as error:
        raise SessionError(f"{method.name}: {key}: {error}", _INVALID) from None


def _number(fields: Arguments, key: str) -> int:
    """Decimal text as a number, and true or false, which a sample writes for RemoteLogin."""
    try:
        number: int = fields.get_int(key)
    except ConversionError:
        return int(fields.get_bool(key))
    return number


def _status(target: CtiOsObject, method: Method) -> None:
    """CallStatus, where a CilError exists for a wrong one; otherwise the switch decides."""
    if not method.must and not method.must_not:
        return
    status = target.get_value("CallStatus", None)
    allowed = status not in method.must_not and (not method.must or status in method.must)
    if status is None or allowed:
        return
    expected = " or ".join(sorted(_STATUS[one] for one in method.must))
    if not expected:
        expected = "not " + " or ".join(sorted(_STATUS[one] for one in method.must_not))
    words = f"expected CallStatus {expected}, got {_STATUS.get(status, status)}"
    raise SessionError(f"{method.name}: {words}", method.status_code)


# --- what single methods ask for ------------------------------------------------------------------


def _login(
    session: SessionRequests, target: CtiOsObject, method: Method, fields: Arguments
) -> None:
    """AgentID or LoginName, and the same agent as in SetAgent. Agent chapter, Login."""
    if target is not session.current_agent:
        raise SessionError(
            f"Login: {target!r} is not the session's agent: SetAgent first",
            CilError.E_CTIOS_INVALID_SESSION,
        )
    if not fields:
        raise SessionError("Login: no arguments", _INVALID)
    known = {key: target.get_value_string(key, "") for key in ("AgentID", "PeripheralID")}
    for key, own in known.items():
        told = fields.get_string(key, "")
        if told and own and told != own:
            raise SessionError(
                f"Login: {key} is {told!r}, but SetAgent was called with {own!r}",
                CilError.E_CTIOS_LOGIN_INCONSISTENT_ARGUMENTS,
            )
    if not fields.get_string("LoginName", "") and not (
        fields.get_string("AgentID", "") or known["AgentID"]
    ):
        raise SessionError("Login: neither AgentID nor LoginName is there", _INVALID)
    mode = _small(method, fields, "AgentCallMode", tuple(int(one) for one in AgentCallMode))
    number = fields.get_string("AgentRemoteNumber", "")
    if mode is not None and not (number or target.get_value_string("AgentRemoteNumber", "")):
        raise SessionError("Login: a mobile agent needs AgentRemoteNumber", _INVALID)
    for key in ("AgentCallMode", "AgentRemoteNumber"):
        value = target.get_value(key, None)
        if key not in fields and value is not None:
            fields[key] = value


def _small(
    method: Method, fields: Arguments, key: str, allowed: tuple[int, ...], code: CilError = _INVALID
) -> int | None:
    """A number of which the guide lists the values; None when it is not there."""
    if key not in fields:
        return None
    try:
        text = fields.type_of(key) is ArgType.STRING
        number = _number(fields, key) if text else fields.get_int(key)
    except (ConversionError, OverflowError) as error:
        raise SessionError(f"{method.name}: {key}: {error}", code) from None
    if number not in allowed:
        words = f"expected one of {', '.join(map(str, allowed))}, got {number}"
        raise SessionError(f"{method.name}: {key}: {words}", code)
    return int(number)


def _agent_state(
    session: SessionRequests, target: CtiOsObject, method: Method, fields: Arguments
) -> None:
    _small(method, fields, "AgentState", tuple(int(one) for one in AgentState))


def _desktop(
    session: SessionRequests, target: CtiOsObject, method: Method, fields: Arguments
) -> None:
    kinds = tuple(int(one) for one in DesktopType)
    _small(method, fields, "DesktopType", kinds, CilError.E_CTIOS_INVALID_DESKTOP_TYPE)


def _greeting(
    session: SessionRequests, target: CtiOsObject, method: Method, fields: Arguments
) -> None:
    """Agent chapter, SetAgentGreetingAction: 1 disable, 2 enable."""
    _small(method, fields, "AgentAction", (1, 2))


def _logged_in(
    session: SessionRequests, target: CtiOsObject, method: Method, fields: Arguments
) -> None:
    """Agent chapter, EnableAgentStatistics: the agent must be logged in."""
    state = target.get_value("AgentState", None)
    if state is None or state in _OUT:
        raise SessionError(
            f"{method.name}: the agent is not logged in", CilError.E_CTIOS_AGENT_NOT_LOGIN
        )


def _chat(session: SessionRequests, target: CtiOsObject, method: Method, fields: Arguments) -> None:
    """Agent chapter, SendChatMessage: at most 255 bytes; the distribution agent needs a target."""
    text = fields.get_string("Message", "")
    size = len(text.encode())
    if size > 255:
        raise SessionError(f"SendChatMessage: expected at most 255 bytes, got {size}", _INVALID)
    to_agent = fields.get_string("Distribution", "").strip().lower() == "agent"
    if to_agent and not (fields.get_string("Target", "") or fields.get_string("LoginName", "")):
        raise SessionError("SendChatMessage: Target is missing", CilError.E_CTIOS_MISSING_ARGUMENT)
    if "Target" not in fields and "LoginName" in fields:
        fields["Target"] = fields["LoginName"]


def _supervise(
    session: SessionRequests, target: CtiOsObject, method: Method, fields: Arguments
) -> None:
    """Silent monitoring by SuperviseCall is of the Unified CM kind. Building chapter."""
    action = _small(
        method, fields, "SupervisoryAction", tuple(int(one) for one in SupervisoryAction)
    )
    if action == SupervisoryAction.eSupervisorMonitor and session.ccm_silent_monitor is False:
        raise SessionError(
            "SuperviseCall: the silent monitor of this site is that of CTI OS",
            CilError.E_CTIOS_INVALID_SILENT_MONITOR_MODE,
        )


_CHECKS: Mapping[tuple[str, str], Check] = {
    ("Session", "RequestDesktopSettings"): _desktop,
    ("Agent", "Login"): _login,
    ("Agent", "SetAgentState"): _agent_state,
    ("Agent", "SetAgentGreetingAction"): _greeting,
    ("Agent", "EnableAgentStatistics"): _logged_in,
    ("Agent", "SendChatMessage"): _chat,
    ("Agent", "SuperviseCall"): _supervise,
}
