# Events of a site: from the values of an object straight to the bytes of a frame.

cdef enum:
    TO_NUMBER = 1
    TO_TEXT = 2
    SCRATCH = 24
    ITEMS = 192    # entries of one event
    PLANNED = 128  # of them in a plan

ctypedef struct item_plan:
    int16_t slot
    uint16_t key       # keyword id, or CW_KEY_NAMED
    uint8_t coerce
    uint8_t kind       # documented type of a number; CW_T_INT for the one it has anyway
    uint8_t drop       # bit by which it may be left out
    int64_t least
    int64_t most
    PyObject *name     # borrowed from `names`
    PyObject *absent   # borrowed from `defaults`; NULL: left out where there is no value


cdef uint64_t _empty_block = 8  # size 8, no entries


@cython.final
cdef class _Items:
    """The entries of one event at one level, in order."""
    cdef item_plan items[ITEMS]
    cdef uint32_t count
    cdef tuple names, defaults
    cdef object keys  # frozenset of the names

    cdef int fill(self, Schema schema, entries, dict ids, dict types, tuple drops) except -1:
        cdef uint32_t i
        cdef item_plan *item
        entries = list(entries)
        if len(entries) > PLANNED:
            raise ValueError(f"more than {PLANNED} entries in one event")
        self.names = tuple([entry[0].encode() for entry in entries])
        self.defaults = tuple([entry[1] for entry in entries])
        self.keys = frozenset([entry[0] for entry in entries])
        self.count = len(entries)
        for i, (name, default, coerce) in enumerate(entries):
            item = &self.items[i]
            item.slot = schema.slot(name)
            if item.slot < 0:
                raise ValueError(f"{name}: the schema has no place for it")
            item.key = ids.get(name, 0) or CW_KEY_NAMED
            item.coerce = {"number": TO_NUMBER, "text": TO_TEXT, "": 0}[coerce]
            kind, item.least, item.most = types.get(name, (CW_T_INT, 0, 0))
            item.kind = kind
            item.drop = 1 << drops.index(name) if name in drops else 0
            item.name = <PyObject *>self.names[i]
            item.absent = NULL if default is None else <PyObject *>self.defaults[i]
        return 0


cdef class _Rare(Exception):
    pass


cdef enum:
    MOST_GROUPS = 99  # what the documents number
    GROUP_BLOCK = 64


@cython.final
cdef class _Groups:
    """The skill groups of an agent, each a block of its own."""
    cdef uint8_t room[MOST_GROUPS * GROUP_BLOCK]
    cdef uint32_t count
    cdef AgentObject agent


cdef int write_value(cw_item *item, object one, uint32_t coerce, const item_plan *plan, char *scratch,
                     list keep) except -1:
    """One value as the event documents it. Raises _Rare for what the Python half must do."""
    cdef int overflow = 0
    cdef long long number
    cdef Py_ssize_t length
    cdef const char *p
    if PyUnicode_CheckExact(one):
        if coerce == TO_NUMBER and PyUnicode_GET_LENGTH(one) and PyUnicode_IS_COMPACT_ASCII(one):
            length = PyUnicode_GET_LENGTH(one)
            p = <const char *>PyUnicode_DATA(one)
            number = 0
            overflow = length > 9
            for i in range(length):
                overflow = overflow or not 48 <= p[i] <= 57
                number = 0 if overflow else 10 * number + (p[i] - 48)
            if not overflow:
                return write_number(item, number, plan)
            if one.isdecimal():
                raise _Rare
        item.type = CW_T_STRING
        if PyUnicode_IS_COMPACT_ASCII(one):
            item.data = <const uint8_t *>PyUnicode_DATA(one)
            item.length = <uint32_t>PyUnicode_GET_LENGTH(one)
            item.flags = 0
            return 0
        raw = (<str>one).encode("utf-8", "surrogateescape")
        keep.append(raw)
        item.data = <const uint8_t *>PyBytes_AS_STRING(raw)
        item.length = <uint32_t>PyBytes_GET_SIZE(raw)
        item.flags = cw_text_flags(item.data, item.length)
        return 0
    if PyLong_CheckExact(one):
        number = PyLong_AsLongLongAndOverflow(one, &overflow)
        if overflow or not -0x80000000LL <= number <= 0xFFFFFFFFLL:
            raise _Rare
        if coerce == TO_TEXT:
            item.type = CW_T_STRING
            item.data = <const uint8_t *>scratch
            item.length = snprintf(scratch, SCRATCH, b"%lld", number)
            item.flags = 0
            return 0
        return write_number(item, number, plan)
    if PyDict_CheckExact(one):
        item.type = CW_T_ARGUMENTS
        item.flags = 0
        if PyDict_GET_SIZE(one) == 0:
            item.data = <const uint8_t *>&_empty_block
            item.length = 8
            return 0
        raw = encode_frame(0, one)
        keep.append(raw)
        item.data = <const uint8_t *>PyBytes_AS_STRING(raw) + FRAME_HEADER
        item.length = <uint32_t>PyBytes_GET_SIZE(raw) - FRAME_HEADER
        return 0
    if (one is True or one is False) and coerce != TO_TEXT:
        item.type = CW_T_BOOL
        item.number = one is True
        return 0
    raise _Rare


