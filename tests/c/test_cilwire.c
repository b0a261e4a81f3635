/* Unit tests of the C core, without a framework. Built twice, with SIMD and with -DCW_NO_SIMD; both print one digest of
 * everything they saw, and the two must be equal. Buffers are malloc'ed at their exact size, so that ASan sees any byte
 * read beyond them. */
#include <inttypes.h>

#include "rebuild.h"

static uint64_t digest = 14695981039346656037u;
static uint64_t random_state = 88172645463325252u;

static void note(uint64_t value) { digest = (digest ^ value) * 1099511628211u; }

static uint32_t next_random(uint32_t below) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)((random_state >> 11) % below);
}

static uint8_t *exact(const void *data, size_t n) {
    uint8_t *copy = malloc(n ? n : 1);
    REQUIRE(copy);
    if (n) memcpy(copy, data, n);
    return copy;
}

static cw_item text_item(uint16_t key, const char *text, size_t length) {
    cw_item item = {0};
    item.key = key;
    item.type = CW_T_STRING;
    item.data = (const uint8_t *)text;
    item.length = (uint32_t)length;
    item.flags = cw_text_flags(item.data, length);
    return item;
}

static cw_item number_item(uint16_t key, uint8_t type, uint64_t bits) {
    cw_item item = {0};
    item.key = key;
    item.type = type;
    item.number = bits;
    return item;
}

static cw_item named(cw_item item, const char *name) {
    item.key = CW_KEY_NAMED;
    item.name = (const uint8_t *)name;
    item.name_length = (uint16_t)strlen(name);
    return item;
}

static cw_item child_item(uint16_t key, const uint8_t *block, size_t size) {
    cw_item item = {0};
    item.key = key;
    item.type = CW_T_ARGUMENTS;
    item.data = block;
    item.length = (uint32_t)size;
    return item;
}

static uint8_t *build(const cw_item *items, uint32_t count, size_t *size) {
    cw_error error = {0, 0};
    *size = cw_build_size(items, count, &error);
    REQUIRE(*size && *size % 8 == 0);
    uint8_t *out = malloc(*size);
    REQUIRE(out);
    memset(out, 0x5a, *size);
    REQUIRE(cw_build(items, count, out, *size, &error) == 0);
    REQUIRE(cw_block_validate(out, *size, cw_keyword_total(), NULL, &error) == 0);
    return out;
}

static uint8_t *frame_of(const uint8_t *block, size_t size, size_t *length) {
    cw_header header = {(uint32_t)size + CW_HEADER_SIZE, 23, 7, CW_K_EVENT, 1234567890123u};
    uint8_t *frame = malloc(size + CW_HEADER_SIZE);
    REQUIRE(frame);
    cw_frame_write_header(frame, &header);
    memcpy(frame + CW_HEADER_SIZE, block, size);
    *length = size + CW_HEADER_SIZE;
    return frame;
}

/* One of each type, names of several lengths, text of all three kinds, nested twice. */
static uint8_t *sample(size_t *size) {
    size_t inner_size, child_size;
    cw_item inner_items[] = {named(text_item(0, "1001", 4), "1"), named(text_item(0, "", 0), "2")};
    uint8_t *inner = build(inner_items, 2, &inner_size);
    cw_item child_items[] = {child_item(5, inner, inner_size), number_item(1, CW_T_BOOL, 1)};
    uint8_t *child = build(child_items, 2, &child_size);
    cw_item items[] = {
        number_item(1, CW_T_INT, 0xffffffffu),
        number_item(2, CW_T_UINT, 0xfffffffeu),
        named(number_item(0, CW_T_SHORT, 0x8000u), "Zulu"),
        number_item(3, CW_T_USHORT, 0xffffu),
        number_item(4, CW_T_BOOL, 1),
        text_item(5, "22866", 5),
        named(text_item(0, "Z\xc3\xbcrich", 7), "alpha"),
        named(text_item(0, "\xff\xfe", 2), "B\xc3\xa9ta"),
        child_item(6, child, child_size),
        number_item(7, CW_T_NOTSET, 0),
        number_item(32767, CW_T_INT, 5),
        child_item(8, inner, inner_size),
        text_item(9, "a string of more than thirty-two bytes, copied another way", 57),
    };
    uint8_t *out = build(items, sizeof items / sizeof *items, size);
    free(child);
    free(inner);
    return out;
}

