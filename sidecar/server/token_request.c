// SPDX-License-Identifier: Apache-2.0
// Each kind has its members, by the names that AWS gives them; each member fills a slot of the URL.
#include "sidecar/server/token_request.h"

#include <stdio.h>

#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "proto/wire/json_read.h"
#include "sidecar/server/body_reader.h"

enum { HOST_MAX = 253, NAME_MAX_N = 64, CLUSTER_MAX = 100, REGION_MAX = 63, TEXT_MAX = 256 };

enum form {
        FORM_HOST,   // a host name
        FORM_NAME,   // of a cache or a cluster of MemoryDB, which AWS keeps in lower case
        FORM_ID,     // of a cluster of EKS
        FORM_REGION, // it goes into a host name
        FORM_ACTION, // of Aurora DSQL
        FORM_TEXT,   // of a user: anything that can be shown
        FORM_PORT
};

#define FOR(type) (1u << (type))
#define FOR_ALL ((1u << TOKEN_TYPES_N) - 1)

struct member {
        struct slice key;
        enum token_slot slot;
        enum form form;
        unsigned types;   // FOR each kind that has it
        const char *adds; // to the query; NULL: nothing
};

static const struct member members[] = {
    {SLICE_INIT("hostname"), TOKEN_HOST, FORM_HOST, FOR(TOKEN_RDS) | FOR(TOKEN_DSQL), NULL},
    {SLICE_INIT("port"), TOKEN_PORT, FORM_PORT, FOR(TOKEN_RDS), NULL},
    {SLICE_INIT("username"), TOKEN_USER, FORM_TEXT, FOR(TOKEN_RDS), NULL},
    {SLICE_INIT("cluster_name"), TOKEN_NAME, FORM_ID, FOR(TOKEN_EKS), NULL},
    {SLICE_INIT("cluster_id"), TOKEN_NAME, FORM_ID, FOR(TOKEN_EKS), NULL},
    {SLICE_INIT("cluster_name"), TOKEN_NAME, FORM_NAME, FOR(TOKEN_MEMORYDB), NULL},
    {SLICE_INIT("user_name"), TOKEN_USER, FORM_TEXT, FOR(TOKEN_MEMORYDB), NULL},
    {SLICE_INIT("replication_group_id"), TOKEN_NAME, FORM_NAME, FOR(TOKEN_ELASTICACHE), NULL},
    {SLICE_INIT("serverless_cache_name"), TOKEN_NAME, FORM_NAME, FOR(TOKEN_ELASTICACHE),
     "&ResourceType=ServerlessCache"},
    {SLICE_INIT("user_id"), TOKEN_USER, FORM_TEXT, FOR(TOKEN_ELASTICACHE), NULL},
    {SLICE_INIT("action"), TOKEN_ACTION, FORM_ACTION, FOR(TOKEN_DSQL), NULL},
    {SLICE_INIT("user_agent"), TOKEN_USER_AGENT, FORM_TEXT, FOR(TOKEN_MSK), NULL},
    {SLICE_INIT("region"), TOKEN_REGION, FORM_REGION, FOR_ALL, NULL},
};

// The slots that a caller has to fill; the names are those of the members.
static const struct {
        enum token_slot slot;
        unsigned types;
} required[] = {
    {TOKEN_HOST, FOR(TOKEN_RDS) | FOR(TOKEN_DSQL)},
    {TOKEN_PORT, FOR(TOKEN_RDS)},
    {TOKEN_NAME, FOR(TOKEN_EKS) | FOR(TOKEN_ELASTICACHE) | FOR(TOKEN_MEMORYDB)},
    {TOKEN_USER, FOR(TOKEN_RDS) | FOR(TOKEN_ELASTICACHE) | FOR(TOKEN_MEMORYDB)},
};

struct reader {
        const struct token_kind *kind;
        struct body_reader body;
        struct token_request *request;
        struct error *e;
};

static int refuse_form(const struct reader *in, const struct member *m, struct slice value, const char *hint)
{
        struct slice shown = slice_head(value, 80);
        error_set(in->e, ERROR_CONFIG, "invalid \"%s\": \"%.*s\"", (const char *)m->key.p, (int)shown.n,
                  (const char *)shown.p);
        return error_hint(in->e, "%s", hint);
}

