"""What the client that asked gets: confirmations of the CTI Server, and failures, as CIL events.

Sources: CTI OS Developer Guide, event interfaces chapter (…Conf events, OnControlFailureConf).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastcil.catalog import event
from fastcil.ged188 import Message
from fastcil.server.site import convert
from fastcil.server.site.events import SiteEvent
from fastcil.server.site.objects import AgentObject

__all__ = ["confirmation", "failure_event"]


def confirmation(arguments: Mapping[str, Any], answer: Message) -> SiteEvent | None:
    """The event by which the confirmation of a request reaches the client that asked; None when
    the library has none. arguments: of the request."""
    try:
        found = event(answer.type)
    except KeyError:
        return None
    told = {**answer.to_dict(), **convert.keyword_fields(answer)}
    values: dict[str, Any] = {}
    for parameter in found.parameters:
        if parameter.keyword == "UniqueObjectID":
            values["UniqueObjectID"] = arguments.get("UniqueObjectID", "")
        elif parameter.keyword == "MessageHeader":
            continue
        else:
            default: Any = "" if parameter.type == "STRING" else 0
            value = told.get(parameter.keyword, default)
            if not isinstance(value, (list, tuple)):  # lists have no place in an event
                values[parameter.keyword] = value
    return SiteEvent(found.callback, values)


def failure_event(
    number: int,
    arguments: Mapping[str, Any],
    code: int,
    text: str,
    *,
    agent: AgentObject | None = None,
    peripheral_error: int = 0,
) -> SiteEvent:
    """OnControlFailureConf for a request of a client; agent: who asked.

    PeripheralID and AgentID are those of the agent that the request names, else of who asked.
    """
    peripheral = agent.peripheral if agent else arguments.get("PeripheralID", 0)
    agent_id = agent.agent_id if agent else str(arguments.get("AgentID", ""))
    kind, _, rest = str(arguments.get("UniqueObjectID", "")).partition(".")
    site, _, name = rest.partition(".")
    if kind == "agent" and site.isdecimal() and name:
        peripheral, agent_id = int(site), name
    return SiteEvent(
        "OnControlFailureConf",
        {
            "PeripheralID": peripheral,
            "FailureCode": code,
            "PeripheralErrorCode": peripheral_error,
            "AgentID": agent_id,
            "UniqueObjectID": arguments.get("UniqueObjectID", ""),
            "MessageType": number,
            "ErrorMessage": text,
        },
    )
