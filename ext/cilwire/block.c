/* Checking Arguments blocks: docs/wire-format.md sections 2 and 3. */
#include "cw_internal.h"

typedef struct check {
    const uint8_t *frame; /* what offsets count from */
    uint32_t keyword_count;
    cw_shapes *cache;
    cw_error *error;
} check;

static int fail_at(const check *c, uint32_t reason, const uint8_t *where) {
    return cw_fail(c->error, reason, (uint32_t)(where - c->frame));
}

void cw_shapes_init(cw_shapes *cache) { memset(cache, 0, sizeof *cache); }

void cw_block_open(const uint8_t *p, cw_block *block) { cw_open(p, block); }

static uint64_t forbidden_bits(uint8_t type) {
    static const uint64_t bits[8] = {
        ~(uint64_t)0, ~(uint64_t)0xffffffff, ~(uint64_t)0xffffffff, ~(uint64_t)0xffff,
        ~(uint64_t)0xffff, ~(uint64_t)1,     0,                     0};
    return bits[type];
}

/* The zero bytes up to a multiple of 8. Eight bytes that end at `to` always belong to the block. */
static inline int check_padding(const check *c, const uint8_t *from, const uint8_t *to) {
    if (CW_LIKELY(from == to || !(cw_load64(to - 8) >> (64 - 8 * (to - from))))) return 0;
    for (; from < to; from++)
        if (*from) return fail_at(c, CW_RESERVED, from);
    return 0;
}

static int check_keys(const check *c, const cw_block *b) {
    uint64_t seen[512];
    uint64_t ranks[CW_MAX_ENTRIES / 64];
    uint32_t top = 0;
    for (uint32_t i = 0; i < b->count; i++) {
        uint32_t key = cw_load16(b->keys + 2 * i);
        if (key < CW_KEY_NAMED && key > top) top = key;
    }
    memset(seen, 0, (top / 64 + 1) * sizeof *seen);
    memset(ranks, 0, sizeof ranks);
    uint32_t named = 0;
    for (uint32_t i = 0; i < b->count; i++) {
        uint32_t key = cw_load16(b->keys + 2 * i);
        if (key & CW_KEY_NAMED) {
            uint32_t rank = key & 0x7fff;
            if (rank >= b->named || (ranks[rank / 64] >> (rank % 64) & 1)) return fail_at(c, CW_KEY, b->keys + 2 * i);
            ranks[rank / 64] |= (uint64_t)1 << (rank % 64);
            named++;
        } else {
            if (!key) return fail_at(c, CW_KEY, b->keys + 2 * i);
            if (seen[key / 64] >> (key % 64) & 1) return fail_at(c, CW_DUPLICATE_KEY, b->keys + 2 * i);
            seen[key / 64] |= (uint64_t)1 << (key % 64);
        }
    }
    /* Ranks are in range and differ, so their number decides whether each is used. */
    return named == b->named ? 0 : fail_at(c, CW_KEY, b->base + 6);
}

static int check_names(const check *c, const cw_block *b) {
    uint32_t start = 0;
    const uint8_t *before = NULL;
    uint32_t before_length = 0;
    for (uint32_t rank = 0; rank < b->named; rank++) {
        uint32_t end = cw_load16(b->name_ends + 2 * rank);
        if (end <= start || end - start > CW_MAX_NAME) return fail_at(c, CW_NAME, b->name_ends + 2 * rank);
        const uint8_t *name = b->names + start;
        uint32_t length = end - start;
        /* Ends rise, so all of them lie below the last, which was checked to fit. */
        if (end > cw_load16(b->name_ends + 2 * (b->named - 1))) return fail_at(c, CW_NAME, b->name_ends + 2 * rank);
        uint32_t id, number;
        if (cw_is_space(name[0]) || cw_is_space(name[length - 1]) || (cw_text_flags(name, length) & CW_STR_OPAQUE) ||
            (before && cw_name_compare(before, before_length, name, length) >= 0) ||
            ((id = cw_keyword_id(name, length)) != 0 && id <= c->keyword_count) ||
            ((number = cw_hash_number(name, length)) != 0 && number > c->keyword_count))
            return fail_at(c, CW_NAME, name);
        /* A keyword above the negotiated count travels by name; it must not be there by id as well. */
        if (id && cw_find_u16(b->keys, b->count, (uint16_t)id) >= 0) return fail_at(c, CW_DUPLICATE_KEY, name);
        before = name;
        before_length = length;
        start = end;
    }
    return 0;
}

