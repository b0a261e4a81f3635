"""The records of a configuration download, item by item, and how they fit into messages.

Source: guide, Application Level Interfaces, Configuration Acquisition Messages. A record is a
mapping of floating fields.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from fastcil.ged188 import MAX_MESSAGE_SIZE, NULL_UINT
from fastcil.ged188.enums import AgentState, ConfigDeviceType, RecordType, WrapupDataMode
from fastcil.ged188.enums import ConfigInformationMask as Item
from fastcil.ged188.schema import HEADER_SIZE, MESSAGES_BY_NAME, FieldSpec, MessageSpec
from fastcil.simulator.agent_desk import DeskSettings
from fastcil.simulator.model import Agent, Device, Peripheral, Service, Site, SkillGroup

__all__ = [
    "ITEMS",
    "KEYED",
    "ConfigItem",
    "agent_record",
    "config_key",
    "desk_settings_record",
    "messages",
    "records",
    "service_record",
    "skill_group_record",
]

Record = dict[str, Any]

_WORK = (WrapupDataMode.REQUIRED, WrapupDataMode.REQUIRED_WITH_WRAPUP_DATA)

MAX_RECORDS = 10
"""Records per message, "Maximum of 10"."""
MAX_MEMBERS = 10
"""NumServiceMembers: "a maximum value of 10"."""
MAX_SKILLS = 100
"""NumSkills: "a maximum value of 100"."""
AGENT, SUPERVISOR = 0, 1
"""AgentType: CONFIG_AGENT and CONFIG_SUPERVISOR, whose values the guide does not print; this is
their order."""
TERMINAL_TYPE = 1
"""TerminalType of a telephone; the guide does not print the values."""


def service_record(
    site: Site, peripheral: Peripheral, service: Service, kind: RecordType
) -> Record:
    """One of CONFIG_SERVICE_EVENT."""
    members = service.skill_groups[:MAX_MEMBERS]
    return {
        "RecordType": kind,
        "FltPeripheralID": peripheral.id,
        "PeripheralNumber": service.number,
        "MaxQueued": NULL_UINT,
        "Extension": service.extension or None,
        "ServiceSkillTargetID": service.id,
        "PeripheralName": service.name,
        "Description": service.description or None,
        "ServiceLevelThreshold": service.level_threshold,
        "ServiceLevelType": 1,
        "FltMRDomainID": site.rules.mrd_id,
        "NumServiceMembers": len(members),
        "ServiceMember": members,
        "ServicePriority": [0] * len(members),
    }


def skill_group_record(
    site: Site, peripheral: Peripheral, group: SkillGroup, kind: RecordType
) -> Record:
    """One of CONFIG_SKILL_GROUP_EVENT. AutoWork, "TRUE if the agent goes into work mode after
    handling a call", is what the desk settings that the peripheral gives to agents say."""
    desk = site.desk_settings.get(peripheral.default_desk)
    return {
        "RecordType": kind,
        "FltPeripheralID": peripheral.id,
        "PeripheralNumber": group.number,
        "FltSkillGroupPriority": group.priority,
        "SkillGroupSkillTargetID": group.id,
        "AutoWork": int(desk is not None and desk.wrapup_incoming in _WORK),
        "Extension": group.extension or None,
        "PeripheralName": group.name,
        "Description": group.description or None,
        "FltMRDomainID": site.rules.mrd_id,
        "FltPrecisionQueueID": 0,
    }


def agent_record(site: Site, agent: Agent, kind: RecordType) -> Record:
    """One of CONFIG_AGENT_EVENT, without what changes with the agent's state."""
    groups = [m.group for m in agent.memberships[:MAX_SKILLS]]
    return {
        "RecordType": kind,
        "FltPeripheralID": agent.peripheral_id,
        "AgentType": SUPERVISOR if agent.is_supervisor else AGENT,
        "AgentDeskSettingsID": agent.desk.id,
        "LoginID": agent.id,
        "LoginName": agent.login_name or None,
        "LastName": agent.last_name,
        "FirstName": agent.first_name,
        "Description": agent.description or None,
        "AgentSkillTargetID": agent.icm_id,
        "NumSkills": len(groups),
        "SSOEnabled": int(agent.sso),
        "FltSkillGroupNumber": [g.number for g in groups],
        "FltSkillGroupPriority": [g.priority for g in groups],
    }


def _agent_now(site: Site, agent: Agent) -> Record:
    """With what only a whole download tells: "configuration updates will not have MRD
    information"; it lists the domains that the agent is logged in to."""
    record = agent_record(site, agent, RecordType.CONFIG_RECORD_ADD)
    if agent.device is not None:
        record["Extension"] = agent.device.extension
        record["ActiveTerminal"] = agent.active_terminal or None
    logged_in = agent.state != AgentState.AGENT_STATE_LOGOUT
    record["NumMRDs"] = int(logged_in)
    if logged_in:
        record["FltAgentMRDID"] = [site.rules.mrd_id]
        record["FltAgentMRDState"] = [int(agent.state)]
    return record


