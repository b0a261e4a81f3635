"""When which side is tried: the guide's schedule, its chance, its cap, and what begins it anew."""

from __future__ import annotations

import random

import pytest
from ged_link_kit import A, B, Rig, settings

from fastcil.ged188.link import ConnectFailed, LinkLost, LinkState
from fastcil.ged188.link_schedule import Schedule


def steps(schedule: Schedule, count: int) -> list[tuple[int, float]]:
    return [schedule.next() for _ in range(count)]


def test_the_schedule_of_the_guide() -> None:
    schedule = Schedule(settings(jitter=0.0, expected_clients=50), random.Random(1), (A, B))
    found = steps(schedule, 14)
    assert [side for side, _ in found] == [A, B] * 7
    waits = [wait for _, wait in found]
    assert waits[1::2] == [0.0] * 7  # the other side at once
    assert waits[0] == 0.0
    assert 0.0 < waits[2] <= 5.0  # a tenth of the number of clients
    assert waits[4::2] == [15.0, 30.0, 60.0, 120.0, 120.0]


def test_rounds_begin_with_the_side_of_the_last_success() -> None:
    schedule = Schedule(settings(), random.Random(1), (A, B))
    steps(schedule, 5)
    schedule.restart(B)
    assert [side for side, _ in steps(schedule, 4)] == [B, A, B, A]


def test_one_side_alone_has_the_same_waits() -> None:
    schedule = Schedule(settings(jitter=0.0), random.Random(1), (B,))
    found = steps(schedule, 7)
    assert {side for side, _ in found} == {B}
    assert found[0][1] == 0.0
    assert [wait for _, wait in found[2:]] == [15.0, 30.0, 60.0, 120.0, 120.0]


@pytest.mark.parametrize("jitter", [0.2, 1.0])
def test_jitter_only_shortens_so_that_the_cap_holds(jitter: float) -> None:
    values = settings(jitter=jitter, backoff=(40.0,), backoff_cap=30.0)
    waits = []
    for seed in range(200):
        schedule = Schedule(values, random.Random(seed), (A,))
        waits.append(steps(schedule, 3)[2][1])
    assert max(waits) <= 30.0
    assert min(waits) >= 30.0 * (1.0 - jitter)
    assert max(waits) - min(waits) > 30.0 * jitter * 0.8


def test_the_same_seed_gives_the_same_waits() -> None:
    def waits(seed: int) -> list[tuple[int, float]]:
        return steps(Schedule(settings(), random.Random(seed), (A, B)), 10)

    assert waits(3) == waits(3) != waits(4)


def test_both_sides_down_for_long_and_then_back() -> None:
    rig = Rig(jitter=0.0, connect_timeout=1.0, expected_clients=10).opened()
    rig.wait(60)
    rig.lost(A)
    for _ in range(400):  # nothing answers: every attempt runs into its time-out
        rig.wait(1)
    assert rig.connects == [A, *[A, B] * 7]  # after waits of 1, 15, 30, 60, 120, 120
    rig.until_tried(A)
    rig.made(A)
    rig.confirm_open(A)
    assert rig.core.state is LinkState.OPEN
    assert len(rig.of(LinkLost)) == 1
    assert len(rig.of(ConnectFailed)) == len(rig.connects) - 2


def test_a_session_that_lived_begins_the_schedule_anew_on_its_side() -> None:
    rig = Rig(stable_after=10.0).start()
    rig.lost(A)
    rig.made(B)
    rig.confirm_open(B)
    rig.wait(11)
    rig.lost(B)
    assert rig.connects == [A, B, B]
    rig.lost(B)
    assert rig.connects == [A, B, B, A]


def test_a_server_that_opens_and_drops_is_tried_ever_more_slowly() -> None:
    rig = Rig(sides=(("only", 1),), stable_after=10.0, jitter=0.0).opened()
    waits = []
    for _ in range(6):
        rig.lost()
        waits.append(rig.of(LinkLost)[-1].retry_in)
        rig.wait(waits[-1] + 0.01)
        rig.made()
        rig.confirm_open()
    assert waits[0] <= 1.0
    assert waits[1:] == [15.0, 30.0, 60.0, 120.0, 120.0]


def test_nothing_is_planned_after_close() -> None:
    rig = Rig().opened()
    rig.lost(A)
    rig.core.close(rig.now)
    rig.act()
    rig.wait(10_000)
    assert rig.core.state is LinkState.CLOSED
    assert len(rig.connects) == 2


def test_what_comes_too_late_from_a_driver_is_ignored() -> None:
    rig = Rig().opened()
    rig.core.connection_made(A, rig.now)
    rig.core.connection_made(B, rig.now)
    rig.core.connection_lost(B, rig.now)
    rig.core.bytes_received(B, b"\xff" * 100, rig.now)
    rig.core.buffer_updated(B, 0, rig.now)
    assert len(rig.core.get_buffer(B)) > 0
    assert rig.core.take() == []
    assert rig.core.state is LinkState.OPEN
