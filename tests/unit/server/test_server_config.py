"""The configuration file: documented names, and faults that say where they are."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomllib

from fastcil.server.config import ConfigError, load_config
from fastcil.server.desktop import packed
from fastcil.server.service import SiteService, link_settings
from fastcil.server.settings import SETTINGS, default_text


def test_the_defaults_are_the_documented_ones() -> None:
    config = load_config("")
    assert config.number("Server.CallObject", "MinimizeEventArgs") == 1
    assert config.number("Server.Connections", "HeartbeatIntervalMs") == 60000
    assert config.number("Server.Connections", "HeartbeatRetrys") == 5
    assert config.number("Server.Connections", "MaxMonitorModeConnections") == 7
    assert config.number("CtiDriver.Config", "HeartbeatInterval") == 5
    assert config.text("Server.Agent", "AgentChatLevel") == "TeamSupervisors"
    assert config.number("Server.Connections", "ListenPort") == 42028


def test_what_is_printed_is_a_configuration_with_every_setting() -> None:
    text = default_text()
    assert tomllib.loads(text)
    assert not load_config(text).values, "nothing is changed by it"
    spelled = "\n".join(
        line[2:] if " = " in line and line.startswith("# ") else line for line in text.splitlines()
    ).replace("# [Server.Pe", "[Server.Pe")
    config = load_config(spelled)
    assert set(config.values) == set(SETTINGS)
    assert not config.changed(load_config(""))
    assert config.peripherals == {5000: 17}
    assert config.peers == {"cti-b.example": 42028}


def test_peers() -> None:
    assert load_config("").peers == {}
    config = load_config(
        """
        [Server.Peers]
        HeartbeatIntervalMs = 1000
        [Server.Peers.DallasCTIOS]
        Port = 42028
        [Server.Peers."cti-b.example"]
        Port = 42030
        [Server.Peers.10.0.0.7]
        Port = 42032
        """
    )
    assert config.peers == {"DallasCTIOS": 42028, "cti-b.example": 42030, "10.0.0.7": 42032}
    assert config.number("Server.Peers", "HeartbeatRetrys") == 3
    assert {one.live for one in config.changed(load_config(""))} == {True}
    assert "t0ken" not in repr(load_config('[Fastcil]\nPeerToken = "t0ken"'))


def test_values() -> None:
    config = load_config(
        """
        [Server.CallObject]
        MinimizeEventArgs = 0
        [CtiDriver.Config]
        SideAHost = "side-a"
        [Server.Peripherals.Main]
        PeripheralID = 5001
        PeripheralType = 5
        [EnterpriseDesktopSettings."All Desktops".Login]
        anything = 1
        """
    )
    assert config.number("Server.CallObject", "MinimizeEventArgs") == 0
    assert config.text("CtiDriver.Config", "SideAHost") == "side-a"
    assert config.peripherals == {5001: 5}
    assert config.desktop["All Desktops"]["Login"] == {"anything": 1}
    changed = config.changed(load_config(""))
    assert {(one.name, one.live) for one in changed} == {
        ("MinimizeEventArgs", True),
        ("SideAHost", False),
    }


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[Server.CallObject]\nMinimizeEventArgs = 2", 2, "0 to 1 expected, got 2"),
        ('[Server.CallObject]\n\nMinimizeEventArgs = "x"', 3, "a whole number expected, got 'x'"),
        (
            "[Server.CallObject]\nMinimiseEventArgs = 1",
            2,
            "this table has AgentPreCallEventTimeout",
        ),
        ("[Server.Nonsense]\na = 1", 2, "there is no such table"),
        ('[Server.Agent]\nAgentChatLevel = "All"', 2, "one of Disabled, PrimarySupervisor"),
        ("[Server.Connections]\nListenPort = 70000", 2, "1 to 65535 expected, got 70000"),
        ("[Fastcil]\nMonitorToken = 5", 2, "text expected, got ***"),
        ("[Server.Peripherals.Main]\nPeripheralType = 17", 1, "PeripheralID"),
        (
            "[Server.Peripherals.Main]\nPeripheralID = 1\nPeripheralTyp = 1",
            3,
            "unknown setting; a peripheral has PeripheralID, PeripheralType",
        ),
        ("[Server.Peers.cti-b]\nPort = 70000", 2, "1 to 65535 expected, got 70000"),
        ("[Server.Peers.cti-b]\nPort = true", 2, "1 to 65535 expected, got True"),
        ("[Server.Peers.cti-b]\nport = 42028", 2, "unknown setting; a peer has Port"),
        ("[Server.Agent]\n[Server.Peers.cti-b]", 2, "Port: missing"),
        ("[Server.Peers]\nHeartbeatRetries = 3", 2, "this table has HeartbeatIntervalMs"),
        ("[Fastcil]\nPeerToken = 5", 2, "text expected, got ***"),
        ('[Server.Agent.ReasonCodes.Logout]\n"Lunch" = 65536', 2, "0 to 65535 expected, got 65536"),
        ("[Server.Agent.ReasonCodes.Other]\na = 1", 2, "unknown setting"),
        (f"[Server.Agent.ReasonCodes.NotReady]\n{'x' * 43} = 1", 2, "at most 42 characters"),
        ("[Server.Agent.WrapupStrings.Incoming]\nString9 = 1", 2, "unknown setting"),
        ("[EnterpriseDesktopSettings.AllDesktops]\na = 1", 1, 'the only table here is "All'),
        (
            '[EnterpriseDesktopSettings."All Desktops".Login]\nx = 1.5',
            2,
            "a whole number expected, got 1.5",
        ),
    ],
)
def test_faults_name_line_and_key(text: str, line: int, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(text, name="site.toml")
    assert f"site.toml, line {line}: " in str(caught.value)
    assert words in str(caught.value)


def test_settings_reach_what_they_set() -> None:
    config = load_config(
        """
        [Server.CallObject]
        AgentPreCallEventTimeout = 7
        TrashCollectionIntervalSec = 0
        MinimizeEventArgs = 0
        [Server.Connections]
        HeartbeatIntervalMs = 5000
        HeartbeatRetrys = 3
        [Fastcil]
        MinimalSet = "table"
        """
    )
    service = SiteService(config, link_settings(config, "ctiserver://127.0.0.1:1"))
    calls, server = service.source.mapper.calls, service.server
    assert (calls.precall_seconds, calls.stale_seconds) == (7.0, float("inf"))
    assert calls.minimal_set == "table"
    assert (server.heartbeat_seconds, server.heartbeat_retries, server.minimize) == (5.0, 3, 0)


def test_the_example_of_the_operations_page_is_a_configuration() -> None:
    page = (Path(__file__).parents[3] / "docs" / "operations.md").read_text("utf-8")
    example = page.partition("```toml\n")[2].partition("```")[0]
    config = load_config(example)
    assert config.text("Server.Agent", "AgentChatLevel") == "Team"
    found = packed(config.desktop)
    assert list(found["ECC"]) == [f"user.Orders[{number}]" for number in range(4)]
    assert found["Login"]["ConnectionProfiles"]["Main"]["CtiOsA"] == "cti-a.example"


def test_reasons_and_wrap_up_strings() -> None:
    config = load_config(
        """
        [Server.Agent.ReasonCodes.Logout]
        "End of shift" = 1
        [Server.Agent.ReasonCodes.NotReady]
        Lunch = 101
        [Server.Agent.WrapupStrings.Incoming]
        String0 = "sold"
        String4 = "call again"
        """
    )
    assert config.reasons == {"Logout": {"End of shift": 1}, "NotReady": {"Lunch": 101}}
    assert config.wrapup_strings == {"String0": "sold", "String4": "call again"}


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config("[Server.Agent]\na = 1\nb = 2")
    assert len(str(caught.value).splitlines()) == 2


def test_no_toml(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text("[Server\n")
    with pytest.raises(ConfigError, match=r"site\.toml: no TOML: .*line 1"):
        load_config(path)
    with pytest.raises(ConfigError, match=r"missing\.toml"):
        load_config(tmp_path / "missing.toml")


def test_no_secret_is_shown() -> None:
    config = load_config('[CtiDriver.Config]\nClientPassword = "hunter2"')
    assert "hunter2" not in repr(config)
    assert "ClientPassword" in repr(config)
