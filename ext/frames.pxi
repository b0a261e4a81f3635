# Frames, and the reader and writer of streams of them.

@cython.final
@cython.freelist(256)
cdef class Frame:
    """One received frame: header fields and its Arguments, as a view of the receive slab.

    The slab stays in memory as long as the frame or a view of it does; detach() makes a frame with bytes of its own.
    """
    cdef const uint8_t *_p
    cdef object _owner
    cdef Arguments _arguments

    def __init__(self):
        raise TypeError("frames come from FrameReader and Frame.from_bytes")

    @staticmethod
    def from_bytes(data, /, *, uint32_t max_frame=CW_FRAME_LIMIT):
        """A frame over one encoded frame; bytes are kept, other buffers copied. Raises WireError."""
        cdef cw_error error
        cdef bytes owner = data if PyBytes_CheckExact(data) else bytes(memoryview(data))
        if cw_frame_validate(<const uint8_t *>PyBytes_AS_STRING(owner), PyBytes_GET_SIZE(owner), max_frame, _KEYWORDS,
                             &_shapes, &error) < 0:
            raise wire_error(&error, "frame")
        return new_frame(<const uint8_t *>PyBytes_AS_STRING(owner), owner)

    @property
    def message_id(self):
        """Number of the event or request."""
        return cw_load32(self._p + 4)

    @property
    def epoch(self):
        """The sender's unbroken sequence; 0 when frames are not numbered."""
        return cw_load32(self._p + 8)

    @property
    def kind(self):
        """A FrameKind number."""
        return self._p[12]

    @property
    def sequence(self):
        """Number within the epoch; 0 when frames are not numbered."""
        return cw_load64(self._p + 16)

    @property
    def arguments(self):
        """The Arguments: the same object each time."""
        if self._arguments is None:
            self._arguments = view_of(self._p + CW_HEADER_SIZE, self._owner)
        return self._arguments

    def get(self, key, default=None):
        """The value of one key, or default."""
        return self.arguments.get(key, default)

    def to_dict(self):
        """The arguments as a dict: frame.arguments.to_dict() without making the Arguments."""
        return self._arguments.to_dict() if self._arguments is not None else block_dict(self._p + CW_HEADER_SIZE)

    def to_bytes(self):
        """The frame as it was received."""
        cdef uint32_t size = cw_load32(self._p)
        if PyBytes_CheckExact(self._owner) and PyBytes_GET_SIZE(self._owner) == size:
            return self._owner
        return PyBytes_FromStringAndSize(<const char *>self._p, size)

    def buffer(self):
        """The frame's bytes as a read-only memoryview, without a copy."""
        return memoryview(self)

    def detach(self):
        """The same frame without a hold on the receive slab, or on the chunk it came with."""
        if PyBytes_CheckExact(self._owner) and PyBytes_GET_SIZE(self._owner) == len(self):
            return self
        owner = self.to_bytes()
        return new_frame(<const uint8_t *>PyBytes_AS_STRING(owner), owner)

    def __len__(self):
        return cw_load32(self._p)

    def __getbuffer__(self, Py_buffer *buffer, int flags):
        PyBuffer_FillInfo(buffer, self, <void *>self._p, cw_load32(self._p), 1, flags)

    def __eq__(self, other):
        if not isinstance(other, Frame):
            return NotImplemented
        return len(self) == len(other) and not memcmp(self._p, (<Frame>other)._p, len(self))

    def __hash__(self):
        return hash(self.to_bytes())

    def __reduce__(self):
        return _restore_frame, (self.to_bytes(),)

    def __repr__(self):
        return (f"Frame(message_id={self.message_id}, kind={self.kind}, epoch={self.epoch}, sequence={self.sequence}, "
                f"arguments={self.arguments!r})")


def _restore_frame(data):
    return Frame.from_bytes(data)


cdef object refuse_frame(PyTypeObject *type, PyObject *args, PyObject *names):
    """Frame.__new__ as programs call it: a frame without bytes must not be."""
    raise TypeError("frames come from FrameReader and Frame.from_bytes")


(<PyTypeObject *>Frame).tp_new = refuse_frame


cdef inline Frame new_frame(const uint8_t *p, object owner):
    cdef Frame frame = Frame.__new__(Frame)
    frame._p = p
    frame._owner = owner
    return frame


cdef object frame_get_many(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *names):
    cdef cw_block block
    if (<Frame>self)._arguments is not None:
        return arguments_get_many(<PyObject *>(<Frame>self)._arguments, args, count, names)
    cw_open((<Frame>self)._p + CW_HEADER_SIZE, &block)
    return block_get_many(&block, (<Frame>self)._owner, args, count, names)


install_get_many(<PyTypeObject *>Frame, &_frame_get_many, <PyCFunction><void *>frame_get_many, _GET_MANY)


