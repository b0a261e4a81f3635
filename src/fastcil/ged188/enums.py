"""The enumerations and masks of the protocol, generated from data/enums.json."""

from __future__ import annotations

from fastcil.ged188._enums import *  # noqa: F403
from fastcil.ged188._enums import __all__ as __all__
