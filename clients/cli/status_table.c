// SPDX-License-Identifier: Apache-2.0
// Texts come from the agent, but names of roles and messages of AWS are in them: what a terminal might obey is
// replaced.
#include "clients/cli/status_table.h"

#include <stdlib.h>

#include "proto/mem/text.h"
#include "proto/mem/time.h"
#include "proto/wire/json_read.h"
#include "proto/wire/limits.h"

enum { GAP = 2, INDENT = 4, TEXT_MAX = 64 * 1024 };

enum column { NAME, TYPE, STATE, EXPIRES, NEXT_REFRESH, COLUMNS_N };

static const char *const titles[COLUMNS_N] = {"PROFILE", "TYPE", "STATE", "EXPIRES", "NEXT REFRESH"};
static const char error_title[] = "LAST ERROR";

struct row {
        struct buffer cells[COLUMNS_N];
        size_t certificate, error, hint, chain; // nodes, or JSON_NONE
};

struct table {
        const struct json_doc *doc;
        int64_t now_s;
        struct row *rows;
        size_t rows_count;
        size_t widths[COLUMNS_N];
        size_t error_width; // what is left of the line; 0: no column for errors
};

// How many columns a text of checked UTF-8 takes, counting one for each character.
static size_t width_of(struct slice s)
{
        size_t n = 0;
        for (size_t i = 0; i < s.n; i++)
                n += (s.p[i] & 0xc0) != 0x80;
        return n;
}

// How many bytes the first `columns` characters have.
static size_t bytes_of(struct slice s, size_t columns)
{
        size_t i = 0;
        while (i < s.n && (columns > 0 || (s.p[i] & 0xc0) == 0x80)) {
                columns -= (s.p[i] & 0xc0) != 0x80;
                i++;
        }
        return i;
}

static void defuse(struct buffer *text)
{
        for (size_t i = 0; i < text->n; i++)
                if (text->p[i] == '\n' || text->p[i] == '\r' || text->p[i] == '\t')
                        text->p[i] = ' ';
        text_defuse(text->p, text->n);
}

// A string node's text; "-" for anything else.
static void put_text(const struct table *t, size_t node, struct buffer *out)
{
        if (node == JSON_NONE || json_kind(t->doc, node) != JSON_STRING) {
                (void)buffer_put_byte(out, '-');
                return;
        }
        (void)json_string(t->doc, node, out);
        defuse(out);
}

// 0 with a time, or -1.
static int read_time(const struct table *t, size_t node, int64_t *ret_s)
{
        if (node == JSON_NONE || json_kind(t->doc, node) != JSON_STRING)
                return -1;
        return time_parse_rfc3339(json_raw(t->doc, node), ret_s);
}

static void put_time(const struct table *t, size_t node, const char *none, const char *past, struct buffer *out)
{
        int64_t time_s = 0;
        char duration[TIME_DURATION_SIZE];
        if (read_time(t, node, &time_s) < 0) {
                (void)buffer_put_str(out, none);
        } else if (time_s <= t->now_s) {
                (void)buffer_put_str(out, past);
        } else {
                time_format_duration(time_s - t->now_s, duration);
                (void)buffer_put_str(out, "in ");
                (void)buffer_put_str(out, duration);
        }
}

static bool holds_credentials(const struct table *t, size_t state)
{
        return state != JSON_NONE &&
               (json_string_is(t->doc, state, SLICE("fresh")) || json_string_is(t->doc, state, SLICE("stale")));
}

static void fill_row(struct table *t, size_t profile, struct row *row)
{
        const struct json_doc *doc = t->doc;
        size_t state = json_get(doc, profile, SLICE("state"));
        size_t error = json_get(doc, profile, SLICE("last_error"));
        put_text(t, json_get(doc, profile, SLICE("name")), &row->cells[NAME]);
        put_text(t, json_get(doc, profile, SLICE("type")), &row->cells[TYPE]);
        put_text(t, state, &row->cells[STATE]);
        put_time(t, json_get(doc, profile, SLICE("expiration")), holds_credentials(t, state) ? "never" : "-", "expired",
                 &row->cells[EXPIRES]);
        put_time(t, json_get(doc, profile, SLICE("next_refresh")), "-", "now", &row->cells[NEXT_REFRESH]);
        row->certificate = json_get(doc, profile, SLICE("certificate"));
        row->error = json_get(doc, error, SLICE("detail"));
        row->hint = json_get(doc, error, SLICE("hint"));
        row->chain = json_get(doc, profile, SLICE("chain"));
}