cdef class FrameReader(StreamReader):
    """Chunks in, frames out, however the stream is cut.

    Received bytes are validated once, where they stand: in a slab of the reader, or in the bytes object that feed() was
    given. A bad frame raises WireError after the frames before it were yielded, and again at every later call: a stream
    is never resynchronised.
    """
    cdef uint32_t _max_frame, _keyword_count
    cdef cw_shapes *_cache
    cdef readonly uint64_t frames_received

    def __cinit__(self, size_t max_frame=MAX_FRAME_DEFAULT, *, uint32_t keyword_count=_KEYWORDS):
        if not 32 <= max_frame <= CW_FRAME_LIMIT:
            raise ValueError(f"max_frame is 32..{CW_FRAME_LIMIT}, got {max_frame}")
        if keyword_count > 0x7FFF:
            raise ValueError(f"keyword_count is 0..32767, got {keyword_count}")
        self._max_frame = <uint32_t>max_frame
        self._keyword_count = keyword_count
        self._cache = <cw_shapes *>PyMem_Malloc(sizeof(cw_shapes))
        if self._cache == NULL:
            raise MemoryError
        cw_shapes_init(self._cache)

    def __dealloc__(self):
        PyMem_Free(self._cache)

    cdef size_t wanted(self):
        """Bytes that the frame under way still needs; what its length needs as long as that is not known."""
        cdef uint32_t length = 0
        cdef cw_error error
        cdef size_t held = self._end - self._start
        if held < 4:
            return 4 - held
        if cw_frame_peek(self._base + self._start, held, self._max_frame, &length, &error) == 0:
            return length - held
        return 0

    cdef size_t unit_limit(self):
        return CW_FRAME_LIMIT

    def __next__(self):
        cdef cw_error error
        cdef uint32_t length
        cdef const uint8_t *p
        cdef int whole
        if not self.at_hand():
            raise StopIteration
        p = self._base + self._start
        whole = cw_frame_peek(p, self._end - self._start, self._max_frame, &length, &error)
        if whole > 0 and cw_frame_validate(p, length, self._max_frame, self._keyword_count, self._cache, &error) < 0:
            whole = -1
        if whole < 0:
            if self._error is None:
                self._error = wire_error(&error, "frame")
                self._error.stream_offset = self.bytes_received - self.pending
            raise self._error
        if whole == 0:
            raise StopIteration
        self._start += length
        self.frames_received += 1
        return new_frame(p, self._source)

    def finish(self):
        """Says that the stream ended; TruncatedError when it ended inside a frame."""
        if self._error is not None:
            raise self._error
        if self.pending:
            raise TruncatedError(f"the stream ended inside a frame: {self.pending} bytes are left over",
                                 reason=Reason.TRUNCATED, offset=self.pending)


cdef class FrameWriter:
    """Collects frames into one buffer, numbering events when it has an epoch."""
    cdef uint8_t *_data
    cdef size_t _size, _capacity
    cdef uint32_t _max_frame
    cdef readonly uint32_t epoch
    cdef readonly uint64_t sequence

    def __cinit__(self, *, epoch=0, sequence=0, max_frame=MAX_FRAME_LIMIT):
        self.epoch = epoch
        self.sequence = sequence
        self._max_frame = max_frame

    def __dealloc__(self):
        PyMem_Free(self._data)

    cdef uint8_t *room(self, size_t wanted) except NULL:
        cdef size_t capacity
        cdef uint8_t *data
        if self._capacity - self._size < wanted:
            capacity = max(self._capacity * 2, self._size + wanted, <size_t>16384)
            data = <uint8_t *>PyMem_Realloc(self._data, capacity)
            if data == NULL:
                raise MemoryError
            self._data = data
            self._capacity = capacity
        return self._data + self._size

    def write(self, uint32_t message_id, arguments=None, uint32_t kind=1):
        """Appends a frame; an EVENT gets the next sequence number when the writer has an epoch."""
        cdef bytes frame = encode_block(arguments, CW_HEADER_SIZE)
        cdef bint numbered = self.epoch != 0 and kind == 1
        write_header(frame, message_id, kind, self.epoch if numbered else 0,
                     self.sequence + 1 if numbered else 0, self._max_frame)
        memcpy(self.room(PyBytes_GET_SIZE(frame)), PyBytes_AS_STRING(frame), PyBytes_GET_SIZE(frame))
        self._size += PyBytes_GET_SIZE(frame)
        if numbered:
            self.sequence += 1

    def forward(self, frame not None):
        """Appends a received frame; its bytes are not touched, except for epoch and sequence when the writer numbers."""
        cdef const uint8_t *p = (<Frame?>frame)._p
        cdef uint32_t size = cw_load32(p)
        cdef uint8_t *to = self.room(size)
        memcpy(to, p, size)
        if self.epoch and p[12] == 1:
            self.sequence += 1
            memcpy(to + 8, &self.epoch, 4)
            memcpy(to + 16, &self.sequence, 8)
        self._size += size

    def take(self):
        """Everything collected, as bytes; the writer is empty afterwards."""
        cdef bytes result = PyBytes_FromStringAndSize(<const char *>self._data if self._size else NULL, self._size)
        self._size = 0
        return result

    @property
    def size(self):
        """Bytes collected."""
        return self._size