static void test_values(void) {
    size_t size;
    uint8_t *p = sample(&size);
    cw_block block;
    cw_entry entry;
    cw_block_open(p, &block);
    REQUIRE(block.count == 13 && block.named == 3 && block.size == size);
    cw_entry_at(&block, 0, &entry);
    REQUIRE(entry.type == CW_T_INT && entry.number == -1);
    cw_entry_at(&block, 1, &entry);
    REQUIRE(entry.type == CW_T_UINT && entry.number == 4294967294);
    cw_entry_at(&block, 2, &entry);
    REQUIRE(entry.type == CW_T_SHORT && entry.number == -32768);
    cw_entry_at(&block, 3, &entry);
    REQUIRE(entry.number == 65535);
    cw_entry_at(&block, (uint32_t)cw_find_key(&block, (const uint8_t *)" ALPHA\n", 7), &entry);
    REQUIRE(entry.flags == CW_STR_NON_ASCII && entry.length == 7 && !memcmp(entry.data, "Z\xc3\xbcrich", 7));
    cw_entry_at(&block, 7, &entry);
    REQUIRE(entry.flags == (CW_STR_NON_ASCII | CW_STR_OPAQUE));
    REQUIRE(cw_find_key(&block, (const uint8_t *)"#32767", 6) == 10);
    REQUIRE(cw_find_key(&block, (const uint8_t *)"#032767", 7) == -1);
    REQUIRE(cw_find(&block, 10) == -1 && cw_find_name(&block, (const uint8_t *)"gamma", 5) == -1);
    require_rebuilds(p, size);
    free(p);
}

/* Every position of keys in blocks of every small size, and of the largest: the SIMD scan's edges. */
static void test_find(void) {
    static const uint32_t counts[] = {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 54, 64, 100, 1000, 4095, 4096};
    cw_item *items = calloc(CW_MAX_ENTRIES, sizeof *items);
    REQUIRE(items);
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        size_t size;
        for (uint32_t i = 0; i < counts[c]; i++) items[i] = number_item((uint16_t)(i + 1), CW_T_UINT, i);
        uint8_t *p = build(items, counts[c], &size);
        cw_block block;
        cw_block_open(p, &block);
        for (uint32_t key = 1; key <= CW_MAX_ENTRIES; key++)
            REQUIRE(cw_find(&block, key) == (key <= counts[c] ? (int)key - 1 : -1));
        REQUIRE(cw_find(&block, 0) == -1 && cw_find(&block, 32767) == -1);
        require_rebuilds(p, size);
        free(p);
    }
    free(items);
}

static void test_limits(void) {
    cw_error error = {0, 0};
    cw_item *items = calloc(CW_MAX_ENTRIES + 1u, sizeof *items);
    REQUIRE(items);
    for (uint32_t i = 0; i <= CW_MAX_ENTRIES; i++) items[i] = number_item((uint16_t)(i + 1), CW_T_INT, 0);
    REQUIRE(cw_build_size(items, CW_MAX_ENTRIES, &error));
    REQUIRE(!cw_build_size(items, CW_MAX_ENTRIES + 1, &error) && error.reason == CW_COUNT);
    free(items);

    char name[257];
    memset(name, 'n', sizeof name);
    cw_item long_name = named(number_item(0, CW_T_INT, 0), "");
    long_name.name = (const uint8_t *)name;
    long_name.name_length = CW_MAX_NAME;
    REQUIRE(cw_build_size(&long_name, 1, &error));
    long_name.name_length = CW_MAX_NAME + 1;
    REQUIRE(!cw_build_size(&long_name, 1, &error) && error.reason == CW_NAME && error.offset == 0);

    cw_item equal[] = {named(number_item(0, CW_T_INT, 0), "xyz"), number_item(1, CW_T_INT, 0),
                       named(number_item(0, CW_T_INT, 0), "XyZ")};
    uint8_t out[256];
    size_t size = cw_build_size(equal, 3, &error);
    REQUIRE(size && size <= sizeof out);
    REQUIRE(cw_build(equal, 3, out, size, &error) == -1 && error.reason == CW_DUPLICATE_KEY && error.offset == 2);
    cw_item same[] = {number_item(9, CW_T_INT, 0), number_item(9, CW_T_INT, 1)};
    size = cw_build_size(same, 2, &error);
    REQUIRE(cw_build(same, 2, out, size, &error) == -1 && error.reason == CW_DUPLICATE_KEY && error.offset == 1);

    uint8_t *inner = build(NULL, 0, &size);
    for (unsigned depth = 2; depth <= CW_MAX_DEPTH + 1; depth++) {
        cw_item item = child_item(1, inner, size);
        size_t outer_size = cw_build_size(&item, 1, &error);
        uint8_t *outer = malloc(outer_size);
        REQUIRE(outer && cw_build(&item, 1, outer, outer_size, &error) == 0);
        int result = cw_block_validate(outer, outer_size, cw_keyword_total(), NULL, &error);
        REQUIRE(depth <= CW_MAX_DEPTH ? result == 0 : result == -1 && error.reason == CW_DEPTH);
        free(inner);
        inner = outer;
        size = outer_size;
    }
    free(inner);
}

