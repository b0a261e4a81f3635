"""What does it cost to keep a session's objects right, and to find one of them?"""

from __future__ import annotations

from typing import Any

import pytest

import client

CASES = [
    pytest.param(row, who, id=f"{row.key}-{who.replace(' ', '_')}")
    for row in client.rows()
    for who in ("fastcil", *row.peers)
]


@pytest.mark.parametrize(("row", "who"), CASES)
def test_client(run: Any, row: Any, who: str) -> None:
    run(row, who)
