/* Numbers of filter programs (docs/filter-program.md, section 2), for the compiler and the matcher. */
#ifndef CW_FILTER_INTERNAL_H
#define CW_FILTER_INTERNAL_H

#include "cw_internal.h"

#define FILTER_MAGIC "CWF1"
#define FILTER_VERSION 1u
#define FILTER_HEAD 16u
#define FILTER_TERM_HEAD 16u
#define FILTER_VALUE_HEAD 16u
#define FILTER_MAX_TERMS 64u
#define FILTER_MAX_VALUES 1024u
#define FILTER_MESSAGE_ID 0u
#define FILTER_NEGATED 1u
#define FILTER_NUMBER 1u
#define FILTER_SKILL_GROUP_STATISTICS 536871027u

enum filter_op { FILTER_ANY = 1, FILTER_EXACT = 2, FILTER_PREFIX = 3, FILTER_EVENT = 4 };

#endif
