# Arguments: a view over validated bytes, or a mutable mapping.

@cython.final
@cython.freelist(256)
cdef class Entry:
    """One entry of a mutable Arguments."""
    cdef str name
    cdef uint32_t id
    cdef uint8_t type
    cdef object value


cdef inline Entry new_entry(str name, uint32_t id, uint8_t type, object value):
    cdef Entry entry = Entry.__new__(Entry)
    entry.name = name
    entry.id = id
    entry.type = type
    entry.value = value
    return entry


# What a call of the program's code can do to an Arguments while it is read (a finalizer in a garbage collection is such a
# call, and may come wherever an object is made): write to it, which lets go of _owner and of _items. Whoever looks at
# _block holds the owner himself, and whoever walks _items holds that. _block does not change.

cdef enum:
    MAX_NESTING = 256  # of what programs build, who can put one inside itself; frames have CW_MAX_DEPTH


cdef int check_nesting(uint32_t depth) except -1:
    if depth > MAX_NESTING:
        raise RecursionError(f"Arguments are nested deeper than {MAX_NESTING}")
    return 0


cdef inline Arguments view_of(const uint8_t *p, object owner):
    """A view of a validated block inside the bytes that owner keeps."""
    cdef Arguments result = Arguments.__new__(Arguments)
    cw_open(p, &result._block)
    result._owner = owner
    return result


cdef tuple split(object key):
    """What a mutable Arguments files a key under, and the keyword id or 0."""
    cdef uint32_t id
    if not PyUnicode_Check(key):
        raise TypeError(f"keys are str, got {type_name(key)}")
    id = keyword_id(key)
    if id:
        return id_text(id), id
    return fold(trimmed(key)), 0


