/* Invariant: a compiled filter answers 0 or 1 for every valid frame, the same through frame and block; and no bytes taken
 * for a program make the matcher read outside of them. Input: u16 length of the text, the text, a frame. */
#include "../c/rebuild.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    cw_filter_error error;
    cw_error wire;
    cw_header header;
    cw_block block;
    if (n < 2) return 0;
    size_t text_length = data[0] | (size_t)data[1] << 8;
    if (text_length > n - 2) return 0;
    const uint8_t *text = data + 2, *frame = text + text_length;
    size_t frame_length = n - 2 - text_length;
    if (cw_frame_validate(frame, frame_length, CW_FRAME_DEFAULT_MAX, cw_keyword_total(), NULL, &wire) < 0) return 0;
    cw_frame_header(frame, &header);
    cw_block_open(frame + CW_HEADER_SIZE, &block);
    size_t length = cw_filter_compile(text, text_length, NULL, 0, &error);
    uint8_t *program = malloc(length ? length : text_length + 1);
    REQUIRE(program);
    if (length) {
        REQUIRE(cw_filter_compile(text, text_length, program, length, &error) == length);
    } else {
        length = text_length;
        if (length) memcpy(program, text, length);
    }
    int passes = cw_filter_match(program, length, frame);
    REQUIRE(passes == 0 || passes == 1);
    REQUIRE(passes == cw_filter_match_block(program, length, header.message_id, &block));
    free(program);
    return 0;
}
