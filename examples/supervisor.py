"""A supervisor: the team, what its members do, and a call of one of them.

    fastcil serve --agents 6 --calls-per-hour 0
    python examples/supervisor.py --agent 1001 --instrument 20001

Commands from standard input: team, watch AGENT, barge, intercept, ready AGENT, out AGENT,
chat AGENT WORDS, wait EVENT, quit. Agents are named by their AgentID.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import Any

import starting
from phone import lines, say

import fastcil
from fastcil.catalog import EVENTS_BY_ID, AgentState, SupervisoryAction
from fastcil.cil import Agent, AsyncSession, SessionError

COMMANDS = "commands: team, watch AGENT, barge, intercept, ready AGENT, out AGENT, chat AGENT WORDS"
LOGOUT_BY_SUPERVISOR = 999  # EventReasonCode (Developer Guide, supervisor applications)


class Supervisor:
    """Watches a team and steps in."""

    def __init__(self, session: AsyncSession, options: argparse.Namespace) -> None:
        self.session = session
        self.options = options
        self.agent = Agent()
        self.agent.set_value("AgentID", options.agent)
        self.agent.set_value("PeripheralID", options.peripheral)
        self._heard: asyncio.Queue[str] = asyncio.Queue()

    def OnEvent(self, iEventID: int, rArgs: Any) -> None:
        event = EVENTS_BY_ID.get(iEventID)
        if event is None:
            return
        name = event.callback
        if name == "OnMonitoredAgentStateChange":
            say(f"< {rArgs.get('AgentID')} {AgentState(rArgs.get_int('AgentState')).name}")
        elif name.startswith("OnMonitoredCall") or name in ("OnCallBegin", "OnCallEnd"):
            say(f"< {name} {rArgs.get_string('UniqueObjectID', '')}")
        elif name in ("OnControlFailureConf", "OnChatMessage"):
            say(f"< {name} {rArgs.get_string('ErrorMessage', rArgs.get_string('Message', ''))}")
        self._heard.put_nowait(name)

    def key(self, agent_id: str) -> str:
        return f"agent.{self.options.peripheral}.{agent_id}"

    def member(self, agent_id: str) -> Agent:
        found = self.session.agents.get(self.key(agent_id))
        if found is None:
            raise ValueError(f"no agent {agent_id} in the team")
        return found

    async def team(self) -> None:
        await self.agent.request_agent_team_list()
        self.agent.start_monitoring_all_agent_teams()
        for key, agent in sorted(self.session.agents.items()):
            say(f"  {key} {agent.get_agent_state().name}")

    async def watch(self, agent_id: str) -> None:
        await self.agent.start_monitoring_agent(agent_reference=self.key(agent_id))

    async def supervise(self, action: SupervisoryAction) -> None:
        """On the call of the agent that is watched."""
        watched = self.agent.get_monitored_agent()
        if watched is None:
            raise ValueError("watch an agent first")
        reference = watched.unique_object_id
        ours = {self.session.current_call}
        call = next((c for c in self.session.calls.values() if c not in ours), None)
        if call is None:
            raise ValueError(f"{reference} has no call")
        self.agent.supervise_call(
            agent_reference=reference,
            call_reference=call.unique_object_id,
            supervisory_action=int(action),
        )

    async def command(self, name: str, words: list[str]) -> None:
        if name == "team":
            await self.team()
        elif name == "watch":
            await self.watch(words[0])
        elif name == "barge":
            await self.supervise(SupervisoryAction.eSupervisorBargeIn)
        elif name == "intercept":
            await self.supervise(SupervisoryAction.eSupervisorIntercept)
        elif name == "ready":
            await self.member(words[0]).set_agent_state(
                agent_state=AgentState.eAvailable, supervisor_id=self.options.agent
            )
        elif name == "out":
            await self.member(words[0]).set_agent_state(
                agent_state=AgentState.eLogout,
                event_reason_code=LOGOUT_BY_SUPERVISOR,
                supervisor_id=self.options.agent,
            )
        elif name == "chat":
            self.agent.send_chat_message(
                distribution="agent", target=words[0], message=" ".join(words[1:])
            )
        elif name == "wait":
            while await asyncio.wait_for(self._heard.get(), 20) != words[0]:
                pass
        else:
            raise ValueError(f"there is no command {name!r}")

    async def run(self) -> int:
        self.session.add_listener(self)
        await self.session.set_agent(self.agent)
        await self.agent.login(
            agent_id=self.options.agent,
            agent_instrument=self.options.instrument,
            agent_password=self.options.password or f"p{self.options.agent}",
        )
        say(f"{self.key(self.options.agent)} is logged in; {COMMANDS}")
        failed = 0
        async for line in lines():
            name, *words = line.split() or [""]
            if name == "quit":
                break
            if not name:
                continue
            say(f"> {line}")
            try:
                await self.command(name, words)
            except (SessionError, ValueError, IndexError, asyncio.TimeoutError) as error:
                failed = say(f"! {error or type(error).__name__}")
        await self.agent.set_agent_state(agent_state=AgentState.eNotReady)
        await self.agent.logout(event_reason_code=1)
        return failed


async def main() -> int:
    options = starting.desk_parser(__doc__).parse_args()
    async with fastcil.connect(options.server, timeout=starting.SECONDS) as session:
        return await Supervisor(session, options).run()


if __name__ == "__main__":
    with starting.ending():
        sys.exit(asyncio.run(main()))