static void test_peek(void) {
    static const struct {
        uint32_t length;
        int result;
    } cases[] = {{0, -1}, {24, -1}, {31, -1}, {32, 1}, {33, -1}, {40, 0}, {1u << 20, 0}, {(1u << 20) + 8, -1},
                 {0xfffffff8u, -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[32] = {0};
        uint32_t length;
        cw_error error = {0, 0};
        cw_header header = {cases[i].length, 1, 0, CW_K_EVENT, 0};
        cw_frame_write_header(bytes, &header);
        REQUIRE(cw_frame_peek(bytes, sizeof bytes, CW_FRAME_DEFAULT_MAX, &length, &error) == cases[i].result);
        if (cases[i].result < 0) REQUIRE(error.reason == CW_FRAME_LENGTH && error.offset == 0);
        for (size_t n = 0; n < 4; n++) REQUIRE(!cw_frame_peek(bytes, n, CW_FRAME_DEFAULT_MAX, &length, &error));
        REQUIRE(length == 0);
    }
}

/* What validation says of one frame, with a shape cache and without; good ones must rebuild. */
static int judge(const uint8_t *data, size_t n, cw_shapes *shapes) {
    cw_error error = {0, 0}, cached = {0, 0};
    uint8_t *copy = exact(data, n);
    int result = cw_frame_validate(copy, n, CW_FRAME_DEFAULT_MAX, cw_keyword_total(), NULL, &error);
    int again = cw_frame_validate(copy, n, CW_FRAME_DEFAULT_MAX, cw_keyword_total(), shapes, &cached);
    REQUIRE(result == again && error.reason == cached.reason && error.offset == cached.offset);
    if (result < 0) {
        REQUIRE(error.reason > CW_OK && error.reason <= CW_DEPTH && error.offset <= n);
        REQUIRE(strcmp(cw_reason_name(error.reason), "unknown"));
    } else {
        require_rebuilds(copy + CW_HEADER_SIZE, n - CW_HEADER_SIZE);
    }
    note((uint64_t)error.reason << 32 | error.offset);
    free(copy);
    return result;
}

static void test_hostile(void) {
    static cw_shapes shapes;
    cw_shapes_init(&shapes);
    size_t size, n;
    uint8_t *block = sample(&size), *frame = frame_of(block, size, &n);
    cw_header header;
    REQUIRE(judge(frame, n, &shapes) == 0);
    cw_frame_header(frame, &header);
    REQUIRE(header.length == n && header.message_id == 23 && header.epoch == 7 && header.kind == CW_K_EVENT &&
            header.sequence == 1234567890123u);
    for (size_t cut = 0; cut < n; cut++) REQUIRE(judge(frame, cut, &shapes) == -1);
    for (size_t at = 0; at < n; at++) {
        uint8_t before = frame[at];
        for (unsigned value = 0; value < 256; value++) {
            frame[at] = (uint8_t)value;
            judge(frame, n, &shapes);
        }
        frame[at] = before;
    }
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t *copy = exact(frame, n);
        for (unsigned k = 0, changes = 1 + next_random(4); k < changes; k++) {
            size_t at = next_random(2) ? next_random((uint32_t)n) : CW_HEADER_SIZE + next_random(96);
            copy[at] = (uint8_t)(next_random(2) ? next_random(256) : frame[next_random((uint32_t)n)]);
        }
        judge(copy, n, &shapes);
        free(copy);
    }
    REQUIRE(shapes.misses);
    free(frame);
    free(block);
}

/* Names that only a smaller table may send, and "#number" above it. */
static void test_negotiated(void) {
    uint32_t total = cw_keyword_total();
    const char *last = cw_keyword_name(total);
    cw_error error = {0, 0};
    cw_item item = named(number_item(0, CW_T_INT, 3), last);
    size_t size = cw_build_size(&item, 1, &error);
    uint8_t *p = malloc(size);
    REQUIRE(p && cw_build(&item, 1, p, size, &error) == 0);
    REQUIRE(cw_block_validate(p, size, total, NULL, &error) == -1 && error.reason == CW_NAME);
    REQUIRE(cw_block_validate(p, size, total - 1, NULL, &error) == 0);
    cw_block block;
    cw_block_open(p, &block);
    REQUIRE(cw_find(&block, total) == 0);
    REQUIRE(cw_find_key(&block, (const uint8_t *)last, strlen(last)) == 0);
    free(p);
    item = named(number_item(0, CW_T_INT, 3), "#32767");
    size = cw_build_size(&item, 1, &error);
    p = malloc(size);
    REQUIRE(p && cw_build(&item, 1, p, size, &error) == 0);
    REQUIRE(cw_block_validate(p, size, total, NULL, &error) == -1 && error.reason == CW_NAME);
    free(p);
}

