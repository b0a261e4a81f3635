"""A CTI Server for a whole site that exists nowhere: calls, agents, statistics, over GED-188.

Simulator is the thing to start; docs/simulator.md shows how.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastcil.simulator.build import SiteOptions
    from fastcil.simulator.faults import Drop, Faults, Garbage
    from fastcil.simulator.options import LinkOptions
    from fastcil.simulator.routing import WorkloadOptions
    from fastcil.simulator.scenario import Scenario, ScenarioError, load_scenario
    from fastcil.simulator.simulator import Simulator, SimulatorOptions

__all__ = [
    "Drop",
    "Faults",
    "Garbage",
    "LinkOptions",
    "Scenario",
    "ScenarioError",
    "Simulator",
    "SimulatorOptions",
    "SiteOptions",
    "WorkloadOptions",
    "load_scenario",
]

_MODULES = {
    "Drop": "faults",
    "Faults": "faults",
    "Garbage": "faults",
    "LinkOptions": "options",
    "Scenario": "scenario",
    "ScenarioError": "scenario",
    "Simulator": "simulator",
    "SimulatorOptions": "simulator",
    "SiteOptions": "build",
    "WorkloadOptions": "routing",
    "load_scenario": "scenario",
}


def __getattr__(name: str) -> Any:
    # Loaded when asked for: who needs the clock alone does not wait for all the rest.
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{module}"), name)
