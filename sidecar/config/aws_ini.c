// SPDX-License-Identifier: Apache-2.0
// Owns the lines: what each one is, and the property that later ones may continue.
#include "sidecar/config/aws_ini.h"

#include <stdlib.h>

#include "proto/mem/buffer.h"
#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "proto/wire/limits.h"
#include "sidecar/config/aws_header.h"

#define FIRST_SECTIONS 16

struct parser {
        struct aws_ini *ini;
        enum aws_file file;
        const char *path;
        struct error *e;
        unsigned line;
        bool has_section;    // there was one, whatever its kind
        bool keeps;          // it is one that counts: the last of ini->sections
        bool is_open;        // `key` and `value` may be continued
        bool has_properties; // the open one has no value of its own
        unsigned open_line;
        size_t indent;            // blanks before the last line that continued nothing
        struct buffer key, value; // wiped
};

static int refuse(const struct parser *p, const char *what, const char *hint)
{
        error_set(p->e, ERROR_CONFIG, "%s:%u: %s", p->path, p->line, what);
        return error_hint(p->e, "%s", hint);
}

static int no_memory(const struct parser *p)
{
        return error_set(p->e, ERROR_INTERNAL, "%s: out of memory", p->path);
}

static bool is_blank(uint8_t c)
{
        return c == ' ' || c == '\t';
}

static bool is_comment(struct slice line)
{
        return line.n > 0 && (line.p[0] == '#' || line.p[0] == ';');
}

// Without the comment that a blank introduces.
static struct slice without_comment(struct slice line)
{
        for (size_t i = 1; i < line.n; i++)
                if ((line.p[i] == '#' || line.p[i] == ';') && is_blank(line.p[i - 1]))
                        return slice_head(line, i);
        return line;
}

static bool is_secret(struct slice key)
{
        return slice_eq(key, SLICE("aws_secret_access_key")) || slice_eq(key, SLICE("aws_session_token")) ||
               slice_eq(key, SLICE("aws_security_token"));
}

// Keeps the open property, if there is one and it counts.
static int close_property(struct parser *p)
{
        struct slice key = buffer_slice(&p->key);
        bool was_open = p->is_open;
        p->is_open = false;
        if (!was_open || !p->keeps || key.n == 0 || !text_is_all_of(key, "_-"))
                return 0;
        struct aws_section *section = &p->ini->sections[p->ini->count - 1];
        struct aws_property *property = arena_array(p->ini->strings, 1, sizeof(*property));
        if (!property)
                return no_memory(p);
        *property = (struct aws_property){
            .next = section->properties,
            .key = arena_copy(p->ini->strings, key),
            .value = arena_copy(is_secret(key) ? p->ini->secrets : p->ini->strings, buffer_slice(&p->value)),
            .file = p->file,
            .line = p->open_line};
        if (!property->key || !property->value)
                return no_memory(p);
        section->properties = property;
        return 0;
}

static int add_section(struct parser *p, const struct aws_header *header)
{
        struct aws_ini *ini = p->ini;
        if (ini->count == ini->capacity) {
                size_t capacity = ini->capacity ? 2 * ini->capacity : FIRST_SECTIONS;
                struct aws_section *grown = realloc(ini->sections, capacity * sizeof(*grown));
                if (!grown)
                        return no_memory(p);
                ini->sections = grown;
                ini->capacity = capacity;
        }
        ini->sections[ini->count++] = (struct aws_section){.name = header->name,
                                                           .kind = header->kind,
                                                           .is_plain_default = header->is_plain_default,
                                                           .fault = header->fault,
                                                           .file = p->file,
                                                           .line = p->line};
        p->keeps = header->kind != AWS_SECTION_ODD;
        return 0;
}

static int open_section(struct parser *p, struct slice line)
{
        struct aws_header header;
        p->has_section = true;
        p->keeps = false;
        if (aws_header_read(p->file, line, p->ini->strings, &header) < 0)
                return no_memory(p);
        return header.name ? add_section(p, &header) : 0;
}

// "key = value". 1, or 0 when it is none.
static int split(struct slice line, bool takes_colon, struct slice *ret_key, struct slice *ret_value)
{
        size_t at = slice_find(line, '=');
        size_t colon = takes_colon ? slice_find(line, ':') : line.n;
        if (colon < at)
                at = colon;
        if (at == line.n)
                return 0;
        *ret_key = slice_trim(slice_head(line, at));
        *ret_value = slice_trim(slice_from(line, at + 1));
        return 1;
}