cdef inline int write_number(cw_item *item, long long number, const item_plan *plan) except -1:
    if number > 0x7FFFFFFFLL:
        item.type = CW_T_UINT
    else:
        item.type = CW_T_INT
    item.number = <uint32_t>number
    if plan != NULL and plan.kind != CW_T_INT and plan.least <= number <= plan.most:
        item.type = plan.kind
        if plan.kind != CW_T_UINT:
            item.number = <uint16_t>number
    return 0


@cython.final
@cython.freelist(64)
cdef class Event:
    """One event of a site as frames that were written when it happened.

    As SiteEvent: callback, message_id, object_id, agents, key, keep; complete and minimal are read back from the bytes
    when they are asked for.
    """
    cdef readonly Maker maker
    cdef readonly str object_id
    cdef readonly tuple agents
    cdef public object supervisor_mask
    cdef public object _monitored
    cdef bytes _minimal_frame, _complete_frame
    cdef object _minimal, _complete, _encoded0, _encoded1

    @property
    def callback(self):
        """Its documented name."""
        return self.maker.callback

    @property
    def message_id(self):
        """Its number."""
        return self.maker.message_id

    @property
    def keep(self):
        """Whether it must never be dropped."""
        return self.maker.keep

    @property
    def key(self):
        """The object whose state it tells, None for other events."""
        return (self.maker.message_id, self.object_id) if self.maker.state else None

    @property
    def minimal(self):
        """Arguments with MinimizeEventArgs 1."""
        if self._minimal is None:
            if self._minimal_frame is None:
                return self.complete
            self._minimal = read_frame(self._minimal_frame)
        return self._minimal

    @property
    def complete(self):
        """Arguments with MinimizeEventArgs 0; the minimal ones where nobody wanted these."""
        if self._complete is None:
            if self._complete_frame is None:
                return self.minimal
            self._complete = read_frame(self._complete_frame)
        return self._complete

    cpdef bytes frame(self, int level):
        """The frame with MinimizeEventArgs `level`, without epoch and number."""
        if level == 0:
            return self._minimal_frame if self._complete_frame is None else self._complete_frame
        return self._complete_frame if self._minimal_frame is None else self._minimal_frame

    def encoded(self, int level):
        """The same as an Encoded."""
        if level == 0:
            if self._encoded0 is None:
                self._encoded0 = new_encoded(self.maker.message_id, self.frame(0))
            return self._encoded0
        if self._encoded1 is None:
            self._encoded1 = new_encoded(self.maker.message_id, self.frame(1))
        return self._encoded1

    def monitored(self):
        """As SourceEvent has it."""
        return monitored_of(self)

    def __repr__(self):
        return f"<{self.maker.callback} {self.object_id}>"


def install(*, read, encoded, monitored):
    """Functions of the Python side: a frame's arguments as a dict, a new Encoded, SourceEvent.monitored."""
    global read_frame, new_encoded, monitored_of
    read_frame, new_encoded, monitored_of = read, encoded, monitored


