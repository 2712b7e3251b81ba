// SPDX-License-Identifier: Apache-2.0
// The web identity token of a job of GitHub Actions, and the role that is assumed by it.
#include "sidecar/providers/github_token.h"

#include "proto/wire/limits.h"
#include "tests/unit/providers/harness.h"
#include "tests/unit/providers/sts.h"

// {"aud":"sts.amazonaws.com"}
#define JWT "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJzdHMuYW1hem9uYXdzLmNvbSJ9.c2lnbmF0dXJl"
#define GOT "{\"count\":9,\"value\":\"" JWT "\"}"
#define SESSION STS_SESSION("AssumeRoleWithWebIdentity", ONE_O_CLOCK)

static char role_arn[] = ROLE_ARN;
static char session_name[] = "s";
static char region[] = "us-east-1";
static char source[] = "github_actions";
static char audience[] = "sts.amazonaws.com/a b";
static uint8_t request_token[] = "CANARY-request-token";

static struct harness *set_up(const struct upstream_answer *answers, size_t count)
{
        struct harness *h = harness_new(answers, count);
        (void)snprintf(h->text, sizeof(h->text), "%s/idtoken?api-version=2.0", h->upstream.url);
        h->profile = (struct profile){.type = PROFILE_WEB_IDENTITY,
                                      .issuer_region = region,
                                      .endpoint_url = h->upstream.url,
                                      .web_identity = {.token_source = source,
                                                       .audience = audience,
                                                       .request_url = h->text,
                                                       .request_token = {request_token, sizeof(request_token) - 1}},
                                      .role = {.role_arn = role_arn, .role_session_name = session_name}};
        harness_make(h, &h->profile, NULL);
        return h;
}

static void gets_a_new_token_for_every_call(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {
            {200, NULL, GOT}, {200, DATE_NOW, SESSION}, {200, NULL, GOT}, {200, DATE_NOW, SESSION}};
        struct harness *h = set_up(answers, LENGTH(answers));
        harness_run_to_credentials(h);
        harness_run_to_credentials(h);
        (void)harness_requests(h, 4);
        harness_begins(h, 0, "GET /idtoken?api-version=2.0&audience=sts.amazonaws.com%2Fa%20b HTTP/1.1\r\n");
        harness_has_field(h, 0, "Authorization", "bearer CANARY-request-token");
        harness_has_field(h, 0, "Accept", "application/json");
        assert_non_null(strstr(upstream_body(h->upstream.requests[1]), "&WebIdentityToken=" JWT));
        harness_has_field(h, 1, "Authorization", "");
        harness_free(h);
}

static void refusals_are_explained(void **state)
{
        (void)state;
        static const struct refusal t[] = {
            {{401, NULL, "{\"message\":\"CANARY\"}"}, ERROR_DENIED, "HTTP 401", "permissions: id-token: write"},
            {{404, NULL, ""}, ERROR_DENIED, "HTTP 404", "ends with the job"},
            {{302, "Location: http://127.0.0.1:1/\r\n", ""}, ERROR_DENIED, "HTTP 302", "id-token"},
            {{429, NULL, ""}, ERROR_THROTTLED, "HTTP 429", "by itself"},
            {{503, NULL, "<html>CANARY</html>"}, ERROR_TRANSIENT, "HTTP 503", "by itself"},
            {{200, NULL, "<html>CANARY</html>"}, ERROR_PROTOCOL, "19 bytes) cannot be read: invalid JSON", "NO_PROXY"},
            {{200, NULL, "{\"value\":\"CANARY\"}"}, ERROR_PROTOCOL, "not a JSON Web Token", "NO_PROXY"},
        };
        harness_expect_refusals(
            set_up, &(struct refusals){t, LENGTH(t), "web identity token of GitHub Actions for ", "CANARY"});
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
                (void)snprintf(refusal, sizeof(refusal), STS_REFUSAL("%s", "m"), t[i].code);
                const struct upstream_answer answers[] = {{200, NULL, GOT}, {400, DATE_NOW, refusal}};
                struct harness *h = set_up(answers, LENGTH(answers));
                harness_run(h);
                assert_null(h->c);
                assert_string_equal(h->e.upstream.code, t[i].code);
                if (!strstr(h->e.hint, t[i].hint))
                        fail_msg("%s: %s", t[i].code, h->e.hint);
                (void)harness_requests(h, 2);
                harness_free(h);
        }
}

static void nobody_answers_at_the_address(void **state)
{
        (void)state;
        struct harness *h = set_up(NULL, 0);
        (void)harness_requests(h, 0); // its port is closed now
        harness_run_to_error(h, ERROR_TRANSIENT);
        assert_non_null(strstr(h->e.message, "web identity token of GitHub Actions for "));
        harness_free(h);
}

static void cancelled(void **state)
{
        (void)state;
        struct harness *h = set_up(ANSWERS({SILENCE}, {200, NULL, GOT}, {200, DATE_NOW, SESSION}));
        harness_cancel_on_receipt(h);
        harness_run_to_credentials(h); // and it can be used again
        harness_free(h);
        h = set_up(NULL, 0);
        harness_cancel_at_once(h); // before anything was sent
        harness_free(h);
}

static void answers_are_read(void **state)
{
        (void)state;
        static const struct {
                const char *body, *what;
        } t[] = {
            {GOT, NULL},
            {"{\"value\":\"" JWT "\"}", NULL},
            {"", "empty"},
            {"{\"value\":\"" JWT, "invalid JSON"},
            {"[\"" JWT "\"]", "expected a JSON object"},
            {"{\"Value\":\"" JWT "\"}", "value is missing"},
            {"{\"value\":null}", "value is missing"},
            {"{\"value\":{\"value\":\"x\"}}", "value is not a string"},
            {"{\"value\":\"\"}", "value is missing"},
            {"{\"value\":\"a.b.c\"}", "not a JSON Web Token"},
            {"{\"value\":\"" JWT "\\r\\n\"}", "not a JSON Web Token"},
            {"{\"value\":\"a a." JWT "\"}", "not a JSON Web Token"},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct buffer scratch;
                struct answer a;
                struct error e = {.kind = ERROR_NONE};
                buffer_init(&scratch, LIMIT_UPSTREAM_BODY);
                int r = github_token_read(slice_str(t[i].body), &scratch, &a, &e);
                if (t[i].what ? r == 0 || !strstr(e.message, t[i].what) : r < 0 || !slice_eq(a.document, SLICE(JWT)))
                        fail_msg("%s: %s", t[i].body, e.message);
                buffer_free(&scratch);
        }
        struct buffer body, scratch;
        struct answer a;
        struct error e;
        buffer_init(&body, LIMIT_UPSTREAM_BODY);
        buffer_init(&scratch, LIMIT_UPSTREAM_BODY);
        (void)buffer_put_str(&body, "{\"value\":\"");
        for (int i = 0; i <= LIMIT_TOKEN_FILE; i++)
                (void)buffer_put_byte(&body, 'a');
        (void)buffer_put_str(&body, "\"}");
        assert_int_equal(github_token_read(buffer_slice(&body), &scratch, &a, &e), -1);
        assert_non_null(strstr(e.message, "too long"));
        buffer_free(&body);
        buffer_free(&scratch);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(gets_a_new_token_for_every_call),
            cmocka_unit_test(refusals_are_explained),
            cmocka_unit_test(what_aws_refuses_is_not_tried_again_at_once),
            cmocka_unit_test(nobody_answers_at_the_address),
            cmocka_unit_test(cancelled),
            cmocka_unit_test(answers_are_read),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
