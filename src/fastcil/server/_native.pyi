# The Cython half: as fastcil.server._reference and fastcil.server.site._reference, whose docstrings
# say how it behaves.
from collections.abc import Callable
from typing import Any

from fastcil.server._reference import Batch as Batch
from fastcil.server._reference import Lane as Lane
from fastcil.server._reference import fan_out as fan_out
from fastcil.server.site._reference import Maker as Maker
from fastcil.server.site._reference import Schema as Schema
from fastcil.server.site._reference import Table as Table
from fastcil.server.site._reference import Values as Values

def install(
    *,
    read: Callable[[bytes], dict[str, Any]],
    encoded: Callable[[int, bytes], Any],
    monitored: Callable[[Any], Any],
) -> None: ...
