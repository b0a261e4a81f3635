/* GED-188: checks messages against the generated tables and says where their fields stand. */
#include "cilwire_ged188.h"
#include "cw_internal.h"

typedef struct cw_ged_fixed {
    uint16_t offset;
    uint8_t type;
    uint8_t size;
} cw_ged_fixed;

typedef struct cw_ged_layout {
    uint8_t from, until; /* versions */
    uint8_t part;
    uint16_t first;
    uint16_t count;
    uint16_t end;
} cw_ged_layout;

typedef struct cw_ged_floating {
    _Alignas(16) uint16_t tag; /* so that a row is found by a shift */
    uint16_t least, most;
    uint16_t old_most; /* up to version old_until, 0 when there is none */
    uint8_t old_until;
    uint8_t type;
    uint8_t flags;
    uint8_t element; /* bytes of an array's element */
    uint8_t from, until;
} cw_ged_floating;

enum { GED_LIST = 1, GED_ARRAY = 2, GED_PLAIN = 4 /* in every version, and its size is all there is to check */ };
enum { GED_DOCUMENTED = 1, GED_RECORDS = 2 };

typedef struct cw_ged_message {
    uint16_t type;
    uint8_t version;
    uint8_t flags;
    uint16_t first_layout, layouts;
    uint16_t first_floating, floating;
    uint16_t tags;
} cw_ged_message;

#include "cilwire_ged188_tables.h"

static inline uint32_t ged_load16(const uint8_t *p) { return (uint32_t)p[0] << 8 | p[1]; }
static inline uint32_t ged_load32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int ged_fail(cw_ged_error *error, uint32_t reason, uint32_t offset, uint32_t type, int32_t field, uint32_t tag,
                    uint32_t length) {
    error->reason = reason;
    error->offset = offset;
    error->type = type;
    error->field = field;
    error->tag = tag;
    error->length = length;
    return -1;
}

int cw_ged_peek(const uint8_t *p, size_t n, uint32_t max_message, uint32_t *size, cw_ged_error *error) {
    *size = 0;
    if (n < 4) return 0;
    uint32_t length = ged_load32(p);
    if (max_message < CW_GED_HEADER_SIZE || length > max_message - CW_GED_HEADER_SIZE)
        return ged_fail(error, CW_GED_MESSAGE_LENGTH, 0, n >= 8 ? ged_load32(p + 4) : 0, -1, 0, length);
    *size = length + CW_GED_HEADER_SIZE;
    return n >= *size;
}

/* The two layouts that a message may have at a version: the usual one and, or NULL, the other. */
static const cw_ged_layout *ged_layouts_of(const cw_ged_message *message, uint32_t version,
                                           const cw_ged_layout **other) {
    const cw_ged_layout *layout = ged_layouts + message->first_layout, *end = layout + message->layouts;
    while (version > layout->until) layout++;
    *other = layout + 1 < end && layout[1].part ? layout + 1 : NULL;
    return layout;
}

/* Which of them these bytes have. Without floating fields the length tells. Else they differ by one USHORT of a small
 * value at the end, where otherwise a tag stands; no message with two forms has tags below 3. */
static const cw_ged_layout *ged_pick(const cw_ged_message *message, const cw_ged_layout *usual,
                                     const cw_ged_layout *other, const uint8_t *p, uint32_t size) {
    if (!message->floating) return size == other->end ? other : usual;
    const cw_ged_layout *longer = usual->end > other->end ? usual : other, *shorter = longer == usual ? other : usual;
    return size >= longer->end && ged_load16(p + shorter->end) <= 2 ? longer : shorter;
}

