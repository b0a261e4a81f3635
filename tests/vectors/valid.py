"""Valid vectors: what is encoded, and what comes out of it."""

from __future__ import annotations

from typing import Any

from fastcil.codec._reference import Arguments, MessageFilter, encode_frame
from fastcil.codec.errors import FilterError
from fastcil.codec.types import ArgType, FrameKind

Json = dict[str, Any]

# An entry: key, type, value. A string that is no UTF-8 is {"hex": …}, a child a list of entries.
Entry = tuple[str, str, Any]


def build(entries: list[Entry]) -> Arguments:
    """The Arguments of a list of entries."""
    result = Arguments()
    for key, kind, value in entries:
        if kind == "ARGUMENTS":
            value = build(value)
        elif isinstance(value, dict):
            value = bytes.fromhex(value["hex"])
        result.set(key, value, ArgType[kind])
    return result


def nest(depth: int) -> list[Entry]:
    """Blocks inside each other, so many that the innermost stands at this depth."""
    entries: list[Entry] = []
    for _ in range(depth - 1):
        entries = [("AgentCallReference", "ARGUMENTS", entries)]
    return entries


BLOCKS: list[tuple[str, list[Entry]]] = [
    ("no entry", []),
    ("one keyword", [("PeripheralID", "INT", 5000)]),
    ("keywords keep the order of the entries", [("CallType", "SHORT", 1), ("ANI", "STRING", "2")]),
    ("INT, largest and smallest", [("a", "INT", 2147483647), ("b", "INT", -2147483648)]),
    ("INT, minus one", [("a", "INT", -1)]),
    ("UINT, largest and 0", [("a", "UINT", 4294967295), ("b", "UINT", 0)]),
    ("SHORT, largest and smallest", [("a", "SHORT", 32767), ("b", "SHORT", -32768)]),
    ("USHORT, largest", [("LineHandle", "USHORT", 65535)]),
    ("BOOL, both", [("a", "BOOL", True), ("b", "BOOL", False)]),
    ("NOTSET", [("AgentID", "NOTSET", None)]),
    ("an empty string", [("AgentID", "STRING", "")]),
    ("strings of 1, 7, 8 and 9 bytes", [(f"s{n}", "STRING", "x" * n) for n in (1, 7, 8, 9)]),
    (
        "empty strings between others",
        [("a", "STRING", ""), ("b", "STRING", "x"), ("c", "STRING", "")],
    ),
    ("UTF-8 text", [("AgentLastName", "STRING", "Müller – 日本 😀")]),
    ("a NUL inside a string", [("a", "STRING", "x\0y")]),
    ("bytes that are no UTF-8", [("a", "STRING", {"hex": "4dfc6c6c6572"})]),
    ("a surrogate in UTF-8 form is no UTF-8", [("a", "STRING", {"hex": "eda080"})]),
    ("an overlong form is no UTF-8", [("a", "STRING", {"hex": "c0af"})]),
    ("above U+10FFFF is no UTF-8", [("a", "STRING", {"hex": "f4908080"})]),
    ("a cut character is no UTF-8", [("a", "STRING", {"hex": "c3"})]),
    (
        "names are ordered by length, then by folded bytes; entries are not",
        [("zz", "INT", 1), ("B", "INT", 2), ("a", "INT", 3), ("Zy", "INT", 4)],
    ),
    ("a name keeps its spelling", [("MyOwnKey", "INT", 1)]),
    ("a name that is not ASCII", [("Größe", "INT", 1), ("GRÖSSE", "INT", 2)]),
    ("only ASCII is folded: two names", [("é", "INT", 1), ("É", "INT", 2)]),
    ("a name with blanks inside", [("a key", "INT", 1)]),
    ("a name of 255 bytes", [("n" * 255, "INT", 1)]),
    ("an id above the table", [("#30000", "INT", 1), ("#32767", "INT", 2)]),
    ("# and a number of the table is a name", [("#1", "INT", 1)]),
    (
        "# with a leading zero or too large a number is a name",
        [("#032767", "INT", 1), ("#32768", "INT", 2)],
    ),
    ("an ECC name", [("user.Name[0]", "STRING", "x")]),
    ("an empty child", [("AgentCallReference", "ARGUMENTS", [])]),
    (
        "children and strings between other entries",
        [
            ("a", "ARGUMENTS", [("x", "STRING", "one")]),
            ("b", "STRING", "two"),
            ("c", "ARGUMENTS", [("AgentID", "STRING", "three"), ("y", "ARGUMENTS", [])]),
            ("d", "INT", 4),
        ],
    ),
    ("16 deep", nest(16)),
    ("100 entries", [(f"k{n}", "INT", n) for n in range(100)]),
]


def valid_blocks() -> list[Json]:
    return [
        {"name": name, "hex": build(entries).to_bytes().hex(), "entries": entries}
        for name, entries in BLOCKS
    ]


HELLO: list[Entry] = [
    ("WireVersionMin", "INT", 1),
    ("WireVersionMax", "INT", 1),
    ("KeywordCount", "INT", 500),
    ("MaxFrame", "INT", 1048576),
    ("HeartbeatInterval", "INT", 60000),
    ("ClientName", "STRING", "golden"),
]
WELCOME: list[Entry] = [
    ("WireVersion", "INT", 1),
    ("KeywordCount", "INT", 500),
    ("MaxFrame", "INT", 1048576),
    ("HeartbeatInterval", "INT", 60000),
    ("CILConnectionID", "STRING", "7"),
    ("CurrentServer", "STRING", "side-a"),
    ("StatusSystem", "INT", 0),
]
GAP: list[Entry] = [
    ("Missed", "UINT", 20),
    ("FromSequence", "STRING", "101"),
    ("ToSequence", "STRING", "120"),
    ("Epoch", "UINT", 9),
    ("Reason", "STRING", "slow"),
]
STATE: list[Entry] = [("AgentID", "STRING", "22866"), ("AgentState", "SHORT", 3)]

