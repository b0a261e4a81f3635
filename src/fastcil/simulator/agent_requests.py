"""Every request that is neither about calls nor about sessions, by message name."""

from __future__ import annotations

from fastcil.simulator import agent_misc_requests, agent_state_requests, config_requests
from fastcil.simulator.requests import Handler

__all__ = ["HANDLERS"]

HANDLERS: dict[str, Handler] = {
    **agent_state_requests.HANDLERS,
    **agent_misc_requests.HANDLERS,
    **config_requests.HANDLERS,
}
"""The table that the server looks requests up in."""
