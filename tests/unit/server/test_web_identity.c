// SPDX-License-Identifier: Apache-2.0
// POST …/tokens/web_identity: one entry for each set of parameters, limited in number, gone with the profile.
#include "tests/unit/server/fixture.h"

#include "sidecar/server/web_identity_tokens.h"

#define PATH "/v1/profiles/a/tokens/web_identity"

enum { OF_UID = 64, OF_ALL = 1024, TOKENS_MAX = OF_ALL + 8 };

// What stands in for STS: each entry that the server asks for has a script of its own.
static struct {
        struct fixture *f;
        struct scripted scripts[TOKENS_MAX];
        struct web_identity_request last;
        unsigned made, updates;
        enum script script;
        int64_t life_s;
        bool fails;
} sts;

static int find_endpoint(const struct server_profile *p, struct slice region, struct web_identity_endpoint *ret,
                         struct error *e)
{
        (void)p;
        if (slice_eq(region, SLICE("zz")))
                return error_set(e, ERROR_CONFIG, "no such region");
        (void)snprintf(ret->region, sizeof(ret->region), "%.*s", region.n ? (int)region.n : 9,
                       region.n ? (const char *)region.p : "us-east-1");
        (void)snprintf(ret->url, sizeof(ret->url), "https://sts.%s.amazonaws.com", ret->region);
        return 0;
}

static struct entry *add(void *context, const struct server_profile *p, const struct web_identity_endpoint *at,
                         const struct web_identity_request *request, struct provider **ret_provider, struct error *e)
{
        struct fixture *f = context;
        struct entry_options options = {.name = "a/web_identity", .shown_name = p->name, .on_demand = true};
        (void)at;
        if (sts.fails) {
                (void)error_set(e, ERROR_INTERNAL, "out of memory");
                return NULL;
        }
        assert_true(sts.made < TOKENS_MAX);
        struct scripted *s = &sts.scripts[sts.made++];
        *s = (struct scripted){.script = sts.script,
                               .life_s = sts.life_s,
                               .access_key_id = "web-identity-token",
                               .token = "e30.e30.c2ln",
                               .loop = &f->loop,
                               .clock = &f->clock,
                               .error = denied_by_sts()};
        sts.last = *request;
        *ret_provider = fake_new(s);
        return vault_add(f->vault, &options, *ret_provider);
}

static void update(struct provider *provider, const struct server_profile *p)
{
        (void)p;
        assert_non_null(provider);
        sts.updates++;
}

static void begin(struct fixture *f, struct client *c)
{
        memset(&sts, 0, sizeof(sts));
        sts.f = f;
        sts.life_s = 300;
        (void)serve_credentials(f, c);
        f->server->deps.web_identity = (struct server_web_identity){find_endpoint, add, update, f};
}

static void answers_with_the_token(void **state)
{
        struct fixture f;
        struct client c;
        (void)state;
        begin(&f, &c);
        assert_int_equal(client_post(&c, PATH, "{\"audience\":\"x\"}"), 200);
        expect_member(&c, "token", "e30.e30.c2ln");
        expect_member(&c, "expiration", "2026-09-01T12:21:40Z");
        expect_member(&c, "expires_in", "300");
        expect_member(&c, "cut", "false");
        expect_member(&c, "generation", "1");
        assert_int_equal(sts.last.audiences_count, 1);
        assert_int_equal(sts.last.duration_seconds, 0);
        assert_true(slice_eq(sts.last.signing_algorithm, SLICE("RS256")));
        f.now_ms += 100000;
        assert_int_equal(client_post(&c, PATH, "{\"audience\":[\"x\"]}"), 200);
        expect_member(&c, "expires_in", "200");
        assert_int_equal(sts.made, 1);
        stop(&f, &c);
}

static void never_serves_a_token_past_its_end(void **state)
{
        struct fixture f;
        struct client c;
        (void)state;
        begin(&f, &c);
        assert_int_equal(client_post(&c, PATH, "{\"audience\":\"x\"}"), 200);
        sts.scripts[0].script = SCRIPT_FAIL;
        f.now_ms += 250000; // the last minute: the same, while nothing newer comes
        assert_int_equal(client_post(&c, PATH, "{\"audience\":\"x\"}"), 200);
        expect_member(&c, "expires_in", "50");
        f.now_ms += 46000;
        assert_int_equal(client_post(&c, PATH, "{\"audience\":\"x\"}"), 502);
        assert_false(client_body_has(&c, "e30.e30"));
        stop(&f, &c);
}

