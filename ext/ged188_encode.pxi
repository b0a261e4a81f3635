# Values in, bytes out: the ordinary case in one pass. Whatever is not ordinary (bytes for text, records, the other of two
# fixed parts, anything wrong) is left to fastcil.ged188._encode, which also words the errors.

cdef extern from "Python.h":
    int PyUnicode_CheckExact(object)
    int PyUnicode_IS_COMPACT_ASCII(object)
    void *PyUnicode_DATA(object)
    Py_ssize_t PyUnicode_GET_LENGTH(object)
    int PyLong_CheckExact(object)
    int PyDict_CheckExact(object)
    int PyDict_Next(object, Py_ssize_t *, PyObject **, PyObject **)
    int PyList_CheckExact(object)
    int PyTuple_Check(object)
    long long PyLong_AsLongLongAndOverflow(object, int *) except? -1
    Py_ssize_t PyDict_GET_SIZE(object)
    Py_ssize_t PyList_GET_SIZE(object)
    PyObject *PyList_GET_ITEM(object, Py_ssize_t)
    Py_ssize_t PyTuple_GET_SIZE(object)
    PyObject *PyTuple_GET_ITEM(object, Py_ssize_t)

from fastcil.ged188._encode import encode_message as _encode_plainly
from fastcil.ged188.schema import message_spec as _message_spec


@cython.final
cdef class Writer:
    """A message being written; room for the largest there is."""
    cdef uint8_t data[12500]
    cdef uint32_t size
    cdef bint wide


cdef inline void store(uint8_t *p, uint32_t value, uint32_t size) noexcept nogil:
    if size == 4:
        p[0] = <uint8_t>(value >> 24)
        p[1] = <uint8_t>(value >> 16)
        p += 2
    if size >= 2:
        p[0] = <uint8_t>(value >> 8)
        p += 1
    p[0] = <uint8_t>value


cdef inline uint32_t width(uint32_t type) noexcept nogil:
    if type == CW_GED_UCHAR:
        return 1
    return 2 if type == CW_GED_USHORT or type == CW_GED_BOOL else 4


cdef inline bint put_number(uint8_t *p, object value, uint32_t type) except -1:
    """False when the value is none of the type."""
    cdef int overflow = 0
    cdef long long number
    cdef uint32_t size = width(type)
    if not PyLong_CheckExact(value) and not isinstance(value, int):
        return False
    number = PyLong_AsLongLongAndOverflow(value, &overflow)
    if overflow:
        return False
    if type == CW_GED_INT:
        if not -2147483648 <= number <= 2147483647:
            return False
    elif not 0 <= number < <long long>1 << 8 * size:
        return False
    store(p, <uint32_t>number, size)
    return True


cdef inline bint ordinary(object text, uint32_t most) except -1:
    """A str of ASCII without NUL that fits, its own NUL included."""
    return (PyUnicode_CheckExact(text) and PyUnicode_IS_COMPACT_ASCII(text) and PyUnicode_GET_LENGTH(text) < most
            and memchr(PyUnicode_DATA(text), 0, PyUnicode_GET_LENGTH(text)) == NULL)


cdef inline void put_text(Writer writer, object text) noexcept:
    cdef size_t length = PyUnicode_GET_LENGTH(text)
    memcpy(writer.data + writer.size, PyUnicode_DATA(text), length)
    writer.data[writer.size + length] = 0
    writer.size += <uint32_t>length + 1


