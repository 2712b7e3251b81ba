// SPDX-License-Identifier: Apache-2.0
// Renders every cell twice, once to measure and once to print, and so stores none. The agent's texts contain names of
// roles and messages of AWS: what a terminal might obey is replaced.
#include "clients/cli/status_table.h"

#include "proto/mem/text.h"
#include "proto/mem/time.h"
#include "proto/wire/json_read.h"

enum { GAP = 2, INDENT = 4, TEXT_MAX = 64 * 1024, CELL_WIDTH_MAX = 16 };

enum column { NAME, TYPE, STATE, EXPIRES, NEXT_REFRESH, COLUMNS_N };

static const char *const titles[COLUMNS_N] = {"PROFILE", "TYPE", "STATE", "EXPIRES", "NEXT REFRESH"};
static const char error_title[] = "LAST ERROR";

struct table {
        const struct json_doc *doc;
        int64_t now_s;
        bool is_list;
        size_t columns; // of a line; SIZE_MAX: lines have no end
        size_t widths[COLUMNS_N];
        size_t error_width; // what is left of the line; 0: no column for errors
        struct buffer text; // of the cell or line that is being made
};

// The number of characters of valid UTF-8, each taken for one column.
static size_t width_of(struct slice s)
{
        size_t n = 0;
        for (size_t i = 0; i < s.n; i++)
                n += (s.p[i] & 0xc0) != 0x80;
        return n;
}

// The number of bytes of the first `columns` characters.
static size_t bytes_of(struct slice s, size_t columns)
{
        size_t i = 0;
        while (i < s.n && (columns > 0 || (s.p[i] & 0xc0) == 0x80)) {
                columns -= (s.p[i] & 0xc0) != 0x80;
                i++;
        }
        return i;
}

static bool is_kind(const struct table *t, size_t node, enum json_kind kind)
{
        return node != JSON_NONE && json_kind(t->doc, node) == kind;
}

// Appends the text of a string member, or "-" for anything else.
static void put_member(struct table *t, size_t object, struct slice key)
{
        size_t start = t->text.n, node = json_get(t->doc, object, key);
        if (!is_kind(t, node, JSON_STRING)) {
                (void)buffer_put_byte(&t->text, '-');
                return;
        }
        (void)json_string(t->doc, node, &t->text);
        for (size_t i = start; i < t->text.n; i++)
                if (t->text.p[i] == '\n' || t->text.p[i] == '\r' || t->text.p[i] == '\t')
                        t->text.p[i] = ' ';
        text_defuse(t->text.p + start, t->text.n - start);
}

static bool read_time(const struct table *t, size_t object, struct slice key, int64_t *ret_s)
{
        size_t node = json_get(t->doc, object, key);
        return is_kind(t, node, JSON_STRING) && time_parse_rfc3339(json_raw(t->doc, node), ret_s) == 0;
}

static void put_time(struct table *t, size_t object, struct slice key, const char *none, const char *past)
{
        int64_t time_s = 0;
        char duration[TIME_DURATION_SIZE];
        if (!read_time(t, object, key, &time_s)) {
                (void)buffer_put_str(&t->text, none);
        } else if (time_s <= t->now_s) {
                (void)buffer_put_str(&t->text, past);
        } else {
                time_format_duration(time_s - t->now_s, duration);
                (void)buffer_printf(&t->text, "in %s", duration);
        }
}

static bool holds_credentials(const struct table *t, size_t profile)
{
        size_t state = json_get(t->doc, profile, SLICE("state"));
        return state != JSON_NONE &&
               (json_string_is(t->doc, state, SLICE("fresh")) || json_string_is(t->doc, state, SLICE("stale")) ||
                json_string_is(t->doc, state, SLICE("expiring")));
}

// Makes t->text the text of a cell.
static struct slice render_cell(struct table *t, size_t profile, enum column column)
{
        buffer_reset(&t->text);
        switch (column) {
        case NAME:
                put_member(t, profile, SLICE("name"));
                break;
        case TYPE:
                put_member(t, profile, SLICE("type"));
                break;
        case STATE:
                put_member(t, profile, SLICE("state"));
                break;
        case EXPIRES:
                put_time(t, profile, SLICE("expiration"), holds_credentials(t, profile) ? "never" : "-", "expired");
                break;
        default:
                put_time(t, profile, SLICE("next_refresh"), "-", "now");
                break;
        }
        return buffer_slice(&t->text);
}

static size_t next_profile(const struct table *t, size_t profile)
{
        return t->is_list ? json_next(t->doc, profile) : JSON_NONE;
}

