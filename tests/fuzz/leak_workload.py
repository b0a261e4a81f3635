"""Every operation of the codec, the failing ones included: where `make test-sanitize` seeks leaks.

Each round makes new objects, so that anything kept by mistake is unreachable at the end, and
reported by LeakSanitizer; but what the garbage collector tracks is reachable through its lists, so
such objects are counted here, and so are memory blocks where CPython counts them.
"""

from __future__ import annotations

import copy
import gc
import pickle
import sys
from collections.abc import Callable

from fastcil.codec import (
    BACKEND,
    ArgType,
    Arguments,
    FastcilError,
    Frame,
    FrameKind,
    FrameReader,
    FrameWriter,
    MessageFilter,
    encode_frame,
)
from fastcil.ged188 import Message, MessageReader, NamedVariable, encode_message

_PRE_CALL = (
    *("MonitorID", "ServiceNumber", "ServiceID", "SkillGroupNumber", "SkillGroupID"),
    *("SkillGroupPriority", "MRDID", "AgentSkillTargetID"),
)

ERRORS = (FastcilError, KeyError, TypeError, ValueError, OverflowError, IndexError)


def refused(call: Callable[[], object]) -> None:
    try:
        call()
    except ERRORS:
        return
    raise AssertionError("this call must be refused")


def sample(number: int) -> dict[str, object]:
    return {
        "AgentID": f"agent {number}",
        "PeripheralID": number,
        "UniqueObjectID": "grüße " * number,
        f"unknown {number}": b"\xff\xfe",
        "Nested": {"1": {"deeper": number, "ünknown": None}, "2": True},
        "Big": 0xFFFFFFFF - number,
    }


def arguments_work(number: int) -> None:
    args = Arguments(sample(number))
    args.set("LineHandle", number, ArgType.USHORT)
    args["Nested"]["added"] = f"x{number}"
    view = Arguments.from_buffer(args.to_bytes())
    assert view == args
    assert view.to_dict() == args.to_dict()
    for made in (view.copy(), copy.deepcopy(args), pickle.loads(pickle.dumps(view)), view.detach()):
        assert made == args
    written = Arguments.from_buffer(args.to_bytes())
    written["AgentID"] = f"other {number}"
    written.remove("Big")
    del written["PeripheralID"]
    repr(written), written.dump(), list(written), list(written.items()), len(written)
    view.get_many("AgentID", f"unknown {number}", "absent", default=number)
    assert view.get_int("Big") == -1 - number
    refused(lambda: view.get_short("Big"))
    view.get_string("Nested"), view.get_bool("PeripheralID"), view.get_arguments("Nested")
    for i in range(1, len(view) + 1):
        view.element(i), view.element_key(i), view.element_type(i)
    refused(lambda: view["no such key"])
    refused(lambda: view.element(len(view) + 1))
    refused(lambda: args.set("LineHandle", 70000 + number, ArgType.SHORT))
    refused(lambda: args.set("x" * (256 + number), 1))
    refused(lambda: args.set("x", 1.5))
    refused(lambda: args.set("x", "\ud800"))
    refused(lambda: Arguments({f"key {number}": {"x": [number]}}))
    refused(lambda: Arguments.from_buffer(args.to_bytes() + b"\0" * 8))
    refused(lambda: view.get_int("AgentID"))
    inside = Arguments()
    inside["itself"] = inside
    refused(inside.to_bytes)
    inside.clear()


