"""How long until a received event can be sent on unchanged?"""

from __future__ import annotations

from typing import Any

import pytest

from suite import cases


@pytest.mark.parametrize(("row", "who"), cases("forward"))
def test_forward(run: Any, row: Any, who: str) -> None:
    run(row, who)
