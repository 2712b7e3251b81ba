// SPDX-License-Identifier: Apache-2.0
// The provider against scripted answers, with a cache folder of its own.
#include <sys/stat.h>

#include "sidecar/providers/cache_file.h"
#include "sidecar/providers/login_session.h"
#include "sidecar/providers/provider.h"
#include "tests/unit/providers/harness.h"
#include "tests/unit/providers/login_file.h"

#define GOOD LOGIN_FILE("2027-01-01T00:05:01Z")
#define NEAR LOGIN_FILE("2027-01-01T00:05:00Z") // more than a minute, not more than five
#define LAST LOGIN_FILE("2027-01-01T00:01:00Z")
#define ENDED LOGIN_FILE("2026-12-31T23:00:00Z")
#define ERROR_FIELD(code) DATE_NOW "x-amzn-ErrorType: " code ":http://x/\r\n"
#define DENIED ERROR_FIELD("AccessDeniedException")
#define OLD "ASIAOLD"
#define NEW "ASIANEW"

struct setup {
        char folder[64];
        char *path;
        struct harness *h;
        struct profile profile;
};

static void put(const struct setup *s, const char *text)
{
        assert_int_equal(cache_file_write(s->path, "file", slice_str(text), NULL), 0);
}

static void set_up(struct setup *s, const char *file, const struct upstream_answer *answers, size_t count)
{
        struct error e;
        (void)snprintf(s->folder, sizeof(s->folder), "/tmp/keyfob-login-XXXXXX");
        assert_non_null(mkdtemp(s->folder));
        s->h = harness_new(answers, count);
        s->profile = (struct profile){.name = (char *)"dev",
                                      .type = PROFILE_LOGIN,
                                      .endpoint_url = s->h->upstream.url,
                                      .login = {.session = (char *)LOGIN_ME,
                                                .profile = (char *)"dev",
                                                .cache_directory = s->folder,
                                                .has_custom_endpoint = true}};
        assert_int_equal(login_session_path(&s->profile, &s->path, &e), 0);
        if (file)
                put(s, file);
        harness_make(s->h, &s->profile, NULL);
}

static void tear_down(struct setup *s)
{
        harness_free(s->h);
        (void)unlink(s->path);
        free(s->path);
        assert_int_equal(rmdir(s->folder), 0);
}

static void assert_key(const struct setup *s, const char *id)
{
        if (!s->h->c)
                fail_msg("%s", s->h->e.message);
        assert_true(slice_eq(s->h->c->access_key_id, slice_str(id)));
        assert_true(slice_eq(s->h->c->account_id, SLICE("123456789012")));
}

static void assert_file_has(const struct setup *s, const char *text)
{
        struct buffer file;
        struct error e;
        buffer_init(&file, 8192);
        assert_int_equal(cache_file_read(s->path, "file", &file, &e), 0);
        if (!strstr(buffer_c_str(&file), text))
                fail_msg("%s", buffer_c_str(&file));
        buffer_free(&file);
}

static void what_lives_is_used(void **state)
{
        (void)state;
        struct setup s;
        set_up(&s, GOOD, NULL, 0);
        harness_run(s.h);
        assert_key(&s, OLD);
        assert_true(s.h->c->expires_s == NOW_S + 301);
        (void)harness_requests(s.h, 0);
        tear_down(&s);
}

static void what_has_ended_is_refreshed(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {{200, DATE_NOW, LOGIN_GRANT}};
        static const char *const files[] = {NEAR, ENDED};
        for (size_t i = 0; i < LENGTH(files); i++) {
                struct setup s;
                char value[2048];
                set_up(&s, files[i], answers, LENGTH(answers));
                harness_run(s.h);
                assert_key(&s, NEW);
                assert_true(s.h->c->expires_s >= NOW_S + 899 && s.h->c->expires_s <= NOW_S + 901);
                assert_true(s.h->c->has_upstream_offset);
                const char *request = harness_requests(s.h, 1);
                assert_non_null(strstr(request, "POST /v1/token HTTP/1.1\r\n"));
                assert_string_equal(upstream_body(request), "{\"clientId\":\"c\",\"grantType\":\"refresh_token\","
                                                            "\"refreshToken\":\"r-1\"}");
                upstream_field(request, "content-type", value, sizeof(value));
                assert_string_equal(value, "application/json");
                upstream_field(request, "dpop", value, sizeof(value));
                assert_non_null(strchr(value, '.'));
                assert_file_has(&s, "\"refreshToken\":\"r-2\"");
                assert_file_has(&s, "\"accessKeyId\":\"ASIANEW\"");
                tear_down(&s);
        }
}

