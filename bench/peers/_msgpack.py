"""msgpack-python: the C extension with a reused Packer."""

from __future__ import annotations

from typing import Any

import msgpack

from peers import Peer


class Msgpack(Peer):
    name = "msgpack"
    version = ".".join(map(str, msgpack.version))

    def tools(self) -> dict[str, Any]:
        return {"encode": msgpack.Packer().pack, "decode": msgpack.unpackb}


PEERS = [Msgpack]
