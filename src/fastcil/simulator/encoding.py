"""From the values of an event to the bytes for each client that gets it.

The engines give every field of the newest version; what an older client's version lacks is left
out here, in one place. An event is encoded once for each version that is in use: the clients'
copies differ in the MonitorID only, which stands first in every event that has one.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from fastcil.ged188 import encode_message
from fastcil.ged188.schema import (
    HEADER_SIZE,
    MESSAGES_BY_NAME,
    FieldSpec,
    FieldType,
)
from fastcil.simulator.model import Event

__all__ = ["EncodedEvent", "View", "encode_fitting", "fit", "has_monitor"]

_CALL_VARIABLES = tuple(f"CallVariable{number}" for number in range(1, 11))


class View(NamedTuple):
    """Which call context variables a client registered for.

    Source: guide, Application Level Interfaces, REGISTER_VARIABLES_REQ: a client that registers
    none receives all. None in a place: no restriction of that kind.
    """

    mask: int | None = None
    names: frozenset[str] | None = None
    elements: frozenset[tuple[str, int]] | None = None

    def apply(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values without variables that the client did not register for."""
        found = dict(values)
        if self.mask is not None:
            for bit, name in enumerate(_CALL_VARIABLES):
                if not self.mask >> bit & 1:
                    found.pop(name, None)
        if self.names is not None and found.get("NamedVariable"):
            found["NamedVariable"] = [v for v in found["NamedVariable"] if v[0] in self.names]
            found.pop("NumNamedVariables", None)  # counted anew by the encoder
        if self.elements is not None and found.get("NamedArray"):
            found["NamedArray"] = [a for a in found["NamedArray"] if (a[1], a[0]) in self.elements]
            found.pop("NumNamedArrays", None)
        return found


@cache
def _fields(name: str, version: int) -> tuple[frozenset[str], dict[str, FieldSpec]]:
    """Names of the fixed fields that a version has, and its floating fields by name."""
    spec = MESSAGES_BY_NAME[name]
    fixed = frozenset(f.name for f in spec.fixed_of(version))
    return fixed, {f.name: f for f in spec.floating_of(version)}


@cache
def has_monitor(name: str) -> bool:
    """Whether an event begins with a MonitorID."""
    fixed = MESSAGES_BY_NAME[name].fixed
    return bool(fixed) and fixed[0].name == "MonitorID"


def _short(field: FieldSpec, value: Any, version: int) -> Any:
    """Text that fits into the version's maximum, which older versions had smaller."""
    if field.type is FieldType.STRING and isinstance(value, str):
        room = field.limit(version) - 1  # the closing NUL counts
        if len(value) > room or not value.isascii():
            data = value.encode("utf-8", "surrogateescape")
            if len(data) > room:
                return data[:room].decode("utf-8", "ignore")
    return value


def _fit_floating(
    fields: Mapping[str, FieldSpec], values: Mapping[str, Any], version: int
) -> dict[str, Any]:
    found = {}
    for name, value in values.items():
        field = fields.get(name)
        if field is not None and value is not None:
            if isinstance(value, list) and not field.is_array:
                found[name] = [_short(field, one, version) for one in value]
            else:
                found[name] = _short(field, value, version)
    return found


def fit(name: str, values: Mapping[str, Any], version: int) -> dict[str, Any]:
    """The values as a version has room for them: without the fields that it lacks.

    Raises KeyError for an unknown message.
    """
    fixed, fields = _fields(name, version)
    found = {key: value for key, value in values.items() if key in fixed}
    found.update(_fit_floating(fields, values, version))
    if "records" in values:
        found["records"] = [_fit_floating(fields, one, version) for one in values["records"]]
    return found


def encode_fitting(name: str, values: Mapping[str, Any], version: int) -> bytes:
    """A message at a version, without what the version lacks. Raises EncodeError."""
    return encode_message(name, fit(name, values, version), version=version)


class EncodedEvent:
    """An event and its bytes as far as they were asked for."""

    __slots__ = ("_bytes", "event", "has_monitor", "spec")

    def __init__(self, event: Event) -> None:
        self.event = event
        self.spec = MESSAGES_BY_NAME[event.name]
        self.has_monitor = has_monitor(event.name)
        self._bytes: dict[tuple[int, int, View | None], bytes | None] = {}

    def data(self, version: int, monitor_id: int = 0, view: View | None = None) -> bytes | None:
        """The message for a version and monitor; None when the version has no such message.

        Raises EncodeError when the values make no message.
        """
        key = (version, monitor_id, view)
        try:
            return self._bytes[key]
        except KeyError:
            pass
        found: bytes | None
        if version < self.spec.min_version:
            found = None
        elif monitor_id and self.has_monitor:
            found = self.data(version, 0, view)
            if found is not None:
                head, tail = found[:HEADER_SIZE], found[HEADER_SIZE + 4 :]
                found = head + struct.pack(">I", monitor_id) + tail
        else:
            values = self.event.values
            if view is not None:
                values = view.apply(values)
            if self.has_monitor:
                values = {**values, "MonitorID": 0}
            found = encode_fitting(self.event.name, values, version)
        self._bytes[key] = found
        return found
