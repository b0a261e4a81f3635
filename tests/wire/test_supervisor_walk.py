"""The walk of agents with a supervisor among them, who watches one of the others and takes part in
his calls: what he is told is true as well, and his buttons do what they say."""

from __future__ import annotations

from typing import Any

import pytest
from agent_kit import AgentSite, Desk, run
from test_agent_walk import DESKS, STEPS, Action, Walk

from fastcil.catalog import SupervisorButtonEnablement as B
from fastcil.catalog import SupervisoryAction
from fastcil.cil import Call

SUPERVISOR, WATCHED = 0, 1  # their places
AGENT = "agent.5000.1002"
ACTIONS = {
    "barge in": (B.ENABLE_BARGE_IN, SupervisoryAction.eSupervisorBargeIn),
    "intercept": (B.ENABLE_INTERCEPT, SupervisoryAction.eSupervisorIntercept),
}


class SupervisedWalk(Walk):
    def buttons(self, desk: Desk) -> list[Action]:
        """Those of an agent; the supervisor's for the calls that he watches."""
        if desk is not self.desks[SUPERVISOR]:
            return super().buttons(desk)
        own = self.truth(SUPERVISOR)
        watched = [call for key, call in desk.session.calls.items() if key not in own]
        found = [
            (name, call)
            for name, call in super().buttons(desk)
            if call is None or call not in watched
        ]
        for call in watched:
            mask = call.get_value_uint("SupervisorBtnEnablementMask")
            for name, (bit, _) in ACTIONS.items():
                if mask & bit and (name == "intercept" or not own):
                    found += [(name, call)] * 20
        return found

    async def press(self, desk: Desk, name: str, call: Call | None, number: str) -> None:
        if name not in ACTIONS:
            await super().press(desk, name, call, number)
            return
        assert call is not None
        desk.agent.supervise_call(
            agent_reference=AGENT,
            call_reference=call.unique_object_id,
            supervisory_action=ACTIONS[name][1],
        )

    def seen(self, place: int) -> dict[str, int]:
        """The supervisor has the calls of whom he watches besides his own."""
        watched = self.truth(WATCHED) if place == SUPERVISOR else {}
        return {**watched, **self.truth(place)}

    def wrong(self) -> list[Any]:
        """And what the supervisor may do with the calls that he watches."""
        found = super().wrong()
        source = self.site.services[0].source
        session = self.desks[SUPERVISOR].session
        for key in self.truth(WATCHED):
            call, known = source.mapper.objects.calls.get(key), session.calls.get(key)
            if call is None or known is None:
                found.append((key, call, known))
                continue
            mask = source.supervisor_mask("OnCallDataUpdate", call.values)
            if known.get_value_uint("SupervisorBtnEnablementMask", None) != mask:
                found.append((key, mask))
        failures = self.desks[SUPERVISOR].heard.all("OnControlFailureConf")
        found += [
            one.to_dict() for one in failures if "SUPERVISE" in one.get_string("ErrorMessage")
        ]
        return found


@pytest.mark.parametrize("level", [0, 1])
@pytest.mark.parametrize("seed", [2, 3, 4, 5])
def test_a_supervisor_among_agents(seed: int, level: int) -> None:
    async def script(site: AgentSite) -> None:
        desks = [await site.agent(str(1001 + i), i, ready=i > 1) for i in range(DESKS)]
        monitor = (await site.desk()).session
        await monitor.monitor("MessageID=*")
        agent = desks[SUPERVISOR].agent
        await agent.request_agent_team_list()
        agent.start_monitoring_all_agent_teams()
        await agent.start_monitoring_agent(agent_reference=AGENT)
        walk = SupervisedWalk(site, desks, monitor, seed)
        for _ in range(2 * STEPS):
            await walk.step()
            await walk.right()
            site.advance(walk.random.choice((0.0, 1.0, 3.0)))
            await walk.right()
        assert any(name in ACTIONS for _, name, _ in walk.done)
        # Of the other members of his team he hears, but not of their calls.
        heard = desks[SUPERVISOR].heard
        states = {
            one.get_string("UniqueObjectID") for one in heard.all("OnMonitoredAgentStateChange")
        }
        assert "agent.5000.1003" in states
        calls = {one.get_string("UniqueObjectID") for one in heard.all("OnMonitoredCallBegin")}
        assert {key.rpartition(".")[2] for key in calls} == {site.instrument(WATCHED)}

    run(script, f"[Server.CallObject]\nMinimizeEventArgs = {level}\n")
