"""The state of agents, devices and calls as a stream of events tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastcil.catalog import event_id

__all__ = ["StreamState"]

AGENT_SNAPSHOT_ID = event_id("OnQueryAgentStateConf")
DEVICE_SNAPSHOT_ID = event_id("OnSnapshotDeviceConf")
CALL_SNAPSHOT_ID = event_id("OnSnapshotCallConf")
_CALL_END_ID = event_id("OnCallEnd")
_AGENT_IDS = frozenset((AGENT_SNAPSHOT_ID, event_id("OnAgentStateChange")))


class StreamState:
    """Objects by UniqueObjectID with the latest value of each of their arguments.

    Events without one, and statistics, tell no state that a snapshot has.
    """

    def __init__(self) -> None:
        self.agents: dict[str, dict[str, Any]] = {}
        self.devices: dict[str, dict[str, Any]] = {}
        self.calls: dict[str, dict[str, Any]] = {}

    def update(self, message_id: int, arguments: Mapping[str, Any]) -> None:
        """Take in one event."""
        unique = arguments.get("UniqueObjectID")
        if not isinstance(unique, str) or not unique:
            return
        if message_id in _AGENT_IDS:
            self.agents.setdefault(unique, {}).update(_own(arguments))
        elif message_id == DEVICE_SNAPSHOT_ID:
            self.devices[unique] = _own(arguments)
        elif unique.startswith("call."):
            self._call(message_id, unique, arguments)

    def _call(self, message_id: int, unique: str, arguments: Mapping[str, Any]) -> None:
        old = arguments.get("OldUniqueObjectID")
        if message_id == _CALL_END_ID:
            self.calls.pop(unique, None)
            return
        fields = self.calls.pop(old, None) if isinstance(old, str) and old else None
        known = self.calls.setdefault(unique, fields or {})
        known.update(_own(arguments))
        known.pop("OldUniqueObjectID", None)

    def snapshot(self) -> list[tuple[int, Mapping[str, Any]]]:
        """All of it as (event number, arguments): agents, devices, calls."""
        found: list[tuple[int, Mapping[str, Any]]] = [
            (AGENT_SNAPSHOT_ID, fields) for fields in self.agents.values()
        ]
        for unique, fields in self.devices.items():
            instrument = unique.rpartition(".")[2]
            valid = {
                call: True
                for call, known in self.calls.items()
                if instrument in (known.get("DeviceID"), known.get("AnsweringDeviceID"))
            }
            found.append(
                (DEVICE_SNAPSHOT_ID, {**fields, "NumCalls": len(valid), "ValidCalls": valid})
            )
        found += [(CALL_SNAPSHOT_ID, fields) for fields in self.calls.values()]
        return found


def _own(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A copy that does not hold the bytes it was read from."""
    if isinstance(arguments, dict):
        return dict(arguments)
    found: dict[str, Any] = arguments.to_dict() if hasattr(arguments, "to_dict") else {**arguments}
    return found