static void what_goes_wrong(void **state)
{
        (void)state;
        static const struct {
                const char *file; // NULL: none
                struct upstream_answer answer;
                enum error_kind kind;
                const char *text; // in message or hint
        } cases[] = {
            {NULL, {0, NULL, NULL}, ERROR_INTERACTION, "nobody is logged in"},
            {"{}", {0, NULL, NULL}, ERROR_INTERACTION, "accessToken.accessKeyId is missing"},
            {ENDED,
             {401, DENIED, "{\"error\":\"TOKEN_EXPIRED\",\"message\":\"over\"}"},
             ERROR_INTERACTION,
             "AccessDeniedException: TOKEN_EXPIRED: over"},
            {ENDED, {401, DENIED, "{\"error\":\"AUTHCODE_EXPIRED\"}"}, ERROR_INTERACTION, "aws login --profile dev"},
            {ENDED, {403, DENIED, "{\"error\":\"USER_CREDENTIALS_CHANGED\"}"}, ERROR_INTERACTION, "aws login"},
            {ENDED, {403, DENIED, "{}"}, ERROR_INTERACTION, "aws login"},
            {ENDED, {401, DATE_NOW, "{\"error\":\"TOKEN_EXPIRED\"}"}, ERROR_INTERACTION, "TOKEN_EXPIRED"},
            {ENDED, {400, DATE_NOW, "{\"error\":\"invalid_grant\"}"}, ERROR_INTERACTION, "invalid_grant"},
            {ENDED,
             {403, DENIED, "{\"error\":\"INSUFFICIENT_PERMISSIONS\",\"message\":\"TOKEN_EXPIRED: no\"}"},
             ERROR_DENIED,
             "signin:CreateOAuth2Token"},
            {ENDED,
             {400, ERROR_FIELD("ValidationException"), "{\"error\":\"INVALID_REQUEST\",\"message\":\"x\"}"},
             ERROR_DENIED,
             "aws login"},
            {ENDED,
             {429, ERROR_FIELD("TooManyRequestsError"), "{\"error\":\"rate_exceeded\"}"},
             ERROR_THROTTLED,
             "rate_exceeded"},
            {ENDED,
             {500, ERROR_FIELD("InternalServerException"), "{\"error\":\"server_error\"}"},
             ERROR_TRANSIENT,
             "server_error"},
            {ENDED, {502, DATE_NOW, "<html>"}, ERROR_TRANSIENT, "CreateOAuth2Token for " LOGIN_ME},
            {ENDED, {403, DATE_NOW, "<html>"}, ERROR_PROTOCOL, "without an AWS error"},
            {ENDED, {200, DATE_NOW, "<html>"}, ERROR_PROTOCOL, "cannot be read"},
            {ENDED, {200, DATE_NOW, "{}"}, ERROR_PROTOCOL, "lacks a member"},
            {ENDED,
             {200, DATE_NOW,
              "{\"accessToken\":{\"accessKeyId\":\"A\",\"secretAccessKey\":\"s\",\"sessionToken\":\"t\"},"
              "\"expiresIn\":0,\"refreshToken\":\"r\"}"},
             ERROR_PROTOCOL,
             "lacks a member"},
            {ENDED,
             {200, DATE_NOW, "{\"accessToken\":{\"accessKeyId\":1}}"},
             ERROR_PROTOCOL,
             "accessToken.accessKeyId is not a string"},
        };
        for (size_t i = 0; i < LENGTH(cases); i++) {
                struct setup s;
                set_up(&s, cases[i].file, &cases[i].answer, cases[i].answer.status ? 1 : 0);
                harness_run(s.h);
                assert_null(s.h->c);
                if (s.h->e.kind != cases[i].kind ||
                    (!strstr(s.h->e.message, cases[i].text) && !strstr(s.h->e.hint, cases[i].text)))
                        fail_msg("%zu: %s: %s (%s)", i, error_kind_name(s.h->e.kind), s.h->e.message, s.h->e.hint);
                assert_false(s.h->e.wants_code);
                tear_down(&s);
        }
}

// Once, as long as it lives for more than a minute; whoever has it already hears of the failure.
static void a_fault_leaves_what_is_valid(void **state)
{
        (void)state;
        static const struct upstream_answer faults[] = {{500, DATE_NOW, "{}"}, {500, DATE_NOW, "{}"}};
        struct setup s;
        set_up(&s, NEAR, faults, LENGTH(faults));
        harness_run(s.h);
        assert_key(&s, OLD);
        harness_run(s.h);
        assert_null(s.h->c);
        assert_int_equal(s.h->e.kind, ERROR_TRANSIENT);
        (void)harness_requests(s.h, 2);
        tear_down(&s);

        set_up(&s, LAST, faults, 1);
        harness_run(s.h);
        assert_null(s.h->c);
        tear_down(&s);
}

