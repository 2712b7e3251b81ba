// SPDX-License-Identifier: Apache-2.0
// The members have the names and the limits of AWS's parameters.
#include "sidecar/server/web_identity_read.h"

#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "proto/wire/json_read.h"
#include "sidecar/server/body_reader.h"

enum { TAG_KEY_MAX = 128, TAG_VALUE_MAX = 256 };

struct reader {
        struct body_reader body;
        struct web_identity_body *ret;
        struct error *e;
};

static size_t characters_in(struct slice text)
{
        size_t n = 0;
        for (size_t i = 0; i < text.n; i++)
                n += (text.p[i] & 0xc0) != 0x80;
        return n;
}

static bool is_text(struct slice text, size_t min, size_t max)
{
        size_t n = characters_in(text);
        return n >= min && n <= max && text_is_shown(text);
}

static int add_audience(struct reader *in, size_t node)
{
        struct web_identity_request *r = &in->ret->request;
        struct slice audience = {0};
        if (body_read_string(&in->body, "audience", node, &audience) < 0)
                return -1;
        if (!is_text(audience, 1, WEB_IDENTITY_AUDIENCE_MAX))
                return error_set(in->e, ERROR_CONFIG,
                                 "invalid \"audience\": expected 1 to 1000 characters, without control characters");
        if (r->audiences_count == WEB_IDENTITY_AUDIENCES_N)
                return error_set(in->e, ERROR_CONFIG, "\"audience\" has more than 10 elements");
        r->audiences[r->audiences_count++] = audience;
        return 0;
}

static int read_audience(struct reader *in, const char *name, size_t node)
{
        const struct json_doc *doc = in->body.doc;
        if (json_kind(doc, node) == JSON_STRING)
                return add_audience(in, node);
        if (json_kind(doc, node) != JSON_ARRAY)
                return body_refuse(&in->body, name, "a string, or an array of strings", node);
        for (size_t at = json_first(doc, node); at != JSON_NONE; at = json_next(doc, at))
                if (add_audience(in, at) < 0)
                        return -1;
        return 0;
}

static int read_algorithm(struct reader *in, const char *name, size_t node)
{
        struct slice *value = &in->ret->request.signing_algorithm;
        if (body_read_string(&in->body, name, node, value) < 0)
                return -1;
        if (slice_eq(*value, SLICE("RS256")) || slice_eq(*value, SLICE("ES384")))
                return 0;
        error_set(in->e, ERROR_CONFIG, "invalid \"%s\": \"%.*s\"", name, (int)slice_head(*value, 80).n,
                  (const char *)value->p);
        return error_hint(in->e, "use RS256 or ES384");
}

static int read_duration(struct reader *in, const char *name, size_t node)
{
        return body_read_integer(&in->body, name, node, WEB_IDENTITY_LIFE_MIN_S, WEB_IDENTITY_LIFE_MAX_S,
                                 &in->ret->request.duration_seconds);
}

static int read_region(struct reader *in, const char *name, size_t node)
{
        if (body_read_string(&in->body, name, node, &in->ret->region) < 0)
                return -1;
        return in->ret->region.n > 0 ? 0 : error_set(in->e, ERROR_CONFIG, "\"%s\" is empty", name);
}

static int add_tag(struct reader *in, size_t key_node)
{
        struct web_identity_request *r = &in->ret->request;
        struct slice key = {0}, value = {0};
        if (body_read_string(&in->body, "tags", key_node, &key) < 0 ||
            body_read_string(&in->body, "tags", json_value(in->body.doc, key_node), &value) < 0)
                return -1;
        if (!is_text(key, 1, TAG_KEY_MAX) || !is_text(value, 0, TAG_VALUE_MAX))
                return error_set(in->e, ERROR_CONFIG,
                                 "invalid \"tags\": expected keys of 1 to 128 characters and values of at most 256, "
                                 "without control characters");
        for (size_t i = 0; i < r->tags_count; i++)
                if (slice_eq_ignore_case(r->tags[i].key, key)) // as STS compares them
                        return error_set(in->e, ERROR_CONFIG, "\"tags\" has the key \"%.*s\" twice",
                                         (int)slice_head(key, 80).n, (const char *)key.p);
        if (r->tags_count == WEB_IDENTITY_TAGS_N)
                return error_set(in->e, ERROR_CONFIG, "\"tags\" has more than 50 members");
        r->tags[r->tags_count].key = key;
        r->tags[r->tags_count++].value = value;
        return 0;
}

static int read_tags(struct reader *in, const char *name, size_t node)
{
        const struct json_doc *doc = in->body.doc;
        if (json_kind(doc, node) != JSON_OBJECT)
                return body_refuse(&in->body, name, "an object of strings", node);
        for (size_t key = json_first(doc, node); key != JSON_NONE; key = json_next(doc, key))
                if (add_tag(in, key) < 0)
                        return -1;
        return 0;
}

static const struct member {
        const char *name;
        int (*read)(struct reader *in, const char *name, size_t node);
} members[] = {
    {"audience", read_audience},
    {"signing_algorithm", read_algorithm},
    {"duration_seconds", read_duration},
    {"tags", read_tags},
    {"region", read_region},
};

static int read_member(struct reader *in, size_t key)
{
        for (size_t i = 0; i < LENGTH(members); i++) {
                if (json_string_is(in->body.doc, key, slice_str(members[i].name)))
                        return members[i].read(in, members[i].name, json_value(in->body.doc, key));
        }
        return body_refuse_unknown(&in->body, key, "audience, signing_algorithm, duration_seconds, tags, ", "region");
}

int web_identity_read(struct slice body, struct json_doc *doc, struct buffer *text, struct web_identity_body *ret,
                      struct error *e)
{
        struct reader in = {.ret = ret, .e = e};
        *ret = (struct web_identity_body){.request = {.signing_algorithm = SLICE("RS256")}};
        if (body_open(&in.body, body.n > 0 ? body : SLICE("{}"), doc, text, e) < 0)
                return -1;
        for (size_t key = json_first(doc, JSON_ROOT); key != JSON_NONE; key = json_next(doc, key))
                if (read_member(&in, key) < 0)
                        return -1;
        if (ret->request.audiences_count > 0)
                return 0;
        bool is_given = json_get(doc, JSON_ROOT, SLICE("audience")) != JSON_NONE;
        error_set(e, ERROR_CONFIG, "\"audience\" is %s", is_given ? "empty" : "missing");
        return error_hint(e, "name the service that the token is for, as its trust expects it in \"aud\"");
}
