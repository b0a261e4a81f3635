"""Logger, log listeners and LogWrapper by the Java and .NET names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fastcil.catalog import TraceMask
from fastcil.cil.logs import DEFAULT_TRACE_MASK, LogManager
from fastcil.compat import dotnet, java

FACES: dict[str, Any] = {"Java": java, ".NET": dotnet}
CRITICAL = int(TraceMask.TRACE_MASK_CRITICAL)
UNUSED = 0x20000000
faces = pytest.mark.parametrize("face", FACES.values(), ids=FACES)


@pytest.fixture(autouse=True)
def mask() -> Iterator[None]:
    """The trace mask is one for the process."""
    yield
    LogManager.instance().trace_mask = DEFAULT_TRACE_MASK


@faces
def test_trace_masks(face: Any) -> None:
    logger = face.Logger()
    logger.SetTraceMask(CRITICAL)
    assert logger.GetTraceMask() == CRITICAL
    assert logger.IsTraceMaskEnabled(CRITICAL)
    assert not logger.IsTraceMaskEnabled(UNUSED)
    assert not logger.IsTraceMaskEnabled(1 << 40)
    assert logger.Trace(CRITICAL, "told") == 0
    assert logger.Trace(UNUSED, "not told") == -1
    assert logger.Trace(1 << 40, "not told") == -1
    logger.SetTraceMask(1 << 40)
    assert face.Logger().GetTraceMask() == CRITICAL


def test_java_listeners() -> None:
    lines: list[str] = []

    class Listener(java.ILogEvents):
        def processLogEvent(self, event: java.LogEvent, /) -> None:
            lines.append(event.getDescription())

    logger, listener = java.Logger(), Listener()
    logger.addLogListener(listener)
    logger.AddLogListener(listener)  # twice is once
    logger.Trace(CRITICAL, "first")
    java.Logger().removeLogListener(listener)  # the log manager is one for all
    logger.Trace(CRITICAL, "second")
    logger.AddLogListener(listener)
    logger.Trace(CRITICAL, "third")
    logger.RemoveLogListener(listener)
    logger.Trace(CRITICAL, "fourth")
    assert [line.split()[-1] for line in lines] == ["first", "third"]


def test_dotnet_listeners() -> None:
    lines: list[tuple[object, str]] = []

    class Program:
        def ProcessLogEvent(self, eventSender: object, args: dotnet.LogEventArgs) -> None:
            lines.append((eventSender, args.Description))

    logger, program = dotnet.Logger(), Program()
    logger.AddLogListener(dotnet.LogManager.LogEventHandler(program.ProcessLogEvent))
    logger.Trace(CRITICAL, "first")
    logger.RemoveLogListener(dotnet.LogManager.LogEventHandler(program.ProcessLogEvent))
    logger.Trace(CRITICAL, "second")
    assert len(lines) == 1
    assert lines[0][0] is dotnet.LogManager.instance()
    assert lines[0][1].endswith(" first")


@faces
def test_files(face: Any, tmp_path: Path) -> None:
    path = tmp_path / "cil.log"
    wrapper = face.LogWrapper(str(path), 1, 2, 3)
    try:
        wrapper.SetTraceMask(CRITICAL)
        assert wrapper.GetTraceMask() == CRITICAL
        wrapper.SetTraceMask(1 << 40)
        assert wrapper.GetTraceMask() == CRITICAL
        face.Logger().Trace(CRITICAL, "traced")
        face.Logger().Trace(UNUSED, "not traced")
        wrapper.WriteTraceLine("written password=secret")
        lines = path.read_text().splitlines()
        assert len(lines) == 2
        assert lines[0].endswith(" traced")
        assert "secret" not in lines[1]
        for _ in range(100):
            wrapper.WriteTraceLine("x" * 100)
        archives = ["cil.log", "cil.log.1", "cil.log.2"]
        assert sorted(one.name for one in tmp_path.iterdir()) == archives
        wrapper.SetMaxNumberFiles(1)
        assert sorted(one.name for one in tmp_path.iterdir()) == archives[:2]
        wrapper.SetMaxNumberOfFiles(5)
        assert wrapper.max_number_files == 5
        for set_, name, default in (
            (wrapper.SetMaxNumberFiles, "max_number_files", 4),
            (wrapper.SetMaxDaysBeforeExpire, "max_days_before_expire", 1),
            (wrapper.SetMaxFileSize, "max_file_size", 2048),
        ):
            set_(7)
            assert getattr(wrapper, name) == 7
            set_(0)  # not greater than zero: the default
            assert getattr(wrapper, name) == default
    finally:
        wrapper.close()


def test_dotnet_reads_what_it_set(tmp_path: Path) -> None:
    wrapper = dotnet.LogWrapper(str(tmp_path / "cil.log"), 0, 0, 0)
    assert wrapper.GetMaxFileSize() == 2048
    assert wrapper.GetMaxNumberFiles() == wrapper.GetMaxNumberOfFiles() == 4
    assert wrapper.GetMaxDaysBeforeExpire() == 1
    wrapper.Dispose()
    dotnet.Logger().Trace(CRITICAL, "too late")
    assert (tmp_path / "cil.log").read_text() == ""


@faces
def test_configuration(face: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    wrapper = face.LogWrapper()
    try:
        assert not wrapper.ProcessConfigFile()
        Path("TraceConfig.cfg").write_text("TraceMask = 0x1\nFileMaxSize = 64\n")
        assert wrapper.ProcessConfigFile()
        assert (wrapper.GetTraceMask(), wrapper.max_file_size) == (1, 64)
        Path("TraceConfig.cfg").write_text("TraceMask = 0x3\n")
        os.utime("TraceConfig.cfg", (1, 1))  # changed at another time
        wrapper.UpdateTraceSettings()
        assert wrapper.GetTraceMask() == 3
        Path("TraceConfig.cfg").write_text("TraceMask = mask\n")
        assert not wrapper.ProcessConfigFile()
    finally:
        wrapper.close()


def test_java_adapter(tmp_path: Path) -> None:
    path = tmp_path / "adapter.log"
    adapter = java.LogEventsAdapter(str(path))
    adapter.startLogging()
    java.Logger().Trace(CRITICAL, "first")
    adapter.processLogEvent(java.LogEvent("by hand"))
    adapter.stopLogging()
    java.Logger().Trace(CRITICAL, "second")
    adapter.finalize()
    lines = path.read_text().splitlines()
    assert len(lines) == 2
    assert lines[0].endswith(" first")
    assert lines[1] == "by hand"


def test_java_adapter_is_overridden(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[str] = []

    class Adapter(java.LogEventsAdapter):
        def processLogEvent(self, e: java.LogEvent) -> None:
            told.append(e.getDescription())

    adapter = Adapter()
    adapter.startLogging()
    java.Logger().Trace(CRITICAL, "first")
    adapter.finalize()
    assert len(told) == 1
    assert capsys.readouterr().out == ""
