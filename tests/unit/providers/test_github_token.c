// SPDX-License-Identifier: Apache-2.0
// The web identity token of a job of GitHub Actions, and the role that is assumed by it.
#include "sidecar/providers/github_token.h"

#include "proto/mem/buffer.h"
#include "proto/wire/limits.h"
#include "tests/unit/providers/harness.h"

// {"aud":"sts.amazonaws.com"}
#define JWT "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJzdHMuYW1hem9uYXdzLmNvbSJ9.c2lnbmF0dXJl"
#define GOT "{\"count\":9,\"value\":\"" JWT "\"}"
#define SESSION                                                                                                        \
        "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><AssumedRoleUser>"                        \
        "<Arn>arn:aws:sts::123456789012:assumed-role/x/s</Arn></AssumedRoleUser><Credentials>"                         \
        "<AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>"                              \
        "<SessionToken>token</SessionToken><Expiration>2027-01-01T01:00:00Z</Expiration></Credentials>"                \
        "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
#define REFUSAL(code, message)                                                                                         \
        "<ErrorResponse><Error><Code>" code "</Code><Message>" message "</Message></Error></ErrorResponse>"

static char role_arn[] = "arn:aws:iam::123456789012:role/x";
static char session_name[] = "s";
static char region[] = "us-east-1";
static char source[] = "github_actions";
static char audience[] = "sts.amazonaws.com/a b";
static uint8_t request_token[] = "CANARY-request-token";

struct setup {
        struct harness *h;
        struct profile profile;
        char url[128];
};

static void set_up(struct setup *s, const struct upstream_answer *answers, size_t count)
{
        s->h = harness_new(answers, count);
        (void)snprintf(s->url, sizeof(s->url), "%s/idtoken?api-version=2.0", s->h->upstream.url);
        s->profile = (struct profile){.type = PROFILE_WEB_IDENTITY,
                                      .issuer_region = region,
                                      .endpoint_url = s->h->upstream.url,
                                      .web_identity = {.token_source = source,
                                                       .audience = audience,
                                                       .request_url = s->url,
                                                       .request_token = {request_token, sizeof(request_token) - 1}},
                                      .role = {.role_arn = role_arn, .role_session_name = session_name}};
        harness_make(s->h, &s->profile, NULL);
}

static void every_exchange_has_its_own_token(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {
            {200, NULL, GOT}, {200, DATE_NOW, SESSION}, {200, NULL, GOT}, {200, DATE_NOW, SESSION}};
        struct setup s;
        char value[128];
        set_up(&s, answers, LENGTH(answers));
        for (int i = 0; i < 2; i++) {
                harness_run(s.h);
                if (!s.h->c)
                        fail_msg("%s", s.h->e.message);
        }
        const char *asked = harness_requests(s.h, 4);
        assert_true(slice_starts_with(
            slice_str(asked), SLICE("GET /idtoken?api-version=2.0&audience=sts.amazonaws.com%2Fa%20b HTTP/1.1\r\n")));
        upstream_field(asked, "Authorization", value, sizeof(value));
        assert_string_equal(value, "bearer CANARY-request-token");
        upstream_field(asked, "Accept", value, sizeof(value));
        assert_string_equal(value, "application/json");
        const char *assumed = s.h->upstream.requests[1];
        assert_non_null(strstr(upstream_body(assumed), "&WebIdentityToken=" JWT));
        upstream_field(assumed, "Authorization", value, sizeof(value));
        assert_string_equal(value, "");
        harness_free(s.h);
}

static void refusals_are_explained(void **state)
{
        (void)state;
        static const struct {
                struct upstream_answer answer;
                enum error_kind kind;
                const char *message, *hint;
        } t[] = {
            {{401, NULL, "{\"message\":\"CANARY\"}"}, ERROR_DENIED, "HTTP 401", "permissions: id-token: write"},
            {{404, NULL, ""}, ERROR_DENIED, "HTTP 404", "ends with the job"},
            {{302, "Location: http://127.0.0.1:1/\r\n", ""}, ERROR_DENIED, "HTTP 302", "id-token"},
            {{429, NULL, ""}, ERROR_THROTTLED, "HTTP 429", "by itself"},
            {{503, NULL, "<html>CANARY</html>"}, ERROR_TRANSIENT, "HTTP 503", "by itself"},
            {{200, NULL, "<html>CANARY</html>"}, ERROR_PROTOCOL, "(19 bytes) cannot be used: not JSON", "NO_PROXY"},
            {{200, NULL, "{\"value\":\"CANARY\"}"}, ERROR_PROTOCOL, "no JSON Web Token", "NO_PROXY"},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct setup s;
                set_up(&s, &t[i].answer, 1);
                harness_run(s.h);
                assert_null(s.h->c);
                if (s.h->e.kind != t[i].kind || !strstr(s.h->e.message, "web identity token of GitHub Actions: ") ||
                    !strstr(s.h->e.message, t[i].message) || !strstr(s.h->e.hint, t[i].hint))
                        fail_msg("%zu: %s: %s | %s", i, error_kind_name(s.h->e.kind), s.h->e.message, s.h->e.hint);
                assert_null(strstr(s.h->e.message, "CANARY"));
                (void)harness_requests(s.h, 1);
                harness_free(s.h);
        }
}

