"""The C core as ext/cffi_build.py compiles it: functions and types are those of cilwire.h."""

from typing import Any

ffi: Any
lib: Any
