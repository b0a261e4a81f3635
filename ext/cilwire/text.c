/* Text: ASCII and UTF-8 checks, names and keywords. */
#include "cilwire_keywords.h"
#include "cw_internal.h"

uint32_t cw_abi_version(void) { return CW_ABI_VERSION; }

const char *cw_reason_name(uint32_t reason) {
    static const char *const words[] = {"ok",      "truncated", "frame-length",  "frame-kind", "reserved", "block-size",
                                        "count",   "key",       "name",          "duplicate-key", "type",  "value",
                                        "string",  "string-flags", "child",      "depth"};
    return reason < sizeof words / sizeof *words ? words[reason] : "unknown";
}

/* RFC 3629, table 3-7 of the Unicode standard: which second byte each first byte allows. */
static int utf8_valid(const uint8_t *s, size_t n) {
    size_t i = 0;
    while (i < n) {
        uint8_t c = s[i];
        if (c < 0x80) {
            i++;
            continue;
        }
        uint8_t low = 0x80, high = 0xbf;
        size_t more;
        if (c >= 0xc2 && c <= 0xdf) {
            more = 1;
        } else if (c >= 0xe0 && c <= 0xef) {
            more = 2;
            if (c == 0xe0) low = 0xa0;
            if (c == 0xed) high = 0x9f;
        } else if (c >= 0xf0 && c <= 0xf4) {
            more = 3;
            if (c == 0xf0) low = 0x90;
            if (c == 0xf4) high = 0x8f;
        } else {
            return 0;
        }
        if (n - i <= more || s[i + 1] < low || s[i + 1] > high) return 0;
        for (size_t k = 2; k <= more; k++)
            if ((s[i + k] & 0xc0) != 0x80) return 0;
        i += more + 1;
    }
    return 1;
}

uint32_t cw_text_flags(const uint8_t *text, size_t length) {
    if (CW_LIKELY(cw_is_ascii(text, length))) return 0;
    return utf8_valid(text, length) ? CW_STR_NON_ASCII : CW_STR_NON_ASCII | CW_STR_OPAQUE;
}

int cw_name_compare(const uint8_t *a, size_t a_length, const uint8_t *b, size_t b_length) {
    if (a_length != b_length) return a_length < b_length ? -1 : 1;
    for (size_t i = 0; i < a_length; i++) {
        int d = cw_fold(a[i]) - cw_fold(b[i]);
        if (d) return d;
    }
    return 0;
}

uint32_t cw_hash_number(const uint8_t *text, size_t length) {
    uint32_t number = 0;
    if (length < 2 || length > 6 || text[0] != '#' || text[1] == '0') return 0;
    for (size_t i = 1; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') return 0;
        number = number * 10 + (uint32_t)(text[i] - '0');
    }
    return number <= 0x7fff ? number : 0;
}

uint32_t cw_keyword_total(void) { return CW_KEYWORD_COUNT; }

const char *cw_keyword_name(uint32_t id) { return id <= CW_KEYWORD_COUNT ? cw_keyword_names[id] : ""; }

uint32_t cw_keyword_id(const uint8_t *name, size_t length) {
    cw_trim(&name, &length);
    if (!length || length > CW_MAX_NAME) return 0;
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < length; i++) h = (h ^ cw_fold(name[i])) * 16777619u;
    for (uint32_t slot = (h ^ (h >> 15)) & (CW_KEYWORD_HASH_SIZE - 1);; slot = (slot + 1) & (CW_KEYWORD_HASH_SIZE - 1)) {
        uint32_t id = cw_keyword_hash[slot];
        if (!id) return 0;
        if (cw_keyword_lengths[id] == length &&
            !cw_name_compare((const uint8_t *)cw_keyword_names[id], length, name, length))
            return id;
    }
}
