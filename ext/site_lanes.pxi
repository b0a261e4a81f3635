# From one list of frames to many clients: each gets a copy with its own epoch and numbers.

cdef enum:
    EPOCH_AT = 8
    SEQUENCE_AT = 16


cdef class Lane:
    """What a client's connection needs to be sent the same frames as others.

    epoch, sequence: of the last numbered frame; ready: nothing waits and all may be written at once; write(bytes): the
    connection's; sent_at: when something was written last; owner: whose it is, for the one who made it.
    """
    cdef public uint32_t epoch
    cdef public uint64_t sequence
    cdef public bint ready
    cdef public double sent_at
    cdef public object write
    cdef public object owner

    def __init__(self, uint32_t epoch):
        self.epoch = epoch
        self.sequence = 0
        self.ready = False
        self.sent_at = 0.0
        self.write = None
        self.owner = None


cdef inline bytes numbered(const uint8_t *source, Py_ssize_t size, uint32_t epoch, uint64_t *sequence):
    """A copy of whole frames with these numbers."""
    cdef bytes result = PyBytes_FromStringAndSize(NULL, size)
    cdef uint8_t *p = <uint8_t *>PyBytes_AS_STRING(result)
    cdef uint64_t number = sequence[0]
    cdef Py_ssize_t left = size, length
    memcpy(p, source, size)
    while left:
        length = cw_load32(p) if left >= FRAME_HEADER else 0
        if length < FRAME_HEADER or length > left:
            raise ValueError(f"expected whole frames, got {left} bytes that are none")
        number += 1
        cw_store32(p + EPOCH_AT, epoch)
        cw_store64(p + SEQUENCE_AT, number)
        p += length
        left -= length
    sequence[0] = number
    return result


def fan_out(list lanes not None, bytes frames not None, double now):
    """Write the frames to every lane that is ready, with its own numbers; the lanes that were not.

    frames: whole EVENT frames, one after the other. now: goes into sent_at.
    """
    cdef const uint8_t *source = <const uint8_t *>PyBytes_AS_STRING(frames)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(frames)
    cdef list slow = []
    cdef Lane lane
    cdef uint64_t sequence
    for one in lanes:
        lane = <Lane?>one
        if not lane.ready:
            slow.append(lane)
            continue
        sequence = lane.sequence
        data = numbered(source, size, lane.epoch, &sequence)
        lane.sequence = sequence
        lane.sent_at = now
        lane.write(data)
    return slow


cdef class Batch:
    """Events that wait to be sent, with their frames at one MinimizeEventArgs.

    size: bytes of the frames together; largest: of the largest one.
    """
    cdef readonly int level
    cdef readonly list events
    cdef readonly Py_ssize_t size, largest
    cdef list frames

    def __init__(self, int level):
        self.level = level
        self.events, self.frames = [], []

    cdef int add(self, object event, bytes frame) except -1:
        cdef Py_ssize_t length = PyBytes_GET_SIZE(frame)
        self.frames.append(frame)
        self.events.append(event)
        self.size += length
        if length > self.largest:
            self.largest = length
        return 0

    def put(self, event):
        """Add an event. Raises what encoding raises."""
        self.add(event, (<Event>event).frame(self.level) if type(event) is Event else event.frame(self.level))

    def put_all(self, list events not None):
        """Add events, all or none of them. Raises what encoding raises."""
        cdef list frames = [
            (<Event>event).frame(self.level) if type(event) is Event else event.frame(self.level) for event in events]
        cdef Py_ssize_t i
        for i in range(PyList_GET_SIZE(frames)):
            self.add(events[i], <bytes>frames[i])

    def send(self, list lanes not None, double now):
        """The frames to all lanes that are ready; the lanes that were not."""
        return fan_out(lanes, <bytes>self.frames[0] if PyList_GET_SIZE(self.frames) == 1 else b"".join(self.frames), now)

    def clear(self):
        """Forget what waits."""
        self.events.clear()
        self.frames.clear()
        self.size = self.largest = 0