static int fill(struct table *t, size_t profiles)
{
        bool is_list = json_kind(t->doc, profiles) == JSON_ARRAY;
        t->rows_count = is_list ? json_length(t->doc, profiles) : 1;
        t->rows = calloc(t->rows_count > 0 ? t->rows_count : 1, sizeof(*t->rows));
        if (!t->rows)
                return -1;
        for (size_t i = 0; i < t->rows_count; i++)
                for (size_t k = 0; k < COLUMNS_N; k++)
                        buffer_init(&t->rows[i].cells[k], TEXT_MAX);
        size_t node = is_list ? json_first(t->doc, profiles) : profiles;
        for (size_t i = 0; i < t->rows_count; i++) {
                fill_row(t, node, &t->rows[i]);
                for (size_t k = 0; k < COLUMNS_N; k++)
                        if (t->rows[i].cells[k].failed)
                                return -1;
                node = json_next(t->doc, node);
        }
        return 0;
}

// Every column as wide as its widest cell, but the names, which take what the others leave.
static void measure(struct table *t)
{
        size_t used = 0;
        for (size_t k = COLUMNS_N; k-- > 0;) {
                size_t width = strlen(titles[k]);
                for (size_t i = 0; i < t->rows_count; i++) {
                        size_t wanted = width_of(buffer_slice(&t->rows[i].cells[k]));
                        width = wanted > width ? wanted : width;
                }
                size_t most = k == NAME ? STATUS_COLUMNS - used : (size_t)16;
                t->widths[k] = width < most ? width : most;
                used += t->widths[k] + (k == NAME ? 0 : GAP);
        }
        used += GAP;
        t->error_width = used + sizeof(error_title) - 1 <= STATUS_COLUMNS ? STATUS_COLUMNS - used : 0;
}

static void put_blanks(struct buffer *out, size_t n)
{
        for (size_t i = 0; i < n; i++)
                (void)buffer_put_byte(out, ' ');
}

static void put_cell(struct slice text, size_t width, struct buffer *out)
{
        size_t wanted = width_of(text);
        if (wanted > width) {
                (void)buffer_put(out, slice_head(text, bytes_of(text, width - 1)));
                (void)buffer_put_str(out, "\xe2\x80\xa6"); // …
        } else {
                (void)buffer_put(out, text);
                put_blanks(out, width - wanted);
        }
}

static void end_line(struct buffer *out)
{
        while (out->n > 0 && out->p[out->n - 1] == ' ')
                out->n--;
        (void)buffer_put_byte(out, '\n');
}

// Indented lines, broken at blanks where there are any.
static void put_wrapped(struct slice text, struct buffer *out)
{
        const size_t width = STATUS_COLUMNS - INDENT;
        for (text = slice_trim(text); text.n > 0; text = slice_trim(text)) {
                size_t n = bytes_of(text, width);
                if (n < text.n) {
                        size_t blank = n;
                        while (blank > 0 && text.p[blank] != ' ')
                                blank--;
                        n = blank > 0 ? blank : n;
                }
                put_blanks(out, INDENT);
                (void)buffer_put(out, slice_head(text, n));
                end_line(out);
                text = slice_from(text, n);
        }
}

// The agent's messages begin with "profile NAME: ", which the row says already.
static void drop_name(struct buffer *text, struct slice name)
{
        static const struct slice before = SLICE_INIT("profile ");
        static const struct slice after = SLICE_INIT(": ");
        struct slice rest = slice_from(buffer_slice(text), before.n);
        if (slice_starts_with(buffer_slice(text), before) && slice_starts_with(rest, name) &&
            slice_starts_with(slice_from(rest, name.n), after))
                buffer_consume(text, before.n + name.n + after.n);
}

// The rest of a row's line, and further lines for what does not fit.
static void put_error(const struct table *t, const struct row *row, struct buffer *text, struct buffer *out)
{
        buffer_reset(text);
        if (row->error != JSON_NONE)
                put_text(t, row->error, text);
        else if (t->error_width > 0)
                (void)buffer_put_byte(text, '-');
        drop_name(text, buffer_slice(&row->cells[NAME]));
        bool fits = width_of(buffer_slice(text)) <= t->error_width;
        if (fits) {
                put_blanks(out, GAP);
                (void)buffer_put(out, buffer_slice(text));
        }
        end_line(out);
        if (!fits)
                put_wrapped(buffer_slice(text), out);
        if (row->hint != JSON_NONE && t->rows_count == 1 && json_kind(t->doc, row->hint) == JSON_STRING) {
                buffer_reset(text);
                (void)buffer_put_str(text, "hint: ");
                (void)json_string(t->doc, row->hint, text);
                defuse(text);
                put_wrapped(buffer_slice(text), out);
        }
}

