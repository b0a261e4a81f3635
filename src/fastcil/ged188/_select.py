"""Which backend reads messages: the same choice as the codec's, see fastcil.codec._select."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from fastcil.codec import BACKEND

MODULES = {
    "cython": "fastcil.ged188._native",
    "cffi": "fastcil.ged188._cffi",
    "reference": "fastcil.ged188._reference",
}


def load(name: str = BACKEND) -> ModuleType:
    """The module of a backend, with its Message and MessageReader."""
    return import_module(MODULES[name])