static void what_aws_refuses_is_not_tried_again_at_once(void **state)
{
        (void)state;
        static const struct {
                const char *code, *hint;
        } t[] = {
            {"ExpiredTokenException", "it lives only a few minutes"},
            {"InvalidIdentityToken", "IAM OIDC provider"},
            {"AccessDenied", "aud sts.amazonaws.com"},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                char refusal[256];
                (void)snprintf(refusal, sizeof(refusal), REFUSAL("%s", "m"), t[i].code);
                const struct upstream_answer answers[] = {{200, NULL, GOT}, {400, DATE_NOW, refusal}};
                struct setup s;
                set_up(&s, answers, LENGTH(answers));
                harness_run(s.h);
                assert_null(s.h->c);
                assert_string_equal(s.h->e.upstream.code, t[i].code);
                if (!strstr(s.h->e.hint, t[i].hint))
                        fail_msg("%s: %s", t[i].code, s.h->e.hint);
                (void)harness_requests(s.h, 2);
                harness_free(s.h);
        }
}

static void nobody_answers_at_the_address(void **state)
{
        (void)state;
        struct setup s;
        set_up(&s, NULL, 0);
        (void)harness_requests(s.h, 0); // its port is closed now
        harness_run(s.h);
        assert_int_equal(s.h->e.kind, ERROR_TRANSIENT);
        assert_non_null(strstr(s.h->e.message, "web identity token of GitHub Actions: "));
        harness_free(s.h);
}

static void cancelled(void **state)
{
        (void)state;
        static const struct upstream_answer at_github[] = {{0, NULL, NULL}, {200, NULL, GOT}, {200, DATE_NOW, SESSION}};
        struct setup s;
        set_up(&s, at_github, LENGTH(at_github));
        s.h->cancels_on_receipt = true;
        harness_run(s.h);
        assert_int_equal(s.h->e.kind, ERROR_CANCELLED);
        s.h->cancels_on_receipt = false;
        harness_run(s.h); // and it can be used again
        assert_non_null(s.h->c);
        harness_free(s.h);
        set_up(&s, at_github, LENGTH(at_github));
        assert_int_equal(harness_start(s.h), 0);
        provider_cancel(s.h->provider); // before anything was sent
        harness_finish(s.h);
        assert_int_equal(s.h->e.kind, ERROR_CANCELLED);
        harness_free(s.h);
}

static void answers_are_read(void **state)
{
        (void)state;
        static const struct {
                const char *body, *what;
        } t[] = {
            {GOT, NULL},
            {"{\"value\":\"" JWT "\"}", NULL},
            {"", "not JSON"},
            {"{\"value\":\"" JWT, "not JSON"},
            {"[\"" JWT "\"]", "no \"value\""},
            {"{\"Value\":\"" JWT "\"}", "no \"value\""},
            {"{\"value\":null}", "no text"},
            {"{\"value\":{\"value\":\"x\"}}", "no text"},
            {"{\"value\":\"\"}", "no JSON Web Token"},
            {"{\"value\":\"a.b.c\"}", "no JSON Web Token"},
            {"{\"value\":\"" JWT "\\r\\n\"}", "no JSON Web Token"},
            {"{\"value\":\"a a." JWT "\"}", "no JSON Web Token"},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct buffer token;
                const char *what = NULL;
                buffer_init(&token, LIMIT_TOKEN_FILE);
                int r = github_token_read(slice_str(t[i].body), &token, &what);
                if (t[i].what ? r == 0 || !strstr(what, t[i].what)
                              : r < 0 || !slice_eq(buffer_slice(&token), SLICE(JWT)))
                        fail_msg("%s: %s", t[i].body, what ? what : "taken");
                buffer_free(&token);
        }
        struct buffer small;
        const char *what = NULL;
        buffer_init(&small, 16);
        assert_int_equal(github_token_read(SLICE(GOT), &small, &what), -1);
        assert_non_null(strstr(what, "too long"));
        buffer_free(&small);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(every_exchange_has_its_own_token),
            cmocka_unit_test(refusals_are_explained),
            cmocka_unit_test(what_aws_refuses_is_not_tried_again_at_once),
            cmocka_unit_test(nobody_answers_at_the_address),
            cmocka_unit_test(cancelled),
            cmocka_unit_test(answers_are_read),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
