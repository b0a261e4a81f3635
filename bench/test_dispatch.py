"""How much does the dispatcher add to the bare call of a listener?"""

from __future__ import annotations

from typing import Any

import pytest

from suite import cases


@pytest.mark.parametrize(("row", "who"), cases("dispatch"))
def test_dispatch(run: Any, row: Any, who: str) -> None:
    run(row, who)
