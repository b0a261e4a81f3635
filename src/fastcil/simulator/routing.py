"""Where calls go and where they come from: the names that others use.

call_router.py brings calls to agents, workload.py makes them and plays the agents.
"""

from __future__ import annotations

from fastcil.simulator.call_router import Router
from fastcil.simulator.workload import Workload
from fastcil.simulator.workload_options import WorkloadOptions

__all__ = ["Router", "Workload", "WorkloadOptions"]
