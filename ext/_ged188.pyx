# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: embedsignature=True, always_allow_keywords=False, annotation_typing=False
"""The Cython backend of fastcil.ged188: messages as views of what was received.

The C core (ext/cilwire/ged188.c) checks a message and says where its fields stand; this layer makes objects of them.
Behaviour is that of fastcil.ged188._reference, which the tests hold it to.
"""

import sys

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_FillInfo, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memchr, memcmp, memcpy, memmove

from fastcil.ged188._found import decode_error
from fastcil.ged188.errors import DecodeError, Reason
from fastcil.ged188.layout import NamedArray, NamedVariable, layout_of
from fastcil.ged188.schema import (
    HEADER_SIZE, LAST_VERSION, MAX_MESSAGE_SIZE, MESSAGES_BY_NUMBER, check_version,
)

cdef extern from "cilwire_ged188.h":
    enum:
        CW_GED_HEADER_SIZE
        CW_GED_MESSAGE_LIMIT
        CW_GED_SLOTS
        CW_GED_LENIENT
        CW_GED_UCHAR, CW_GED_USHORT, CW_GED_BOOL, CW_GED_INT, CW_GED_UINT, CW_GED_TIME
        CW_GED_STRING, CW_GED_UNSPEC, CW_GED_NAMEDVAR, CW_GED_NAMEDARRAY
        CW_GED_TRUNCATED, CW_GED_MESSAGE_LENGTH, CW_GED_MESSAGE_TYPE, CW_GED_MESSAGE_VERSION
        CW_GED_FIELD_LENGTH, CW_GED_FIELD_TRUNCATED, CW_GED_FIELD_VALUE, CW_GED_DUPLICATE_FIELD
    ctypedef struct cw_ged_error:
        uint32_t reason
        uint32_t offset
        uint32_t type
        int32_t field
        uint32_t tag
        uint32_t length
    ctypedef struct cw_ged_view:
        const uint8_t *data
        uint32_t size
        uint16_t type
        uint16_t index
        uint16_t end
        uint16_t floating
        uint8_t version
        uint8_t part
        uint8_t wide
        uint8_t slots
        uint16_t first[64]
    ctypedef struct cw_ged_field:
        const uint8_t *data
        uint32_t tag
        uint32_t length
        int32_t slot
        uint32_t next
    int cw_ged_peek(const uint8_t *, size_t, uint32_t, uint32_t *, cw_ged_error *) nogil
    int cw_ged_open(const uint8_t *, size_t, uint32_t, uint32_t, cw_ged_view *, cw_ged_error *) nogil
    int cw_ged_at(const cw_ged_view *, uint32_t, cw_ged_field *) nogil

cdef extern from "hot_values.h":
    str hot_text(const uint8_t *, uint32_t)
    object hot_int(int64_t)

cdef extern from "cw_internal.h":
    uint32_t cw_text_flags(const uint8_t *, size_t) nogil

cdef extern from "Python.h":
    str PyUnicode_DecodeUTF8(const char *, Py_ssize_t, const char *)
    PyObject *PyDict_GetItem(object, object)
    int PyDict_SetItem(object, object, object) except -1
    PyObject *PyTuple_GET_ITEM(object, Py_ssize_t)
    long PyLong_AsLong(object)
    Py_ssize_t Py_REFCNT(object)
    tuple PyTuple_New(Py_ssize_t)
    void Py_INCREF(object)
    void PyTuple_SET_ITEM(object, Py_ssize_t, object)

include "fastcall.pxi"
include "slabs.pxi"
include "ged188_values.pxi"
include "ged188_message.pxi"
include "ged188_reader.pxi"
include "ged188_encode.pxi"