def agent_service_record(agent: Agent, kind: RecordType) -> Record:
    """One of CONFIG_AGENT_SERVICE_EVENT."""
    return {
        "AgentSkillTargetID": agent.icm_id,
        "NumOfEnabledServices": len(agent.enabled_services),
        "FltEnabledServices": list(agent.enabled_services) or None,
        "RecordType": kind,
    }


def desk_settings_record(settings: DeskSettings, kind: RecordType) -> Record:
    """One of CONFIG_AGENT_DESK_SETTINGS_EVENT.

    FltDefaultDevicePortAddress is printed with at most 4 bytes, NUL included; a longer address
    does not fit and is left out.
    """
    return {
        "RecordType": kind,
        "AgentDeskSettingsID": settings.id,
        "FltDeskSettingsMask": settings.mask,
        "FltWrapUpDataIncomingMode": settings.wrapup_incoming,
        "FltWrapUpDataOutgoingMode": settings.wrapup_outgoing,
        "FltLogoutNonActivityTime": settings.logout_non_activity,
        "FltQualityRecordingRate": settings.quality_recording_rate,
        "FltRingNoAnswerTime": settings.ring_no_answer,
        "FltSilentMonitorWarningMessage": settings.silent_monitor_warning,
        "FltSilentMonitorAudibleIndication": settings.silent_monitor_audible,
        "FltSupervisorAssistCallMethod": settings.supervisor_assist_method,
        "FltEmergencyCallMethod": settings.emergency_method,
        "FltAutoRecordOnEmergency": settings.auto_record_on_emergency,
        "FltRecordingMode": settings.recording_mode,
        "FltWorkModeTimer": settings.work_mode_timer,
        "FltRingNoAnswerDnId": settings.ring_no_answer_dn,
        "FltDefaultDevicePortAddress": settings.port_address
        if 0 < len(settings.port_address) < 4
        else None,
        "PlayZipTone": settings.play_zip_tone,
        "ACDSharedLineUsage": settings.shared_line_usage,
    }


def _services(site: Site, peripheral: Peripheral) -> Iterator[Record]:
    for service in peripheral.services.values():
        yield service_record(site, peripheral, service, RecordType.CONFIG_RECORD_ADD)


def _skill_groups(site: Site, peripheral: Peripheral) -> Iterator[Record]:
    for group in peripheral.skill_groups.values():
        yield skill_group_record(site, peripheral, group, RecordType.CONFIG_RECORD_ADD)


def _agents(site: Site, peripheral: Peripheral) -> Iterator[Record]:
    for agent in peripheral.agents.values():
        yield _agent_now(site, agent)


def _agent_services(site: Site, peripheral: Peripheral) -> Iterator[Record]:
    """Only of agents who have any: "if not, the message will not be sent"."""
    for agent in peripheral.agents.values():
        if agent.enabled_services:
            yield agent_service_record(agent, RecordType.CONFIG_RECORD_ADD)


def _devices(site: Site, peripheral: Peripheral) -> Iterator[Record]:
    """Dialled numbers that lead to services, then telephones."""
    for service in peripheral.services.values():
        yield {
            "RecordType": RecordType.CONFIG_RECORD_ADD,
            "FltPeripheralID": peripheral.id,
            "PeripheralNumber": service.number,
            "DeviceType": ConfigDeviceType.ROUTE_POINT,
            "MaxQueued": NULL_UINT,
            "FltServiceID": service.id,
            "DialedNumber": service.dialed_number or None,
            "DNIS": service.dialed_number or None,
            "Extension": service.extension or None,
            "Description": service.description or None,
        }
    for device in peripheral.devices.values():
        yield device_record(device, RecordType.CONFIG_RECORD_ADD)


def device_record(device: Device, kind: RecordType) -> Record:
    """One of CONFIG_DEVICE_EVENT for a telephone."""
    return {
        "RecordType": kind,
        "FltPeripheralID": device.peripheral_id,
        "PeripheralNumber": device.number,
        "DeviceType": ConfigDeviceType.AGENT_DEVICE_EXTENSION,
        "Extension": device.extension,
        "Description": device.terminal or None,
    }


def _call_types(site: Site, peripheral: Peripheral) -> Iterator[Record]:
    """Those of the peripheral's services."""
    numbers = {s.call_type_id: s for s in peripheral.services.values()}
    for number, name in site.call_types.items():
        if number in numbers:
            yield {
                "RecordType": RecordType.CONFIG_RECORD_ADD,
                "FltCallTypeID": number,
                "CustomerDefinitionID": 0,
                "EnterpriseName": name,
                "Description": numbers[number].description or None,
                "ServiceLevelThreshold": numbers[number].level_threshold,
                "ServiceLevelType": 1,
            }


def _domains(site: Site, peripheral: Peripheral) -> Iterator[Record]:
    for number, name in site.rules.media_routing_domains.items():
        yield {
            "RecordType": RecordType.CONFIG_RECORD_ADD,
            "FltMRDomainID": number,
            "FltEnterpriseName": name,
            "FltMaxTaskDuration": 28800,
            "FltInterruptible": 0,
        }


