/* The hot paths between blocks and Python objects, in C because every instruction counts here: look-up by str, short
 * strings, whole dicts, dicts to bytes. Each has a plain counterpart in the .pxi files, to which it leaves whatever is
 * not ordinary. All of it runs under the GIL; the caches are left out of builds without one. */
#ifndef FASTCIL_HOT_H
#define FASTCIL_HOT_H

#include <Python.h>
#include <string.h>

#include "cw_internal.h"
#include "hot_values.h"

/* Functions below return NULL when the plain path must do the work, and also when memory ran out: this tells which. */
static inline int hot_error(void) { return PyErr_Occurred() ? -1 : 0; }

/* ---- spellings: keyword ids by the hash that CPython keeps in each str ----
 * A constant of a program hits with one comparison of pointers, an equal str with one memcmp. Filled at import. */
#define HOT_SPELLINGS 8192u
typedef struct {
    Py_hash_t hash;
    PyObject *text;
    uint32_t length;
    uint32_t id;
} hot_spelling;
static hot_spelling hot_spellings[HOT_SPELLINGS];

static inline Py_hash_t hot_hash(PyObject *text) {
#if HOT_CACHES && !defined(PYPY_VERSION)
    Py_hash_t hash = ((PyASCIIObject *)text)->hash;
    return hash == -1 ? PyObject_Hash(text) : hash;
#else
    return PyObject_Hash(text);
#endif
}

static inline int hot_same_text(PyObject *a, PyObject *b) {
    return PyUnicode_IS_COMPACT_ASCII(a) && PyUnicode_IS_COMPACT_ASCII(b) &&
           PyUnicode_GET_LENGTH(a) == PyUnicode_GET_LENGTH(b) &&
           !memcmp(PyUnicode_DATA(a), PyUnicode_DATA(b), (size_t)PyUnicode_GET_LENGTH(a));
}

static void hot_add_spelling(PyObject *text, uint32_t id) {
    Py_hash_t hash = PyObject_Hash(text);
    uint32_t slot = (uint32_t)hash & (HOT_SPELLINGS - 1);
    while (hot_spellings[slot].text) slot = (slot + 1) & (HOT_SPELLINGS - 1);
    Py_INCREF(text);
    hot_spellings[slot].hash = hash;
    hot_spellings[slot].text = text;
    hot_spellings[slot].id = id;
}

/* text is an exact str; 0 when it is no keyword in its documented spelling */
static inline uint32_t hot_spelling_id(PyObject *text) {
    Py_hash_t hash = hot_hash(text);
    for (uint32_t slot = (uint32_t)hash & (HOT_SPELLINGS - 1);; slot = (slot + 1) & (HOT_SPELLINGS - 1)) {
        const hot_spelling *s = &hot_spellings[slot];
        if (s->text == text) return s->id;
        if (!s->text) return 0;
        if (s->hash == hash && hot_same_text(s->text, text)) return s->id;
    }
}

/* ---- values ---- */

/* A new reference to the value of an entry, or NULL. */
static inline PyObject *hot_value(const cw_block *block, uint32_t index) {
    uint64_t raw = cw_load64(block->values + 8 * index);
    switch (block->types[index]) {
    case CW_T_STRING: {
        uint32_t length = (uint32_t)(raw >> 32);
        const uint8_t *text = block->base + (uint32_t)raw;
        if (CW_LIKELY(length <= CW_STR_LENGTH)) return hot_text(text, length);
        return PyUnicode_DecodeUTF8((const char *)text, length & CW_STR_LENGTH,
                                    length & CW_STR_OPAQUE ? "surrogateescape" : NULL);
    }
    case CW_T_INT:
        return hot_int((int32_t)(uint32_t)raw);
    case CW_T_SHORT:
        return hot_int((int16_t)(uint16_t)raw);
    case CW_T_UINT:
    case CW_T_USHORT:
        return hot_int((int64_t)raw);
    case CW_T_BOOL:
        return PyBool_FromLong((long)raw);
    default:
        return NULL;
    }
}

/* Index of the entry of a key: -1 when absent, -2 when the plain path must look (no keyword in its documented
 * spelling, or no str). */
static inline int hot_find(const cw_block *block, PyObject *key) {
    if (!PyUnicode_CheckExact(key)) return -2;
    uint32_t id = hot_spelling_id(key);
    if (!id) return -2;
    int at = cw_find_u16(block->keys, block->count, (uint16_t)id);
    return CW_LIKELY(at >= 0) ? at : cw_find(block, id);
}

