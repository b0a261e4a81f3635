"""Generated contact-centre traffic: the sample events and the simulated contact centre."""

from __future__ import annotations

from .generator import ContactCentre
from .model import Event
from .samples import call_held, full_call_begin

__all__ = ["ContactCentre", "Event", "call_held", "full_call_begin"]
