"""How long from a dict to the bytes of an event?"""

from __future__ import annotations

from typing import Any

import pytest

from suite import cases


@pytest.mark.parametrize(("row", "who"), cases("encode"))
def test_encode(run: Any, row: Any, who: str) -> None:
    run(row, who)
