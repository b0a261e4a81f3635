"""Every call of a site: a client in monitor mode, with asyncio.

    fastcil serve --agents 50 --calls-per-hour 3000
    python examples/all_calls_grid.py --seconds 10

A Call is one connection, so that a call of two parties has two rows. Who monitors calls takes
OnCallEnd and OnCallDataUpdate too, or objects pile up; one filter by key does that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing

import starting
from grids import STEP, frames, options

import fastcil
from fastcil.catalog import CallStatus
from fastcil.cil import AsyncSession


def rows(session: AsyncSession) -> Iterator[tuple[str, ...]]:
    for key, call in list(session.calls.items()):
        status = call.get_value_int("CallStatus", -1)
        name = CallStatus(status).name.removeprefix("LCS_") if status in list(CallStatus) else "?"
        ani = call.get_value_string("ANI", "")
        dnis = call.get_value_string("DNIS", "")
        yield key, name.lower(), ani, dnis, call.get_value_string("ICMEnterpriseUniqueID", "")


async def main() -> None:
    given = options(__doc__)
    async with fastcil.connect(given.server, timeout=starting.SECONDS) as session:
        await session.monitor("UniqueObjectID=call.*")
        heads = ("call", "status", "ANI", "DNIS", "enterprise id")
        try:
            with closing(frames("Calls", heads, lambda: rows(session), given)) as drawing:
                for _ in drawing:
                    await asyncio.sleep(STEP)
        finally:  # Ctrl-C too
            print(f"{len(session.calls)} connections")


if __name__ == "__main__":
    with starting.ending():
        asyncio.run(main())
