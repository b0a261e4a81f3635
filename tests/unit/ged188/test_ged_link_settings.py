"""Settings: addresses, limits, secrets, TLS options."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
from ged_link_kit import settings

from fastcil.ged188.enums import CTIServiceMask
from fastcil.ged188.link import LinkSettings, TlsOptions
from fastcil.ged188.link_settings import ALL_AGENT_STATES, ALL_CALL_EVENTS


@pytest.mark.parametrize(
    ("url", "sides"),
    [
        ("ctiserver://side-a:42027,side-b:43027", (("side-a", 42027), ("side-b", 43027))),
        ("ctiserver://side-a,side-b", (("side-a", 42027), ("side-b", 43027))),
        ("CTISERVER://only:1/", (("only", 1),)),
        ("ctiserver://[::1]:9,[fe80::2]", (("::1", 9), ("fe80::2", 43027))),
    ],
)
def test_addresses(url: str, sides: tuple[tuple[str, int], ...]) -> None:
    found = LinkSettings.from_url(url, client_id="me", version=24)
    assert (found.sides, found.client_id, found.version) == (sides, "me", 24)


@pytest.mark.parametrize(
    "url",
    [
        "http://side-a",
        "ctiserver://",
        "ctiserver://a,b,c",
        "ctiserver://a:70000",
        "ctiserver://a:x",
        "ctiserver://[::1",
        "ctiserver://[::1]x",
        "ctiserver://me:hunter2@side-a",
    ],
)
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the text is looked at below
        LinkSettings.from_url(url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sides": ()},
        {"sides": (("a", 1), ("b", 2), ("c", 3))},
        {"sides": (("", 1),)},
        {"sides": (("a", 0),)},
        {"version": 8},
        {"version": 26},
        {"version": 12, "min_version": 13},
        {"jitter": 1.5},
        {"backoff": ()},
        {"max_outstanding": 0},
        {"missed_heartbeats": 0},
        {"heartbeat_interval": 0.0},
        {"request_timeout": -1.0},
        {"max_unsent": 0},
    ],
    ids=str,
)
def test_settings_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        settings(**wrong)


def test_secrets_are_in_no_repr() -> None:
    tls = TlsOptions(key_password="hunter2")
    for text in (repr(settings(client_password="hunter2", tls=tls)), str(tls)):
        assert "hunter2" not in text


def test_all_events_are_asked_for_by_default() -> None:
    found = settings().open_request(25)
    assert found["CallMsgMask"] == ALL_CALL_EVENTS == 0xFBFFFFFF
    assert found["AgentStateMask"] == ALL_AGENT_STATES == 0x3FFF
    assert found["ServicesRequested"] & CTIServiceMask.CTI_SERVICE_ALL_EVENTS
    assert found["ConfigMsgMask"] == 0


def test_the_standby_service_is_asked_for_where_it_exists() -> None:
    held = settings(standby=True)
    service = CTIServiceMask.CTI_SERVICE_ACTIVE_STANDBY
    assert held.open_request(24)["ServicesRequested"] & service
    assert not held.open_request(23)["ServicesRequested"] & service
    asked = settings(services=int(service) | 16)
    assert asked.open_request(25)["ServicesRequested"] == 16  # the link could not serve it


def test_a_password_may_be_bytes() -> None:
    assert settings(client_password=b"\xff\0").open_request(25)["ClientPassword"] == b"\xff\0"


def test_tls_options_make_a_context_that_checks() -> None:
    context = settings(tls=TlsOptions()).tls_context()
    assert context is not None
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert not TlsOptions(check_hostname=False).context().check_hostname
    own = ssl.create_default_context()
    assert settings(tls=own).tls_context() is own
    assert settings().tls_context() is None


def test_tls_files_that_are_missing_are_told(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r".+"):
        TlsOptions(ca_file=tmp_path / "none.pem").context()
