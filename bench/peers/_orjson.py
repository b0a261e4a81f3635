"""orjson: JSON, from and to bytes."""

from __future__ import annotations

from typing import Any

import orjson

from peers import Peer


class OrJson(Peer):
    name = "orjson"
    version = orjson.__version__

    def tools(self) -> dict[str, Any]:
        return {"encode": orjson.dumps, "decode": orjson.loads}


PEERS = [OrJson]
