# What is known of a call or an agent: one value a keyword, and how messages change it.

cdef object _MISSING = object()
cdef tuple _NOTHING = ("", 0, None)
cdef list _NOBODY = []


@cython.final
cdef class Schema:
    """The keywords that Values have a place for; others are kept as well, but slower."""
    cdef readonly tuple names
    cdef dict slots

    def __init__(self, names):
        self.names = tuple([sys.intern(name) for name in dict.fromkeys(names)])
        self.slots = {name: i for i, name in enumerate(self.names)}

    cdef Py_ssize_t slot(self, object name) except -2:
        """-1 when there is none."""
        cdef PyObject *found = PyDict_GetItemWithError(self.slots, name)
        return -1 if found == NULL else PyLong_AsSsize_t(<object>found)


@cython.final
@cython.no_gc  # values are plain: no cycles
cdef class Values:
    """A mapping from keywords to values, with one place for each keyword of a schema."""
    cdef Schema schema
    cdef PyObject **slots
    cdef Py_ssize_t size
    cdef dict rest  # keywords that the schema lacks; None for none

    def __cinit__(self, Schema schema not None, given=()):
        self.schema = schema
        self.size = len(schema.names)
        self.slots = <PyObject **>PyMem_Calloc(self.size + 1, sizeof(PyObject *))
        if self.slots == NULL:
            raise MemoryError
        if given:
            self.update(given)

    def __dealloc__(self):
        cdef Py_ssize_t i
        if self.slots != NULL:
            for i in range(self.size):
                Py_XDECREF(self.slots[i])
            PyMem_Free(self.slots)

    cdef inline void put(self, Py_ssize_t slot, object one):
        cdef PyObject *old = self.slots[slot]
        if old != <PyObject *>one:
            Py_INCREF(one)
            self.slots[slot] = <PyObject *>one
            Py_XDECREF(old)

    cdef object find(self, object key):
        """The value, or _MISSING."""
        cdef Py_ssize_t slot = self.schema.slot(key)
        if slot >= 0:
            return _MISSING if self.slots[slot] == NULL else <object>self.slots[slot]
        return _MISSING if self.rest is None else self.rest.get(key, _MISSING)

    def __getitem__(self, key):
        found = self.find(key)
        if found is _MISSING:
            raise KeyError(key)
        return found

    def get(self, key, default=None):
        """The value of a keyword, or default."""
        found = self.find(key)
        return default if found is _MISSING else found

    def __contains__(self, key):
        return self.find(key) is not _MISSING

    def __setitem__(self, key, one):
        cdef Py_ssize_t slot = self.schema.slot(key)
        if slot >= 0:
            self.put(slot, one)
        else:
            if self.rest is None:
                self.rest = {}
            self.rest[key] = one

    def __delitem__(self, key):
        cdef Py_ssize_t slot = self.schema.slot(key)
        if slot >= 0 and self.slots[slot] != NULL:
            Py_CLEAR(self.slots[slot])
        elif slot < 0 and self.rest is not None:
            del self.rest[key]
        else:
            raise KeyError(key)

    def update(self, given=(), /, **more):
        """Take over what a mapping has."""
        if given:
            for key in given:
                self[key] = given[key]
        for key in more:
            self[key] = more[key]

    def assign(self, tuple names not None, tuple values not None):
        """Take over values for names, one for each."""
        cdef Py_ssize_t i, slot, count = PyTuple_GET_SIZE(names)
        if PyTuple_GET_SIZE(values) != count:
            raise ValueError(f"expected {count} values, got {len(values)}")
        for i in range(count):
            slot = self.schema.slot(<object>PyTuple_GET_ITEM(names, i))
            if slot >= 0:
                self.put(slot, <object>PyTuple_GET_ITEM(values, i))
            else:
                self[names[i]] = values[i]

    def fill(self, Values other not None):
        """Take over what another one has and this one has not, or as "" or 0 only."""
        cdef Py_ssize_t i
        cdef PyObject *held
        if other.schema is not self.schema:
            raise ValueError("the values are of another schema")
        for i in range(self.size):
            if other.slots[i] == NULL:
                continue
            held = self.slots[i]
            if held == NULL or <object>held in _NOTHING:
                self.put(i, <object>other.slots[i])

    def keys(self):
        """The keywords that have a value."""
        return list(self)

    def values(self):
        """The values, in the order of the keys."""
        return [self[key] for key in self]

    def items(self):
        """Both, in pairs."""
        return [(key, self[key]) for key in self]

    def __iter__(self):
        cdef Py_ssize_t i
        found = [self.schema.names[i] for i in range(self.size) if self.slots[i] != NULL]
        if self.rest is not None:
            found += self.rest
        return iter(found)

    def __len__(self):
        cdef Py_ssize_t i, count = 0 if self.rest is None else len(self.rest)
        for i in range(self.size):
            count += self.slots[i] != NULL
        return count

    def copy(self):
        """Another one with the same values."""
        return self.copied()

    cdef Values copied(self):
        cdef Values other = Values.__new__(Values, self.schema)
        cdef Py_ssize_t i
        for i in range(self.size):
            Py_XINCREF(self.slots[i])
            other.slots[i] = self.slots[i]
        if self.rest is not None:
            other.rest = dict(self.rest)
        return other

    def __eq__(self, other):
        if not isinstance(other, (dict, Values)):
            return NotImplemented
        return dict(self) == dict(other)

    def __repr__(self):
        return repr(dict(self))


