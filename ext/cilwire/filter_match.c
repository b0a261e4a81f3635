/* Running filter programs on frames (docs/filter-program.md, section 2). Every step is checked against the program's end:
 * a program is bytes that somebody may have stored. What is no program lets nothing pass. */
#include "filter_internal.h"

static uint32_t decimal_text(int64_t value, uint8_t scratch[24], const uint8_t **text) {
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    uint32_t at = 24;
    do {
        scratch[--at] = (uint8_t)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0) scratch[--at] = '-';
    *text = scratch + at;
    return 24 - at;
}

static int begins(const uint8_t *text, size_t length, const uint8_t *prefix, size_t n) {
    return n <= length && !memcmp(text, prefix, n);
}

static int number_begins(int64_t number, const uint8_t *prefix, size_t n) {
    uint8_t scratch[24];
    const uint8_t *text;
    uint32_t length = decimal_text(number, scratch, &text);
    return begins(text, length, prefix, n);
}

/* "1" and "true", "0" and "false": the whole word or the start of one, ASCII case ignored. */
static int is_bool(int64_t number, const uint8_t *text, size_t n, int whole) {
    const char *words[2] = {number ? "1" : "0", number ? "true" : "false"};
    for (int i = 0; i < 2; i++) {
        size_t length = strlen(words[i]);
        if ((whole ? n == length : n <= length) && !cw_name_compare(text, n, (const uint8_t *)words[i], n)) return 1;
    }
    return 0;
}

static int entry_passes(const cw_entry *entry, uint32_t op, int numeric, int64_t number, const uint8_t *text, size_t n) {
    if (op == FILTER_ANY) return 1;
    switch (entry->type) {
    case CW_T_STRING:
        return op == FILTER_EXACT ? n == entry->length && !memcmp(entry->data, text, n)
                                  : begins(entry->data, entry->length, text, n);
    case CW_T_INT:
    case CW_T_UINT:
    case CW_T_SHORT:
    case CW_T_USHORT:
        return op == FILTER_EXACT ? numeric && number == entry->number : number_begins(entry->number, text, n);
    case CW_T_BOOL: return is_bool(entry->number, text, n, op == FILTER_EXACT);
    default: return 0;
    }
}

/* One value against the message id, or against an entry; entry is NULL when the key is absent. */
static int value_passes(const uint8_t *p, uint32_t length, uint32_t key, uint32_t message_id, const cw_entry *entry) {
    uint32_t op = p[4];
    int numeric = p[5] & FILTER_NUMBER;
    int64_t number = (int64_t)cw_load64(p + 8);
    if (op == FILTER_EVENT) return numeric && number == (int64_t)message_id;
    if (op < FILTER_ANY || op > FILTER_EVENT) return 0;
    if (key == FILTER_MESSAGE_ID) {
        if (op == FILTER_ANY) return 1;
        if (op == FILTER_EXACT) return numeric && number == (int64_t)message_id;
        return number_begins(message_id, p + FILTER_VALUE_HEAD, length);
    }
    return entry && entry_passes(entry, op, numeric, number, p + FILTER_VALUE_HEAD, length);
}

static int find_entry(const cw_block *block, uint32_t key, const uint8_t *name, uint32_t length, cw_entry *entry) {
    int index = key == CW_KEY_NAMED ? cw_find_name(block, name, length) : cw_find(block, key);
    if (index >= 0) cw_entry_at(block, (uint32_t)index, entry);
    return index >= 0;
}

/* One term of `size` bytes: 1 true, 0 false, -1 when it is none. */
static int term_passes(const uint8_t *p, uint32_t size, uint32_t message_id, const cw_block *block) {
    uint32_t key = cw_load16(p + 4), count = cw_load16(p + 6), name = cw_load16(p + 8);
    int negated = cw_load16(p + 10) & FILTER_NEGATED;
    uint32_t at = FILTER_TERM_HEAD + cw_pad8(name);
    cw_entry entry;
    if (at > size || key > CW_KEY_NAMED) return -1;
    int present = key != FILTER_MESSAGE_ID && find_entry(block, key, p + FILTER_TERM_HEAD, name, &entry);
    for (; count; count--) {
        if (size - at < FILTER_VALUE_HEAD) return -1;
        uint32_t value = cw_load32(p + at), length = cw_load16(p + at + 6);
        if (value > size - at || value < FILTER_VALUE_HEAD + length) return -1;
        if (value_passes(p + at, length, key, message_id, present ? &entry : NULL)) return !negated;
        at += value;
    }
    return negated;
}

int cw_filter_match_block(const uint8_t *program, size_t length, uint32_t message_id, const cw_block *block) {
    if (length < FILTER_HEAD || memcmp(program, FILTER_MAGIC, 4) || cw_load32(program + 8) != length) return 0;
    size_t at = FILTER_HEAD;
    for (uint32_t terms = cw_load16(program + 12); terms; terms--) {
        if (length - at < FILTER_TERM_HEAD) return 0;
        uint32_t size = cw_load32(program + at);
        if (size < FILTER_TERM_HEAD || size > length - at) return 0;
        if (term_passes(program + at, size, message_id, block) <= 0) return 0;
        at += size;
    }
    return 1;
}

int cw_filter_match(const uint8_t *program, size_t length, const uint8_t *frame) {
    cw_block block;
    cw_block_open(frame + CW_HEADER_SIZE, &block);
    return cw_filter_match_block(program, length, cw_load32(frame + 4), &block);
}
