/* Invariant: any bytes at any version and flag give an error whose offset lies within them, or a view whose fixed part and
 * fields tile the message exactly, each field inside it, `first` the first of each slot; and peek agrees with open.
 * The first byte chooses version and flag. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cilwire_ged188.h"

#define REQUIRE(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            abort(); \
        } \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require_tiled(const cw_ged_view *view, const uint8_t *p, size_t n) {
    cw_ged_field field;
    uint16_t first[CW_GED_SLOTS] = {0};
    uint32_t at = view->end, count = 0, type, offset, before = CW_GED_HEADER_SIZE;
    REQUIRE(view->data == p && view->size == n && view->end <= n && view->end >= CW_GED_HEADER_SIZE);
    REQUIRE(view->slots <= CW_GED_SLOTS && cw_ged_name(view->type));
    for (uint32_t i = 0; (offset = cw_ged_fixed_at(view, i, &type)) != 0; i++) {
        REQUIRE(offset == before && type <= CW_GED_TIME);
        before += type == CW_GED_UCHAR ? 1 : type == CW_GED_USHORT || type == CW_GED_BOOL ? 2 : 4;
    }
    REQUIRE(before == view->end || before == CW_GED_HEADER_SIZE);
    while (cw_ged_at(view, at, &field)) {
        REQUIRE(field.data >= p + at && field.data + field.length <= p + n && field.next > at && field.next <= n);
        REQUIRE(field.data + field.length == p + field.next);
        if (field.slot >= 0) {
            uint32_t kind = cw_ged_slot_type(view, (uint32_t)field.slot);
            REQUIRE((uint32_t)field.slot < view->slots && (kind & 255) <= CW_GED_NAMEDARRAY);
            if (!first[field.slot]) first[field.slot] = (uint16_t)at;
        }
        at = field.next;
        count++;
    }
    REQUIRE(at == n && count == view->floating);
    if (before == view->end || view->floating)
        for (uint32_t slot = 0; slot < view->slots; slot++) REQUIRE(view->first[slot] == first[slot]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    cw_ged_view view;
    cw_ged_error error = {0, 0, 0, 0, 0, 0};
    uint32_t size = 0;
    if (!n) return 0;
    uint32_t version = CW_GED_FIRST_VERSION + data[0] % (CW_GED_LAST_VERSION - CW_GED_FIRST_VERSION + 1);
    uint32_t flags = data[0] & 0x80 ? CW_GED_LENIENT : 0;
    n--;
    /* A buffer of its own: exactly as long, so that a byte too many is seen. */
    uint8_t *message = malloc(n ? n : 1);
    REQUIRE(message);
    if (n) memcpy(message, data + 1, n);
    int whole = cw_ged_peek(message, n, CW_GED_MESSAGE_LIMIT, &size, &error);
    REQUIRE(whole >= -1 && whole <= 1 && (whole != 1 || size <= n));
    if (cw_ged_open(message, n, version, flags, &view, &error) < 0) {
        REQUIRE(error.reason >= CW_GED_TRUNCATED && error.reason <= CW_GED_DUPLICATE_FIELD && error.offset <= n);
        REQUIRE(cw_ged_reason_name(error.reason)[0]);
    } else {
        REQUIRE(whole == 1 && size == n);
        require_tiled(&view, message, n);
    }
    free(message);
    return 0;
}
