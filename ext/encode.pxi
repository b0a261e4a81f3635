# From a dict or a mutable Arguments to bytes: an array of items, from which the C core writes the block.

# Items of up to this many entries live on the stack.
cdef enum:
    STACK_ITEMS = 72


cdef object build_error(cw_error *error, list source):
    """The exception for a limit that the C core refused; source has what each item was made of: a key or an Entry."""
    if error.reason == CW_COUNT:
        return EncodeError(f"more than {CW_MAX_ENTRIES} entries in one block")
    if error.reason == CW_BLOCK_SIZE:
        return EncodeError(f"the block is larger than a frame may be ({CW_FRAME_LIMIT} bytes)")
    key = source[error.offset]
    if isinstance(key, Entry):
        key = (<Entry>key).name
    if error.reason == CW_NAME:
        return EncodeError(f"{key}: more than {CW_MAX_NAMES} bytes of names in one block")
    if error.reason == CW_STRING:
        return EncodeError(f"{key}: a string is longer than {CW_STR_LENGTH} bytes")
    return EncodeError(f"{key}: the key occurs twice")


cdef int put_text(cw_item *item, object text, list keep, object key) except -1:
    """A string value. `keep` holds what the item points into."""
    cdef Py_ssize_t length
    if PyUnicode_IS_COMPACT_ASCII(text):
        item.data = <const uint8_t *>PyUnicode_DATA(text)
        item.length = <uint32_t>PyUnicode_GET_LENGTH(text)
        if PyUnicode_GET_LENGTH(text) > CW_STR_LENGTH:
            raise EncodeError(f"{key}: a string is longer than {CW_STR_LENGTH} bytes")
        item.flags = 0
        return 0
    try:
        raw = PyUnicode_AsEncodedString(text, b"utf-8", b"surrogateescape")
    except UnicodeEncodeError as error:
        raise EncodeError(f"{key}: the text cannot be encoded at character {error.start}: {error.reason}") from None
    return put_raw(item, raw, keep, key)


cdef int put_raw(cw_item *item, bytes raw, list keep, object key) except -1:
    if PyBytes_GET_SIZE(raw) > CW_STR_LENGTH:
        raise EncodeError(f"{key}: a string is longer than {CW_STR_LENGTH} bytes")
    keep.append(raw)
    item.data = <const uint8_t *>PyBytes_AS_STRING(raw)
    item.length = <uint32_t>PyBytes_GET_SIZE(raw)
    item.flags = cw_text_flags(item.data, item.length)
    return 0


cdef int put_block(cw_item *item, bytes raw, list keep) except -1:
    keep.append(raw)
    item.type = CW_T_ARGUMENTS
    item.data = <const uint8_t *>PyBytes_AS_STRING(raw)
    item.length = <uint32_t>PyBytes_GET_SIZE(raw)
    item.flags = 0
    return 0


cdef inline int put_key(cw_item *item, object key, list keep) except -1:
    """A key as a program gave it."""
    if not PyUnicode_Check(key):
        raise TypeError(f"keys are str, got {type_name(key)}")
    cdef uint32_t id = keyword_id(key)
    if id:
        item.key = <uint16_t>id
        return 0
    cdef const uint8_t *text
    cdef Py_ssize_t length
    if PyUnicode_IS_COMPACT_ASCII(key):
        text = <const uint8_t *>PyUnicode_DATA(key)
        length = PyUnicode_GET_LENGTH(key)
        if 0 < length <= CW_MAX_NAME and text[0] > 32 and text[length - 1] > 32:
            item.name = text
            item.name_length = <uint16_t>length
            item.key = CW_KEY_NAMED
            return 0
    raw = check_key(key).encode()
    keep.append(raw)
    item.name = <const uint8_t *>PyBytes_AS_STRING(raw)
    item.name_length = <uint16_t>PyBytes_GET_SIZE(raw)
    item.key = CW_KEY_NAMED
    return 0


