# get_many is called for every event: it is set up by hand as a METH_FASTCALL method, since a Cython method with *keys
# would make a tuple of them at each call.

cdef extern from "Python.h":
    ctypedef object (*PyCFunction)(object, object)
    ctypedef struct PyMethodDef:
        const char *ml_name
        PyCFunction ml_meth
        int ml_flags
        const char *ml_doc
    ctypedef struct PyTypeObject
    ctypedef object (*newfunc)(PyTypeObject *, PyObject *, PyObject *)
    ctypedef struct PyTypeObject:
        PyObject *tp_dict
        newfunc tp_new
    int METH_FASTCALL
    int METH_KEYWORDS
    object PyDescr_NewMethod(PyTypeObject *, PyMethodDef *)
    void PyType_Modified(PyTypeObject *)
    void set_item "PyTuple_SET_ITEM"(object, Py_ssize_t, PyObject *)


cdef install_get_many(PyTypeObject *type, PyMethodDef *method, PyCFunction function, const char *doc):
    method.ml_name = b"get_many"
    method.ml_meth = function
    method.ml_flags = METH_FASTCALL | METH_KEYWORDS
    method.ml_doc = doc
    (<dict>type.tp_dict)["get_many"] = PyDescr_NewMethod(type, method)
    PyType_Modified(type)


cdef object default_of(PyObject *const *args, Py_ssize_t count, PyObject *names):
    """The default among the keyword arguments of get_many."""
    for i, name in enumerate(<tuple>names):
        if name != "default":
            raise TypeError(f"get_many() got an unexpected keyword argument {name!r}")
    return <object>args[count]