@cython.freelist(256)
cdef class Arguments:
    """Key-value pairs of the CIL: ordered, keys without case, eight types, nested at will.

    Built from a mapping or pairs it is mutable; got from a frame or from from_buffer() it is a view of validated bytes:
    nothing is copied or built until asked for, and the first write turns it into an independent mutable one. A view keeps
    the receive slab it stands in; detach() gives one that does not. Source: CTI OS Developer Guide, helper classes.
    """
    cdef cw_block _block
    cdef object _owner
    cdef dict _items

    def __init__(self, items=None, /, **more):
        self._items = {}
        self._owner = None
        if items is not None:
            self.fill(items, 1)
        if more:
            self.fill(more, 1)

    cdef fill(self, object items, uint32_t depth, TypeMap types=None):
        """Sets what a mapping or pairs had when this began; types: of a mapping's numbers."""
        cdef dict held
        if isinstance(items, Arguments):
            for entry in (<Arguments>items).entries():
                value, kind = (<Entry>entry).value, (<Entry>entry).type
                if kind == CW_T_ARGUMENTS:
                    value = (<Arguments>value).duplicate(1)
                self.put((<Entry>entry).name, kind, value)
        elif PyDict_CheckExact(items):
            held = PyDict_Copy(items)
            for key, value in held.items():
                self.fill_in(key, value, depth, types)
        else:
            for key, value in list(items.items()) if isinstance(items, Mapping) else items:
                self.fill_in(key, value, depth, types)

    cdef fill_in(self, object key, object value, uint32_t depth, TypeMap types):
        """Sets one entry of a mapping or of pairs."""
        cdef uint8_t type = CW_T_NOTSET, wanted
        name = check_key(key)
        stored = infer(name, value, &type, depth)
        if types is not None and (type == CW_T_INT or type == CW_T_UINT):
            wanted = types.of(keyword_id(name) or CW_KEY_NAMED, name)
            if wanted and _LOW[wanted] <= stored <= _HIGH[wanted]:
                type = wanted
        self.put(name, type, stored)

    cdef put(self, str name, uint8_t type, object value):
        """Files a checked value under a checked key."""
        cdef dict items = self._items
        filed, id = split(name)
        cdef Entry entry = <Entry>items.get(filed)
        if entry is None:
            items[filed] = new_entry(filed if id else name, id, type, value)
        else:
            entry.type = type
            entry.value = value

    cdef list entries(self):
        """Every entry as an Entry; for a view they are made for the occasion."""
        cdef uint32_t i, key
        cdef dict items = self._items
        if items is not None:
            return list(items.values())
        owner = self._owner
        result = []
        for i in range(self._block.count):
            key = raw_key(&self._block, i)
            result.append(new_entry(key_text(&self._block, i), 0 if key & CW_KEY_NAMED else key,
                                    self._block.types[i], entry_value(&self._block, i, owner)))
        return result

    cdef thaw(self):
        """Copy on first write."""
        if self._items is not None:
            return
        cdef dict items = {}
        for item in self.entries():
            entry = <Entry>item
            filed, entry.id = split(entry.name)
            items[filed] = entry
        if self._items is None:
            self._items = items
            self._owner = None

    cdef Entry entry(self, object key):
        """The entry of a key, None when absent."""
        cdef int at
        cdef uint32_t raw
        if not PyUnicode_Check(key):
            raise TypeError(f"keys are str, got {type_name(key)}")
        if self._items is not None:
            return <Entry>self._items.get(split(key)[0])
        owner = self._owner
        at = find(&self._block, key)
        if at < 0:
            return None
        raw = raw_key(&self._block, at)
        return new_entry(key_text(&self._block, at), 0 if raw & CW_KEY_NAMED else raw, self._block.types[at],
                         entry_value(&self._block, at, owner))

    cdef Entry need(self, object key, object default):
        entry = self.entry(key)
        if entry is None and default is _MISSING:
            raise KeyError(key)
        return entry

    cdef object hand_out(self, Entry entry):
        """The value of an entry. Nested ones of a mutable Arguments are live, hence mutable themselves."""
        value = entry.value
        if entry.type == CW_T_ARGUMENTS and self._items is not None:
            (<Arguments>value).thaw()
        return value

    cdef Entry at(self, object index):
        """The entry of a 1-based index."""
        cdef Py_ssize_t place = PyNumber_AsSsize_t(index, NULL)
        cdef list entries = self.entries()
        cdef Py_ssize_t count = PyList_GET_SIZE(entries)
        if not 1 <= place <= count:
            raise IndexError(f"element {index} of {count}: elements count from 1 to {count}")
        return <Entry>entries[place - 1]

    cdef object lookup(self, object key, object default):
        """The value of a key, or default."""
        cdef int at
        cdef Entry entry
        if self._items is None:
            if not PyUnicode_Check(key):
                raise TypeError(f"keys are str, got {type_name(key)}")
            owner = self._owner
            at = find(&self._block, key)
            if at >= 0:
                return entry_value(&self._block, at, owner)
        else:
            entry = self.entry(key)
            if entry is not None:
                return self.hand_out(entry)
        if default is _MISSING:
            raise KeyError(key)
        return default

    # -- mapping

    def __len__(self):
        return self._block.count if self._items is None else len(self._items)

    def __bool__(self):
        return len(self) != 0

    def __getitem__(self, key):
        return self.lookup(key, _MISSING)

    def __setitem__(self, key, value):
        self.set(key, value)

    def __delitem__(self, key):
        self.need(key, _MISSING)
        self.remove(key)

    def __contains__(self, key):
        if not PyUnicode_Check(key):
            return False
        if self._items is None:
            return find(&self._block, key) >= 0
        return split(key)[0] in self._items

    def __iter__(self):
        cdef uint32_t i
        cdef dict items = self._items
        if items is not None:
            return iter([(<Entry>entry).name for entry in list(items.values())])
        owner = self._owner
        return iter([key_text(&self._block, i) for i in range(self._block.count)])

    def __reversed__(self):
        return reversed(list(self))

    def keys(self):
        return KeysView(self)

    def items(self):
        return ItemsView(self)

    def values(self):
        return ValuesView(self)

    def get(self, key, default=None):
        """The value of a key, or default when it is absent."""
        return self.lookup(key, default)

    def pop(self, key, default=_MISSING):
        """Removes a key and returns its value; KeyError or default when absent."""
        value = self.lookup(key, default)
        self.remove(key)
        return value

    def popitem(self):
        """Removes and returns the last entry as (key, value)."""
        if not len(self):
            raise KeyError("the Arguments are empty")
        self.thaw()
        items = self._items
        entry = <Entry>items.popitem()[1]
        return entry.name, entry.value

    def setdefault(self, key, default=None):
        """The value of a key, set to default first when absent."""
        if key not in self:
            self.set(key, default)
        return self.lookup(key, _MISSING)

    def update(self, other=(), /, **more):
        """Sets every entry of a mapping or of pairs."""
        self.thaw()
        self.fill(other, 1)
        if more:
            self.fill(more, 1)

    def clear(self):
        """Removes everything."""
        self._items = {}
        self._owner = None

    def remove(self, key):
        """Removes a key; whether it was there."""
        if key not in self:
            return False
        self.thaw()
        items = self._items
        del items[split(key)[0]]
        return True

    def set(self, key, value, type=None):
        """Sets a key. Without a type it follows from the Python type; with one the value must fit it.

        Raises OverflowError for a number out of range, TypeError for a value the type does not take, EncodeError for a
        key or text that cannot be sent.
        """
        cdef uint8_t kind = CW_T_NOTSET
        name = check_key(key)
        if type is None:
            stored = infer(name, value, &kind, 1)
        else:
            kind = ArgType(type)
            stored = typed(name, value, kind, 1)
        self.thaw()
        self.put(name, kind, stored)

    # -- reading with types

    def get_int(self, key, default=_MISSING):
        """A value read as INT (-2147483648..2147483647).

        Other numbers, BOOL and decimal text are converted: ConversionError when that cannot be, OverflowError when the
        number does not fit, KeyError when the key is absent and no default is given. INT and UINT are read as each
        other with the same 32 bits.
        """
        entry = self.need(key, default)
        return default if entry is None else as_integer(entry.name, entry.value, entry.type, CW_T_INT)

    def get_uint(self, key, default=_MISSING):
        """A value read as UINT (0..4294967295); converts as get_int does."""
        entry = self.need(key, default)
        return default if entry is None else as_integer(entry.name, entry.value, entry.type, CW_T_UINT)

    def get_short(self, key, default=_MISSING):
        """A value read as SHORT (-32768..32767); converts as get_int does."""
        entry = self.need(key, default)
        return default if entry is None else as_integer(entry.name, entry.value, entry.type, CW_T_SHORT)

    def get_ushort(self, key, default=_MISSING):
        """A value read as USHORT (0..65535); converts as get_int does."""
        entry = self.need(key, default)
        return default if entry is None else as_integer(entry.name, entry.value, entry.type, CW_T_USHORT)

    def get_bool(self, key, default=_MISSING):
        """A value read as BOOL: numbers are true when not 0, text is true, false, 1 or 0."""
        entry = self.need(key, default)
        return default if entry is None else as_bool(entry.name, entry.value, entry.type)

    def get_string(self, key, default=_MISSING):
        """A value read as text. Works for every type: nested Arguments give their dump()."""
        entry = self.need(key, default)
        return default if entry is None else as_string(entry.value, entry.type)

    def get_arguments(self, key, default=_MISSING):
        """A nested Arguments; ConversionError for any other type."""
        entry = self.need(key, default)
        if entry is None:
            return default
        if entry.type != CW_T_ARGUMENTS:
            raise not_convertible(entry.name, entry.value, entry.type, "ARGUMENTS")
        return self.hand_out(entry)

    def type_of(self, key):
        """The ArgType of a key."""
        return _TYPES[self.need(key, _MISSING).type]

    def element(self, index):
        """The value at a 1-based index."""
        return self.hand_out(self.at(index))

    def element_key(self, index):
        """The key at a 1-based index."""
        return self.at(index).name

    def element_type(self, index):
        """The ArgType at a 1-based index."""
        return _TYPES[self.at(index).type]

    def set_element(self, index, value, type=None):
        """Replaces the value at a 1-based index."""
        self.set(self.at(index).name, value, type)

    # -- whole

    def to_dict(self):
        """A dict with documented spellings; nested Arguments become dicts."""
        return self.as_dict(1)

    cdef dict as_dict(self, uint32_t depth):
        cdef dict found
        cdef uint8_t type
        if self._items is None:
            owner = self._owner
            return block_dict(self._block.base)
        check_nesting(depth)
        found = {}
        for entry in self.entries():
            value, type = (<Entry>entry).value, (<Entry>entry).type
            found[(<Entry>entry).name] = (<Arguments>value).as_dict(depth + 1) if type == CW_T_ARGUMENTS else value
        return found

    def to_bytes(self):
        """The block as bytes; for a view a slice of what was received."""
        if self._items is None:
            return PyBytes_FromStringAndSize(<const char *>self._block.base, self._block.size)
        return encode_items(self._items, 0, 1)

    @staticmethod
    def from_buffer(data, /, *, size_t max_size=CW_FRAME_LIMIT):
        """A view of one encoded block. Bytes are kept, not copied; other buffers are copied once, since they can change.

        Raises WireError with reason and offset when the bytes are not exactly one block of at most max_size bytes.
        """
        cdef cw_error error
        cdef bytes owner = data if PyBytes_CheckExact(data) else bytes(memoryview(data))
        cdef size_t size = PyBytes_GET_SIZE(owner)
        if size > max_size:
            raise WireError(f"block: {size} bytes, at most {max_size} are allowed", reason=Reason.BLOCK_SIZE, offset=0)
        if cw_block_validate(<const uint8_t *>PyBytes_AS_STRING(owner), size, _KEYWORDS, &_shapes, &error) < 0:
            raise wire_error(&error, "block")
        return view_of(<const uint8_t *>PyBytes_AS_STRING(owner), owner)

    @property
    def is_view(self):
        """Whether this still stands on received bytes."""
        return self._items is None

    def detach(self):
        """The same content without a hold on the receive slab: a copy of just these bytes for a view of a slab."""
        if self._items is not None or (PyBytes_CheckExact(self._owner)
                                       and PyBytes_GET_SIZE(self._owner) <= self._block.size + CW_HEADER_SIZE):
            return self
        owner = self.to_bytes()
        return view_of(<const uint8_t *>PyBytes_AS_STRING(owner), owner)

    def copy(self):
        """An independent copy, nested Arguments included."""
        return self.duplicate(1)

    cdef Arguments duplicate(self, uint32_t depth):
        """copy(), whatever a subclass made of that."""
        cdef Arguments result
        cdef dict items, held = self._items
        cdef uint8_t type
        if held is None:
            return view_of(self._block.base, self._owner)
        check_nesting(depth)
        items = PyDict_Copy(held)
        for filed, item in items.items():  # the keys stay as they are
            entry = <Entry>item
            value, type = entry.value, entry.type
            if type == CW_T_ARGUMENTS:
                value = (<Arguments>value).duplicate(depth + 1)
            items[filed] = new_entry(entry.name, entry.id, type, value)
        result = Arguments.__new__(Arguments)
        result._items = items
        return result

    def __copy__(self):
        return self.copy()

    def __deepcopy__(self, memo):
        return self.copy()

    def __reduce__(self):
        return _restore_arguments, (self.to_bytes(),)

    def __eq__(self, other):
        if not isinstance(other, Arguments):
            if not isinstance(other, Mapping):
                return NotImplemented
            try:
                other = Arguments(other)
            except (TypeError, ValueError, OverflowError):
                return False
        return same(self, <Arguments>other, 1)

    __hash__ = None

    def dump(self):
        """The text of DumpArgs: a line for each entry, nested ones indented."""
        lines = []
        dump_into(lines, self, "", 1)
        return "\n".join(lines)

    def __repr__(self):
        return f"Arguments({self.to_dict()!r})"


