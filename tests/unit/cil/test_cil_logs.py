"""Trace masks, log listeners, log files, TraceConfig.cfg; and no secret in any line."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastcil.catalog import TraceMask, event_id
from fastcil.cil.logs import (
    DEFAULT_TRACE_MASK,
    EventTrace,
    LogEvent,
    LogEventsAdapter,
    Logger,
    LogManager,
    LogWrapper,
    TraceConfig,
    describe,
    redact,
)
from fastcil.codec import Arguments

CRITICAL, WARNING = int(TraceMask.TRACE_MASK_CRITICAL), int(TraceMask.TRACE_MASK_WARNING)
HIGH, HIGH_PARM = (
    int(TraceMask.TRACE_MASK_EVT_REQ_HIGH),
    int(TraceMask.TRACE_MASK_EVT_REQ_HIGH_PARM),
)


@pytest.fixture(autouse=True)
def manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[LogManager]:
    """A manager of its own for each test, in place of that of the process."""
    found = LogManager()
    monkeypatch.setattr(LogManager, "_instance", found)
    yield found
    for listener in found._listeners:
        found.remove_listener(listener)


def test_one_manager_for_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LogManager, "_instance", None)
    assert LogManager.instance() is LogManager.instance()


def test_traced_when_the_mask_holds_all_bits(manager: LogManager) -> None:
    logger, events = Logger(), list[LogEvent]()
    logger.add_log_listener(events.append)
    assert logger.get_trace_mask() == DEFAULT_TRACE_MASK == 0x40000307
    logger.set_trace_mask(CRITICAL | HIGH)
    assert logger.trace(CRITICAL, "one") == 0
    assert logger.trace(WARNING, "two") == -1
    assert logger.trace(HIGH | WARNING, "three") == -1
    assert logger.trace(CRITICAL | HIGH, "four") == 0
    assert logger.trace(TraceMask.TRACE_MASK_ALWAYS, "five") == 0
    assert [event.message for event in events] == ["one", "four", "five"]
    assert [event.mask for event in events] == [CRITICAL, CRITICAL | HIGH, 0]
    assert events[0].description.endswith(
        f"[{threading.current_thread().name}] TRACE_MASK_CRITICAL one"
    )
    assert logger.is_trace_mask_enabled(HIGH)
    assert not logger.is_trace_mask_enabled(WARNING)


def test_a_signed_mask_and_one_that_is_none(manager: LogManager) -> None:
    manager.trace_mask = -1
    assert manager.trace_mask == 0xFFFFFFFF
    for mask in (1 << 32, -(1 << 31) - 1, True, "1"):
        with pytest.raises(ValueError, match="32 bits"):
            manager.trace_mask = mask  # type: ignore[assignment]
    assert manager.trace_mask == 0xFFFFFFFF


def test_listeners_come_and_go(manager: LogManager) -> None:
    events: list[LogEvent] = []
    assert manager.add_listener(events.append) is True
    assert manager.add_listener(events.append) is False
    manager.trace(0, "one")
    assert manager.remove_listener(events.append) is True
    assert manager.remove_listener(events.append) is False
    manager.trace(0, "two")
    assert [event.message for event in events] == ["one"]


def test_a_listener_that_raises_or_traces(
    manager: LogManager, caplog: pytest.LogCaptureFixture
) -> None:
    events: list[str] = []

    def wrong(event: LogEvent) -> None:
        manager.trace(0, "again")
        raise ValueError("wrong")

    manager.add_listener(wrong)
    manager.add_listener(lambda event: events.append(event.message))
    manager.trace(0, "one")
    manager.trace(0, "two")
    assert events == ["one", "two"]
    assert [r.getMessage() for r in caplog.records if r.exc_info] == ["a log listener raised"] * 2


def test_lines_reach_pythons_logging(manager: LogManager, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "fastcil.trace")
    manager.trace_mask = 0xFFFFFFFF
    for mask in (CRITICAL, WARNING, HIGH, int(TraceMask.TRACE_MASK_METHOD_LOW), 0):
        manager.trace(mask, "text")
    assert [record.levelname for record in caplog.records] == [
        "CRITICAL", "WARNING", "INFO", "DEBUG", "INFO",
    ]  # fmt: skip


def test_what_the_library_logs_reaches_the_listeners(manager: LogManager) -> None:
    events: list[LogEvent] = []
    own = logging.getLogger("fastcil.cil")
    before = list(own.handlers)
    manager.add_listener(events.append)
    manager.trace_mask = CRITICAL
    try:
        raise ValueError("of a listener")
    except ValueError:
        own.exception("a listener raised")
    own.warning("not in the mask")
    manager.remove_listener(events.append)
    own.error("nobody listens")
    assert len(events) == 1
    assert events[0].mask == CRITICAL
    assert "ValueError: of a listener" in events[0].message
    assert "\n" not in events[0].message
    assert own.handlers == before


# --- files --------------------------------------------------------------------------------------


def test_a_file_with_what_is_traced(tmp_path: Path, manager: LogManager) -> None:
    path = tmp_path / "cil.log"
    with LogWrapper(path) as wrapper:
        assert (wrapper.max_file_size, wrapper.max_number_files) == (2048, 4)
        assert wrapper.max_days_before_expire == 1
        manager.trace(CRITICAL, "one")
        wrapper.trace_mask = WARNING
        manager.trace(CRITICAL, "two")
        wrapper.write_trace_line("Password = x;")
        lines = path.read_text().splitlines()
    manager.trace(WARNING, "closed")
    assert lines[0].endswith("TRACE_MASK_CRITICAL one")
    assert lines[1:] == ["Password = ***;"]
    assert path.read_text().splitlines() == lines


def test_standard_output(capsys: pytest.CaptureFixture[str], manager: LogManager) -> None:
    wrapper = LogWrapper()
    manager.trace(CRITICAL, "one")
    wrapper.dispose()
    assert capsys.readouterr().out.endswith("one\n")


def fill(manager: LogManager, kilobytes: int) -> None:
    for _ in range(kilobytes):
        manager.trace(0, "x" * 1000)


def names(path: Path) -> list[str]:
    return sorted(one.name for one in path.parent.iterdir())


def test_rotation(tmp_path: Path, manager: LogManager) -> None:
    path = tmp_path / "cil.log"
    with LogWrapper(path, 4, 2) as wrapper:
        fill(manager, 30)
        assert names(path) == ["cil.log", "cil.log.1", "cil.log.2"]
        assert all(one.stat().st_size <= 4096 for one in tmp_path.iterdir())
        wrapper.max_number_files = 1
        assert names(path) == ["cil.log", "cil.log.1"]
        wrapper.max_file_size = 8
        fill(manager, 7)
        assert (tmp_path / "cil.log.1").stat().st_size + path.stat().st_size > 4096
        wrapper.max_number_files = 0
        fill(manager, 30)
        assert names(path) == ["cil.log"]
        assert path.stat().st_size <= 8192


def test_expiry(tmp_path: Path, manager: LogManager) -> None:
    path = tmp_path / "cil.log"
    old = time.time() - 2.5 * 86400
    for name in ("cil.log.1", "cil.log.2", "cil.log.old", "other.log.1"):
        (tmp_path / name).write_text("")
        os.utime(tmp_path / name, (old, old))
    with LogWrapper(path, expires=3) as wrapper:
        assert len(names(path)) == 5
        wrapper.max_days_before_expire = 0
        assert len(names(path)) == 5
        wrapper.max_days_before_expire = 2
    assert names(path) == ["cil.log", "cil.log.old", "other.log.1"]


def test_lines_that_wait_are_written_out(tmp_path: Path, manager: LogManager) -> None:
    path = tmp_path / "cil.log"
    written = threading.Event()
    with LogWrapper(path, flush_interval_ms=1) as wrapper:
        handler = wrapper._handler
        late = handler._late  # type: ignore[attr-defined]
        handler._late = lambda: (late(), written.set())  # type: ignore[attr-defined]
        manager.trace(0, "one")
        assert written.wait(10)
        assert "one" in path.read_text()
    with LogWrapper(path, flush_interval_ms=3_600_000):
        manager.trace(0, "two")
        assert "two" not in path.read_text()
    assert "two" in path.read_text()


@pytest.mark.parametrize(
    "more",
    [
        {"max_size": 0},
        {"archives": -1},
        {"expires": -1},
        {"flush_interval_ms": -1},
        {"archives": True},
    ],
    ids=str,
)
def test_numbers_out_of_range(tmp_path: Path, more: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="expected"):
        LogWrapper(tmp_path / "cil.log", **more)


def test_a_file_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        LogWrapper(tmp_path / "missing" / "cil.log")


CONFIG = """\
# How the log is kept
NumberDaysBeforeFileExpired=1
NumberArchivesFiles = 5
filemaxsize=2048
TraceMask=0x40000307
Other=of another program
"""


def test_config() -> None:
    assert TraceConfig.parse("\ufeff" + CONFIG) == TraceConfig(1, 5, 2048, 0x40000307)
    assert TraceConfig.parse("") == TraceConfig()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\nTraceMask", "line 2: expected 'key = value', got 'TraceMask'"),
        ("TraceMask=all", "line 1: TraceMask: expected a number, got 'all'"),
        ("FileMaxSize=0", "line 1: FileMaxSize: expected 1 to 1073741824, got 0"),
        ("TraceMask=0x1FFFFFFFF", "TraceMask: expected 0 to 4294967295"),
    ],
)
def test_wrong_config(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        TraceConfig.parse(text)


def test_config_file(tmp_path: Path, manager: LogManager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    events: list[LogEvent] = []
    manager.add_listener(events.append)
    with LogWrapper(tmp_path / "cil.log", 10, 1, 7) as wrapper:
        assert wrapper.process_config_file() is False
        assert "TraceConfig.cfg" in events[-1].message
        config = tmp_path / "TraceConfig.cfg"
        config.write_text("TraceMask=3\nNumberArchivesFiles=9\n")
        assert wrapper.update_trace_settings() is True
        assert (manager.trace_mask, wrapper.max_number_files) == (3, 9)
        assert (wrapper.max_file_size, wrapper.max_days_before_expire) == (10, 7)
        wrapper.trace_mask = 1
        assert wrapper.update_trace_settings() is True  # the file is the same
        assert manager.trace_mask == 1
        config.write_text("TraceMask=7\nFileMaxSize=many\n")
        os.utime(config, (1, 1))
        assert wrapper.update_trace_settings() is False
        assert manager.trace_mask == 1
        config.write_text("TraceMask=7\n")
        assert wrapper.process_config_file(config) is True
        assert manager.trace_mask == 7


def test_an_adapter_that_logs_when_told(tmp_path: Path, manager: LogManager) -> None:
    path = tmp_path / "cil.log"
    adapter = LogEventsAdapter(path)
    manager.trace(0, "before")
    adapter.start_logging()
    manager.trace(0, "one")
    adapter.stop_logging()
    manager.trace(0, "after")
    assert [line.split()[-1] for line in path.read_text().splitlines()] == ["one"]


# --- no secrets ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Password = abc; Next = 3;", "Password = ***; Next = 3;"),
        ("AgentPassword=a b;c; Next = 3", "AgentPassword=***; Next = 3"),
        ('{"AgentPassword": "x y", "b": 1}', '{"AgentPassword": ***, "b": 1}'),
        (r"{'password': 'it\'s', 'c': 2}", "{'password': ***, 'c': 2}"),
        ("password: hunter2", "password: ***"),
        ("AgentPassword = p=q; Instrument = 3;", "AgentPassword = ***; Instrument = 3;"),
        ("one\r\ntwo\x1b[0m", r"one\r\ntwo\x1b[0m"),
        ("the password is wrong", "the password is wrong"),
    ],
)
def test_redact(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_long_lines_take_no_long_time() -> None:
    text = "a." * 100_000
    assert redact(text) == text
    text = "password = " + "x;" * 50_000
    assert redact(text).startswith("password = ***")


def test_describe() -> None:
    fields = Arguments(
        {
            "AgentID": "1",
            "AgentPassword": "secret",
            "CallVariable1": "mine",
            "ECC": {"user.card": "4711"},
            "Nested": {"Password": "p", "Name": "a\nb"},
        }
    )
    shown = describe(fields)
    assert "secret" not in shown
    assert "mine" not in shown
    assert "4711" not in shown
    assert r"Nested = {Password = ***; Name = a\nb;};" in shown
    personal = describe(fields, personal=True)
    assert "CallVariable1 = mine;" in personal
    assert "user.card = 4711;" in personal
    assert "secret" not in personal


def test_events_are_traced(manager: LogManager) -> None:
    lines: list[str] = []
    manager.add_listener(lambda event: lines.append(event.message))
    trace = EventTrace()
    fields = Arguments({"AgentPassword": "p", "CallVariable1": "v"})

    def send(name: str | int, mask: int) -> None:
        manager.trace_mask = mask
        trace.OnEvent(event_id(name) if isinstance(name, str) else name, fields)

    send("OnCallBegin", 0)
    send("OnCallBegin", HIGH)
    send("OnCallBegin", HIGH | HIGH_PARM)
    send("OnCallBegin", HIGH | HIGH_PARM | 0x400000)
    send("OnHeartbeat", HIGH)
    send("OnHeartbeat", int(TraceMask.TRACE_MASK_EVT_REQ_LOW))
    send("OnMonitoredCallEnd", int(TraceMask.TRACE_MASK_EVT_REQ_AVG))
    send(0x2FFFFFF0, HIGH)
    assert lines == [
        "OnCallBegin",
        "OnCallBegin: AgentPassword = ***; CallVariable1 = ***;",
        "OnCallBegin: AgentPassword = ***; CallVariable1 = v;",
        "OnHeartbeat",
        "OnMonitoredCallEnd",
        "event 0x2ffffff0",
    ]


def test_config_file_of_the_parent_directory(
    tmp_path: Path, manager: LogManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "program"
    here.mkdir()
    monkeypatch.chdir(here)
    (tmp_path / "TraceConfig.cfg").write_text("TraceMask=5\n")
    (here / "TraceConfig.cfg").write_text("TraceMask=6\n")
    with LogWrapper(tmp_path / "cil.log") as wrapper:
        assert wrapper.process_config_file() is True
        assert manager.trace_mask == 5
        (tmp_path / "TraceConfig.cfg").unlink()
        assert wrapper.process_config_file() is True
        assert manager.trace_mask == 6
