"""What the numbers were taken on: versions and the kind of machine, never its name."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata

from fastcil import codec

PACKAGES = ("msgspec", "ormsgpack", "orjson", "protobuf", "msgpack", "uvloop", "Cython")


def cpu_model() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            for line in file:
                name, _, value = line.partition(":")
                if name.strip() in ("model name", "Model", "Hardware"):
                    return value.strip()
    except OSError:
        pass
    return platform.machine() or "unknown"


def compiler() -> str:
    """First line of `gcc --version`: the record of instruction counts depends on it."""
    try:
        done = subprocess.run(["gcc", "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "none"
    return done.stdout.splitlines()[0]


def version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def describe() -> dict[str, str]:
    return {
        "backend": codec.BACKEND,
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "compiler": compiler(),
        "CPU": f"{cpu_model()}, {os.cpu_count()} cores visible",
        "system": f"{platform.system()} {platform.machine()}",
        **{package: version(package) for package in PACKAGES},
    }
