/* Invariant: any bytes either give an error with a reason of the table and an offset within them, the same with and
 * without a shape cache, or are a frame whose every entry can be read and whose block, built again, is the same bytes. */
#include "../c/rebuild.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static cw_shapes shapes; /* kept across inputs, so that shapes learnt from one are met by the next */
    cw_error error = {0, 0}, cached = {0, 0};
    uint32_t length = 0;
    int whole = cw_frame_peek(data, n, CW_FRAME_DEFAULT_MAX, &length, &error);
    REQUIRE(whole >= -1 && whole <= 1);
    if (whole == 1) REQUIRE(length >= CW_FRAME_MIN && length <= n);
    int result = cw_frame_validate(data, n, CW_FRAME_DEFAULT_MAX, cw_keyword_total(), NULL, &error);
    int again = cw_frame_validate(data, n, CW_FRAME_DEFAULT_MAX, cw_keyword_total(), &shapes, &cached);
    REQUIRE(result == again);
    if (result < 0) {
        REQUIRE(error.reason > CW_OK && error.reason <= CW_DEPTH && error.offset <= n);
        REQUIRE(error.reason == cached.reason && error.offset == cached.offset);
        return 0;
    }
    REQUIRE(whole == 1 && length == n);
    cw_header header;
    uint8_t head[CW_HEADER_SIZE];
    cw_frame_header(data, &header);
    cw_frame_write_header(head, &header);
    REQUIRE(!memcmp(head, data, sizeof head));
    require_rebuilds(data + CW_HEADER_SIZE, n - CW_HEADER_SIZE);
    return 0;
}
