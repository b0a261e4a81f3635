"""The rows as parameters of the pytest-benchmark suites."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest

import ged188
from events import events
from rows import Row, rows


@lru_cache(maxsize=1)
def every_row() -> list[Row]:
    return [*(row for event in events() for row in rows(event)), *ged188.rows()]


def cases(*works: str) -> list[Any]:
    """Every contender of every row that asks one of these questions."""
    return [
        pytest.param(row, who, id=f"{row.key}-{who.replace(' ', '_')}")
        for row in every_row()
        if row.work in works
        for who in ("fastcil", *row.peers)
    ]
