/* Message filters, docs/filter-program.md: text to program. Running programs is in filter_match.c. */
#include <stdio.h>

#include "cilwire_keywords.h"
#include "filter_internal.h"

/* One value, before it is known where in the program it goes: a key may be given again later. */
typedef struct value {
    const uint8_t *text;
    int64_t number;
    uint16_t length;
    uint8_t op;
    uint8_t flags;
    uint8_t term;
} value;

typedef struct term {
    const uint8_t *name; /* as given; NULL when key is a number */
    uint16_t key;
    uint16_t name_length;
} term;

typedef struct compiler {
    const uint8_t *text;
    size_t length;
    cw_filter_error *error;
    uint32_t terms;
    uint32_t values;
    int hide;
    term term[FILTER_MAX_TERMS];
    value value[FILTER_MAX_VALUES];
} compiler;

typedef struct span {
    size_t start, end;
} span;

/* Columns are bytes in the structure and characters in the message; what stands before an error is valid UTF-8. */
static int wrong(compiler *c, size_t at, const char *what) {
    size_t column = 1;
    for (size_t i = 0; i < at; i++) column += (c->text[i] & 0xc0) != 0x80;
    if (c->error) {
        c->error->column = (uint32_t)at + 1;
        snprintf(c->error->message, sizeof c->error->message, "%s at column %zu", what, column);
    }
    return -1;
}

static int is_word(const uint8_t *text, size_t length, const char *word) {
    return !cw_name_compare(text, length, (const uint8_t *)word, strlen(word));
}

static int is_digits(const uint8_t *text, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (text[i] < '0' || text[i] > '9') return 0;
    return length > 0;
}

static size_t skip_blanks(const compiler *c, size_t at, size_t end) {
    while (at < end && cw_is_space(c->text[at])) at++;
    return at;
}

static span trimmed(const compiler *c, size_t start, size_t end) {
    start = skip_blanks(c, start, end);
    while (end > start && cw_is_space(c->text[end - 1])) end--;
    return (span){start, end};
}

/* The place of the next of these signs, or the end of the text. */
static size_t next_sign(const compiler *c, size_t at, const char *signs) {
    while (at < c->length && (!c->text[at] || !strchr(signs, c->text[at]))) at++;
    return at;
}

/* The number of `[+-]?[0-9]+` when it fits 64 bits signed. */
static int decimal(const uint8_t *text, size_t length, int64_t *number) {
    int negative = length && *text == '-';
    if (length && (*text == '-' || *text == '+')) text++, length--;
    if (!is_digits(text, length)) return 0;
    const uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    uint64_t result = 0;
    for (size_t i = 0; i < length; i++) {
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (result > (limit - digit) / 10) return 0;
        result = result * 10 + digit;
    }
    if (!negative)
        *number = (int64_t)result;
    else
        *number = result == limit ? INT64_MIN : -(int64_t)result;
    return 1;
}

/* The last value, ready to be filled in. */
static value *add_value(compiler *c, uint32_t to, uint8_t op, size_t column) {
    if (c->values == FILTER_MAX_VALUES) {
        wrong(c, column, "more than 1024 values");
        return NULL;
    }
    value *v = &c->value[c->values++];
    memset(v, 0, sizeof *v);
    v->term = (uint8_t)to;
    v->op = op;
    return v;
}

static int add_number(compiler *c, uint32_t to, uint8_t op, uint32_t number, size_t column) {
    value *v = add_value(c, to, op, column);
    if (!v) return -1;
    v->flags = FILTER_NUMBER;
    v->number = number;
    return 0;
}

static int add_text(compiler *c, uint32_t to, uint8_t op, const uint8_t *text, size_t length, size_t column) {
    value *v = add_value(c, to, op, column);
    if (!v) return -1;
    v->text = text;
    v->length = (uint16_t)length;
    if (op == FILTER_EXACT && decimal(text, length, &v->number)) v->flags = FILTER_NUMBER;
    return 0;
}

/* The number of an event by number or name; -1 with the error set. */
static int64_t event_number(compiler *c, span s) {
    const uint8_t *text = c->text + s.start;
    size_t length = s.end - s.start;
    int64_t number = -1;
    if (is_digits(text, length)) {
        if (!decimal(text, length, &number) || number > UINT32_MAX)
            return wrong(c, s.start, "the event number is above 4294967295");
    } else {
        for (uint32_t i = 0; i < CW_EVENT_NAME_COUNT && number < 0; i++)
            if (is_word(text, length, cw_event_names[i].name)) number = cw_event_names[i].id;
        if (number < 0) return wrong(c, s.start, "expected an event number, an event name or *");
    }
    for (uint32_t i = 0; i < CW_FILTER_FORBIDDEN_COUNT; i++)
        if (cw_filter_forbidden[i] == number) return wrong(c, s.start, "this event is not allowed in a filter");
    return number;
}

