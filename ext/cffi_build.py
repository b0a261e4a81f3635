"""The C core through cffi's API mode: `fastcil.codec._cilwire_cffi`.

The declarations are taken from the headers themselves (comments, guards and macros stripped), so
they cannot drift from them, and the C compiler checks them when it builds the module.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from cffi import FFI

HERE = Path(__file__).resolve().parent
CORE = HERE / "cilwire"
HEADERS = ("cilwire.h", "cilwire_ged188.h")
MODULE = "fastcil.codec._cilwire_cffi"


def macros(header: str) -> dict[str, int]:
    """The `#define NAME number` lines, worked out: `(1u << 20)` and `0x8000u` are such numbers."""
    found: dict[str, int] = {}
    define = r"^#define[ \t]+(CW_[A-Z0-9_]+)[ \t]+([^\n]+)$"
    for name, text in re.findall(define, header, re.MULTILINE):
        plain = re.sub(r"\b(0x[0-9a-fA-F]+|[0-9]+)[uU]\b", r"\1", text).strip()
        if re.fullmatch(r"\(?(0x[0-9a-fA-F]+|[0-9]+)( << [0-9]+)?\)?", plain):
            found[name] = int(eval(plain, {"__builtins__": {}}))
    return found


def declarations(header: str) -> str:
    """What cffi's parser takes, from the text of the headers."""
    text = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
    known = macros(text)
    text = re.sub(r"#ifdef __cplusplus\n.*?#endif\n", "", text, flags=re.DOTALL)
    text = re.sub(r"^#(?:[^\n\\]|\\.)*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"\bCW_API\b[ \t]*", "", text)
    for name in sorted(known, key=len, reverse=True):
        text = re.sub(rf"\b{name}\b", str(known[name]), text)
    text = re.sub(r"\b([0-9]+)[uU]\b", r"\1", text)
    text = re.sub(r"\n\s*\n+", "\n", text)
    constants = "".join(f"#define {name} {value}\n" for name, value in known.items())
    return constants + text


def compile_flags() -> tuple[list[str], list[str]]:
    """The same switches as setup.py: FASTCIL_DEBUG, FASTCIL_SANITIZE."""
    base = ["-std=c11", "-Wall", "-Wextra", "-fvisibility=hidden"]
    if os.environ.get("FASTCIL_SANITIZE"):
        sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
        return [*base, "-O1", "-g", "-fno-omit-frame-pointer", *sanitizers], sanitizers
    if os.environ.get("FASTCIL_DEBUG"):
        return [*base, "-O0", "-g"], []
    return [*base, "-O3", "-DNDEBUG"], []


def make() -> FFI:
    builder = FFI()
    headers = [(CORE / name).read_text(encoding="utf-8") for name in HEADERS]
    builder.cdef(declarations("".join(headers)))
    compile_args, link_args = compile_flags()
    root = HERE.parent
    sources = sorted(str(path.relative_to(root)) for path in CORE.glob("*.c"))
    builder.set_source(
        MODULE,
        "".join(f'#include "{name}"\n' for name in HEADERS),
        sources=sources,
        include_dirs=[str(CORE.relative_to(root))],
        depends=sorted(str(path.relative_to(root)) for path in CORE.glob("*.h")),
        extra_compile_args=compile_args,
        extra_link_args=link_args,
    )
    return builder


ffibuilder = make()