static void an_entry_for_each_set_of_parameters(void **state)
{
        static const char *const bodies[] = {
            "{\"audience\":\"x\"}",
            "{\"audience\":[\"x\",\"y\"]}",
            "{\"audience\":[\"y\",\"x\"]}",
            "{\"audience\":\"x1:y\"}",
            "{\"audience\":\"x\",\"duration_seconds\":300}",
            "{\"audience\":\"x\",\"signing_algorithm\":\"ES384\"}",
            "{\"audience\":\"x\",\"region\":\"eu-west-1\"}",
            "{\"audience\":\"x\",\"tags\":{\"a\":\"b\"}}",
            "{\"audience\":\"x\",\"tags\":{\"a\":\"b\",\"c\":\"d\"}}",
            "{\"audience\":\"x\",\"tags\":{\"ab\":\"\"}}",
        };
        struct fixture f;
        struct client c;
        (void)state;
        begin(&f, &c);
        for (int twice = 0; twice < 2; twice++)
                for (size_t i = 0; i < LENGTH(bodies); i++)
                        assert_int_equal(client_post(&c, PATH, bodies[i]), 200);
        assert_int_equal(sts.made, LENGTH(bodies));
        stop(&f, &c);
}

static void refuses_bad_bodies(void **state)
{
        static const struct {
                const char *body, *detail;
        } t[] = {
            {"", "\\\"audience\\\" is missing"},
            {"[]", "not an object"},
            {"{", "not JSON"},
            {"{\"audience\":[]}", "is empty"},
            {"{\"audience\":\"x\",\"audience\":\"y\"}", "duplicate key"},
            {"{\"audience\":\"x\",\"tags\":{\"a\":\"\",\"A\":\"\"}}", "twice"},
            {"{\"audience\":\"x\",\"tags\":{\"a\":null}}", "not a string"},
            {"{\"audience\":\"x\",\"duration_seconds\":59}", "60 to 3600"},
            {"{\"audience\":\"x\",\"duration_seconds\":3601}", "60 to 3600"},
            {"{\"audience\":\"x\",\"signing_algorithm\":\"none\"}", "none"},
            {"{\"audience\":\"x\",\"region\":\"\"}", "is empty"},
            {"{\"audience\":\"x\",\"region\":\"zz\"}", "no such region"},
            {"{\"audience\":\"x\\u0001\"}", "control"},
            {"{\"audience\":\"x\",\"expires_in\":60}", "unknown member"},
        };
        struct fixture f;
        struct client c;
        (void)state;
        begin(&f, &c);
        for (size_t i = 0; i < LENGTH(t); i++) {
                if (client_post(&c, PATH, t[i].body) != 400 || !client_body_has(&c, t[i].detail))
                        fail_msg("row %zu: %s", i, client_body(&c));
        }
        assert_int_equal(client_post(&c, PATH "?wait=61", "{\"audience\":\"x\"}"), 400);
        assert_int_equal(sts.made, 0);
        stop(&f, &c);
}

static void says_why_there_is_no_token(void **state)
{
        struct fixture f;
        struct client c;
        (void)state;
        begin(&f, &c);
        sts.script = SCRIPT_FAIL;
        assert_int_equal(client_post(&c, PATH, "{\"audience\":\"x\"}"), 502);
        expect_member(&c, "upstream/code", "AccessDenied");
        sts.script = SCRIPT_HANG;
        assert_int_equal(client_post(&c, PATH "?wait=0", "{\"audience\":\"y\"}"), 503);
        expect_problem(&c, 503, "credentials_unavailable");
        assert_true(client_head_has(&c, "Retry-After: 1"));
        sts.fails = true;
        assert_int_equal(client_post(&c, PATH, "{\"audience\":\"z\"}"), 500);
        stop(&f, &c);
}

static void ask_for(struct client *c, int number, int status)
{
        char body[64];
        snprintf(body, sizeof(body), "{\"audience\":\"%d\"}", number);
        assert_int_equal(client_post(c, PATH, body), status);
}

static void the_least_recently_used_goes_first(void **state)
{
        struct fixture f;
        struct client c;
        (void)state;
        begin(&f, &c);
        for (int i = 0; i < OF_UID; i++)
                ask_for(&c, i, 200);
        ask_for(&c, 0, 200);
        assert_int_equal(sts.made, OF_UID);
        ask_for(&c, 1000, 200); // in the place of 1
        ask_for(&c, 0, 200);
        ask_for(&c, 2, 200);
        assert_int_equal(sts.made, OF_UID + 1);
        ask_for(&c, 1, 200);
        assert_int_equal(sts.made, OF_UID + 2);
        stop(&f, &c);
}

static void those_that_are_being_fetched_stay(void **state)
{
        struct fixture f;
        struct client c;
        char body[64];
        (void)state;
        begin(&f, &c);
        sts.script = SCRIPT_HANG;
        for (int i = 0; i < OF_UID; i++) {
                snprintf(body, sizeof(body), "{\"audience\":\"%d\"}", i);
                assert_int_equal(client_post(&c, PATH "?wait=0", body), 503);
        }
        assert_int_equal(client_post(&c, PATH "?wait=0", "{\"audience\":\"more\"}"), 503);
        expect_problem(&c, 503, "too_many_requests");
        assert_int_equal(sts.made, OF_UID);
        stop(&f, &c);
}

