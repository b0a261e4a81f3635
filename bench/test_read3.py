"""How long until three fields of a received event are known?"""

from __future__ import annotations

from typing import Any

import pytest

from suite import cases


@pytest.mark.parametrize(("row", "who"), cases("read3"))
def test_read3(run: Any, row: Any, who: str) -> None:
    run(row, who)
