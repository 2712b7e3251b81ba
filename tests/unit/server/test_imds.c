// SPDX-License-Identifier: Apache-2.0
// The instance metadata service: who gets what, and who does not.
#include "sidecar/server/api_container.h"
#include "sidecar/server/api_imds.h"
#include "tests/unit/server/tcp.h"
#include "tests/unit/stack.h"

#define HOST "Host: localhost\r\n"
#define TTL "X-aws-ec2-metadata-token-ttl-seconds: "
#define HAS_TOKEN "X-aws-ec2-metadata-token: TOKEN\r\n"
#define ROLES "/latest/meta-data/iam/security-credentials"

static uid_t stranger = 4711;
static const struct allow_rule not_this_peer = {.uids = &stranger, .uids_count = 1, .scopes = ALLOW_ALL};

static void serve_imds(struct fixture *f, struct inet_address *at)
{
        fixture_start(f);
        fixture_add(f, "a", false);
        fixture_add(f, "b", false);
        f->profiles[0].region = "eu-central-1";
        fixture_fetch_all(f);
        const struct server_listener served = {.apis = {&api_imds}, .apis_count = 1, .profile = "a"};
        tcp_serve(f, "127.0.0.1", &served, at);
}

// Asks with TOKEN in the header lines replaced.
static int ask(struct client *c, const char *line, const char *headers, const char *token)
{
        char request[768];
        const char *at = strstr(headers, "TOKEN\r");
        int n = at ? (int)(at - headers) : (int)strlen(headers);
        (void)snprintf(request, sizeof(request), "%s HTTP/1.1\r\n%.*s%s%s\r\n", line, n, headers, at ? token : "",
                       at ? at + 5 : "");
        return client_ask(c, request);
}

static void get_token(struct client *c, const char *ttl, char out[80])
{
        char headers[128];
        (void)snprintf(headers, sizeof(headers), HOST TTL "%s\r\n", ttl);
        assert_int_equal(ask(c, "PUT /latest/api/token", headers, ""), 200);
        assert_true(client_head_has(c, "Content-Type: text/plain\n"));
        assert_true(snprintf(out, 80, "%s", client_body(c)) == 56);
}

static bool has_secret(const struct client *c)
{
        return strstr(client_body(c), TOKEN) || strstr(client_body(c), "ASIA");
}

