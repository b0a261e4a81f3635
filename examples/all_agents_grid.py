"""Every agent of a site and what he is doing: a client in monitor mode, with threads.

    fastcil serve --agents 50 --calls-per-hour 3000
    python examples/all_agents_grid.py

The table needs rich: pip install 'fastcil[cli]'.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from grids import options, show

import fastcil
from fastcil.catalog import AgentState
from fastcil.cil import ThreadedSession


def rows(session: ThreadedSession) -> Iterator[tuple[str, ...]]:
    """One row an agent: the session keeps the objects right, nothing is copied here."""
    for key, agent in sorted(session.agents.items()):
        state = AgentState(agent.get_value_int("AgentState", AgentState.eUnknown))
        name = f"{agent.get_value_string('AgentLastName', '')}"
        extension = agent.get_value_string("AgentExtension", "")
        yield key, name, extension, state.name.removeprefix("e")


def main() -> None:
    given = options(__doc__)
    # OnCTIOSFailure belongs into every filter: it tells that the picture may be old.
    with fastcil.connect_sync(given.server) as session:
        session.monitor("AgentID=*")
        show("Agents", ("agent", "name", "extension", "state"), lambda: rows(session), given)
        states = Counter(state for *_, state in rows(session))
        print(", ".join(f"{count} {state}" for state, count in states.most_common()))


if __name__ == "__main__":
    main()
