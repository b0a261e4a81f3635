"""Finalizers that run while the fields are read that are kept beside an object."""

from __future__ import annotations

from typing import Any

import pytest
from reentry_kit import at_the_next_collection, fresh, of_the_collector

from fastcil.codec import Arguments, LateFields


def view(**fields: Any) -> Arguments:
    return Arguments.from_buffer(Arguments(fields).to_bytes())


def kept_fields() -> LateFields:
    kept = LateFields()
    for i in range(5):
        kept.keep_late(view(**{f"key {i}": fresh("x" * 100), "in": {f"é {i}": fresh("y" * 50)}}))
    return kept


@of_the_collector
@pytest.mark.parametrize("after", range(30))
@pytest.mark.parametrize("key", ["\ud800", "key 0", "in"])
def test_what_is_kept_is_dropped_while_it_is_looked_at(key: str, after: int) -> None:
    """A key that is no text makes an exception for each block, and a collection may come there."""
    kept = kept_fields()
    before = kept.late_value(key, "default")

    def call() -> None:
        kept.drop_late(kept.peek_late()[0])
        [bytes(150) for _ in range(300)]  # to come to stand where something was freed

    with at_the_next_collection(call, after):
        found = kept.late_value(key, "default")
    assert found in (before, "default")
    assert kept.late == 0
