"""Bytes and values that no sensible client sends: answered or refused, never a broken server."""

from __future__ import annotations

import random
from typing import Any

import pytest
from sim_session_kit import Client, make_simulator

from fastcil.ged188 import encode_message
from fastcil.ged188.enums import CTIServiceMask as Service
from fastcil.ged188.schema import MESSAGES, Direction, FieldSpec, FieldType, MessageSpec
from fastcil.simulator import Simulator
from fastcil.simulator.options import SERVICES_OFFERED

VERSIONS = (9, 14, 19, 20, 25)
EVERYTHING = SERVICES_OFFERED & ~int(
    Service.CTI_SERVICE_CLIENT_EVENTS
    | Service.CTI_SERVICE_IGNORE_CONF
    | Service.CTI_SERVICE_ACTIVE_STANDBY
)
TEXTS = ("", "20001", "20002", "1001", "1002", "5551234", "nobody", "Cisco:CallRecording", "x" * 11)
NUMBERS = (0, 1, 2, 3, 5, 501, 5000, 6001, 10001, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
QUIET = {"OPEN_REQ", "CLOSE_REQ"}


def any_value(chance: random.Random, field: FieldSpec, version: int) -> Any:
    """A value that the field can carry."""
    kind = field.type
    if kind.size:
        top = 1 << 8 * kind.size
        number = chance.choice(NUMBERS) % top
        if kind is FieldType.INT and number >= top // 2:
            number -= top
        if kind is FieldType.BOOL:
            number %= 2
        return [number] if field.is_array else number
    if kind is FieldType.STRING:
        return chance.choice(TEXTS)[: field.limit(version) - 1]
    if kind is FieldType.NAMEDVAR:
        return (chance.choice(("user.case", "user.none")), chance.choice(TEXTS))
    if kind is FieldType.NAMEDARRAY:
        return (chance.randrange(3), chance.choice(("user.history", "none")), "x")
    return bytes(chance.randrange(256) for _ in range(chance.randrange(min(8, field.max_size))))


def any_message(chance: random.Random, spec: MessageSpec, version: int, invoke_id: int) -> bytes:
    """A well-formed message with values from everywhere."""
    counts = {one.count for one in spec.lists}
    values: dict[str, Any] = {
        field.name: any_value(chance, field, version)
        for field in spec.fixed_of(version)
        if field.name not in counts
    }
    if "InvokeID" in values:
        values["InvokeID"] = invoke_id
    if "PeripheralID" in values and chance.random() < 0.9:
        values["PeripheralID"] = 5000
    members = {name: one for one in spec.lists for name in one.members}
    for field in spec.floating_of(version):
        if field.name in counts or chance.random() < 0.4:
            continue
        value = any_value(chance, field, version)
        many = field.is_list or field.name in members
        values[field.name] = [value] * (2 if many and field.name not in members else 1)
        if not many:
            values[field.name] = value
    return encode_message(spec.name, values, version=version)


def busy(version: int) -> tuple[Simulator, Client]:
    """A site where something goes on, and a client that may do everything."""
    simulator = make_simulator(6)
    simulator.actions.staff()
    simulator.actions.not_ready("1003", 1)
    simulator.actions.make_call("1003", "20004")
    simulator.actions.arrive()
    client = Client(simulator.hub, version)
    services = EVERYTHING
    client.open(ServicesRequested=services)
    return simulator, client


@pytest.mark.parametrize("version", VERSIONS)
def test_any_values_in_any_request(version: int) -> None:
    """Every request is answered once; what follows is events."""
    chance = random.Random(version)
    requests = [
        spec
        for spec in MESSAGES
        if spec.documented
        and spec.direction is Direction.TO_SERVER
        and spec.min_version <= version
        and spec.name not in QUIET
    ]
    simulator, client = busy(version)
    silent = {"START_RECORDING_REQ", "STOP_RECORDING_REQ"}  # wait for a server application
    for number in range(1, 1500):
        spec = chance.choice(requests)
        client.raw(any_message(chance, spec, version, number))
        found = client.messages()
        assert client.session.ending is None, spec.name
        if spec.has_invoke_id and spec.name not in silent:
            answers = [m for m in found if m.get("InvokeID") == number]
            assert answers, f"no answer to {spec.name}"
        if number % 50 == 0:
            simulator.advance(chance.random() * 30)
            client.messages()
    counters = simulator.hub.counters
    assert counters["handler_errors"] == 0
    assert counters["events_unencodable"] == counters["replies_unencodable"] == 0
    assert counters["requests_refused"] < counters["requests"]


@pytest.mark.parametrize("version", VERSIONS)
def test_damaged_messages(version: int) -> None:
    """Whatever is changed in a message: an answer, an event, or the end of this session alone."""
    chance = random.Random(100 + version)
    simulator, client = busy(version)
    other = Client(simulator.hub, version)
    other.open(ClientID="other")
    requests = [
        spec
        for spec in MESSAGES
        if spec.documented
        and spec.direction is Direction.TO_SERVER
        and spec.min_version <= version
        and spec.name not in QUIET
    ]
    ended = 0
    for number in range(1, 1500):
        data = bytearray(any_message(chance, chance.choice(requests), version, number))
        for _ in range(chance.randrange(1, 4)):
            data[chance.randrange(4, len(data))] = chance.randrange(256)
        if chance.random() < 0.1:
            data[3] = chance.randrange(256)  # of MessageLength
        client.raw(bytes(data))
        client.session.take(simulator.hub.now, 1 << 20)
        if (
            client.session.ending is not None
            or not client.session.is_open
            or data[3] != len(data) - 8
        ):
            client.session.lost()
            client = Client(simulator.hub, version)
            client.open(ServicesRequested=EVERYTHING)
            ended += 1
        other.messages()
    assert simulator.hub.counters["handler_errors"] == 0
    assert ended > 0
    assert other.ask("HEARTBEAT_REQ").name == "HEARTBEAT_CONF"
    assert len(simulator.hub.sessions) == 2