static int compile_value(compiler *c, uint32_t to, span s) {
    const uint8_t *text = c->text + s.start;
    size_t length = s.end - s.start;
    uint32_t key = c->term[to].key;
    const uint8_t *star = memchr(text, '*', length);
    if (c->values == FILTER_MAX_VALUES) return wrong(c, s.start, "more than 1024 values");
    if (star) {
        size_t prefix = (size_t)(star - text);
        if (!prefix) return add_value(c, to, FILTER_ANY, s.start) ? 0 : -1;
        if (key == FILTER_MESSAGE_ID && !is_digits(text, prefix))
            return wrong(c, s.start, "expected an event number, an event name or *");
        return add_text(c, to, FILTER_PREFIX, text, prefix, s.start);
    }
    if (key == FILTER_MESSAGE_ID) {
        int64_t number = event_number(c, s);
        return number < 0 ? -1 : add_number(c, to, FILTER_EXACT, (uint32_t)number, s.start);
    }
    if (key == CW_KEY_FILTERTARGET && (is_word(text, length, "SkillGroupStats") || is_word(text, length, "536871027"))) {
        static const char target[] = "SkillGroupStats";
        if (add_text(c, to, FILTER_EXACT, (const uint8_t *)target, sizeof target - 1, s.start) < 0) return -1;
        return add_number(c, to, FILTER_EVENT, FILTER_SKILL_GROUP_STATISTICS, s.start);
    }
    return add_text(c, to, FILTER_EXACT, text, length, s.start);
}

/* The value that starts behind a sign, and in *end the sign behind it. */
static int next_value(compiler *c, size_t at, span *s, size_t *end) {
    *end = next_sign(c, at, ",;");
    *s = trimmed(c, at, *end);
    if (s->start == s->end) return wrong(c, s->start, "expected a value");
    const uint8_t *equals = memchr(c->text + s->start, '=', s->end - s->start);
    return equals ? wrong(c, (size_t)(equals - c->text), "unexpected '='") : 0;
}

/* What follows HideSilentMonitorCallEvents. */
static int compile_hide(compiler *c, size_t sign, size_t *end) {
    span s;
    *end = sign;
    c->hide = 1;
    if (sign == c->length || c->text[sign] != '=') return 0;
    if (next_value(c, sign + 1, &s, end) < 0) return -1;
    const uint8_t *text = c->text + s.start;
    size_t length = s.end - s.start;
    if (is_word(text, length, "0") || is_word(text, length, "false"))
        c->hide = 0;
    else if (!is_word(text, length, "1") && !is_word(text, length, "true"))
        return wrong(c, s.start, "expected 1, true, 0 or false");
    if (*end == c->length || c->text[*end] == ';') return 0;
    if (next_value(c, *end + 1, &s, end) < 0) return -1;
    return wrong(c, s.start, "expected one value");
}

/* The term of a key, a new one when it was not given before; -1 when that is one too many. */
static int find_term(compiler *c, span s) {
    const uint8_t *name = c->text + s.start;
    size_t length = s.end - s.start;
    uint32_t key = cw_keyword_id(name, length);
    if (!key && (key = cw_hash_number(name, length)) <= cw_keyword_total()) key = 0;
    if (!key) key = CW_KEY_NAMED;
    if (key == CW_KEY_MESSAGEID) key = FILTER_MESSAGE_ID;
    for (uint32_t i = 0; i < c->terms; i++) {
        const term *t = &c->term[i];
        if (t->key == key && (key != CW_KEY_NAMED || !cw_name_compare(t->name, t->name_length, name, length)))
            return (int)i;
    }
    if (c->terms == FILTER_MAX_TERMS) return wrong(c, s.start, "more than 64 terms");
    term *t = &c->term[c->terms];
    t->key = (uint16_t)key;
    t->name = key == CW_KEY_NAMED ? name : NULL;
    t->name_length = key == CW_KEY_NAMED ? (uint16_t)length : 0;
    return (int)c->terms++;
}

/* One term from `at`; *end is the `;` behind it or the end of the text. */
static int compile_term(compiler *c, size_t at, size_t *end) {
    size_t sign = next_sign(c, at, "=,;");
    span key = trimmed(c, at, sign), s;
    if (key.start == key.end) return wrong(c, key.start, "expected a key");
    const uint8_t *name = c->text + key.start;
    size_t length = key.end - key.start;
    int hides = is_word(name, length, "HideSilentMonitorCallEvents") || is_word(name, length, "HideSilentMonitorCalls");
    if (sign == c->length ? !hides : c->text[sign] != '=' && !(hides && c->text[sign] == ';'))
        return wrong(c, sign, "expected '=' after the key");
    if (hides) return compile_hide(c, sign, end);
    if (length > CW_MAX_NAME) return wrong(c, key.start, "the key is longer than 255 bytes");
    int to = find_term(c, key);
    if (to < 0) return -1;
    *end = sign;
    do {
        if (next_value(c, *end + 1, &s, end) < 0 || compile_value(c, (uint32_t)to, s) < 0) return -1;
    } while (*end < c->length && c->text[*end] == ',');
    return 0;
}

