"""Two servers that are peers, as processes over one simulated CTI Server: chat, who is where, the
loss of one of them, and what is no peer."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from client_peer import unused_port
from prometheus_client.parser import text_string_to_metric_families
from site_process import SECONDS, Process, eventually, run, running
from test_server_stream import Client
from test_site_process import get, site
from test_site_service import ask, until

from fastcil.catalog import AgentState, event_id
from fastcil.catalog.requests import RequestID
from fastcil.codec import FrameKind, control
from fastcil.codec.control import CloseReason
from fastcil.ged188.enums import ControlFailureCode
from fastcil.server.peer_link import PEER_JOIN, PEER_RELAY
from fastcil.simulator import Simulator

pytest.importorskip("click")
pytestmark = [
    pytest.mark.skipif(sys.version_info < (3, 11), reason="the server needs Python 3.11"),
    pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no SIGHUP"),
]

TOKEN = "peer-token-0815"
FAILED = event_id("OnControlFailureConf")
LEVELS = '[Server.Agent]\nAgentChatLevel = "Unrestricted"\n'
TEXT = """
[Server.Peers]
HeartbeatIntervalMs = 200
HeartbeatRetrys = 2
[Server.Peers.127.0.0.1]
Port = {other}
[Fastcil]
PeerToken = "{token}"
MetricsPort = {metrics}
"""


class Pair:
    """A simulator and two servers that are peers of each other."""

    def __init__(self, simulator: Simulator, folder: Path) -> None:
        self.simulator = simulator
        self.folder = folder
        self.ports = (unused_port(), unused_port())
        self.metrics = (unused_port(), unused_port())
        self.servers: list[Process] = []
        self.starts = 0

    def write(self, number: int, more: str = "", token: str = TOKEN) -> Path:
        """The file of a server."""
        file = self.folder / f"site{number}.toml"
        values = {"other": self.ports[1 - number], "metrics": self.metrics[number]}
        file.write_text(TEXT.format(token=token, **values) + more)
        return file

    def server(
        self, number: int, more: str = LEVELS, **values: Any
    ) -> contextlib.AbstractAsyncContextManager[Process]:
        self.starts += 1
        upstream = f"ctiserver://127.0.0.1:{self.simulator.port}"
        return running(
            self.folder / f"log{number}.{self.starts}",
            *("serve", "--port", self.ports[number], "--upstream", upstream),
            *("--config", self.write(number, more, **values)),
        )

    async def values(self, number: int) -> dict[str, float]:
        """The metrics of a server."""
        _, body = await get(self.metrics[number], "/metrics")
        return {
            sample.name: sample.value
            for family in text_string_to_metric_families(body)
            for sample in family.samples
        }

    async def joined(self, number: int = 0, up: float = 1.0) -> None:
        """Until a server's link to its peer is there, or is not."""

        async def wait() -> None:
            while (await self.values(number))["fastcil_peer_up"] != up:
                await asyncio.sleep(0.01)

        await asyncio.wait_for(wait(), SECONDS)

    async def client(self, number: int) -> Client:
        found = Client(self.ports[number])
        await found.open()
        return found

    async def agent(self, number: int, agent_id: str) -> Client:
        """A client in agent mode; what that begins with is read."""
        client = await self.client(number)
        await client.request(RequestID.SET_AGENT, AgentID=agent_id, PeripheralID=5000)
        await until(client, "OnCTIOSFailure")
        return client


@contextlib.asynccontextmanager
async def pair(folder: Path, *more: str, **values: Any) -> AsyncIterator[Pair]:
    """Both servers, joined. more: of the files of both, or of each."""
    texts = more * 2 if len(more) == 1 else more or (LEVELS, LEVELS)
    async with contextlib.AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(site(**values))
        found = Pair(simulator, folder)
        for number in range(2):
            entered = await stack.enter_async_context(found.server(number, texts[number]))
            found.servers.append(entered)
        try:
            for number in range(2):
                await found.joined(number)
            yield found
        finally:
            while Client.opened:
                Client.opened.pop().socket.close()


def with_pair(check: Callable[[Pair], Awaitable[None]], folder: Path, *more: str) -> None:
    async def main() -> None:
        async with pair(folder, *more) as found:
            await check(found)

    run(main())


