# Values: reading entries, conversions between the eight types, range checks.

cdef int64_t _LOW[8]
cdef int64_t _HIGH[8]
_LOW[:] = [0, -0x80000000, 0, -0x8000, 0, 0, 0, 0]
_HIGH[:] = [0, 0x7FFFFFFF, 0xFFFFFFFF, 0x7FFF, 0xFFFF, 1, 0, 0]
cdef tuple _TYPES = tuple(ArgType(i) for i in range(8))


cdef object entry_value(const cw_block *block, uint32_t index, object owner):
    """The Python value of an entry; nested blocks become views that share the owner."""
    cdef uint64_t raw = raw_value(block, index)
    cdef uint8_t type = block.types[index]
    cdef uint32_t length
    if type == CW_T_STRING:
        length = <uint32_t>(raw >> 32)
        return wire_text(block.base + <uint32_t>raw, length & CW_STR_LENGTH, length & ~<uint32_t>CW_STR_LENGTH)
    if type == CW_T_INT:
        return <int>(<uint32_t>raw)
    if type == CW_T_BOOL:
        return raw != 0
    if type == CW_T_SHORT:
        return <int>(<short>(<uint16_t>raw))
    if type == CW_T_ARGUMENTS:
        return view_of(block.base + <uint32_t>raw, owner)
    if type == CW_T_NOTSET:
        return None
    return PyLong_FromLongLong(<long long>raw)


cdef dict block_dict(const uint8_t *p):
    """A whole block as a dict, nested blocks as dicts."""
    cdef cw_block block
    cdef hot_template *slot
    cdef PyObject *fast = hot_dict(p, &slot)
    cdef uint32_t i
    cdef dict result
    if fast != NULL:
        result = <dict>fast
        Py_DECREF(result)
        return result
    hot_error()
    cw_block_open(p, &block)
    result = {}
    for i in range(block.count):
        if block.types[i] == CW_T_ARGUMENTS:
            value = block_dict(p + <uint32_t>raw_value(&block, i))
        else:
            value = entry_value(&block, i, None)
        result[key_text(&block, i)] = value
    if slot != NULL:
        hot_template_fill(slot, &block, result)
    return result


cdef object out_of_range(str key, object value, uint32_t type):
    return OverflowError(f"{key}: {value} does not fit {_TYPES[type].name} ({_LOW[type]}..{_HIGH[type]})")


cdef object not_convertible(str key, object value, uint32_t type, str wanted):
    text = repr(value)
    if len(text) > 80:
        text = text[:77] + "..."
    return ConversionError(f"{key}: {_TYPES[type].name} {text} cannot be read as {wanted}")


cdef object decimal(str text):
    """The number of a decimal text, None when it is none."""
    text = text.strip(_BLANKS)
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not digits or not digits.isascii() or not digits.isdigit():
        return None
    # More digits than any number that fits has, leading zeros aside; int() of a hostile length is quadratic.
    digits = digits.lstrip("0") or "0"
    if len(digits) > 20:
        digits = "1" + "0" * 20
    return -int(digits) if text[0] == "-" else int(digits)


cdef object as_integer(str key, object value, uint32_t type, uint32_t wanted):
    """A stored value read as one of the integer types."""
    cdef object number = None
    if type in (CW_T_INT, CW_T_UINT, CW_T_SHORT, CW_T_USHORT, CW_T_BOOL):
        number = int(value)
    elif type == CW_T_STRING:
        number = decimal(value)
    if number is None:
        raise not_convertible(key, value, type, _TYPES[wanted].name)
    if not _LOW[wanted] <= number <= _HIGH[wanted]:
        if (type == CW_T_INT or type == CW_T_UINT) and (wanted == CW_T_INT or wanted == CW_T_UINT):
            # Both are 32 bits, and a program that asks for the other one wants those.
            return number + 0x100000000 if number < 0 else number - 0x100000000
        raise out_of_range(key, value, wanted)
    return number


