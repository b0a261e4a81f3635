"""The native parts: metadata is in pyproject.toml.

FASTCIL_DEBUG=1 builds with symbols and assertions, FASTCIL_SANITIZE=1 with ASan and UBSan on top,
FASTCIL_NO_EXTENSIONS=1 builds no native part (the pure-Python codec is used then).
"""

from __future__ import annotations

import os
import platform
from pathlib import Path

from setuptools import Extension, setup

CORE = [str(path) for path in sorted(Path("ext/cilwire").glob("*.c"))]
GED188 = [path for path in CORE if Path(path).name.startswith("ged188")]
SITE = [f"ext/cilwire/{name}.c" for name in ("build", "text")]
HEADERS = [str(path) for end in ("h", "pxi") for path in sorted(Path("ext").glob(f"**/*.{end}"))]
WARNINGS = ["-std=c11", "-Wall", "-Wextra", "-fvisibility=hidden"]
DEBUG = bool(os.environ.get("FASTCIL_DEBUG"))
SANITIZE = bool(os.environ.get("FASTCIL_SANITIZE"))


def flags() -> tuple[list[str], list[str]]:
    if SANITIZE:
        san = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
        return [*WARNINGS, "-O1", "-g", "-fno-omit-frame-pointer", *san], san
    if DEBUG:
        return [*WARNINGS, "-O0", "-g"], []
    return [*WARNINGS, "-O3", "-DNDEBUG"], []


def extensions() -> list[Extension]:
    if os.environ.get("FASTCIL_NO_EXTENSIONS") or platform.python_implementation() != "CPython":
        return []
    from Cython.Build import cythonize

    compile_args, link_args = flags()

    def module(name: str, source: str, core: list[str]) -> Extension:
        return Extension(
            name,
            [source, *core],
            include_dirs=["ext", "ext/cilwire"],
            define_macros=[("CW_STATIC", "1")],
            depends=HEADERS,
            extra_compile_args=compile_args,
            extra_link_args=link_args,
        )

    modules = [
        module("fastcil._cilwire", "ext/_cilwire.pyx", [p for p in CORE if p not in GED188]),
        module("fastcil.ged188._native", "ext/_ged188.pyx", [*GED188, "ext/cilwire/text.c"]),
        module("fastcil.server._native", "ext/_site.pyx", [*GED188, *SITE]),
    ]
    return cythonize(modules, build_dir="build/cython", include_path=["ext"])


def cffi_modules() -> dict[str, list[str]]:
    """The cffi backend: always on PyPy; on CPython when FASTCIL_CFFI asks, to test the C ABI."""
    wanted = platform.python_implementation() == "PyPy" or os.environ.get("FASTCIL_CFFI")
    if not wanted or os.environ.get("FASTCIL_NO_EXTENSIONS"):
        return {}
    return {"cffi_modules": ["ext/cffi_build.py:ffibuilder"]}


setup(ext_modules=extensions(), **cffi_modules())
