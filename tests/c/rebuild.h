/* Reads everything of a validated block and builds it again: the bytes have one form only, so they must come out equal.
 * Used by the unit tests and the fuzz targets. */
#ifndef REBUILD_H
#define REBUILD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cilwire.h"

#define REQUIRE(condition)                                                                       \
    do {                                                                                         \
        if (!(condition)) {                                                                      \
            fprintf(stderr, "%s:%d: required: %s\n", __FILE__, __LINE__, #condition);            \
            abort();                                                                             \
        }                                                                                        \
    } while (0)

static inline uint64_t number_bits(const cw_entry *entry) {
    switch (entry->type) {
    case CW_T_INT:
    case CW_T_UINT: return (uint64_t)entry->number & 0xffffffffu;
    case CW_T_SHORT:
    case CW_T_USHORT: return (uint64_t)entry->number & 0xffffu;
    default: return (uint64_t)entry->number;
    }
}

/* Looks up the key of entry `index` in every way there is. */
static inline void check_lookup(const cw_block *block, uint32_t index, const cw_entry *entry) {
    char scratch[8];
    uint32_t length;
    const uint8_t *text = cw_key_text(block, index, scratch, &length);
    REQUIRE(length >= 1 && length <= CW_MAX_NAME);
    if (entry->key & CW_KEY_NAMED)
        REQUIRE(cw_find_name(block, text, length) == (int)index);
    else
        REQUIRE(cw_find(block, entry->key) == (int)index);
    REQUIRE(cw_find_key(block, text, length) == (int)index);
    char *shouted = malloc((size_t)length + 2);
    REQUIRE(shouted);
    shouted[0] = '\t';
    for (uint32_t i = 0; i < length; i++)
        shouted[i + 1] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 32 : text[i]);
    shouted[length + 1] = ' ';
    REQUIRE(cw_find_key(block, (const uint8_t *)shouted, (size_t)length + 2) == (int)index);
    free(shouted);
}

/* The block's bytes as cw_build makes them from what was read, in a buffer of exactly that size; the caller frees. */
static inline uint8_t *rebuild(const uint8_t *p, size_t *size, unsigned depth) {
    cw_block block;
    cw_error error = {0, 0};
    REQUIRE(depth <= CW_MAX_DEPTH);
    cw_block_open(p, &block);
    cw_item *items = calloc(block.count ? block.count : 1u, sizeof *items);
    uint8_t **children = calloc(block.count ? block.count : 1u, sizeof *children);
    REQUIRE(items && children);
    for (uint32_t i = 0; i < block.count; i++) {
        cw_entry entry;
        char scratch[8];
        uint32_t length;
        cw_entry_at(&block, i, &entry);
        const uint8_t *text = cw_key_text(&block, i, scratch, &length);
        /* Every look-up costs a pass over the keys: of large blocks only some are tried. */
        if (i < 64 || i + 64 > block.count) check_lookup(&block, i, &entry);
        items[i].key = entry.key;
        if (entry.key & CW_KEY_NAMED) {
            items[i].key = CW_KEY_NAMED;
            items[i].name = text;
            items[i].name_length = (uint16_t)length;
        }
        items[i].type = (uint8_t)entry.type;
        if (entry.type == CW_T_STRING) {
            items[i].data = entry.data;
            items[i].length = entry.length;
            items[i].flags = cw_text_flags(entry.data, entry.length);
            REQUIRE(items[i].flags == entry.flags);
        } else if (entry.type == CW_T_ARGUMENTS) {
            size_t child = 0;
            children[i] = rebuild(entry.data, &child, depth + 1);
            REQUIRE(child == entry.length);
            items[i].data = children[i];
            items[i].length = entry.length;
        } else {
            items[i].number = number_bits(&entry);
        }
    }
    *size = cw_build_size(items, block.count, &error);
    REQUIRE(*size);
    uint8_t *out = malloc(*size);
    REQUIRE(out);
    memset(out, 0xa5, *size);
    REQUIRE(cw_build(items, block.count, out, *size, &error) == 0);
    for (uint32_t i = 0; i < block.count; i++) free(children[i]);
    free(children);
    free(items);
    return out;
}

static inline void require_rebuilds(const uint8_t *p, size_t n) {
    size_t size = 0;
    uint8_t *again = rebuild(p, &size, 1);
    REQUIRE(size == n);
    REQUIRE(!memcmp(again, p, n));
    free(again);
}

#endif