static void a_refused_token_is_not_tried_again(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {{401, DENIED, "{\"error\":\"TOKEN_EXPIRED\"}"}};
        struct setup s;
        set_up(&s, ENDED, answers, LENGTH(answers));
        for (int i = 0; i < 3; i++) {
                harness_run(s.h);
                assert_null(s.h->c);
                assert_int_equal(s.h->e.kind, ERROR_INTERACTION);
        }
        (void)harness_requests(s.h, 1);
        put(&s, GOOD); // somebody logs in
        harness_run(s.h);
        assert_key(&s, OLD);
        tear_down(&s);
}

// The refresh token is spent, so what comes for it is kept.
static void cancelled(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {{200, DATE_NOW, LOGIN_GRANT}};
        struct setup s;
        set_up(&s, NEAR, answers, LENGTH(answers));
        s.h->cancels_on_receipt = true;
        harness_run(s.h);
        assert_null(s.h->c);
        assert_int_equal(s.h->e.kind, ERROR_CANCELLED);
        assert_file_has(&s, "r-2");
        int lock = cache_file_lock(s.path); // which is free again
        assert_true(lock >= 0);
        assert_int_equal(close(lock), 0);
        (void)harness_requests(s.h, 1);
        tear_down(&s);

        set_up(&s, GOOD, NULL, 0); // before anything was looked at
        assert_int_equal(harness_start(s.h), 0);
        provider_cancel(s.h->provider);
        harness_finish(s.h);
        assert_int_equal(s.h->e.kind, ERROR_CANCELLED);
        tear_down(&s);
}

static void waits_for_whoever_renews(void **state)
{
        (void)state;
        struct setup s;
        set_up(&s, ENDED, NULL, 0);
        int lock = cache_file_lock(s.path);
        assert_true(lock >= 0);
        assert_int_equal(harness_start(s.h), 0);
        (void)uv_run(&s.h->loop, UV_RUN_ONCE);
        assert_int_equal(s.h->completions, 0);
        put(&s, GOOD); // as the other one does
        assert_int_equal(close(lock), 0);
        harness_finish(s.h);
        assert_key(&s, OLD);
        (void)harness_requests(s.h, 0);
        tear_down(&s);

        set_up(&s, ENDED, NULL, 0); // and can be called off meanwhile
        lock = cache_file_lock(s.path);
        assert_int_equal(harness_start(s.h), 0);
        (void)uv_run(&s.h->loop, UV_RUN_ONCE);
        provider_cancel(s.h->provider);
        harness_finish(s.h);
        assert_int_equal(s.h->e.kind, ERROR_CANCELLED);
        assert_int_equal(close(lock), 0);
        tear_down(&s);

        set_up(&s, NEAR, NULL, 0); // what is valid does not wait
        lock = cache_file_lock(s.path);
        harness_run(s.h);
        assert_key(&s, OLD);
        assert_int_equal(close(lock), 0);
        tear_down(&s);
}

// The clocks differ by half an hour: the proof is made again, by the other one.
static void a_clock_that_is_wrong(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {
            {400, DATE_HALF_PAST "x-amzn-ErrorType: ValidationException:\r\n", "{\"error\":\"INVALID_REQUEST\"}"},
            {200, DATE_HALF_PAST, LOGIN_GRANT}};
        struct setup s;
        set_up(&s, ENDED, answers, LENGTH(answers));
        harness_run(s.h);
        assert_key(&s, NEW);
        assert_true(s.h->c->expires_s >= NOW_S + 1800 + 899);
        (void)harness_requests(s.h, 2);
        assert_file_has(&s, "\"expiresAt\":\"2027-01-01T00:4");
        tear_down(&s);
}

static void the_login_is_not_done_here(void **state)
{
        (void)state;
        struct setup s;
        struct error e;
        struct login_status status;
        set_up(&s, NULL, NULL, 0);
        provider_login_status(s.h->provider, &status);
        assert_int_equal(status.kind, LOGIN_AWS_CLI);
        assert_int_equal(provider_login(s.h->provider, SLICE(""), &e), -1);
        assert_int_equal(e.kind, ERROR_CONFIG);
        assert_string_equal(e.hint, "run \"aws login --profile dev\"");
        tear_down(&s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(what_lives_is_used),
            cmocka_unit_test(what_has_ended_is_refreshed),
            cmocka_unit_test(what_goes_wrong),
            cmocka_unit_test(a_fault_leaves_what_is_valid),
            cmocka_unit_test(a_refused_token_is_not_tried_again),
            cmocka_unit_test(cancelled),
            cmocka_unit_test(waits_for_whoever_renews),
            cmocka_unit_test(a_clock_that_is_wrong),
            cmocka_unit_test(the_login_is_not_done_here),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