def frames_work(number: int) -> None:
    writer = FrameWriter(epoch=number + 1)
    for message_id in range(8):
        writer.write(message_id, sample(message_id))
    writer.write(0, kind=FrameKind.HEARTBEAT)
    frame = Frame.from_bytes(encode_frame(number, sample(number), epoch=1, sequence=number))
    writer.forward(frame)
    stream = writer.take()
    for step in (len(stream), 7, 1000):
        reader = FrameReader()
        kept = []
        for at in range(0, len(stream), step):
            kept += reader.feed(stream[at : at + step])
        assert b"".join(kept_frame.to_bytes() for kept_frame in kept) == stream
        assert len(kept) == 10
        assert pickle.loads(pickle.dumps(kept[0])) == kept[0]
        detached = kept[1].detach()
        repr(detached), detached.get_many("AgentID", "PeripheralID"), detached.get("absent", number)
        bytes(detached.buffer())
    reader = FrameReader(max_frame=1 << 16)
    tail = reader.get_buffer(len(stream))
    tail[: len(stream)] = stream
    tail.release()
    half = iter(reader.buffer_updated(len(stream)))
    next(half)
    broken = bytearray(stream)
    broken[24 + 40] ^= 0xFF
    refused(lambda: list(FrameReader().feed(bytes(broken))))
    refused(lambda: Frame.from_bytes(stream))
    refused(lambda: encode_frame(1, {"x": "y" * 5000}, max_frame=4096))
    cut = FrameReader()
    list(cut.feed(stream[:50]))
    refused(cut.finish)


def filters_work(number: int) -> None:
    frame = Frame.from_bytes(encode_frame(number, sample(number)))
    chosen = MessageFilter(f"MessageID={number}; AgentID=agent*, x{number}")
    assert chosen.matches(frame)
    assert not chosen.matches_arguments(number + 1, frame.arguments)
    assert pickle.loads(pickle.dumps(chosen)) == chosen
    repr(chosen), hash(chosen), chosen.program
    refused(lambda: MessageFilter(f"MessageID={number};;="))


def messages_work(number: int) -> None:
    values = {
        **dict.fromkeys(_PRE_CALL, number),
        "CallVariable1": f"value {number} äö",
        "NamedVariable": [("user.a", "x" * number), NamedVariable("user.b", "")],
        "NamedArray": [(number, "user.c", "y")],
        "AgentInstrument": str(number),
        "UserToUserInfo": bytes(number),
    }
    data = encode_message("AGENT_PRE_CALL_EVENT", values, version=24)
    message = Message.from_bytes(data, 24)
    assert encode_message(105, message.to_dict(), version=24) == data
    assert encode_message(105, message.fields, floating=message.floating, version=24) == data
    message.get_many("CallVariable1", "NamedVariable", "absent"), message.records(), repr(message)
    assert pickle.loads(pickle.dumps(message)) == message
    refused(lambda: Message.from_bytes(data[:-1], 24))
    refused(lambda: encode_message(105, {"Nothing": number}, version=24))
    records = [{"RecordType": 0, "LoginID": str(number), "FltSkillGroupNumber": [1, number]}]
    config = encode_message("CONFIG_AGENT_EVENT", {"records": records})
    assert Message.from_bytes(config).records() == records
    stream = data + config[:4] + (9999).to_bytes(4, "big") + config[8:] + data
    reader = MessageReader(24)
    kept = []
    for at in range(0, len(stream), 11):
        reader.feed(stream[at : at + 11])
        while True:
            try:
                found = next(reader, None)
            except ValueError:
                continue
            if found is None:
                break
            kept.append(found.detach())
    assert [one.to_bytes() for one in kept] == [data, data]


def work(rounds: int) -> None:
    for number in range(rounds):
        messages_work(number)
        arguments_work(number)
        frames_work(number)
        filters_work(number + 30)


def held() -> tuple[int, int]:
    """Objects that the collector tracks, and blocks of memory (0 with PYTHONMALLOC=malloc)."""
    gc.collect()
    return len(gc.get_objects()), sys.getallocatedblocks()


def main() -> int:
    work(12)  # fills caches and freelists
    before = held()
    for _ in range(30):
        work(12)
    grown = [after - start for start, after in zip(before, held())]
    print(f"leak workload done, backend {BACKEND}: {grown[0]} objects, {grown[1]} blocks more")
    # A leak of one object by one sample would be 360 of them.
    return int(max(grown) > 300)


if __name__ == "__main__":
    raise SystemExit(main())