// Every column gets the width of its widest cell; the names get at most what the others leave.
static void measure(struct table *t, size_t first)
{
        size_t used = 0;
        for (size_t k = COLUMNS_N; k-- > 0;) {
                size_t width = strlen(titles[k]);
                for (size_t p = first; p != JSON_NONE; p = next_profile(t, p)) {
                        size_t wanted = width_of(render_cell(t, p, (enum column)k));
                        width = wanted > width ? wanted : width;
                }
                size_t most = k == NAME || t->columns == SIZE_MAX ? t->columns - used : (size_t)CELL_WIDTH_MAX;
                t->widths[k] = width < most ? width : most;
                used += t->widths[k] + (k == NAME ? 0 : GAP);
        }
        used += GAP;
        t->error_width = used + sizeof(error_title) - 1 <= t->columns ? t->columns - used : 0;
}

static void put_cell(struct slice text, size_t gap, size_t width, struct buffer *out)
{
        size_t wanted = width_of(text);
        (void)buffer_printf(out, "%*s", (int)gap, "");
        if (wanted > width) {
                (void)buffer_put(out, slice_head(text, bytes_of(text, width - 1)));
                (void)buffer_put_str(out, "\xe2\x80\xa6"); // …
        } else {
                (void)buffer_put(out, text);
                (void)buffer_printf(out, "%*s", (int)(width - wanted), "");
        }
}

// The last of a line, which fits.
static void put_last(struct slice text, struct buffer *out)
{
        (void)buffer_printf(out, "%*s", GAP, "");
        (void)buffer_put(out, text);
}

static void end_line(struct buffer *out)
{
        while (out->n > 0 && out->p[out->n - 1] == ' ')
                out->n--;
        (void)buffer_put_byte(out, '\n');
}

// Puts t->text on indented lines, broken at blanks where there are any.
static void put_wrapped(const struct table *t, struct buffer *out)
{
        const size_t width = t->columns - INDENT;
        struct slice text = slice_trim(buffer_slice(&t->text));
        for (; text.n > 0; text = slice_trim(text)) {
                size_t n = bytes_of(text, width);
                if (n < text.n) {
                        size_t blank = n;
                        while (blank > 0 && text.p[blank] != ' ')
                                blank--;
                        n = blank > 0 ? blank : n;
                }
                (void)buffer_printf(out, "%*s%.*s", INDENT, "", (int)n, (const char *)text.p);
                end_line(out);
                text = slice_from(text, n);
        }
}

// Removes "profile NAME: " from the agent's message, as the row begins with the name.
static void drop_name(struct table *t, size_t profile)
{
        static const struct slice before = SLICE_INIT("profile "), after = SLICE_INIT(": ");
        size_t node = json_get(t->doc, profile, SLICE("name"));
        struct slice name = is_kind(t, node, JSON_STRING) ? json_raw(t->doc, node) : SLICE("-");
        struct slice rest = slice_from(buffer_slice(&t->text), before.n);
        if (slice_starts_with(buffer_slice(&t->text), before) && slice_starts_with(rest, name) &&
            slice_starts_with(slice_from(rest, name.n), after))
                buffer_consume(&t->text, before.n + name.n + after.n);
}

// Puts the error on the rest of a row's line, or on lines of its own if it does not fit.
static void put_error(struct table *t, size_t profile, struct buffer *out)
{
        size_t error = json_get(t->doc, profile, SLICE("last_error"));
        buffer_reset(&t->text);
        if (json_get(t->doc, error, SLICE("detail")) != JSON_NONE || t->error_width > 0)
                put_member(t, error, SLICE("detail"));
        drop_name(t, profile);
        bool fits = width_of(buffer_slice(&t->text)) <= t->error_width;
        if (fits)
                put_last(buffer_slice(&t->text), out);
        end_line(out);
        if (!fits)
                put_wrapped(t, out);
}

static void begin_text(struct table *t, const char *start)
{
        buffer_reset(&t->text);
        (void)buffer_put_str(&t->text, start);
}

static void put_hint(struct table *t, size_t profile, struct buffer *out)
{
        size_t error = json_get(t->doc, profile, SLICE("last_error"));
        if (!is_kind(t, json_get(t->doc, error, SLICE("hint")), JSON_STRING))
                return;
        begin_text(t, "hint: ");
        put_member(t, error, SLICE("hint"));
        put_wrapped(t, out);
}