// A line of its own, where there is but one row.
static void put_certificate(const struct table *t, const struct row *row, struct buffer *text, struct buffer *out)
{
        if (t->rows_count != 1 || row->certificate == JSON_NONE || json_kind(t->doc, row->certificate) != JSON_OBJECT)
                return;
        buffer_reset(text);
        (void)buffer_put_str(text, "certificate: ");
        put_text(t, json_get(t->doc, row->certificate, SLICE("subject")), text);
        (void)buffer_put_str(text, ", serial ");
        put_text(t, json_get(t->doc, row->certificate, SLICE("serial")), text);
        size_t not_after = json_get(t->doc, row->certificate, SLICE("not_after"));
        int64_t end_s = 0;
        bool has_ended = read_time(t, not_after, &end_s) == 0 && end_s < t->now_s;
        (void)buffer_put_str(text, has_ended ? ", expired " : ", expires ");
        put_text(t, not_after, text);
        put_wrapped(buffer_slice(text), out);
        size_t problem = json_get(t->doc, row->certificate, SLICE("problem"));
        if (problem == JSON_NONE || json_kind(t->doc, problem) != JSON_STRING)
                return;
        buffer_reset(text);
        (void)buffer_put_str(text, "the one in its files is not used: ");
        put_text(t, problem, text);
        put_wrapped(buffer_slice(text), out);
}

// Of one profile alone: which source answers, and before it those that were passed over.
static void put_chain(const struct table *t, const struct row *row, struct buffer *text, struct buffer *out)
{
        if (row->chain == JSON_NONE || t->rows_count != 1 || json_kind(t->doc, row->chain) != JSON_ARRAY)
                return;
        size_t link = json_first(t->doc, row->chain);
        while (link != JSON_NONE) {
                size_t next = json_next(t->doc, link);
                buffer_reset(text);
                (void)buffer_put_str(text, next == JSON_NONE ? "source: " : "passed over: ");
                put_text(t, json_get(t->doc, link, SLICE("link")), text);
                (void)buffer_put_str(text, " (");
                put_text(t, json_get(t->doc, link, SLICE("outcome")), text);
                (void)buffer_put_str(text, ")");
                put_wrapped(buffer_slice(text), out);
                link = next;
        }
}

static int put_table(const struct table *t, struct buffer *out)
{
        struct buffer text;
        buffer_init(&text, TEXT_MAX);
        if (!buffer_reserve(&text, TEXT_MAX)) // once: a lack of memory would be forgotten with the next text
                return -1;
        for (size_t k = 0; k < COLUMNS_N; k++) {
                put_blanks(out, k > 0 ? GAP : 0);
                put_cell(slice_str(titles[k]), t->widths[k], out);
        }
        if (t->error_width > 0) {
                put_blanks(out, GAP);
                (void)buffer_put_str(out, error_title);
        }
        end_line(out);
        for (size_t i = 0; i < t->rows_count; i++) {
                for (size_t k = 0; k < COLUMNS_N; k++) {
                        put_blanks(out, k > 0 ? GAP : 0);
                        put_cell(buffer_slice(&t->rows[i].cells[k]), t->widths[k], out);
                }
                put_error(t, &t->rows[i], &text, out);
                put_certificate(t, &t->rows[i], &text, out);
                put_chain(t, &t->rows[i], &text, out);
        }
        int r = text.failed || out->failed ? -1 : 0;
        buffer_free(&text);
        return r;
}

int status_table_write(struct slice json, int64_t now_s, struct buffer *out)
{
        struct json_doc doc;
        struct json_fault fault;
        struct table t = {.doc = &doc, .now_s = now_s};
        int r = -1;
        json_doc_init(&doc);
        if (json_parse(&doc, json, &fault) == 0 && json_kind(&doc, JSON_ROOT) == JSON_OBJECT) {
                size_t list = json_get(&doc, JSON_ROOT, SLICE("profiles"));
                if (list == JSON_NONE || json_kind(&doc, list) == JSON_ARRAY)
                        r = fill(&t, list == JSON_NONE ? JSON_ROOT : list);
                if (r == 0) {
                        measure(&t);
                        r = put_table(&t, out);
                }
        }
        for (size_t i = 0; t.rows && i < t.rows_count; i++)
                for (size_t k = 0; k < COLUMNS_N; k++)
                        buffer_free(&t.rows[i].cells[k]);
        free(t.rows);
        json_doc_free(&doc);
        return r;
}