/* ---- templates: whole dicts ----
 * Events of one kind have the same keys in the same order. A dict is then made by copying one that has those keys, and
 * setting values under keys that are already there. */
#define HOT_TEMPLATES 64u
#define HOT_TEMPLATE_KEYS 96u
#define HOT_TEMPLATE_BYTES 480u
typedef struct {
    uint64_t hash;  /* of the keys seen last; a template is made when they are seen again */
    PyObject *dict; /* the keys, each with None */
    PyObject *keys; /* the same as a tuple */
    uint32_t count, named, names;
    uint8_t bytes[HOT_TEMPLATE_BYTES]; /* keys and name ends, then names */
} hot_template;
#if HOT_CACHES
static hot_template hot_templates[HOT_TEMPLATES];
#endif

static inline uint32_t hot_names_length(const cw_block *block) {
    return block->named ? cw_load16(block->name_ends + 2 * (block->named - 1)) : 0;
}

static inline uint64_t hot_keys_hash(const cw_block *block, uint32_t fixed) {
    uint64_t h = (uint64_t)block->count << 16 | block->named;
    uint32_t i = 0;
    for (; i + 8 <= fixed; i += 8) h = (h ^ cw_load64(block->keys + i)) * 0x9e3779b97f4a7c15u;
    uint64_t rest = 0;
    for (; i < fixed; i++) rest = rest << 8 | block->keys[i];
    h = (h ^ rest) * 0xff51afd7ed558ccdu;
    return h ^ h >> 29;
}

/* The template of a block's keys; NULL when there is none yet. *slot tells where one would go, or is NULL. */
static inline hot_template *hot_template_of(const cw_block *block, hot_template **slot) {
    *slot = NULL;
#if HOT_CACHES
    uint32_t fixed = 2u * block->count + 2u * block->named, names = hot_names_length(block);
    if (!block->count || block->count > HOT_TEMPLATE_KEYS || fixed + names > HOT_TEMPLATE_BYTES) return NULL;
    uint64_t hash = hot_keys_hash(block, fixed);
    hot_template *t = &hot_templates[hash >> 20 & (HOT_TEMPLATES - 1)];
    if (t->dict && t->hash == hash && t->count == block->count && t->named == block->named && t->names == names &&
        !memcmp(t->bytes, block->keys, fixed) && !memcmp(t->bytes + fixed, block->names, names))
        return t;
    if (t->hash == hash)
        *slot = t;
    else
        t->hash = hash;
#endif
    return NULL;
}

/* Makes the template from a dict that was built of the block in the plain way. */
static int hot_template_fill(hot_template *t, const cw_block *block, PyObject *dict) {
    PyObject *keys = PySequence_Tuple(dict), *fresh = keys ? PyDict_New() : NULL;
    if (!fresh || PyTuple_GET_SIZE(keys) != block->count) goto done;
    for (Py_ssize_t i = 0; i < block->count; i++)
        if (PyDict_SetItem(fresh, PyTuple_GET_ITEM(keys, i), Py_None) < 0) goto done;
    uint32_t fixed = 2u * block->count + 2u * block->named;
    t->count = block->count;
    t->named = block->named;
    t->names = hot_names_length(block);
    memcpy(t->bytes, block->keys, fixed);
    memcpy(t->bytes + fixed, block->names, t->names);
    PyObject *old_dict = t->dict, *old_keys = t->keys;
    t->dict = fresh;
    t->keys = keys;
    fresh = old_dict;
    keys = old_keys;
done:
    Py_XDECREF(fresh);
    Py_XDECREF(keys);
    return PyErr_Occurred() ? -1 : 0;
}

/* A block as a dict, nested blocks as well, or NULL; the plain path should then make a template for *slot if
 * that is not NULL. */
static PyObject *hot_dict(const uint8_t *p, hot_template **slot) {
    cw_block block;
    hot_template *unused;
    cw_open(p, &block);
    const hot_template *t = hot_template_of(&block, slot);
    if (!t) return NULL;
    /* Making an object may run the garbage collector, a finalizer, and so anything that replaces the template. */
    PyObject *keys = t->keys, *fresh = t->dict;
    Py_INCREF(keys);
    Py_INCREF(fresh);
    PyObject *result = PyDict_Copy(fresh);
    Py_DECREF(fresh);
    for (uint32_t i = 0; result && i < block.count; i++) {
        PyObject *value = block.types[i] == CW_T_ARGUMENTS
                              ? hot_dict(p + (uint32_t)cw_load64(block.values + 8 * i), &unused)
                              : hot_value(&block, i);
        if (!value || PyDict_SetItem(result, PyTuple_GET_ITEM(keys, i), value) < 0) Py_CLEAR(result);
        Py_XDECREF(value);
    }
    Py_DECREF(keys);
    return result;
}