cdef object read_frame = None, new_encoded = None, monitored_of = None


@cython.final
cdef class Maker:
    """Makes the events of one kind out of Values.

    minimal, complete: (keyword, what stands for none or None to leave it out, "number", "text" or "") in order; types:
    by keyword (type, least, most) of numbers; ids: numbers of keywords; drops: keywords that an event may lack, each by
    its bit. slow: the Python half's Maker, for what is rare. keep, state: as SourceEvent has them.
    """
    cdef readonly str callback
    cdef readonly uint32_t message_id
    cdef readonly bint keep, state
    cdef readonly bint masked  # every client learns EnablementMask from it
    cdef readonly object slow
    cdef _Items minimal_items, complete_items
    cdef Py_ssize_t object_slot, peripheral_slot, agent_slot
    cdef Schema schema
    cdef dict types
    cdef object own

    def __init__(self, str callback not None, uint32_t message_id, Schema schema not None, minimal, complete, *,
                 dict types not None, dict ids not None, tuple drops=(), own=frozenset(), bint keep=False,
                 bint state=False, slow=None):
        self.callback, self.message_id, self.keep, self.state, self.slow = callback, message_id, keep, state, slow
        self.types, self.own, self.schema = types, own, schema
        self.minimal_items, self.complete_items = _Items.__new__(_Items), _Items.__new__(_Items)
        self.minimal_items.fill(schema, minimal, ids, types, drops)
        self.complete_items.fill(schema, complete, ids, types, drops)
        self.masked = "EnablementMask" in self.minimal_items.keys
        self.object_slot = schema.slot("UniqueObjectID")
        self.peripheral_slot, self.agent_slot = schema.slot("PeripheralID"), schema.slot("AgentID")

    def make(self, Values values not None, tuple agents, int levels, int dropped=0, dict more=None, told=None,
             Table table=None):
        """The event as the values are now.

        levels: 1 for MinimizeEventArgs 1, 2 for 0, 3 for both. dropped: bits of what it lacks. more: what it has
        besides, in both; told: what the message said, of which the complete set has all: a dict, or the message, which
        table reads.
        """
        if values.schema is not self.schema:
            raise ValueError("the values are of another schema")
        return self.made(values, agents, levels, dropped, more, told, table)

    cdef object made(self, Values values, tuple agents, int levels, int dropped, dict more, object told, Table table):
        """make() with values that are known to be of the schema."""
        cdef Event event = Event.__new__(Event)
        cdef PyObject *unique
        unique = NULL if self.object_slot < 0 else values.slots[self.object_slot]
        try:
            if levels & 1:
                event._minimal_frame = self.frame(self.minimal_items, values, dropped, more, None, None)
            if levels & 2:
                event._complete_frame = self.frame(self.complete_items, values, dropped, more, told, table)
        except (_Rare, ValueError, TypeError, OverflowError):
            if type(told) is _Groups:
                told = (<_Groups>told).agent.numbered()
            return self.slow.make(values, agents, levels, dropped, more, told, table)
        event.maker = self
        event.agents = agents
        event.object_id = <str>unique if unique != NULL and PyUnicode_CheckExact(<object>unique) else ""
        return event

    def tell(self, Table table not None, Message message not None, dict agents not None, int levels):
        """The event that has the fields of a message alone; of the agent whom it names, if `agents` has him by his key."""
        return self.told(table, message, agents, levels)

    cdef object told(self, Table table, Message message, dict agents, int levels):
        cdef Values values = Values.__new__(Values, self.schema)
        cdef tuple who = ()
        cdef PyObject *peripheral
        cdef PyObject *agent
        cdef PyObject *found
        if table.schema is not self.schema:
            raise ValueError("the table is of another schema")
        table.heard(message, table.plan_of(&message._view), _NOBODY, values)
        if self.peripheral_slot >= 0 and self.agent_slot >= 0:
            peripheral, agent = values.slots[self.peripheral_slot], values.slots[self.agent_slot]
            if peripheral != NULL and agent != NULL and PyUnicode_CheckExact(<object>agent):
                found = PyDict_GetItemWithError(
                    agents, key_of(b"agent", 5, <object>peripheral, None, <str><object>agent))
                if found != NULL:
                    who = (<AgentObject?>found).who
        return self.made(values, who, levels, 0, None, None, None)

    cdef bytes frame(self, _Items plan, Values values, int dropped, dict more, told, Table table):
        cdef cw_item items[ITEMS]
        cdef char scratch[PLANNED * SCRATCH]
        cdef char *free_text = scratch
        cdef cw_error error
        cdef uint32_t i, count = 0
        cdef const item_plan *one
        cdef PyObject *value
        cdef list keep = []
        cdef size_t size
        cdef bytes result
        cdef uint8_t *head
        for i in range(plan.count):
            one = &plan.items[i]
            if one.drop & dropped:
                continue
            value = values.slots[one.slot]
            if value == NULL:
                value = one.absent
                if value == NULL:
                    continue
            items[count].key = one.key
            if one.key == CW_KEY_NAMED:
                items[count].name = <const uint8_t *>PyBytes_AS_STRING(<object>one.name)
                items[count].name_length = <uint16_t>PyBytes_GET_SIZE(<object>one.name)
            write_value(&items[count], <object>value, one.coerce, one, free_text, keep)
            if one.coerce == TO_TEXT:
                free_text += SCRATCH
            count += 1
        if isinstance(told, Message):
            if more is not None or table is None:
                raise _Rare
            count = self.message_extras(plan, items, count, <Message>told, table, values, keep)
        elif type(told) is _Groups:
            count = put_groups(items, count, <_Groups>told)
        elif told is not None:
            for key in <dict?>told:
                if key not in plan.keys and key not in self.own:
                    if more is not None and key in more:
                        raise _Rare
                    count = self.append(items, count, key, told[key], keep)
        if more is not None:
            for key in more:
                if key in plan.keys:
                    raise _Rare
                count = self.append(items, count, key, more[key], keep)
        size = cw_build_size(items, count, &error)
        if not size:
            raise _Rare
        result = PyBytes_FromStringAndSize(NULL, FRAME_HEADER + size)
        if cw_build(items, count, <uint8_t *>PyBytes_AS_STRING(result) + FRAME_HEADER, size, &error) < 0:
            raise _Rare
        head = <uint8_t *>PyBytes_AS_STRING(result)
        memset(head, 0, FRAME_HEADER)
        cw_store32(head, <uint32_t>(FRAME_HEADER + size))
        cw_store32(head + 4, self.message_id)
        head[12] = 1  # EVENT
        return result

    cdef uint32_t message_extras(self, _Items plan, cw_item *items, uint32_t count, Message message, Table table,
                                 Values values, list keep) except? 0:
        """What a message tells that the plan has not, in the order in which a dict of it would have it."""
        cdef const cw_ged_view *view = &message._view
        cdef _MessagePlan fields = table.plan_of(view)
        cdef cw_ged_field field
        cdef uint32_t i, at = view.end
        cdef const target *goal
        cdef _Extras extras
        cdef PyObject *held = PyDict_GetItemWithError(fields.extras, plan)
        if held == NULL:
            extras = new_extras(self, plan, fields)
            fields.extras[plan] = extras
        else:
            extras = <_Extras>held
        if extras.rare:
            raise _Rare
        for i in range(fields.count):
            if extras.fixed[2 * i].key or extras.fixed[2 * i + 1].key:
                goal = &fields.fixed[i]
                one = number_of(view.data + goal.code, goal.kind, goal.flags)
                count = put_extra(items, count, &extras.fixed[2 * i], one, keep)
        while cw_ged_at(view, at, &field):
            if field.slot >= 0 and at == view.first[field.slot]:
                goal = &fields.floating[field.slot]
                if goal.kind >= CW_GED_NAMEDVAR:
                    raise _Rare
                i = field.slot
                if goal.first >= 0 and (extras.floating[2 * i].key or extras.floating[2 * i + 1].key):
                    one = value_of(&field, goal)
                    count = put_extra(items, count, &extras.floating[2 * i], one, keep)
            at = field.next
        if fields.signature >= 0 and view.first[fields.signature]:
            raise _Rare
        for i in range(PyTuple_GET_SIZE(extras.behind)):
            name = extras.behind[i]
            count = self.append(items, count, name, values[name], keep)
        return count

    cdef uint32_t append(self, cw_item *items, uint32_t count, object key, object value, list keep) except? 0:
        """One entry that the plan has not."""
        cdef uint32_t id
        cdef item_plan plan
        if count == ITEMS:
            raise _Rare
        raw = key.encode()
        keep.append(raw)
        id = cw_keyword_id(<const uint8_t *>PyBytes_AS_STRING(raw), PyBytes_GET_SIZE(raw))
        items[count].key = <uint16_t>(id if id else CW_KEY_NAMED)
        if not id:
            items[count].name = <const uint8_t *>PyBytes_AS_STRING(raw)
            items[count].name_length = <uint16_t>PyBytes_GET_SIZE(raw)
        plan.kind, plan.least, plan.most = self.types.get(key, (CW_T_INT, 0, 0))
        write_value(&items[count], value, 0, &plan, NULL, keep)
        return count + 1


