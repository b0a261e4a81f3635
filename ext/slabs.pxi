# Received bytes and the units cut from them: what the readers of frames and of messages share.

@cython.final
@cython.no_gc
@cython.freelist(256)
cdef class Slab:
    """Memory that received bytes stand in. Frames and views hold it; only its reader writes to it, and only behind
    what was already handed out."""
    cdef uint8_t *data
    cdef size_t capacity

    def __dealloc__(self):
        PyMem_Free(self.data)


cdef Slab new_slab(size_t capacity):
    cdef Slab slab = Slab.__new__(Slab)
    slab.data = <uint8_t *>PyMem_Malloc(capacity)
    if slab.data == NULL:
        raise MemoryError
    slab.capacity = capacity
    return slab


@cython.final
@cython.freelist(8)
cdef class Room:
    """The free tail of a slab, lent out to be written to. It keeps the slab, so that a late write hurts nobody else."""
    cdef Slab slab         # None once it was taken back: there will be no further views
    cdef size_t start
    cdef Py_ssize_t views  # that can still write

    def __getbuffer__(self, Py_buffer *buffer, int flags):
        if self.slab is None:
            raise BufferError("this room was taken back: get_buffer() lends another")
        PyBuffer_FillInfo(buffer, self, self.slab.data + self.start, self.slab.capacity - self.start, 0, flags)
        self.views += 1

    def __releasebuffer__(self, Py_buffer *buffer):
        self.views -= 1


cdef extern from "Python.h":
    Py_ssize_t Py_REFCNT(object)


cdef enum:
    SLAB_SIZE = 262144
    READ_SIZE = 65536  # the least room that get_buffer offers


