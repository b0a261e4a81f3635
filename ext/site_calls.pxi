# What is done for nearly every message of a call: fastcil.server.site.call_core has it in words.

cdef enum:
    LCS_NULL = 0
    LCS_INITIATE = 1
    LCS_ALERTING = 2
    LCS_CONNECT = 3
    NO_STATUS = 1
    NO_TARGET = 2
    MASK_STATUSES = 16
    MASK_KINDS = 64


@cython.final
cdef class _Row:
    """What a message about one connection does, by CallCore.SIMPLE."""
    cdef str callback, acting
    cdef object status           # None: that of the message
    cdef Py_ssize_t place, full  # of the device that acts, -1 for none
    cdef bint rings, answers, diverts, fails


@cython.final
cdef class CallCore:
    """Conversations, their connections and their events.

    new: the values of a call of which nothing was told; announced: of one that is not there yet; untold: what the
    announcement of a call that is there may add. table, waiting: how messages of calls, and of calls that are
    announced, are read. maker(callback, minimal_set): makes the events of a kind. simple: the rows of SIMPLE by number; whole: WHOLE with numbers. own: keywords that a new connection does not
    inherit. mask: of a call, as enablement.call_mask.
    """
    cdef public int levels
    cdef public object told
    cdef readonly dict precalls, handlers
    cdef readonly object objects
    cdef str _minimal_set
    cdef dict conversations, calls, at_device, at_instrument, agent_at, peripheral_types, makers
    cdef Values new, announced, untold
    cdef Maker precall_maker, abort_maker
    cdef Table table, waiting
    cdef object make_maker, call_mask
    cdef list rows, masks
    cdef Py_ssize_t s_unique_id, s_call, s_device, s_call_call, s_call_device, s_device_id, s_device_key
    cdef Py_ssize_t s_peripheral, s_kind, s_status, s_mask, s_ecc, s_clients, s_enterprise
    cdef Py_ssize_t s_releasing, s_releasing_full, s_instrument
    cdef tuple own_slots

    def __init__(self, objects, *, Values new not None, Values announced not None, Values untold not None,
                 Table table not None, Table waiting not None, maker, dict simple not None, dict whole not None, tuple own not None, mask):
        cdef Schema schema = new.schema
        cdef _Row row
        self.objects = objects
        self.conversations, self.calls = objects.conversations, objects.calls
        self.at_device, self.agent_at, self.at_instrument = objects.at_device, objects.agent_at, objects.at_instrument
        self.peripheral_types = objects.peripheral_types
        self.levels, self.told, self.precalls = 3, {}, {}
        self._minimal_set, self.makers, self.make_maker, self.call_mask = "section", {}, maker, mask
        self.new, self.announced, self.untold = new, announced, untold
        self.table, self.waiting = table, waiting
        self.precall_maker, self.abort_maker = (
            maker("OnAgentPrecallEvent", "section"), maker("OnAgentPrecallAbortEvent", "section"))
        self.masks = [None] * (MASK_STATUSES * MASK_KINDS)
        names = ("UniqueObjectID", "ConnectionCallID", "ConnectionDeviceID", "CallConnectionCallID",
                 "CallConnectionDeviceID", "DeviceID", "DeviceUniqueObjectID", "PeripheralID", "PeripheralType",
                 "CallStatus", "EnablementMask", "ECC", "CTIClients", "ICMEnterpriseUniqueID", "ReleasingDeviceID",
                 "ReleasingDeviceIDFull", "AgentInstrument", *own)
        for name in names:
            if schema.slot(name) < 0:
                raise ValueError(f"{name}: the schema has no place for it")
        (self.s_unique_id, self.s_call, self.s_device, self.s_call_call, self.s_call_device, self.s_device_id,
         self.s_device_key, self.s_peripheral, self.s_kind, self.s_status, self.s_mask, self.s_ecc, self.s_clients,
         self.s_enterprise, self.s_releasing, self.s_releasing_full, self.s_instrument) = [
             schema.slot(name) for name in names[:17]]
        self.own_slots = tuple([(schema.slot(name), "" if name == "ConnectionDeviceID" else 0) for name in own])
        self.rows = [None] * 512
        self.handlers = {
            whole["begin"]: self.begin,
            whole["end"]: self.end,
            whole["cleared"]: self.cleared,
            whole["connection_cleared"]: self.connection_cleared,
            whole["precall"]: self.precall,
            whole["precall_abort"]: self.precall_abort,
        }
        for number, (callback, status, acting) in simple.items():
            row = _Row.__new__(_Row)
            row.callback, row.status, row.acting = callback, status, acting
            row.place, row.full = schema.slot(acting), schema.slot(acting + "Full")
            row.rings, row.answers = callback == "OnCallDelivered", callback == "OnCallEstablished"
            row.diverts, row.fails = callback == "OnCallDiverted", callback == "OnCallFailed"
            if (row.rings or row.answers) and (row.place < 0 or row.full < 0):
                raise ValueError(f"{acting}: the schema has no place for it")
            self.rows[number] = row
            self.handlers[number] = self.simple

    @property
    def minimal_set(self):
        """What MinimizeEventArgs 1 sends: catalog.minimized_parameters has the words."""
        return self._minimal_set

    @minimal_set.setter
    def minimal_set(self, str word not None):
        self._minimal_set = word
        self.makers.clear()

    # -- events ------------------------------------------------------------------------------

    def event(self, str callback not None, CallObject call not None, dict more=None, bint both=False):
        """An event of a call as it is now. more: what it has besides; both: with the complete set, whoever wants it."""
        return self.made(callback, call, more, both)

    cdef object made(self, str callback, CallObject call, dict more, bint both):
        cdef Values values = call.values
        cdef PyObject *agent
        cdef PyObject *held
        cdef Maker maker
        cdef int levels = 3 if both else self.levels
        cdef int dropped = NO_STATUS if call.failed and callback != "OnCallFailed" else 0
        self.masked(call)
        held = PyDict_GetItemWithError(self.makers, callback)
        if held == NULL:
            maker = self.make_maker(callback, self._minimal_set)
            self.makers[callback] = maker
        else:
            maker = <Maker>held
        if maker.masked:
            call.told_mask = <object>values.slots[self.s_mask]
        told = self.told if levels & 2 else None
        agent = PyDict_GetItemWithError(self.agent_at, call.device)
        if agent == NULL:
            return maker.made(values, (), levels, dropped | NO_TARGET, more, told, self.table)
        return maker.made(values, (<AgentObject>agent).who, levels, dropped, more, told, self.table)

    cdef int masked(self, CallObject call) except -1:
        """EnablementMask: of a call that is alone at its device it follows from two numbers."""
        cdef Values values = call.values
        cdef PyObject *beside = PyDict_GetItemWithError(self.at_device, call.device)
        cdef Py_ssize_t status, kind, at = -1
        cdef CallObject other
        cdef PyObject *held
        one, two = <object>values.slots[self.s_status], <object>values.slots[self.s_kind]
        if beside == NULL or PyDict_GET_SIZE(<object>beside) == 1:
            if PyLong_CheckExact(one) and PyLong_CheckExact(two):
                status, kind = PyLong_AsSsize_t(one), PyLong_AsSsize_t(two)
                if 0 <= status < MASK_STATUSES and 0 <= kind < MASK_KINDS:
                    at = status * MASK_KINDS + kind
                    held = PyList_GET_ITEM(self.masks, at)
                    if held != <PyObject *>None:
                        values.put(self.s_mask, <object>held)
                        return 0
            mask = self.call_mask(one, (), two)
            if at >= 0:
                self.masks[at] = mask
        else:
            others = []
            for thing in (<dict>beside).values():
                other = <CallObject>thing
                if other is not call:
                    others.append(int(<object>other.values.slots[self.s_status]))
            mask = self.call_mask(one, others, two)
        values.put(self.s_mask, mask)
        return 0

    def finish(self, CallObject call not None):
        """OnCallEnd; the connection is gone."""
        return self.finished(call)

    cdef object finished(self, CallObject call):
        call.values.put(self.s_status, LCS_NULL)
        event = self.made("OnCallEnd", call, None, False)
        self.removed(call)
        return event

    # -- conversations and their connections ---------------------------------------------------

    def conversation(self, peripheral, call_id, double now):
        """The call of an id, new when there was none."""
        return self.of_id(peripheral, call_id, now)

    cdef Conversation of_id(self, object peripheral, object call_id, double now):
        cdef tuple key = (peripheral, call_id)
        cdef PyObject *held = PyDict_GetItemWithError(self.conversations, key)
        cdef Conversation found
        cdef Values values
        if held != NULL:
            found = <Conversation>held
            found.touched = now
            return found
        values = self.new.copied()
        values.put(self.s_ecc, {})  # each call has its own
        values.put(self.s_clients, {})
        held = PyDict_GetItemWithError(self.peripheral_types, peripheral)
        values.put(self.s_peripheral, peripheral)
        values.put(self.s_call, call_id)
        values.put(self.s_kind, 0 if held == NULL else <object>held)
        found = Conversation.__new__(Conversation)
        found.peripheral, found.call_id, found.values, found.touched = peripheral, call_id, values, now
        found.connections = {}
        found.all_values = [values]
        self.conversations[key] = found
        return found

    def connection(self, Conversation conversation not None, str device_id not None):
        """The connection of a call at a device, and whether it is new."""
        cdef PyObject *held = PyDict_GetItemWithError(conversation.connections, device_id)
        if held != NULL:
            return <object>held, False
        return self.connected(conversation, device_id), True

    cdef CallObject connected(self, Conversation conversation, str device_id):
        """A new connection."""
        cdef Values values = conversation.values.copied()
        cdef CallObject call = CallObject.__new__(CallObject)
        cdef Py_ssize_t slot
        values.put(self.s_ecc, dict(<object>values.slots[self.s_ecc]))
        for slot, one in self.own_slots:
            values.put(slot, one)
        call.conversation, call.device_id, call.values = conversation, device_id, values
        call.told_by_other = ""
        call.told_mask = call.told_to_supervisor = -1
        self.identified(call)
        self.added(call)
        return call

    def identify(self, CallObject call not None):
        """Everything in a call's values that follows from its ids."""
        self.identified(call)

    cdef int identified(self, CallObject call) except -1:
        cdef Conversation conversation = call.conversation
        cdef Values values = call.values
        call.key = key_of(b"call", 4, conversation.peripheral, conversation.call_id, call.device_id)
        call.device = key_of(b"device", 6, conversation.peripheral, None, call.device_id)
        values.put(self.s_unique_id, call.key)
        values.put(self.s_call, conversation.call_id)
        values.put(self.s_device, call.device_id)
        values.put(self.s_call_call, conversation.call_id)
        values.put(self.s_call_device, call.device_id)
        values.put(self.s_device_id, call.device_id)
        values.put(self.s_device_key, call.device)
        return 0

    def add(self, CallObject call not None):
        """A connection is there."""
        self.added(call)

    cdef int added(self, CallObject call) except -1:
        cdef PyObject *held
        call.conversation.connections[call.device_id] = call
        call.conversation.gathered()
        self.calls[call.key] = call
        held = PyDict_GetItemWithError(self.at_device, call.device)
        if held == NULL:
            self.at_device[call.device] = {call.key: call}
        else:
            (<dict>held)[call.key] = call
        return 0

    def remove(self, CallObject call not None):
        """A connection is gone; the conversation stays until it ends."""
        self.removed(call)

    cdef int removed(self, CallObject call) except -1:
        cdef PyObject *held
        call.conversation.connections.pop(call.device_id, None)
        call.conversation.gathered()
        self.calls.pop(call.key, None)
        held = PyDict_GetItemWithError(self.at_device, call.device)
        if held != NULL:
            (<dict>held).pop(call.key, None)
            if not PyDict_GET_SIZE(<object>held):
                del self.at_device[call.device]
        return 0

    # -- messages ----------------------------------------------------------------------------

    cdef CallObject named(self, Message message, _MessagePlan plan, double now, list events):
        """The connection that a message tells of, with its OnCallBegin when it is new."""
        cdef const cw_ged_view *view = &message._view
        cdef Conversation conversation
        cdef CallObject call
        cdef PyObject *held
        cdef str device
        if plan.ids:
            peripheral = hot_int(load32(view.data + plan.at_peripheral))
            call_id = hot_int(load32(view.data + plan.at_call))
            device = floating_text(view, plan.device)
            if device is None:
                device = ""
        else:
            peripheral, call_id, device = message.get_many(
                "PeripheralID", "ConnectionCallID", "ConnectionDeviceID", default="")
        conversation = self.of_id(peripheral, call_id, now)
        self.told = message
        held = PyDict_GetItemWithError(conversation.connections, device)
        if held != NULL:
            call = <CallObject>held
            self.table.heard(message, plan, conversation.all_values, call.values)
            self.peripheral_types[peripheral] = <object>conversation.values.slots[self.s_kind]
            return call
        call = self.connected(conversation, device)
        self.table.heard(message, plan, conversation.all_values, None)
        self.peripheral_types[peripheral] = <object>conversation.values.slots[self.s_kind]
        call.values.put(self.s_status, LCS_INITIATE)
        if self.precalls:
            self.match_precall(call)
        events.append(self.made("OnCallBegin", call, None, False))
        self.table.heard(message, plan, _NOBODY, call.values)
        return call

    cdef int match_precall(self, CallObject call) except -1:
        """A call that a pre-call event announced knows what that told."""
        cdef Values told
        unique = <object>call.values.slots[self.s_enterprise]
        found = self.precalls.pop(unique, None) if unique else None
        if found is not None:
            told = self.untold.copied()
            self.waiting.hear((<tuple?>found)[1], _NOBODY, told)
            call.values.fill(told)
        return 0

    def simple(self, Message message not None, double now):
        """A message about one connection, by its row of SIMPLE."""
        cdef list events = []
        self.take_simple(message, now, events)
        return events

    cdef int take_simple(self, Message message, double now, list events) except -1:
        cdef _Row row = self.rows[message._view.type]
        cdef _MessagePlan plan = self.table.plan_of(&message._view)
        cdef CallObject call = self.named(message, plan, now, events)
        cdef Values values = call.values
        cdef bint gone = False
        cdef str device
        if row.status is not None:
            values.put(self.s_status, row.status)
        elif row.rings:
            device = floating_text(&message._view, plan.alerting)
            if device is None or device == "" or device == call.device_id:
                # Only the called side rings; the caller's own connection stays as it was.
                values.put(self.s_status, LCS_ALERTING)
        elif row.diverts and message["LocalConnectionState"] == LCS_NULL:
            gone = True
            values.put(self.s_status, LCS_NULL)
        event = self.made(row.callback, call, None, False)
        call.failed = call.failed or row.fails
        if call.told_by_other != row.callback:
            events.append(event)
        call.told_by_other = ""
        if row.rings or row.answers:
            self.other_parties(row, call, events)
        if gone:
            # The device from which the call was taken has nothing of it any more; nobody else tells that
            # connection's end.
            events.append(self.finished(call))
        return 0

    cdef int other_parties(self, _Row row, CallObject call, list events) except -1:
        """Ringing and answering are told to both parties; a CTI Server tells them of one. Should it tell the other one
        as well, that is no second event."""
        cdef CallObject other
        if PyDict_GET_SIZE(call.conversation.connections) < 2:
            return 0
        acting = <object>call.values.slots[row.place]
        for one in list(call.conversation.connections.values()):
            other = <CallObject>one
            if other is call or <object>other.values.slots[self.s_status] != LCS_INITIATE:
                continue
            other.values.put(row.place, acting)
            other.values.put(row.full, acting)
            if row.answers:
                other.values.put(self.s_status, LCS_CONNECT)
            other.told_by_other = row.callback
            events.append(self.made(row.callback, other, None, False))
        return 0

    def begin(self, Message message not None, double now):
        """BEGIN_CALL_EVENT."""
        cdef list events = []
        self.named(message, self.table.plan_of(&message._view), now, events)
        return events

    def connection_cleared(self, Message message not None, double now):
        """CALL_CONNECTION_CLEARED_EVENT."""
        cdef list events = []
        self.take_connection_cleared(message, now, events)
        return events

    cdef int take_connection_cleared(self, Message message, double now, list events) except -1:
        cdef _MessagePlan plan = self.table.plan_of(&message._view)
        cdef CallObject call = self.named(message, plan, now, events)
        # The connection of the device that released; the message may name another's.
        cdef str releasing = floating_text(&message._view, plan.releasing)
        cdef PyObject *held
        if releasing is None:
            releasing = call.device_id
        held = PyDict_GetItemWithError(call.conversation.connections, releasing)
        if held != NULL:
            call = <CallObject>held
        call.values.put(self.s_releasing, releasing)
        call.values.put(self.s_releasing_full, releasing)
        call.values.put(self.s_status, LCS_NULL)
        events.append(self.made("OnCallConnectionCleared", call, None, False))
        events.append(self.finished(call))
        return 0

    cdef Conversation known(self, Message message, bint gone):
        """The call of which a message tells the end; None when there is none."""
        cdef _MessagePlan plan = self.table.plan_of(&message._view)
        cdef PyObject *held
        cdef Conversation found
        cdef tuple key
        if plan.ids:
            key = (hot_int(load32(message._view.data + plan.at_peripheral)),
                   hot_int(load32(message._view.data + plan.at_call)))
        else:
            key = (message["PeripheralID"], message["ConnectionCallID"])
        held = PyDict_GetItemWithError(self.conversations, key)
        if held == NULL:
            return None
        found = <Conversation>held
        if gone:
            del self.conversations[key]
        return found

    def cleared(self, Message message not None, double now):
        """CALL_CLEARED_EVENT."""
        cdef list events = []
        self.take_cleared(message, events)
        return events

    cdef int take_cleared(self, Message message, list events) except -1:
        cdef Conversation conversation = self.known(message, False)
        cdef CallObject call
        if conversation is None or not PyDict_GET_SIZE(conversation.connections):
            return 0
        self.told = message
        for one in list(conversation.connections.values()):
            call = <CallObject>one
            call.values.put(self.s_status, LCS_NULL)
            events.append(self.made("OnCallCleared", call, None, False))
        return 0

    def end(self, Message message not None, double now):
        """END_CALL_EVENT."""
        cdef list events = []
        self.take_end(message, events)
        return events

    cdef int take_end(self, Message message, list events) except -1:
        cdef Conversation conversation = self.known(message, True)
        if conversation is None:
            return 0
        self.told = message
        for one in list(conversation.connections.values()):
            events.append(self.finished(<CallObject>one))
        return 0

    # -- pre-call ----------------------------------------------------------------------------

    def precall(self, Message message not None, double now):
        """AGENT_PRE_CALL_EVENT."""
        cdef list events = []
        self.take_precall(message, now, events)
        return events

    cdef int take_precall(self, Message message, double now, list events) except -1:
        unique = self.announce(self.precall_maker, message, events)
        self.precalls[unique] = (now, message.detach())
        return 0

    def precall_abort(self, Message message not None, double now):
        """AGENT_PRE_CALL_ABORT_EVENT."""
        cdef list events = []
        unique = self.announce(self.abort_maker, message, events)
        self.precalls.pop(unique, None)
        return events

    cdef object announce(self, Maker maker, Message message, list events):
        """ICMEnterpriseUniqueID of a call that is announced; events gets the one that tells of it."""
        cdef Values values = self.announced.copied()
        cdef PyObject *held
        cdef tuple keys = ()
        self.waiting.heard(message, self.waiting.plan_of(&message._view), _NOBODY, values)
        # The message names no peripheral.
        held = PyDict_GetItemWithError(self.at_instrument, <object>values.slots[self.s_instrument])
        if held != NULL:
            keys = tuple([(<AgentObject>agent).key for agent in (<dict>held).values()])
        events.append(maker.made(values, keys, self.levels, 0, None, None, None))
        return <object>values.slots[self.s_enterprise]