/* Strings from `heap` on, in entry order; returns where they end, NULL on error. */
static const uint8_t *check_strings(const check *c, const cw_block *b, const uint8_t *heap) {
    uint32_t cursor = (uint32_t)(heap - b->base);
    for (uint32_t i = 0; i < b->count; i++) {
        if (b->types[i] != CW_T_STRING) continue;
        uint64_t value = cw_load64(b->values + 8 * i);
        uint32_t length = (uint32_t)(value >> 32) & CW_STR_LENGTH;
        if ((uint32_t)value != cursor || length > b->size - cursor) {
            fail_at(c, CW_STRING, b->values + 8 * i);
            return NULL;
        }
        if (((uint32_t)(value >> 32) & ~CW_STR_LENGTH) != cw_text_flags(b->base + cursor, length)) {
            fail_at(c, CW_STRING_FLAGS, b->values + 8 * i);
            return NULL;
        }
        cursor += length;
    }
    return b->base + cursor;
}

static int check_known(const check *c, const uint8_t *p, uint32_t size, uint32_t depth);
static int check_unknown(const check *c, const uint8_t *p, uint32_t size, uint32_t depth);

/* One child that must start at *cursor; moves the cursor past it. */
static int check_child(const check *c, const uint8_t *p, const uint8_t *value_at, uint32_t block_size, uint32_t *cursor,
                       uint32_t depth) {
    uint64_t value = cw_load64(value_at);
    uint32_t size = (uint32_t)(value >> 32);
    if ((uint32_t)value != *cursor || size < 8 || size > block_size - *cursor || cw_load32(p + *cursor) != size)
        return fail_at(c, CW_CHILD, value_at);
    if (depth == CW_MAX_DEPTH) return fail_at(c, CW_DEPTH, value_at);
    int known = c->cache ? check_known(c, p + *cursor, size, depth + 1) : 0;
    if (CW_UNLIKELY(!known)) known = check_unknown(c, p + *cursor, size, depth + 1);
    if (known < 0) return -1;
    *cursor += size;
    return 0;
}

/* What follows the strings. The children are found by a shape, or without one by the types, which stand before values. */
static int check_tail(const check *c, const uint8_t *p, const uint8_t *values, uint32_t size, const cw_shape *s,
                      const uint8_t *strings_end, uint32_t depth) {
    uint32_t end = (uint32_t)(strings_end - p), cursor = cw_pad8(end);
    if (cursor > size) return fail_at(c, CW_BLOCK_SIZE, p);
    if (check_padding(c, strings_end, p + cursor) < 0) return -1;
    if (s) {
        /* Checking a child may replace the shape in its slot: take what is needed first. */
        uint8_t child_at[CW_SHAPE_ENTRIES];
        uint32_t children = s->children;
        for (uint32_t k = 0; k < children; k++) child_at[k] = s->child_at[k];
        for (uint32_t k = 0; k < children; k++)
            if (check_child(c, p, values + 8u * child_at[k], size, &cursor, depth) < 0) return -1;
    } else {
        uint32_t count = cw_load16(p + 4);
        const uint8_t *types = p + 8 + 2 * count + 2u * cw_load16(p + 6);
        for (uint32_t i = 0; i < count; i++)
            if (types[i] == CW_T_ARGUMENTS && check_child(c, p, values + 8 * i, size, &cursor, depth) < 0) return -1;
    }
    return cursor == size ? 0 : fail_at(c, CW_BLOCK_SIZE, p);
}

static cw_shape *shape_slot(cw_shapes *cache, const uint8_t *from, uint32_t length) {
    uint64_t h = cw_load64(from) ^ (cw_load64(from + length - 8) * 0x9e3779b97f4a7c15u) ^ length;
    h *= 0xff51afd7ed558ccdu;
    return &cache->slot[h >> 32 & (CW_SHAPE_SLOTS - 1)];
}

/* Puts a checked shape into its slot; NULL when it is none for the cache. */
static const cw_shape *remember(const check *c, const cw_block *b, const uint8_t *from, uint32_t length) {
    if (!c->cache || !b->count || length > CW_SHAPE_BYTES || b->count > CW_SHAPE_ENTRIES) return NULL;
    cw_shape *s = shape_slot(c->cache, from, length);
    s->length = length;
    s->keyword_count = c->keyword_count;
    s->count = b->count;
    s->strings = s->children = 0;
    memcpy(s->bytes, from, length);
    for (uint32_t i = 0; i < b->count; i++) {
        uint8_t type = b->types[i];
        s->forbidden[i] = forbidden_bits(type);
        if (type == CW_T_STRING) s->string_at[s->strings++] = (uint8_t)i;
        if (type == CW_T_ARGUMENTS) s->child_at[s->children++] = (uint8_t)i;
    }
    c->cache->misses++;
    return s;
}

