"""Configuration over a session: what a client asked for, and the updates that follow."""

from __future__ import annotations

import pytest
from sim_session_kit import Client, make_simulator

from fastcil.ged188.enums import ConfigInformationMask as Item
from fastcil.simulator.configuration import Configuration


@pytest.mark.parametrize("version", [19, 23, 25])
def test_download_then_updates(version: int) -> None:
    simulator = make_simulator(version=25)
    client = Client(simulator.hub, version)
    client.open(ConfigMsgMask=int(Item.AGENT))
    client.messages()
    configuration = Configuration(simulator.site, simulator.agents)
    configuration.add_agent(5000, "Too", "Early")
    assert client.names() == []  # the client has not said that it is ready

    client.send("CONFIG_REQUEST_KEY_EVENT", InvokeID=None, PeripheralID=5000)
    (before,) = client.messages()
    assert before.name == "CONFIG_KEY_EVENT"
    asked = {"ConfigInformation": int(Item.AGENT), "PeripheralID": 5000}
    if version >= 24:
        asked["ConfigMsgMask"] = int(Item.AGENT)
    client.send("CONFIG_REQUEST_EVENT", InvokeID=None, **asked)
    found = client.messages()
    assert [m.name for m in found] == [
        "CONFIG_BEGIN_EVENT",
        "CONFIG_AGENT_EVENT",
        "CONFIG_END_EVENT",
    ]
    assert found[0]["AgentConfigKey"] == before["AgentConfigKey"]
    assert len(found[1].records()) == 9

    configuration.add_skill_group(5000, "Not_Wanted")
    agent = configuration.add_agent(5000, "Ines", "Novak", groups=[1])
    simulator.advance(0)
    found = client.messages()
    assert [m.name for m in found] == [
        "CONFIG_BEGIN_EVENT",
        "CONFIG_AGENT_EVENT",
        "CONFIG_END_EVENT",
    ]
    (record,) = found[1].records()
    assert (record["LoginID"], record["RecordType"]) == (agent.id, 0)
    assert found[0]["AgentConfigKey"] != before["AgentConfigKey"]
