// SPDX-License-Identifier: Apache-2.0
#include "sidecar/signing/token.h"

#include "proto/mem/length.h"
#include "proto/mem/text.h"

#define SCHEME "https://"
#define SCHEME_N (sizeof(SCHEME) - 1)

enum { QUARTER_HOUR_S = 900, HALF_DAY_S = 43200, WEEK_S = 604800 };

// %h host, %p port, %n name, %u user, %a action, %v variant, %r region.
static const struct token_kind kinds[] = {
    [TOKEN_BEDROCK] = {.name = SLICE_INIT("bedrock"),
                       .type = TOKEN_BEDROCK,
                       .method = SLICE_INIT("POST"),
                       .service = SLICE_INIT("bedrock"),
                       .authority = "bedrock.amazonaws.com",
                       .query = "Action=CallWithBearerToken",
                       .life_s = HALF_DAY_S,
                       .life_max_s = HALF_DAY_S,
                       .has_choice = true,
                       .encoding = TOKEN_BASE64,
                       .prefix = "bedrock-api-key-",
                       .suffix = "&Version=1"},
    // EKS accepts it for 15 minutes from X-Amz-Date; AWS's tools renew it after 14.
    [TOKEN_EKS] = {.name = SLICE_INIT("eks"),
                   .type = TOKEN_EKS,
                   .method = SLICE_INIT("GET"),
                   .service = SLICE_INIT("sts"),
                   .authority = "%h",
                   .query = "Action=GetCallerIdentity&Version=2011-06-15",
                   .header = "x-k8s-aws-id",
                   .life_s = 840,
                   .life_max_s = 840,
                   .url_expires_s = 60,
                   .encoding = TOKEN_BASE64URL,
                   .has_scheme = true,
                   .prefix = "k8s-aws-v1."},
    [TOKEN_RDS] = {.name = SLICE_INIT("rds"),
                   .type = TOKEN_RDS,
                   .method = SLICE_INIT("GET"),
                   .service = SLICE_INIT("rds-db"),
                   .authority = "%h:%p",
                   .query = "Action=connect&DBUser=%u",
                   .life_s = QUARTER_HOUR_S,
                   .life_max_s = QUARTER_HOUR_S},
    [TOKEN_ELASTICACHE] = {.name = SLICE_INIT("elasticache"),
                           .type = TOKEN_ELASTICACHE,
                           .method = SLICE_INIT("GET"),
                           .service = SLICE_INIT("elasticache"),
                           .authority = "%n",
                           .query = "Action=connect&User=%u%v",
                           .life_s = QUARTER_HOUR_S,
                           .life_max_s = QUARTER_HOUR_S},
    [TOKEN_MEMORYDB] = {.name = SLICE_INIT("memorydb"),
                        .type = TOKEN_MEMORYDB,
                        .method = SLICE_INIT("GET"),
                        .service = SLICE_INIT("memorydb"),
                        .authority = "%n",
                        .query = "Action=connect&User=%u",
                        .life_s = QUARTER_HOUR_S,
                        .life_max_s = QUARTER_HOUR_S},
    [TOKEN_DSQL] = {.name = SLICE_INIT("dsql"),
                    .type = TOKEN_DSQL,
                    .method = SLICE_INIT("GET"),
                    .service = SLICE_INIT("dsql"),
                    .authority = "%h",
                    .query = "Action=%a",
                    .life_s = QUARTER_HOUR_S,
                    .life_max_s = WEEK_S,
                    .has_choice = true},
    [TOKEN_MSK] = {.name = SLICE_INIT("msk"),
                   .type = TOKEN_MSK,
                   .method = SLICE_INIT("GET"),
                   .service = SLICE_INIT("kafka-cluster"),
                   .authority = "kafka.%r.amazonaws.com",
                   .query = "Action=kafka-cluster%%3AConnect",
                   .life_s = QUARTER_HOUR_S,
                   .life_max_s = QUARTER_HOUR_S,
                   .encoding = TOKEN_BASE64URL,
                   .has_scheme = true,
                   .suffix = "&User-Agent="},
};

_Static_assert(LENGTH(kinds) == TOKEN_TYPES_N, "describe every type");

const struct token_kind *token_kind_of(struct slice name)
{
        for (size_t i = 0; i < LENGTH(kinds); i++)
                if (slice_eq(name, kinds[i].name))
                        return &kinds[i];
        return NULL;
}

const struct token_kind *token_kind_at(enum token_type type)
{
        return &kinds[type];
}

static void put_slot(char letter, const struct slice values[TOKEN_SLOTS_N], struct buffer *out)
{
        switch (letter) {
        case 'h':
                (void)buffer_put(out, values[TOKEN_HOST]);
                break;
        case 'p':
                (void)buffer_put(out, values[TOKEN_PORT]);
                break;
        case 'n':
                (void)buffer_put(out, values[TOKEN_NAME]);
                break;
        case 'r':
                (void)buffer_put(out, values[TOKEN_REGION]);
                break;
        case 'u':
                (void)text_percent_encode(values[TOKEN_USER], false, out);
                break;
        case 'a':
                (void)text_percent_encode(values[TOKEN_ACTION], false, out);
                break;
        case 'v':
                (void)buffer_put(out, values[TOKEN_VARIANT]);
                break;
        default: // "%%"
                (void)buffer_put_byte(out, (uint8_t)letter);
        }
}

static void expand(const char *template, const struct slice values[TOKEN_SLOTS_N], struct buffer *out)
{
        for (const char *p = template; *p; p++) {
                if (*p != '%')
                        (void)buffer_put_byte(out, (uint8_t)*p);
                else
                        put_slot(*++p, values, out);
        }
}

int token_put_url(const struct token_kind *kind, const struct slice values[TOKEN_SLOTS_N], struct buffer *out)
{
        (void)buffer_put_str(out, SCHEME);
        expand(kind->authority, values, out);
        (void)buffer_put_str(out, "/?");
        expand(kind->query, values, out);
        return out->failed ? -1 : 0;
}

bool token_header(const struct token_kind *kind, const struct slice values[TOKEN_SLOTS_N], struct header *ret)
{
        if (!kind->header)
                return false;
        *ret = (struct header){slice_str(kind->header), values[TOKEN_NAME]};
        return true;
}

// "host:port/?query": the first up to its path, the second from there.
static void put_plain(struct slice url, struct slice presigned, struct buffer *out)
{
        struct slice given = slice_from(url, SCHEME_N), made = slice_from(presigned, SCHEME_N);
        (void)buffer_put(out, slice_head(given, slice_find(given, '/')));
        (void)buffer_put(out, slice_from(made, slice_find(made, '/')));
}

void token_put(const struct token_kind *kind, struct slice url, struct buffer *presigned, struct slice user_agent,
               struct buffer *out)
{
        if (kind->suffix) {
                (void)buffer_put_str(presigned, kind->suffix);
                (void)text_percent_encode(user_agent, false, presigned);
        }
        struct slice text = slice_from(buffer_slice(presigned), kind->has_scheme ? 0 : SCHEME_N);
        if (kind->prefix)
                (void)buffer_put_str(out, kind->prefix);
        if (kind->encoding == TOKEN_BASE64)
                (void)text_base64_encode(text, out);
        else if (kind->encoding == TOKEN_BASE64URL)
                (void)text_base64url_encode(text, out);
        else
                put_plain(url, buffer_slice(presigned), out);
}
