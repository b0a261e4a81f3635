"""The C library as programs meet it: installed, found by pkg-config, reading what Python wrote."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from fastcil.codec import ArgType, Arguments, Frame, FrameKind, FrameReader, encode_frame

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "ext" / "cilwire"
WARNINGS = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wconversion"]
COMPILER = shutil.which("gcc") or shutil.which("cc")
MAKE = shutil.which("make")

pytestmark = pytest.mark.skipif(
    not COMPILER or not MAKE or not CORE.is_dir(),
    reason="needs a C compiler, make and the source tree",
)


def run(*command: object, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def compile_c(output: Path, *arguments: object) -> Path:
    run(COMPILER, *WARNINGS, *arguments, "-o", output)
    return output


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    prefix = tmp_path_factory.mktemp("prefix")
    native = tmp_path_factory.mktemp("native")
    run(
        MAKE,
        "-s",
        "-f",
        "ext/native.mk",
        "install-c",
        f"PREFIX={prefix}",
        f"NATIVE={native}",
        "DESTDIR=",
    )
    return prefix


@pytest.fixture(scope="module")
def flags(installed: Path) -> list[str]:
    """What pkg-config says, or what it would say where it is not installed."""
    folder = installed / "lib" / "pkgconfig"
    if shutil.which("pkg-config"):
        env = {"PKG_CONFIG_PATH": str(folder)}
        return run("pkg-config", "--cflags", "--libs", "cilwire", env=env).split()
    text = (folder / "cilwire.pc").read_text(encoding="utf-8")
    variables = dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))
    found = " ".join(re.findall(r"^(?:Cflags|Libs): (.*)$", text, re.MULTILINE))
    return re.sub(r"\$\{(\w+)\}", lambda match: variables[match[1]], found).split()


@pytest.fixture(scope="module")
def read_stream(
    installed: Path, flags: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    output = tmp_path_factory.mktemp("bin") / "read_stream"
    return compile_c(output, ROOT / "tests/c/read_stream.c", *flags, f"-Wl,-rpath,{installed}/lib")


def escaped(text: str) -> str:
    raw = text.encode("utf-8", "surrogateescape")
    return "".join(
        f"\\{chr(c)}" if c in b'"\\' else chr(c) if 0x20 <= c < 0x7F else f"\\x{c:02x}" for c in raw
    )


def printed(frames: list[Frame]) -> str:
    """The text of read_stream.c, from what Python reads."""
    lines: list[str] = []

    def block(arguments: Arguments, depth: int) -> None:
        for i in range(1, len(arguments) + 1):
            kind, value = arguments.element_type(i), arguments.element(i)
            start = f'{"  " * depth}"{escaped(arguments.element_key(i))}" {ArgType(kind).name}'
            if isinstance(value, Arguments):
                lines.append(start + " {")
                block(value, depth + 1)
                lines.append("  " * depth + "}")
            elif isinstance(value, str):
                lines.append(f'{start} "{escaped(value)}"')
            else:
                lines.append(start if value is None else f"{start} {int(value)}")

    for number, frame in enumerate(frames, 1):
        lines.append(
            f"frame {number}: {FrameKind(frame.kind).name} {frame.message_id} epoch {frame.epoch}"
            f" sequence {frame.sequence} bytes {len(frame)}"
        )
        block(frame.arguments, 1)
    return "".join(line + "\n" for line in lines)


def stream() -> list[bytes]:
    typed = Arguments({"AgentID": "22866", "PeripheralID": -5000, "Big": 0xFFFFFFFF, "On": True})
    typed.set("LineHandle", 0xFFFF, ArgType.USHORT)
    typed.set("EventReasonCode", -32768, ArgType.SHORT)
    typed["Nothing"] = None
    text = {"a": "", 'quote "\\': 'grüße "\\\n', "c": b"\xff\xfe", "ünknown": "😀", "#32767": "id"}
    nested: dict[str, object] = {"leaf": 1}
    for _ in range(15):
        nested = {"AgentID": nested, "after": "x"}
    return [
        encode_frame(23, typed, epoch=7, sequence=1),
        encode_frame(0xFFFFFFFF, text, epoch=0xFFFFFFFF, sequence=(1 << 64) - 1),
        encode_frame(30, nested),
        encode_frame(0, None, kind=FrameKind.HEARTBEAT),
        encode_frame(9, {"one": typed, "two": {}, "three": {"x": text}}, kind=FrameKind.REQUEST),
        encode_frame(24, {f"key {i}": i for i in range(500)}),
    ]


def recording(frames: list[bytes]) -> bytes:
    records = [
        (1000 * i).to_bytes(8, "little") + len(frame).to_bytes(4, "little") + bytes(4) + frame
        for i, frame in enumerate(frames)
    ]
    return b"CILREC1\n" + (1).to_bytes(4, "little") + bytes(4) + b"".join(records)


@pytest.mark.parametrize("recorded", [True, False], ids=["recording", "bare frames"])
def test_an_installed_c_program_prints_what_python_reads(
    read_stream: Path, tmp_path: Path, recorded: bool
) -> None:
    frames = stream()
    (tmp_path / "stream").write_bytes(recording(frames) if recorded else b"".join(frames))
    expected = printed(list(FrameReader().feed(b"".join(frames))))
    assert run(read_stream, tmp_path / "stream") == expected
    assert expected.count("\n") > 500


def test_the_c_program_refuses_broken_streams(read_stream: Path, tmp_path: Path) -> None:
    good = b"".join(stream())
    broken = bytearray(good)
    broken[12] = 9
    for name, data in {"broken": bytes(broken), "cut": good[:-1]}.items():
        (tmp_path / name).write_bytes(data)
        done = subprocess.run([read_stream, tmp_path / name], capture_output=True, check=False)
        assert done.returncode == 1
        assert b"at offset" in done.stderr


def test_what_is_installed(installed: Path) -> None:
    lib = installed / "lib"
    assert (lib / "libcilwire.a").is_file()
    assert (lib / "libcilwire.so").resolve() == (lib / "libcilwire.so.1").resolve()
    for name in ("cilwire.h", "cilwire_ged188.h"):
        assert (installed / "include" / name).read_text() == (CORE / name).read_text()
    if shutil.which("readelf"):
        assert "[libcilwire.so.1]" in run("readelf", "-d", lib / "libcilwire.so.1")


def test_only_the_api_is_exported(installed: Path) -> None:
    if not shutil.which("nm"):
        pytest.skip("needs nm")
    header = "".join(path.read_text(encoding="utf-8") for path in CORE.glob("cilwire*.h"))
    declared = set(re.findall(r"^CW_API [^;(]*?\b(cw_\w+)\(", header, re.MULTILINE))
    listed = run("nm", "-D", "--defined-only", installed / "lib" / "libcilwire.so.1")
    assert {line.split()[-1] for line in listed.splitlines()} == declared


def test_the_core_never_allocates(installed: Path) -> None:
    if not shutil.which("nm"):
        pytest.skip("needs nm")
    wanted = run("nm", "-u", installed / "lib" / "libcilwire.a")
    names = {line.split()[-1] for line in wanted.splitlines() if line.strip() and ":" not in line}
    assert "memcpy" in names
    heap = {
        "malloc",
        "calloc",
        "realloc",
        "free",
        "strdup",
        "aligned_alloc",
        "posix_memalign",
        "mmap",
    }
    assert not names & heap


def test_the_core_keeps_no_state_that_changes(installed: Path) -> None:
    if not shutil.which("objdump"):
        pytest.skip("needs objdump")
    listed = run("objdump", "-t", installed / "lib" / "libcilwire.a")
    changing = re.findall(r"^\S+ .{7} (?:\.data|\.bss|\*COM\*)\t(\S+) (.*)$", listed, re.MULTILINE)
    assert [name for size, name in changing if int(size, 16)] == []


def test_the_header_alone_compiles_as_c_and_as_cpp(installed: Path, tmp_path: Path) -> None:
    source = tmp_path / "alone.c"
    source.write_text(
        "#include <cilwire.h>\nint main(void) { return cw_abi_version() != CW_ABI_VERSION; }\n"
    )
    run(COMPILER, *WARNINGS, "-pedantic", "-fsyntax-only", f"-I{installed}/include", source)
    if shutil.which("g++"):
        run(
            "g++",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-fsyntax-only",
            "-x",
            "c++",
            f"-I{installed}/include",
            source,
        )


def test_unit_tests_of_the_core_with_simd_and_without(tmp_path: Path) -> None:
    sources = [
        ROOT / "tests/c/test_cilwire.c",
        ROOT / "tests/c/test_filter.c",
        *sorted(CORE.glob("*.c")),
    ]
    simd = compile_c(tmp_path / "simd", "-O2", f"-I{CORE}", *sources)
    scalar = compile_c(tmp_path / "scalar", "-O2", "-DCW_NO_SIMD", f"-I{CORE}", *sources)
    digest = run(simd)
    assert digest.startswith("digest ")
    assert run(scalar) == digest


def cffi_build() -> ModuleType:
    pytest.importorskip("cffi")
    spec = importlib.util.spec_from_file_location("cffi_build", ROOT / "ext" / "cffi_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_cffi_declares_the_whole_header() -> None:
    """Every function, structure and number of the header, unchanged but for white space."""
    module = cffi_build()
    header = (CORE / "cilwire.h").read_text(encoding="utf-8")
    declared = " ".join(module.declarations(header).split())
    bare = re.sub(r"/\*.*?\*/", " ", header, flags=re.DOTALL)
    functions = re.findall(r"^CW_API ([^;]*;)", bare, re.MULTILINE)
    assert len(functions) >= 20
    for function in functions:
        assert " ".join(function.split()) in declared
    for structure in re.findall(r"typedef struct (\w+) \{", bare):
        assert f"typedef struct {structure} {{" in declared
    numbers = set(re.findall(r"^#define (CW_[A-Z0-9_]+) [(0-9]", bare, re.MULTILINE))
    assert numbers == set(module.macros(bare))
    assert not re.search(r"\bCW_API\b|#if|/\*", declared)


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="built by setup.py there")
def test_the_cffi_module_builds_and_agrees_with_the_header(tmp_path: Path) -> None:
    """cffi's module checks sizes, offsets and constants against the header when loaded."""
    module = cffi_build()
    if importlib.util.find_spec("setuptools") is None:
        pytest.skip("needs setuptools")
    program = (
        "import os, sys; sys.path.insert(0, 'ext'); import cffi_build;"
        f"print(cffi_build.ffibuilder.compile(tmpdir={str(tmp_path)!r}))"
    )
    # Paths of the sources are relative to the root of the tree.
    for part in ("ext", "pyproject.toml"):
        (tmp_path / part).symlink_to(ROOT / part)
    built = run(sys.executable, "-W", "ignore", "-c", program).splitlines()[-1]
    check = (
        "import importlib.util as u;"
        f"s = u.spec_from_file_location({module.MODULE.rpartition('.')[2]!r}, {built!r});"
        "m = u.module_from_spec(s); s.loader.exec_module(m);"
        "assert m.lib.cw_abi_version() == m.lib.CW_ABI_VERSION;"
        "assert m.ffi.sizeof('cw_item') >= 40 and m.ffi.sizeof('cw_shapes') > 1000"
    )
    run(sys.executable, "-c", check)
