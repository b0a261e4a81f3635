"""Callbacks under every name that the documents print for them.

The interfaces of the event chapter give a callback its name; other places print others for the same
event, and a program may have been written from any of them. Names of monitored events that are
printed in other ways are aliases of the catalog; the names here are those of other chapters. All
sources are chapters of the CTI OS Developer Guide 12.6(1).
"""

from __future__ import annotations

from typing import Any

from fastcil.catalog import EVENT_NAMES, EVENTS_BY_ID
from fastcil.cil import dispatch
from fastcil.cil.dispatch import Handler

__all__ = ["OTHER_NAMES", "typed"]

_PRINTED = {
    "OnAgentDeskSettingsConf": ("OnAgentDeskSettings",),  # event chapter, syntax line
    "OnCallBegin": ("OnBeginCall",),  # call chapter
    "OnCallConnectionCleared": ("OnCallConnectionlCleared",),  # call chapter
    "OnCallReachedNetworkEvent": ("OnCallReachedNetwork",),  # agent chapter
    "OnCallServiceInitiatedEvent": ("OnServiceInitiated",),  # agent and call chapters
    "OnCallStartRecordingConf": ("OnStartRecordingConf",),  # call chapter
    "OnCallStopRecordingConf": ("OnStopRecordConf",),  # call chapter
    "OnConsultationCallConf": ("OnMakeConsultCallConf",),  # call chapter
    "OnSendDTMFConf": ("OnSendDTMFSignalConf",),  # call chapter
    "OnSetAgentModeEvent": ("OnSetAgentModeConf", "OnSetAgentMode"),  # building, session chapters
    "OnSetCallDataConf": ("OnSetCallConf",),  # event chapter, syntax line
    # Architecture and skill group chapters.
    "OnSkillGroupStatisticsUpdated": (
        "OnNewSkillGroupStatisticsEvent",
        "OnNewSkillGroupStatistics",
    ),
}


def _others() -> dict[str, tuple[str, ...]]:
    found = {name: list(others) for name, others in _PRINTED.items()}
    for alias, number in EVENT_NAMES.items():
        event = EVENTS_BY_ID.get(number)
        if event is None or alias == event.callback or "Monitored" not in alias:
            continue
        if alias[0] != "e":
            found.setdefault(event.callback, []).append(alias)
    return {name: tuple(others) for name, others in found.items()}


OTHER_NAMES = _others()
"""Callback to the other names that are printed for it."""


def typed(listener: Any, message_id: int, name: str) -> Handler | None:
    """Binds the listener's method for an event, by the name of its interface or another one.

    Of several the one of the interface is called, and only that.
    """
    for each in (name, *OTHER_NAMES.get(name, ())):
        handler = dispatch.typed(listener, message_id, each)
        if handler is not None:
            return handler
    return None