/* ---- plans: dicts to bytes ----
 * A program sends dicts with the same keys in the same order again and again. A plan holds the keys and the part of the
 * block that follows from them alone; what is left is one pass over the values. */
#define HOT_PLANS 64u
#define HOT_PLAN_KEYS 96u
#define HOT_PLAN_BYTES 512u
#define HOT_SCRATCH 16384u
#define HOT_CHILDREN 8u
typedef struct {
    uint32_t count;
    uint32_t types;  /* offset of the types in the block */
    uint32_t values; /* offset of the values */
    uint64_t map;    /* serial of the TypeMap that the types come from; 0: from the values alone */
    PyObject *keys[HOT_PLAN_KEYS];
    uint8_t wanted[HOT_PLAN_KEYS]; /* types of numbers, 0 where it follows from the value */
    uint8_t bytes[HOT_PLAN_BYTES]; /* the block from its start to the values */
} hot_plan;
#if HOT_CACHES
static hot_plan hot_plans[HOT_PLANS];

static inline hot_plan *hot_plan_slot(PyObject *first_key, Py_ssize_t count, uint64_t map) {
    uint64_t h = ((uint64_t)hot_hash(first_key) ^ (uint64_t)count ^ map << 16) * 0x9e3779b97f4a7c15u;
    return &hot_plans[h >> 40 & (HOT_PLANS - 1)];
}

static inline int hot_same_key(PyObject *planned, PyObject *key) {
    return planned == key ||
           (PyUnicode_CheckExact(key) && hot_hash(planned) == hot_hash(key) && hot_same_text(planned, key));
}

static inline void hot_copy(uint8_t *to, const uint8_t *from, size_t length) {
    /* memcpy of a constant size is a move: short strings need no call. */
    if (length >= 8) {
        if (length > 64) {
            memcpy(to, from, length);
            return;
        }
        for (size_t i = 0; i + 8 <= length; i += 8) memcpy(to + i, from + i, 8);
        memcpy(to + length - 8, from + length - 8, 8);
    } else if (length >= 4) {
        memcpy(to, from, 4);
        memcpy(to + length - 4, from + length - 4, 4);
    } else {
        for (size_t i = 0; i < length; i++) to[i] = from[i];
    }
}

/* What a number of each type may be, and the bits that it has on the wire. */
static const struct {
    int64_t least, most;
    uint64_t bits;
} hot_ranges[8] = {
    [CW_T_INT] = {INT32_MIN, INT32_MAX, UINT32_MAX},
    [CW_T_UINT] = {0, UINT32_MAX, UINT32_MAX},
    [CW_T_SHORT] = {INT16_MIN, INT16_MAX, UINT16_MAX},
    [CW_T_USHORT] = {0, UINT16_MAX, UINT16_MAX},
};

/* Writes the block of a dict at `out`. Returns its size, or 0 (no exception) when the plain path must do it. It runs no
 * code of the program: only exact types are looked at. */