cdef int put_value(cw_item *item, object value, list keep, object key, uint32_t depth) except -1:
    """A value as a program gave it; exact types first."""
    cdef int overflow = 0
    cdef long long number
    if PyUnicode_CheckExact(value):
        item.type = CW_T_STRING
        return put_text(item, value, keep, key)
    if PyLong_CheckExact(value):
        number = PyLong_AsLongLongAndOverflow(value, &overflow)
        if not overflow and -0x80000000LL <= number <= 0x7FFFFFFF:
            item.type = CW_T_INT
        elif not overflow and 0 <= number <= 0xFFFFFFFFLL:
            item.type = CW_T_UINT
        else:
            raise OverflowError(
                f"{key}: {value} does not fit INT (-2147483648..2147483647) or UINT (0..4294967295)")
        item.number = <uint32_t>number
        return 0
    if value is True or value is False:
        item.type = CW_T_BOOL
        item.number = value is True
        return 0
    if PyDict_CheckExact(value):
        if depth >= CW_MAX_DEPTH:
            raise EncodeError(f"{key}: nested deeper than {CW_MAX_DEPTH}")
        return put_block(item, encode_dict(<dict>value, 0, depth + 1), keep)
    if isinstance(value, Arguments):
        return put_block(item, encode_arguments(<Arguments>value, key, depth + 1), keep)
    cdef uint8_t kind = CW_T_NOTSET
    stored = infer(str(key), value, &kind, depth)
    keep.append(stored)  # it may have been made just now, and the item will point into it
    return put_stored(item, stored, kind, keep, key, depth)


cdef int put_stored(cw_item *item, object value, uint8_t kind, list keep, object key, uint32_t depth) except -1:
    """A value that was checked before, with its type."""
    item.type = kind
    if kind == CW_T_STRING:
        return put_text(item, value, keep, key)
    if kind == CW_T_ARGUMENTS:
        return put_block(item, encode_arguments(<Arguments>value, key, depth + 1), keep)
    if kind == CW_T_NOTSET:
        item.number = 0
    elif kind == CW_T_SHORT or kind == CW_T_USHORT:
        item.number = <uint16_t>(<long long>value)
    else:
        item.number = <uint32_t>(<long long>value)
    return 0


cdef bytes build(const cw_item *items, uint32_t count, uint32_t head, object source):
    """The block of these items behind `head` free bytes; None when two keys are one.

    source: the dict or the list of Entry that the items were made of.
    """
    cdef cw_error error
    cdef size_t size = cw_build_size(items, count, &error)
    if not size:
        raise build_error(&error, list(source))
    cdef bytes result = PyBytes_FromStringAndSize(NULL, head + size)
    if cw_build(items, count, <uint8_t *>PyBytes_AS_STRING(result) + head, size, &error) < 0:
        if error.reason == CW_DUPLICATE_KEY:
            return None
        raise build_error(&error, list(source))
    return result


cdef bytes encode_dict(dict given, uint32_t head, uint32_t depth, TypeMap types=None):
    """A dict as a block behind `head` free bytes; types: of its own numbers, not of those in nested ones."""
    cdef cw_item stack[STACK_ITEMS]
    cdef cw_item *items = stack
    cdef Py_ssize_t count, place = 0
    cdef uint32_t i = 0
    cdef uint8_t wanted
    cdef dict values
    cdef PyObject *key
    cdef PyObject *value
    cdef bytes result
    cdef PyObject *fast = hot_encode_dict(given, head, 0 if types is None else types.serial)
    if fast != NULL:
        result = <bytes>fast
        Py_DECREF(result)
        return result
    hot_error()
    # Values may run code of the program, which may change the dict: the items point into what this copy holds.
    values = PyDict_Copy(given)
    count = PyDict_GET_SIZE(values)
    cdef list keep = []
    if count > CW_MAX_ENTRIES:
        raise EncodeError(f"more than {CW_MAX_ENTRIES} entries in one block")
    if count > STACK_ITEMS:
        items = <cw_item *>PyMem_Malloc(count * sizeof(cw_item))
        if items == NULL:
            raise MemoryError
    try:
        while PyDict_Next(values, &place, &key, &value):
            put_key(&items[i], <object>key, keep)
            put_value(&items[i], <object>value, keep, <object>key, depth)
            if types is not None and (items[i].type == CW_T_INT or items[i].type == CW_T_UINT):
                wanted = types.of(items[i].key, <object>key)
                if wanted:
                    retype(&items[i], wanted)
            i += 1
        result = build(items, i, head, values)
    finally:
        if items != stack:
            PyMem_Free(items)
    if result is None:  # two spellings of one key: the later one replaces, as item assignment would
        return encode_items(filled(values, depth, types)._items, head, depth)
    plan_fill(values, <const uint8_t *>PyBytes_AS_STRING(result) + head, types)
    return result


