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


def messages() -> dict[str, bytes]:
    """A message of each kind of layout, at versions on both sides of each change of format."""
    from fastcil.ged188 import encode_message
    from fastcil.ged188.schema import message_spec

    names = (
        *("FAILURE_CONF", "OPEN_REQ", "OPEN_CONF", "CALL_DELIVERED_EVENT", "AGENT_STATE_EVENT"),
        *("SNAPSHOT_CALL_CONF", "CONFIG_AGENT_EVENT", "MEDIA_LOGIN_REQ", "RTP_STARTED_EVENT"),
    )
    named = {"NAMEDVAR": ("user.a", "1"), "NAMEDARRAY": (1, "b", "c")}
    plain = {"STRING": "12", "UNSPEC": b"\1\2", **named}
    found = {}
    for name in names:
        spec = message_spec(name)
        for version in (9, 14, 19, 20, 25):
            if spec.min_version > version:
                continue
            if not spec.documented:
                data = encode_message(name, body=b"\1\2\3", version=version)
            else:
                fields = {f.name: 0 for f in spec.fixed_of(version)}
                pairs = [
                    (f.name, [1, 2] if f.is_array else plain.get(f.type.value, 1))
                    for f in spec.floating_of(version)
                    if f.min_size <= 4 or f.type.value in plain
                ]
                fitting = [(n, v) for n, v in pairs if n not in ("ANI_II",)]
                data = encode_message(name, fields, floating=fitting, version=version)
            found[f"{name.lower()}-{version}"] = bytes([version - 9]) + data
    return found


def main() -> None:
    for name, data in messages().items():
        put("ged188", name, data)
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
