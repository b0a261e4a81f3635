/* Reading validated blocks: look-up and entries. */
#include <stdio.h>

#include "cw_internal.h"

int cw_find_name(const cw_block *block, const uint8_t *name, size_t length) {
    uint32_t low = 0, high = block->named;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        uint32_t start = middle ? cw_load16(block->name_ends + 2 * (middle - 1)) : 0;
        uint32_t end = cw_load16(block->name_ends + 2 * middle);
        int order = cw_name_compare(block->names + start, end - start, name, length);
        if (!order) return cw_find_u16(block->keys, block->count, (uint16_t)(CW_KEY_NAMED | middle));
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

int cw_find(const cw_block *block, uint32_t keyword_id) {
    int at = cw_find_u16(block->keys, block->count, (uint16_t)keyword_id);
    if (CW_LIKELY(at >= 0 || !block->named)) return at;
    /* A peer with a smaller table sends the keyword by name. */
    const char *name = cw_keyword_name(keyword_id);
    return *name ? cw_find_name(block, (const uint8_t *)name, strlen(name)) : -1;
}

int cw_find_key(const cw_block *block, const uint8_t *key, size_t length) {
    cw_trim(&key, &length);
    uint32_t id = cw_keyword_id(key, length);
    if (!id) {
        uint32_t number = cw_hash_number(key, length);
        if (number > cw_keyword_total()) id = number;
    }
    return id ? cw_find(block, id) : cw_find_name(block, key, length);
}

void cw_entry_at(const cw_block *block, uint32_t index, cw_entry *entry) {
    uint64_t value = cw_load64(block->values + 8 * index);
    entry->type = block->types[index];
    entry->key = cw_load16(block->keys + 2 * index);
    entry->reserved = 0;
    entry->flags = 0;
    entry->length = 0;
    entry->number = 0;
    entry->data = NULL;
    switch (entry->type) {
    case CW_T_STRING:
        entry->data = block->base + (uint32_t)value;
        entry->length = (uint32_t)(value >> 32) & CW_STR_LENGTH;
        entry->flags = (uint32_t)(value >> 32) & ~CW_STR_LENGTH;
        break;
    case CW_T_ARGUMENTS:
        entry->data = block->base + (uint32_t)value;
        entry->length = (uint32_t)(value >> 32);
        break;
    case CW_T_INT:
        entry->number = (int32_t)(uint32_t)value;
        break;
    case CW_T_SHORT:
        entry->number = (int16_t)(uint16_t)value;
        break;
    default:
        entry->number = (int64_t)value;
    }
}

const uint8_t *cw_key_text(const cw_block *block, uint32_t index, char scratch[8], uint32_t *length) {
    uint32_t key = cw_load16(block->keys + 2 * index);
    if (key & CW_KEY_NAMED) {
        uint32_t rank = key & 0x7fff;
        uint32_t start = rank ? cw_load16(block->name_ends + 2 * (rank - 1)) : 0;
        *length = cw_load16(block->name_ends + 2 * rank) - start;
        return block->names + start;
    }
    const char *name = cw_keyword_name(key);
    if (*name) {
        *length = (uint32_t)strlen(name);
        return (const uint8_t *)name;
    }
    *length = (uint32_t)snprintf(scratch, 8, "#%u", (unsigned)(key & 0x7fff));
    return (const uint8_t *)scratch;
}
