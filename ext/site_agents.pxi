# What is done for nearly every message of an agent: fastcil.server.site.agent_core has it in words.

cdef list _group_names = [f"SkillGroup[{i}]".encode() for i in range(1, MOST_GROUPS + 1)]
cdef uint16_t[4] _group_keys
for _i, _name in enumerate((b"SkillGroupNumber", b"SkillGroupID", b"SkillGroupPriority", b"SkillGroupState")):
    _group_keys[_i] = <uint16_t>cw_keyword_id(<const uint8_t *>PyBytes_AS_STRING(_name), PyBytes_GET_SIZE(_name))


cdef _Groups groups_of(AgentObject agent, const cw_ged_view *view, _MessagePlan plan):
    """The skill groups that a message lists, as blocks; None where the Python side must see to it."""
    cdef int64_t numbers[4][MOST_GROUPS]
    cdef uint32_t counts[4]
    cdef uint32_t i, k, n, at = view.end
    cdef cw_ged_field field
    cdef cw_item items[4]
    cdef cw_error error
    cdef uint8_t *p
    cdef size_t size
    cdef _Groups found
    memset(counts, 0, sizeof(counts))
    while cw_ged_at(view, at, &field):
        for k in range(4):
            if field.slot == plan.group[k] and field.slot >= 0:
                if counts[k] == MOST_GROUPS:
                    return None
                numbers[k][counts[k]] = plain_number(field.data, plan.group_kind[k], plan.group_flags[k])
                counts[k] += 1
                break
        at = field.next
    if not counts[0]:
        return None
    for i in range(1, counts[0]):
        for k in range(i):
            if numbers[0][k] == numbers[0][i]:
                return None
    found = _Groups.__new__(_Groups)
    found.count = counts[0]
    found.agent = agent
    p = found.room
    for i in range(counts[0]):
        n = 0
        for k in range(4):
            if i < counts[k]:
                items[n].key = _group_keys[k]
                write_number(&items[n], numbers[k][i], NULL)
                n += 1
        size = cw_build_size(items, n, &error)
        if size > GROUP_BLOCK or cw_build(items, n, p, size, &error) < 0:
            return None
        p += GROUP_BLOCK
    return found