static bool is_letter(uint8_t c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_lower_label(struct slice s)
{
        for (size_t i = 0; i < s.n; i++)
                if (s.p[i] >= 'A' && s.p[i] <= 'Z')
                        return false;
        return s.n > 0 && s.n <= REGION_MAX && text_is_all_of(s, "-") && s.p[0] != '-' && s.p[s.n - 1] != '-';
}

static int check_form(const struct reader *in, const struct member *m, struct slice value)
{
        bool is_good = false;
        const char *hint = "";
        switch (m->form) {
        case FORM_HOST:
                is_good = value.n <= HOST_MAX && text_is_all_of(value, "-._") && value.p[0] != '.' && value.p[0] != '-';
                hint = "give the name of the endpoint alone, without scheme and port";
                break;
        case FORM_NAME:
                is_good = value.n <= NAME_MAX_N && text_is_all_of(value, "-") && is_letter(value.p[0]);
                hint = "give the name, not the endpoint: a letter, then letters, digits and hyphens";
                break;
        case FORM_ID:
                is_good =
                    value.n <= CLUSTER_MAX && text_is_all_of(value, "-_") && value.p[0] != '-' && value.p[0] != '_';
                hint = "give the cluster's name, not its ARN: letters, digits, \"-\" and \"_\", at most 100";
                break;
        case FORM_REGION:
                is_good = is_lower_label(value);
                hint = "name it as AWS does, such as us-east-1";
                break;
        case FORM_ACTION:
                is_good = slice_eq(value, SLICE("DbConnect")) || slice_eq(value, SLICE("DbConnectAdmin"));
                hint = "use DbConnect, or DbConnectAdmin for the user admin";
                break;
        default:
                is_good = value.n <= TEXT_MAX && text_is_shown(value);
                hint = "at most 256 bytes, without control characters";
        }
        return is_good ? 0 : refuse_form(in, m, value, hint);
}

// ElastiCache and MemoryDB keep names in lower case, and compare with what they keep.
static int keep_lower(struct reader *in, struct slice *s)
{
        size_t start = in->body.text->n;
        for (size_t i = 0; i < s->n; i++)
                (void)buffer_put_byte(in->body.text,
                                      (uint8_t)(s->p[i] >= 'A' && s->p[i] <= 'Z' ? s->p[i] | 0x20 : s->p[i]));
        if (in->body.text->failed)
                return error_set(in->e, ERROR_INTERNAL, "out of memory");
        *s = slice_of(in->body.text->p + start, s->n);
        return 0;
}

static int read_value(struct reader *in, const struct member *m, size_t node, struct slice *ret)
{
        const char *name = (const char *)m->key.p;
        int64_t port = 0;
        if (m->form == FORM_PORT) {
                *ret = json_raw(in->body.doc, node);
                return body_read_integer(&in->body, name, node, 1, 65535, &port);
        }
        if (body_read_string(&in->body, name, node, ret) < 0)
                return -1;
        if (ret->n == 0)
                return error_set(in->e, ERROR_CONFIG, "\"%s\" is empty", name);
        if (check_form(in, m, *ret) < 0)
                return -1;
        return m->form == FORM_NAME ? keep_lower(in, ret) : 0;
}

static const char *name_of_slot(const struct token_kind *kind, enum token_slot slot, const struct member *but)
{
        for (size_t i = 0; i < LENGTH(members); i++)
                if (members[i].slot == slot && (members[i].types & FOR(kind->type)) && &members[i] != but)
                        return (const char *)members[i].key.p;
        return "";
}

static int fill(struct reader *in, const struct member *m, size_t node)
{
        struct slice *value = &in->request->values[m->slot];
        if (value->n > 0)
                return error_set(in->e, ERROR_CONFIG, "\"%s\" and \"%s\" exclude each other: give one of them",
                                 (const char *)m->key.p, name_of_slot(in->kind, m->slot, m));
        if (m->adds)
                in->request->values[TOKEN_VARIANT] = slice_str(m->adds);
        return read_value(in, m, node, value);
}

static int refuse_unknown(const struct reader *in, size_t key)
{
        char known[160] = "";
        size_t n = 0;
        for (size_t i = 0; i < LENGTH(members); i++)
                if (members[i].types & FOR(in->kind->type))
                        n += (size_t)snprintf(known + n, sizeof(known) - n, "%s, ", (const char *)members[i].key.p);
        return body_refuse_unknown(&in->body, key, known, in->kind->has_choice ? "expires_in, time" : "time");
}

static int read_member(struct reader *in, size_t key)
{
        const struct json_doc *doc = in->body.doc;
        const struct token_kind *kind = in->kind;
        size_t value = json_value(doc, key);
        for (size_t i = 0; i < LENGTH(members); i++)
                if ((members[i].types & FOR(kind->type)) && json_string_is(doc, key, members[i].key))
                        return fill(in, &members[i], value);
        if (json_string_is(doc, key, SLICE("time"))) {
                in->request->has_time = true;
                return body_read_time(&in->body, "time", value, &in->request->time_s);
        }
        if (kind->has_choice && json_string_is(doc, key, SLICE("expires_in")))
                return body_read_integer(&in->body, "expires_in", value, 1, kind->life_max_s,
                                         &in->request->expires_in_s);
        return refuse_unknown(in, key);
}

static int check_required(const struct reader *in)
{
        for (size_t i = 0; i < LENGTH(required); i++) {
                if (!(required[i].types & FOR(in->kind->type)) || in->request->values[required[i].slot].n > 0)
                        continue;
                return error_set(in->e, ERROR_CONFIG, "\"%s\" is missing",
                                 name_of_slot(in->kind, required[i].slot, NULL));
        }
        return 0;
}

int token_request_read(const struct token_kind *kind, struct slice body, struct json_doc *doc, struct buffer *text,
                       struct token_request *ret, struct error *e)
{
        struct reader in = {.kind = kind, .request = ret, .e = e};
        *ret = (struct token_request){.expires_in_s = kind->life_s};
        if (body_open(&in.body, body.n > 0 ? body : SLICE("{}"), doc, text, e) < 0)
                return -1;
        if (!buffer_reserve(text, 3 * body.n + TOKEN_URL_MAX)) // … names in lower case, and the URL
                return error_set(e, ERROR_INTERNAL, "out of memory");
        for (size_t key = json_first(doc, JSON_ROOT); key != JSON_NONE; key = json_next(doc, key))
                if (read_member(&in, key) < 0)
                        return -1;
        if (kind->type == TOKEN_DSQL && ret->values[TOKEN_ACTION].n == 0)
                ret->values[TOKEN_ACTION] = SLICE("DbConnect");
        return check_required(&in);
}
