"""Code of the program that runs in the middle of the GED-188 codec's work.

Nothing of it may reach memory that was given back: `make test-sanitize` runs these tests too.
"""

from __future__ import annotations

import pickle
from contextlib import suppress
from typing import Any, Callable

import pytest

from fastcil.ged188 import DecodeError, NamedVariable

_NUMBERS = (
    *("MonitorID", "ServiceNumber", "ServiceID", "SkillGroupNumber", "SkillGroupID"),
    *("SkillGroupPriority", "MRDID", "AgentSkillTargetID"),
)
VERSION = 24


def fresh(text: str) -> str:
    """A str of its own, which nobody else keeps."""
    return "".join([text, "!"])[:-1]


def values(**more: object) -> dict[Any, Any]:
    return {
        **dict.fromkeys(_NUMBERS, 700),
        "CallVariable1": fresh("v" * 30),
        "NamedVariable": [NamedVariable(fresh("user.a"), fresh("x" * 50)) for _ in range(20)],
        "AgentInstrument": fresh("1234567"),
        **more,
    }


def encoded(ged: Any, given: dict[Any, Any] | None = None) -> bytes:
    given = values() if given is None else given
    data: bytes = ged.encode_message("AGENT_PRE_CALL_EVENT", given, version=VERSION)
    return data


@pytest.mark.parametrize("name", ["AgentInstrument", "CallVariable2", "NamedVariable", "MRDID"])
def test_a_key_that_empties_the_values(ged: Any, name: str) -> None:
    """Looking a name up compares it with keys of the same hash: here with one that calls."""
    armed: list[bool] = []

    class Key:
        def __hash__(self) -> int:
            return hash(name)

        def __eq__(self, other: object) -> bool:
            if armed:
                for one in list(given.values()):
                    if isinstance(one, list):
                        one.clear()
                given.clear()
                [fresh("y" * 50) for _ in range(100)]
            return False

    for first in (False, True):
        armed.clear()
        given = {Key(): 1, **values()} if first else {**values(), Key(): 1}
        armed.append(True)
        with pytest.raises((ValueError, TypeError, KeyError, RuntimeError)):
            encoded(ged, given)


def test_a_list_emptied_by_its_items(ged: Any) -> None:
    class Number(int):
        def __int__(self) -> int:
            given.clear()
            return 5

        __index__ = __int__

    given = values(MonitorID=Number(5))
    with suppress(ValueError, RuntimeError):
        data = encoded(ged, given)
        assert ged.Message.from_bytes(data, VERSION)["MonitorID"] == 5


def test_nothing_is_used_that_was_made_without_its_content(ged: Any) -> None:
    for use in (repr, hash, lambda made: made.type, lambda made: made.to_dict()):
        with pytest.raises((TypeError, AttributeError)):
            use(ged.Message.__new__(ged.Message))


HOLDS: dict[str, Callable[[memoryview], Any]] = {
    "the view": lambda view: view,
    "a part": lambda view: view[5:],
    "a buffer": lambda view: memoryview(pickle.PickleBuffer(view)),
    "what is behind it": lambda view: view.obj,
}


@pytest.mark.parametrize("hold", HOLDS.values(), ids=HOLDS)
def test_a_late_write_is_lost(ged: Any, hold: Any) -> None:
    data = encoded(ged)
    reader = ged.MessageReader(VERSION)
    kept = []
    for cut in (0, 7, len(data) - 1):
        view = reader.get_buffer(-1)
        held = hold(view)
        chunk = data + data[:cut]
        view[: len(chunk)] = chunk
        kept += reader.buffer_updated(len(chunk))
        # Refused when it was taken back.
        with suppress(ValueError, BufferError), memoryview(held) as late:
            late[:] = b"\xff" * len(late)
        kept += reader.feed(data[cut:] if cut else b"")
    assert [message.to_bytes() for message in kept] == [data] * 5
    assert [message["CallVariable1"] for message in kept] == ["v" * 30] * 5


def test_fed_while_an_error_is_made(ged: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wording an error is Python code, in which a thread or a finalizer may use the reader."""
    data = encoded(ged)
    bad = data[:4] + (9999).to_bytes(4, "big") + data[8:]
    reader = ged.MessageReader(VERSION)
    made: list[DecodeError] = []
    init = DecodeError.__init__

    def calling(self: DecodeError, *args: Any, **more: Any) -> None:
        if not made:
            made.append(self)
            for _ in range(3):
                reader.feed(bytearray(data * 200))
        init(self, *args, **more)

    monkeypatch.setattr(DecodeError, "__init__", calling)
    reader.feed(bytearray(bad))

    with pytest.raises(DecodeError) as caught:
        next(reader)
    assert (caught.value.data, caught.value.stream_offset) == (bad, 0)
    assert [message.to_bytes() for message in reader] == [data] * 600
    assert reader.pending == 0


def test_renamed_with_another_table_meanwhile(ged: Any) -> None:
    """A table may be any dict, with keys that call."""
    message = ged.Message.from_bytes(encoded(ged), VERSION)
    ours = {"MonitorID": ("Ours", "", False), "CallVariable1": ("OurText", "", False)}
    theirs = {"MonitorID": ("Theirs", "", False), "CallVariable1": ("TheirText", "", False)}

    class Key:
        def __hash__(self) -> int:
            return hash("CallVariable1")

        def __eq__(self, other: object) -> bool:
            message.renamed(theirs)
            return False

    calling: dict[Any, Any] = {Key(): None, **ours}
    for _ in range(3):
        assert message.renamed(calling) == {"Ours": 700, "OurText": "v" * 30}
        assert message.renamed(theirs) == {"Theirs": 700, "TheirText": "v" * 30}
