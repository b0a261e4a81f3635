/* Shared by the C files of cilwire; not installed. */
#ifndef CW_INTERNAL_H
#define CW_INTERNAL_H

#include <string.h>

#include "cilwire.h"

#if !defined(CW_NO_SIMD) && defined(__SSE2__)
#include <emmintrin.h>
#define CW_SSE2 1
#else
#define CW_SSE2 0
#endif

#if defined(__GNUC__)
#define CW_LIKELY(x) __builtin_expect(!!(x), 1)
#define CW_UNLIKELY(x) __builtin_expect(!!(x), 0)
#else
#define CW_LIKELY(x) (x)
#define CW_UNLIKELY(x) (x)
#endif

/* Little-endian loads and stores at any alignment; compilers turn these into single moves. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
static inline uint16_t cw_load16(const uint8_t *p) {
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return v;
}
static inline uint32_t cw_load32(const uint8_t *p) {
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}
static inline uint64_t cw_load64(const uint8_t *p) {
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}
static inline void cw_store16(uint8_t *p, uint16_t v) { memcpy(p, &v, sizeof v); }
static inline void cw_store32(uint8_t *p, uint32_t v) { memcpy(p, &v, sizeof v); }
static inline void cw_store64(uint8_t *p, uint64_t v) { memcpy(p, &v, sizeof v); }
#else
static inline uint16_t cw_load16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }
static inline uint32_t cw_load32(const uint8_t *p) { return (uint32_t)cw_load16(p) | (uint32_t)cw_load16(p + 2) << 16; }
static inline uint64_t cw_load64(const uint8_t *p) { return (uint64_t)cw_load32(p) | (uint64_t)cw_load32(p + 4) << 32; }
static inline void cw_store16(uint8_t *p, uint16_t v) {
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}
static inline void cw_store32(uint8_t *p, uint32_t v) {
    cw_store16(p, (uint16_t)v);
    cw_store16(p + 2, (uint16_t)(v >> 16));
}
static inline void cw_store64(uint8_t *p, uint64_t v) {
    cw_store32(p, (uint32_t)v);
    cw_store32(p + 4, (uint32_t)(v >> 32));
}
#endif

static inline uint32_t cw_pad8(uint32_t n) { return (n + 7u) & ~7u; }
static inline uint8_t cw_fold(uint8_t c) { return (uint8_t)(c - 'A') < 26u ? (uint8_t)(c | 0x20) : c; }
static inline int cw_is_space(uint8_t c) { return c == ' ' || (c >= 9 && c <= 13); }

/* The parts' places; size, count and named must have been checked. */
static inline void cw_open(const uint8_t *p, cw_block *block) {
    uint32_t count = cw_load16(p + 4), named = cw_load16(p + 6);
    block->base = p;
    block->size = cw_load32(p);
    block->count = (uint16_t)count;
    block->named = (uint16_t)named;
    block->keys = p + 8;
    block->name_ends = block->keys + 2 * count;
    block->types = block->name_ends + 2 * named;
    block->names = block->types + count;
    uint32_t names = named ? cw_load16(block->name_ends + 2 * (named - 1)) : 0;
    block->values = p + cw_pad8((uint32_t)(block->names - p) + names);
}

/* Reads up to 16 bytes past the keys. That stays inside the block: n entries take 11 n bytes after `keys` before
 * padding, one entry at least 16 after it, and a load starts at most at 16 * ((n - 1) / 8). */
static inline int cw_find_u16(const uint8_t *keys, uint32_t count, uint16_t key) {
#if CW_SSE2
    const __m128i wanted = _mm_set1_epi16((short)key);
    for (uint32_t i = 0; i < count; i += 8) {
        __m128i equal = _mm_cmpeq_epi16(wanted, _mm_loadu_si128((const __m128i *)(const void *)(keys + 2 * i)));
        unsigned mask = (unsigned)_mm_movemask_epi8(equal);
        if (mask) {
            uint32_t at = i + (uint32_t)__builtin_ctz(mask) / 2;
            return at < count ? (int)at : -1;
        }
    }
#else
    for (uint32_t i = 0; i < count; i++)
        if (cw_load16(keys + 2 * i) == key) return (int)i;
#endif
    return -1;
}

static inline int cw_fail(cw_error *error, uint32_t reason, uint32_t offset) {
    if (error) {
        error->reason = reason;
        error->offset = offset;
    }
    return -1;
}

/* Order of names (section 2.1): length, then folded bytes. Negative, 0 or positive. */
int cw_name_compare(const uint8_t *a, size_t a_length, const uint8_t *b, size_t b_length);
/* The number of "#number" when the text has that form and is in 1..32767, else 0. */
uint32_t cw_hash_number(const uint8_t *text, size_t length);
/* True when no byte is above 127. Inline: most texts are short. */
static inline int cw_is_ascii(const uint8_t *text, size_t length) {
    uint64_t high = 0;
    size_t i = 0;
    if (length < 8) {
        for (; i < length; i++) high |= text[i];
        return !(high & 0x80);
    }
#if CW_SSE2
    if (length >= 16) {
        __m128i sum = _mm_loadu_si128((const __m128i *)(const void *)(text + length - 16));
        for (; i + 16 < length; i += 16) sum = _mm_or_si128(sum, _mm_loadu_si128((const __m128i *)(const void *)(text + i)));
        return !_mm_movemask_epi8(sum);
    }
#endif
    for (; i + 8 <= length; i += 8) high |= cw_load64(text + i);
    return !((high | cw_load64(text + length - 8)) & 0x8080808080808080u);
}
/* Moves *text past white space and shortens *length. */
static inline void cw_trim(const uint8_t **text, size_t *length) {
    while (*length && cw_is_space(**text)) {
        ++*text;
        --*length;
    }
    while (*length && cw_is_space((*text)[*length - 1])) --*length;
}

#endif
