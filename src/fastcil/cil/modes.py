"""The modes of a connection, as they are asked for: one at a time, again after each reconnect.

Source: CTI OS Developer Guide 12.6(1), architecture chapter (session modes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastcil.catalog.requests import RequestID
from fastcil.codec import Arguments, FrameKind, encode_frame

__all__ = ["AgentMode", "Monitor"]


@dataclass(frozen=True)
class Monitor:
    """Monitor mode as it was asked for: told to the server again after each reconnect."""

    text: str
    snapshot: bool = True
    invoke_id: int = 0
    more: Mapping[str, Any] = field(default_factory=dict)

    def request(self) -> bytes:
        """The REQUEST frame."""
        fields = Arguments(self.more)
        fields["Filter"] = self.text
        if not self.snapshot:
            fields["MonitorSessionSnapshotMode"] = 1
        if self.invoke_id:
            fields["InvokeID"] = self.invoke_id
        return encode_frame(RequestID.SET_MESSAGE_FILTER, fields, kind=FrameKind.REQUEST)


@dataclass(frozen=True)
class AgentMode:
    """Agent mode as it was asked for: told to the server again after each reconnect."""

    fields: Mapping[str, Any]

    def request(self) -> bytes:
        """The REQUEST frame; nobody waits for its answer."""
        return encode_frame(RequestID.SET_AGENT, Arguments(self.fields), kind=FrameKind.REQUEST)