static inline int same_bytes(const uint8_t *a, const uint8_t *b, uint32_t length) {
    if (length > 48) return !memcmp(a, b, length);
    uint64_t differ = cw_load64(a + length - 8) ^ cw_load64(b + length - 8);
    for (uint32_t i = 0; i + 8 < length; i += 8) differ |= cw_load64(a + i) ^ cw_load64(b + i);
    return !differ;
}

/* Does every value keep to the bits of its type? Written out, since blocks of few entries are many. */
static inline int within_types(const uint8_t *values, const uint64_t *forbidden, uint32_t count) {
    uint32_t i = 0;
    uint64_t wrong = 0;
#if CW_SSE2
    __m128i sum = _mm_setzero_si128();
    for (; i + 2 <= count; i += 2)
        sum = _mm_or_si128(sum, _mm_and_si128(_mm_loadu_si128((const __m128i *)(const void *)(values + 8 * i)),
                                              _mm_loadu_si128((const __m128i *)(const void *)(forbidden + i))));
    if (_mm_movemask_epi8(_mm_cmpeq_epi8(sum, _mm_setzero_si128())) != 0xffff) return 0;
    if (i < count) wrong = cw_load64(values + 8 * i) & forbidden[i];
#else
    for (; i < count; i++) wrong |= cw_load64(values + 8 * i) & forbidden[i];
#endif
    return !wrong;
}

/* Are the strings from heap on, known to follow each other, what their flags say? `flagged` are those that are not plain;
 * the plain ones between them are looked at in one go. */
static int mixed_text(const uint8_t *p, const uint8_t *values, const uint8_t *flagged, uint32_t count, uint32_t heap,
                      uint32_t end) {
    uint32_t plain = heap;
    for (uint32_t k = 0; k < count; k++) {
        uint64_t value = cw_load64(values + 8u * flagged[k]);
        uint32_t at = (uint32_t)value, length = (uint32_t)(value >> 32) & CW_STR_LENGTH;
        if (!cw_is_ascii(p + plain, at - plain)) return 0;
        if (cw_text_flags(p + at, length) != ((uint32_t)(value >> 32) & ~CW_STR_LENGTH)) return 0;
        plain = at + length;
    }
    return cw_is_ascii(p + plain, end - plain);
}

/* A block whose shape was checked before: what is left are the values, the strings and the children. Returns 1 when the
 * block is good, -1 when it is not, 0 when the shape is not known or a number is wrong, which check_unknown names. */
static int check_known(const check *c, const uint8_t *p, uint32_t size, uint32_t depth) {
    uint32_t count = cw_load16(p + 4), named = cw_load16(p + 6);
    uint32_t fixed = 8 + 3 * count + 2 * named;
    if (!count || count > CW_SHAPE_ENTRIES || named > count || fixed > size || size % 8) return 0;
    uint32_t names = named ? cw_load16(p + 6 + 2 * count + 2 * named) : 0;
    uint32_t shape = cw_pad8(fixed + names), heap = shape + 8 * count;
    if (shape - 4 > CW_SHAPE_BYTES || heap > size) return 0;
    const cw_shape *s = shape_slot(c->cache, p + 4, shape - 4);
    if (s->length != shape - 4 || s->keyword_count != c->keyword_count || !same_bytes(s->bytes, p + 4, shape - 4))
        return 0;
    const uint8_t *values = p + shape;
    if (CW_UNLIKELY(!within_types(values, s->forbidden, count))) return 0;
    uint8_t flagged[CW_SHAPE_ENTRIES + 1];
    uint32_t flags = 0;
    uint64_t wrong = 0, cursor = heap;
    for (uint32_t k = 0; k < s->strings; k++) {
        uint8_t at = s->string_at[k];
        uint64_t value = cw_load64(values + 8u * at);
        wrong |= (uint32_t)value ^ cursor;
        cursor += value >> 32 & CW_STR_LENGTH;
        flagged[flags] = at;
        flags += value >> 62 != 0;
    }
    c->cache->hits++;
    const uint8_t *end = p + cursor;
    if (CW_UNLIKELY(wrong || cursor > size ||
                    !mixed_text(p, values, flagged, flags, heap, (uint32_t)cursor))) {
        /* Something is wrong with the strings: find out what. */
        cw_block b;
        cw_open(p, &b);
        end = check_strings(c, &b, p + heap);
        if (!end) return -1;
    }
    return check_tail(c, p, values, size, s, end, depth) < 0 ? -1 : 1;
}

