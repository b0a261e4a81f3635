# Message filters: compiled and run by the C core (docs/filter-program.md).

@cython.final
cdef class MessageFilter:
    """A compiled message filter, as SetMessageFilter takes it: keys with value lists, AND-ed by `;`.

    Raises FilterError with the column of the fault. Source: CTI OS Developer Guide, Session object, message filters.
    """
    cdef readonly str text
    cdef readonly bytes program

    def __cinit__(self, text):
        cdef cw_filter_error error
        cdef bytes raw, program
        cdef size_t size
        if not isinstance(text, str):
            raise TypeError(f"a filter is str, got {type_name(text)}")
        self.text = text
        raw = text.encode("utf-8", "surrogatepass")
        size = cw_filter_compile(<const uint8_t *>PyBytes_AS_STRING(raw), len(raw), NULL, 0, &error)
        if size:
            program = PyBytes_FromStringAndSize(NULL, size)
            size = cw_filter_compile(<const uint8_t *>PyBytes_AS_STRING(raw), len(raw),
                                     <uint8_t *>PyBytes_AS_STRING(program), size, &error)
        if not size:
            column = len(raw[:error.column - 1].decode("utf-8", "surrogatepass")) + 1
            raise FilterError((<bytes>error.message).decode("utf-8", "replace"), column=column, text=text)
        self.program = program

    def matches(self, frame not None):
        """Whether a frame passes; runs on the frame's bytes."""
        return cw_filter_match(<const uint8_t *>PyBytes_AS_STRING(self.program), PyBytes_GET_SIZE(self.program),
                               (<Frame?>frame)._p) != 0

    def matches_arguments(self, message_id, arguments):
        """Whether an event passes that is no frame."""
        cdef cw_block block
        cdef uint32_t number = message_id
        if not isinstance(arguments, Arguments) or (<Arguments>arguments)._items is not None:
            arguments = Arguments.from_buffer(encode_block(arguments, 0))
        block = (<Arguments>arguments)._block
        return cw_filter_match_block(<const uint8_t *>PyBytes_AS_STRING(self.program), PyBytes_GET_SIZE(self.program),
                                     number, &block) != 0

    def __eq__(self, other):
        if not isinstance(other, MessageFilter):
            return NotImplemented
        return self.program == (<MessageFilter>other).program

    def __hash__(self):
        return hash(self.program)

    def __reduce__(self):
        return MessageFilter, (self.text,)

    def __repr__(self):
        return f"MessageFilter({self.text!r})"