def chat(target: str, text: str = "hello") -> dict[str, Any]:
    return {"Distribution": "agent", "Target": target, "Message": text}


async def say(client: Client, target: str, text: str) -> None:
    await client.request(RequestID.SEND_CHAT_MESSAGE, **chat(target, text))


async def heard(client: Client, text: str) -> str:
    """The next chat message of a client, which must be this one; who sent it."""
    found = await until(client, "OnChatMessage")
    assert found.get("Message") == text
    return str(found.get("Source"))


def test_chat_reaches_an_agent_at_the_other_server_once(tmp_path: Path) -> None:
    async def check(pair: Pair) -> None:
        here, there = await pair.agent(0, "1001"), await pair.agent(1, "1002")
        await say(here, "1002", "one")
        found = await until(there, "OnChatMessage")
        assert found.to_dict() == {
            "Distribution": "agent",
            "AgentID": "1002",
            "Target": "1002",
            "Message": "one",
            "Source": "1001",
        }
        for number in range(20):
            await say(here, "1002", f"{number}")
        for number in range(20):  # in order, each once
            assert await heard(there, f"{number}") == "1001"
        await say(there, "1001", "back")
        assert await heard(here, "back") == "1002"
        # A third client of his at this server gets it besides, and the one there still once.
        again = await pair.agent(0, "1002")
        await say(here, "1002", "both")
        assert await heard(again, "both") == "1001"
        assert await heard(there, "both") == "1001"
        await say(here, "1002", "last")
        assert await heard(there, "last") == "1001"
        values = await pair.values(0)
        assert values["fastcil_peer_relayed_total"] == 23
        assert values["fastcil_peer_agents"] == 1
        assert (await pair.values(1))["fastcil_peer_received_total"] == 23

    with_pair(check, tmp_path)


def test_who_is_nowhere_is_nowhere(tmp_path: Path) -> None:
    async def check(pair: Pair) -> None:
        client = await pair.agent(0, "1001")
        refused = await ask(client, RequestID.SEND_CHAT_MESSAGE, **chat("1003"))
        code = ControlFailureCode.CF_GENERIC_SUBSCRIBED_RESOURCE_AVAILABILITY
        assert (refused.message_id, refused.get("FailureCode")) == (FAILED, code)
        refused = await ask(client, RequestID.SEND_CHAT_MESSAGE, **chat("no one"))
        assert refused.get("FailureCode") == ControlFailureCode.CF_OBJECT_NOT_KNOWN

    with_pair(check, tmp_path)


def test_levels_hold_across_servers(tmp_path: Path) -> None:
    """Of the sender's server: it knows the teams of everybody."""

    async def check(pair: Pair) -> None:
        agents = list(pair.simulator.site.agents())
        boss = next(a for a in agents if a.is_supervisor)
        assert boss.team is not None
        member, other = [a for a in boss.team.agents if a is not boss][:2]
        sender = await pair.agent(0, member.id)
        at_top, beside = await pair.agent(1, boss.id), await pair.agent(1, other.id)
        await say(sender, boss.id, "up")
        assert await heard(at_top, "up") == member.id
        refused = await ask(sender, RequestID.SEND_CHAT_MESSAGE, **chat(other.id))
        code = ControlFailureCode.CF_PRIVILEGE_VIOLATION_ON_SPECIFIED_DEVICE
        assert refused.get("FailureCode") == code
        await say(at_top, other.id, "here")
        assert await heard(beside, "here") == boss.id, "and what was refused did not come"

    with_pair(check, tmp_path, "")


def test_a_client_that_fails_over_stays_reachable(tmp_path: Path) -> None:
    """The receiver goes from the second server to the first and back while messages come."""

    async def check(pair: Pair) -> None:
        sender = await pair.agent(0, "1001")
        for turn, server in enumerate((1, 0, 1, 0, 1)):
            receiver = await pair.agent(server, "1002")
            # No time for presence to get around: who is asked is asked.
            await say(sender, "1002", f"{turn}")
            assert await heard(receiver, f"{turn}") == "1001"
            receiver.socket.close()

    with_pair(check, tmp_path)