cdef class StreamReader:
    """Chunks in, views of whole units out: this part keeps the bytes, subclasses say what a unit is.

    Units are looked at where their bytes stand: in a slab of the reader, or in the bytes object that feed() was given.
    """
    cdef Slab _slab          # where received bytes are put together
    cdef object _source      # the slab or bytes that _base points into
    cdef const uint8_t *_base
    cdef size_t _start, _end  # what is there and not yet yielded
    cdef bytes _next          # the rest of a chunk, parsed in place once the unit it completes is yielded
    cdef size_t _next_at
    cdef object _error        # once set, every later call raises it
    cdef Room _room           # what get_buffer lent last, and the view of it; None once it was called back
    cdef object _lent
    cdef Room _away           # what could not be called back last
    cdef readonly uint64_t bytes_received

    cdef bint recall(self) except -1:
        """Ends what get_buffer lent; False when somebody can still write there. The slab is used no more then: what was
        checked must stay as it is."""
        cdef Room room = self._room
        lent = self._lent
        self._room = None
        self._lent = None
        if room is None:
            return True
        if lent is not None and Py_REFCNT(lent) > 1:  # else letting go of it is enough
            try:
                lent.release()
            except BufferError:  # a part of it is held as a buffer
                pass
        lent = None
        if room.views == 0:
            room.slab = None
            return True
        if self._slab is room.slab:
            self._slab = None
        self._away = room
        return False

    cdef int take_back(self) except -1:
        """The slab of what could not be called back, once it is: some loops let go only after buffer_updated()."""
        cdef Room room = self._away
        if room is not None and room.views == 0:
            self._away = None
            if self._slab is None:
                self._slab = room.slab
            room.slab = None
        return 0

    cdef int reserve(self, size_t room) except -1:
        """Puts what is there into the slab with `room` bytes free behind it, without moving what a view stands on."""
        cdef size_t held = self._end - self._start
        cdef Slab slab = self._slab
        # The slab is free to be written over when only this reader refers to it: _slab, _source and the local.
        cdef bint mine = slab is not None and Py_REFCNT(slab) == (3 if self._source is slab else 2)
        if slab is not None and self._source is slab:
            if slab.capacity - self._end >= room and not (held == 0 and mine):
                return 0
            if mine and slab.capacity - held >= room:
                memmove(slab.data, slab.data + self._start, held)
                self._start = 0
                self._end = held
                return 0
        if slab is None or not mine or self._source is slab or slab.capacity - held < room:
            slab = new_slab(max(<size_t>SLAB_SIZE, held + room))
        if held:
            memcpy(slab.data, self._base + self._start, held)
        self._slab = slab
        self._source = slab
        self._base = slab.data
        self._start = 0
        self._end = held
        return 0

    cdef int append(self, const uint8_t *data, size_t size) except -1:
        self.reserve(size)
        memcpy(self._slab.data + self._end, data, size)
        self._end += size
        return 0

    cdef int join_rest(self) except -1:
        """Brings the rest of an earlier chunk, whose frames were not all taken, together with what is there."""
        cdef bytes rest = self._next
        cdef size_t at = self._next_at
        if rest is not None:
            self._next = None
            self.append(<const uint8_t *>PyBytes_AS_STRING(rest) + at, PyBytes_GET_SIZE(rest) - at)
        return 0

    cdef size_t wanted(self):
        """Bytes that the unit under way still needs; what its length needs as long as that is not known."""
        return 0

    cdef size_t unit_limit(self):
        """The largest room that get_buffer offers at a request."""
        return SLAB_SIZE

    def feed(self, data):
        """Takes the next chunk of the stream and returns an iterator over what is now there whole.

        A bytes object is parsed in place and kept as long as views of it are; any other buffer is copied, since it can
        change. What is not taken stays and comes first next time.
        """
        cdef Py_buffer view
        cdef const uint8_t *p
        cdef size_t size, part, round
        if self._error is not None:
            raise self._error
        if PyBytes_CheckExact(data):
            self.recall()
            self.join_rest()
            p = <const uint8_t *>PyBytes_AS_STRING(data)
            size = PyBytes_GET_SIZE(data)
            self.bytes_received += size
            # A frame that was cut is completed in the slab: first its length, then the rest of it. Where whole frames
            # wait to be taken, everything goes behind them.
            for round in range(2):
                if self._end == self._start or size == 0:
                    break
                part = self.wanted()
                part = min(part, size) if part else (size if round == 0 else 0)
                self.append(p, part)
                p += part
                size -= part
            if size == 0:
                return self
            if self._end == self._start:
                self._source = data
                self._base = <const uint8_t *>PyBytes_AS_STRING(data)
                self._end = PyBytes_GET_SIZE(data)
                self._start = self._end - size
            else:
                self._next = data
                self._next_at = PyBytes_GET_SIZE(data) - size
            return self
        PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)  # may be code of the program
        try:
            self.recall()
            self.join_rest()
            if view.len:
                self.append(<const uint8_t *>view.buf, view.len)
                self.bytes_received += view.len
        finally:
            PyBuffer_Release(&view)
        return self

    def get_buffer(self, Py_ssize_t sizehint=-1):
        """Free room of the slab to receive into, for asyncio.BufferedProtocol and recv_into.

        The memoryview is released by the next call of get_buffer(), buffer_updated() or feed(). Where that cannot be, as
        a part of it is held, what was received is copied away from it.
        """
        cdef size_t room = READ_SIZE
        cdef Room tail = None
        if self._error is not None:
            raise self._error
        if sizehint > READ_SIZE:
            room = min(<size_t>sizehint, self.unit_limit())
        while tail is None or self._room is not tail:  # making a view may run code that uses this reader
            self.recall()
            self.take_back()
            self.join_rest()
            self.reserve(max(room, self.wanted()))
            tail = Room.__new__(Room)
            tail.slab = self._slab
            tail.start = self._end
            self._room = tail
            lent = memoryview(tail)
        self._lent = lent
        return lent

    def buffer_updated(self, Py_ssize_t nbytes):
        """Takes nbytes that were received into get_buffer(); returns the same iterator as feed()."""
        cdef Room room = self._room
        if self._error is not None:
            raise self._error
        if room is None or not 0 <= nbytes <= <Py_ssize_t>(room.slab.capacity - room.start):
            raise ValueError(f"buffer_updated: {nbytes} bytes were not offered by get_buffer")
        if not self.recall():
            return self.feed(PyBytes_FromStringAndSize(<const char *>room.slab.data + room.start, nbytes))
        self._end += <size_t>nbytes
        self.bytes_received += <size_t>nbytes
        return self

    def __iter__(self):
        return self

    cdef bint at_hand(self) except -1:
        """Whether there are bytes at _start; moves on to a waiting chunk, and raises what stopped the stream."""
        if self._start == self._end:
            if self._next is None:
                if self._error is not None:
                    raise self._error
                return False
            self._source = self._next
            self._base = <const uint8_t *>PyBytes_AS_STRING(self._next)
            self._start = self._next_at
            self._end = PyBytes_GET_SIZE(self._next)
            self._next = None
        return True

    @property
    def pending(self):
        """Bytes received that nothing yielded holds."""
        cdef size_t rest = 0 if self._next is None else PyBytes_GET_SIZE(self._next) - self._next_at
        return self._end - self._start + rest
