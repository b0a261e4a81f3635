/* cilwire: the CIL wire in C11. Frames, Arguments blocks, filter programs.
 *
 * The byte format is docs/wire-format.md, version 1; section numbers below are that page's.
 * The library does no I/O, keeps no global state that changes, and allocates nothing: every buffer is the caller's.
 * Nothing here needs aligned input.
 *
 * Two kinds of function: those that take bytes from a peer (`cw_frame_*`, `cw_block_validate`) check everything and
 * report reason and offset; those that take a `cw_block` trust it, and must only be given blocks that were validated.
 */
#ifndef CILWIRE_H
#define CILWIRE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32) || defined(CW_STATIC) /* CW_STATIC: compiled into something else, exporting nothing */
#define CW_API
#else
#define CW_API __attribute__((visibility("default")))
#endif

/* Raised when a structure or a signature below changes; cw_abi_version() tells what the library was built with. */
#define CW_ABI_VERSION 1
CW_API uint32_t cw_abi_version(void);

/* Section 7. */
#define CW_HEADER_SIZE 24u
#define CW_FRAME_MIN 32u
#define CW_FRAME_DEFAULT_MAX (1u << 20)
#define CW_FRAME_LIMIT (64u << 20)
#define CW_MAX_ENTRIES 4096u
#define CW_MAX_DEPTH 16u
#define CW_MAX_NAME 255u
#define CW_MAX_NAMES 65535u /* bytes of names in one block */
#define CW_KEY_NAMED 0x8000u

/* Section 6. */
enum cw_reason {
    CW_OK = 0,
    CW_TRUNCATED = 1,
    CW_FRAME_LENGTH = 2,
    CW_FRAME_KIND = 3,
    CW_RESERVED = 4,
    CW_BLOCK_SIZE = 5,
    CW_COUNT = 6,
    CW_KEY = 7,
    CW_NAME = 8,
    CW_DUPLICATE_KEY = 9,
    CW_TYPE = 10,
    CW_VALUE = 11,
    CW_STRING = 12,
    CW_STRING_FLAGS = 13,
    CW_CHILD = 14,
    CW_DEPTH = 15
};
/* The word of a reason ("truncated", …), or "unknown". */
CW_API const char *cw_reason_name(uint32_t reason);

typedef struct cw_error {
    uint32_t reason; /* enum cw_reason */
    uint32_t offset; /* from the start of the frame, or of the block where a block was given */
} cw_error;

/* Section 2.2. */
enum cw_type {
    CW_T_NOTSET = 0,
    CW_T_INT = 1,
    CW_T_UINT = 2,
    CW_T_SHORT = 3,
    CW_T_USHORT = 4,
    CW_T_BOOL = 5,
    CW_T_STRING = 6,
    CW_T_ARGUMENTS = 7
};
#define CW_STR_NON_ASCII 0x80000000u
#define CW_STR_OPAQUE 0x40000000u
#define CW_STR_LENGTH 0x3fffffffu

enum cw_kind {
    CW_K_EVENT = 1,
    CW_K_REQUEST = 2,
    CW_K_HELLO = 3,
    CW_K_WELCOME = 4,
    CW_K_HEARTBEAT = 5,
    CW_K_HEARTBEAT_CONF = 6,
    CW_K_GAP = 7,
    CW_K_CLOSE = 8
};

typedef struct cw_header {
    uint32_t length;
    uint32_t message_id;
    uint32_t epoch;
    uint32_t kind;
    uint64_t sequence;
} cw_header;

/* ---- shapes: an optional memory of blocks already checked (section 2). One cache must not be used by two threads at once. ---- */
#define CW_SHAPE_BYTES 512u
#define CW_SHAPE_ENTRIES 96u
#define CW_SHAPE_SLOTS 32u /* a power of two */

typedef struct cw_shape {
    uint32_t length;        /* of `bytes` in use; 0 = empty slot */
    uint32_t keyword_count; /* the count it was checked against */
    uint16_t count;
    uint16_t strings;  /* number of STRING entries, their indexes are in `string_at` */
    uint16_t children; /* number of ARGUMENTS entries, likewise in `child_at` */
    uint16_t reserved;
    uint8_t bytes[CW_SHAPE_BYTES]; /* the shape from `count` on */
    uint8_t string_at[CW_SHAPE_ENTRIES];
    uint8_t child_at[CW_SHAPE_ENTRIES];
    uint64_t forbidden[CW_SHAPE_ENTRIES]; /* value bits that must be 0, per entry */
} cw_shape;

typedef struct cw_shapes {
    uint64_t hits;
    uint64_t misses;
    cw_shape slot[CW_SHAPE_SLOTS];
} cw_shapes;
CW_API void cw_shapes_init(cw_shapes *cache);

/* ---- reading ---- */

/* Looks at the first `n` bytes of a stream position. Returns 1 when a whole frame is there (its length in *length),
 * 0 when more bytes are needed (*length is then the frame's length, or 0 when not even that is known), -1 on error. */
CW_API int cw_frame_peek(const uint8_t *p, size_t n, uint32_t max_frame, uint32_t *length, cw_error *error);