static int open_property(struct parser *p, struct slice line)
{
        struct slice key, value;
        if (!p->has_section)
                return refuse(p, "found a setting before the first section", "put [default] or a profile before it");
        if (!split(without_comment(line), true, &key, &value))
                return refuse(p, "found a line without \"=\", expected KEY = VALUE", "start comments with # or ;");
        if (key.n == 0)
                return refuse(p, "found no key before \"=\", expected KEY = VALUE", "correct or remove the line");
        buffer_reset(&p->key);
        buffer_reset(&p->value);
        for (size_t i = 0; i < key.n; i++) {
                bool is_upper = key.p[i] >= 'A' && key.p[i] <= 'Z';
                (void)buffer_put_byte(&p->key, (uint8_t)(is_upper ? key.p[i] - 'A' + 'a' : key.p[i]));
        }
        if (buffer_put(&p->value, value) < 0 || p->key.failed)
                return no_memory(p);
        p->is_open = true;
        p->has_properties = value.n == 0;
        p->open_line = p->line;
        return 0;
}

static int continue_property(struct parser *p, struct slice text)
{
        struct slice key, value;
        if (p->has_properties && (!split(text, false, &key, &value) || key.n == 0))
                return refuse(p, "found a line that is not KEY = VALUE below a setting without a value",
                              "give the setting above its value on its own line, or correct this one");
        (void)buffer_put_byte(&p->value, '\n');
        return buffer_put(&p->value, text) < 0 ? no_memory(p) : 0;
}

static int read_line(struct parser *p, struct slice line)
{
        struct slice text = slice_trim(line);
        size_t end = slice_find(line, '\r');
        if (end + 1 < line.n) // some SDKs end a line there, others do not
                return refuse(p, "found a carriage return within a line", "end lines with line feeds");
        if (text.n == 0 || is_comment(text))
                return 0;
        if (slice_find(line, '\0') < line.n || !text_is_utf8(line))
                return refuse(p, "found bytes that are not valid UTF-8", "write the file as UTF-8");
        size_t indent = 0;
        while (is_blank(line.p[indent]))
                indent++;
        if (p->is_open && indent > p->indent)
                return continue_property(p, text);
        if (close_property(p) < 0)
                return -1;
        p->indent = indent;
        return text.p[0] == '[' ? open_section(p, text) : open_property(p, text);
}

int aws_ini_parse(struct aws_ini *ini, enum aws_file file, const char *path, struct slice text, struct error *e)
{
        struct parser p = {.ini = ini, .file = file, .path = path, .e = e};
        buffer_init(&p.key, LIMIT_SHARED_FILE);
        buffer_init(&p.value, LIMIT_SHARED_FILE);
        if (slice_starts_with(text, SLICE("\xef\xbb\xbf")))
                text = slice_from(text, 3);
        int r = 0;
        while (r == 0 && text.n > 0) {
                struct slice line = slice_head(text, slice_find(text, '\n'));
                p.line++;
                r = read_line(&p, line);
                text = slice_from(text, line.n + 1);
        }
        if (r == 0)
                r = close_property(&p);
        buffer_free(&p.key);
        buffer_free(&p.value);
        return r;
}

void aws_ini_free(struct aws_ini *ini)
{
        free(ini->sections);
        ini->sections = NULL;
        ini->count = ini->capacity = 0;
}

const struct aws_property *aws_section_get(const struct aws_section *section, const char *key)
{
        for (const struct aws_property *p = section ? section->properties : NULL; p; p = p->next)
                if (strcmp(p->key, key) == 0)
                        return p->value[0] ? p : NULL;
        return NULL;
}

struct slice aws_property_get(const struct aws_property *property, struct slice key)
{
        struct slice text = slice_str(property->value);
        struct slice found = {NULL, 0};
        if (!slice_starts_with(text, SLICE("\n")))
                return found;
        while (text.n > 0) {
                struct slice line = slice_head(text, slice_find(text, '\n'));
                struct slice name, value;
                if (split(line, false, &name, &value) && slice_eq_ignore_case(name, key))
                        found = value;
                text = slice_from(text, line.n + 1);
        }
        return found;
}
