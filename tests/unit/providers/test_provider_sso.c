// SPDX-License-Identifier: Apache-2.0
// The provider against scripted answers, with a cache folder of its own.
#include <sys/stat.h>

#include "sidecar/providers/cache_file.h"
#include "sidecar/providers/provider.h"
#include "sidecar/providers/sso_cache.h"
#include "tests/unit/providers/harness.h"

#define ROLE                                                                                                           \
        "{\"roleCredentials\":{\"accessKeyId\":\"ASIAEXAMPLE\",\"secretAccessKey\":\"secret\",\"sessionToken\":"       \
        "\"token\",\"expiration\":1798765200999}}"
#define TOKEN(more) "{\"accessToken\":\"aoa-1\",\"expiresAt\":" more "}"
#define GOOD TOKEN("\"2027-01-01T08:00:00Z\"")
#define CLIENT                                                                                                         \
        ",\"clientId\":\"c\",\"clientSecret\":\"s\",\"registrationExpiresAt\":\"2027-02-01T00:00:00Z\","               \
        "\"refreshToken\":\"aor-1\""
#define ENDED TOKEN("\"2026-12-31T23:00:00Z\"" CLIENT)
#define ENDS_SOON TOKEN("\"2027-01-01T00:03:20Z\"" CLIENT)
#define RENEWED "{\"accessToken\":\"aoa-2\",\"tokenType\":\"Bearer\",\"expiresIn\":3600,\"refreshToken\":\"aor-2\"}"
#define ERROR_FIELD(code) DATE_NOW "x-amzn-ErrorType: " code ":http://x/\r\n"

struct setup {
        char folder[64];
        char *path;
        struct harness *h;
        struct profile profile;
};

static void set_up(struct setup *s, const char *token, const struct upstream_answer *answers, size_t count)
{
        struct error e;
        (void)snprintf(s->folder, sizeof(s->folder), "/tmp/keyfob-sso-XXXXXX");
        assert_non_null(mkdtemp(s->folder));
        s->h = harness_new(answers, count);
        s->profile = (struct profile){.name = (char *)"dev",
                                      .type = PROFILE_SSO,
                                      .endpoint_url = s->h->upstream.url,
                                      .sso = {.session = (char *)"my-sso",
                                              .start_url = (char *)"https://x/start",
                                              .region = (char *)"us-east-1",
                                              .account_id = (char *)"123456789012",
                                              .role_name = (char *)"Dev Role/+",
                                              .cache_directory = s->folder,
                                              .oidc_endpoint_url = s->h->upstream.url}};
        assert_int_equal(sso_cache_path(&s->profile, SLICE("my-sso"), &s->path, &e), 0);
        if (token)
                assert_int_equal(cache_file_write(s->path, SSO_CACHE_WHAT, slice_str(token), &e), 0);
        harness_make(s->h, &s->profile, NULL);
}

static void tear_down(struct setup *s)
{
        harness_free(s->h);
        (void)unlink(s->path);
        free(s->path);
        assert_int_equal(rmdir(s->folder), 0);
}

static void a_role_for_a_token(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {{200, DATE_NOW, ROLE}};
        struct setup s;
        set_up(&s, GOOD, answers, LENGTH(answers));
        harness_run(s.h);
        if (!s.h->c)
                fail_msg("%s", s.h->e.message);
        assert_true(slice_eq(s.h->c->access_key_id, SLICE("ASIAEXAMPLE")));
        assert_true(slice_eq(s.h->c->account_id, SLICE("123456789012")));
        assert_true(s.h->c->expires_s == NOW_S + 3600); // milliseconds, cut off
        assert_true(s.h->c->has_upstream_offset);
        const char *request = harness_requests(s.h, 1);
        char value[64];
        assert_non_null(strstr(request,
                               "GET /federation/credentials?role_name=Dev%20Role%2F%2B&account_id=123456789012 "
                               "HTTP/1.1\r\n"));
        upstream_field(request, "x-amz-sso_bearer_token", value, sizeof(value));
        assert_string_equal(value, "aoa-1");
        upstream_field(request, "Authorization", value, sizeof(value));
        assert_string_equal(value, "");
        tear_down(&s);
}