@cython.final
cdef class AgentCore:
    """The states of agents, and events that have the fields of one message.

    table: how messages of agents are read; makers: of OnAgentStateChange and those around it, by callback; plain: table
    and maker of each message of PLAIN, by number. number: of AGENT_STATE_EVENT. mask: of an agent, as
    enablement.agent_mask.
    """
    cdef public int levels
    cdef public object wrapup
    cdef readonly object objects
    cdef readonly dict handlers
    cdef dict agents, agent_at, peripheral_types
    cdef Table table
    cdef Maker change, first, last
    cdef dict plain_of
    cdef object agent_mask, group_names
    cdef Py_ssize_t s_state, s_direction, s_peripheral, s_agent, s_unique_id, s_mask, s_instrument
    cdef tuple group_slots
    cdef list masks

    def __init__(self, objects, *, Table table not None, dict makers not None, dict plain not None, int number,
                 mask):
        cdef Schema schema = table.schema
        self.objects, self.levels, self.wrapup = objects, 3, no_wrapup
        self.agents, self.agent_at, self.peripheral_types = objects.agents, objects.agent_at, objects.peripheral_types
        self.table, self.agent_mask = table, mask
        self.change, self.first, self.last = (
            makers["OnAgentStateChange"], makers["OnPreLogout"], makers["OnPostLogout"])
        names = ("AgentState", "Direction", "PeripheralID", "AgentID", "UniqueObjectID", "EnablementMask",
                 "AgentInstrument")
        group = ("SkillGroupNumber", "SkillGroupID", "SkillGroupPriority", "SkillGroupState")
        for name in (*names, *group):
            if schema.slot(name) < 0:
                raise ValueError(f"{name}: the schema has no place for it")
        (self.s_state, self.s_direction, self.s_peripheral, self.s_agent, self.s_unique_id, self.s_mask,
         self.s_instrument) = [schema.slot(name) for name in names]
        self.group_slots = tuple([(name, schema.slot(name)) for name in group])
        self.masks = [None] * (MASK_STATUSES * MASK_KINDS)
        self.plain_of = plain
        self.handlers = {number: self.state, **dict.fromkeys(plain, self.plain)}

    def follow(self, AgentObject agent not None):
        """What follows from facts that were told of an agent; his state."""
        return self.followed(agent)

    cdef object followed(self, AgentObject agent):
        cdef Values values = agent.values
        cdef PyObject *held = values.slots[self.s_state]
        cdef Py_ssize_t number = -1, kind = -1
        cdef PyObject *type_of = PyDict_GetItemWithError(self.peripheral_types, agent.peripheral)
        state = AGENT_UNKNOWN if held == NULL else <object>held
        kind_of = 0 if type_of == NULL else <object>type_of
        values.put(self.s_peripheral, agent.peripheral)
        values.put(self.s_agent, agent.agent_id)
        values.put(self.s_unique_id, agent.key)
        if PyLong_CheckExact(state) and PyLong_CheckExact(kind_of):
            number, kind = PyLong_AsSsize_t(state), PyLong_AsSsize_t(kind_of)
        if 0 <= number < MASK_STATUSES and 0 <= kind < MASK_KINDS:
            mask = <object>PyList_GET_ITEM(self.masks, number * MASK_KINDS + kind)
            if mask is None:
                mask = self.masks[number * MASK_KINDS + kind] = self.agent_mask(state, kind_of)
        else:
            mask = self.agent_mask(state, kind_of)
        values.put(self.s_mask, mask)
        held = values.slots[self.s_instrument]
        instrument = "" if held == NULL or number == AGENT_LOGOUT or number == AGENT_UNKNOWN else <object>held
        # seat() would do nothing where nothing has changed.
        if instrument != agent.seated:
            self.objects.seat(agent, instrument)
        elif agent.seated:
            held = PyDict_GetItemWithError(self.agent_at, agent.seat)
            if held != <PyObject *>agent:
                self.objects.seat(agent, instrument)
        return state

    def state(self, Message message not None, double now):
        """AGENT_STATE_EVENT."""
        cdef list events = []
        self.take_state(message, events)
        return events

    cdef int take_state(self, Message message, list events) except -1:
        cdef const cw_ged_view *view = &message._view
        cdef _MessagePlan plan = self.table.plan_of(view)
        cdef AgentObject agent
        cdef Values values
        cdef PyObject *held
        cdef bint listed
        cdef int levels = self.levels
        cdef dict more = None, group
        if plan.agent_ids:
            agent_id = floating_text(view, plan.agent)
            peripheral = hot_int(load32(view.data + plan.at_peripheral))
            kind = hot_int(load16(view.data + plan.at_kind))
            listed = plan.at_groups >= 0 and load16(view.data + plan.at_groups) != 0
        else:
            agent_id, peripheral, kind, found = message.get_many(
                "AgentID", "PeripheralID", "PeripheralType", "NumFltSkillGroups", default="")
            listed = bool(found)
        if not agent_id:
            return 0
        held = PyDict_GetItemWithError(self.agents, key_of(b"agent", 5, peripheral, None, agent_id))
        if held == NULL:
            agent = self.objects.agent(peripheral, agent_id)
        else:
            agent = <AgentObject>held
        self.peripheral_types[peripheral] = kind
        values = agent.values
        before = AGENT_UNKNOWN if values.slots[self.s_state] == NULL else <object>values.slots[self.s_state]
        direction = 0 if values.slots[self.s_direction] == NULL else <object>values.slots[self.s_direction]
        self.table.heard(message, plan, _NOBODY, values)
        state = self.followed(agent)
        if listed:
            agent.listed = message.detach()
        else:
            group = {}
            for name, slot in self.group_slots:
                held = values.slots[<Py_ssize_t>slot]
                if held == NULL:
                    raise KeyError(name)
                group[name] = <object>held
            number = group["SkillGroupNumber"]
            if number != -1:
                agent.skill_groups[number] = group
        told = groups_of(agent, view, plan) if listed and levels & 2 else None
        if told is None and levels & 2:
            told = agent.numbered()
        if state == AGENT_WORK_NOT_READY or state == AGENT_WORK_READY:
            more = self.wrapup(agent, direction)
        event = self.change.made(values, agent.who, levels, 0, more, told, None)
        if state != AGENT_LOGOUT or before == AGENT_LOGOUT or before == AGENT_UNKNOWN:
            events.append(event)
            return 0
        events.append(self.first.made(values, agent.who, levels, 0, None, told, None))
        events.append(event)
        events.append(self.last.made(values, agent.who, levels, 0, None, told, None))
        return 0

    def plain(self, Message message not None, double now):
        """An event whose parameters are the fields of one message."""
        cdef list events = []
        self.take_plain(message, events)
        return events

    cdef int take_plain(self, Message message, list events) except -1:
        cdef tuple both = self.plain_of[message._view.type]
        events.append((<Maker>both[1]).told((<Table>both[0]), message, self.agents, self.levels))
        return 0


def no_wrapup(agent, way):
    """Nothing besides."""
    return None