def test_an_agent_with_a_session_at_the_peer_is_not_logged_out(tmp_path: Path) -> None:
    """forceLogoutOnSessionClose is about the last session, wherever it is."""

    async def check(pair: Pair) -> None:
        here, there = await pair.agent(0, "1001"), await pair.agent(1, "1001")
        watching = await pair.client(0)
        await watching.monitor("MessageID=*", MonitorSessionSnapshotMode=1)
        peripheral = pair.simulator.site.peripherals[5000]
        device = next(iter(peripheral.devices.values()))
        answer = await ask(
            here,
            38,
            UniqueObjectID="agent.5000.1001",
            AgentState=int(AgentState.eLogin),
            AgentInstrument=device.instrument,
            AgentPassword=peripheral.agents["1001"].password,
        )
        assert answer.message_id == event_id("OnSetAgentStateConf")
        here.socket.close()
        Client.opened.remove(here)
        while (await pair.values(0))["fastcil_server_agents"]:
            await asyncio.sleep(0.01)
        # What would have been asked for by now would be answered before this.
        await ask(there, 38, UniqueObjectID="agent.5000.1001", AgentState=int(AgentState.eNotReady))
        assert int(peripheral.agents["1001"].state) != AgentState.eLogout
        there.socket.close()
        Client.opened.remove(there)
        assert (await until(watching, "OnPostLogout")).get("AgentID") == "1001"

    force = "forceLogoutOnSessionClose = 1\n"
    with_pair(check, tmp_path, LEVELS + force)


def test_a_peer_that_dies_and_comes_back(tmp_path: Path) -> None:
    async def check(pair: Pair) -> None:
        sender, there = await pair.agent(0, "1001"), await pair.agent(1, "1002")
        await say(sender, "1002", "before")
        await heard(there, "before")
        pair.servers[1].signal(signal.SIGKILL)
        await pair.servers[1].ended()
        await pair.joined(0, 0.0)
        status, words = await get(pair.metrics[0], "/health")
        assert status == 200, "clients get what they should but for the peer's"
        assert '"peers": "0 of 1"' in words
        refused = await ask(sender, RequestID.SEND_CHAT_MESSAGE, **chat("1002"))
        assert refused.message_id == FAILED
        moved = await pair.agent(0, "1002")
        await say(sender, "1002", "moved")
        await heard(moved, "moved")
        moved.socket.close()
        async with pair.server(1):
            await pair.joined(0)
            assert '"peers": "1 of 1"' in (await get(pair.metrics[0], "/health"))[1]
            back = await pair.agent(1, "1002")
            await say(sender, "1002", "after")
            await heard(back, "after")
        values = await pair.values(0)
        assert values["fastcil_peer_connects_total"] == 2
        assert values["fastcil_peer_losses_total"] >= 1

    with_pair(check, tmp_path)


def test_a_peer_that_hangs_is_noticed_by_heartbeats(tmp_path: Path) -> None:
    async def check(pair: Pair) -> None:
        sender, there = await pair.agent(0, "1001"), await pair.agent(1, "1002")
        pair.servers[1].signal(signal.SIGSTOP)
        try:
            await pair.joined(0, 0.0)
            values = await pair.values(0)
            assert values["fastcil_peer_heartbeats_total"] >= 2
            refused = await ask(sender, RequestID.SEND_CHAT_MESSAGE, **chat("1002"))
            assert refused.message_id == FAILED
        finally:
            pair.servers[1].signal(signal.SIGCONT)
        await pair.joined(0)
        await say(sender, "1002", "awake")
        await heard(there, "awake")

    with_pair(check, tmp_path)


def test_peers_come_and_go_by_a_reload(tmp_path: Path) -> None:
    async def check(pair: Pair) -> None:
        sender, there = await pair.agent(0, "1001"), await pair.agent(1, "1002")
        first = pair.servers[0]
        file = pair.write(0, LEVELS)
        text = file.read_text()
        table = f"[Server.Peers.127.0.0.1]\nPort = {pair.ports[1]}\n"
        file.write_text(text.replace(table, ""))
        first.signal(signal.SIGHUP)
        await eventually(lambda: "configuration read again" in first.text(), "the reload")
        refused = await ask(sender, RequestID.SEND_CHAT_MESSAGE, **chat("1002"))
        assert refused.message_id == FAILED
        # Without a token nobody could be let in: that is refused, with its table.
        file.write_text(text.replace(f'PeerToken = "{TOKEN}"', ""))
        first.signal(signal.SIGHUP)
        await eventually(lambda: "[Server.Peers]: [Fastcil] PeerToken" in first.text(), "the fault")
        file.write_text(text)
        first.signal(signal.SIGHUP)
        await pair.joined(0)
        await say(sender, "1002", "again")
        await heard(there, "again")
        assert TOKEN not in first.text()

    with_pair(check, tmp_path)