static uint32_t hot_encode(PyObject *dict, uint8_t *out, uint32_t room, uint32_t depth, uint64_t map) {
    PyObject *key, *value, *children[HOT_CHILDREN];
    uint32_t child_at[HOT_CHILDREN], child_count = 0, i = 0;
    Py_ssize_t place = 0, count = PyDict_GET_SIZE(dict);
    if (count < 1 || count > (Py_ssize_t)HOT_PLAN_KEYS || depth > CW_MAX_DEPTH) return 0;
    PyDict_Next(dict, &place, &key, &value);
    if (!PyUnicode_CheckExact(key)) return 0;
    hot_plan *plan = hot_plan_slot(key, count, map);
    if (plan->count != (uint32_t)count || plan->map != map) return 0;
    uint32_t heap = plan->values + 8u * plan->count;
    if (heap + 64 > room) return 0;
    memcpy(out, plan->bytes, plan->values);
    uint8_t *types = out + plan->types, *values = out + plan->values;
    do {
        if (i == plan->count || !hot_same_key(plan->keys[i], key)) return 0;
        uint64_t raw;
        if (PyUnicode_CheckExact(value)) {
            const char *text;
            Py_ssize_t length;
            uint64_t flags = 0;
            if (CW_LIKELY(PyUnicode_IS_COMPACT_ASCII(value))) {
                text = PyUnicode_DATA(value);
                length = PyUnicode_GET_LENGTH(value);
            } else {
                text = PyUnicode_AsUTF8AndSize(value, &length);
                flags = CW_STR_NON_ASCII;
                if (!text) { /* surrogates: they may stand for bytes */
                    PyErr_Clear();
                    return 0;
                }
            }
            if ((size_t)length + 64 > room - heap) return 0;
            types[i] = CW_T_STRING;
            raw = (flags | (uint64_t)length) << 32 | heap;
            hot_copy(out + heap, (const uint8_t *)text, (size_t)length);
            heap += (uint32_t)length;
        } else if (PyLong_CheckExact(value)) {
            int overflow;
            long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
            if (overflow || number < INT32_MIN || number > (long long)UINT32_MAX) return 0;
            types[i] = number > INT32_MAX ? CW_T_UINT : CW_T_INT;
            raw = (uint32_t)number;
            uint8_t wanted = plan->wanted[i];
            if (wanted && number >= hot_ranges[wanted].least && number <= hot_ranges[wanted].most) {
                types[i] = wanted;
                raw &= hot_ranges[wanted].bits;
            }
        } else if (value == Py_True || value == Py_False) {
            types[i] = CW_T_BOOL;
            raw = value == Py_True;
        } else if (PyDict_CheckExact(value)) {
            if (child_count == HOT_CHILDREN) return 0;
            types[i] = CW_T_ARGUMENTS;
            children[child_count] = value;
            child_at[child_count++] = i;
            raw = 0;
        } else {
            return 0;
        }
        memcpy(values + 8 * i, &raw, 8);
        i++;
    } while (PyDict_Next(dict, &place, &key, &value));
    if (i != plan->count) return 0;
    memset(out + heap, 0, 8);
    heap = (heap + 7u) & ~7u;
    for (uint32_t k = 0; k < child_count; k++) {
        uint32_t size = hot_encode(children[k], out + heap, room - heap, depth + 1, 0);
        if (!size) return 0;
        uint64_t raw = (uint64_t)size << 32 | heap;
        memcpy(values + 8 * child_at[k], &raw, 8);
        heap += size;
    }
    memcpy(out, &heap, 4);
    return heap;
}
#endif

/* A dict as a block behind `head` free bytes, as a new bytes object, or NULL. */
static PyObject *hot_encode_dict(PyObject *dict, uint32_t head, uint64_t map) {
#if HOT_CACHES
    uint8_t scratch[HOT_SCRATCH];
    uint32_t size = hot_encode(dict, scratch, HOT_SCRATCH, 1, map);
    if (!size) return NULL;
    PyObject *result = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)head + size);
    if (result) memcpy(PyBytes_AS_STRING(result) + head, scratch, size);
    return result;
#else
    (void)dict;
    (void)head;
    (void)map;
    return NULL;
#endif
}

/* Makes the plan of a dict from the block that the plain path built of it; the two must have the same keys. map, wanted:
 * the serial of a TypeMap and what it says of each key; 0 and NULL without one. */
static void hot_plan_fill(PyObject *dict, const uint8_t *p, uint64_t map, const uint8_t *wanted) {
#if HOT_CACHES
    cw_block block;
    PyObject *key, *value, *keys[HOT_PLAN_KEYS];
    Py_ssize_t place = 0;
    uint32_t n = 0;
    cw_open(p, &block);
    uint32_t values = (uint32_t)(block.values - p);
    if (!block.count || block.count > HOT_PLAN_KEYS || values > HOT_PLAN_BYTES ||
        PyDict_GET_SIZE(dict) != block.count)
        return;
    while (PyDict_Next(dict, &place, &key, &value)) {
        if (n == block.count || !PyUnicode_CheckExact(key) || !PyUnicode_IS_COMPACT_ASCII(key)) return;
        keys[n++] = key;
    }
    if (n != block.count) return;
    for (uint32_t i = 0; i < n; i++) Py_INCREF(keys[i]);
    hot_plan *plan = hot_plan_slot(keys[0], block.count, map);
    PyObject *old_keys[HOT_PLAN_KEYS];
    uint32_t old_count = plan->count;
    memcpy(old_keys, plan->keys, old_count * sizeof *old_keys);
    memcpy(plan->keys, keys, n * sizeof *keys);
    memcpy(plan->bytes, p, values);
    plan->types = (uint32_t)(block.types - p);
    plan->values = values;
    plan->map = map;
    if (wanted)
        memcpy(plan->wanted, wanted, n);
    else
        memset(plan->wanted, 0, n);
    plan->count = n;
    for (uint32_t i = 0; i < old_count; i++) Py_DECREF(old_keys[i]);
#else
    (void)dict;
    (void)p;
    (void)map;
    (void)wanted;
#endif
}

#endif