cdef object as_bool(str key, object value, uint32_t type):
    if type in (CW_T_INT, CW_T_UINT, CW_T_SHORT, CW_T_USHORT, CW_T_BOOL):
        return bool(value)
    if type == CW_T_STRING:
        text = (<str>value).strip(_BLANKS)
        if text.isascii():
            text = text.lower()
            if text in ("true", "1"):
                return True
            if text in ("false", "0"):
                return False
    raise not_convertible(key, value, type, "BOOL")


cdef object as_string(object value, uint32_t type):
    if type == CW_T_STRING:
        return value
    if type == CW_T_BOOL:
        return "true" if value else "false"
    if type == CW_T_NOTSET:
        return ""
    if type == CW_T_ARGUMENTS:
        return value.dump()
    return str(int(value))


cdef str decode_raw(object raw):
    """Bytes kept as text: UTF-8 where it is, else each wrong byte as a lone surrogate."""
    return bytes(raw).decode("utf-8", "surrogateescape")


cdef check_text(str key, object text):
    """Only surrogates that stand for bytes may be in a string."""
    if PyUnicode_IS_COMPACT_ASCII(text):
        return
    try:
        (<str>text).encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise EncodeError(f"{key}: the text cannot be encoded at character {error.start}: {error.reason}") from None


cdef object infer(str key, object value, uint8_t *type, uint32_t depth):
    """The stored form of a value and its type, from the Python type."""
    if PyBool_Check(value):
        type[0] = CW_T_BOOL
        return value
    if PyLong_Check(value):
        value = int(value)
        if -0x80000000 <= value <= 0x7FFFFFFF:
            type[0] = CW_T_INT
        elif 0 <= value <= 0xFFFFFFFF:
            type[0] = CW_T_UINT
        else:
            raise OverflowError(f"{key}: {value} does not fit INT (-2147483648..2147483647) or UINT (0..4294967295)")
        return value
    if PyUnicode_Check(value):
        check_text(key, value)
        type[0] = CW_T_STRING
        return value if PyUnicode_CheckExact(value) else str.__str__(value)
    if value is None:
        type[0] = CW_T_NOTSET
        return None
    if isinstance(value, Arguments):
        type[0] = CW_T_ARGUMENTS
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        type[0] = CW_T_STRING
        return decode_raw(value)
    if isinstance(value, Mapping):
        type[0] = CW_T_ARGUMENTS
        return nested(key, value, depth)
    raise TypeError(f"{key}: a value is None, bool, int, str, bytes or a mapping, got {type_name(value)}")


cdef str type_name(object value):
    return type(value).__name__


cdef Arguments nested(str key, object value, uint32_t depth):
    """A mapping inside one that stands at a depth (the outermost is 1)."""
    if depth >= CW_MAX_DEPTH:
        raise EncodeError(f"{key}: nested deeper than {CW_MAX_DEPTH}")
    return filled(value, depth + 1, None)


cdef Arguments filled(object mapping, uint32_t depth, TypeMap types):
    """A mutable Arguments with what a mapping has that stands at a depth."""
    cdef Arguments result = Arguments.__new__(Arguments)
    result._items = {}
    result.fill(mapping, depth, types)
    return result


cdef object typed(str key, object value, uint8_t type, uint32_t depth):
    """The stored form of a value that was given a type."""
    if type == CW_T_NOTSET:
        if value is None:
            return None
    elif type == CW_T_STRING:
        if PyUnicode_Check(value):
            check_text(key, value)
            return value if PyUnicode_CheckExact(value) else str.__str__(value)
        if isinstance(value, (bytes, bytearray, memoryview)):
            return decode_raw(value)
    elif type == CW_T_ARGUMENTS:
        if isinstance(value, Arguments):
            return value
        if isinstance(value, Mapping):
            return nested(key, value, depth)
    elif PyLong_Check(value):
        value = int(value)
        if not _LOW[type] <= value <= _HIGH[type]:
            raise out_of_range(key, value, type)
        return bool(value) if type == CW_T_BOOL else value
    raise TypeError(f"{key}: {_TYPES[type].name} does not take {type_name(value)}")
