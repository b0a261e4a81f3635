# Streams of messages.

cdef class MessageReader(StreamReader):
    """Chunks in, messages out, however the stream is cut.

    A message that is none raises DecodeError out of the iteration; when error.resumable is true the next iteration goes
    on behind it, for lengths frame the stream. A length that cannot be believed is not resumable: every later call
    raises the same error. version may be set at any time and holds for the messages not yet yielded.
    """
    cdef uint32_t _max, _version
    cdef public bint strict
    cdef readonly uint64_t messages_received

    def __cinit__(self, version=LAST_VERSION, *, max_message=MAX_MESSAGE_SIZE, bint strict=True):
        if not CW_GED_HEADER_SIZE <= max_message <= CW_GED_MESSAGE_LIMIT:
            raise ValueError(f"max_message is {HEADER_SIZE}..{CW_GED_MESSAGE_LIMIT} bytes, got {max_message}")
        self._version = check_version(version)
        self._max = max_message
        self.strict = strict

    @property
    def version(self):
        """The protocol version that messages are read as, 9..25."""
        return self._version

    @version.setter
    def version(self, value):
        self._version = check_version(value)

    cdef size_t wanted(self):
        cdef uint32_t size = 0
        cdef cw_ged_error error
        cdef size_t held = self._end - self._start
        if held < 4:
            return 4 - held
        if cw_ged_peek(self._base + self._start, held, self._max, &size, &error) == 0:
            return size - held
        return 0

    def __next__(self):
        cdef cw_ged_error error
        cdef uint32_t size
        cdef const uint8_t *p
        cdef int whole
        cdef Message message
        if not self.at_hand():
            raise StopIteration
        if self._error is not None:
            raise self._error
        source = self._source  # keeps what p points to, whatever the making of an error calls
        p = self._base + self._start
        whole = cw_ged_peek(p, self._end - self._start, self._max, &size, &error)
        if whole == 0:
            raise StopIteration
        if whole < 0:
            at = self.bytes_received - self.pending
            problem = found_error(&error, self._max, self._version, 0)
            name = problem.message or f"message type {problem.type}"
            self._error = DecodeError(
                f"{name}: MessageLength {error.length}, at most {self._max - HEADER_SIZE} expected at offset 0",
                reason=problem.reason, offset=0, type=problem.type, message=problem.message, resumable=False)
            self._error.stream_offset = at
            raise self._error
        message = Message.__new__(Message)
        if cw_ged_open(p, size, self._version, 0 if self.strict else CW_GED_LENIENT, &message._view, &error) < 0:
            at = self.bytes_received - self.pending
            self._start += size
            problem = found_error(&error, size, self._version, message._view.part)
            problem.stream_offset = at
            problem.data = PyBytes_FromStringAndSize(<const char *>p, size)
            raise problem
        message._owner = source
        message.strict = self.strict
        self._start += size
        self.messages_received += 1
        return message

    def take(self, bytes stop not None):
        """The messages that are there, up to one whose type has 1 in stop, or that is none: the iteration tells of those.

        stop: a byte for each type; types beyond it do not stop.
        """
        cdef cw_ged_error error
        cdef uint32_t size, number
        cdef const uint8_t *p
        cdef Message message
        cdef list found = []
        while self._error is None and self.at_hand():
            p = self._base + self._start
            if cw_ged_peek(p, self._end - self._start, self._max, &size, &error) != 1:
                break
            number = <uint32_t>p[4] << 24 | <uint32_t>p[5] << 16 | <uint32_t>p[6] << 8 | p[7]
            if number < <size_t>PyBytes_GET_SIZE(stop) and PyBytes_AS_STRING(stop)[number]:
                break
            message = Message.__new__(Message)
            if cw_ged_open(p, size, self._version, 0 if self.strict else CW_GED_LENIENT, &message._view, &error) < 0:
                break
            message._owner = self._source
            message.strict = self.strict
            self._start += size
            self.messages_received += 1
            found.append(message)
        return found

    def peek(self, size_t size):
        """Up to size bytes of what comes next, without taking them."""
        if self._error is not None or not self.at_hand():
            return b""
        return PyBytes_FromStringAndSize(<const char *>self._base + self._start, min(size, self._end - self._start))

    def finish(self):
        """Says that the stream ended; DecodeError when it ended inside a message."""
        if self._error is not None:
            raise self._error
        if self.pending:
            self.join_rest()
            error = DecodeError(f"the stream ended inside a message: {self.pending} bytes are left over",
                                reason=Reason.TRUNCATED, offset=self.pending, resumable=False)
            error.stream_offset = self.bytes_received - self.pending
            error.data = PyBytes_FromStringAndSize(<const char *>self._base + self._start, self._end - self._start)
            raise error
