# What events said of an object and nobody has asked for yet: kept as their bytes, merged when it is read.

cdef enum:
    # Kept per object; what does not fit is merged. Two full events, or many small ones: with 10,000 calls 20 MiB.
    LATE_BLOCKS = 6
    LATE_BYTES = 2048


ctypedef struct late_block:
    uint8_t *data
    uint64_t stamp
    uint32_t room


cdef class LateFields:
    """Base of objects whose properties events change: blocks of events that are not merged into them yet.

    A block replaces an earlier one of the same shape, since it has a value for each of its keys. None of it holds a
    receive buffer. `late` is how many are kept. To merge: peek_late(), write what it gave, then drop_late(), so that
    another thread finds each value in one place or in both.
    """
    cdef readonly uint32_t late
    cdef uint32_t _late_bytes
    cdef uint64_t _late_stamp  # of the newest
    cdef late_block _late_blocks[LATE_BLOCKS]

    def __dealloc__(self):
        cdef uint32_t i
        for i in range(self.late):
            PyMem_Free(self._late_blocks[i].data)

    def keep_late(self, Arguments arguments not None):
        """Keeps an event's fields; False when the caller must merge first, or cannot keep them as bytes."""
        return arguments._items is None and late_keep(self, &arguments._block) != 0

    def late_value(self, str key not None, default):
        """The newest value that is kept for a key; default when there is none."""
        cdef cw_block block
        cdef const uint8_t *p
        cdef uint32_t i
        cdef int at
        for i in range(self.late, 0, -1):
            if i > self.late:  # a key that is no text makes an exception, hence runs whatever a finalizer does
                continue
            cw_open(self._late_blocks[i - 1].data, &block)
            at = find(&block, key)
            if at < 0:
                continue
            if block.types[at] == CW_T_ARGUMENTS:
                # From a copy: making dicts can run other code, which may keep a block over this one.
                p = block.base + <uint32_t>raw_value(&block, at)
                owner = PyBytes_FromStringAndSize(<const char *>p, cw_load32(p))
                return block_dict(<const uint8_t *>PyBytes_AS_STRING(owner))
            return entry_value(&block, at, None)
        return default

    def peek_late(self):
        """A stamp for drop_late(), and the kept blocks as dicts, oldest first."""
        cdef uint8_t *blocks[LATE_BLOCKS]
        cdef uint32_t i, size, count = 0
        cdef uint64_t stamp = self._late_stamp
        try:
            # Copies first of all: making dicts can run other code, which may keep blocks over these.
            for i in range(self.late):
                size = cw_load32(self._late_blocks[i].data)
                blocks[i] = <uint8_t *>PyMem_Malloc(size)
                if blocks[i] == NULL:
                    raise MemoryError
                count += 1
                memcpy(blocks[i], self._late_blocks[i].data, size)
            return stamp, [block_dict(blocks[i]) for i in range(count)]
        finally:
            for i in range(count):
                PyMem_Free(blocks[i])

    def drop_late(self, uint64_t stamp):
        """Forgets what was kept up to a stamp."""
        cdef uint32_t i, count = 0
        while count < self.late and self._late_blocks[count].stamp <= stamp:
            self._late_bytes -= self._late_blocks[count].room
            PyMem_Free(self._late_blocks[count].data)
            count += 1
        self.late -= count
        for i in range(self.late):
            self._late_blocks[i] = self._late_blocks[i + count]


cdef int late_keep(LateFields self, const cw_block *block) except -1:
    """Keeps a copy as the newest; 0 when there is no room. No method: objects need no table of them."""
    cdef uint32_t shape = <uint32_t>(block.values - block.base)
    cdef uint32_t i, at = self.late
    cdef late_block newest
    for i in range(self.late):
        # Behind `size`; equal counts make equal lengths of the shapes.
        if self._late_blocks[i].room >= shape and not memcmp(self._late_blocks[i].data + 4, block.base + 4, shape - 4):
            at = i
            break
    if at < self.late:
        newest = self._late_blocks[at]
    elif at == LATE_BLOCKS:
        return 0
    else:
        newest.data = NULL
        newest.room = 0
    if newest.room < block.size:
        if self._late_bytes - newest.room + block.size > LATE_BYTES:
            return 0
        newest.data = <uint8_t *>PyMem_Realloc(newest.data, block.size)
        if newest.data == NULL:
            raise MemoryError
        self._late_bytes += block.size - newest.room
        newest.room = block.size
        if at == self.late:
            self.late += 1
    for i in range(at, self.late - 1):
        self._late_blocks[i] = self._late_blocks[i + 1]
    self._late_stamp += 1
    newest.stamp = self._late_stamp
    self._late_blocks[self.late - 1] = newest
    memcpy(newest.data, block.base, block.size)
    return 1


@cython.final
cdef class Upkeep:
    """A handler that lets the objects of a dict keep the fields of the events that name them.

    objects: by UniqueObjectID. slow(message_id, arguments) is called for every event that is not of a known object, and
    when an object has no room: it merges what was kept.
    """
    cdef dict _objects
    cdef object _slow

    def __cinit__(self, dict objects not None, slow):
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
                if found == NULL:
                    hot_error()
                elif isinstance(<object>found, LateFields):
                    if late_keep(<LateFields><object>found, &arguments._block):
                        return
        self._slow(message_id, arguments)


cdef str _UNIQUE_OBJECT_ID = sys.intern("UniqueObjectID")
