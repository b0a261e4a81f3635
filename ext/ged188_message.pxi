# One message: a view of received bytes, checked when it was made.

cdef object _MISSING = object()


@cython.final
@cython.no_gc  # its owner is bytes: no cycles
@cython.freelist(64)
cdef class Message:
    """One received message: checked once, read when asked.

    It keeps what it was received with in memory; detach() makes one with bytes of its own.
    """
    cdef object _owner
    cdef cw_ged_view _view
    cdef readonly bint strict

    def __init__(self):
        raise TypeError("messages come from MessageReader and Message.from_bytes")

    @staticmethod
    def from_bytes(data, /, version=LAST_VERSION, *, bint strict=True):
        """A message over its bytes, header included; bytes are kept, other buffers copied.

        strict=False bears with longer texts than the documents allow and with fields given twice. Raises DecodeError, and ValueError for a version outside 9..25.
        """
        cdef bytes owner = data if PyBytes_CheckExact(data) else bytes(memoryview(data))
        cdef Message message = Message.__new__(Message)
        cdef cw_ged_error error
        cdef size_t size = PyBytes_GET_SIZE(owner)
        check_version(version)
        message._owner = owner
        message.strict = strict
        if cw_ged_open(<const uint8_t *>PyBytes_AS_STRING(owner), size, version, 0 if strict else CW_GED_LENIENT,
                       &message._view, &error) < 0:
            raise found_error(&error, size, version, message._view.part)
        return message

    @property
    def type(self):
        """MessageType."""
        return self._view.type

    @property
    def name(self):
        """The name of the type: "CALL_DELIVERED_EVENT"."""
        return plan_of(&self._view).layout.spec.name

    @property
    def version(self):
        """The protocol version that the message was read as."""
        return self._view.version

    @property
    def fields(self):
        """The fixed fields in order."""
        cdef dict found = {}
        fill_fixed(&self._view, plan_of(&self._view), found)
        return found

    @property
    def floating(self):
        """The floating fields as they came: (name, value), or (tag, bytes) where the version's message has no such
        field."""
        cdef Plan plan = plan_of(&self._view)
        cdef cw_ged_field field
        cdef uint32_t at = self._view.end
        cdef list found = []
        while cw_ged_at(&self._view, at, &field):
            if field.slot < 0:
                found.append((field.tag, PyBytes_FromStringAndSize(<const char *>field.data, field.length)))
            else:
                found.append((plan.slot_names[field.slot], value(&field, plan.kinds[field.slot])))
            at = field.next
        return found

    @property
    def raw_floating(self):
        """The floating fields as (tag, bytes)."""
        cdef cw_ged_field field
        cdef uint32_t at = self._view.end
        cdef list found = []
        while cw_ged_at(&self._view, at, &field):
            found.append((field.tag, PyBytes_FromStringAndSize(<const char *>field.data, field.length)))
            at = field.next
        return found

    @property
    def body(self):
        """The bytes after the header."""
        return PyBytes_FromStringAndSize(<const char *>self._view.data + CW_GED_HEADER_SIZE,
                                         self._view.size - CW_GED_HEADER_SIZE)

    def __getitem__(self, name):
        """A fixed or floating field by its documented name; a list where the schema has one.

        Raises KeyError when the message does not have it.
        """
        found = find(&self._view, plan_of(&self._view), name)
        if found is _MISSING:
            raise KeyError(name)
        return found

    def __contains__(self, name):
        return find(&self._view, plan_of(&self._view), name) is not _MISSING

    def get(self, name, default=None):
        """The value of one field, or default."""
        found = find(&self._view, plan_of(&self._view), name)
        return default if found is _MISSING else found

    def to_dict(self):
        """Everything by name; tags unknown to the message under "#<tag>" as lists of bytes."""
        cdef Plan plan = plan_of(&self._view)
        cdef cw_ged_field field
        cdef uint32_t at = self._view.end
        cdef uint32_t kind
        cdef dict found = {}
        fill_fixed(&self._view, plan, found)
        while cw_ged_at(&self._view, at, &field):
            if field.slot < 0:
                found.setdefault(f"#{field.tag}", []).append(
                    PyBytes_FromStringAndSize(<const char *>field.data, field.length))
            else:
                kind = plan.kinds[field.slot]
                name = plan.slot_names[field.slot]
                if not kind & REPEATS:
                    if at == self._view.first[field.slot]:
                        found[name] = value(&field, kind)
                elif at == self._view.first[field.slot]:
                    found[name] = [value(&field, kind)]
                else:
                    (<list>found[name]).append(value(&field, kind))
            at = field.next
        return found

    def renamed(self, dict table):
        """Numbers and texts under other names: table has for a field's name (name, another one or "", whether absent
        is told as -1). Fields that it lacks are left out, and so are lists, named variables and unknown tags; bytes
        are text without their NULs."""
        cdef Plan plan = plan_of(&self._view)
        cdef cw_ged_field field
        cdef uint32_t i, code, kind, at = self._view.end
        cdef dict found = {}
        cdef tuple entry
        cdef tuple fixed, slots
        if plan.table is table:
            fixed, slots = plan.fixed_targets, plan.slot_targets
        else:
            fixed, slots = targets_of(table, plan.names), targets_of(table, plan.slot_names)
            plan.fixed_targets, plan.slot_targets, plan.table = fixed, slots, table
        for i in range(plan.count):
            target = <object>PyTuple_GET_ITEM(fixed, i)
            if target is not None:
                code = plan.fixed[i]
                put_renamed(found, <tuple>target, self._view.data + (code >> 4), code & 15)
        while cw_ged_at(&self._view, at, &field):
            if field.slot >= 0 and at == self._view.first[field.slot]:
                target = <object>PyTuple_GET_ITEM(slots, field.slot)
                kind = plan.kinds[field.slot]
                if target is not None and not kind & (REPEATS | ARRAY):
                    entry = <tuple>target
                    kind &= 15
                    if kind == CW_GED_STRING:
                        one = text(field.data, field.length)
                    elif kind == CW_GED_UNSPEC:
                        one = PyBytes_FromStringAndSize(<const char *>field.data, field.length)
                        one = one.rstrip(b"\0").decode("utf-8", "surrogateescape")
                    elif kind < CW_GED_STRING:
                        put_renamed(found, entry, field.data, kind)
                        at = field.next
                        continue
                    else:
                        at = field.next
                        continue
                    put(found, entry, one)
            at = field.next
        return found

    def records(self):
        """The groups of floating fields of a configuration message, in order.

        A group ends where one of its single fields comes again; a field that is a list within a group is a list there.
        Empty for other messages.
        """
        layout = plan_of(&self._view).layout
        cdef list found = []
        cdef dict group = None
        if not layout.spec.records:
            return found
        for key, one in self.floating:
            name = f"#{key}" if isinstance(key, int) else key
            slot = layout.slots.get(name, -1)
            inner = slot < 0 or layout.floating[slot].is_list
            if group is None or (not inner and name in group):
                group = {}
                found.append(group)
            if inner:
                group.setdefault(name, []).append(one)
            else:
                group[name] = one
        return found

    def to_bytes(self):
        """The message as it was received."""
        if PyBytes_CheckExact(self._owner) and PyBytes_GET_SIZE(self._owner) == self._view.size:
            return self._owner
        return PyBytes_FromStringAndSize(<const char *>self._view.data, self._view.size)

    def detach(self):
        """The same message without a hold on what it was received with."""
        cdef Message message
        if PyBytes_CheckExact(self._owner) and PyBytes_GET_SIZE(self._owner) == self._view.size:
            return self
        message = Message.__new__(Message)
        message._owner = self.to_bytes()
        message.strict = self.strict
        message._view = self._view
        message._view.data = <const uint8_t *>PyBytes_AS_STRING(message._owner)
        return message

    def __len__(self):
        return self._view.size

    def __getbuffer__(self, Py_buffer *buffer, int flags):
        PyBuffer_FillInfo(buffer, self, <void *>self._view.data, self._view.size, 1, flags)

    def __eq__(self, other):
        if not isinstance(other, Message):
            return NotImplemented
        cdef const cw_ged_view *theirs = &(<Message>other)._view
        return (self._view.size == theirs.size and self._view.version == theirs.version
                and not memcmp(self._view.data, theirs.data, theirs.size))

    def __hash__(self):
        return hash(self.to_bytes())

    def __reduce__(self):
        return _restore, (self.to_bytes(), self._view.version, self.strict)

    def __repr__(self):
        return f"<{self.name} {self.to_dict()!r}>"


