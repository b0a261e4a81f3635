"""Where calls can stand besides the devices of agents: queues, route points, ports, telephones.

A CTI Server tells the calls at a device to whoever names that device; these come from its
configuration messages. Source: CTI Server Message Reference Guide, CONFIG_DEVICE_EVENT,
CONFIG_SKILL_GROUP_EVENT; SNAPSHOT_DEVICE_REQ, SnapshotDeviceType; DeviceIDType values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fastcil.ged188 import Message
from fastcil.ged188.enums import ConfigDeviceType, DeviceIDType, RecordType
from fastcil.ged188.schema import message_spec

__all__ = ["PHONE", "QUEUE", "Place", "Places"]

QUEUE = int(DeviceIDType.DEVID_QUEUE)
PHONE = int(DeviceIDType.DEVID_AGENT_DEVICE)
_KINDS = {
    int(ConfigDeviceType.SKILL_GROUP): QUEUE,
    int(ConfigDeviceType.AGENT_DEVICE_EXTENSION): PHONE,
    int(ConfigDeviceType.ROUTE_POINT): int(DeviceIDType.DEVID_ROUTE_POINT),
    int(ConfigDeviceType.CTI_PORT): int(DeviceIDType.DEVID_CTI_PORT),
}
_DEVICES = message_spec("CONFIG_DEVICE_EVENT").number
_GROUPS = message_spec("CONFIG_SKILL_GROUP_EVENT").number
_DELETED = int(RecordType.CONFIG_RECORD_DELETE)


@dataclass(frozen=True)
class Place:
    """A device. kind: DeviceIDType; name: its extension, of a queue without one its number."""

    peripheral: int
    kind: int
    name: str


class Places:
    """The devices of a site as its configuration has them."""

    messages = frozenset({_DEVICES, _GROUPS})
    """Numbers of the messages that take() wants."""

    def __init__(self) -> None:
        self._known: dict[Place, None] = {}

    def __iter__(self) -> Iterator[Place]:
        return iter(list(self._known))

    def __len__(self) -> int:
        return len(self._known)

    def take(self, message: Message) -> None:
        """The records of a configuration message; no other message says anything here."""
        for record in message.records() if message.type in self.messages else ():
            peripheral = record.get("FltPeripheralID")
            if message.type == _GROUPS:
                kind: int | None = QUEUE
            else:
                kind = _KINDS.get(record.get("DeviceType", 0))
            name = record.get("Extension") or record.get("DialedNumber") or ""
            if kind == QUEUE and not name:
                name = str(record.get("PeripheralNumber", ""))
            if peripheral is None or kind is None or not name:
                continue
            place = Place(peripheral, kind, name)
            if record.get("RecordType") == _DELETED:
                self._known.pop(place, None)
            else:
                self._known[place] = None

    def phones(self, peripheral: int) -> list[str]:
        """The telephones of a peripheral."""
        return [p.name for p in self._known if p.kind == PHONE and p.peripheral == peripheral]
