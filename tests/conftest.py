"""Fixtures that every test may use: the codec's backends, and how hypothesis runs."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, NamedTuple

import pytest

import fastcil.codec
from fastcil.codec._select import MODULES
from fastcil.ged188 import _select

try:
    from hypothesis import HealthCheck, settings
except ImportError:  # the tests in tests/property skip themselves
    pass
else:
    _common: dict[str, Any] = {
        "deadline": None,
        "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
    }
    # FASTCIL_HYPOTHESIS=explore looks for new examples, at length.
    settings.register_profile("ci", derandomize=True, max_examples=100, database=None, **_common)
    settings.register_profile("explore", max_examples=5000, **_common)
    settings.load_profile(os.environ.get("FASTCIL_HYPOTHESIS", "ci"))

VECTORS = Path(__file__).parent / "vectors"


class Backend(NamedTuple):
    """The names that every backend has."""

    name: str
    Arguments: Any
    Frame: Any
    FrameReader: Any
    FrameWriter: Any
    MessageFilter: Any
    TypeMap: Any
    encode_frame: Callable[..., bytes]
    dispatch_frames: Callable[..., None]

    def __repr__(self) -> str:
        return f"<{self.name}>"


def load(name: str) -> Backend:
    module = import_module(MODULES[name])
    return Backend(name, *[getattr(module, field) for field in Backend._fields[1:]])


def installed() -> list[Backend]:
    """The backends that can be imported here; those of FASTCIL_TEST_BACKENDS must be.

    FASTCIL_TEST_BACKENDS="cython,reference" is what CI sets, so that a backend that was not built
    is a failure and not a gap.
    """
    required = [name for name in os.environ.get("FASTCIL_TEST_BACKENDS", "").split(",") if name]
    found = []
    for name in MODULES:
        try:
            found.append(load(name))
        except ImportError:
            if name in required or name == "reference":
                raise
    return found


assert fastcil.codec.BACKEND in MODULES
BACKENDS = installed()


@pytest.fixture(params=BACKENDS, ids=[backend.name for backend in BACKENDS], scope="session")
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each installed backend in turn."""
    found: Backend = request.param
    return found


@pytest.fixture(scope="session")
def backends() -> list[Backend]:
    """All installed backends, reference last: for tests that compare them."""
    return BACKENDS


@pytest.fixture(params=[backend.name for backend in BACKENDS], scope="session")
def ged(request: pytest.FixtureRequest) -> ModuleType:
    """Message, MessageReader and encode_message of GED-188, from each backend in turn."""
    return _select.load(request.param)


@pytest.fixture(scope="session")
def geds() -> dict[str, ModuleType]:
    """The same from all backends, by name: for tests that compare them."""
    return {backend.name: _select.load(backend.name) for backend in BACKENDS}


def pytest_report_header() -> str:
    return f"fastcil backends: {', '.join(backend.name for backend in BACKENDS)}"
