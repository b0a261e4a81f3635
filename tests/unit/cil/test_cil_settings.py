"""Addresses and Connect arguments."""

from __future__ import annotations

from typing import Any

import pytest

from fastcil.catalog import CilError
from fastcil.cil.errors import SessionError
from fastcil.cil.settings import Settings


@pytest.mark.parametrize(
    ("url", "sides"),
    [
        ("ctios://a", (("a", 42028), ("a", 42028))),
        ("ctios://a:1,b:2", (("a", 1), ("b", 2))),
        ("CTIOS://a , b:2/", (("a", 42028), ("b", 2))),
        ("ctios://[::1]:5,[fe80::1]", (("::1", 5), ("fe80::1", 42028))),
    ],
)
def test_url(url: str, sides: Any) -> None:
    assert Settings.from_url(url).sides == sides


@pytest.mark.parametrize(
    "url",
    ["http://a", "ctios://", "ctios://a,", "ctios://a:0", "ctios://a:65536", "ctios://a:x",
     "ctios://a,b,c", "ctios://[::1", "ctios://[::1]x", "ctios://:5"],
)  # fmt: skip
def test_bad_url(url: str) -> None:
    with pytest.raises(SessionError) as caught:
        Settings.from_url(url)
    assert caught.value.code == CilError.E_CTIOS_INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("fields", "sides"),
    [
        ({"CtiosA": "a"}, (("a", 42028), ("a", 42028))),
        ({"CtiosB": "b", "PortB": 7}, (("b", 7), ("b", 7))),
        ({"CtiosA": "a", "PortA": 6, "CtiosB": "b"}, (("a", 6), ("b", 42028))),
        ({"CtiosA": "a", "CtiosB": "b", "PortA": "5", "PortB": 6}, (("a", 5), ("b", 6))),
    ],
)
def test_arguments(fields: dict[str, Any], sides: Any) -> None:
    assert Settings.from_arguments(fields).sides == sides


def test_heartbeat_arguments() -> None:
    settings = Settings.from_arguments({"CtiosA": "a", "Heartbeat": 9, "MaxHeartbeats": 2})
    assert (settings.heartbeat, settings.max_heartbeats) == (9.0, 2)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, CilError.E_CTIOS_MISSING_ARGUMENT),
        ({"CtiosA": " "}, CilError.E_CTIOS_MISSING_ARGUMENT),
        ({"CtiosA": "a", "PortA": 70000}, CilError.E_CTIOS_INVALID_ARGUMENT),
        ({"CtiosA": "a", "PortA": "x"}, CilError.E_CTIOS_INVALID_ARGUMENT),
        ({"CtiosA": "a", "Heartbeat": -1}, CilError.E_CTIOS_INVALID_ARGUMENT),
    ],
)
def test_bad_arguments(fields: dict[str, Any], code: CilError) -> None:
    with pytest.raises(SessionError) as caught:
        Settings.from_arguments(fields)
    assert caught.value.code == code
