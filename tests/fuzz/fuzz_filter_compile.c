/* Invariant: any text either gives an error whose column lies within the text or just behind it, or a program whose
 * length does not depend on whether it is written, and which runs on the empty frame. */
#include "../c/rebuild.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static const uint8_t empty[CW_FRAME_MIN] = {32, 0, 0, 0, 23, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0,
                                                0,  0, 0, 0, 0,  0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0};
    cw_filter_error error;
    memset(&error, 0, sizeof error);
    size_t length = cw_filter_compile(data, n, NULL, 0, &error);
    if (!length) {
        REQUIRE(error.column >= 1 && error.column <= n + 1);
        REQUIRE(error.message[0] && memchr(error.message, 0, sizeof error.message));
        return 0;
    }
    uint8_t *program = malloc(length);
    REQUIRE(program && cw_filter_compile(data, n, program, length, &error) == length);
    int passes = cw_filter_match(program, length, empty);
    REQUIRE(passes == 0 || passes == 1);
    /* A buffer that is too small is never written beyond its end. */
    if (length > 1) REQUIRE(!cw_filter_compile(data, n, program, length - 1, &error));
    free(program);
    return 0;
}
