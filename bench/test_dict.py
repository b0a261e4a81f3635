"""How long until a received event is a dict, nested blocks included?"""

from __future__ import annotations

from typing import Any

import pytest

from suite import cases


@pytest.mark.parametrize(("row", "who"), cases("dict"))
def test_dict(run: Any, row: Any, who: str) -> None:
    run(row, who)