@cython.final
cdef class _Extras:
    """What messages of one layout have besides a plan: two keywords a field, key 0 for none."""
    cdef item_plan fixed[128]
    cdef item_plan floating[128]
    cdef bint rare
    cdef tuple behind  # what follows from the fields, in order


cdef _Extras new_extras(Maker maker, _Items plan, _MessagePlan fields):
    cdef _Extras found = _Extras.__new__(_Extras)
    cdef uint32_t i
    found.rare = fields.twice or (fields.router_may_lack and "ICMEnterpriseUniqueID" not in plan.keys)
    behind = (("ECC", fields.variables), ("CTIClients", fields.clients), ("ICMEnterpriseUniqueID", fields.router))
    found.behind = tuple([name for name, there in behind if there and name not in plan.keys])
    for i in range(fields.count):
        fill_extra(maker, plan, fields.fixed_names[i], &found.fixed[2 * i])
    for i in range(PyTuple_GET_SIZE(fields.floating_names)):
        fill_extra(maker, plan, fields.floating_names[i], &found.floating[2 * i])
    return found


cdef int fill_extra(Maker maker, _Items plan, tuple names, item_plan *two) except -1:
    cdef uint32_t i
    for i in range(2):
        two[i].key = 0
        name = names[i]
        if name and name not in plan.keys and name not in maker.own:
            raw = name.encode()
            two[i].key = <uint16_t>cw_keyword_id(<const uint8_t *>PyBytes_AS_STRING(raw), PyBytes_GET_SIZE(raw))
            two[i].kind, two[i].least, two[i].most = maker.types.get(name, (CW_T_INT, 0, 0))
    return 0


cdef uint32_t put_groups(cw_item *items, uint32_t count, _Groups groups) except? 0:
    cdef uint32_t i
    cdef bytes name
    for i in range(groups.count):
        if count == ITEMS:
            raise _Rare
        name = <bytes>PyList_GET_ITEM(_group_names, i)
        items[count].key = CW_KEY_NAMED
        items[count].name = <const uint8_t *>PyBytes_AS_STRING(name)
        items[count].name_length = <uint16_t>PyBytes_GET_SIZE(name)
        items[count].type = CW_T_ARGUMENTS
        items[count].flags = 0
        items[count].data = groups.room + i * GROUP_BLOCK
        items[count].length = cw_load32(items[count].data)
        count += 1
    return count


cdef inline uint32_t put_extra(cw_item *items, uint32_t count, const item_plan *two, object one, list keep) except? 0:
    cdef uint32_t i
    keep.append(one)
    for i in range(2):
        if two[i].key:
            if count == ITEMS:
                raise _Rare
            items[count].key = two[i].key
            write_value(&items[count], one, 0, &two[i], NULL, keep)
            count += 1
    return count
