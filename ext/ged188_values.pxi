# Numbers and texts of messages as Python objects, and what is kept for each layout.

cdef dict _types = {"UCHAR": CW_GED_UCHAR, "USHORT": CW_GED_USHORT, "BOOL": CW_GED_BOOL, "INT": CW_GED_INT,
                    "UINT": CW_GED_UINT, "TIME": CW_GED_TIME, "STRING": CW_GED_STRING, "UNSPEC": CW_GED_UNSPEC,
                    "NAMEDVAR": CW_GED_NAMEDVAR, "NAMEDARRAY": CW_GED_NAMEDARRAY}


cdef enum:
    FLOATING = 1 << 24  # of a code: the rest is a slot; else offset << 4 | type of a fixed field
    ARRAY = 1 << 4      # of a slot's kind
    REPEATS = 1 << 5


@cython.final
cdef class Plan:
    """A Layout as the hot paths want it."""
    cdef object layout
    cdef tuple names        # of the fixed fields
    cdef tuple slot_names   # of the floating fields
    cdef dict codes         # name to code
    cdef uint32_t *fixed    # codes of the fixed fields
    cdef uint32_t count
    cdef uint8_t *counts    # of a fixed field: the group of lists that it counts, or 0
    cdef uint8_t kinds[64]  # type | ARRAY | REPEATS, by slot
    # What writing needs, by slot; a tag is 0 where the version has no such field.
    cdef uint16_t tags[64]
    cdef uint16_t least[64]
    cdef uint16_t most[64]
    cdef uint8_t groups[64]     # of parallel lists, from 1; 0 none
    cdef uint32_t lengths[16]   # of each group, in the message being written
    cdef uint32_t slots, end, type
    cdef bint wide
    # What Message.renamed needs: the table that these were made of, and by field both names and whether absent is -1.
    cdef object table
    cdef tuple fixed_targets, slot_targets

    def __dealloc__(self):
        PyMem_Free(self.fixed)
        PyMem_Free(self.counts)


cdef Plan new_plan(object layout):
    cdef Plan plan = Plan.__new__(Plan)
    cdef uint32_t i
    plan.layout = layout
    plan.names = layout.names
    plan.count = len(layout.names)
    plan.fixed = <uint32_t *>PyMem_Malloc(max(<size_t>1, plan.count * sizeof(uint32_t)))
    plan.counts = <uint8_t *>PyMem_Malloc(max(<size_t>1, <size_t>plan.count))
    if plan.fixed == NULL or plan.counts == NULL:
        raise MemoryError
    plan.slots = len(layout.floating)
    plan.end = layout.end
    plan.type = layout.spec.number
    plan.wide = layout.wide
    groups = {one.count: i for i, one in enumerate(layout.spec.lists, 1)}
    members = {name: i for i, one in enumerate(layout.spec.lists, 1) for name in one.members}
    plan.codes = {}
    for i, field in enumerate(layout.fixed):
        plan.fixed[i] = layout.offsets[field.name] << 4 | <uint32_t>_types[field.type.value]
        plan.codes[field.name] = plan.fixed[i]
        plan.counts[i] = <uint8_t>groups.get(field.name, 0)
    plan.slot_names = tuple([field.name for field in layout.floating])
    for i, field in enumerate(layout.floating):
        plan.kinds[i] = <uint8_t>_types[field.type.value]
        if field.is_array:
            plan.kinds[i] |= ARRAY
        if layout.repeats[i]:
            plan.kinds[i] |= REPEATS
        plan.codes.setdefault(field.name, FLOATING | i)
        plan.groups[i] = <uint8_t>members.get(field.name, 0)
        plan.tags[i] = field.tag if field.exists(layout.version) else 0
        plan.least[i] = field.min_size
        plan.most[i] = field.limit(layout.version)
    return plan


cdef tuple targets_of(object table, tuple names):
    """(first, second, absent is -1) of each name, None where the table has none."""
    cdef list found = []
    for name in names:
        entry = table.get(name)
        if entry is not None and entry[0]:
            first, second, signed = entry
            entry = (sys.intern(first), sys.intern(second) if second else None, True if signed else None)
        else:
            entry = None
        found.append(entry)
    return tuple(found)


cdef list _plans = [None] * 65536  # by version, part and row of the message; made when first needed


cdef inline Plan plan_of(const cw_ged_view *view):
    cdef uint32_t at = (<uint32_t>view.version << 1 | view.part) << 9 | view.index
    found = _plans[at]
    if found is None:
        found = new_plan(layout_of(view.type, view.version, view.part))
        _plans[at] = found
    return <Plan>found


cdef inline uint32_t load16(const uint8_t *p) noexcept nogil:
    return <uint32_t>p[0] << 8 | p[1]


cdef inline uint32_t load32(const uint8_t *p) noexcept nogil:
    return load16(p) << 16 | load16(p + 2)


cdef inline object number(const uint8_t *p, uint32_t kind):
    if kind == CW_GED_UINT or kind == CW_GED_TIME:
        return hot_int(load32(p))
    if kind == CW_GED_INT:
        return hot_int(<int32_t>load32(p))
    return hot_int(p[0] if kind == CW_GED_UCHAR else load16(p))


cdef inline str text(const uint8_t *p, size_t length):
    """What stands before the first NUL. The 8 bytes before p are the message's own."""
    cdef const uint8_t *end = <const uint8_t *>memchr(p, 0, length)
    if end != NULL:
        length = end - p
    if cw_text_flags(p, length) == 0:
        return hot_text(p, <uint32_t>length)
    return PyUnicode_DecodeUTF8(<const char *>p, length, b"surrogateescape")


cdef object _new_tuple = tuple.__new__


cdef object named(const uint8_t *p, size_t length, bint indexed):
    cdef const uint8_t *start = p + (1 if indexed else 0)
    cdef size_t left = length - (1 if indexed else 0)
    cdef const uint8_t *end = <const uint8_t *>memchr(start, 0, left)
    cdef size_t name = end - start
    key = text(start, name)
    value = text(end + 1, left - name - 1)
    # A named tuple's own __new__ is a Python function, far slower than that of tuple.
    if indexed:
        return _new_tuple(NamedArray, (p[0], key, value))
    return _new_tuple(NamedVariable, (key, value))


cdef inline object value(const cw_ged_field *field, uint32_t kind):
    """The value of a known floating field."""
    cdef uint32_t type = kind & 15, at, size
    if kind & ARRAY:
        size = 4 if type == CW_GED_UINT or type == CW_GED_INT or type == CW_GED_TIME else (1 if type == CW_GED_UCHAR else 2)
        found = []
        for at in range(0, field.length, size):
            found.append(number(field.data + at, type))
        return found
    if type == CW_GED_STRING:
        return text(field.data, field.length)
    if type == CW_GED_UNSPEC:
        return PyBytes_FromStringAndSize(<const char *>field.data, field.length)
    if type == CW_GED_NAMEDVAR:
        return named(field.data, field.length, False)
    if type == CW_GED_NAMEDARRAY:
        return named(field.data, field.length, True)
    return number(field.data, type)


cdef object found_error(const cw_ged_error *error, size_t size, uint32_t version, uint32_t part):
    """The exception for what the C core found. part: the fixed part that the message was taken to have."""
    return decode_error((error.reason, error.offset, error.type, error.field, error.tag, error.length), size, version,
                        part)