static void answers_by_path_and_proof(void **state)
{
        (void)state;
        static const struct {
                const char *line, *headers;
                int status;
                const char *body; // NULL: any without a secret
        } rows[] = {
            {"GET " ROLES "/", HOST HAS_TOKEN, 200, "a"},
            {"GET " ROLES, HOST HAS_TOKEN, 200, "a"},
            {"GET /latest/meta-data/placement/region", HOST HAS_TOKEN, 200, "eu-central-1"},
            {"GET /latest/meta-data/placement/availability-zone", HOST HAS_TOKEN, 200, "eu-central-1a"},
            {"GET /latest/meta-data/placement/availability-zone/", HOST HAS_TOKEN, 200, "eu-central-1a"},
            {"GET /latest/meta-data/instance-id", HOST HAS_TOKEN, 200, "i-00000000000000000"},
            {"GET /latest/meta-data/", HOST HAS_TOKEN, 200, "iam/\ninstance-id\nplacement/"},
            {"GET /latest/dynamic/instance-identity/document", HOST HAS_TOKEN, 200,
             "{\"availabilityZone\":\"eu-central-1a\",\"instanceId\":\"i-00000000000000000\",\"region\":\"eu-central-"
             "1\","
             "\"version\":\"2017-09-30\"}\n"},
            // no token: IMDSv1, or a wrong one
            {"GET " ROLES "/", HOST, 401, NULL},
            {"GET " ROLES "/a", HOST, 401, NULL},
            {"GET " ROLES "/a", HOST "X-aws-ec2-metadata-token: wrong\r\n", 401, NULL},
            {"GET " ROLES "/a", HOST "X-aws-ec2-metadata-token:\r\n", 401, NULL},
            {"GET " ROLES "/a", HOST HAS_TOKEN "X-aws-ec2-metadata-token: wrong\r\n", 401, NULL},
            {"GET " ROLES "/a", HOST TTL "60\r\n", 401, NULL},
            {"GET /latest/meta-data/placement/region", HOST, 401, NULL},
            {"GET /nowhere", HOST, 401, NULL},
            {"GET /latest/api/token", HOST, 401, NULL},
            {"POST /latest/api/token", HOST TTL "60\r\n", 401, NULL},
            // browsers, proxies, DNS rebinding
            {"GET " ROLES "/a", HOST HAS_TOKEN "Origin: null\r\n", 403, NULL},
            {"GET " ROLES "/a", HOST HAS_TOKEN "Referer: x\r\n", 403, NULL},
            {"GET " ROLES "/a", HOST HAS_TOKEN "Sec-Fetch-Dest: empty\r\n", 403, NULL},
            {"GET " ROLES "/a", HOST HAS_TOKEN "X-Forwarded-For: 127.0.0.1\r\n", 403, NULL},
            {"GET " ROLES "/a", "Host: evil.example\r\n" HAS_TOKEN, 421, NULL},
            {"PUT /latest/api/token", HOST TTL "60\r\nX-Forwarded-For: 127.0.0.1\r\n", 403, NULL},
            {"PUT /latest/api/token", HOST TTL "60\r\nOrigin: http://x\r\n", 403, NULL},
            {"PUT /latest/api/token", "Host: evil.example\r\n" TTL "60\r\n", 421, NULL},
            // methods and paths
            {"GET /latest/api/token", HOST HAS_TOKEN, 405, NULL},
            {"POST " ROLES "/a", HOST HAS_TOKEN, 405, NULL},
            {"PUT " ROLES "/a", HOST HAS_TOKEN, 405, NULL},
            {"GET " ROLES "/b", HOST HAS_TOKEN, 404, NULL},
            {"GET " ROLES "/none", HOST HAS_TOKEN, 404, NULL},
            {"GET " ROLES "-extended/", HOST HAS_TOKEN, 404, NULL},
            {"GET /latest/user-data", HOST HAS_TOKEN, 404, NULL},
            {"GET /v1/container/a", HOST HAS_TOKEN, 404, NULL},
            {"GET /v1/profiles/a/credentials", HOST HAS_TOKEN, 404, NULL},
            // the lifetime of a token
            {"PUT /latest/api/token", HOST, 400, NULL},
            {"PUT /latest/api/token", HOST TTL "0\r\n", 400, NULL},
            {"PUT /latest/api/token", HOST TTL "21601\r\n", 400, NULL},
            {"PUT /latest/api/token", HOST TTL "-1\r\n", 400, NULL},
            {"PUT /latest/api/token", HOST TTL "1.5\r\n", 400, NULL},
            {"PUT /latest/api/token", HOST TTL "60\r\n" TTL "60\r\n", 400, NULL},
        };
        struct fixture f;
        struct inet_address at;
        char token[80];
        serve_imds(&f, &at);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct client c = tcp_client(&f, &at);
                get_token(&c, "60", token);
                int status = ask(&c, rows[i].line, rows[i].headers, token);
                bool is_good = rows[i].body ? strcmp(client_body(&c), rows[i].body) == 0 : !has_secret(&c);
                if (status != rows[i].status || !is_good)
                        fail_msg("%d: %s %s: %s", status, rows[i].line, rows[i].headers, client_body(&c));
                client_close(&c);
        }
        fixture_stop(&f);
}