static void test_keywords(void) {
    uint32_t total = cw_keyword_total();
    REQUIRE(total > 0 && total < 32768);
    REQUIRE(!*cw_keyword_name(0) && !*cw_keyword_name(total + 1) && !*cw_keyword_name(0xffffffffu));
    for (uint32_t id = 1; id <= total; id++) {
        const char *name = cw_keyword_name(id);
        size_t length = strlen(name);
        char shouted[300] = "\t ";
        REQUIRE(length && length <= CW_MAX_NAME && cw_keyword_id((const uint8_t *)name, length) == id);
        for (size_t i = 0; i < length; i++)
            shouted[i + 2] = (char)(name[i] >= 'a' && name[i] <= 'z' ? name[i] - 32 : name[i]);
        shouted[length + 2] = '\r';
        REQUIRE(cw_keyword_id((const uint8_t *)shouted, length + 3) == id);
    }
    REQUIRE(!cw_keyword_id((const uint8_t *)"", 0) && !cw_keyword_id((const uint8_t *)"   ", 3));
    REQUIRE(!cw_keyword_id((const uint8_t *)"no such keyword", 15));
}

static void test_text(void) {
    static const struct {
        const char *text;
        uint32_t flags;
    } cases[] = {{"", 0},
                 {"plain", 0},
                 {"\x7f", 0},
                 {"\xc2\x80", CW_STR_NON_ASCII},
                 {"\xdf\xbf", CW_STR_NON_ASCII},
                 {"\xe0\xa0\x80", CW_STR_NON_ASCII},
                 {"\xed\x9f\xbf", CW_STR_NON_ASCII},
                 {"\xef\xbf\xbf", CW_STR_NON_ASCII},
                 {"\xf0\x90\x80\x80", CW_STR_NON_ASCII},
                 {"\xf4\x8f\xbf\xbf", CW_STR_NON_ASCII},
                 {"\x80", CW_STR_NON_ASCII | CW_STR_OPAQUE},
                 {"\xc0\xaf", CW_STR_NON_ASCII | CW_STR_OPAQUE},
                 {"\xc1\xbf", CW_STR_NON_ASCII | CW_STR_OPAQUE},
                 {"\xe0\x9f\xbf", CW_STR_NON_ASCII | CW_STR_OPAQUE},
                 {"\xed\xa0\x80", CW_STR_NON_ASCII | CW_STR_OPAQUE},
                 {"\xf0\x8f\xbf\xbf", CW_STR_NON_ASCII | CW_STR_OPAQUE},
                 {"\xf4\x90\x80\x80", CW_STR_NON_ASCII | CW_STR_OPAQUE},
                 {"\xf5\x80\x80\x80", CW_STR_NON_ASCII | CW_STR_OPAQUE},
                 {"\xe2\x82", CW_STR_NON_ASCII | CW_STR_OPAQUE},
                 {"\xf0\x9f\x98", CW_STR_NON_ASCII | CW_STR_OPAQUE}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t length = strlen(cases[i].text);
        /* At every offset of a longer text, so that each path of the vector loop meets it. */
        for (size_t before = 0; before < 40; before++) {
            uint8_t *text = malloc(before + length + 1);
            REQUIRE(text);
            memset(text, 'x', before);
            memcpy(text + before, cases[i].text, length);
            uint8_t *whole = exact(text, before + length);
            REQUIRE(cw_text_flags(whole, before + length) == cases[i].flags);
            free(whole);
            free(text);
        }
    }
}

/* Many names in random order: the ranks come out sorted and every name is found. */
static void test_names(void) {
    static char names[3000][12];
    cw_item *items = calloc(3000, sizeof *items);
    REQUIRE(items);
    for (uint32_t count = 1; count <= 3000; count = count * 2 + 1) {
        for (uint32_t i = 0; i < count; i++) {
            snprintf(names[i], sizeof names[i], "n%" PRIu32, i * 7919u % 3001u);
            items[i] = named(number_item(0, CW_T_UINT, i), names[i]);
        }
        size_t size;
        uint8_t *p = build(items, count, &size);
        require_rebuilds(p, size);
        for (size_t k = 0; k < size; k++) note(p[k]);
        free(p);
    }
    free(items);
}

void test_filters(void);

int main(void) {
    REQUIRE(cw_abi_version() == CW_ABI_VERSION);
    test_values();
    test_find();
    test_limits();
    test_peek();
    test_hostile();
    test_negotiated();
    test_keywords();
    test_text();
    test_names();
    test_filters();
    printf("digest %016" PRIx64 "\n", digest);
    return 0;
}