static void an_ended_token_is_renewed_first(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {{200, DATE_NOW, RENEWED}, {200, DATE_NOW, ROLE}};
        struct setup s;
        struct buffer file;
        struct error e;
        set_up(&s, ENDED, answers, LENGTH(answers));
        harness_run(s.h);
        assert_non_null(s.h->c);
        const char *request = harness_requests(s.h, 2);
        assert_non_null(strstr(request, "POST /token HTTP/1.1\r\n"));
        assert_string_equal(upstream_body(request), "{\"clientId\":\"c\",\"clientSecret\":\"s\",\"grantType\":"
                                                    "\"refresh_token\",\"refreshToken\":\"aor-1\"}");
        char value[64];
        upstream_field(s.h->upstream.requests[1], "x-amz-sso_bearer_token", value, sizeof(value));
        assert_string_equal(value, "aoa-2");
        buffer_init(&file, 4096);
        assert_int_equal(cache_file_read(s.path, SSO_CACHE_WHAT, &file, &e), 0);
        const char *text = buffer_c_str(&file);
        assert_non_null(strstr(text, "\"accessToken\":\"aoa-2\",\"expiresAt\":\"2027-01-01T01:00:0"));
        assert_non_null(strstr(text, "\"refreshToken\":\"aor-2\""));
        buffer_free(&file);
        tear_down(&s);
}

static void what_goes_wrong(void **state)
{
        (void)state;
        static const struct {
                const char *token; // NULL: none
                struct upstream_answer answer;
                enum error_kind kind;
                const char *text; // in message or hint
        } cases[] = {
            {NULL, {0, NULL, NULL}, ERROR_INTERACTION, "nobody is logged in"},
            {"{}", {0, NULL, NULL}, ERROR_INTERACTION, "accessToken is missing"},
            {TOKEN("\"2026-12-31T23:00:00Z\""), {0, NULL, NULL}, ERROR_INTERACTION, "expired at 2026-12-31T23:00:00Z"},
            {GOOD,
             {401, ERROR_FIELD("UnauthorizedException"), "{\"message\":\"no\"}"},
             ERROR_INTERACTION,
             "keyfob login"},
            {GOOD,
             {403, ERROR_FIELD("ForbiddenException"), "{\"message\":\"No access\"}"},
             ERROR_DENIED,
             "sso_role_name"},
            {GOOD, {429, ERROR_FIELD("TooManyRequestsException"), "{}"}, ERROR_THROTTLED, "TooManyRequests"},
            {GOOD, {500, DATE_NOW, "{}"}, ERROR_TRANSIENT, "GetRoleCredentials"},
            {GOOD, {200, DATE_NOW, "{}"}, ERROR_PROTOCOL, "AccessKeyId"},
            {GOOD, {200, DATE_NOW, "<html>"}, ERROR_PROTOCOL, "cannot be read"},
            {GOOD,
             {200, DATE_NOW, "{\"roleCredentials\":{\"expiration\":\"x\"}}"},
             ERROR_PROTOCOL,
             "roleCredentials.expiration is not a whole number"},
            {GOOD,
             {200, DATE_NOW, "{\"roleCredentials\":{\"accessKeyId\":1}}"},
             ERROR_PROTOCOL,
             "roleCredentials.accessKeyId is not a string"},
            {ENDED, {400, DATE_NOW, "{\"error\":\"invalid_grant\"}"}, ERROR_INTERACTION, "InvalidGrantException"},
            {ENDED, {401, DATE_NOW, "{\"error\":\"invalid_client\"}"}, ERROR_INTERACTION, "InvalidClientException"},
            {ENDED, {503, DATE_NOW, "{}"}, ERROR_TRANSIENT, "CreateToken"},
            {ENDED, {200, DATE_NOW, "{}"}, ERROR_PROTOCOL, "accessToken or expiresIn"},
            {ENDED, {200, DATE_NOW, "{\"accessToken\":\"a\",\"expiresIn\":\"1\"}"}, ERROR_PROTOCOL, "expiresIn"},
            {ENDED, {200, DATE_NOW, "{\"accessToken\":\"a b\",\"expiresIn\":100}"}, ERROR_PROTOCOL, "cannot be used"},
        };
        for (size_t i = 0; i < LENGTH(cases); i++) {
                struct setup s;
                set_up(&s, cases[i].token, &cases[i].answer, cases[i].answer.status ? 1 : 0);
                if (harness_start(s.h) == 0)
                        harness_finish(s.h);
                assert_null(s.h->c);
                if (s.h->e.kind != cases[i].kind ||
                    (!strstr(s.h->e.message, cases[i].text) && !strstr(s.h->e.hint, cases[i].text)))
                        fail_msg("%zu: %s: %s (%s)", i, error_kind_name(s.h->e.kind), s.h->e.message, s.h->e.hint);
                assert_false(s.h->e.wants_code);
                tear_down(&s);
        }
}

