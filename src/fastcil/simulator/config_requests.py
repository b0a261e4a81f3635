"""Configuration download by keys: CONFIG_REQUEST_KEY_EVENT and CONFIG_REQUEST_EVENT.

Source: guide, Application Level Interfaces, Configuration Acquisition Messages.
"""

from __future__ import annotations

from typing import Any

from fastcil.ged188.enums import (
    ConfigEndStatus,
    ConfigInformationMask,
    ConfigKeyStatus,
    ConfigType,
)
from fastcil.ged188.schema import MESSAGES_BY_NAME, WIDE_VERSION
from fastcil.simulator.config_records import (
    ITEMS,
    KEYED,
    ConfigItem,
    config_key,
    messages,
    records,
)
from fastcil.simulator.model import Peripheral, Site
from fastcil.simulator.requests import Handler, Replies, Request, peripheral_of

__all__ = ["HANDLERS", "begin_values", "end_values"]

_NARROW_SKILLS = 63
"""UINTs that a floating field of 255 bytes holds, as it is before version 20."""


def request_key(request: Request) -> Replies:
    """CONFIG_REQUEST_KEY_EVENT: the keys as they are now."""
    peripheral = peripheral_of(request, online=False)
    values: dict[str, Any] = {"ConfigkeyStatus": ConfigKeyStatus.CONFIG_SUCCESS}
    for item in KEYED:
        values[item.key] = config_key(request.site, peripheral, item)
    return [("CONFIG_KEY_EVENT", values)]


def request_configuration(request: Request) -> Replies:
    """CONFIG_REQUEST_EVENT: a block for each item asked for, in the documented order.

    Each has its CONFIG_BEGIN_EVENT ("all of the same key") and CONFIG_END_EVENT; all ends but the
    last are CONFIGEND_PARTIAL. Without a bit set there is no answer: the client then wants updates
    only. Unknown bits end in CONFIGEND_INVALID, items without any record in CONFIGEND_EMPTY.
    """
    peripheral = peripheral_of(request, online=False)
    asked = request.message["ConfigInformation"]
    if not asked:
        return []
    everything = 0
    for bit in ConfigInformationMask:
        everything |= int(bit)
    if asked & ~everything:
        text = f"ConfigInformation has unknown bits: {asked & ~everything:#x}"
        return [("CONFIG_END_EVENT", end_values(ConfigEndStatus.CONFIGEND_INVALID, text))]
    blocks = [
        block
        for item in ITEMS
        if asked & item.bit and MESSAGES_BY_NAME[item.message].min_version <= request.version
        if (block := _block(request, peripheral, item))
    ]
    if not blocks:
        text = "nothing of what was asked for is configured"
        return [("CONFIG_END_EVENT", end_values(ConfigEndStatus.CONFIGEND_EMPTY, text))]
    replies: list[tuple[str, dict[str, Any]]] = []
    for number, block in enumerate(blocks, 1):
        last = number == len(blocks)
        status = ConfigEndStatus.CONFIGEND_SUCCESS if last else ConfigEndStatus.CONFIGEND_PARTIAL
        replies += [*block, ("CONFIG_END_EVENT", end_values(status))]
    return replies


def _block(
    request: Request, peripheral: Peripheral, item: ConfigItem
) -> list[tuple[str, dict[str, Any]]]:
    """CONFIG_BEGIN_EVENT and the records; empty when there are none."""
    found = records(request.site, peripheral, item)
    if not found:
        return []
    if request.version < WIDE_VERSION:
        for record in found:
            _narrow(record)
    begin = begin_values(request.site, peripheral, item, ConfigType.SOLICITED)
    return [("CONFIG_BEGIN_EVENT", begin), *messages(item.message, found)]


def _narrow(record: dict[str, Any]) -> None:
    """The skill groups that a version before 20 has room for."""
    if record.get("NumSkills", 0) > _NARROW_SKILLS:
        record["NumSkills"] = _NARROW_SKILLS
        for name in ("FltSkillGroupNumber", "FltSkillGroupPriority"):
            record[name] = record[name][:_NARROW_SKILLS]


def begin_values(
    site: Site, peripheral: Peripheral, item: ConfigItem, kind: ConfigType
) -> dict[str, Any]:
    """CONFIG_BEGIN_EVENT of one item, with its key."""
    values: dict[str, Any] = {"ConfigType": kind, "ConfigInformation": int(item.bit)}
    if item.key:
        values[item.key] = config_key(site, peripheral, item)
    return values


def end_values(status: ConfigEndStatus, text: str = "") -> dict[str, Any]:
    """CONFIG_END_EVENT."""
    return {"ConfigEndStatus": status, "Text": text or None}


HANDLERS: dict[str, Handler] = {
    "CONFIG_REQUEST_KEY_EVENT": request_key,
    "CONFIG_REQUEST_EVENT": request_configuration,
}
