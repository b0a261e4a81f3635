"""Every request that is not about sessions or monitors, and the function that answers it."""

from __future__ import annotations

from fastcil.simulator.agent_requests import HANDLERS as AGENT_HANDLERS
from fastcil.simulator.call_requests import HANDLERS as CALL_HANDLERS
from fastcil.simulator.requests import Handler

__all__ = ["HANDLERS"]

HANDLERS: dict[str, Handler] = {**CALL_HANDLERS, **AGENT_HANDLERS}
"""By message name; no name is in both tables."""