/* Checks one whole frame of `n` bytes, header and block. keyword_count: the negotiated table size (CW_KEYWORD_COUNT
 * alone). cache may be NULL. Returns 0, or -1 with *error set. */
CW_API int cw_frame_validate(const uint8_t *p, size_t n, uint32_t max_frame, uint32_t keyword_count, cw_shapes *cache,
                             cw_error *error);
CW_API void cw_frame_header(const uint8_t *p, cw_header *header);
CW_API void cw_frame_write_header(uint8_t *p, const cw_header *header);

/* Checks one block that must fill exactly `n` bytes. Returns 0, or -1 with *error set. */
CW_API int cw_block_validate(const uint8_t *p, size_t n, uint32_t keyword_count, cw_shapes *cache, cw_error *error);

/* A validated block, opened: plain pointers into its bytes. */
typedef struct cw_block {
    const uint8_t *base;
    const uint8_t *keys;      /* u16 each */
    const uint8_t *name_ends; /* u16 each */
    const uint8_t *types;
    const uint8_t *names;
    const uint8_t *values; /* u64 each */
    uint32_t size;
    uint16_t count;
    uint16_t named;
} cw_block;
CW_API void cw_block_open(const uint8_t *p, cw_block *block);

/* Index (from 0) of the entry with a keyword id, or -1. Falls back to names when the keyword travels as one. */
CW_API int cw_find(const cw_block *block, uint32_t keyword_id);
/* The same for a name that is no keyword (trimmed; ASCII case ignored). */
CW_API int cw_find_name(const cw_block *block, const uint8_t *name, size_t length);
/* The same for any key text: trims, tries the keyword table, "#number", then names. */
CW_API int cw_find_key(const cw_block *block, const uint8_t *key, size_t length);

/* One entry, ready to read. */
typedef struct cw_entry {
    uint32_t type;       /* enum cw_type */
    uint32_t flags;      /* CW_STR_* of a string, else 0 */
    uint16_t key;        /* keyword id, or 0x8000 | rank */
    uint16_t reserved;
    uint32_t length;     /* bytes of a string or child */
    int64_t number;      /* value of the number types, signed where the type is */
    const uint8_t *data; /* of a string or child, else NULL */
} cw_entry;
CW_API void cw_entry_at(const cw_block *block, uint32_t index, cw_entry *entry);
/* The key's text: documented spelling, or the name; "#number" for ids above the table is written to scratch. */
CW_API const uint8_t *cw_key_text(const cw_block *block, uint32_t index, char scratch[8], uint32_t *length);

/* ---- keywords ---- */
CW_API uint32_t cw_keyword_total(void);
CW_API uint32_t cw_keyword_id(const uint8_t *name, size_t length); /* 0 if none; trimmed, ASCII case ignored */
CW_API const char *cw_keyword_name(uint32_t id);                   /* "" if none */

/* ---- text ---- */
/* CW_STR_NON_ASCII and CW_STR_OPAQUE as section 2.2 wants them. */
CW_API uint32_t cw_text_flags(const uint8_t *text, size_t length);

/* ---- building ---- */
typedef struct cw_item {
    const uint8_t *name; /* NULL when key is a keyword id; else the trimmed name, no keyword of the table */
    const uint8_t *data; /* bytes of a string; an encoded block for ARGUMENTS */
    uint64_t number;     /* the value's 64 bits for the number types (section 2.2) */
    uint32_t length;     /* of data */
    uint32_t flags;      /* CW_STR_* of a string, from cw_text_flags */
    uint16_t key;        /* keyword id, or CW_KEY_NAMED when name is set */
    uint16_t name_length;
    uint8_t type;
    uint8_t reserved[3];
} cw_item;

/* Bytes that the block of these items takes; 0 with *error set when a limit is passed (offset = index of the item). */
CW_API size_t cw_build_size(const cw_item *items, uint32_t count, cw_error *error);
/* Writes the block into exactly cw_build_size() bytes. Items must have distinct keys; two equal names are an error
 * (-1, CW_DUPLICATE_KEY, offset = index of the second), two equal keyword ids as well. Returns 0 or -1. */
CW_API int cw_build(const cw_item *items, uint32_t count, uint8_t *out, size_t size, cw_error *error);

/* ---- filters (docs/filter-program.md) ---- */
#define CW_FILTER_MAX_TEXT 16384u
typedef struct cw_filter_error {
    uint32_t column; /* from 1, in bytes of the text */
    char message[124];
} cw_filter_error;
/* Compiles a filter. Returns the program's length, 0 with *error set. With out NULL only the length is worked out. */
CW_API size_t cw_filter_compile(const uint8_t *text, size_t length, uint8_t *out, size_t capacity,
                                cw_filter_error *error);
/* 1 when a validated frame passes, else 0. */
CW_API int cw_filter_match(const uint8_t *program, size_t length, const uint8_t *frame);
/* The same for a message id and a validated block. */
CW_API int cw_filter_match_block(const uint8_t *program, size_t length, uint32_t message_id, const cw_block *block);

#ifdef __cplusplus
}
#endif
#endif
