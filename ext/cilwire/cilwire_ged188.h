/* GED-188 in C11: the messages between a CTI Server and its clients, checked and indexed by tables.
 *
 * docs/ged188.md describes the bytes; the tables are generated from src/fastcil/ged188/data. No I/O, no allocation, no
 * state: every buffer is the caller's, and need not be aligned. All integers on the wire are big-endian.
 */
#ifndef CILWIRE_GED188_H
#define CILWIRE_GED188_H

#include "cilwire.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CW_GED_HEADER_SIZE 8u
#define CW_GED_MAX_MESSAGE 12500u
#define CW_GED_MESSAGE_LIMIT 65535u
#define CW_GED_FIRST_VERSION 9u
#define CW_GED_LAST_VERSION 25u
#define CW_GED_WIDE_VERSION 20u /* from here on a tag and a length take two bytes each */
#define CW_GED_SLOTS 64u        /* no message has more floating fields */

enum cw_ged_type {
    CW_GED_UCHAR = 0,
    CW_GED_USHORT = 1,
    CW_GED_BOOL = 2,
    CW_GED_INT = 3,
    CW_GED_UINT = 4,
    CW_GED_TIME = 5,
    CW_GED_STRING = 6,
    CW_GED_UNSPEC = 7,
    CW_GED_NAMEDVAR = 8,
    CW_GED_NAMEDARRAY = 9
};

enum cw_ged_reason {
    CW_GED_OK = 0,
    CW_GED_TRUNCATED = 1,       /* fewer bytes than the header */
    CW_GED_MESSAGE_LENGTH = 2,  /* a length that cannot be, or that the fixed part does not fit */
    CW_GED_MESSAGE_TYPE = 3,    /* not in the message set */
    CW_GED_MESSAGE_VERSION = 4, /* newer than the version spoken */
    CW_GED_FIELD_LENGTH = 5,
    CW_GED_FIELD_TRUNCATED = 6, /* a floating field reaches beyond the message */
    CW_GED_FIELD_VALUE = 7,
    CW_GED_DUPLICATE_FIELD = 8
};

typedef struct cw_ged_error {
    uint32_t reason; /* enum cw_ged_reason */
    uint32_t offset; /* from the start of the message; of a floating field: of its tag */
    uint32_t type;   /* MessageType, 0 when not known */
    int32_t field;   /* index of a fixed field; -1 none; -2 - slot a floating field of the schema */
    uint32_t tag;    /* of the floating field */
    uint32_t length; /* the length found */
} cw_ged_error;

/* Flags of cw_ged_open: bear with texts longer than the documents allow and with fields given twice. */
#define CW_GED_LENIENT 1u

/* A message that was checked, opened: where its parts stand. Offsets are from the start of the message. */
typedef struct cw_ged_view {
    const uint8_t *data;
    uint32_t size;
    uint16_t type;
    uint16_t index;    /* row of the message in the tables */
    uint16_t end;      /* where the floating part begins */
    uint16_t floating; /* floating fields there */
    uint8_t version;
    uint8_t part;  /* 0: the usual fixed part, 1: the other */
    uint8_t wide;  /* tag and length are two bytes each */
    uint8_t slots; /* floating fields of the schema; so many of `first` are set */
    uint16_t first[CW_GED_SLOTS]; /* by slot: offset of the first field's tag, 0 when absent */
} cw_ged_view;

/* One floating field. slot: -1 when the message has no such field at this version. */
typedef struct cw_ged_field {
    const uint8_t *data;
    uint32_t tag;
    uint32_t length;
    int32_t slot;
    uint32_t next; /* offset of the field after it; the message's size at the end */
} cw_ged_field;

/* Looks at the first `n` bytes of a stream position. Returns 1 when a whole message is there (its bytes in *size), 0 when
 * more are needed (*size is then what the message takes, or 0 when not even that is known), -1 on error. */
CW_API int cw_ged_peek(const uint8_t *p, size_t n, uint32_t max_message, uint32_t *size, cw_ged_error *error);
/* Checks one whole message of `n` bytes, header included, as of a protocol version. Returns 0, or -1 with *error set. */
CW_API int cw_ged_open(const uint8_t *p, size_t n, uint32_t version, uint32_t flags, cw_ged_view *view,
                       cw_ged_error *error);
/* The floating field at an offset: view->end is the first, field->next the following. Returns 0 at the end. */
CW_API int cw_ged_at(const cw_ged_view *view, uint32_t offset, cw_ged_field *field);
/* Offset and type of a fixed field; 0 when the message has not so many. */
CW_API uint32_t cw_ged_fixed_at(const cw_ged_view *view, uint32_t index, uint32_t *type);
/* Type of a floating field of the schema (enum cw_ged_type), and whether it is an array (bit 8) or repeats (bit 9). */
CW_API uint32_t cw_ged_slot_type(const cw_ged_view *view, uint32_t slot);
/* The name of a message type, or NULL. */
CW_API const char *cw_ged_name(uint32_t type);
/* The word of a reason ("message-length", …), or "unknown". */
CW_API const char *cw_ged_reason_name(uint32_t reason);

#ifdef __cplusplus
}
#endif
#endif