def test_a_wrong_token_is_no_peer(tmp_path: Path) -> None:
    async def main() -> None:
        async with site() as simulator:
            found = Pair(simulator, tmp_path)
            async with found.server(0) as first, found.server(1, token="wrong") as second:
                for server in (first, second):
                    await eventually(
                        lambda server=server: "a peer needs the right PeerToken" in server.text(),
                        "the refusal",
                    )
                assert (await found.values(0))["fastcil_server_peers_refused_total"] >= 1
                assert (await found.values(0))["fastcil_peer_up"] == 0
                assert TOKEN not in first.text() + second.text()
                assert "wrong" not in (first.text() + second.text()).replace("wrong token", "")

    run(main())


def test_strangers_relay_nothing(tmp_path: Path) -> None:
    async def check(pair: Pair) -> None:
        there = await pair.agent(1, "1002")
        message = {"UniqueObjectID": "agent.5000.1002", "Message": "forged", "Source": "1001"}
        relay = {"Kind": "chat", "Message": message}
        stranger = await pair.client(1)
        refused = await ask(stranger, PEER_RELAY, **relay)
        assert refused.message_id == FAILED, "who has not joined relays nothing"
        await stranger.request(PEER_JOIN, PeerToken="guess", ServerID="x")
        closed = (await stranger.until(lambda frame: frame.kind == FrameKind.CLOSE))[-1]
        assert control.parse_close(closed).reason == CloseReason.NOT_ALLOWED
        # A server of another site, though it has the token.
        other = await pair.client(1)
        wrong = {"PeerToken": TOKEN, "ServerID": "y", "StatusPeripherals": {"6000": True}}
        await other.request(PEER_JOIN, **wrong)
        closed = (await other.until(lambda frame: frame.kind == FrameKind.CLOSE))[-1]
        assert "peripheral gateway" in control.parse_close(closed).message
        peer = await pair.client(1)
        await peer.request(PEER_JOIN, InvokeID=3, PeerToken=TOKEN, ServerID="z", ServerName="z")
        assert (await peer.frame()).message_id == PEER_JOIN
        answer = await ask(peer, PEER_RELAY, Kind="nonsense", Message={})
        assert (answer.get("Delivered"), "nonsense" in str(answer.get("ErrorMessage"))) == (0, True)
        assert (await ask(peer, PEER_RELAY, **relay)).get("Delivered") == 1
        assert await heard(there, "forged") == "1001"
        # Once in, it is a peer and no client.
        await peer.request(RequestID.SET_MESSAGE_FILTER, Filter="MessageID=*")
        closed = (await peer.until(lambda frame: frame.kind == FrameKind.CLOSE))[-1]
        assert control.parse_close(closed).reason == CloseReason.PROTOCOL_ERROR

    with_pair(check, tmp_path)


def test_a_server_is_no_peer_of_itself_and_none_twice(tmp_path: Path) -> None:
    async def main() -> None:
        async with site() as simulator:
            found = Pair(simulator, tmp_path)
            myself = f"[Server.Peers.localhost]\nPort = {found.ports[0]}\n"
            twice = f"[Server.Peers.localhost]\nPort = {found.ports[0]}\n"
            async with (
                found.server(0, LEVELS + myself) as first,
                found.server(1, LEVELS + twice) as second,
            ):
                await eventually(lambda: "this server itself" in first.text(), "itself")
                await eventually(lambda: "the same server as" in second.text(), "twice")
                sender, there = await found.agent(1, "1001"), await found.agent(0, "1002")
                await say(sender, "1002", "one")
                await say(sender, "1002", "two")
                assert await heard(there, "one") == "1001"
                assert await heard(there, "two") == "1001", "each came once"
                while Client.opened:
                    Client.opened.pop().socket.close()

    run(main())
