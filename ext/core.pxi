# The C core and the few CPython calls that Cython has no declaration for.

cdef extern from "cilwire.h" nogil:
    enum:
        CW_HEADER_SIZE, CW_MAX_ENTRIES, CW_MAX_DEPTH, CW_MAX_NAME, CW_MAX_NAMES, CW_KEY_NAMED, CW_FRAME_LIMIT
        CW_TRUNCATED, CW_COUNT, CW_NAME, CW_DUPLICATE_KEY, CW_STRING, CW_BLOCK_SIZE
        CW_T_NOTSET, CW_T_INT, CW_T_UINT, CW_T_SHORT, CW_T_USHORT, CW_T_BOOL, CW_T_STRING, CW_T_ARGUMENTS
        CW_STR_NON_ASCII, CW_STR_OPAQUE, CW_STR_LENGTH
    ctypedef struct cw_error:
        uint32_t reason
        uint32_t offset
    ctypedef struct cw_header:
        uint32_t length
        uint32_t message_id
        uint32_t epoch
        uint32_t kind
        uint64_t sequence
    ctypedef struct cw_shapes:
        uint64_t hits
    ctypedef struct cw_block:
        const uint8_t *base
        const uint8_t *keys
        const uint8_t *types
        const uint8_t *values
        uint32_t size
        uint16_t count
        uint16_t named
    ctypedef struct cw_entry:
        uint32_t type
        uint32_t flags
        uint16_t key
        uint32_t length
        int64_t number
        const uint8_t *data
    ctypedef struct cw_item:
        const uint8_t *name
        const uint8_t *data
        uint64_t number
        uint32_t length
        uint32_t flags
        uint16_t key
        uint16_t name_length
        uint8_t type
    ctypedef struct cw_filter_error:
        uint32_t column
        char message[124]
    void cw_shapes_init(cw_shapes *)
    const char *cw_reason_name(uint32_t)
    int cw_frame_peek(const uint8_t *, size_t, uint32_t, uint32_t *, cw_error *)
    int cw_frame_validate(const uint8_t *, size_t, uint32_t, uint32_t, cw_shapes *, cw_error *)
    void cw_frame_header(const uint8_t *, cw_header *)
    void cw_frame_write_header(uint8_t *, const cw_header *)
    int cw_block_validate(const uint8_t *, size_t, uint32_t, cw_shapes *, cw_error *)
    void cw_block_open(const uint8_t *, cw_block *)
    int cw_find(const cw_block *, uint32_t)
    int cw_find_name(const cw_block *, const uint8_t *, size_t)
    void cw_entry_at(const cw_block *, uint32_t, cw_entry *)
    const uint8_t *cw_key_text(const cw_block *, uint32_t, char *, uint32_t *)
    uint32_t cw_keyword_total()
    uint32_t cw_keyword_id(const uint8_t *, size_t)
    const char *cw_keyword_name(uint32_t)
    uint32_t cw_text_flags(const uint8_t *, size_t)
    size_t cw_build_size(const cw_item *, uint32_t, cw_error *)
    int cw_build(const cw_item *, uint32_t, uint8_t *, size_t, cw_error *)
    size_t cw_filter_compile(const uint8_t *, size_t, uint8_t *, size_t, cw_filter_error *)
    int cw_filter_match(const uint8_t *, size_t, const uint8_t *)
    int cw_filter_match_block(const uint8_t *, size_t, uint32_t, const cw_block *)

cdef extern from "Python.h":
    Py_ssize_t PyNumber_AsSsize_t(object, PyObject *) except? -1
    Py_ssize_t PyList_GET_SIZE(object)
    int PyUnicode_CheckExact(object)
    int PyUnicode_Check(object)
    int PyUnicode_IS_COMPACT_ASCII(object)
    void *PyUnicode_DATA(object)
    Py_ssize_t PyUnicode_GET_LENGTH(object)
    object PyUnicode_New(Py_ssize_t, Py_UCS4)
    object PyUnicode_DecodeUTF8(const char *, Py_ssize_t, const char *)
    const char *PyUnicode_AsUTF8AndSize(object, Py_ssize_t *) except NULL
    bytes PyUnicode_AsEncodedString(object, const char *, const char *)
    int PyLong_CheckExact(object)
    int PyLong_Check(object)
    int PyBool_Check(object)
    int PyDict_CheckExact(object)
    Py_ssize_t PyDict_GET_SIZE(object)
    long long PyLong_AsLongLongAndOverflow(object, int *) except? -1
    dict _PyDict_NewPresized(Py_ssize_t)

cdef extern from *:
    """
    #if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    #error "this layer reads blocks in place and needs a little-endian machine; use the cffi backend"
    #endif
    """

cdef object _MISSING = object()
cdef uint32_t _KEYWORDS = cw_keyword_total()
cdef cw_shapes _shapes  # for single blocks and frames; guarded by the GIL
cw_shapes_init(&_shapes)

cdef _reasons = {int(reason): reason for reason in Reason}


cdef object wire_error(cw_error *error, str what):
    """The exception for what the C core found."""
    reason = _reasons[error.reason]
    word = (<bytes>cw_reason_name(error.reason)).decode()
    kind = TruncatedError if error.reason == CW_TRUNCATED else WireError
    return kind(f"{what}: {word} at offset {error.offset}", reason=reason, offset=error.offset)


cdef extern from "hot.h":
    enum:
        HOT_SPELLINGS, HOT_PLAN_KEYS
    ctypedef struct hot_template:
        pass
    int hot_error() except -1
    void hot_add_spelling(object, uint32_t)
    uint32_t hot_spelling_id(PyObject *)
    str hot_text(const uint8_t *, uint32_t)
    PyObject *hot_value(const cw_block *, uint32_t)
    int hot_find(const cw_block *, PyObject *)
    int hot_template_fill(hot_template *, const cw_block *, dict) except -1
    PyObject *hot_dict(const uint8_t *, hot_template **)
    PyObject *hot_encode_dict(dict, uint32_t, uint64_t)
    void hot_plan_fill(dict, const uint8_t *, uint64_t, const uint8_t *)


cdef extern from "hot.h":
    void cw_open(const uint8_t *, cw_block *) nogil
    uint16_t cw_load16(const uint8_t *) nogil
    uint32_t cw_load32(const uint8_t *) nogil
    uint64_t cw_load64(const uint8_t *) nogil


cdef inline uint64_t raw_value(const cw_block *block, uint32_t index) noexcept nogil:
    return cw_load64(block.values + 8 * index)


cdef inline uint32_t raw_key(const cw_block *block, uint32_t index) noexcept nogil:
    return cw_load16(block.keys + 2 * index)


cdef inline str wire_text(const uint8_t *text, uint32_t length, uint32_t flags):
    if not flags:
        return hot_text(text, length)
    if flags & CW_STR_OPAQUE:
        return <str>PyUnicode_DecodeUTF8(<const char *>text, length, b"surrogateescape")
    return <str>PyUnicode_DecodeUTF8(<const char *>text, length, NULL)