cdef object refuse_message(PyTypeObject *type, PyObject *args, PyObject *names):
    """Message.__new__ as programs call it: a message without bytes must not be."""
    raise TypeError("messages come from MessageReader and Message.from_bytes")


(<PyTypeObject *>Message).tp_new = refuse_message

cdef PyMethodDef _message_get_many


cdef object message_get_many(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *names):
    cdef const cw_ged_view *view = &(<Message>self)._view
    cdef Plan plan = plan_of(view)
    cdef Py_ssize_t i
    default = None if names == NULL else default_of(args, count, names)
    cdef tuple found = PyTuple_New(count)
    for i in range(count):
        one = find(view, plan, <object>args[i])
        if one is _MISSING:
            one = default
        Py_INCREF(one)
        PyTuple_SET_ITEM(found, i, one)
    return found


install_get_many(<PyTypeObject *>Message, &_message_get_many, <PyCFunction><void *>message_get_many,
                 b"get_many(*names, default=None)\n\nSeveral fields at once.")


def _restore(data, version, strict):
    return Message.from_bytes(data, version, strict=strict)


cdef inline int put(dict found, tuple entry, object one) except -1:
    PyDict_SetItem(found, <object>PyTuple_GET_ITEM(entry, 0), one)
    if <object>PyTuple_GET_ITEM(entry, 1) is not None:
        PyDict_SetItem(found, <object>PyTuple_GET_ITEM(entry, 1), one)
    return 0


