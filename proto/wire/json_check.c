// SPDX-License-Identifier: Apache-2.0
// One pass over the bytes: the previous token and the open brackets determine what is allowed next.
#include "proto/wire/json_check.h"

#include "proto/mem/length.h"
#include "proto/wire/json_text.h"
#include "proto/wire/limits.h"

enum expected { VALUE, VALUE_OR_END, KEY, KEY_OR_END, COLON, NEXT_KEY, NEXT_VALUE, END, EXPECTED_COUNT };

static const char *const faults[] = {
    [VALUE] = "value expected",
    [VALUE_OR_END] = "value or \"]\" expected",
    [KEY] = "key expected",
    [KEY_OR_END] = "key or \"}\" expected",
    [COLON] = "\":\" expected",
    [NEXT_KEY] = "\",\" or \"}\" expected",
    [NEXT_VALUE] = "\",\" or \"]\" expected",
    [END] = "unexpected text after the value",
};
_Static_assert(LENGTH(faults) == EXPECTED_COUNT, "name every enum expected");

struct checker {
        struct slice text;
        size_t at;
        enum expected expected;
        size_t depth;
        bool is_object[LIMIT_JSON_DEPTH_N]; // or else an array, for each that is open
        bool has_escapes;
};

// What may follow a value, or the end of one.
static void end_value(struct checker *c)
{
        c->expected = c->depth == 0 ? END : c->is_object[c->depth - 1] ? NEXT_KEY : NEXT_VALUE;
}

static bool expects_value(const struct checker *c)
{
        return c->expected == VALUE || c->expected == VALUE_OR_END;
}

static bool expects_key(const struct checker *c)
{
        return c->expected == KEY || c->expected == KEY_OR_END;
}

static const char *refuse_value(const struct checker *c)
{
        return expects_key(c) ? "a key must be a string" : faults[c->expected];
}

static const char *take_open(struct checker *c, bool is_object)
{
        if (!expects_value(c))
                return refuse_value(c);
        if (c->depth == LIMIT_JSON_DEPTH_N)
                return "nested too deeply";
        c->is_object[c->depth++] = is_object;
        c->expected = is_object ? KEY_OR_END : VALUE_OR_END;
        c->at++;
        return NULL;
}

static const char *take_close(struct checker *c, bool is_object)
{
        bool fits = is_object ? c->expected == KEY_OR_END || c->expected == NEXT_KEY
                              : c->expected == VALUE_OR_END || c->expected == NEXT_VALUE;
        if (!fits)
                return faults[c->expected];
        c->depth--;
        c->at++;
        end_value(c);
        return NULL;
}

static const char *take_separator(struct checker *c, uint8_t byte)
{
        if (byte == ':' && c->expected == COLON)
                c->expected = VALUE;
        else if (byte == ',' && (c->expected == NEXT_KEY || c->expected == NEXT_VALUE))
                c->expected = c->expected == NEXT_KEY ? KEY : VALUE;
        else
                return faults[c->expected];
        c->at++;
        return NULL;
}

static const char *take_string(struct checker *c)
{
        bool is_key = expects_key(c);
        if (!is_key && !expects_value(c))
                return faults[c->expected];
        size_t n = 0;
        const char *what = json_text_check_string(slice_from(c->text, c->at + 1), &n, &c->has_escapes);
        c->at += 1 + n;
        if (what)
                return what;
        c->at++; // its closing quote
        if (is_key)
                c->expected = COLON;
        else
                end_value(c);
        return NULL;
}

// Reads a number, true, false or null: all bytes up to one that can follow it.
static const char *take_scalar(struct checker *c)
{
        if (!expects_value(c))
                return refuse_value(c);
        size_t end = c->at;
        while (end < c->text.n && c->text.p[end] > ' ' && !strchr(",:]}", c->text.p[end]))
                end++;
        struct slice s = slice_of(c->text.p + c->at, end - c->at);
        if (!json_text_is_number(s) && !slice_eq(s, SLICE("true")) && !slice_eq(s, SLICE("false")) &&
            !slice_eq(s, SLICE("null")))
                return "not a JSON value";
        c->at = end;
        end_value(c);
        return NULL;
}

static const char *take(struct checker *c)
{
        uint8_t byte = c->text.p[c->at];
        switch (byte) {
        case ' ':
        case '\n':
        case '\r':
        case '\t':
                c->at++;
                return NULL;
        case '"':
                return take_string(c);
        case ',':
        case ':':
                return take_separator(c, byte);
        case '{':
        case '[':
                return take_open(c, byte == '{');
        case '}':
        case ']':
                return take_close(c, byte == '}');
        default:
                return byte < ' ' ? "control character" : take_scalar(c);
        }
}

const char *json_check(struct slice text, struct json_check *ret)
{
        struct checker c = {.text = text};
        const char *what = NULL;
        while (!what && c.at < text.n)
                what = take(&c);
        if (!what && c.expected != END)
                what = c.depth == 0 && c.expected == VALUE ? faults[VALUE] : "unexpected end";
        *ret = (struct json_check){.offset = c.at, .has_escapes = c.has_escapes};
        return what;
}
