"""How long does a filter on two keys take, when it hits and when it misses?"""

from __future__ import annotations

from typing import Any

import pytest

from suite import cases


@pytest.mark.parametrize(("row", "who"), cases("filter_hit", "filter_miss"))
def test_filter(run: Any, row: Any, who: str) -> None:
    run(row, who)