cdef enum:
    OWN = 1     # of one connection: the others of the call are not told
    DEVICE = 2  # of the device that the message is about: likewise
    SIGNED = 4  # all ones mean that there is none: -1

ctypedef struct target:
    int32_t code      # of a fixed field: offset << 4 | type
    int16_t first     # slots; -1 for none
    int16_t second
    int16_t full      # of the first with Full at its end
    int16_t second_full
    uint8_t kind
    uint8_t flags     # of the first
    uint8_t second_flags


@cython.final
cdef class _MessagePlan:
    """Where the fields of one message type at one version go."""
    cdef uint32_t key
    cdef target fixed[64]
    cdef target floating[64]
    cdef uint32_t count
    cdef bint variables, clients, router
    cdef int32_t signature  # slot of the clients' list, -1 for none
    cdef bint twice         # some keyword comes from more than one field
    cdef bint router_may_lack  # the router key is a floating field
    cdef tuple fixed_names, floating_names  # (first, second) of each field
    cdef dict extras        # by _Items: what a message has besides
    # Where the fields stand by which the object of a message is found; -1 where it has none.
    cdef int32_t at_peripheral, at_call, at_kind, at_groups
    cdef Py_ssize_t device, alerting, releasing, agent
    cdef bint ids, agent_ids
    # Slots of the lists of skill groups, with what kind their fields are.
    cdef Py_ssize_t group[4]
    cdef uint8_t group_kind[4]
    cdef uint8_t group_flags[4]