// The access token is good up to its end, whatever becomes of the refresh token, and however often it is used.
static void a_spent_refresh_token_ends_nothing(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {
            {400, DATE_NOW, "{\"error\":\"invalid_grant\"}"}, {200, DATE_NOW, ROLE}, {200, DATE_NOW, ROLE}};
        struct setup s;
        set_up(&s, ENDS_SOON, answers, LENGTH(answers));
        for (int i = 0; i < 2; i++) {
                harness_run(s.h);
                if (!s.h->c)
                        fail_msg("%d: %s", i, s.h->e.message);
        }
        (void)harness_requests(s.h, 3); // it was tried once
        tear_down(&s);
}

static void a_renewal_that_cannot_be_sent_says_why(void **state)
{
        (void)state;
        struct setup s;
        set_up(&s, ENDED, NULL, 0);
        s.profile.sso.oidc_endpoint_url = (char *)"gopher://oidc";
        harness_run_to_error(s.h, ERROR_CONFIG);
        assert_non_null(strstr(s.h->e.message, "neither http"));
        tear_down(&s);
}

static void a_token_that_is_refused_twice_takes_a_login(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {
            {401, ERROR_FIELD("UnauthorizedException"), "{\"message\":\"no\"}"},
            {200, DATE_NOW, RENEWED},
            {401, ERROR_FIELD("UnauthorizedException"), "{\"message\":\"no\"}"}};
        struct setup s;
        set_up(&s, TOKEN("\"2027-01-01T08:00:00Z\"" CLIENT), answers, LENGTH(answers));
        harness_run(s.h);
        assert_int_equal(s.h->e.kind, ERROR_INTERACTION);
        if (!strstr(s.h->e.hint, "keyfob login dev"))
                fail_msg("hint: %s", s.h->e.hint);
        tear_down(&s);
}

static void a_bad_renewed_token_is_not_kept(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {{200, DATE_NOW, "{\"accessToken\":\"a b\",\"expiresIn\":100}"},
                                                         {200, DATE_NOW, RENEWED},
                                                         {200, DATE_NOW, ROLE}};
        struct setup s;
        set_up(&s, ENDED, answers, LENGTH(answers));
        harness_run(s.h);
        assert_int_equal(s.h->e.kind, ERROR_PROTOCOL);
        if (harness_start(s.h) == 0)
                harness_finish(s.h);
        if (!s.h->c)
                fail_msg("%s", s.h->e.message);
        tear_down(&s);
}

// A clock that was off once does not end a login for good.
static void a_wrong_date_is_corrected(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {{200, "Date: Sat, 01 Jan 2028 00:00:00 GMT\r\n", ROLE},
                                                         {200, DATE_NOW, ROLE}};
        static const char *const tokens[] = {GOOD, TOKEN("\"2027-01-01T08:00:00Z\"" CLIENT)};
        for (size_t i = 0; i < LENGTH(tokens); i++) {
                struct setup s;
                set_up(&s, tokens[i], answers, 2);
                harness_run(s.h);
                assert_int_equal(s.h->e.kind, ERROR_PROTOCOL); // what it gave ended a year ago
                if (harness_start(s.h) == 0)
                        harness_finish(s.h);
                if (!s.h->c)
                        fail_msg("%zu: %s", i, s.h->e.message);
                tear_down(&s);
        }
        // Where it was the own clock that is off, the portal says so, once.
        struct setup s;
        static const struct upstream_answer late[] = {
            {200, "Date: Sat, 01 Jan 2028 00:00:00 GMT\r\n", ROLE},
            {401, ERROR_FIELD("UnauthorizedException"), "{\"message\":\"no\"}"}};
        set_up(&s, GOOD, late, LENGTH(late));
        for (int i = 0; i < 3; i++) {
                if (harness_start(s.h) == 0)
                        harness_finish(s.h);
                assert_int_equal(s.h->e.kind, i == 0 ? ERROR_PROTOCOL : ERROR_INTERACTION);
        }
        (void)harness_requests(s.h, 2);
        tear_down(&s);
}

static void cancelled_while_the_portal_works(void **state)
{
        (void)state;
        struct setup s;
        set_up(&s, GOOD, ANSWERS({0, NULL, NULL}));
        harness_cancel_on_receipt(s.h);
        tear_down(&s);
}

