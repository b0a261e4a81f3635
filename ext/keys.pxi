# Keys: from Python strings to keyword ids, and back.

# Keyword strings by id, interned.
cdef list _keyword_text = [sys.intern((<bytes>cw_keyword_name(i)).decode()) for i in range(_KEYWORDS + 1)]

cdef fill_spellings():
    if _KEYWORDS * 2 > HOT_SPELLINGS:
        raise ImportError("the keyword table outgrew the table of spellings")
    for i in range(1, _KEYWORDS + 1):
        hot_add_spelling(_keyword_text[i], i)

fill_spellings()


cdef uint32_t hash_number(str key):
    """The id that "#number" stands for, 0 when it is a plain name."""
    cdef uint32_t number
    if len(key) < 2 or len(key) > 6 or key[0] != "#" or not key.isascii() or not key[1:].isdigit() or key[1] == "0":
        return 0
    number = int(key[1:])
    return number if _KEYWORDS < number <= 0x7FFF else 0


_BLANKS = " \t\n\v\f\r"


cdef inline uint32_t keyword_id(object key) except? 0xFFFFFFFF:
    """Id of a key that is a str; 0 when it is no keyword."""
    cdef uint32_t found
    if PyUnicode_CheckExact(key):
        found = hot_spelling_id(<PyObject *>key)
        if found:
            return found
    if PyUnicode_IS_COMPACT_ASCII(key):
        found = cw_keyword_id(<const uint8_t *>PyUnicode_DATA(key), PyUnicode_GET_LENGTH(key))
        if found:
            return found
        if PyUnicode_GET_LENGTH(key) and (<const char *>PyUnicode_DATA(key))[0] not in b"# \t\n\v\f\r":
            return 0
        return hash_number(trimmed(key))
    return keyword_id_of_any(key)


cdef str trimmed(object key):
    """A str, or one of a subclass, as an exact str without blanks at its ends."""
    return <str>str.strip(key, _BLANKS)


cdef uint32_t keyword_id_of_any(object key) except? 0xFFFFFFFF:
    """keyword_id of what is not plainly an ASCII str."""
    cdef str name = trimmed(key)
    if not name.isascii():
        return 0
    raw = name.encode()
    cdef uint32_t found = cw_keyword_id(<const uint8_t *><char *>raw, len(raw))
    return found if found else hash_number(name)


cdef str fold(str name):
    """ASCII lower case: what makes two unknown keys one."""
    if name.isascii():
        return name.lower()
    return name.translate(_FOLD)

_FOLD = {i: i + 32 for i in range(65, 91)}


cdef str id_text(uint32_t id):
    if id <= _KEYWORDS:
        return <str>_keyword_text[id]
    return f"#{id}"


cdef object check_key(object key):
    """A key that may be stored: trimmed, and within the limits."""
    if not PyUnicode_Check(key):
        raise TypeError(f"keys are str, got {type(key).__name__}")
    name = trimmed(key)
    if not name:
        raise EncodeError("a key is empty")
    try:
        raw = name.encode()
    except UnicodeEncodeError as error:
        raise EncodeError(f"key {name!r} is not text: {error.reason}") from None
    if len(raw) > CW_MAX_NAME:
        raise EncodeError(f"key {name[:32]!r}… has {len(raw)} bytes, at most {CW_MAX_NAME} are allowed")
    return name




cdef str key_text(const cw_block *block, uint32_t index):
    """The spelling of an entry's key."""
    cdef uint32_t key = raw_key(block, index)
    cdef char scratch[8]
    cdef uint32_t length
    cdef const uint8_t *text
    if not key & CW_KEY_NAMED:
        return id_text(key)
    text = cw_key_text(block, index, scratch, &length)
    return wire_text(text, length, cw_text_flags(text, length))


cdef int find(const cw_block *block, object key) except -2:
    """Index of an entry by key, -1 when absent. The key must be a str."""
    cdef uint32_t id = keyword_id(key)
    cdef Py_ssize_t length
    cdef const char *raw
    if id:
        return cw_find(block, id)
    if not block.named:
        return -1
    key = trimmed(key)
    if not PyUnicode_IS_COMPACT_ASCII(key):
        try:
            encoded = (<str>key).encode()
        except UnicodeEncodeError:
            return -1
        return cw_find_name(block, <const uint8_t *><char *>encoded, len(encoded))
    return cw_find_name(block, <const uint8_t *>PyUnicode_DATA(key), PyUnicode_GET_LENGTH(key))
