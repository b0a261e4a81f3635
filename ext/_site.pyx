# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: embedsignature=True, always_allow_keywords=False, annotation_typing=False
"""The native half of fastcil.server: what is done for every message, for every event, and for every client of one.

Behaviour is that of fastcil.server._reference and fastcil.server.site._reference, which the tests hold it to.
"""

import sys

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.list cimport PyList_GET_SIZE
from cpython.mem cimport PyMem_Free
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF, Py_XDECREF, Py_XINCREF
from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdio cimport snprintf
from libc.string cimport memchr, memcpy, memset

from fastcil.codec import encode_frame
from fastcil.ged188.layout import layout_of

include "site_core.pxi"
include "site_values.pxi"
include "site_objects.pxi"
include "site_events.pxi"
include "site_calls.pxi"
include "site_agents.pxi"
include "site_mapper.pxi"
include "site_lanes.pxi"
