"""Which backend is picked."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

import fastcil.codec
from fastcil.codec import _select
from fastcil.codec._select import MODULES, select


def in_a_new_process(backend: str) -> str:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import fastcil.codec as c; print(c.BACKEND, c.Arguments.__module__)",
        ],
        env={**os.environ, "FASTCIL_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout.strip() or done.stderr


def test_by_environment(backend: Any) -> None:
    name, module = in_a_new_process(backend.name).split()
    assert name == backend.name
    assert module.startswith(MODULES[backend.name])


def test_unknown_names_are_errors() -> None:
    assert "FASTCIL_BACKEND is one of cython, cffi, reference, got 'fast'" in in_a_new_process(
        "fast"
    )


def test_the_one_asked_for_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODULES, "cython", "fastcil.not_built")
    with pytest.raises(ImportError):
        select("cython")


def test_the_first_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODULES, "cython", "fastcil.not_built")
    monkeypatch.setitem(MODULES, "cffi", "fastcil.codec._reference")
    assert select(None)[0] == "cffi"
    monkeypatch.setitem(MODULES, "cffi", "fastcil.not_built")
    assert select("")[0] == "reference"


def test_exports(backend: Any) -> None:
    for name in fastcil.codec.__all__:
        assert getattr(fastcil.codec, name) is not None
    assert fastcil.codec.BACKEND == _select.BACKEND
    for name in backend._fields[1:]:
        found = getattr(backend, name)
        assert found.__name__ == name
        assert found.__doc__


def public(thing: object) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


def test_backends_have_the_same_public_names(backend: Any, backends: list[Any]) -> None:
    def samples(of: Any) -> list[Any]:
        frame = of.Frame.from_bytes(of.encode_frame(1))
        return [of.Arguments(), frame, of.FrameReader(), of.FrameWriter(), of.MessageFilter("a=1")]

    for ours, reference in zip(samples(backend), samples(backends[-1])):
        assert public(ours) == public(reference)
        for name in public(ours):
            if callable(getattr(ours, name)):
                assert getattr(ours, name).__doc__, (type(ours), name)