@cython.final
cdef class Table:
    """Which fields of messages become which keywords, and which connections of a call they concern.

    names: by field (keyword, another or "", whether absent is -1). own, devices: keywords of one connection, and of the
    device that a message is about. full: by keyword the one with Full at its end. kept: a keyword that messages do not
    change. fields(message) -> dict: the same in Python, for what is rare; calls: whether messages have variables,
    clients and router keys that belong to calls.
    """
    cdef Schema schema
    cdef dict names, full, plans
    cdef object own, devices
    cdef readonly object fields
    cdef Py_ssize_t kept, ecc, cti_clients, router_day, router_call, enterprise
    cdef bint calls
    cdef PyObject *recent[512]  # by view.index: the plan used last; borrowed from `plans`

    def __init__(self, Schema schema not None, dict names not None, *, own=frozenset(), devices=frozenset(),
                 dict full=None, kept="", fields=None, bint calls=False):
        self.schema = schema
        self.names, self.full, self.plans = names, full or {}, {}
        self.own, self.devices, self.fields = own, devices, fields
        self.calls = calls
        self.kept = schema.slot(kept)
        self.ecc, self.cti_clients = schema.slot("ECC"), schema.slot("CTIClients")
        self.router_day, self.router_call = schema.slot("RouterCallKeyDay"), schema.slot("RouterCallKeyCallID")
        self.enterprise = schema.slot("ICMEnterpriseUniqueID")

    cdef target target_of(self, object name):
        cdef target found
        entry = self.names.get(name)
        found.code = 0
        found.kind = 0
        found.first = found.second = found.full = found.second_full = -1
        found.flags = found.second_flags = 0
        if entry is None or not entry[0]:
            return found
        first, second, signed = entry
        found.first = self.schema.slot(first)
        found.flags = self.flags_of(first) | (SIGNED if signed else 0)
        found.full = self.schema.slot(self.full.get(first, ""))
        if second:
            found.second = self.schema.slot(second)
            found.second_flags = self.flags_of(second)
            found.second_full = self.schema.slot(self.full.get(second, ""))
        if found.first < 0 or (second and found.second < 0):
            raise ValueError(f"{name}: the schema has no place for it")
        return found

    cdef uint8_t flags_of(self, object keyword):
        return (OWN if keyword in self.own else 0) | (DEVICE if keyword in self.devices else 0)

    cdef _MessagePlan plan_of(self, const cw_ged_view *view):
        cdef uint32_t key = (<uint32_t>view.version << 1 | view.part) << 9 | view.index
        cdef PyObject *held = self.recent[view.index & 511]
        if held != NULL and (<_MessagePlan>held).key == key:
            return <_MessagePlan>held
        return self.find_plan(view, key)

    cdef _MessagePlan find_plan(self, const cw_ged_view *view, uint32_t key):
        cdef _MessagePlan plan
        cdef uint32_t i
        cdef PyObject *held = PyDict_GetItemWithError(self.plans, key)
        if held != NULL:
            self.recent[view.index & 511] = held
            return <_MessagePlan>held
        layout = layout_of(view.type, view.version, view.part)
        plan = _MessagePlan.__new__(_MessagePlan)
        plan.count = len(layout.fixed)
        if plan.count > 64:
            raise ValueError(f"{layout.spec.name}: more than 64 fixed fields")
        for i, field in enumerate(layout.fixed):
            plan.fixed[i] = self.target_of(field.name)
            plan.fixed[i].code = layout.offsets[field.name]
            plan.fixed[i].kind = _types[field.type.value]
        for i, field in enumerate(layout.floating):
            plan.floating[i] = self.target_of(field.name)
            plan.floating[i].kind = _types[field.type.value]
            if field.is_array or layout.repeats[i]:
                plan.floating[i].first = -1
        names = {field.name for field in (*layout.fixed, *layout.floating)}
        plan.fixed_names = tuple([self.names.get(field.name, ("", ""))[:2] for field in layout.fixed])
        plan.floating_names = tuple([self.names.get(field.name, ("", ""))[:2] for field in layout.floating])
        keywords = [name for pair in (*plan.fixed_names, *plan.floating_names) for name in pair if name]
        plan.twice = len(keywords) != len(set(keywords))
        plan.extras = {}
        plan.variables = self.calls and "NumNamedVariables" in names
        plan.clients = self.calls and "NumCTIClients" in names
        plan.signature = layout.slots.get("CTIClientSignature", -1)
        plan.router = self.calls and "RouterCallKeyCallID" in names
        plan.router_may_lack = plan.router and "RouterCallKeyCallID" not in layout.names
        plan.at_peripheral, plan.at_call = layout.offsets.get("PeripheralID", -1), layout.offsets.get("ConnectionCallID", -1)
        plan.at_kind, plan.at_groups = layout.offsets.get("PeripheralType", -1), layout.offsets.get("NumFltSkillGroups", -1)
        plan.device, plan.agent = layout.slots.get("ConnectionDeviceID", -1), layout.slots.get("AgentID", -1)
        plan.alerting = layout.slots.get("AlertingDeviceID", -1)
        plan.releasing = layout.slots.get("ReleasingDeviceID", -1)
        kinds = {field.name: field.type.value for field in layout.fixed}
        plan.ids = kinds.get("PeripheralID") == kinds.get("ConnectionCallID") == "UINT"
        plan.agent_ids = kinds.get("PeripheralID") == "UINT" and kinds.get("PeripheralType") == "USHORT"
        for i, name in enumerate(("SkillGroupNumber", "SkillGroupID", "SkillGroupPriority", "SkillGroupState")):
            plan.group[i] = layout.slots.get("Flt" + name, -1)
            if plan.group[i] >= 0:
                plan.group_kind[i] = _types[layout.floating[plan.group[i]].type.value]
                entry = self.names.get(name)
                plan.group_flags[i] = SIGNED if i and entry is not None and entry[2] else 0
        plan.key = key
        self.plans[key] = plan
        self.recent[view.index & 511] = <PyObject *>plan
        return plan

    def hear(self, Message message not None, list shared not None, Values mine=None):
        """Take what a message tells into the values of a call: what is of the call as a whole into shared, all of it
        into mine."""
        cdef Values one_of
        for one_of in shared:
            self.check(one_of)
        if mine is not None:
            self.check(mine)
        self.heard(message, self.plan_of(&message._view), shared, mine)

    cdef int heard(self, Message message, _MessagePlan plan, list shared, Values mine) except -1:
        """hear() with values that are known to be of the schema."""
        cdef const cw_ged_view *view = &message._view
        cdef cw_ged_field field
        cdef uint32_t i, at = view.end
        cdef bint named = False, router = False
        cdef const target *goal
        for i in range(plan.count):
            goal = &plan.fixed[i]
            if goal.first >= 0:
                self.spread(goal, number_of(view.data + goal.code, goal.kind, goal.flags), shared, mine)
        while cw_ged_at(view, at, &field):
            if field.slot >= 0 and at == view.first[field.slot]:
                goal = &plan.floating[field.slot]
                if goal.kind >= CW_GED_NAMEDVAR:
                    named = True
                elif goal.first >= 0:
                    self.spread(goal, value_of(&field, goal), shared, mine)
                    router = router or goal.first == self.router_call
            at = field.next
        if self.calls and named or (plan.clients and plan.signature >= 0 and view.first[plan.signature]):
            told = self.fields(message)
            for key in ("ECC", "CTIClients"):
                if key in told:
                    self.spread_key(key, told[key], shared, mine)
        else:
            if plan.variables:
                self.empty(self.ecc, shared, mine)
            if plan.clients:
                self.empty(self.cti_clients, shared, mine)
        if plan.router:
            self.enterprise_id(view, plan, shared, mine)
        return 0

    cdef inline int check(self, Values values) except -1:
        if values.schema is not self.schema:
            raise ValueError("the values are of another schema")
        return 0

    cdef int empty(self, Py_ssize_t slot, list shared, Values mine) except -1:
        """A nested value is empty; a dict that is so already stays."""
        cdef Values one
        cdef dict none = None
        for one in shared:
            if not self.is_empty(one, slot):
                none = {} if none is None else none
                one.put(slot, none)
        if mine is not None and not self.is_empty(mine, slot):
            mine.put(slot, {} if none is None else none)
        return 0

    cdef inline bint is_empty(self, Values one, Py_ssize_t slot):
        cdef PyObject *held = one.slots[slot]
        return held != NULL and PyDict_CheckExact(<object>held) and PyDict_GET_SIZE(<object>held) == 0

    cdef int spread_key(self, object key, object one, list shared, Values mine) except -1:
        cdef Values values
        cdef Py_ssize_t slot = self.schema.slot(key)
        for values in shared:
            values.put(slot, one)
        if mine is not None:
            mine.put(slot, one)
        return 0

    cdef int enterprise_id(self, const cw_ged_view *view, _MessagePlan plan, list shared, Values mine) except -1:
        """ICMEnterpriseUniqueID of the message's router key, when it has one."""
        cdef int64_t day = 0, call = 0
        cdef bint there = False
        cdef uint32_t i
        cdef cw_ged_field field
        cdef char scratch[64]
        for i in range(plan.count):
            if plan.fixed[i].first == self.router_day:
                day = plain_number(view.data + plan.fixed[i].code, plan.fixed[i].kind, plan.fixed[i].flags)
            elif plan.fixed[i].first == self.router_call:
                call = plain_number(view.data + plan.fixed[i].code, plan.fixed[i].kind, plan.fixed[i].flags)
                there = True
        for i in range(view.slots):
            if view.first[i] and plan.floating[i].first >= 0 and (
                    plan.floating[i].first == self.router_day or plan.floating[i].first == self.router_call):
                cw_ged_at(view, view.first[i], &field)
                if plan.floating[i].first == self.router_day:
                    day = plain_number(field.data, plan.floating[i].kind, plan.floating[i].flags)
                else:
                    call = plain_number(field.data, plan.floating[i].kind, plan.floating[i].flags)
                    there = True
        if not there:
            return 0
        one = ""
        if day > 0 or call > 0:
            i = snprintf(scratch + 8, 56, b"icm.%lld.%lld", <long long>day, <long long>call)
            one = hot_text(<const uint8_t *>scratch + 8, i)
        return self.spread_key("ICMEnterpriseUniqueID", one, shared, mine)

    cdef inline int spread(self, const target *goal, object one, list shared, Values mine) except -1:
        cdef Py_ssize_t i
        cdef Values values
        if not goal.flags & (OWN | DEVICE):
            for i in range(PyList_GET_SIZE(shared)):
                values = <Values>PyList_GET_ITEM(shared, i)
                values.put(goal.first, one)
                if goal.full >= 0:
                    values.put(goal.full, one)
        if goal.second >= 0 and not goal.second_flags & (OWN | DEVICE):
            for i in range(PyList_GET_SIZE(shared)):
                values = <Values>PyList_GET_ITEM(shared, i)
                values.put(goal.second, one)
                if goal.second_full >= 0:
                    values.put(goal.second_full, one)
        if mine is not None:
            if goal.first != self.kept:
                mine.put(goal.first, one)
            if goal.full >= 0:
                mine.put(goal.full, one)
            if goal.second >= 0:
                mine.put(goal.second, one)
                if goal.second_full >= 0:
                    mine.put(goal.second_full, one)
        return 0