static void gives_the_document_of_a_role(void **state)
{
        (void)state;
        struct fixture f;
        struct inet_address at;
        char token[80];
        serve_imds(&f, &at);
        struct client c = tcp_client(&f, &at);
        get_token(&c, "21600", token);
        assert_true(client_head_has(&c, "X-Aws-Ec2-Metadata-Token-Ttl-Seconds: 21600\n"));
        assert_int_equal(ask(&c, "GET " ROLES "/a", HOST HAS_TOKEN, token), 200);
        assert_true(client_head_has(&c, "Content-Type: application/json\n"));
        assert_true(client_body_has(&c, "{\"Code\":\"Success\",\"LastUpdated\":\"2026-09-01T12:"));
        assert_true(client_body_has(&c, "\"Type\":\"AWS-HMAC\",\"AccessKeyId\":\"ASIAEXAMPLEKEYID0001\",\"Secret"));
        assert_true(client_body_has(&c, "\"Token\":\"" TOKEN "\",\"Expiration\":\"2026-09-01T13:"));
        stop(&f, &c);
}

// SDKs want an end: those that never end have one in an hour, and are asked for again.
static void gives_an_end_to_credentials_without_one(void **state)
{
        (void)state;
        struct fixture f;
        struct inet_address at;
        char token[80];
        fixture_start(&f);
        fixture_add(&f, "a", false)->life_s = 0;
        const struct server_listener served = {.apis = {&api_imds}, .apis_count = 1, .profile = "a"};
        tcp_serve(&f, "127.0.0.1", &served, &at);
        fixture_fetch_all(&f);
        struct client c = tcp_client(&f, &at);
        get_token(&c, "60", token);
        f.now_ms += 7200 * 1000;
        get_token(&c, "60", token);
        assert_int_equal(ask(&c, "GET " ROLES "/a", HOST HAS_TOKEN, token), 200);
        assert_true(client_body_has(&c, "\"LastUpdated\":\"2026-09-01T12:16:40Z\""));
        assert_true(client_body_has(&c, "\"Expiration\":\"2026-09-01T15:16:40Z\""));
        stop(&f, &c);
}

static void answer_one(void *arg)
{
        struct fixture *f = arg;
        TURN_UNTIL(f, f->server->imds_tokens);
}

static void leaves_no_token_on_the_stack(void **state)
{
        enum { PART = 16 };
        (void)state;
        struct fixture f;
        struct inet_address at;
        struct stack stack;
        serve_imds(&f, &at);
        struct client c = tcp_client(&f, &at);
        TURN_UNTIL(&f, f.server->connections);
        client_send(&c, "PUT /latest/api/token HTTP/1.1\r\n" HOST TTL "60\r\n\r\n");
        assert_null(f.server->imds_tokens);
        stack_run(&stack, answer_one, &f); // and nothing after it
        assert_int_equal(client_answer(&c), 200);
        assert_int_equal(strlen(client_body(&c)), 56);
        for (size_t i = 0; i + PART <= 56; i++) // later calls overwrite some of it
                assert_false(stack_has(&stack, slice_of((const uint8_t *)client_body(&c) + i, PART)));
        stack_free(&stack);
        stop(&f, &c);
}

static void tokens_end(void **state)
{
        (void)state;
        struct fixture f;
        struct inet_address at;
        char token[80];
        serve_imds(&f, &at);
        struct client c = tcp_client(&f, &at);
        get_token(&c, "1", token);
        f.now_ms += 999;
        assert_int_equal(ask(&c, "GET " ROLES "/a", HOST HAS_TOKEN, token), 200);
        f.now_ms += 1;
        assert_int_equal(ask(&c, "GET " ROLES "/a", HOST HAS_TOKEN, token), 401);
        stop(&f, &c);
}

