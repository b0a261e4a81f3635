"""Who is calling? A screen pop: looks a caller up by ANI in a SQLite database.

    fastcil serve --agents 6 --calls-per-hour 0
    python examples/screen_pop.py --agent 1002 --instrument 20002 --ecc user.segment

When a call rings at the agent's telephone, the customer's line of the database is shown, and what
was found goes into the call's data, so that whoever gets the call next has it too. Without a
database a small one is made up, in memory.
"""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

import starting

import fastcil
from fastcil.catalog import AgentState
from fastcil.cil import Agent, AsyncSession
from fastcil.cil.typed_events import OnCallDelivered, OnCallEnd

SCHEMA = "CREATE TABLE customers (number TEXT PRIMARY KEY, name TEXT, segment TEXT)"
SAMPLE = [("20001", "Ada Byron", "gold"), ("5551234", "Charles Babbage", "silver")]


def database(path: str) -> sqlite3.Connection:
    found = sqlite3.connect(path)
    if path == ":memory:":
        found.execute(SCHEMA)
        found.executemany("INSERT INTO customers VALUES (?, ?, ?)", SAMPLE)
    return found


def customer(base: sqlite3.Connection, ani: str) -> tuple[str, str]:
    """Name and segment of a caller."""
    row = base.execute("SELECT name, segment FROM customers WHERE number = ?", (ani,)).fetchone()
    return (str(row[0]), str(row[1])) if row else ("unknown", "")


async def pop(session: AsyncSession, base: sqlite3.Connection, count: int, ecc: str) -> None:
    """Every call that rings, until so many have ended."""
    async for event in session.events(typed=True):
        if isinstance(event, OnCallDelivered) and event.unique_object_id in session.calls:
            call = session.calls[event.unique_object_id]
            ani = call.get_value_string("ANI", "") or call.get_value_string("CallingDeviceID", "")
            name, segment = customer(base, ani)
            print(f"{ani} is {name} {segment}".rstrip(), flush=True)
            data: dict[str, Any] = {"CallVariable1": name, "CallVariable2": segment}
            if ecc:
                data["ECC"] = {
                    **call.get_value_array("ECC", {}),
                    ecc: segment,
                }  # it replaces all of them
            await call.set_call_data(data)
        elif isinstance(event, OnCallEnd):
            print(f"{event.unique_object_id} is over", flush=True)
            count -= 1
            if not count:
                return


async def main() -> None:
    parser = starting.desk_parser(__doc__)
    parser.add_argument("--database", default=":memory:", help="SQLite file with table customers")
    parser.add_argument("--count", type=int, default=0, help="calls; 0: until Ctrl-C")
    parser.add_argument("--ecc", default="", help="ECC variable for the segment")
    options = parser.parse_args()
    agent = Agent()
    agent.set_value("AgentID", options.agent)
    agent.set_value("PeripheralID", options.peripheral)
    async with fastcil.connect(options.server, timeout=starting.SECONDS) as session:
        await session.set_agent(agent)
        await agent.login(
            agent_id=options.agent,
            agent_instrument=options.instrument,
            agent_password=options.password or f"p{options.agent}",
        )
        await agent.set_agent_state(agent_state=AgentState.eAvailable)
        print("ready", flush=True)
        await pop(session, database(options.database), options.count, options.ecc)


if __name__ == "__main__":
    with starting.ending():
        asyncio.run(main())
