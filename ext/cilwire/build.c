/* Building Arguments blocks: one pass for the size, one to write. */
#include "cw_internal.h"

size_t cw_build_size(const cw_item *items, uint32_t count, cw_error *error) {
    uint64_t names = 0, named = 0, heap = 0, children = 0;
    if (count > CW_MAX_ENTRIES) {
        cw_fail(error, CW_COUNT, CW_MAX_ENTRIES);
        return 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        const cw_item *item = &items[i];
        if (item->key == CW_KEY_NAMED) {
            named++;
            names += item->name_length;
            if (!item->name_length || item->name_length > CW_MAX_NAME || names > CW_MAX_NAMES) {
                cw_fail(error, CW_NAME, i);
                return 0;
            }
        }
        if (item->type == CW_T_STRING) {
            heap += item->length;
            if (item->length > CW_STR_LENGTH) {
                cw_fail(error, CW_STRING, i);
                return 0;
            }
        } else if (item->type == CW_T_ARGUMENTS) {
            children += item->length;
        }
    }
    uint64_t size = 8 + 3 * (uint64_t)count + 2 * named + names;
    size = (size + 7) & ~(uint64_t)7;
    size = (size + 8 * (uint64_t)count + heap + 7) & ~(uint64_t)7;
    size += children;
    if (size > CW_FRAME_LIMIT - CW_HEADER_SIZE) {
        cw_fail(error, CW_BLOCK_SIZE, count);
        return 0;
    }
    return (size_t)size;
}

/* Ranks of the named items: a shell sort of their indexes, since names are few and the stack is all there is. */
static int write_names(const cw_item *items, uint32_t count, uint8_t *keys, uint8_t *ends, uint8_t *names,
                       cw_error *error) {
    static const uint32_t gaps[] = {1750, 701, 301, 132, 57, 23, 10, 4, 1};
    uint16_t order[CW_MAX_ENTRIES];
    uint32_t n = 0, at = 0;
    for (uint32_t i = 0; i < count; i++)
        if (items[i].key == CW_KEY_NAMED) order[n++] = (uint16_t)i;
    for (size_t g = 0; g < sizeof gaps / sizeof *gaps; g++) {
        uint32_t gap = gaps[g];
        for (uint32_t i = gap; i < n; i++) {
            uint16_t moved = order[i];
            uint32_t k = i;
            for (; k >= gap && cw_name_compare(items[order[k - gap]].name, items[order[k - gap]].name_length,
                                               items[moved].name, items[moved].name_length) > 0;
                 k -= gap)
                order[k] = order[k - gap];
            order[k] = moved;
        }
    }
    for (uint32_t rank = 0; rank < n; rank++) {
        const cw_item *item = &items[order[rank]];
        if (rank && !cw_name_compare(items[order[rank - 1]].name, items[order[rank - 1]].name_length, item->name,
                                     item->name_length))
            return cw_fail(error, CW_DUPLICATE_KEY, order[rank] > order[rank - 1] ? order[rank] : order[rank - 1]);
        memcpy(names + at, item->name, item->name_length);
        at += item->name_length;
        cw_store16(ends + 2 * rank, (uint16_t)at);
        cw_store16(keys + 2 * order[rank], (uint16_t)(CW_KEY_NAMED | rank));
    }
    return 0;
}

/* Copies short strings without a call; `room` says how much may be written past the end of the copy. */
static inline void copy_text(uint8_t *to, const uint8_t *from, uint32_t length) {
    if (length >= 8) {
        if (length > 32) {
            memcpy(to, from, length);
            return;
        }
        uint64_t tail = cw_load64(from + length - 8);
        for (uint32_t i = 0; i + 8 <= length; i += 8) cw_store64(to + i, cw_load64(from + i));
        cw_store64(to + length - 8, tail);
    } else if (length >= 4) {
        uint32_t head = cw_load32(from), tail = cw_load32(from + length - 4);
        cw_store32(to, head);
        cw_store32(to + length - 4, tail);
    } else {
        for (uint32_t i = 0; i < length; i++) to[i] = from[i];
    }
}

int cw_build(const cw_item *items, uint32_t count, uint8_t *out, size_t size, cw_error *error) {
    uint64_t seen[512];
    uint32_t named = 0, names = 0, top = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (items[i].key == CW_KEY_NAMED) {
            named++;
            names += items[i].name_length;
        } else if (items[i].key > top) {
            top = items[i].key;
        }
    }
    memset(seen, 0, (top / 64 + 1) * sizeof *seen);
    uint8_t *keys = out + 8, *ends = keys + 2 * count, *types = ends + 2 * named, *text = types + count;
    uint8_t *values = out + cw_pad8((uint32_t)(text - out) + names);
    uint32_t heap = (uint32_t)(values - out) + 8 * count;
    cw_store32(out, (uint32_t)size);
    cw_store16(out + 4, (uint16_t)count);
    cw_store16(out + 6, (uint16_t)named);
    for (uint8_t *pad = text + names; pad < values; pad++) *pad = 0;
    if (named && write_names(items, count, keys, ends, text, error) < 0) return -1;
    uint32_t children = 0;
    for (uint32_t i = 0; i < count; i++) {
        const cw_item *item = &items[i];
        uint32_t key = item->key;
        if (key != CW_KEY_NAMED) {
            if (seen[key / 64] >> (key % 64) & 1) return cw_fail(error, CW_DUPLICATE_KEY, i);
            seen[key / 64] |= (uint64_t)1 << (key % 64);
            cw_store16(keys + 2 * i, (uint16_t)key);
        }
        types[i] = item->type;
        if (item->type == CW_T_STRING) {
            cw_store64(values + 8 * i, (uint64_t)(item->length | item->flags) << 32 | heap);
            copy_text(out + heap, item->data, item->length);
            heap += item->length;
        } else if (item->type == CW_T_ARGUMENTS) {
            children++;
        } else {
            cw_store64(values + 8 * i, item->number);
        }
    }
    uint32_t cursor = cw_pad8(heap);
    for (; heap < cursor; heap++) out[heap] = 0;
    for (uint32_t i = 0; children && i < count; i++) {
        if (items[i].type != CW_T_ARGUMENTS) continue;
        cw_store64(values + 8 * i, (uint64_t)items[i].length << 32 | cursor);
        memcpy(out + cursor, items[i].data, items[i].length);
        cursor += items[i].length;
        children--;
    }
    return cursor == size ? 0 : cw_fail(error, CW_BLOCK_SIZE, count);
}