// Without rules it is for the agent's own user and root; rules decide otherwise. Nobody else gets a token.
static void is_for_those_that_the_profile_allows(void **state)
{
        (void)state;
        static const struct {
                size_t rules; // that allow the stranger
                uid_t uid;    // PEER_UNKNOWN: own
                bool is_unknown;
                int status;
        } rows[] = {{0, PEER_UNKNOWN, false, 200}, {0, 4711, false, 403}, {0, PEER_UNKNOWN, true, 403},
                    {0, 65534, false, 403},        {1, 4711, false, 200}, {1, PEER_UNKNOWN, false, 403},
                    {1, PEER_UNKNOWN, true, 403}};
        struct fixture f;
        struct inet_address at;
        serve_imds(&f, &at);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                bool is_own = rows[i].uid == PEER_UNKNOWN && !rows[i].is_unknown;
                f.profiles[0].allow = &not_this_peer;
                f.profiles[0].allow_count = rows[i].rules;
                server_set_profiles(f.server, f.profiles, f.profiles_count);
                struct client c = tcp_client(&f, &at);
                TURN_UNTIL(&f, f.server->connections);
                f.server->connections->peer.uid = is_own ? getuid() : rows[i].uid;
                if (ask(&c, "PUT /latest/api/token", HOST TTL "60\r\n", "") != rows[i].status)
                        fail_msg("row %zu: %d", i, c.status);
                assert_int_equal(ask(&c, "GET " ROLES "/a", HOST, ""), rows[i].rules || is_own ? 401 : 403);
                client_close(&c);
                TURN_UNTIL(&f, !f.server->connections);
        }
        fixture_stop(&f);
}

// SDKs want an end, and ask again before it.
static void keys_that_never_expire_end_in_an_hour(void **state)
{
        (void)state;
        struct fixture f;
        struct inet_address at;
        char token[80];
        fixture_start(&f);
        fixture_add(&f, "a", false)->life_s = 0;
        fixture_fetch_all(&f);
        const struct server_listener served = {.apis = {&api_imds}, .apis_count = 1, .profile = "a"};
        tcp_serve(&f, "127.0.0.1", &served, &at);
        struct client c = tcp_client(&f, &at);
        get_token(&c, "60", token);
        assert_int_equal(ask(&c, "GET " ROLES "/a", HOST HAS_TOKEN, token), 200);
        if (!client_body_has(&c, "\"Expiration\":\"2026-09-01T13:"))
                fail_msg("%s", client_body(&c));
        stop(&f, &c);
}

// Who asks for a token will ask for credentials: they are fetched meanwhile. No request waits longer than 1 s.
static void fetches_ahead(void **state)
{
        (void)state;
        struct fixture f;
        struct inet_address at;
        char token[80];
        fixture_start(&f);
        struct scripted *s = fixture_add(&f, "a", true);
        s->script = SCRIPT_HANG;
        const struct server_listener served = {.apis = {&api_imds}, .apis_count = 1, .profile = "a"};
        tcp_serve(&f, "127.0.0.1", &served, &at);
        struct client c = tcp_client(&f, &at);
        get_token(&c, "60", token);
        TURN_UNTIL(&f, s->starts == 1);
        assert_int_equal(ask(&c, "GET " ROLES "/", HOST HAS_TOKEN, token), 200);
        char request[256];
        (void)snprintf(request, sizeof(request),
                       "GET " ROLES "/a HTTP/1.1\r\n" HOST "X-aws-ec2-metadata-token: %s\r\n\r\n", token);
        client_send(&c, request);
        TURN_UNTIL(&f, f.server->exchanges && f.server->exchanges->state == EXCHANGE_WAITING);
        uint64_t due_ms = uv_timer_get_due_in(&f.server->exchanges->timer);
        assert_true(due_ms > 500 && due_ms < 1000);
        s->script = SCRIPT_GIVE;
        script_release(s);
        assert_int_equal(client_answer(&c), 200);
        assert_int_equal(s->starts, 1);
        assert_int_equal(ask(&c, "GET /latest/meta-data/placement/region", HOST HAS_TOKEN, token), 404); // it has none
        stop(&f, &c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(answers_by_path_and_proof),
            cmocka_unit_test(gives_the_document_of_a_role),
            cmocka_unit_test(gives_an_end_to_credentials_without_one),
            cmocka_unit_test(leaves_no_token_on_the_stack),
            cmocka_unit_test(tokens_end),
            cmocka_unit_test(is_for_those_that_the_profile_allows),
            cmocka_unit_test(keys_that_never_expire_end_in_an_hour),
            cmocka_unit_test(fetches_ahead),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
