"""Statistics in both modes: of one's own agent, and of every skill group of a site.

    fastcil serve --agents 20 --people 4 --calls-per-hour 1200
    python examples/statistics_view.py groups --count 5
    python examples/statistics_view.py agent --agent 1017 --instrument 20017

Both wait with a WaitObject, as programs for the older libraries do; never do that in an event
handler: the thread that waits would be the one that brings the event.
"""

from __future__ import annotations

import argparse

import starting

import fastcil
from fastcil.catalog import AgentState, WaitResult, event_id
from fastcil.cil import Agent, ThreadedSession

SHOWN_OF_AGENTS = ("LoggedOnTimeSession", "HandledCallsToday", "AvgHandleTimeToday")
SHOWN_OF_GROUPS = ("AgentsLoggedOn", "AgentsAvail", "CallsQNow", "AvgHandledCallsTimeToHalf")


def show(what: str, statistics: object, names: tuple[str, ...]) -> None:
    found = {name: statistics[name] for name in names}  # type: ignore[index]
    print(what, ", ".join(f"{name} {value}" for name, value in found.items()), flush=True)


def groups(session: ThreadedSession, count: int) -> None:
    """Monitor mode: skill group statistics come though nobody is logged in."""
    session.monitor("FilterTarget=SkillGroupStats", snapshot=False)
    waiting = session.create_wait_object({"Event1": event_id("OnSkillGroupStatisticsUpdated")})
    session.perform("EnableSkillGroupStatistics").result(10)  # no argument: all of them
    while count > 0:
        if waiting.wait(60_000) is not WaitResult.EVENT_SIGNALED:
            raise SystemExit("no statistics within a minute")
        for key, group in list(session.skill_groups.items())[:count]:
            show(key, group.statistics, SHOWN_OF_GROUPS)
            count -= 1
    session.destroy_wait_object(waiting)


def own(session: ThreadedSession, options: argparse.Namespace) -> None:
    """Agent mode: log in, enable, and wait for the first update."""
    agent = Agent()
    agent.set_value("AgentID", options.agent)
    agent.set_value("PeripheralID", options.peripheral)
    session.set_agent(agent).result(10)
    # Made before the request, so that an event that is quicker than the wait is not missed.
    waiting = session.create_wait_object({"Event1": event_id("OnAgentStateChange")})
    agent.login(
        agent_id=options.agent,
        agent_instrument=options.instrument,
        agent_password=options.password or f"p{options.agent}",
    ).result(10)
    while agent.get_agent_state() in (AgentState.eLogout, AgentState.eLogin):
        if waiting.wait(20_000) is not WaitResult.EVENT_SIGNALED:
            raise SystemExit("not logged in within 20 seconds")
    waiting.set_mask({"Event1": event_id("OnAgentStatistics")})
    agent.enable_agent_statistics().result(10)
    if waiting.wait(20_000) is not WaitResult.EVENT_SIGNALED:
        raise SystemExit("no statistics within 20 seconds")
    session.destroy_wait_object(waiting)
    show(agent.unique_object_id, agent.statistics, SHOWN_OF_AGENTS)
    agent.disable_agent_statistics().result(10)
    agent.logout(event_reason_code=1).result(10)


def main() -> None:
    parser = starting.desk_parser(__doc__)
    parser.add_argument("mode", choices=("agent", "groups"))
    parser.add_argument("--count", type=int, default=10, help="lines of groups; then it ends")
    options = parser.parse_args()
    with fastcil.connect_sync(options.server, timeout=starting.SECONDS) as session:
        if options.mode == "groups":
            groups(session, options.count)
        else:
            own(session, options)


if __name__ == "__main__":
    with starting.ending():
        main()