cdef bytes encode_items(dict entries, uint32_t head, uint32_t depth):
    """The entries of a mutable Arguments as a block behind `head` free bytes."""
    cdef cw_item stack[STACK_ITEMS]
    cdef cw_item *items = stack
    cdef uint32_t i = 0
    cdef list keep = []
    cdef list all_entries = list(entries.values())
    cdef Py_ssize_t count = PyList_GET_SIZE(all_entries)
    cdef Entry entry
    cdef uint8_t kind
    if count > CW_MAX_ENTRIES:
        raise EncodeError(f"more than {CW_MAX_ENTRIES} entries in one block")
    if count > STACK_ITEMS:
        items = <cw_item *>PyMem_Malloc(count * sizeof(cw_item))
        if items == NULL:
            raise MemoryError
    try:
        for item in all_entries:
            entry = <Entry>item
            if entry.id:
                items[i].key = <uint16_t>entry.id
            else:
                put_key(&items[i], entry.name, keep)
            # An entry can get another value while the ones behind it are looked at.
            value, kind = entry.value, entry.type
            if kind == CW_T_STRING:
                keep.append(value)
            put_stored(&items[i], value, kind, keep, entry.name, depth)
            i += 1
        return build(items, i, head, all_entries)
    finally:
        if items != stack:
            PyMem_Free(items)


cdef bytes encode_arguments(Arguments value, object key, uint32_t depth):
    cdef dict entries = value._items
    if depth > CW_MAX_DEPTH:
        raise EncodeError(f"{key}: nested deeper than {CW_MAX_DEPTH}")
    if entries is None:
        if depth > 1 and depth + block_depth(value._block.base) - 1 > CW_MAX_DEPTH:
            raise EncodeError(f"{key}: nested deeper than {CW_MAX_DEPTH}")
        return PyBytes_FromStringAndSize(<const char *>value._block.base, value._block.size)
    return encode_items(entries, 0, depth)


cdef uint32_t block_depth(const uint8_t *p):
    """How deep a validated block nests; 1 when it holds no other."""
    cdef cw_block block
    cdef uint32_t i, deepest = 0
    cw_block_open(p, &block)
    for i in range(block.count):
        if block.types[i] == CW_T_ARGUMENTS:
            deepest = max(deepest, block_depth(p + <uint32_t>raw_value(&block, i)))
    return deepest + 1


cdef bytes encode_block(object arguments, uint32_t head, TypeMap types=None):
    """Whatever a caller may give for Arguments, as a block behind `head` free bytes; types: of a mapping's numbers."""
    cdef bytes result
    cdef Arguments given
    if PyDict_CheckExact(arguments):
        return encode_dict(<dict>arguments, head, 1, types)
    if arguments is None:
        return encode_dict({}, head, 1)
    if not isinstance(arguments, Arguments):
        if not isinstance(arguments, Mapping):
            raise TypeError(f"expected Arguments or a mapping, got {type_name(arguments)}")
        arguments = filled(arguments, 1, types)
    given = <Arguments>arguments
    if given._items is not None:
        return encode_items(given._items, head, 1)
    result = PyBytes_FromStringAndSize(NULL, head + given._block.size)
    memcpy(PyBytes_AS_STRING(result) + head, given._block.base, given._block.size)
    return result


def encode_frame(uint32_t message_id, arguments=None, *, uint32_t kind=1, uint32_t epoch=0, uint64_t sequence=0,
                 size_t max_frame=CW_FRAME_LIMIT, TypeMap types=None):
    """One frame as bytes: header and Arguments block (docs/wire-format.md).

    arguments: a mapping or Arguments; None for none. types: which numbers of a mapping have another type than the one
    that follows from their value; Arguments have theirs. Raises EncodeError when a limit is passed, OverflowError and
    TypeError as Arguments.set does.
    """
    cdef bytes result = encode_block(arguments, CW_HEADER_SIZE, types)
    write_header(result, message_id, kind, epoch, sequence, max_frame)
    return result


cdef int write_header(bytes frame, uint32_t message_id, uint32_t kind, uint32_t epoch, uint64_t sequence,
                      size_t max_frame) except -1:
    cdef cw_header header
    cdef size_t size = PyBytes_GET_SIZE(frame)
    if size > max_frame:
        raise EncodeError(f"the frame has {size} bytes, at most {max_frame} are allowed")
    if not 1 <= kind <= 8:
        raise ValueError(f"kind is a FrameKind, got {kind}")
    header.length = <uint32_t>size
    header.message_id = message_id
    header.epoch = epoch
    header.kind = kind
    header.sequence = sequence
    cw_frame_write_header(<uint8_t *>PyBytes_AS_STRING(frame), &header)
    return 0