cdef inline int64_t plain_number(const uint8_t *p, uint32_t kind, uint32_t flags) noexcept nogil:
    cdef int64_t one
    if kind == CW_GED_INT:
        one = <int32_t>load32(p)
    elif kind == CW_GED_UINT or kind == CW_GED_TIME:
        one = load32(p)
    else:
        one = p[0] if kind == CW_GED_UCHAR else load16(p)
    if (flags & SIGNED) != 0 and (one == 0xFFFF or one == 0xFFFFFFFFLL):
        one = -1
    return one


cdef inline object number_of(const uint8_t *p, uint32_t kind, uint32_t flags):
    return hot_int(plain_number(p, kind, flags))


cdef inline object value_of(const cw_ged_field *field, const target *goal):
    """A floating field; bytes are text without their NULs."""
    if goal.kind == CW_GED_STRING:
        return text(field.data, field.length)
    if goal.kind == CW_GED_UNSPEC:
        one = PyBytes_FromStringAndSize(<const char *>field.data, field.length)
        return one.rstrip(b"\0").decode("utf-8", "surrogateescape")
    return number_of(field.data, goal.kind, goal.flags)


cdef inline uint32_t load16(const uint8_t *p) noexcept nogil:
    return <uint32_t>p[0] << 8 | p[1]


cdef inline uint32_t load32(const uint8_t *p) noexcept nogil:
    return load16(p) << 16 | load16(p + 2)


cdef inline str text(const uint8_t *p, size_t length):
    """What stands before the first NUL. The 8 bytes before p are the message's own."""
    cdef const uint8_t *end = <const uint8_t *>memchr(p, 0, length)
    if end != NULL:
        length = end - p
    if cw_text_flags(p, length) == 0:
        return hot_text(p, <uint32_t>length)
    return PyUnicode_DecodeUTF8(<const char *>p, length, b"surrogateescape")


cdef dict _types = {"UCHAR": CW_GED_UCHAR, "USHORT": CW_GED_USHORT, "BOOL": CW_GED_BOOL, "INT": CW_GED_INT,
                    "UINT": CW_GED_UINT, "TIME": CW_GED_TIME, "STRING": CW_GED_STRING, "UNSPEC": CW_GED_UNSPEC,
                    "NAMEDVAR": CW_GED_NAMEDVAR, "NAMEDARRAY": CW_GED_NAMEDARRAY}
