/* Small values that come again: short strings and numbers as Python objects, without an allocation when they are held.
 * All of it runs under the GIL; the caches are left out of builds without one. */
#ifndef FASTCIL_HOT_VALUES_H
#define FASTCIL_HOT_VALUES_H

#include <Python.h>
#include <string.h>

#include "cw_internal.h"

#ifdef Py_GIL_DISABLED
#define HOT_CACHES 0
#else
#define HOT_CACHES 1
#endif

/* ---- short strings ----
 * Ids of agents, calls and devices come in one event after the other: a hit costs a comparison instead of an
 * allocation, and the str brings its hash along. At most HOT_TEXTS strings of HOT_TEXT_MAX bytes are kept. */
#define HOT_TEXTS 4096u
#define HOT_TEXT_MAX 32u
#if HOT_CACHES
static PyObject *hot_texts[HOT_TEXTS];
#endif

static PyObject *hot_new_text(const uint8_t *text, uint32_t length) {
    PyObject *result = PyUnicode_New(length, 127);
    if (result) memcpy(PyUnicode_DATA(result), text, length);
    return result;
}

static inline int hot_equal(const uint8_t *a, const uint8_t *b, uint32_t length) {
    if (length >= 8) {
        for (uint32_t i = 0; i + 8 <= length; i += 8)
            if (cw_load64(a + i) != cw_load64(b + i)) return 0;
        return cw_load64(a + length - 8) == cw_load64(b + length - 8);
    }
    for (uint32_t i = 0; i < length; i++)
        if (a[i] != b[i]) return 0;
    return 1;
}

/* ASCII bytes as a str. The 8 bytes before them must be readable: of a block's or a message's string they are. */
static inline PyObject *hot_text(const uint8_t *text, uint32_t length) {
#if HOT_CACHES
    if (length - 2u < HOT_TEXT_MAX - 1u) {
        uint64_t last = cw_load64(text + length - 8);
        if (length < 8) last >>= 8 * (8 - length);
        uint64_t first = length < 8 ? last : cw_load64(text);
        uint64_t h = (last ^ (first * 0x9e3779b97f4a7c15u) ^ length) * 0xff51afd7ed558ccdu;
        PyObject **slot = &hot_texts[h >> 52];
        PyObject *held = *slot;
        if (held && (uint32_t)PyUnicode_GET_LENGTH(held) == length && hot_equal(PyUnicode_DATA(held), text, length)) {
            Py_INCREF(held);
            return held;
        }
        PyObject *result = hot_new_text(text, length);
        if (result) {
            Py_INCREF(result);
            *slot = result;
            Py_XDECREF(held);
        }
        return result;
    }
#endif
    return hot_new_text(text, length);
}

/* ---- numbers ----
 * Likewise: what is no small int of CPython's own is mostly an id that comes again. */
#define HOT_INTS 1024u
#if HOT_CACHES
typedef struct {
    int64_t value;
    PyObject *held;
} hot_number;
static hot_number hot_numbers[HOT_INTS];
#endif

static inline PyObject *hot_int(int64_t value) {
#if HOT_CACHES
    if (value > 256 || value < -5) {
        hot_number *slot = &hot_numbers[(uint64_t)value * 0x9e3779b97f4a7c15u >> 54];
        PyObject *held = slot->held;
        if (held && slot->value == value) {
            Py_INCREF(held);
            return held;
        }
        PyObject *result = PyLong_FromLongLong(value);
        if (result) {
            Py_INCREF(result);
            slot->value = value;
            slot->held = result;
            Py_XDECREF(held);
        }
        return result;
    }
#endif
    return PyLong_FromLongLong(value);
}

#endif
