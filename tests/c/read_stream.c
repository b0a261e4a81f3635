/* Reads a recorded stream (docs/wire-format.md, section 8) or a bare sequence of frames with nothing but the installed
 * libcilwire, and prints every frame with all of its entries, nested blocks included.
 *
 *     cc read_stream.c $(pkg-config --cflags --libs cilwire) -o read_stream && ./read_stream FILE
 *
 * Exit status: 0 all read, 1 the file breaks the format (reason and offset on stderr), 2 it cannot be read. */
#include <cilwire.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_HEADER 16u

static uint64_t little(const uint8_t *p, unsigned bytes) {
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++) value |= (uint64_t)p[i] << (8 * i);
    return value;
}

static void print_text(const uint8_t *text, uint32_t length) {
    for (uint32_t i = 0; i < length; i++) {
        uint8_t c = text[i];
        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c >= 0x20 && c < 0x7f)
            putchar(c);
        else
            printf("\\x%02x", c);
    }
}

static void print_block(const uint8_t *p, int depth) {
    static const char *const types[] = {"NOTSET", "INT", "UINT", "SHORT", "USHORT", "BOOL", "STRING", "ARGUMENTS"};
    cw_block block;
    cw_block_open(p, &block);
    for (uint32_t i = 0; i < block.count; i++) {
        cw_entry entry;
        char scratch[8];
        uint32_t length;
        cw_entry_at(&block, i, &entry);
        const uint8_t *key = cw_key_text(&block, i, scratch, &length);
        printf("%*s\"", 2 * depth, "");
        print_text(key, length);
        printf("\" %s", types[entry.type]);
        switch (entry.type) {
        case CW_T_NOTSET: putchar('\n'); break;
        case CW_T_STRING:
            printf(" \"");
            print_text(entry.data, entry.length);
            printf("\"\n");
            break;
        case CW_T_ARGUMENTS:
            printf(" {\n");
            print_block(entry.data, depth + 1);
            printf("%*s}\n", 2 * depth, "");
            break;
        default: printf(" %" PRId64 "\n", entry.number);
        }
    }
}

static int print_frame(const uint8_t *p, size_t n, unsigned long number, cw_shapes *shapes) {
    static const char *const kinds[] = {"?",         "EVENT",          "REQUEST", "HELLO", "WELCOME",
                                        "HEARTBEAT", "HEARTBEAT_CONF", "GAP",     "CLOSE"};
    cw_error error = {0, 0};
    cw_header header;
    if (cw_frame_validate(p, n, CW_FRAME_LIMIT, cw_keyword_total(), shapes, &error) < 0) {
        fprintf(stderr, "frame %lu: %s at offset %" PRIu32 "\n", number, cw_reason_name(error.reason), error.offset);
        return -1;
    }
    cw_frame_header(p, &header);
    printf("frame %lu: %s %" PRIu32 " epoch %" PRIu32 " sequence %" PRIu64 " bytes %" PRIu32 "\n", number,
           kinds[header.kind], header.message_id, header.epoch, header.sequence, header.length);
    print_block(p + CW_HEADER_SIZE, 1);
    return 0;
}

static uint8_t *read_all(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    size_t room = 0, got = 0, n;
    if (!file) return NULL;
    do {
        if (got == room) {
            uint8_t *larger = realloc(data, room = room ? 2 * room : 65536);
            if (!larger) break;
            data = larger;
        }
        n = fread(data + got, 1, room - got, file);
        got += n;
    } while (n);
    if (ferror(file)) {
        free(data);
        data = NULL;
    }
    fclose(file);
    *size = got;
    return data;
}

static int print_stream(const uint8_t *data, size_t size) {
    static cw_shapes shapes;
    size_t at = 0;
    int recorded = size >= RECORD_HEADER && !memcmp(data, "CILREC1\n", 8);
    cw_shapes_init(&shapes);
    if (recorded) {
        if (little(data + 8, 4) != 1 || little(data + 12, 4)) {
            fprintf(stderr, "not a recording of version 1\n");
            return 1;
        }
        at = RECORD_HEADER;
    }
    for (unsigned long number = 1; at < size; number++) {
        uint32_t length = 0;
        cw_error error = {0, 0};
        if (recorded) {
            if (size - at < RECORD_HEADER || little(data + at + 8, 4) > size - at - RECORD_HEADER ||
                little(data + at + 12, 4)) {
                fprintf(stderr, "record %lu is cut short\n", number);
                return 1;
            }
            length = (uint32_t)little(data + at + 8, 4);
            at += RECORD_HEADER;
        } else {
            int whole = cw_frame_peek(data + at, size - at, CW_FRAME_LIMIT, &length, &error);
            if (whole < 1) {
                fprintf(stderr, "frame %lu: %s at offset %" PRIu32 "\n", number,
                        cw_reason_name(whole ? error.reason : (uint32_t)CW_TRUNCATED), error.offset);
                return 1;
            }
        }
        if (print_frame(data + at, length, number, &shapes) < 0) return 1;
        at += length;
    }
    return 0;
}

int main(int argc, char **argv) {
    size_t size = 0;
    if (argc != 2) {
        fprintf(stderr, "usage: read_stream FILE\n");
        return 2;
    }
    if (cw_abi_version() != CW_ABI_VERSION) {
        fprintf(stderr, "libcilwire has ABI %" PRIu32 ", this program wants %d\n", cw_abi_version(), CW_ABI_VERSION);
        return 2;
    }
    uint8_t *data = read_all(argv[1], &size);
    if (!data) {
        perror(argv[1]);
        return 2;
    }
    int status = print_stream(data, size);
    free(data);
    return status;
}
