// SPDX-License-Identifier: Apache-2.0
// Whoever can connect gets a session token, so a token proves only that no browser and no simple proxy asks. The peer's
// uid decides: rules of `allow`, or without them the agent's own user and root, as on a socket with mode 0600.
#include "sidecar/server/api_imds.h"

#include <stdio.h>
#include <unistd.h>

#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "proto/wire/documents.h"
#include "proto/wire/json_write.h"
#include "proto/wire/limits.h"
#include "sidecar/base/clock.h"
#include "sidecar/server/access.h"
#include "sidecar/server/credentials_reply.h"
#include "sidecar/server/exchange.h"
#include "sidecar/server/imds_tokens.h"
#include "sidecar/server/json_answer.h"
#include "sidecar/server/listener.h"
#include "sidecar/server/origin_check.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/state.h"
#include "sidecar/server/wait_query.h"
#include "sidecar/vault/vault.h"

#define TTL_HEADER "x-aws-ec2-metadata-token-ttl-seconds"
#define TOKEN_HEADER "x-aws-ec2-metadata-token"
#define INSTANCE_ID "i-00000000000000000" // of none

enum { TTL_MAX_S = 21600, NEVER_S = 3600, TEXT_SIZE = 256 };

// The value of the only header of that name; nothing: there is none, or several.
static struct slice only_header(const struct exchange *x, struct slice name)
{
        struct slice found = {0};
        for (size_t i = 0; i < x->head->headers_count; i++) {
                if (!slice_eq_ignore_case(x->head->headers[i].name, name))
                        continue;
                if (found.p)
                        return (struct slice){0};
                found = x->head->headers[i].value;
        }
        return found;
}

// --- who may ask ---

static bool is_for_token(const struct exchange *x)
{
        return x->route && x->route->methods == ROUTE_PUT;
}

static bool has_token(const struct exchange *x)
{
        const struct server *s = x->server;
        struct slice token = only_header(x, SLICE(TOKEN_HEADER));
        return s->imds_tokens && imds_tokens_check(s->imds_tokens, x->peer->uid, clock_boot_ms(s->deps.clock), token);
}

// The rules of `allow` are judged with the route; here, whether there are any.
static bool may_ask(const struct exchange *x)
{
        const struct server_profile *p = server_find_profile(x->server, slice_str(x->listener->profile));
        return (p && p->allow_count > 0) || x->peer->uid == 0 || x->peer->uid == geteuid();
}

static bool admit(struct exchange *x)
{
        if (!origin_check_admit(x))
                return false;
        if (!may_ask(x)) {
                access_refuse_peer(x, "add an \"allow\" with the peer's uid to the profile: without one the metadata "
                                      "service is for the agent's own user");
                return false;
        }
        if (is_for_token(x) || has_token(x))
                return true;
        problem_sendf(x, API_METADATA_TOKEN_REQUIRED, "PUT /latest/api/token gives one; IMDSv1 is not served",
                      "the header " TOKEN_HEADER " is missing, wrong or expired");
        return false;
}

static void fetch_ahead(const struct exchange *x)
{
        if (!entry_peek(x->profile->entry))
                exchange_request_fetch(x->profile->entry);
}

static void send_no_path(struct exchange *x, const char *detail)
{
        problem_send(x, &(struct problem){.code = API_NOT_FOUND, .detail = detail});
}

static void send_text(struct exchange *x, const char *text)
{
        exchange_answer(x, &(struct answer){.status = 200, .content_type = "text/plain", .body = slice_str(text)});
}

// --- PUT /latest/api/token ---

static void handle_token(struct exchange *x)
{
        struct server *s = x->server;
        uint64_t ttl_s = 0;
        char headers[80];
        if (text_parse_u64(only_header(x, SLICE(TTL_HEADER)), &ttl_s) < 0 || ttl_s < 1 || ttl_s > TTL_MAX_S) {
                problem_sendf(x, API_INVALID_REQUEST, NULL, "the header " TTL_HEADER " is not a number from 1 to %d",
                              TTL_MAX_S);
                return;
        }
        if (!s->imds_tokens)
                s->imds_tokens = imds_tokens_new();
        struct buffer *b = json_answer_body(x); // which is wiped
        uint8_t *token = buffer_reserve(b, IMDS_TOKEN_SIZE);
        if (!s->imds_tokens || !token) {
                problem_send_no_memory(x);
                return;
        }
        int64_t now_ms = clock_boot_ms(s->deps.clock);
        if (imds_tokens_issue(s->imds_tokens, x->peer->uid, now_ms, now_ms + (int64_t)ttl_s * 1000, (char *)token) <
            0) {
                problem_send_too_many(x, "too many session tokens are in use");
                return;
        }
        buffer_commit(b, IMDS_TOKEN_SIZE - 1);
        fetch_ahead(x); // most who ask for a token ask for credentials next
        (void)snprintf(headers, sizeof(headers), "X-Aws-Ec2-Metadata-Token-Ttl-Seconds: %u\r\n", (unsigned)ttl_s);
        exchange_answer(
            x,
            &(struct answer){.status = 200, .content_type = "text/plain", .headers = headers, .body = buffer_slice(b)});
}

