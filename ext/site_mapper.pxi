# Which handler takes a message in: fastcil.server.site.mapper_core has it in words.

cdef enum:
    TO_PYTHON = 0
    TO_NOBODY = 1
    TO_SIMPLE = 2
    TO_BEGIN = 3
    TO_END = 4
    TO_CLEARED = 5
    TO_CONNECTION_CLEARED = 6
    TO_STATE = 7
    TO_PLAIN = 8
    TO_PRECALL = 9
    TYPES = 512


@cython.final
cdef class Dispatch:
    """Messages in, events out: calls and agents take in what they can, handlers the rest, by number.

    unmapped(message): a message that causes no event; problem(message, error): one that could not be taken in.
    """
    cdef CallCore calls
    cdef AgentCore agents
    cdef dict handlers
    cdef object unmapped, problem
    cdef uint8_t ways[TYPES]

    def __init__(self, CallCore calls not None, AgentCore agents not None, dict handlers not None, *, unmapped,
                 problem):
        cdef int i
        self.calls, self.agents = calls, agents
        self.handlers = {**handlers, **calls.handlers, **agents.handlers}
        self.unmapped, self.problem = unmapped, problem
        for i in range(TYPES):
            self.ways[i] = TO_PYTHON if i in self.handlers else TO_NOBODY
        ways = ((calls.begin, TO_BEGIN), (calls.end, TO_END), (calls.cleared, TO_CLEARED),
                (calls.connection_cleared, TO_CONNECTION_CLEARED), (calls.simple, TO_SIMPLE), (calls.precall, TO_PRECALL),
                (agents.state, TO_STATE), (agents.plain, TO_PLAIN))
        for number, handler in (*calls.handlers.items(), *agents.handlers.items()):
            for method, way in ways:
                if handler == method:
                    self.ways[<int>number] = way

    def take(self, list messages not None, double now):
        """The events that messages cause, in order. now: seconds of a clock that runs forward."""
        cdef list events = []
        cdef Py_ssize_t count
        cdef Message message
        for one in messages:
            message = <Message?>one
            count = PyList_GET_SIZE(events)
            try:
                self.take_one(message, now, events)
            except Exception as error:
                # Nothing follows from a message that was not taken in whole.
                del events[count:]
                self.problem(message, error)
        return events

    cdef int take_one(self, Message message, double now, list events) except -1:
        cdef uint32_t number = message._view.type
        cdef int way = self.ways[number] if number < TYPES else TO_NOBODY
        if way == TO_STATE:
            return self.agents.take_state(message, events)
        if way == TO_PLAIN:
            return self.agents.take_plain(message, events)
        if way == TO_SIMPLE:
            return self.calls.take_simple(message, now, events)
        if way == TO_CONNECTION_CLEARED:
            return self.calls.take_connection_cleared(message, now, events)
        if way == TO_BEGIN:
            self.calls.named(message, self.calls.table.plan_of(&message._view), now, events)
        elif way == TO_END:
            return self.calls.take_end(message, events)
        elif way == TO_CLEARED:
            return self.calls.take_cleared(message, events)
        elif way == TO_PRECALL:
            return self.calls.take_precall(message, now, events)
        elif way == TO_PYTHON:
            events.extend(self.handlers[number](message, now))
        else:
            self.unmapped(message)
        return 0
