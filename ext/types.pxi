# Types of numbers: what an event's table says, where the value alone would say INT or UINT.

cdef uint64_t _type_maps = 0


@cython.final
cdef class TypeMap:
    """Which keys' numbers have another type than the one that follows from their value: encode_frame's `types`.

    types: by key ArgType.INT, UINT, SHORT or USHORT; keys are found as those of Arguments are. A number that does not fit
    its key's type keeps its own, and so does all that is no number. Raises ValueError for another type, and TypeError
    and EncodeError for a key that Arguments would not take.
    """
    cdef uint64_t serial  # no two have the same, whatever memory they stand in
    cdef bytes _kinds     # by keyword id
    cdef dict _others     # by what else a key is filed under; None for none

    def __cinit__(self, types):
        global _type_maps
        cdef uint8_t type
        kinds = bytearray(_KEYWORDS + 1)
        others = {}
        for key, kind in list(types.items()):
            name = check_key(key)
            type = ArgType(kind)
            if type not in (CW_T_INT, CW_T_UINT, CW_T_SHORT, CW_T_USHORT):
                raise ValueError(f"{name}: the type of a number is INT, UINT, SHORT or USHORT, got {_TYPES[type].name}")
            filed, id = split(name)
            if 0 < id <= _KEYWORDS:
                kinds[id] = type
            else:
                others[filed] = type
        self._kinds = bytes(kinds)
        self._others = others or None
        _type_maps += 1
        self.serial = _type_maps

    cdef uint8_t of(self, uint32_t id, object key) except 255:
        """The type of a key's numbers, 0 when it follows from the value. id: of its entry or item."""
        if id <= _KEYWORDS:
            return (<const uint8_t *>PyBytes_AS_STRING(self._kinds))[id]
        return 0 if self._others is None else self._others.get(split(key)[0], 0)


cdef inline void retype(cw_item *item, uint8_t type) noexcept:
    """Gives an item that is INT or UINT another number's type, where it fits."""
    cdef int64_t number = <int32_t>item.number if item.type == CW_T_INT else <int64_t>item.number
    if _LOW[type] <= number <= _HIGH[type]:
        item.type = type
        if type == CW_T_SHORT or type == CW_T_USHORT:
            item.number = <uint16_t>item.number


cdef int plan_fill(dict values, const uint8_t *p, TypeMap types) except -1:
    """Makes the plan of a dict that nobody else changes from its block."""
    cdef uint8_t wanted[HOT_PLAN_KEYS]
    cdef cw_block block
    cdef Py_ssize_t place = 0
    cdef uint32_t i = 0
    cdef PyObject *key
    cdef PyObject *value
    if types is None:
        hot_plan_fill(values, p, 0, NULL)
        return 0
    cw_open(p, &block)
    while i < block.count and i < HOT_PLAN_KEYS and PyDict_Next(values, &place, &key, &value):
        wanted[i] = types.of(raw_key(&block, i), <object>key)
        i += 1
    hot_plan_fill(values, p, types.serial, wanted)
    return 0
