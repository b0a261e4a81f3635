# cython: language_level=3, boundscheck=False, wraparound=False
"""The least that building the dict of an event can cost.

The event is parsed beforehand into C arrays: interned key objects, kinds, numbers, text bytes. What
remains is what no decoder can avoid: one str or int object for each value, and a dict that holds them.
"""
from libc.string cimport memcpy

cdef extern from *:
    """
    #if PY_VERSION_HEX >= 0x030B0000 && !defined(Py_GIL_DISABLED)
    #ifndef Py_BUILD_CORE
    #define Py_BUILD_CORE 1
    #endif
    #include <internal/pycore_dict.h>
    #define FLOOR_IN_PLACE 1
    /* The value of entry number i of a fresh copy of a dict of str keys. */
    static void floor_put(PyObject *dict, Py_ssize_t i, PyObject *value)
    {
        PyDictUnicodeEntry *entry = DK_UNICODE_ENTRIES(((PyDictObject *)dict)->ma_keys) + i;
        PyObject *old = entry->me_value;
        Py_INCREF(value);
        entry->me_value = value;
        Py_DECREF(old);
        if (PyDict_CheckExact(value) && !PyObject_GC_IsTracked(dict))
            PyObject_GC_Track(dict);
    }
    #else
    #define FLOOR_IN_PLACE 0
    static void floor_put(PyObject *dict, Py_ssize_t i, PyObject *value) {}
    #endif
    """
    const bint FLOOR_IN_PLACE
    void floor_put(object, Py_ssize_t, object)

cdef extern from "Python.h":
    object PyUnicode_New(Py_ssize_t size, Py_UCS4 maxchar)
    void *PyUnicode_DATA(object)
    object PyUnicode_DecodeUTF8(const char *, Py_ssize_t, const char *)
    object PyLong_FromLongLong(long long)
    object PyBool_FromLong(long)
    object PyDict_Copy(object)
    int PyDict_SetItem(object, object, object) except -1
    object _PyDict_NewPresized(Py_ssize_t)
    object PyList_New(Py_ssize_t)
    void PyList_SET_ITEM(object, Py_ssize_t, object)
    void Py_INCREF(object)

cdef enum:
    MOST = 128

IN_PLACE = FLOOR_IN_PLACE


cdef class Parsed:
    """One event, parsed."""
    cdef list keys
    cdef dict template
    cdef bytes heap
    cdef int count
    cdef char kinds[MOST]
    cdef long long numbers[MOST]
    cdef int starts[MOST]
    cdef int lengths[MOST]
    cdef list children

    def __init__(self, dict values):
        import sys
        heap = bytearray()
        if len(values) > MOST:
            raise ValueError(f"at most {MOST} values")
        self.keys = [sys.intern(key) for key in values]
        self.template = dict.fromkeys(self.keys)
        self.children = [None] * len(values)
        self.count = len(values)
        for i, value in enumerate(values.values()):
            self.starts[i] = len(heap)
            if isinstance(value, dict):
                self.kinds[i] = b"D"
                self.children[i] = Parsed(value)
            elif value is None:
                self.kinds[i] = b"N"
            elif isinstance(value, bool):
                self.kinds[i] = b"B"
                self.numbers[i] = value
            elif isinstance(value, int):
                self.kinds[i] = b"I"
                self.numbers[i] = value
            else:
                raw = value.encode()
                heap += raw
                self.kinds[i] = b"A" if value.isascii() else b"U"
                self.lengths[i] = len(raw)
        self.heap = bytes(heap)

    cdef inline object value(self, int i, int how):
        cdef char kind = self.kinds[i]
        if kind == b"A":
            if self.lengths[i] == 0:
                return ""
            text = PyUnicode_New(self.lengths[i], 127)
            memcpy(PyUnicode_DATA(text), <const char *>self.heap + self.starts[i], self.lengths[i])
            return text
        if kind == b"I":
            return PyLong_FromLongLong(self.numbers[i])
        if kind == b"D":
            child = <Parsed>self.children[i]
            return child.inserted() if how == 0 else child.in_place() if how == 1 else child.values()
        if kind == b"B":
            return PyBool_FromLong(self.numbers[i])
        if kind == b"N":
            return None
        return PyUnicode_DecodeUTF8(<const char *>self.heap + self.starts[i], self.lengths[i], NULL)

    cpdef dict inserted(self):
        """A presized dict, each key inserted: the way of the public C API."""
        cdef dict result = _PyDict_NewPresized(self.count)
        cdef int i
        for i in range(self.count):
            PyDict_SetItem(result, self.keys[i], self.value(i, 0))
        return result

    cpdef dict in_place(self):
        """A copy of a dict of the same keys, its values replaced where they stand: CPython's internals."""
        cdef dict result = PyDict_Copy(self.template)
        cdef int i
        for i in range(self.count):
            floor_put(result, i, self.value(i, 1))
        return result

    cpdef list values(self):
        """The values alone, in a list."""
        cdef list result = PyList_New(self.count)
        cdef int i
        for i in range(self.count):
            value = self.value(i, 2)
            Py_INCREF(value)
            PyList_SET_ITEM(result, i, value)
        return result
