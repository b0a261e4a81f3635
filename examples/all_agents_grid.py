"""Every agent of a site and what he is doing: a client in monitor mode, with threads.

    fastcil serve --agents 50 --calls-per-hour 3000
    python examples/all_agents_grid.py

The table needs rich: pip install 'fastcil[cli]'.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress

import starting
from grids import STEP, frames, options

import fastcil
from fastcil.catalog import AgentState, event_id
from fastcil.cil import ThreadedSession

# OnCTIOSFailure belongs into every filter: it tells that the picture may be old.
EVENTS = ("OnQueryAgentStateConf", "OnAgentStateChange", "OnAgentInfoEvent", "OnCTIOSFailure")
FILTER = "MessageID=" + ",".join(str(event_id(name)) for name in EVENTS)


def rows(session: ThreadedSession) -> Iterator[tuple[str, ...]]:
    """One row an agent: the session keeps the objects right, nothing is copied here."""
    for key, agent in sorted(session.agents.items()):
        state = AgentState(agent.get_value_int("AgentState", AgentState.eUnknown))
        names = (agent.get_value_string(f"Agent{which}Name", "") for which in ("First", "Last"))
        extension = agent.get_value_string("AgentExtension", "")
        yield key, " ".join(names).strip(), extension, state.name.removeprefix("e")


def main() -> None:
    given = options(__doc__)
    with fastcil.connect_sync(given.server, timeout=starting.SECONDS) as session:
        session.monitor(FILTER)
        heads = ("agent", "name", "extension", "state")
        drawing = frames("Agents", heads, lambda: rows(session), given)
        with suppress(KeyboardInterrupt), closing(drawing):
            for _ in drawing:
                time.sleep(STEP)
        states = Counter(state for *_, state in rows(session))
        print(", ".join(f"{count} {state}" for state, count in states.most_common()))


if __name__ == "__main__":
    with starting.ending():
        main()