cdef inline int put_renamed(dict found, tuple entry, const uint8_t *p, uint32_t kind) except -1:
    """A number; all ones in 16 or 32 bits are -1 where the table says so."""
    cdef int64_t one
    if kind == CW_GED_INT:
        one = <int32_t>load32(p)
    elif kind == CW_GED_UINT or kind == CW_GED_TIME:
        one = load32(p)
    else:
        one = p[0] if kind == CW_GED_UCHAR else load16(p)
    if (one == 0xFFFF or one == 0xFFFFFFFF) and <object>PyTuple_GET_ITEM(entry, 2) is not None:
        one = -1
    return put(found, entry, hot_int(one))


cdef int fill_fixed(const cw_ged_view *view, Plan plan, dict found) except -1:
    cdef uint32_t i, code
    for i in range(plan.count):
        code = plan.fixed[i]
        found[plan.names[i]] = number(view.data + (code >> 4), code & 15)
    return 0


cdef object find(const cw_ged_view *view, Plan plan, object name):
    """The value of a field, or _MISSING."""
    cdef PyObject *held = PyDict_GetItem(plan.codes, name)
    cdef uint32_t code, slot, at
    cdef cw_ged_field field
    if held == NULL:
        return _MISSING
    code = <uint32_t>PyLong_AsLong(<object>held)
    if not code & FLOATING:
        return number(view.data + (code >> 4), code & 15)
    slot = code & 63
    at = view.first[slot]
    if at == 0:
        return _MISSING
    if not plan.kinds[slot] & REPEATS:
        field.length = load16(view.data + at + 2) if view.wide else view.data[at + 1]
        field.data = view.data + at + (4 if view.wide else 2)
        return value(&field, plan.kinds[slot])
    cw_ged_at(view, at, &field)
    found = [value(&field, plan.kinds[slot])]
    at = field.next
    while cw_ged_at(view, at, &field):
        if <uint32_t>field.slot == slot:
            found.append(value(&field, plan.kinds[slot]))
        at = field.next
    return found