/* The data of a known floating field against its row. */
static int ged_check(const cw_ged_floating *row, const uint8_t *data, uint32_t length, uint32_t version, int lenient) {
    if (row->element) return length % row->element ? CW_GED_FIELD_LENGTH : CW_GED_OK;
    if (length < row->least) return CW_GED_FIELD_LENGTH;
    uint32_t most = version <= row->old_until ? row->old_most : row->most;
    if (CW_UNLIKELY(length > most) && (!lenient || row->type < CW_GED_STRING)) return CW_GED_FIELD_LENGTH;
    if (row->type >= CW_GED_NAMEDVAR) {
        uint32_t skip = row->type == CW_GED_NAMEDARRAY;
        if (!memchr(data + skip, 0, length - skip)) return CW_GED_FIELD_VALUE;
    }
    return CW_GED_OK;
}

/* Goes over the floating fields: checks each and notes where the first of each kind stands. head: bytes of tag and
 * length, a constant wherever this is inlined. */
static inline int ged_walk(cw_ged_view *view, const cw_ged_message *message, const uint32_t head, uint32_t lenient,
                           cw_ged_error *error) {
    static const uint8_t no_tags[CW_GED_TOP_TAG + 1] = {0};
    const uint8_t *tags = message->tags == 0xFFFF ? no_tags : ged_tags[message->tags];
    const cw_ged_floating *rows = ged_floating + message->first_floating;
    const uint8_t *p = view->data;
    const uint32_t size = view->size, version = view->version, type = view->type;
    uint32_t at = view->end, count = 0;
    for (; at < size; count++) {
        if (CW_UNLIKELY(size - at < head)) return ged_fail(error, CW_GED_FIELD_TRUNCATED, at, type, -1, 0, size - at);
        uint32_t both = head == 4 ? ged_load32(p + at) : ged_load16(p + at);
        uint32_t tag = head == 4 ? both >> 16 : both >> 8, length = head == 4 ? both & 0xFFFF : both & 0xFF;
        uint32_t slot = tag <= CW_GED_TOP_TAG ? tags[tag] : 0;
        const cw_ged_floating *row = rows + (slot ? slot - 1 : 0);
        if (CW_LIKELY(slot && row->flags & GED_PLAIN && length >= row->least && length <= row->most &&
                      length <= size - at - head && !view->first[slot - 1])) {
            view->first[slot - 1] = (uint16_t)at;
            at += head + length;
            continue;
        }
        int known = slot && version >= row->from && version <= row->until; /* else another version's: raw */
        int32_t field = known ? -1 - (int32_t)slot : -1;
        if (CW_UNLIKELY(length > size - at - head))
            return ged_fail(error, CW_GED_FIELD_TRUNCATED, at, type, field, tag, length);
        if (known) {
            int reason = ged_check(row, p + at + head, length, version, lenient != 0);
            if (CW_UNLIKELY(reason)) return ged_fail(error, (uint32_t)reason, at, type, field, tag, length);
            if (!view->first[slot - 1])
                view->first[slot - 1] = (uint16_t)at;
            else if (CW_UNLIKELY(!(row->flags & GED_LIST) && !lenient))
                return ged_fail(error, CW_GED_DUPLICATE_FIELD, at, type, field, tag, length);
        }
        at += head + length;
    }
    view->floating = (uint16_t)count;
    return 0;
}

