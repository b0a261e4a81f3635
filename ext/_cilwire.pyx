# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: embedsignature=True, always_allow_keywords=False, annotation_typing=False
"""The Cython backend of fastcil.codec: Python objects over the C core in ext/cilwire.

One module of several files, one concern each; the C core decides what is valid, this layer makes objects of it.
Behaviour is that of fastcil.codec._reference, which the tests hold it to.
"""

cimport cython
from cpython.buffer cimport (
    PyBUF_SIMPLE, PyBuffer_FillInfo, PyBuffer_Release, PyObject_GetBuffer,
)
from cpython.bytes cimport (
    PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE,
)
from cpython.dict cimport PyDict_Copy, PyDict_Next, PyDict_SetItem
from cpython.long cimport PyLong_FromLongLong
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t, uintptr_t
from libc.string cimport memcmp, memcpy, memmove

from collections.abc import ItemsView, KeysView, Mapping, MutableMapping, ValuesView
import sys

from fastcil.codec.errors import (
    ConversionError, EncodeError, FilterError, Reason, TruncatedError, WireError,
)
from fastcil.codec.types import MAX_FRAME_DEFAULT, MAX_FRAME_LIMIT, ArgType, FrameKind

include "fastcall.pxi"
include "core.pxi"
include "keys.pxi"
include "values.pxi"
include "types.pxi"
include "encode.pxi"
include "arguments.pxi"
include "slabs.pxi"
include "frames.pxi"
include "filters.pxi"
include "dispatch.pxi"
include "late.pxi"

MutableMapping.register(Arguments)