// The refresh token may be spent, so what comes for it is kept.
static void cancelled_during_a_renewal(void **state)
{
        (void)state;
        struct setup s;
        struct buffer file;
        struct error e;
        set_up(&s, ENDED, ANSWERS({200, DATE_NOW, RENEWED}));
        s.h->cancels_on_receipt = true;
        harness_run(s.h);
        assert_int_equal(s.h->e.kind, ERROR_CANCELLED);
        buffer_init(&file, 4096);
        assert_int_equal(cache_file_read(s.path, SSO_CACHE_WHAT, &file, &e), 0);
        assert_non_null(strstr(buffer_c_str(&file), "\"refreshToken\":\"aor-2\""));
        buffer_free(&file);
        int lock = cache_file_lock(s.path); // which is free again
        assert_true(lock >= 0);
        assert_int_equal(close(lock), 0);
        (void)harness_requests(s.h, 1);
        tear_down(&s);
}

static void waits_for_whoever_renews(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {{200, DATE_NOW, ROLE}};
        struct setup s;
        struct error e;
        set_up(&s, ENDED, answers, LENGTH(answers));
        int lock = cache_file_lock(s.path);
        assert_true(lock >= 0);
        assert_int_equal(harness_start(s.h), 0);
        (void)uv_run(&s.h->loop, UV_RUN_ONCE);
        assert_int_equal(s.h->completions, 0);
        assert_int_equal(cache_file_write(s.path, SSO_CACHE_WHAT, SLICE(GOOD), &e), 0); // as the other one does
        assert_int_equal(close(lock), 0);
        harness_finish(s.h);
        assert_non_null(s.h->c);
        (void)harness_requests(s.h, 1);
        tear_down(&s);

        set_up(&s, ENDED, NULL, 0); // and can be called off meanwhile
        lock = cache_file_lock(s.path);
        assert_int_equal(harness_start(s.h), 0);
        provider_cancel(s.h->provider);
        harness_finish(s.h);
        assert_int_equal(s.h->e.kind, ERROR_CANCELLED);
        assert_int_equal(close(lock), 0);
        tear_down(&s);
}

static void moved(void *arg)
{
        ++*(unsigned *)arg;
}

static void left_in_the_middle_of_a_login(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {{0, NULL, NULL}};
        struct setup s;
        struct error e;
        struct login_status status;
        unsigned moves = 0;
        for (int turns = 0; turns < 3; turns++) {
                set_up(&s, NULL, answers, LENGTH(answers));
                s.h->provider->login_moved = moved;
                s.h->provider->login_arg = &moves;
                assert_int_equal(provider_login(s.h->provider, SLICE("123456"), &e), -1);
                assert_int_equal(provider_login(s.h->provider, SLICE(""), &e), 0);
                assert_int_equal(provider_login(s.h->provider, SLICE(""), &e), 0); // joins
                provider_login_status(s.h->provider, &status);
                assert_int_equal(status.kind, LOGIN_SSO);
                assert_int_equal(status.state, LOGIN_STARTING);
                if (turns > 0)
                        (void)uv_run(&s.h->loop, UV_RUN_NOWAIT); // a worker reads the file
                while (turns > 1 && !s.h->has_received)
                        (void)uv_run(&s.h->loop, UV_RUN_ONCE);
                tear_down(&s); // frees the provider; the sanitizer sees to the rest
                assert_int_equal(moves, 0);
        }
        set_up(&s, NULL, answers, 0);
        s.profile.sso.start_url = NULL;
        assert_int_equal(provider_login(s.h->provider, SLICE(""), &e), -1);
        assert_int_equal(e.kind, ERROR_CONFIG);
        tear_down(&s);
}

static void a_token_that_lives_does_not_wait_for_the_process_that_renews(void **state)
{
        (void)state;
        struct setup s;
        set_up(&s, ENDS_SOON, ANSWERS({200, DATE_NOW, ROLE}));
        int lock = cache_file_lock(s.path);
        assert_true(lock >= 0);
        harness_run_to_credentials(s.h);
        assert_int_equal(close(lock), 0);
        (void)harness_requests(s.h, 1);
        tear_down(&s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_role_for_a_token),
            cmocka_unit_test(a_token_that_lives_does_not_wait_for_the_process_that_renews),
            cmocka_unit_test(an_ended_token_is_renewed_first),
            cmocka_unit_test(what_goes_wrong),
            cmocka_unit_test(cancelled_while_the_portal_works),
            cmocka_unit_test(cancelled_during_a_renewal),
            cmocka_unit_test(waits_for_whoever_renews),
            cmocka_unit_test(left_in_the_middle_of_a_login),
            cmocka_unit_test(a_spent_refresh_token_ends_nothing),
            cmocka_unit_test(a_renewal_that_cannot_be_sent_says_why),
            cmocka_unit_test(a_token_that_is_refused_twice_takes_a_login),
            cmocka_unit_test(a_bad_renewed_token_is_not_kept),
            cmocka_unit_test(a_wrong_date_is_corrected),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
