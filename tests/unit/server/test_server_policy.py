"""Who may connect, monitor and ask."""

from __future__ import annotations

from fastcil.server.policy import Guard, Policy, RequestRate


def test_nothing_is_forbidden_by_default() -> None:
    guard = Guard()
    assert all(guard.connect("10.0.0.1") is None for _ in range(1000))
    assert guard.monitor("10.0.0.1", "", 1000, 0.0) is None
    rate = RequestRate(0.0, 0.0)
    assert all(rate.take(0.0) for _ in range(1000))


def test_connections_of_an_address() -> None:
    guard = Guard(Policy(max_per_address=2))
    assert guard.connect("a") is None
    assert guard.connect("a") is None
    assert guard.connect("b") is None
    assert "2 connections from a" in str(guard.connect("a"))
    guard.disconnect("a")
    guard.disconnect("a")
    assert guard.connect("a") is None


def test_the_limit_of_monitors() -> None:
    guard = Guard(Policy(max_monitors=7))
    assert guard.monitor("a", "", 6, 0.0) is None
    assert "7 clients" in str(guard.monitor("a", "", 7, 0.0))


def test_three_wrong_tokens_disable_monitor_mode_for_a_while() -> None:
    guard = Guard(Policy(monitor_token="right", disable_threshold=3, disable_seconds=900))
    assert guard.monitor("a", "right", 0, 0.0) is None
    for _ in range(2):
        assert "right MonitorToken" in str(guard.monitor("a", "wrong", 0, 1.0))
    assert guard.monitor("a", "right", 0, 1.0) is None, "a right one begins anew"
    for _ in range(3):
        assert "right MonitorToken" in str(guard.monitor("a", "wrong", 0, 2.0))
    assert "disabled" in str(guard.monitor("a", "right", 0, 3.0))
    assert guard.monitor("b", "right", 0, 3.0) is None, "another address"
    assert guard.monitor("a", "right", 0, 902.0) is None


def test_a_rate_of_requests() -> None:
    rate = RequestRate(10.0, 100.0)
    assert sum(rate.take(100.0) for _ in range(50)) == 20, "two seconds' worth at once"
    assert not rate.take(100.05)
    assert rate.take(100.15)
    assert sum(rate.take(200.0) for _ in range(50)) == 20, "no more is saved up"


def test_what_costs_more_counts_more() -> None:
    rate = RequestRate(50.0, 0.0)
    assert [rate.take(0.0, 10) for _ in range(11)] == [True] * 10 + [False]
    assert not rate.take(0.19, 10)
    assert rate.take(0.2, 10)
    small = RequestRate(1.0, 0.0)  # which has never as much as that
    assert small.take(0.0, 10)
    assert not small.take(1.0, 10)
    assert small.take(2.0, 10)
