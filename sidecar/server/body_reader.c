// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/body_reader.h"

#include "proto/mem/time.h"
#include "proto/wire/json_read.h"

int body_open(struct body_reader *ret, struct slice body, struct json_doc *doc, struct buffer *text, struct error *e)
{
        struct json_fault fault;
        *ret = (struct body_reader){.doc = doc, .text = text, .e = e};
        if (json_parse(doc, body, &fault) < 0)
                return fault.no_memory ? error_set(e, ERROR_INTERNAL, "out of memory")
                                       : error_set(e, ERROR_CONFIG, "the body is not JSON: %s in line %u, column %u",
                                                   fault.what, fault.line, fault.column);
        if (json_kind(doc, JSON_ROOT) != JSON_OBJECT)
                return error_set(e, ERROR_CONFIG, "the body is %s, not an object",
                                 json_kind_name(json_kind(doc, JSON_ROOT)));
        if (!buffer_reserve(text, 2 * body.n)) // strings without their escapes, and a payload without its base64
                return error_set(e, ERROR_INTERNAL, "out of memory");
        return 0;
}

int body_refuse(const struct body_reader *in, const char *name, const char *expected, size_t node)
{
        struct json_fault at;
        json_locate(in->doc, node, &at);
        return error_set(in->e, ERROR_CONFIG, "\"%s\" (line %u, column %u) is %s, not %s", name, at.line, at.column,
                         json_kind_name(json_kind(in->doc, node)), expected);
}

int body_refuse_unknown(const struct body_reader *in, size_t key, const char *known, const char *more)
{
        struct slice raw = slice_head(json_raw(in->doc, key), 80);
        error_set(in->e, ERROR_CONFIG, "unknown member \"%.*s\"", (int)raw.n, (const char *)raw.p);
        return error_hint(in->e, "use %s%s", known, more);
}

int body_read_string(const struct body_reader *in, const char *name, size_t node, struct slice *ret)
{
        if (json_kind(in->doc, node) != JSON_STRING)
                return body_refuse(in, name, "a string", node);
        if (!json_has_escapes(in->doc, node)) {
                *ret = json_raw(in->doc, node);
                return 0;
        }
        size_t start = in->text->n;
        if (json_string(in->doc, node, in->text) < 0)
                return error_set(in->e, ERROR_CONFIG, "\"%s\" is too long", name);
        *ret = slice_of(in->text->p + start, in->text->n - start);
        return 0;
}

int body_read_integer(const struct body_reader *in, const char *name, size_t node, int64_t min, int64_t max,
                      int64_t *ret)
{
        if (json_kind(in->doc, node) != JSON_NUMBER)
                return body_refuse(in, name, "a number", node);
        if (json_integer(in->doc, node, ret) < 0 || *ret < min || *ret > max)
                return error_set(in->e, ERROR_CONFIG, "invalid \"%s\": expected a whole number from %lld to %lld", name,
                                 (long long)min, (long long)max);
        return 0;
}

int body_read_time(const struct body_reader *in, const char *name, size_t node, int64_t *ret_s)
{
        struct slice text = {0};
        if (body_read_string(in, name, node, &text) < 0)
                return -1;
        if (time_parse_rfc3339(text, ret_s) < 0 && time_parse_amz(text, ret_s) < 0)
                return error_set(in->e, ERROR_CONFIG,
                                 "invalid \"%s\": expected 2026-09-01T12:00:00Z or 20260901T120000Z", name);
        return 0;
}