cdef newfunc _plain_new = (<PyTypeObject *>Arguments).tp_new


cdef object new_arguments(PyTypeObject *type, PyObject *args, PyObject *names):
    """Arguments.__new__ as programs call it: empty, so that a subclass may forget about __init__."""
    made = _plain_new(type, args, names)
    (<Arguments>made)._items = {}
    return made


(<PyTypeObject *>Arguments).tp_new = new_arguments

cdef PyMethodDef _frame_get_many
cdef PyMethodDef _arguments_get_many
cdef const char *_GET_MANY = (b"get_many(*keys, default=...)\n\n"
                              b"The values of several keys as a tuple, in one call.\n\n"
                              b"KeyError names the first that is absent, unless there is a default.")


cdef object block_get_many(const cw_block *block, object owner, PyObject *const *args, Py_ssize_t count,
                           PyObject *names):
    cdef Py_ssize_t i
    cdef int at
    cdef PyObject *fast
    default = _MISSING if names == NULL else default_of(args, count, names)
    cdef tuple result = PyTuple_New(count)
    for i in range(count):
        at = hot_find(block, args[i])
        if at == -2:
            if not PyUnicode_Check(<object>args[i]):
                raise TypeError(f"keys are str, got {type_name(<object>args[i])}")
            at = find(block, <object>args[i])
        if at >= 0:
            fast = hot_value(block, at)
            if fast != NULL:
                set_item(result, i, fast)
                continue
            hot_error()
            value = entry_value(block, at, owner)
        elif default is _MISSING:
            raise KeyError(<object>args[i])
        else:
            value = default
        Py_INCREF(value)
        PyTuple_SET_ITEM(result, i, value)
    return result


