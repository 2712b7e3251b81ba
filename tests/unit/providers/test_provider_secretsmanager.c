// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/providers/harness.h"

#define SECRET(id, key)                                                                                                \
        "{\"Name\":\"prod/base\",\"SecretString\":\"{\\\"access_key_id\\\":\\\"" id                                    \
        "\\\",\\\"secret_access_key\\\":\\\"" key "\\\"}\",\"VersionStages\":[\"AWSCURRENT\"]}"
#define REFUSAL(code, message) "{\"__type\":\"" code "\",\"Message\":\"" message "\"}"

static char region[] = "us-east-1";
static char secret_id[] = "prod/base";
static char source_name[] = "irsa";

static const struct credentials session = {
    .access_key_id = SLICE_INIT("ASIABASE"),
    .secret_access_key = SLICE_INIT("base-secret"),
    .session_token = SLICE_INIT("base-token"),
    .expires_s = NOW_S + 1800,
};
static const struct credentials long_term = {
    .access_key_id = SLICE_INIT("AKIABASE"),
    .secret_access_key = SLICE_INIT("base-secret"),
    .expires_s = CREDENTIALS_NEVER_EXPIRE,
};

struct setup {
        struct harness *h;
        struct profile profile;
        struct base_source base;
};

static void set_up(struct setup *s, const struct upstream_answer *answers, size_t count)
{
        s->h = harness_new(answers, count);
        s->profile = (struct profile){.type = PROFILE_STATIC,
                                      .issuer_region = region,
                                      .endpoint_url = s->h->upstream.url,
                                      .source_profile = source_name,
                                      .secretsmanager = {.secret_id = secret_id}};
        s->base = (struct base_source){.loop = &s->h->loop, .fields = &session};
        const struct credentials_source source = {base_get, base_cancel, &s->base};
        harness_make(s->h, &s->profile, &source);
}

static void asks_with_the_base_and_gets_keys_without_an_end(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {{200, DATE_HALF_PAST, SECRET("AKIANEW", "new-secret")}};
        struct setup s;
        char value[512];
        set_up(&s, answers, LENGTH(answers));
        harness_run(s.h);
        if (!s.h->c)
                fail_msg("%s", s.h->e.message);
        assert_true(slice_eq(s.h->c->access_key_id, SLICE("AKIANEW")));
        assert_true(slice_eq(s.h->c->secret_access_key, SLICE("new-secret")));
        assert_true(slice_is_empty(s.h->c->session_token));
        assert_true(s.h->c->expires_s == CREDENTIALS_NEVER_EXPIRE);
        assert_true(s.h->c->has_upstream_offset && s.h->c->issued_s == NOW_S + 1800);
        assert_int_equal(s.base.min_life_s, 300);
        const char *request = harness_requests(s.h, 1);
        assert_true(slice_starts_with(slice_str(request), SLICE("POST / HTTP/1.1\r\n")));
        upstream_field(request, "Content-Type", value, sizeof(value));
        assert_string_equal(value, "application/x-amz-json-1.1");
        upstream_field(request, "X-Amz-Target", value, sizeof(value));
        assert_string_equal(value, "secretsmanager.GetSecretValue");
        upstream_field(request, "X-Amz-Security-Token", value, sizeof(value));
        assert_string_equal(value, "base-token");
        upstream_field(request, "Authorization", value, sizeof(value));
        assert_non_null(strstr(value, "Credential=ASIABASE/20270101/us-east-1/secretsmanager/aws4_request"));
        assert_non_null(strstr(value, "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target"));
        assert_string_equal(upstream_body(request), "{\"SecretId\":\"prod/base\"}");
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
            {{400, DATE_NOW, REFUSAL("ResourceNotFoundException", "can't find")},
             ERROR_DENIED,
             "GetSecretValue for prod/base: ResourceNotFoundException: can't find",
             "us-east-1"},
            {{400, DATE_NOW, REFUSAL("AccessDeniedException", "is not authorized to perform: x")},
             ERROR_DENIED,
             "AccessDeniedException",
             "irsa needs secretsmanager:GetSecretValue"},
            {{400, DATE_NOW, REFUSAL("AccessDeniedException", "Access to KMS is not allowed")},
             ERROR_DENIED,
             "KMS",
             "irsa needs kms:Decrypt"},
            {{400, DATE_NOW, REFUSAL("com.amazonaws.x#DecryptionFailure", "m")},
             ERROR_DENIED,
             "DecryptionFailure",
             "KMS"},
            {{400, DATE_NOW, REFUSAL("InvalidRequestException", "currently marked deleted")},
             ERROR_DENIED,
             "marked deleted",
             "restore it"},
            {{400, DATE_NOW, REFUSAL("ThrottlingException", "Rate exceeded")}, ERROR_THROTTLED, "Rate", "by itself"},
            {{500, DATE_NOW, REFUSAL("InternalServiceError", "m")}, ERROR_TRANSIENT, "InternalService", "by itself"},
            {{502, "Content-Type: text/html\r\n", "<html>new-secret</html>"}, ERROR_TRANSIENT, "HTTP 502", "by itself"},
            {{200, DATE_NOW, "{\"Name\":\"prod/base\"}"},
             ERROR_PROTOCOL,
             "GetSecretValue for prod/base: the answer has neither SecretString nor SecretBinary",
             "NO_PROXY"},
            {{200, DATE_NOW, "{\"SecretString\":\"new-secret\"}"},
             ERROR_CONFIG,
             "GetSecretValue for prod/base: the secret's value is no JSON object",
             "Store the keys"},
            {{200, DATE_NOW, SECRET("AKIANEW", "new-secret with blanks")}, ERROR_CONFIG, "cannot be used", "blank"},
            {{200, DATE_NOW, "{\"SecretStr"}, ERROR_PROTOCOL, "cannot be read: not JSON", "NO_PROXY"},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct setup s;
                set_up(&s, &t[i].answer, 1);
                harness_run(s.h);
                assert_null(s.h->c);
                if (s.h->e.kind != t[i].kind || !strstr(s.h->e.message, t[i].message) ||
                    !strstr(s.h->e.hint, t[i].hint))
                        fail_msg("%zu: %s: %s | %s", i, error_kind_name(s.h->e.kind), s.h->e.message, s.h->e.hint);
                assert_null(strstr(s.h->e.message, "new-secret"));
                harness_free(s.h);
        }
}