static void all_users_together_have_a_limited_number(void **state)
{
        struct fixture f;
        struct client c;
        struct error e;
        struct web_identity_endpoint at = {.url = "https://sts", .region = "us-east-1"};
        struct web_identity_request request = {.audiences_count = 1, .signing_algorithm = SLICE("RS256")};
        char audience[16];
        (void)state;
        begin(&f, &c);
        for (int i = 0; i <= OF_ALL; i++) {
                snprintf(audience, sizeof(audience), "%d", i);
                request.audiences[0] = slice_str(audience);
                uid_t uid = (uid_t)(5000 + i / OF_UID);
                assert_non_null(web_identity_tokens_get(f.server, &f.profiles[0], uid, &at, &request, &e));
                if (i == OF_ALL - 1)
                        assert_non_null(sts.scripts[0].provider);
        }
        TURN_UNTIL(&f, !sts.scripts[0].provider); // the first went for the last
        assert_non_null(sts.scripts[1].provider);
        assert_int_equal(sts.made, OF_ALL + 1);
        stop(&f, &c);
}

static void tokens_go_with_the_credentials_of_their_profile(void **state)
{
        struct fixture f;
        struct client c;
        (void)state;
        begin(&f, &c);
        ask_for(&c, 1, 200);
        server_set_profiles(f.server, f.profiles, f.profiles_count);
        assert_int_equal(sts.updates, 1);
        ask_for(&c, 1, 200);
        assert_int_equal(sts.made, 1);

        struct scripted *s = fixture_add(&f, "b", false); // another entry for the profile
        assert_int_equal(sts.updates, 2);
        fixture_fetch_all(&f);
        assert_non_null(s);
        struct entry *before = f.profiles[0].entry;
        f.profiles[0].entry = f.profiles[1].entry;
        server_set_profiles(f.server, f.profiles, f.profiles_count);
        assert_int_equal(sts.updates, 2);
        TURN_UNTIL(&f, !sts.scripts[0].provider);
        ask_for(&c, 1, 200);
        assert_int_equal(sts.made, 2);
        f.profiles[0].entry = before;
        server_set_profiles(f.server, f.profiles, f.profiles_count);

        ask_for(&c, 1, 200);
        assert_int_equal(sts.made, 3);
        assert_int_equal(client_ask(&c, "DELETE /v1/profiles/a/credentials HTTP/1.1\r\n\r\n"), 200);
        TURN_UNTIL(&f, !sts.scripts[2].provider);
        stop(&f, &c);
}

static void the_limits_of_signing_hold(void **state)
{
        static const struct {
                int64_t max_expires_in;
                const char *body;
                int status;
                int64_t sent_s;
                const char *cut;
        } t[] = {
            {0, "{\"audience\":\"0\"}", 200, 0, "false"},
            {300, "{\"audience\":\"1\"}", 200, 0, "false"},
            {299, "{\"audience\":\"2\"}", 200, 299, "true"},
            {60, "{\"audience\":\"3\",\"duration_seconds\":3600}", 200, 60, "true"},
            {59, "{\"audience\":\"4\"}", 403, 0, NULL},
            {600, "{\"audience\":\"5\",\"duration_seconds\":600}", 200, 600, "false"},
        };
        struct fixture f;
        struct client c;
        (void)state;
        begin(&f, &c);
        for (size_t i = 0; i < LENGTH(t); i++) {
                f.profiles[0].sign.max_expires_in = t[i].max_expires_in;
                assert_int_equal(client_post(&c, PATH, t[i].body), t[i].status);
                if (!t[i].cut)
                        continue;
                expect_member(&c, "cut", t[i].cut);
                assert_int_equal(sts.last.duration_seconds, t[i].sent_s);
        }
        static char s3[] = "s3", service[] = "sts", host[] = "sts.us-east-1.amazonaws.com";
        char *services[] = {s3}, *hosts[] = {host};
        f.profiles[0].sign = (struct sign_limits){.services = services, .services_count = 1};
        assert_int_equal(client_post(&c, PATH, "{\"audience\":\"0\"}"), 403);
        expect_problem(&c, 403, "target_not_allowed");
        services[0] = service;
        f.profiles[0].sign.hosts = hosts;
        f.profiles[0].sign.hosts_count = 1;
        assert_int_equal(client_post(&c, PATH, "{\"audience\":\"0\"}"), 200);
        assert_int_equal(client_post(&c, PATH, "{\"audience\":\"0\",\"region\":\"eu-west-1\"}"), 403);
        stop(&f, &c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(answers_with_the_token),
            cmocka_unit_test(never_serves_a_token_past_its_end),
            cmocka_unit_test(an_entry_for_each_set_of_parameters),
            cmocka_unit_test(refuses_bad_bodies),
            cmocka_unit_test(says_why_there_is_no_token),
            cmocka_unit_test(the_least_recently_used_goes_first),
            cmocka_unit_test(those_that_are_being_fetched_stay),
            cmocka_unit_test(all_users_together_have_a_limited_number),
            cmocka_unit_test(tokens_go_with_the_credentials_of_their_profile),
            cmocka_unit_test(the_limits_of_signing_hold),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