/* The whole of section 3, for a block of a size that fits its place. Returns 1, or -1 with the error set. */
static int check_unknown(const check *c, const uint8_t *p, uint32_t size, uint32_t depth) {
    uint32_t count = cw_load16(p + 4), named = cw_load16(p + 6);
    if (size % 8) return fail_at(c, CW_BLOCK_SIZE, p);
    if (count > CW_MAX_ENTRIES) return fail_at(c, CW_COUNT, p + 4);
    if (named > count) return fail_at(c, CW_COUNT, p + 6);
    uint32_t fixed = 8 + 3 * count + 2 * named;
    if (fixed > size) return fail_at(c, CW_BLOCK_SIZE, p);
    uint32_t names = named ? cw_load16(p + 8 + 2 * count + 2 * (named - 1)) : 0;
    uint32_t shape = cw_pad8(fixed + names);
    if ((uint64_t)shape + 8u * count > size) return fail_at(c, CW_BLOCK_SIZE, p);
    cw_block b;
    cw_open(p, &b);
    if (check_keys(c, &b) < 0 || check_names(c, &b) < 0) return -1;
    if (check_padding(c, p + fixed + names, b.values) < 0) return -1;
    for (uint32_t i = 0; i < count; i++) {
        if (b.types[i] > CW_T_ARGUMENTS) return fail_at(c, CW_TYPE, b.types + i);
        if (cw_load64(b.values + 8 * i) & forbidden_bits(b.types[i])) return fail_at(c, CW_VALUE, b.values + 8 * i);
    }
    const uint8_t *end = check_strings(c, &b, b.values + 8 * count);
    if (!end) return -1;
    const cw_shape *s = remember(c, &b, p + 4, shape - 4);
    return check_tail(c, p, b.values, size, s, end, depth) < 0 ? -1 : 1;
}

/* A block that must fill its space. Returns 0 or -1. */
static int check_root(const check *c, const uint8_t *p, size_t space) {
    if (space < 8) return fail_at(c, CW_TRUNCATED, p);
    uint32_t size = cw_load32(p);
    if (size < 8 || size % 8) return fail_at(c, CW_BLOCK_SIZE, p);
    if (size > space) return fail_at(c, CW_TRUNCATED, p);
    if (size < space) return fail_at(c, CW_BLOCK_SIZE, p);
    int known = c->cache ? check_known(c, p, size, 1) : 0;
    if (CW_UNLIKELY(!known)) known = check_unknown(c, p, size, 1);
    return known < 0 ? -1 : 0;
}

int cw_block_validate(const uint8_t *p, size_t n, uint32_t keyword_count, cw_shapes *cache, cw_error *error) {
    check c = {p, keyword_count, cache, error};
    return check_root(&c, p, n);
}

int cw_frame_peek(const uint8_t *p, size_t n, uint32_t max_frame, uint32_t *length, cw_error *error) {
    *length = 0;
    if (n < 4) return 0;
    uint32_t size = cw_load32(p);
    if (size < CW_FRAME_MIN || size % 8 || size > max_frame) return cw_fail(error, CW_FRAME_LENGTH, 0);
    *length = size;
    return size <= n;
}

int cw_frame_validate(const uint8_t *p, size_t n, uint32_t max_frame, uint32_t keyword_count, cw_shapes *cache,
                      cw_error *error) {
    uint32_t length;
    int whole = cw_frame_peek(p, n, max_frame, &length, error);
    if (whole < 0) return -1;
    if (!whole) return cw_fail(error, CW_TRUNCATED, (uint32_t)n);
    if (length != n) return cw_fail(error, CW_FRAME_LENGTH, 0);
    if (p[12] < CW_K_EVENT || p[12] > CW_K_CLOSE) return cw_fail(error, CW_FRAME_KIND, 12);
    if (p[13]) return cw_fail(error, CW_RESERVED, 13);
    if (cw_load16(p + 14)) return cw_fail(error, CW_RESERVED, 14);
    check c = {p, keyword_count, cache, error};
    return check_root(&c, p + CW_HEADER_SIZE, n - CW_HEADER_SIZE);
}

void cw_frame_header(const uint8_t *p, cw_header *header) {
    header->length = cw_load32(p);
    header->message_id = cw_load32(p + 4);
    header->epoch = cw_load32(p + 8);
    header->kind = p[12];
    header->sequence = cw_load64(p + 16);
}

void cw_frame_write_header(uint8_t *p, const cw_header *header) {
    cw_store32(p, header->length);
    cw_store32(p + 4, header->message_id);
    cw_store32(p + 8, header->epoch);
    cw_store32(p + 12, header->kind & 0xff);
    cw_store64(p + 16, header->sequence);
}
