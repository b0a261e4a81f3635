"""The command `fastcil simulate`: a simulator as a process, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from fastcil.simulator import Scenario, Simulator, SimulatorOptions

__all__ = ["run_simulator", "simulate"]

# The commands of fastcil load what they need when they run, so these are not imported.
FIRST_VERSION = 9
LAST_VERSION = 25
_PLACES = {
    "agents": ("site", "agents"),
    "peripherals": ("site", "peripherals"),
    "skill_groups": ("site", "skill_groups"),
    "teams_of": ("site", "teams_of"),
    "seed": ("site", "seed"),
    "calls_per_hour": ("workload", "calls_per_hour"),
    "people": ("workload", "people"),
    "protocol_version": ("link", "protocol_version"),
    "password": ("link", "passwords"),
    "max_connections": ("link", "max_connections"),
}
"""Where each option of the command belongs: part of SimulatorOptions, name there."""
_SECTIONS = {"site": "site", "workload": "workload", "link": "server"}
"""The scenario's name of each part."""


def run_simulator(
    options: SimulatorOptions,
    scenario: Scenario | None = None,
    *,
    seconds: float | None = None,
    announce: Callable[[str], Any] = print,
    complain: Callable[[str], Any] = print,
) -> int:
    """Serve a simulated site until SIGTERM, SIGINT or for some real seconds; the exit code.

    Announces where it listens and at the end what was counted. Steps of the scenario that could
    not be done are complained about, and make the exit code 1.
    """
    from fastcil.simulator import Simulator

    simulator = Simulator(options, scenario)

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        async with simulator:
            announce(_announcement(simulator))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), seconds)

    asyncio.run(serve())
    for name, value in simulator.counts().items():
        announce(f"{name:28}{value:>14,}")
    failures = [] if simulator.scenario is None else simulator.scenario.failures
    for failure in failures:
        complain(str(failure))
    return 1 if failures else 0


def _announcement(simulator: Simulator) -> str:
    host = simulator.options.host
    where = f"listening on {host}:{simulator.port}"
    if simulator.standby_port is not None:
        where += f", standby on {host}:{simulator.standby_port}"
    site, link = simulator.options.site, simulator.options.link
    return (
        f"{where}; versions {FIRST_VERSION} to {link.protocol_version}, "
        f"{site.agents} agents, {simulator.options.workload.calls_per_hour:g} calls an hour"
    )


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=42027,
    show_default=True,
    help="Port of side A, the active one; 0 lets the system choose.",
)
@click.option(
    "--standby-port",
    type=click.IntRange(0, 65535),
    help="Port of side B, which stands by (usually 43027); without it there is one side.",
)
@click.option("--agents", type=click.IntRange(min=1), default=100, show_default=True)
@click.option("--peripherals", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--skill-groups", type=click.IntRange(min=0), help="Default: one for 25 agents.")
@click.option(
    "--teams-of", type=click.IntRange(min=1), default=20, show_default=True, help="Agents a team."
)
@click.option(
    "--calls-per-hour",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="Calls that arrive; agents come to work, answer, hold, transfer and wrap up.",
)
@click.option(
    "--people",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="How many agents of each peripheral, the last ones, stay away for people to log in as.",
)
@click.option(
    "--protocol-version",
    type=click.IntRange(FIRST_VERSION, LAST_VERSION),
    default=24,
    show_default=True,
    help="The newest version spoken; clients may ask for any from 9 to it.",
)
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Simulated seconds per real second.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same: the same site.")
@click.option("--password", help="ClientPassword of every client; default: any will do.")
@click.option("--max-connections", type=click.IntRange(min=1), default=10_000, show_default=True)
@click.option(
    "--scenario",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What happens when, as TOML or Python; options given here come before its own.",
)
@click.option("--seconds", type=click.FloatRange(min=0), help="Stop after this time.")
@click.pass_context
def simulate(
    ctx: click.Context,
    /,
    host: str,
    port: int,
    standby_port: int | None,
    speed: float,
    scenario: Path | None,
    seconds: float | None,
    **settings: Any,
) -> None:
    """Simulate a CTI Server (GED-188) with agents, calls and statistics, until stopped.

    It prints the address it listens on when it serves, and what it counted when it stops.
    Faults, standby and scenarios are described in docs/simulator.md.

    \b
    Example: fastcil simulate --agents 1000 --calls-per-hour 20000 --protocol-version 24
    Example: fastcil simulate --agents 1000 --standby-port 43027 --speed 10
    Example: fastcil simulate --agents 10 --scenario examples/scenarios/transfer.toml
    """
    from fastcil.simulator import load_scenario

    try:
        chosen = None if scenario is None else load_scenario(scenario)
        given = {
            name
            for name in settings
            if ctx.get_parameter_source(name) not in (ParameterSource.DEFAULT, None)
        }
        options = _options(settings, host=host, port=port, standby_port=standby_port, speed=speed)
        if chosen is not None:
            chosen = _without(chosen, given)
        code = run_simulator(
            options,
            chosen,
            seconds=seconds,
            announce=click.echo,
            complain=lambda text: click.echo(text, err=True),
        )
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
    raise SystemExit(code)


def _options(settings: dict[str, Any], **link: Any) -> SimulatorOptions:
    """SimulatorOptions of the command's options."""
    from fastcil.simulator import SimulatorOptions

    options = SimulatorOptions(**link)
    parts: dict[str, dict[str, Any]] = {"site": {}, "workload": {}, "link": {}}
    for name, value in settings.items():
        part, field = _PLACES[name]
        parts[part][field] = value
    return dataclasses.replace(
        options,
        site=dataclasses.replace(options.site, **parts["site"]),
        workload=dataclasses.replace(options.workload, **parts["workload"]),
        link=dataclasses.replace(options.link, **parts["link"]),
    )


def _without(scenario: Scenario, given: set[str]) -> Scenario:
    """The scenario without what the command line says already."""
    sections: dict[str, dict[str, Any]] = {
        name: dict(getattr(scenario, name)) for name in _SECTIONS.values()
    }
    for name in given:
        part, field = _PLACES[name]
        sections[_SECTIONS[part]].pop(field, None)
    return dataclasses.replace(scenario, **sections)  # type: ignore[arg-type]
