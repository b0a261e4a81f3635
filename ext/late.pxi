# What events said of an object and nobody has asked for yet: kept as their bytes, merged when it is read.

cdef enum:
    LATE_BLOCKS = 6  # kept per object; one more is merged first


cdef class LateFields:
    """Base of objects whose properties events change: blocks of events that are not merged into them yet.

    A block replaces an earlier one of the same shape, since it has a value for each of its keys. None of it holds a
    receive buffer. `late` is how many are kept; nested values are given by take_late() only.
    """
    cdef uint8_t *_late_blocks[LATE_BLOCKS]
    cdef uint32_t _late_rooms[LATE_BLOCKS]
    cdef readonly uint32_t late

    def __dealloc__(self):
        cdef uint32_t i
        for i in range(self.late):
            PyMem_Free(self._late_blocks[i])

    cdef int keep(self, const cw_block *block) except -1:
        """Keeps a copy as the newest; 0 when there is no room."""
        cdef uint32_t shape = <uint32_t>(block.values - block.base)
        cdef uint32_t i, room, at = self.late
        cdef uint8_t *copy
        for i in range(self.late):
            # Behind `size`; equal counts make equal lengths of the shapes.
            if self._late_rooms[i] >= shape and not memcmp(self._late_blocks[i] + 4, block.base + 4, shape - 4):
                at = i
                break
        if at == self.late:
            if at == LATE_BLOCKS:
                return 0
            copy = NULL
            room = 0
        else:
            copy = self._late_blocks[at]
            room = self._late_rooms[at]
        if room < block.size:
            copy = <uint8_t *>PyMem_Realloc(copy, block.size)
            if copy == NULL:
                raise MemoryError
            room = block.size
            if at == self.late:
                self.late += 1
        for i in range(at, self.late - 1):
            self._late_blocks[i] = self._late_blocks[i + 1]
            self._late_rooms[i] = self._late_rooms[i + 1]
        self._late_blocks[self.late - 1] = copy
        self._late_rooms[self.late - 1] = room
        memcpy(copy, block.base, block.size)
        return 1

    def keep_late(self, Arguments arguments not None):
        """Keeps an event's fields; False when the caller must merge first, or cannot keep them as bytes."""
        return arguments._items is None and self.keep(&arguments._block) != 0

    def late_value(self, str key not None, default):
        """The newest value that is kept for a key; default when there is none."""
        cdef cw_block block
        cdef const uint8_t *p
        cdef uint32_t i
        cdef int at
        for i in range(self.late, 0, -1):
            cw_open(self._late_blocks[i - 1], &block)
            at = find(&block, key)
            if at < 0:
                continue
            if block.types[at] == CW_T_ARGUMENTS:
                # From a copy: making dicts can run other code, which may keep a block over this one.
                p = block.base + <uint32_t>raw_value(&block, at)
                owner = PyBytes_FromStringAndSize(<const char *>p, load32(p))
                return block_dict(<const uint8_t *>PyBytes_AS_STRING(owner))
            return entry_value(&block, at, None)
        return default

    def take_late(self):
        """The kept blocks as dicts, oldest first; none is kept any more."""
        cdef uint8_t *blocks[LATE_BLOCKS]
        cdef uint32_t i, count = self.late
        memcpy(blocks, self._late_blocks, sizeof(blocks))
        # First of all: making dicts can run other code, which may keep new blocks.
        self.late = 0
        try:
            return [block_dict(blocks[i]) for i in range(count)]
        finally:
            for i in range(count):
                PyMem_Free(blocks[i])


@cython.final
cdef class Upkeep:
    """A handler that lets the objects of a dict keep the fields of the events that name them.

    objects: by UniqueObjectID. slow(message_id, arguments) is called for every event that is not of a known object, and
    when an object has no room: it merges what was kept.
    """
    cdef dict _objects
    cdef object _slow

    def __init__(self, dict objects not None, slow):
        self._objects = objects
        self._slow = slow

    def update(self, message_id, Arguments arguments not None):
        """The handler itself."""
        cdef PyObject *found
        cdef int at
        if arguments._items is None:
            at = hot_find(&arguments._block, <PyObject *>_UNIQUE_OBJECT_ID)
            if at >= 0 and arguments._block.types[at] == CW_T_STRING:
                key = entry_value(&arguments._block, at, None)
                found = PyDict_GetItemWithError(self._objects, key)
                if found != NULL and isinstance(<object>found, LateFields):
                    if (<LateFields><object>found).keep(&arguments._block):
                        return
        self._slow(message_id, arguments)


cdef str _UNIQUE_OBJECT_ID = sys.intern("UniqueObjectID")
