"""Writes the seed corpus of the fuzz targets: `python tests/fuzz/make_corpus.py`.

Deterministic; the files are part of the tree.
"""

from __future__ import annotations

from pathlib import Path

from fastcil.codec import ArgType, Arguments, FrameKind, encode_frame

HERE = Path(__file__).resolve().parent / "corpus"

FILTERS = [
    "MessageID=30",
    "MessageID=*",
    "MessageID=23,24; AgentID=10*",
    "AgentID = 10*1 , 22866 ; PeripheralID=5000",
    "FilterTarget=SkillGroupStats",
    "HideSilentMonitorCallEvents=1;MessageID=*",
    "unknown key=*;grüße=ü*",
    "MessageID=30;;",
    "=",
    "AgentID=",
    "MessageID=4294967296",
]


def blocks() -> dict[str, Arguments]:
    typed = Arguments({"AgentID": "22866", "PeripheralID": 5000, "Big": 0xFFFFFFFF, "On": True})
    typed.set("LineHandle", 0xFFFF, ArgType.USHORT)
    typed.set("EventReasonCode", -5, ArgType.SHORT)
    typed["Nothing"] = None
    text = Arguments({"a": "", "b": "grüße", "c": b"\xff\xfe", "ünknown": "😀", "long": "x" * 60})
    nested: dict[str, object] = {"leaf": 1}
    for _ in range(14):
        nested = {"AgentID": nested}
    many = Arguments({f"n{i}": i for i in range(20)})
    return {
        "empty": Arguments(),
        "typed": typed,
        "text": text,
        "nested": Arguments(nested),
        "siblings": Arguments({"AgentID": typed, "x": text, "y": "z", "PeripheralID": {}}),
        "many": many,
        "high-id": Arguments({"#32767": 1, "#20000": "x"}),
    }


def put(target: str, name: str, data: bytes) -> None:
    folder = HERE / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def main() -> None:
    kinds = list(FrameKind)
    frames = []
    for i, (name, arguments) in enumerate(blocks().items()):
        frame = encode_frame(23 + i, arguments, kind=kinds[i % len(kinds)], epoch=i, sequence=i * i)
        frames.append(frame)
        put("frame", name, frame)
        put("block", name, b"\0\0" + arguments.to_bytes())
    for i, text in enumerate(FILTERS):
        raw = text.encode()
        put("filter_compile", f"{i:02}", raw)
        for k in (i, i + 1):
            put(
                "filter_match",
                f"{i:02}-{k - i}",
                len(raw).to_bytes(2, "little") + raw + frames[k % len(frames)],
            )


if __name__ == "__main__":
    main()
