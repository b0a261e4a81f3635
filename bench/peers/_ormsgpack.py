"""ormsgpack: MessagePack by module functions, its only form."""

from __future__ import annotations

from typing import Any

import ormsgpack

from peers import Peer


class OrMsgpack(Peer):
    name = "ormsgpack"
    version = ormsgpack.__version__

    def tools(self) -> dict[str, Any]:
        return {"encode": ormsgpack.packb, "decode": ormsgpack.unpackb}


PEERS = [OrMsgpack]