// --- GET /latest/meta-data/… ---

// Without a line break: some clients append it to the path as it is.
static void handle_role(struct exchange *x)
{
        fetch_ahead(x);
        send_text(x, x->profile->name);
}

static void send_credentials(struct exchange *x, const struct credentials *c)
{
        struct entry *entry = x->profile->entry;
        struct entry_status status;
        struct buffer *b = json_answer_fast_body(x);
        entry_status(entry, &status);
        int64_t now_s = entry_now_s(entry);
        (void)!documents_write_imds(c, status.last_success_s > 0 ? status.last_success_s : now_s, now_s + NEVER_S, b);
        credentials_reply_check_life(x, x->profile->entry, c);
        json_answer_send_fast(x);
}

static void handle_credentials(struct exchange *x)
{
        if (strcmp(x->profile->name, x->listener->profile) != 0) {
                send_no_path(x, "the listener's \"profile\" is the only role here");
                return;
        }
        const struct credentials *c = entry_peek(x->profile->entry);
        if (c)
                send_credentials(x, c);
        else
                wait_for_credentials(x, WAIT_NOT_GIVEN);
}

static void resume_credentials(struct exchange *x, const struct outcome *o)
{
        const struct credentials *c = entry_last_resort(x->profile->entry);
        if (c)
                send_credentials(x, c);
        else
                problem_send_unavailable(x, o);
}

static bool has_region(struct exchange *x)
{
        if (x->profile->region)
                return true;
        send_no_path(x, "the profile has no region");
        return false;
}

static void handle_region(struct exchange *x)
{
        if (has_region(x))
                send_text(x, x->profile->region);
}

// SDKs drop the last letter to get the region.
static void handle_zone(struct exchange *x)
{
        char text[TEXT_SIZE];
        if (!has_region(x))
                return;
        (void)snprintf(text, sizeof(text), "%sa", x->profile->region);
        send_text(x, text);
}

static void handle_instance_id(struct exchange *x)
{
        send_text(x, INSTANCE_ID);
}

static void handle_listing(struct exchange *x)
{
        send_text(x, "iam/\ninstance-id\nplacement/");
}

static void handle_document(struct exchange *x)
{
        char zone[TEXT_SIZE];
        struct entry_status status;
        if (!has_region(x))
                return;
        (void)snprintf(zone, sizeof(zone), "%sa", x->profile->region);
        entry_status(x->profile->entry, &status);
        struct buffer *b = json_answer_body(x);
        json_begin_object(b);
        if (status.account_id.n > 0)
                json_member(b, "accountId", status.account_id);
        json_member(b, "availabilityZone", slice_str(zone));
        json_member(b, "instanceId", SLICE(INSTANCE_ID));
        json_member(b, "region", slice_str(x->profile->region));
        json_member(b, "version", SLICE("2017-09-30"));
        json_answer_send_object(x);
}

#define TO(kind, verb, text, ...)                                                                                      \
        {                                                                                                              \
                .match = (kind), .methods = (verb), .path = SLICE_INIT(text), .scope = ALLOW_CREDENTIALS,              \
                .body_max = LIMIT_HTTP_BODY, __VA_ARGS__                                                               \
        }
#define AT(text, handler) TO(ROUTE_DEFAULT, ROUTE_GET, "/latest/" text, .begin = (handler))

static const struct route routes[] = {
    TO(ROUTE_DEFAULT, ROUTE_PUT, "/latest/api/token", .begin = handle_token),
    AT("meta-data/iam/security-credentials/", handle_role),
    AT("meta-data/iam/security-credentials", handle_role),
    TO(ROUTE_PROFILE, ROUTE_GET, "/latest/meta-data/iam/security-credentials/", .begin = handle_credentials,
       .resume = resume_credentials),
    AT("meta-data/placement/region", handle_region),
    AT("meta-data/placement/availability-zone", handle_zone),
    AT("meta-data/placement/availability-zone/", handle_zone),
    AT("meta-data/instance-id", handle_instance_id),
    AT("meta-data/", handle_listing),
    AT("meta-data", handle_listing),
    AT("dynamic/instance-identity/document", handle_document),
};

const struct api api_imds = {
    .name = "imds",
    .routes = routes,
    .routes_count = LENGTH(routes),
    .paths_hint = "of the metadata this listener has the role's credentials, placement and instance-id",
    .default_wait_ms = 900, // most SDKs give up after 1 s
    .admit = admit,
    .send_problem = problem_send_short,
};