cdef bint put_field(Writer writer, Plan plan, uint32_t slot, object value) except -1:
    """Appends one floating field; False when that is not an ordinary case."""
    cdef uint32_t kind = plan.kinds[slot], type = kind & 15, head = 4 if writer.wide else 2, start, length
    cdef uint32_t most = plan.most[slot]
    if kind & ARRAY or not plan.tags[slot] or writer.size + head + 2 * most + 2 > sizeof(writer.data):
        return False
    start = writer.size
    writer.size += head
    if type < CW_GED_STRING:
        if not put_number(writer.data + writer.size, value, type):
            return False
        writer.size += width(type)
    elif type == CW_GED_STRING:
        if not ordinary(value, most + 1):
            return False
        if PyUnicode_GET_LENGTH(value) >= most:
            return False
        put_text(writer, value)
    elif type == CW_GED_UNSPEC:
        if not PyBytes_CheckExact(value) or PyBytes_GET_SIZE(value) > most:
            return False
        memcpy(writer.data + writer.size, PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value))
        writer.size += <uint32_t>PyBytes_GET_SIZE(value)
    else:
        if not PyTuple_Check(value):
            return False
        if type == CW_GED_NAMEDARRAY:
            if PyTuple_GET_SIZE(value) != 3 or not put_number(
                    writer.data + writer.size, <object>PyTuple_GET_ITEM(value, 0), CW_GED_UCHAR):
                return False
            writer.size += 1
        elif PyTuple_GET_SIZE(value) != 2:
            return False
        name = <object>PyTuple_GET_ITEM(value, PyTuple_GET_SIZE(value) - 2)
        text = <object>PyTuple_GET_ITEM(value, PyTuple_GET_SIZE(value) - 1)
        if not ordinary(name, most) or not ordinary(text, most):
            return False
        put_text(writer, name)
        put_text(writer, text)
    length = writer.size - start - head
    if length > most or length < plan.least[slot]:
        return False
    store(writer.data + start, plan.tags[slot], head // 2)
    store(writer.data + start + head // 2, length, head // 2)
    return True


cdef bint put_lists(Writer writer, Plan plan, uint32_t group, dict values, uint32_t *given) except -1:
    """Appends the members of parallel lists in turn; False when that is not an ordinary case."""
    cdef uint32_t slots[8]
    cdef PyObject *columns[8]
    cdef uint32_t count = 0, slot, i
    cdef Py_ssize_t length = -1, row
    cdef PyObject *held
    for slot in range(plan.slots):
        if plan.groups[slot] != group:
            continue
        held = PyDict_GetItem(values, plan.slot_names[slot])
        if held == NULL:
            continue
        given[0] += 1
        if <object>held is None:
            continue
        if count == 8 or not PyList_CheckExact(<object>held):
            return False
        if length >= 0 and PyList_GET_SIZE(<object>held) != length:
            return False
        length = PyList_GET_SIZE(<object>held)
        slots[count] = slot
        columns[count] = held
        count += 1
    plan.lengths[group] = <uint32_t>length if length > 0 else 0
    for row in range(length):
        for i in range(count):
            # put_field runs no code but this module's, so the lists stay as they are.
            one = <object>PyList_GET_ITEM(<object>columns[i], row)
            if one is None or not put_field(writer, plan, slots[i], one):
                return False
    return True


cdef bytes encode_ordinary(Plan plan, dict values):
    """The bytes, or None when this is not an ordinary case."""
    cdef Writer writer = Writer.__new__(Writer)
    cdef uint32_t i, code, given = 0, group, done = 0
    cdef Py_ssize_t place = 0
    cdef PyObject *held
    cdef PyObject *key
    # Looking a name up among other keys than str may run their code, which may change the values: below nothing may.
    while PyDict_Next(values, &place, &key, &held):
        if not PyUnicode_CheckExact(<object>key):
            return None
    writer.wide = plan.wide
    writer.size = plan.end
    for i in range(plan.slots):
        group = plan.groups[i]
        if group:
            if not done >> group & 1:
                done |= 1 << group
                if not put_lists(writer, plan, group, values, &given):
                    return None
            continue
        held = PyDict_GetItem(values, plan.slot_names[i])
        if held == NULL:
            continue
        given += 1
        if <object>held is None:
            continue
        if plan.kinds[i] & REPEATS or not put_field(writer, plan, i, <object>held):
            return None
    for i in range(plan.count):
        code = plan.fixed[i]
        held = PyDict_GetItem(values, plan.names[i])
        if held == NULL or <object>held is None:
            if not plan.counts[i]:
                return None
            store(writer.data + (code >> 4), plan.lengths[plan.counts[i]], width(code & 15))
            given += held != NULL
        else:
            given += 1
            if not put_number(writer.data + (code >> 4), <object>held, code & 15):
                return None
    if <Py_ssize_t>given != PyDict_GET_SIZE(values):
        return None
    store(writer.data, writer.size - CW_GED_HEADER_SIZE, 4)
    store(writer.data + 4, plan.type, 4)
    return PyBytes_FromStringAndSize(<const char *>writer.data, writer.size)


cdef dict _encoding = {}  # (name or number, version) to a Plan, or None where only the plain way does


cdef object encoding_plan(object message, object version):
    check_version(version)
    spec = _message_spec(message)
    plan = None
    if (spec.documented and not spec.records and spec.min_version <= version and len(spec.fixed_parts(version)) == 1
            and not any(one.count in {f.name for f in spec.floating} for one in spec.lists)):
        plan = new_plan(layout_of(spec.number, version, 0))
    _encoding[message, version] = plan
    return plan


def encode_message(message, values=None, /, *, version=LAST_VERSION, floating=None, body=None):
    """The bytes of one message, header included: fastcil.ged188._encode.encode_message says how."""
    if floating is None and body is None and PyDict_CheckExact(values):
        plan = _encoding.get((message, version), _MISSING)
        if plan is _MISSING:
            plan = encoding_plan(message, version)
        if plan is not None:
            found = encode_ordinary(<Plan>plan, <dict>values)
            if found is not None:
                return found
    return _encode_plainly(message, values, version=version, floating=floating, body=body)