# name, kind, message id, epoch, sequence, entries
FRAMES: list[tuple[str, str, int, int, int, list[Entry]]] = [
    ("the smallest frame", "EVENT", 0, 0, 0, []),
    ("an event that is not numbered", "EVENT", 30, 0, 0, STATE),
    ("a numbered event", "EVENT", 30, 9, 1, STATE),
    ("the largest header numbers", "EVENT", 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF, []),
    ("a request", "REQUEST", 50, 0, 0, [("InvokeID", "UINT", 17)]),
    ("HELLO", "HELLO", 0x314C4943, 0, 0, HELLO),
    (
        "HELLO of a client that resumes",
        "HELLO",
        0x314C4943,
        0,
        0,
        [*HELLO, ("ResumeEpoch", "UINT", 9), ("ResumeSequence", "STRING", "18446744073709551615")],
    ),
    ("WELCOME", "WELCOME", 0x314C4943, 0, 0, WELCOME),
    ("HEARTBEAT", "HEARTBEAT", 0, 0, 0, [("EventTime", "UINT", 4000000000)]),
    ("HEARTBEAT_CONF", "HEARTBEAT_CONF", 0, 0, 0, [("EventTime", "UINT", 4000000000)]),
    ("GAP", "GAP", 0, 0, 0, GAP),
    ("CLOSE, orderly", "CLOSE", 0, 0, 0, []),
    ("CLOSE, too slow", "CLOSE", 4, 0, 0, [("ErrorMessage", "STRING", "too slow")]),
]


def valid_frames() -> list[Json]:
    return [
        {
            "name": name,
            "hex": encode_frame(
                number, build(entries), kind=FrameKind[kind], epoch=epoch, sequence=sequence
            ).hex(),
            "kind": kind,
            "message_id": number,
            "epoch": epoch,
            "sequence": str(sequence),
            "entries": entries,
        }
        for name, kind, number, epoch, sequence, entries in FRAMES
    ]


FILTERS = [
    "AgentID=22866",
    "AgentID = 22866, 22867 ,22868",
    "AgentID=22866, 22867; SkillGroupNumber=20, 21;",
    "MessageID=23, 24",
    "messageid=*",
    "MessageID=5*, 0030",
    "MessageID=eCallBeginEvent, ecallendevent",
    "AgentID=10*1, *",
    "UniqueObjectID=agent.5000.22866",
    "AgentID=1; agentid =2",
    "Own Key=-1, +2, 2.5, 99999999999999999999, -9223372036854775808",
    "Größe=5; #30000=x",
    "FilterTarget=SkillGroupStats",
    "FilterTarget=536871027, skillgroupstats, other",
    "HideSilentMonitorCallEvents",
    "hidesilentmonitorcalls = TRUE; MessageID=*",
    "HideSilentMonitorCallEvents; HideSilentMonitorCallEvents=0",
    "HideSilentMonitorCallEvents=false",
]


def filters() -> list[Json]:
    return [{"text": text, "program": MessageFilter(text).program.hex()} for text in FILTERS]


# text, column, message without its column
FILTER_ERRORS: list[tuple[str, int, str]] = [
    ("", 1, "the filter is empty"),
    (" \t ", 1, "the filter is empty"),
    ("a=" + "x" * 16383, 1, "the filter is longer than 16384 bytes"),
    (";", 1, "expected a key"),
    ("=1", 1, "expected a key"),
    ("a=1;;b=2", 5, "expected a key"),
    ("a=1; =2", 6, "expected a key"),
    ("a", 2, "expected '=' after the key"),
    ("a;b=1", 2, "expected '=' after the key"),
    ("a , b=1", 3, "expected '=' after the key"),
    ("k" * 256 + "=1", 1, "the key is longer than 255 bytes"),
    ("a=", 3, "expected a value"),
    ("a= ;b=1", 4, "expected a value"),
    ("a=1,,2", 5, "expected a value"),
    ("a=1,", 5, "expected a value"),
    ("é=1; a==", 8, "unexpected '='"),
    ("a=1 b=2", 6, "unexpected '='"),
    (";".join(f"k{n}=1" for n in range(65)), 375, "more than 64 terms"),
    ("a=" + ",".join(["1"] * 1025), 2051, "more than 1024 values"),
    ("HideSilentMonitorCallEvents=yes", 29, "expected 1, true, 0 or false"),
    ("HideSilentMonitorCallEvents=1,0", 31, "expected one value"),
    ("MessageID=x", 11, "expected an event number, an event name or *"),
    ("MessageID=1, -1", 14, "expected an event number, an event name or *"),
    ("MessageID=1x*", 11, "expected an event number, an event name or *"),
    ("MessageID=4294967296", 11, "the event number is above 4294967295"),
    ("MessageID=23, OnHeartbeat", 15, "this event is not allowed in a filter"),
    ("MessageID=eOnConnection", 11, "this event is not allowed in a filter"),
    ("MessageID=536875008", 11, "this event is not allowed in a filter"),
]


def filter_errors() -> list[Json]:
    made = []
    for text, column, message in FILTER_ERRORS:
        try:
            MessageFilter(text)
        except FilterError:
            made.append({"text": text, "column": column, "message": message})
    assert len(made) == len(FILTER_ERRORS)
    return made