cdef object arguments_get_many(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *names):
    cdef Arguments arguments = <Arguments>self
    cdef Py_ssize_t i
    if arguments._items is None:
        return block_get_many(&arguments._block, arguments._owner, args, count, names)
    default = _MISSING if names == NULL else default_of(args, count, names)
    return tuple([arguments.lookup(<object>args[i], default) for i in range(count)])


install_get_many(<PyTypeObject *>Arguments, &_arguments_get_many, <PyCFunction><void *>arguments_get_many,
                 _GET_MANY)


cdef bint same(Arguments a, Arguments b, uint32_t depth) except -1:
    """Equal keys and values, whatever the order."""
    if len(a) != len(b):
        return False
    if (a._items is None and b._items is None and a._block.size == b._block.size
            and not memcmp(a._block.base, b._block.base, a._block.size)):
        return True
    check_nesting(depth)
    cdef Entry entry, other
    for item in a.entries():
        entry = <Entry>item
        other = b.entry(entry.name)
        if other is None:
            return False
        mine, theirs = entry.value, other.value
        if entry.type == CW_T_ARGUMENTS and other.type == CW_T_ARGUMENTS:
            if not same(<Arguments>mine, <Arguments>theirs, depth + 1):
                return False
        elif entry.type == CW_T_ARGUMENTS or other.type == CW_T_ARGUMENTS or mine != theirs:
            return False
    return True


cdef dump_into(list lines, Arguments arguments, str indent, uint32_t depth):
    cdef uint8_t type
    check_nesting(depth)
    for item in arguments.entries():
        entry = <Entry>item
        value, type = entry.value, entry.type
        if type == CW_T_ARGUMENTS:
            lines.append(f"{indent}{entry.name} = {{")
            dump_into(lines, <Arguments>value, indent + "  ", depth + 1)
            lines.append(f"{indent}}} (ARGUMENTS)")
        else:
            lines.append(f"{indent}{entry.name} = {as_string(value, type)} ({_TYPES[type].name})")


def _restore_arguments(data):
    return Arguments.from_buffer(data)
