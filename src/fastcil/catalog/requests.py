"""Numbers of the requests a client sends (frames of kind REQUEST).

The vendor never published numbers for them: these are this project's own, fixed once, append-only.
Closing a connection is no request but a CLOSE frame (docs/wire-format.md, section 5).
"""

from __future__ import annotations

from enum import IntEnum

__all__ = ["RequestID"]


class RequestID(IntEnum):
    """message_id of a REQUEST frame.

    SET_MESSAGE_FILTER
        Monitor mode. Filter (STRING), MonitorSessionSnapshotMode (INT, optional; 1: no snapshot).
        Answered by the events of the snapshot, then OnMonitorModeEstablished; a filter that is
        wrong by OnControlFailureConf with FailureCode and the words in ErrorMessage.
    SET_AGENT
        Agent mode. Reserved: no server answers it yet.
    REQUEST_SNAPSHOT
        The events of the snapshot again, as the filter in force lets them through.
    """

    SET_MESSAGE_FILTER = 0x20002001
    SET_AGENT = 0x20002002
    REQUEST_SNAPSHOT = 0x20002003
