/* The GED-188 part of the C core: what a C program sees of a message. */
#include <stdio.h>
#include <string.h>

#include "cilwire_ged188.h"

static int failures;
#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            failures++; \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #condition); \
        } \
    } while (0)

/* CALL_HELD_EVENT of version 24 with ConnectionDeviceID "12", tag 312, and HoldingDeviceID "x". */
static const uint8_t held[] = {
    0, 0, 0, 39, 0, 0, 0, 11, 0, 0, 0, 1, 0, 0, 0x13, 0x88, 0, 17, 0, 0, 0, 0, 0, 202, 0, 76, 0, 4, 0xff, 0xff,
    0, 25, 0, 3, '1', '2', 0, 1, 56, 0, 0, 0, 31, 0, 2, 'x', 0};

static void test_open(void) {
    cw_ged_view view;
    cw_ged_error error;
    cw_ged_field field;
    uint32_t type = 99;
    CHECK(cw_ged_open(held, sizeof held, 24, 0, &view, &error) == 0);
    CHECK(view.type == 11 && view.end == 30 && view.floating == 3 && view.wide);
    CHECK(!strcmp(cw_ged_name(11), "CALL_HELD_EVENT"));
    CHECK(cw_ged_fixed_at(&view, 0, &type) == 8 && type == CW_GED_UINT);
    CHECK(cw_ged_fixed_at(&view, 2, &type) == 16 && type == CW_GED_USHORT);
    CHECK(cw_ged_fixed_at(&view, 8, &type) == 0);
    CHECK(cw_ged_at(&view, view.end, &field) && field.tag == 25 && field.slot == 0 && field.length == 3);
    CHECK(!memcmp(field.data, "12", 3) && view.first[0] == view.end);
    CHECK((cw_ged_slot_type(&view, 0) & 255) == CW_GED_STRING);
    CHECK(cw_ged_at(&view, field.next, &field) && field.tag == 312 && field.slot == -1 && field.length == 0);
    CHECK(cw_ged_at(&view, field.next, &field) && field.slot == 1 && view.first[1] == field.next - 6);
    CHECK(!cw_ged_at(&view, field.next, &field));
}

static void test_errors(void) {
    cw_ged_view view;
    cw_ged_error error;
    uint8_t bad[sizeof held];
    memcpy(bad, held, sizeof held);
    bad[33] = 200;
    CHECK(cw_ged_open(bad, sizeof bad, 24, 0, &view, &error) == -1);
    CHECK(error.reason == CW_GED_FIELD_TRUNCATED && error.offset == 30 && error.type == 11 && error.field == -2);
    for (uint32_t n = 0; n < sizeof held; n++) CHECK(cw_ged_open(held, n, 24, 0, &view, &error) == -1);
    CHECK(cw_ged_open(held, sizeof held, 19, 0, &view, &error) == -1); /* one-byte tags make no sense of it */
    CHECK(!strcmp(cw_ged_reason_name(error.reason), "field-truncated"));
    CHECK(!cw_ged_name(100000) && !strcmp(cw_ged_reason_name(99), "unknown"));
}

static void test_peek(void) {
    cw_ged_error error;
    uint32_t size = 7;
    for (uint32_t n = 0; n < 4; n++) CHECK(cw_ged_peek(held, n, 12500, &size, &error) == 0 && size == 0);
    CHECK(cw_ged_peek(held, 4, 12500, &size, &error) == 0 && size == sizeof held);
    CHECK(cw_ged_peek(held, sizeof held, 12500, &size, &error) == 1 && size == sizeof held);
    CHECK(cw_ged_peek(held, sizeof held, 40, &size, &error) == -1 && error.reason == CW_GED_MESSAGE_LENGTH);
    CHECK(error.type == 11 && error.length == 39);
}

int main(void) {
    test_open();
    test_errors();
    test_peek();
    printf("ged188: %d failures\n", failures);
    return failures != 0;
}
