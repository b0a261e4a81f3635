"""What every generated request has: its name, and its fields for the encoder."""

from __future__ import annotations

from typing import Any, ClassVar

from fastcil.ged188.schema import LAST_VERSION

__all__ = ["Request"]

STATIC, NONE = 0, 0xFFFF
"""Of ConnectionDeviceIDType and DeviceIDType: an identifier is given, or none is."""


class Request:
    """A message to the server as an object; its subclasses are in fastcil.ged188.requests.

    NAME, NUMBER: of the message. FIELDS: (attribute, field, first version, last version, default)
    in the order of the message. PAIRED: attribute of a type field to that of the identifier it is
    about: a type that is None says NONE without the identifier, and a plain one with it. RESERVED:
    fields that always have the same value.
    """

    NAME: ClassVar[str] = ""
    NUMBER: ClassVar[int] = 0
    FIELDS: ClassVar[tuple[tuple[str, str, int, int, Any], ...]] = ()
    PAIRED: ClassVar[dict[str, str]] = {}
    RESERVED: ClassVar[dict[str, int]] = {}

    def to_values(self, version: int = LAST_VERSION) -> dict[str, Any]:
        """The fields by their documented names, as encode_message takes them.

        InvokeID is not among them. Fields that the version lacks are left out where they have
        their default; where they do not, encode_message raises EncodeError.
        """
        values: dict[str, Any] = dict(self.RESERVED)
        for attribute, name, first, last, default in self.FIELDS:
            value = getattr(self, attribute)
            if value is None:
                other = self.PAIRED.get(attribute)
                if other is None:
                    continue
                value = NONE if getattr(self, other) is None else STATIC
            if not first <= version <= last and value == default:
                continue
            values[name] = value
        return values
