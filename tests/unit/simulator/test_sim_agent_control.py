"""What befalls the site: peripherals, the central controller, telephones, half hours."""

from __future__ import annotations

import pytest
from sim_agent_kit import PERIPHERAL, Floor

from fastcil.ged188.enums import AgentState, PGStatusMask, SystemEventID
from fastcil.simulator.agent_control import SiteControl
from fastcil.simulator.agent_desk import ReasonCode
from fastcil.simulator.model import Peripheral

LOGOUT = AgentState.AGENT_STATE_LOGOUT


def system_events(floor: Floor) -> list[tuple[int, int, int]]:
    """(SystemEventID, SystemEventArg1, PGStatus) of each."""
    return [
        (v["SystemEventID"], v["SystemEventArg1"], v["PGStatus"])
        for v in floor.told("SYSTEM_EVENT")
    ]


def test_a_peripheral_goes_off_line_and_comes_back() -> None:
    floor = Floor(agents=4, peripherals=2)
    here, there = floor.login(0), floor.agent(2)
    floor.engine.login(there, floor.site.peripherals[PERIPHERAL + 1].devices["20003"])
    control = SiteControl(floor.site, floor.engine)
    seen: list[tuple[Peripheral, bool]] = []
    control.on_offline.append(lambda p: seen.append((p, here.state != LOGOUT)))
    before = len(floor.events)
    control.peripheral_offline(PERIPHERAL)
    control.peripheral_offline(PERIPHERAL)  # it is already
    off = int(PGStatusMask.PGS_PERIPHERAL_OFFLINE)
    offline = (SystemEventID.SYS_PERIPHERAL_OFFLINE, PERIPHERAL, off)
    assert system_events(floor) == [offline]
    assert seen == [(floor.site.peripherals[PERIPHERAL], True)]
    assert [e.name for e in floor.events[before:]] == ["SYSTEM_EVENT", "AGENT_STATE_EVENT"]
    assert floor.events[before].audience.kind == "system"
    assert (here.state, here.reason) == (LOGOUT, ReasonCode.PERIPHERAL_RESTART)
    assert there.state != LOGOUT
    control.peripheral_offline(PERIPHERAL + 1)
    control.peripheral_online(PERIPHERAL)
    control.peripheral_online(PERIPHERAL + 1)
    control.peripheral_online(PERIPHERAL + 1)
    online = SystemEventID.SYS_PERIPHERAL_ONLINE
    assert system_events(floor)[2:] == [(online, PERIPHERAL, off), (online, PERIPHERAL + 1, 0)]


def test_the_central_controller() -> None:
    floor = Floor()
    agent = floor.login()
    control = SiteControl(floor.site, floor.engine)
    for action in (control.controller_offline, control.controller_online):
        action()
        action()
    down = int(PGStatusMask.PGS_CC_DOWN)
    assert system_events(floor) == [
        (SystemEventID.SYS_CENTRAL_CONTROLLER_OFFLINE, 0, down),
        (SystemEventID.SYS_CENTRAL_CONTROLLER_ONLINE, 0, 0),
    ]
    assert agent.state != LOGOUT


def test_an_instrument_out_of_service() -> None:
    floor = Floor()
    agent = floor.login()
    control = SiteControl(floor.site, floor.engine)
    device = agent.device
    assert device is not None
    control.instrument_out_of_service(device)
    told = floor.told("SYSTEM_EVENT")[0]
    assert told["SystemEventID"] == SystemEventID.SYS_INSTRUMENT_OUT_OF_SERVICE
    assert (told["SystemEventArg1"], told["Text"]) == (PERIPHERAL, device.instrument)
    assert (agent.state, agent.reason) == (LOGOUT, ReasonCode.DEVICE_OUT_OF_SERVICE)
    control.instrument_in_service(device)
    told = floor.told("SYSTEM_EVENT")[1]
    assert told["SystemEventID"] == SystemEventID.SYS_INSTRUMENT_BACK_IN_SERVICE
    assert floor.login() is agent


def test_half_hours() -> None:
    floor = Floor(start=1_700_000_000.0)  # 22:13:20
    control = SiteControl(floor.site, floor.engine)
    control.start_half_hours()
    control.start_half_hours()
    floor.wait(7200)
    half = [e for e in floor.events if e.name == "SYSTEM_EVENT"]
    assert [(floor.clock.start + e.at) % 1800 for e in half] == [0.0] * 4
    assert {v["SystemEventID"] for v in floor.told("SYSTEM_EVENT")} == {9}
    control.stop_half_hours()
    floor.wait(7200)
    assert len(floor.told("SYSTEM_EVENT")) == 4


def test_a_text_for_everybody() -> None:
    floor = Floor()
    SiteControl(floor.site, floor.engine).announce("fire drill at noon")
    (told,) = floor.told("SYSTEM_EVENT")
    assert (told["SystemEventID"], told["Text"]) == (5, "fire drill at noon")


def test_an_unknown_peripheral() -> None:
    floor = Floor()
    with pytest.raises(KeyError):
        SiteControl(floor.site, floor.engine).peripheral_offline(1)
