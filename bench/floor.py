"""What the limit is: the least each kind of work can cost on this machine, measured beside our own.

dict: the same dict built in C from arrays parsed beforehand (floor_dict.pyx, compiled here on
first use). stream: the bare recv_into loop with the same sender, nothing read from the bytes.
call: the bare Python call of a listener's method.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import loopback
import receivers
from events import Event, events
from rows import Listener, our_code
from timing import Code, interleaved

HERE = Path(__file__).parent
SETUP = """\
from Cython.Build import cythonize
from setuptools import Extension, setup
setup(name="floor", script_args=["-q", "build_ext", "-b", "."],
      ext_modules=cythonize(
          [Extension("floor_dict", ["floor_dict.pyx"], extra_compile_args=["-O3"])], quiet=True))
"""


def compiled() -> Any:
    """The module floor_dict, built outside of the tree; None, and why, where it cannot be."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "floor_dict.pyx").write_bytes((HERE / "floor_dict.pyx").read_bytes())
        Path(folder, "setup.py").write_text(SETUP)
        done = subprocess.run(
            [sys.executable, "setup.py"], cwd=folder, capture_output=True, text=True, check=False
        )
        built = Path(folder, "floor_dict" + sysconfig.get_config_var("EXT_SUFFIX"))
        if done.returncode or not built.exists():
            print(f"no floor for dicts, cannot compile: {done.stderr.strip()[-300:]}")
            return None
        spec = importlib.util.spec_from_file_location("floor_dict", built)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


class Discard:
    """Receives and looks at nothing."""

    def __init__(self, size: int) -> None:
        self.size, self.bytes = size, 0
        self.view = memoryview(bytearray(receivers.READ_SIZE))

    @property
    def seen(self) -> int:
        return self.bytes // self.size

    def buffer(self) -> memoryview:
        return self.view

    def filled(self, count: int) -> None:
        self.bytes += count

    def data(self, chunk: bytes) -> None:
        self.bytes += len(chunk)


def dict_codes(event: Event, module: Any) -> dict[str, Code]:
    """Our whole dict, from the frame and from its bytes, and what it cannot go below."""
    codes = {
        "fastcil, one frame's bytes": our_code(event, "dict", "bytes"),
        "fastcil, frame in hand": our_code(event, "dict", "frame"),
    }
    if module is not None:
        parsed = module.Parsed(event.values)
        ways = {"from parsed C arrays, keys inserted": parsed.inserted}
        if module.IN_PLACE:
            ways["from parsed C arrays, values put in place"] = parsed.in_place
        for name, build in ways.items():
            if build() != event.values:
                raise AssertionError(f"{name}: another dict")
            codes[name] = Code("build()", {"build": build})
        codes["the values alone"] = Code("build()", {"build": parsed.values})
    codes["copy of a finished dict"] = Code("copy()", {"copy": event.values.copy})
    return codes


def call_code(event: Event) -> Code:
    names = {"on_event": Listener().OnEvent, "number": event.message_id, "arguments": event.values}
    return Code("on_event(number, arguments)", names)


def socket_floor(event: Event, count: int) -> float:
    """Seconds per event of the bare recv_into loop, over our frames."""
    data = loopback.message(event, "fastcil")
    return loopback.once(data, count, receivers.transports()["blocking socket"], Discard(len(data)))


def measure(repeats: int = 15, count: int = 400_000) -> list[dict[str, Any]]:
    """Lines of the table of limits."""
    lines: list[dict[str, Any]] = []
    module = compiled()
    for event in events():
        codes = dict_codes(event, module) | {"bare call of OnEvent": call_code(event)}
        for name, samples in interleaved(codes, repeats).items():
            lines.append(
                {
                    "event": event.name,
                    "title": event.title,
                    "what": name,
                    "seconds": median(samples),
                }
            )
        seconds = median(socket_floor(event, count) for _ in range(5))
        lines.append(
            {
                "event": event.name,
                "title": event.title,
                "what": "bare recv_into",
                "seconds": seconds,
            }
        )
    return lines


if __name__ == "__main__":
    for line in measure():
        print(f"{line['title']:26}{line['what']:44}{line['seconds'] * 1e9:12,.0f} ns per event")
