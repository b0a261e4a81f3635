"""pickle with its highest protocol. Not for a network: it runs what the sender says."""

from __future__ import annotations

import pickle
import platform
from typing import Any, ClassVar

from peers import Peer


class Pickle(Peer):
    name = "pickle"
    note = "unsafe on a network"
    version = f"protocol {pickle.HIGHEST_PROTOCOL}, Python {platform.python_version()}"
    sources: ClassVar[dict[str, str]] = {
        **Peer.sources,
        "encode": "encode(values, 5)",
        "forward": "encode(decode(data), 5)",
    }

    def tools(self) -> dict[str, Any]:
        return {"encode": pickle.dumps, "decode": pickle.loads}


PEERS = [Pickle]
