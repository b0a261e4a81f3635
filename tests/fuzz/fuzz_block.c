/* Invariant: any bytes, at any negotiated keyword count, either give an error or are a block whose every entry can be
 * read and which, built again, is the same bytes. The first two bytes choose the keyword count. */
#include "../c/rebuild.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static cw_shapes shapes;
    cw_error error = {0, 0}, cached = {0, 0};
    if (n < 2) return 0;
    uint32_t keyword_count = (data[0] | (uint32_t)data[1] << 8) % (cw_keyword_total() + 1);
    if (!keyword_count) keyword_count = cw_keyword_total();
    n -= 2;
    /* A buffer of its own: exactly as long, and at another alignment than the input's. */
    uint8_t *block = malloc(n ? n : 1);
    REQUIRE(block);
    memcpy(block, data + 2, n);
    int result = cw_block_validate(block, n, keyword_count, NULL, &error);
    REQUIRE(result == cw_block_validate(block, n, keyword_count, &shapes, &cached));
    if (result < 0)
        REQUIRE(error.reason == cached.reason && error.offset == cached.offset && error.offset <= n);
    else
        require_rebuilds(block, n);
    free(block);
    return 0;
}
