"""Which half does what is done for every event: the same choice as the codec's."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from fastcil.codec import BACKEND

MODULES = {
    "cython": "fastcil.server._native",
    "cffi": "fastcil.server._reference",
    "reference": "fastcil.server._reference",
}


def load(name: str = BACKEND) -> ModuleType:
    """The module of a backend."""
    return import_module(MODULES[name])