/* The first byte that is not part of valid UTF-8; length when there is none. */
static size_t first_wrong_byte(const uint8_t *text, size_t length) {
    size_t at = 0;
    if (!(cw_text_flags(text, length) & CW_STR_OPAQUE)) return length;
    while (at < length) {
        size_t n = 1;
        while (n <= 4 && at + n <= length && cw_text_flags(text + at, n) & CW_STR_OPAQUE) n++;
        if (n > 4 || at + n > length) break;
        at += n;
    }
    return at;
}

static int compile_text(compiler *c) {
    size_t bad = first_wrong_byte(c->text, c->length), end;
    if (bad < c->length) return wrong(c, bad, "the filter is not valid UTF-8");
    if (c->length > CW_FILTER_MAX_TEXT) return wrong(c, 0, "the filter is longer than 16384 bytes");
    if (skip_blanks(c, 0, c->length) == c->length) return wrong(c, 0, "the filter is empty");
    for (size_t at = 0;; at = end + 1) {
        if (compile_term(c, at, &end) < 0) return -1;
        if (end == c->length || skip_blanks(c, end + 1, c->length) == c->length) return 0;
    }
}

/* ---- writing ---- */

typedef struct writer {
    uint8_t *out; /* NULL: only count */
    size_t capacity;
    size_t size;
} writer;

/* Room for the next `n` bytes, zeroed; NULL where there is none. */
static uint8_t *take(writer *w, size_t n) {
    size_t at = w->size;
    w->size += n;
    if (!w->out || w->size > w->capacity) return NULL;
    memset(w->out + at, 0, n);
    return w->out + at;
}

static void write_value(writer *w, const value *v) {
    uint32_t size = FILTER_VALUE_HEAD + cw_pad8(v->length);
    uint8_t *p = take(w, size);
    if (!p) return;
    cw_store32(p, size);
    p[4] = v->op;
    p[5] = v->flags;
    cw_store16(p + 6, v->length);
    cw_store64(p + 8, (uint64_t)v->number);
    if (v->length) memcpy(p + FILTER_VALUE_HEAD, v->text, v->length);
}

static void write_term(writer *w, const term *t, uint32_t index, const value *values, uint32_t count, uint32_t flags) {
    uint8_t *p = take(w, FILTER_TERM_HEAD + cw_pad8(t->name_length));
    size_t start = w->size - FILTER_TERM_HEAD - cw_pad8(t->name_length);
    uint32_t written = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (values[i].term != index) continue;
        write_value(w, &values[i]);
        written++;
    }
    if (!p) return;
    cw_store32(p, (uint32_t)(w->size - start));
    cw_store16(p + 4, t->key);
    cw_store16(p + 6, (uint16_t)written);
    cw_store16(p + 8, t->name_length);
    cw_store16(p + 10, (uint16_t)flags);
    for (uint32_t i = 0; i < t->name_length; i++) p[FILTER_TERM_HEAD + i] = cw_fold(t->name[i]);
}

/* Events of silent monitor calls: CallType and LineType are those of GED-188. */
static void write_hiding(writer *w) {
    static const term terms[2] = {{NULL, CW_KEY_CALLTYPE, 0}, {NULL, CW_KEY_LINETYPE, 0}};
    static const value values[2] = {{(const uint8_t *)"21", 21, 2, FILTER_EXACT, FILTER_NUMBER, 0},
                                    {(const uint8_t *)"9", 9, 1, FILTER_EXACT, FILTER_NUMBER, 1}};
    for (uint32_t i = 0; i < 2; i++) write_term(w, &terms[i], i, values, 2, FILTER_NEGATED);
}

size_t cw_filter_compile(const uint8_t *text, size_t length, uint8_t *out, size_t capacity, cw_filter_error *error) {
    compiler c;
    c.text = text;
    c.length = length;
    c.error = error;
    c.terms = c.values = 0;
    c.hide = 0;
    if (compile_text(&c) < 0) return 0;
    writer w = {out, capacity, 0};
    uint8_t *head = take(&w, FILTER_HEAD);
    for (uint32_t i = 0; i < c.terms; i++) write_term(&w, &c.term[i], i, c.value, c.values, 0);
    if (c.hide) write_hiding(&w);
    if (out && w.size > capacity) {
        wrong(&c, 0, "there is no room for the program");
        return 0;
    }
    if (head) {
        memcpy(head, FILTER_MAGIC, 4);
        cw_store16(head + 4, FILTER_VERSION);
        cw_store32(head + 8, (uint32_t)w.size);
        cw_store16(head + 12, (uint16_t)(c.terms + (c.hide ? 2 : 0)));
        cw_store16(head + 14, (uint16_t)(c.values + (c.hide ? 2 : 0)));
    }
    return w.size;
}
