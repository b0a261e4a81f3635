"""What the programs share: the command line of an agent's desk, and how a program ends."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from fastcil.cil import SessionError

SECONDS = 5.0
"""How long a program tries to reach its server. A desk that should wait for one takes longer."""


def parser(description: str | None) -> argparse.ArgumentParser:
    """The options that every program has."""
    found = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    found.add_argument("--server", default="ctios://127.0.0.1:42028", help="host[:port][,other]")
    return found


def desk_parser(
    description: str | None, agent: str = "1001", instrument: str = "20001"
) -> argparse.ArgumentParser:
    """Those of a program that logs an agent in."""
    found = parser(description)
    found.add_argument("--agent", default=agent, help="AgentID")
    found.add_argument("--peripheral", type=int, default=5000, help="PeripheralID")
    found.add_argument("--instrument", default=instrument, help="the telephone to log in at")
    found.add_argument("--password", help="default: that of the simulator")
    return found


@contextmanager
def ending() -> Iterator[None]:
    """Ctrl-C ends a program quietly; what a session could not do is told in one line."""
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(130)
    except SessionError as error:
        sys.exit(f"{error}")