static void a_wrong_clock_is_corrected_once(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {
            {400, DATE_HALF_PAST, REFUSAL("InvalidSignatureException", "Signature expired")},
            {200, DATE_HALF_PAST, SECRET("AKIANEW", "new-secret")}};
        struct setup s;
        char value[64];
        set_up(&s, answers, LENGTH(answers));
        harness_run(s.h);
        assert_non_null(s.h->c);
        (void)harness_requests(s.h, 2);
        upstream_field(s.h->upstream.requests[1], "X-Amz-Date", value, sizeof(value));
        assert_string_equal(value, "20270101T003000Z");
        harness_free(s.h);
}

// Which life is asked of the base after a refusal: longer than the refused keys have.
static void a_refused_base_is_renewed_next_time(void **state)
{
        (void)state;
        static const struct {
                const struct credentials *base;
                const char *code;
                enum error_kind kind;
                int64_t life_s;
        } t[] = {
            {&session, "ExpiredTokenException", ERROR_TRANSIENT, 1801},
            {&session, "UnrecognizedClientException", ERROR_DENIED, 300},
            {&long_term, "UnrecognizedClientException", ERROR_DENIED, INT64_MAX},
            {&long_term, "InvalidClientTokenId", ERROR_DENIED, INT64_MAX},
            {&long_term, "InvalidSignatureException", ERROR_DENIED, INT64_MAX},
            {&long_term, "ResourceNotFoundException", ERROR_DENIED, 300},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                char refusal[128];
                (void)snprintf(refusal, sizeof(refusal), REFUSAL("%s", "m"), t[i].code);
                const struct upstream_answer answers[] = {{400, DATE_NOW, refusal},
                                                          {200, DATE_NOW, SECRET("AKIANEW", "new-secret")},
                                                          {200, DATE_NOW, SECRET("AKIANEW", "new-secret")}};
                struct setup s;
                set_up(&s, answers, LENGTH(answers));
                s.base.fields = t[i].base;
                harness_run(s.h);
                if (s.h->c || s.h->e.kind != t[i].kind)
                        fail_msg("%zu: %s", i, s.h->e.message);
                harness_run(s.h);
                assert_non_null(s.h->c);
                if (s.base.min_life_s != t[i].life_s)
                        fail_msg("%zu: %lld", i, (long long)s.base.min_life_s);
                harness_run(s.h);
                assert_int_equal(s.base.min_life_s, 300);
                harness_free(s.h);
        }
}

static void without_base_credentials(void **state)
{
        (void)state;
        struct setup s;
        set_up(&s, NULL, 0);
        s.base.fields = NULL;
        (void)error_set(&s.base.e, ERROR_DENIED, "profile irsa: no");
        harness_run(s.h);
        assert_int_equal(s.h->e.kind, ERROR_DENIED);
        assert_string_equal(s.h->e.message, "base credentials: profile irsa: no");
        s.base.refuses = true;
        assert_int_equal(harness_start(s.h), -1);
        assert_string_equal(s.h->e.message, "base credentials: no base");
        (void)harness_requests(s.h, 0);
        harness_free(s.h);
        struct provider *p = NULL;
        struct error e;
        const struct provider_deps deps = {0};
        assert_int_equal(registry_make(&deps, &s.profile, NULL, &p, &e), -1);
}

static void cancelled(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {{0, NULL, NULL}, {200, NULL, SECRET("AKIANEW", "s")}};
        struct setup s;
        set_up(&s, answers, LENGTH(answers));
        s.h->cancels_on_receipt = true; // while AWS works
        harness_run(s.h);
        assert_int_equal(s.h->e.kind, ERROR_CANCELLED);
        s.h->cancels_on_receipt = false;
        harness_run(s.h); // and it can be used again
        assert_non_null(s.h->c);
        s.base.hangs = true; // while the source works
        assert_int_equal(harness_start(s.h), 0);
        provider_cancel(s.h->provider);
        harness_finish(s.h);
        assert_int_equal(s.h->e.kind, ERROR_CANCELLED);
        assert_int_equal(s.base.cancels, 1);
        harness_free(s.h);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(asks_with_the_base_and_gets_keys_without_an_end),
            cmocka_unit_test(refusals_are_explained),
            cmocka_unit_test(a_wrong_clock_is_corrected_once),
            cmocka_unit_test(a_refused_base_is_renewed_next_time),
            cmocka_unit_test(without_base_credentials),
            cmocka_unit_test(cancelled),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