int cw_ged_open(const uint8_t *p, size_t n, uint32_t version, uint32_t flags, cw_ged_view *view, cw_ged_error *error) {
    if (n < CW_GED_HEADER_SIZE) return ged_fail(error, CW_GED_TRUNCATED, (uint32_t)n, 0, -1, 0, 0);
    uint32_t type = ged_load32(p + 4), size = (uint32_t)n, lenient = flags & CW_GED_LENIENT;
    if (n > CW_GED_MESSAGE_LIMIT || ged_load32(p) != n - CW_GED_HEADER_SIZE)
        return ged_fail(error, CW_GED_MESSAGE_LENGTH, 0, type, -1, 0, ged_load32(p));
    if (type > CW_GED_TOP_TYPE || ged_index[type] == 0xFFFF)
        return ged_fail(error, CW_GED_MESSAGE_TYPE, 4, type, -1, 0, 0);
    const cw_ged_message *message = ged_messages + ged_index[type];
    if (message->version > version)
        return ged_fail(error, CW_GED_MESSAGE_VERSION, 4, type, -1, 0, message->version);
    view->data = p;
    view->size = size;
    view->type = (uint16_t)type;
    view->index = ged_index[type];
    view->version = (uint8_t)version;
    view->wide = version >= CW_GED_WIDE_VERSION;
    view->slots = (uint8_t)message->floating;
    view->floating = 0;
    view->part = 0;
    if (!(message->flags & GED_DOCUMENTED)) {
        view->end = (uint16_t)size;
        return 0;
    }
    const cw_ged_layout *other, *layout = ged_layouts_of(message, version, &other);
    if (CW_UNLIKELY(other)) {
        const cw_ged_layout *picked = ged_pick(message, layout, other, p, size);
        view->part = picked == other;
        layout = picked;
    }
    if (CW_UNLIKELY(size < layout->end)) {
        const cw_ged_fixed *field = ged_fixed + layout->first;
        int32_t at = 0;
        while ((uint32_t)field[at].offset + field[at].size <= size) at++;
        return ged_fail(error, CW_GED_MESSAGE_LENGTH, field[at].offset, type, at, 0, size - CW_GED_HEADER_SIZE);
    }
    view->end = layout->end;
    memset(view->first, 0, sizeof view->first[0] * message->floating);
    return view->wide ? ged_walk(view, message, 4, lenient, error) : ged_walk(view, message, 2, lenient, error);
}

int cw_ged_at(const cw_ged_view *view, uint32_t offset, cw_ged_field *field) {
    const uint8_t *p = view->data + offset;
    if (offset < view->end || offset >= view->size) return 0;
    const cw_ged_message *message = ged_messages + view->index;
    uint32_t head = view->wide ? 4 : 2;
    field->tag = view->wide ? ged_load16(p) : p[0];
    field->length = view->wide ? ged_load16(p + 2) : p[1];
    field->data = p + head;
    field->next = offset + head + field->length;
    uint32_t slot = message->tags != 0xFFFF && field->tag <= CW_GED_TOP_TAG ? ged_tags[message->tags][field->tag] : 0;
    field->slot = (int32_t)slot - 1;
    if (slot) {
        const cw_ged_floating *row = ged_floating + message->first_floating + slot - 1;
        if (view->version < row->from || view->version > row->until) field->slot = -1;
    }
    return 1;
}

uint32_t cw_ged_fixed_at(const cw_ged_view *view, uint32_t index, uint32_t *type) {
    const cw_ged_message *message = ged_messages + view->index;
    if (!(message->flags & GED_DOCUMENTED)) return 0;
    const cw_ged_layout *other, *layout = ged_layouts_of(message, view->version, &other);
    if (view->part && other) layout = other;
    if (index >= layout->count) return 0;
    *type = ged_fixed[layout->first + index].type;
    return ged_fixed[layout->first + index].offset;
}

uint32_t cw_ged_slot_type(const cw_ged_view *view, uint32_t slot) {
    const cw_ged_floating *row = ged_floating + ged_messages[view->index].first_floating + slot;
    return (uint32_t)row->type | (row->flags & GED_ARRAY ? 1u << 8 : 0) | (row->flags & GED_LIST ? 1u << 9 : 0);
}

const char *cw_ged_name(uint32_t type) {
    return type <= CW_GED_TOP_TYPE && ged_index[type] != 0xFFFF ? ged_names[ged_index[type]] : NULL;
}

const char *cw_ged_reason_name(uint32_t reason) {
    static const char *const words[] = {"ok",           "truncated",       "message-length", "message-type", "message-version",
                                        "field-length", "field-truncated", "field-value",    "duplicate-field"};
    return reason < sizeof words / sizeof words[0] ? words[reason] : "unknown";
}
