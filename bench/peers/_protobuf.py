"""protobuf on upb: a message type per event, its descriptor built at run time.

Typed and numbered on both sides: keys do not travel. Nested blocks become nested messages; keys
that are no identifiers get a stand-in name. A dict is made of the fields present (ListFields),
which is quicker than MessageToDict.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any, ClassVar

import google.protobuf
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.internal import api_implementation

from events import READ
from peers import Peer

_NUMBERS = count()
_FIELD = descriptor_pb2.FieldDescriptorProto


class Protobuf(Peer):
    name = "protobuf"
    note = "typed on both sides; keys do not travel"
    version = f"{google.protobuf.__version__} ({api_implementation.Type()})"
    sources: ClassVar[dict[str, str]] = {
        **Peer.sources,
        "encode": "encode(build(values))",
        "dict": "unbuild(parse(data))",
        "read3": f"(v := parse(data)).{READ[0]}, v.{READ[1]}, v.{READ[2]}",
        "forward": "encode(parse(data))",
        "filter_hit": "(v := parse(data)).UniqueObjectID.startswith(prefix)"
        " and v.CallStatus == status",
        "filter_miss": "(v := parse(data)).UniqueObjectID.startswith(prefix)"
        " and v.CallStatus == other",
    }

    def tools(self) -> dict[str, Any]:
        self.spellings: dict[str, str] = {}  # full name of a field -> the key
        file = descriptor_pb2.FileDescriptorProto(
            name=f"bench{next(_NUMBERS)}.proto", package="bench", syntax="proto2"
        )
        root = file.message_type.add(name="Event")
        self._fill(root, self.event.values, "bench.Event")
        pool = descriptor_pool.DescriptorPool()
        pool.Add(file)
        kind = message_factory.GetMessageClass(pool.FindMessageTypeByName("bench.Event"))
        return {
            "encode": kind.SerializeToString,
            "parse": kind.FromString,
            "build": self._builder(kind),
            "unbuild": self._unbuilder(),
        }

    def _fill(self, message: Any, values: Mapping[str, Any], path: str) -> None:
        for number, (key, value) in enumerate(values.items(), 1):
            name = key if key.isidentifier() else f"field_{number}"
            self.spellings[f"{path}.{name}"] = key
            field = message.field.add(name=name, number=number, label=_FIELD.LABEL_OPTIONAL)
            if isinstance(value, Mapping):
                field.type, field.type_name = _FIELD.TYPE_MESSAGE, f".{path}.Of_{name}"
                self._fill(message.nested_type.add(name=f"Of_{name}"), value, f"{path}.Of_{name}")
            elif isinstance(value, bool):
                field.type = _FIELD.TYPE_BOOL
            elif isinstance(value, int):
                field.type = _FIELD.TYPE_INT64
            else:
                field.type = _FIELD.TYPE_STRING

    def _builder(self, kind: Any) -> Any:
        renamed = {key: path.rpartition(".")[2] for path, key in self.spellings.items()}
        nested = {key for key, value in self.event.values.items() if isinstance(value, Mapping)}
        if not nested:
            return lambda values: kind(**values)

        def inner(values: Mapping[str, Any]) -> dict[str, Any]:
            return {
                renamed[key]: inner(value) if isinstance(value, Mapping) else value
                for key, value in values.items()
            }

        def build(values: dict[str, Any]) -> Any:
            return kind(**{**values, **{key: inner(values[key]) for key in nested}})

        return build

    def _unbuilder(self) -> Any:
        spelling = self.spellings
        if not any(isinstance(value, Mapping) for value in self.event.values.values()):
            return lambda message: {field.name: value for field, value in message.ListFields()}

        def unbuild(message: Any) -> dict[str, Any]:
            return {
                (name := field.name): unbuild_inner(value) if name in nested else value
                for field, value in message.ListFields()
            }

        def unbuild_inner(message: Any) -> dict[str, Any]:
            return {
                spelling[field.full_name]: unbuild_inner(value)
                if field.message_type is not None
                else value
                for field, value in message.ListFields()
            }

        nested = {key for key, value in self.event.values.items() if isinstance(value, Mapping)}
        return unbuild


PEERS = [Protobuf]
