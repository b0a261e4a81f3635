"""Buttons of agents at a server that learnt their calls by snapshots."""

from __future__ import annotations

import pytest
from agent_kit import AgentSite, Desk, run
from site_process import eventually

from fastcil.catalog import CallStatus
from fastcil.server.config import load_config
from fastcil.server.service import SiteService, link_settings
from fastcil.server.site import enablement
from fastcil.simulator.model import Connection


def masks(desk: Desk) -> dict[str, int]:
    """By call what a client believes that may be done with it."""
    calls = desk.session.calls
    return {key: call.get_value_int("EnablementMask") for key, call in calls.items()}


def buttons(desk: Desk, key: str) -> int:
    """The buttons with a call as the current one."""
    desk.session.set_current_call(None)
    desk.session.set_current_call(desk.session.calls[key])
    return int(desk.heard.all("OnButtonEnablementChange")[-1]["EnablementMask"])


def outside_call(site: AgentSite) -> Connection:
    """Agent 1001 talks with somebody from outside; his connection."""
    calls, (first, *_) = site.simulator.calls, site.peripheral.devices.values()
    service = next(iter(site.peripheral.services.values()))
    number = service.dialed_number
    call = calls.arrive(site.peripheral, ani="4155550100", dialed_number=number, service=service)
    talking = calls.deliver(call, first)
    calls.answer(talking)
    site.simulator.hub.settle()
    return talking


async def the_same(desk: Desk, other: Desk) -> None:
    """Two clients have the same calls with the same buttons; every mask is right."""
    await eventually(lambda: masks(desk) == masks(other) and len(masks(desk)) == 2)
    statuses = {key: call.get_value_int("CallStatus") for key, call in other.session.calls.items()}
    for key, mask in masks(other).items():
        others = [status for one, status in statuses.items() if one != key]
        assert mask == enablement.call_mask(statuses[key], others, 17)
        assert buttons(desk, key) == buttons(other, key)


@pytest.mark.parametrize("answered", [False, True])
def test_the_buttons_of_an_agent_with_calls(answered: bool) -> None:
    """A client that goes into agent mode at the late server has its calls and their buttons."""

    async def test(site: AgentSite) -> None:
        desk = await site.agent("1001", 0)
        calls, (_, second, *_) = site.simulator.calls, site.peripheral.devices.values()
        talking = outside_call(site)
        calls.consult(talking, second.extension)
        if answered:
            calls.answer(second.connections[0])
        site.simulator.hub.settle()
        await eventually(lambda: len(desk.session.calls) == 2)
        config = load_config("")
        settings = link_settings(config, f"ctiserver://127.0.0.1:{site.simulator.port}")
        async with SiteService(config, settings, port=0) as service:
            late = AgentSite(site.simulator, [service])
            other = await late.desk()
            await other.mode("1001")
            await the_same(desk, other)
            if not answered:
                # Both parties are told that the call was answered, also by the late server.
                calls.answer(second.connections[0])
                site.simulator.hub.settle()
                statuses = (CallStatus.LCS_HELD, CallStatus.LCS_CONNECT)
                for one in (desk, other):
                    await eventually(
                        lambda one=one: (
                            {
                                call.get_value_int("CallStatus")
                                for call in one.session.calls.values()
                            }
                            == set(statuses)
                        )
                    )
                await the_same(desk, other)
            await late.close()

    run(test)


def test_the_buttons_of_calls_that_came_while_there_was_no_cti_server() -> None:
    async def test(site: AgentSite) -> None:
        desk = await site.agent("1001", 0)
        early, late = (AgentSite(site.simulator, [service]) for service in site.services)
        other = await late.desk()
        await other.mode("1001")
        cti = site.services[1].cti
        await desk.session.disconnect()
        desk = await early.desk()
        await desk.mode("1001")
        taken = cti.reconciled
        site.simulator.faults.drop(max(site.simulator.hub.sessions))
        await eventually(lambda: not cti.known)
        talking = outside_call(site)
        second = list(site.peripheral.devices.values())[1]
        site.simulator.calls.consult(talking, second.extension)
        site.simulator.hub.settle()
        await eventually(lambda: cti.reconciled > taken and cti.known)
        await the_same(desk, other)
        for one in (early, late):
            await one.close()

    run(test, servers=2)
