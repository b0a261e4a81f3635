# The C core, and what CPython has that Cython has no declaration for.

cdef enum:
    FRAME_HEADER = 24

cdef extern from "cw_internal.h":
    enum:
        CW_KEY_NAMED
        CW_T_INT, CW_T_UINT, CW_T_BOOL, CW_T_STRING, CW_T_ARGUMENTS
    ctypedef struct cw_error:
        uint32_t reason
        uint32_t offset
    ctypedef struct cw_item:
        const uint8_t *name
        const uint8_t *data
        uint64_t number
        uint32_t length
        uint32_t flags
        uint16_t key
        uint16_t name_length
        uint8_t type
    uint32_t cw_load32(const uint8_t *) nogil
    void cw_store32(uint8_t *, uint32_t) nogil
    void cw_store64(uint8_t *, uint64_t) nogil
    uint32_t cw_text_flags(const uint8_t *, size_t) nogil
    uint32_t cw_keyword_id(const uint8_t *, size_t) nogil
    size_t cw_build_size(const cw_item *, uint32_t, cw_error *) nogil
    int cw_build(const cw_item *, uint32_t, uint8_t *, size_t, cw_error *) nogil

cdef extern from "cilwire_ged188.h":
    enum:
        CW_GED_UCHAR, CW_GED_USHORT, CW_GED_BOOL, CW_GED_INT, CW_GED_UINT, CW_GED_TIME
        CW_GED_STRING, CW_GED_UNSPEC, CW_GED_NAMEDVAR, CW_GED_NAMEDARRAY
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
    int cw_ged_at(const cw_ged_view *, uint32_t, cw_ged_field *) nogil

cdef extern from "hot_values.h":
    str hot_text(const uint8_t *, uint32_t)
    object hot_int(int64_t)

cdef extern from "Python.h":
    PyObject *PyDict_GetItemWithError(object, object) except? NULL
    Py_ssize_t PyDict_GET_SIZE(object)
    int PyDict_CheckExact(object)
    Py_ssize_t PyLong_AsSsize_t(object) except? -1
    int PyLong_CheckExact(object)
    long long PyLong_AsLongLongAndOverflow(object, int *) except? -1
    int PyUnicode_CheckExact(object)
    int PyUnicode_IS_COMPACT_ASCII(object)
    void *PyUnicode_DATA(object)
    Py_ssize_t PyUnicode_GET_LENGTH(object)
    str PyUnicode_DecodeUTF8(const char *, Py_ssize_t, const char *)
    Py_ssize_t PyTuple_GET_SIZE(object)
    PyObject *PyTuple_GET_ITEM(object, Py_ssize_t)
    PyObject *PyList_GET_ITEM(object, Py_ssize_t)
    void *PyMem_Calloc(size_t, size_t)
    void Py_CLEAR(PyObject *)

cdef extern from *:
    """
    /* As Cython lays out fastcil.ged188._native.Message; its size is compared when this module is loaded. */
    #include "cilwire_ged188.h"
    typedef struct {
        PyObject_HEAD
        PyObject *_owner;
        cw_ged_view _view;
        int strict;
    } fastcil_message;
    """
    ctypedef class fastcil.ged188._native.Message [object fastcil_message, check_size error]:
        cdef cw_ged_view _view
