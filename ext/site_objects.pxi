# Calls, their connections, and agents: what fastcil.server.site.objects has, with places that are found without a look-up.

cdef class CallObject

cdef enum:
    KEY_TEXT = 96
    # AgentState
    AGENT_LOGOUT = 1
    AGENT_WORK_NOT_READY = 5
    AGENT_WORK_READY = 6
    AGENT_UNKNOWN = 9

@cython.final
cdef class Conversation:
    """What the CTI Server calls a call: one ConnectionCallID with all of its connections."""
    cdef readonly object peripheral, call_id
    cdef public Values values      # what new connections of the call begin with
    cdef public double touched
    cdef readonly dict connections  # by ConnectionDeviceID
    cdef readonly list all_values   # its own and those of all connections

    def __init__(self, peripheral, call_id, Values values not None, double touched):
        self.peripheral, self.call_id, self.values, self.touched = peripheral, call_id, values, touched
        self.connections = {}
        self.all_values = [values]

    def gather(self):
        """To be called when a connection has come or gone."""
        self.gathered()

    cdef int gathered(self) except -1:
        cdef CallObject call
        cdef list found = [self.values]
        for one in self.connections.values():
            call = <CallObject>one
            found.append(call.values)
        self.all_values = found
        return 0


@cython.final
@cython.freelist(64)
cdef class CallObject:
    """One connection of a call: what the CIL calls a Call. values: every keyword of its events.

    device: key of the device. told_by_other: the event that it got because the other party's message told of both.
    told_mask: EnablementMask as the clients were told last; told_to_supervisor: SupervisorBtnEnablementMask.
    failed: OnCallFailed was sent: from then on its events have no CallStatus (table 6-90, footnote).
    """
    cdef public str key, device_id, device, told_by_other
    cdef public Conversation conversation
    cdef public Values values
    cdef public object told_mask, told_to_supervisor
    cdef public bint failed

    def __init__(self, str key not None, Conversation conversation not None, str device_id not None,
                 Values values not None):
        self.key, self.conversation, self.device_id, self.values = key, conversation, device_id, values
        self.device = self.told_by_other = ""
        self.told_mask = self.told_to_supervisor = -1

    @property
    def status(self):
        """CallStatus, a LocalConnectionState."""
        return int(self.values["CallStatus"])

    def __repr__(self):
        return f"<CallObject {self.key}>"


@cython.final
cdef class AgentObject:
    """An agent as the CTI Server told of him; values holds the keywords of OnAgentStateChange.

    listed: the message that listed his skill groups last, as long as nobody asked for them. seat: key of the device at
    which he is logged in, "" for none; seated: the device itself. login_name: LoginName of CONFIG_AGENT_EVENT.
    """
    cdef readonly str key, agent_id
    cdef readonly object peripheral
    cdef public Values values
    cdef public object listed, team
    cdef public bint is_supervisor
    cdef public str seat, seated, login_name
    cdef dict groups
    cdef tuple who

    def __init__(self, str key not None, peripheral, str agent_id not None, Values values not None):
        self.key, self.peripheral, self.agent_id, self.values = key, peripheral, agent_id, values
        self.seat = self.seated = self.login_name = ""
        self.team = 0
        self.groups = {}
        self.who = (key,)

    @property
    def skill_groups(self):
        """By SkillGroupNumber: SkillGroupNumber, ID, Priority, State."""
        message, self.listed = self.listed, None
        if message is not None:
            self.groups = listed_groups(message, self.groups)
        return self.groups

    cdef dict numbered(self):
        """The skill groups by numbered names, as an event has them."""
        return nested_groups(self.skill_groups.values(), "SkillGroup")

    @property
    def state(self):
        """AgentState; eUnknown as long as nothing was told."""
        return int(self.values.get("AgentState", AGENT_UNKNOWN))

    @property
    def instrument(self):
        """The device at which he is logged in, or was."""
        return str(self.values.get("AgentInstrument", ""))

    def __repr__(self):
        return f"<AgentObject {self.key}>"


cdef object listed_groups = None, nested_groups = None


def install_agents(*, listed, nested):
    """Functions of the Python side: the skill groups that a message lists, and entries by numbered names."""
    global listed_groups, nested_groups
    listed_groups, nested_groups = listed, nested


cdef str key_of(const char *kind, Py_ssize_t size, object peripheral, object call_id, str name):
    """kind, the numbers and a name, with dots between; call_id: None for none."""
    cdef char scratch[KEY_TEXT]
    cdef char *p = scratch + 8
    cdef Py_ssize_t length = PyUnicode_GET_LENGTH(name)
    if not (PyUnicode_IS_COMPACT_ASCII(name) and length <= KEY_TEXT - 64 and PyLong_CheckExact(peripheral)
            and (call_id is None or PyLong_CheckExact(call_id))):
        words = [kind[:size].decode(), str(peripheral), *([] if call_id is None else [str(call_id)]), name]
        return ".".join(words)
    memcpy(p, kind, size)
    p += size
    p = put_number(p, PyLong_AsSsize_t(peripheral))
    if call_id is not None:
        p = put_number(p, PyLong_AsSsize_t(call_id))
    p[0] = 46
    memcpy(p + 1, PyUnicode_DATA(name), length)
    return hot_text(<const uint8_t *>scratch + 8, <uint32_t>(p + 1 + length - (scratch + 8)))


cdef inline char *put_number(char *p, Py_ssize_t number) noexcept nogil:
    """A dot and a number of 32 bits."""
    cdef char digits[24]
    cdef int count = 0
    cdef uint64_t rest = <uint64_t>(-number if number < 0 else number)
    p[0] = 46
    p += 1
    if number < 0:
        p[0] = 45
        p += 1
    while rest >= 10:
        digits[count] = <char>(48 + rest % 10)
        rest //= 10
        count += 1
    p[0] = <char>(48 + rest)
    p += 1
    while count:
        count -= 1
        p[0] = digits[count]
        p += 1
    return p


cdef inline str floating_text(const cw_ged_view *view, Py_ssize_t slot):
    """A floating text of a message; None when it has none."""
    cdef cw_ged_field field
    if slot < 0 or not view.first[slot]:
        return None
    cw_ged_at(view, view.first[slot], &field)
    return text(field.data, field.length)