def _peripherals(site: Site, peripheral: Peripheral) -> Iterator[Record]:
    yield {
        "RecordType": RecordType.CONFIG_RECORD_ADD,
        "ConfigPeripheralID": peripheral.id,
        "DefaultAgentDeskSettingsID": peripheral.default_desk,
    }


def _desk_settings(site: Site, peripheral: Peripheral) -> Iterator[Record]:
    for settings in site.desk_settings.values():
        yield desk_settings_record(settings, RecordType.CONFIG_RECORD_ADD)


def _terminals(site: Site, peripheral: Peripheral) -> Iterator[Record]:
    for device in peripheral.devices.values():
        if device.terminal:
            yield {
                "RecordType": RecordType.CONFIG_RECORD_ADD,
                "TerminalType": TERMINAL_TYPE,
                "TerminalDeviceName": device.terminal,
                "TerminalTypeName": "IP Phone",
                "NumInstruments": 1,
                "Instrument": [device.instrument],
            }


class ConfigItem(NamedTuple):
    """One kind of configuration. key: the field that has its key, if it has one."""

    bit: Item
    message: str
    make: Callable[[Site, Peripheral], Iterator[Record]]
    key: str = ""


ITEMS = (
    ConfigItem(Item.SERVICE, "CONFIG_SERVICE_EVENT", _services, "ServiceConfigKey"),
    ConfigItem(Item.SKILL_GROUP, "CONFIG_SKILL_GROUP_EVENT", _skill_groups, "SkillGroupConfigKey"),
    ConfigItem(Item.AGENT, "CONFIG_AGENT_EVENT", _agents, "AgentConfigKey"),
    ConfigItem(Item.AGENT_SERVICE, "CONFIG_AGENT_SERVICE_EVENT", _agent_services),
    ConfigItem(Item.DEVICE, "CONFIG_DEVICE_EVENT", _devices, "DeviceConfigKey"),
    ConfigItem(Item.CALL_TYPE, "CONFIG_CALL_TYPE_EVENT", _call_types, "CallTypeConfigKey"),
    ConfigItem(Item.MRD, "CONFIG_MRD_EVENT", _domains),
    ConfigItem(Item.PERIPHERAL, "CONFIG_PERIPHERAL_EVENT", _peripherals, "PeripheralConfigKey"),
    ConfigItem(
        Item.AGENT_DESK_SETTINGS,
        "CONFIG_AGENT_DESK_SETTINGS_EVENT",
        _desk_settings,
        "AgentDeskSettingsConfigKey",
    ),
    ConfigItem(Item.TERMINAL, "CONFIG_TERMINAL_EVENT", _terminals),
)
"""In the order in which they must be sent (Message Order); terminals are not in that list and go
last."""
KEYED = tuple(item for item in ITEMS if item.key)


def records(site: Site, peripheral: Peripheral, item: ConfigItem) -> list[Record]:
    """All records of an item as they are now."""
    return list(item.make(site, peripheral))


_OF_STATE = ("Extension", "ActiveTerminal", "NumMRDs", "FltAgentMRDID", "FltAgentMRDState")


def config_key(site: Site, peripheral: Peripheral, item: ConfigItem) -> bytes:
    """The 8 bytes that change whenever that part of the configuration does, and only then.

    They are made of its content, so that they are the same in another run of the same site. What
    agents do is no configuration. All zero would tell clients to fetch it in any case.
    """
    place = (peripheral.id, int(item.bit))
    key = site.config_keys.get(place)
    if key is None:
        digest = hashlib.blake2b(digest_size=8)
        for record in item.make(site, peripheral):
            if item.bit == Item.AGENT:
                record = {k: v for k, v in record.items() if k not in _OF_STATE}
            digest.update(repr(sorted(record.items())).encode())
        key = site.config_keys[place] = digest.digest()
    return key


def _size(spec: MessageSpec, fields: dict[str, FieldSpec], record: Record, head: int) -> int:
    """Bytes of a record in a message, at most."""
    total = 0
    for name, value in record.items():
        if value is None or name not in fields:
            continue
        field = fields[name]
        if field.is_array:
            total += field.type.size * len(value)
        elif field.is_list:
            total += sum(min(len(one.encode()) + 1, field.max_size) + head for one in value) - head
        elif field.type.size:
            total += field.type.size
        else:
            total += min(len(value.encode()) + 1, field.max_size)
        total += head
    return total


def messages(name: str, found: Iterable[Record]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The records in messages of at most 10 that stay within 12,500 bytes."""
    spec = MESSAGES_BY_NAME[name]
    fields = {f.name: f for f in spec.floating if f.tag}
    room = MAX_MESSAGE_SIZE - HEADER_SIZE - 2  # NumRecords
    batch: list[Record] = []
    used = 0
    for record in found:
        size = _size(spec, fields, record, 4)
        if batch and (len(batch) == MAX_RECORDS or used + size > room):
            yield name, {"records": batch}
            batch, used = [], 0
        batch.append(record)
        used += size
    if batch:
        yield name, {"records": batch}
