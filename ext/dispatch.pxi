# From frames to handlers: the loop between a received frame and a program's listeners.

cdef extern from "Python.h":
    PyObject *PyObject_Vectorcall(PyObject *, PyObject *const *, size_t, PyObject *)
    size_t PY_VECTORCALL_ARGUMENTS_OFFSET
    PyObject *PyDict_GetItemWithError(object, object)
    void _Py_DECREF "Py_DECREF"(PyObject *)

cdef extern from "hot.h":
    object hot_int(int64_t)


cdef int raise_set() except -1:
    """Raises the exception that a C call left behind."""
    return -1


def dispatch_frames(frames, dict table not None, bind, failed):
    """Calls handler(message_id, arguments) for every handler of every frame, in order.

    table maps message ids to tuples of handlers; bind(message_id) makes the tuple of an id that is not in it. A handler
    that raises an Exception does not stop the others: failed(handler, message_id) is called while it is handled.
    """
    cdef PyObject *arguments[3]
    cdef PyObject *found
    cdef PyObject *result
    cdef tuple handlers
    cdef Py_ssize_t i
    for frame in frames:
        message_id = hot_int(cw_load32((<Frame?>frame)._p + 4))
        found = PyDict_GetItemWithError(table, message_id)
        if found == NULL:
            hot_error()
            handlers = bind(message_id)
        else:
            handlers = <object>found
        values = (<Frame>frame)._arguments
        if values is None:
            values = (<Frame>frame)._arguments = view_of((<Frame>frame)._p + CW_HEADER_SIZE, (<Frame>frame)._owner)
        arguments[0] = NULL  # room for self: what the offset flag promises
        arguments[1] = <PyObject *>message_id
        arguments[2] = <PyObject *>values
        for i in range(len(handlers)):
            handler = handlers[i]
            result = PyObject_Vectorcall(<PyObject *>handler, arguments + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL)
            if result != NULL:
                _Py_DECREF(result)
                continue
            try:
                raise_set()
            except Exception:
                failed(handler, message_id)
