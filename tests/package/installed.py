"""What an installed fastcil does with nothing else installed.

Run by the Python of a fresh environment: make test-package.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.metadata
import pkgutil
import subprocess
import sys
from pathlib import Path

import fastcil
from fastcil.codec import BACKEND

# Of packages that are extras: what may be missing here.
EXTRAS = {"click", "rich", "dpkt", "prometheus_client"}
SECONDS = 20.0


def everything_is_there() -> None:
    """All modules can be imported, or say which extra they want; the native ones are built."""
    assert Path(fastcil.__file__).is_relative_to(sys.prefix), f"not the installed one: {fastcil}"
    assert BACKEND == "cython", f"expected the native codec, got {BACKEND}"
    wanting: set[str] = set()
    for module in pkgutil.walk_packages(fastcil.__path__, "fastcil."):
        if module.name.endswith("__main__") or "_cffi" in module.name:  # that is PyPy's
            continue
        missing = _missing(module.name)
        assert missing is None or missing in EXTRAS, f"{module.name} wants {missing}"
        wanting |= {missing} - {None}
    assert {"fastcil.ged188._native", "fastcil.server._native"} <= set(sys.modules)
    files = {str(one) for one in importlib.metadata.files("fastcil") or ()}
    for name in ("py.typed", "_cilwire.pyi", "ged188/_native.pyi", "ged188/data/messages.json"):
        assert f"fastcil/{name}" in files, name
    print(f"modules: all; extras asked for: {', '.join(sorted(wanting)) or 'none'}")


def _missing(module: str) -> str | None:
    """What the import of a module wants; None for nothing."""
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        return error.name
    except SystemExit as error:  # the command itself
        return "click" if "fastcil[cli]" in str(error) else str(error)
    return None


def the_command_says_what_it_needs() -> None:
    """Without the extra the command ends with words, not with a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "fastcil", "demo"], capture_output=True, text=True, timeout=SECONDS
    )
    assert done.returncode != 0, done.stdout
    assert "fastcil[cli]" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr, done.stderr


async def a_site_runs() -> None:
    """A simulated CTI Server, the event server on it, a client in monitor mode: calls begin."""
    from fastcil.server.config import load_config
    from fastcil.server.service import SiteService, link_settings
    from fastcil.simulator import Simulator, SimulatorOptions, SiteOptions, WorkloadOptions

    options = SimulatorOptions(
        site=SiteOptions(agents=20, seed=1), workload=WorkloadOptions(calls_per_hour=3000.0)
    )
    async with Simulator(options) as simulator:
        config = load_config("")
        settings = link_settings(config, f"ctiserver://127.0.0.1:{simulator.port}")
        async with SiteService(config, settings, port=0) as service:
            url = f"ctios://127.0.0.1:{service.server.port}"
            async with fastcil.connect(url) as session:
                begun = session.wait_for("OnCallBegin", timeout=SECONDS)
                await session.monitor("MessageID=*")
                for _ in range(60):
                    simulator.advance(10.0)
                    await asyncio.sleep(0)
                frame = await begun
                assert str(frame.get("UniqueObjectID")).startswith("call.")
                print(f"a call: {frame.get('UniqueObjectID')}; agents: {len(session.agents)}")
                assert len(session.agents) == 20


def main() -> None:
    everything_is_there()
    the_command_says_what_it_needs()
    asyncio.run(asyncio.wait_for(a_site_runs(), 3 * SECONDS))


if __name__ == "__main__":
    main()
