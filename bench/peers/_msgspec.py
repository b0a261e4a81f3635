"""msgspec: reused Encoder and Decoder, as its documentation advises; and a Struct of 3 fields."""

from __future__ import annotations

from typing import Any, ClassVar, Optional

import msgspec
from msgspec import msgpack

from events import READ
from peers import Peer


class Generic(Peer):
    name = "msgspec"
    version = msgspec.__version__

    def tools(self) -> dict[str, Any]:
        return {"encode": msgpack.Encoder().encode, "decode": msgpack.Decoder().decode}


class Wanted(Peer):
    """Decodes three declared fields and skips the others: the question is known beforehand."""

    name = "msgspec Struct"
    note = "knows the three fields at start-up; cannot give the others"
    version = msgspec.__version__
    sources: ClassVar[dict[str, str]] = {
        "encode": "encode(values)",
        "read3": f"(v := decode(data)).{READ[0]}, v.{READ[1]}, v.{READ[2]}",
        "filter_hit": "(v := decode(data)).UniqueObjectID.startswith(prefix)"
        " and v.CallStatus == status",
        "filter_miss": "(v := decode(data)).UniqueObjectID.startswith(prefix)"
        " and v.CallStatus == other",
    }

    def tools(self) -> dict[str, Any]:
        fields = [(key, Optional[type(self.event.values[key])], None) for key in READ]
        struct = msgspec.defstruct("Wanted", fields, gc=False)
        return {"encode": msgpack.Encoder().encode, "decode": msgpack.Decoder(struct).decode}

    def code(self, work: str) -> Any:
        return None if work == "encode" else super().code(work)  # the generic row has it


PEERS = [Generic, Wanted]