static void put_certificate(struct table *t, size_t profile, struct buffer *out)
{
        int64_t end_s = 0;
        size_t certificate = json_get(t->doc, profile, SLICE("certificate"));
        if (!is_kind(t, certificate, JSON_OBJECT))
                return;
        begin_text(t, "certificate: ");
        put_member(t, certificate, SLICE("subject"));
        (void)buffer_put_str(&t->text, ", serial ");
        put_member(t, certificate, SLICE("serial"));
        bool has_ended = read_time(t, certificate, SLICE("not_after"), &end_s) && end_s < t->now_s;
        (void)buffer_put_str(&t->text, has_ended ? ", expired " : ", expires ");
        put_member(t, certificate, SLICE("not_after"));
        put_wrapped(t, out);
        if (!is_kind(t, json_get(t->doc, certificate, SLICE("problem")), JSON_STRING))
                return;
        begin_text(t, "the certificate in its files is not used: ");
        put_member(t, certificate, SLICE("problem"));
        put_wrapped(t, out);
}

// The files that the agent keeps current.
static void put_files(struct table *t, size_t profile, struct buffer *out)
{
        size_t files = json_get(t->doc, profile, SLICE("files"));
        size_t file = is_kind(t, files, JSON_ARRAY) ? json_first(t->doc, files) : JSON_NONE;
        for (; file != JSON_NONE; file = json_next(t->doc, file)) {
                bool is_current = is_kind(t, json_get(t->doc, file, SLICE("current")), JSON_TRUE);
                begin_text(t, is_current ? "file: " : "file that is not current: ");
                put_member(t, file, SLICE("path"));
                (void)buffer_put_str(&t->text, " (");
                put_member(t, file, SLICE("format"));
                (void)buffer_put_str(&t->text, ")");
                put_wrapped(t, out);
                if (!is_kind(t, json_get(t->doc, file, SLICE("error")), JSON_STRING))
                        continue;
                begin_text(t, "error: ");
                put_member(t, file, SLICE("error"));
                put_wrapped(t, out);
                if (!is_kind(t, json_get(t->doc, file, SLICE("hint")), JSON_STRING))
                        continue;
                begin_text(t, "hint: ");
                put_member(t, file, SLICE("hint"));
                put_wrapped(t, out);
        }
}

// The source that answers, and before it those that were skipped.
static void put_chain(struct table *t, size_t profile, struct buffer *out)
{
        size_t chain = json_get(t->doc, profile, SLICE("chain"));
        size_t link = is_kind(t, chain, JSON_ARRAY) ? json_first(t->doc, chain) : JSON_NONE;
        while (link != JSON_NONE) {
                size_t next = json_next(t->doc, link);
                begin_text(t, next == JSON_NONE ? "source: " : "skipped: ");
                put_member(t, link, SLICE("link"));
                (void)buffer_put_str(&t->text, " (");
                put_member(t, link, SLICE("outcome"));
                (void)buffer_put_str(&t->text, ")");
                put_wrapped(t, out);
                link = next;
        }
}

static void put_table(struct table *t, size_t first, bool is_only, struct buffer *out)
{
        for (size_t k = 0; k < COLUMNS_N; k++)
                put_cell(slice_str(titles[k]), k > 0 ? GAP : 0, t->widths[k], out);
        if (t->error_width > 0)
                put_last(slice_str(error_title), out);
        end_line(out);
        for (size_t p = first; p != JSON_NONE; p = next_profile(t, p)) {
                for (size_t k = 0; k < COLUMNS_N; k++)
                        put_cell(render_cell(t, p, (enum column)k), k > 0 ? GAP : 0, t->widths[k], out);
                put_error(t, p, out);
                if (!is_only)
                        continue;
                put_hint(t, p, out);
                put_certificate(t, p, out);
                put_chain(t, p, out);
                put_files(t, p, out);
        }
}

int status_table_write(struct slice json, int64_t now_s, size_t columns, struct buffer *out)
{
        struct json_doc doc;
        struct json_fault fault;
        struct table t = {.doc = &doc, .now_s = now_s, .columns = columns};
        if (columns == 0)
                t.columns = SIZE_MAX;
        else if (columns < STATUS_COLUMNS_MIN)
                t.columns = STATUS_COLUMNS_MIN;
        int r = -1;
        json_doc_init(&doc);
        buffer_init(&t.text, TEXT_MAX);
        // Reserved once: buffer_reset() forgets a failure to grow.
        if (json_parse(&doc, json, &fault) == 0 && is_kind(&t, JSON_ROOT, JSON_OBJECT) &&
            buffer_reserve(&t.text, TEXT_MAX)) {
                size_t list = json_get(&doc, JSON_ROOT, SLICE("profiles"));
                t.is_list = is_kind(&t, list, JSON_ARRAY);
                if (t.is_list || list == JSON_NONE) {
                        size_t first = t.is_list ? json_first(&doc, list) : JSON_ROOT;
                        measure(&t, first);
                        put_table(&t, first, !t.is_list || json_length(&doc, list) == 1, out);
                        r = out->failed ? -1 : 0;
                }
        }
        buffer_free(&t.text);
        json_doc_free(&doc);
        return r;
}
