"""Which backend: FASTCIL_BACKEND, or the first of cython, cffi, reference that can be imported."""

from __future__ import annotations

import os
from importlib import import_module
from types import ModuleType

MODULES = {
    "cython": "fastcil._cilwire",
    "cffi": "fastcil.codec._cffi",
    "reference": "fastcil.codec._reference",
}


def select(wanted: str | None) -> tuple[str, ModuleType]:
    """Name and module of the backend. Raises ImportError when the one wanted cannot be imported."""
    if wanted:
        if wanted not in MODULES:
            raise ImportError(f"FASTCIL_BACKEND is one of {', '.join(MODULES)}, got {wanted!r}")
        return wanted, import_module(MODULES[wanted])
    for name in ("cython", "cffi"):
        try:
            return name, import_module(MODULES[name])
        except ImportError:
            continue
    return "reference", import_module(MODULES["reference"])


BACKEND, backend = select(os.environ.get("FASTCIL_BACKEND"))
