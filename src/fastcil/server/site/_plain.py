"""The pure-Python half of what is known of a site: all that fastcil.server._native has of it."""

from __future__ import annotations

from fastcil.server.site._reference import Maker, Schema, Table, Values
from fastcil.server.site.agent_core import AgentCore
from fastcil.server.site.call_core import CallCore
from fastcil.server.site.mapper_core import Dispatch
from fastcil.server.site.objects import AgentObject

__all__ = ["AgentCore", "AgentObject", "CallCore", "Dispatch", "Maker", "Schema", "Table", "Values"]
