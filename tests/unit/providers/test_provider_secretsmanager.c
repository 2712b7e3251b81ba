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

static struct harness *set_up(const struct upstream_answer *answers, size_t count)
{
        struct harness *h = harness_new(answers, count);
        h->profile = (struct profile){.type = PROFILE_STATIC,
                                      .issuer_region = region,
                                      .endpoint_url = h->upstream.url,
                                      .source_profile = source_name,
                                      .secretsmanager = {.secret_id = secret_id}};
        harness_make_on_base(h, &session);
        return h;
}

static void asks_with_the_base_and_gets_keys_without_an_end(void **state)
{
        (void)state;
        struct harness *h = set_up(ANSWERS({200, DATE_HALF_PAST, SECRET("AKIANEW", "new-secret")}));
        harness_run_to_credentials(h);
        assert_slice(h->c->access_key_id, "AKIANEW");
        assert_slice(h->c->secret_access_key, "new-secret");
        assert_true(slice_is_empty(h->c->session_token));
        assert_true(h->c->expires_s == CREDENTIALS_NEVER_EXPIRE);
        assert_true(h->c->has_upstream_offset && h->c->issued_s == NOW_S + 1800);
        assert_int_equal(h->base.min_life_s, 300);
        (void)harness_requests(h, 1);
        harness_begins(h, 0, "POST / HTTP/1.1\r\n");
        harness_has_field(h, 0, "Content-Type", "application/x-amz-json-1.1");
        harness_has_field(h, 0, "X-Amz-Target", "secretsmanager.GetSecretValue");
        harness_has_field(h, 0, "X-Amz-Security-Token", "base-token");
        harness_field_holds(h, 0, "Authorization",
                            "Credential=ASIABASE/20270101/us-east-1/secretsmanager/aws4_request");
        harness_field_holds(h, 0, "Authorization",
                            "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target");
        harness_has_body(h, 0, "{\"SecretId\":\"prod/base\"}");
        harness_free(h);
}

static void refusals_are_explained(void **state)
{
        (void)state;
        static const struct refusal t[] = {
            {{400, DATE_NOW, REFUSAL("ResourceNotFoundException", "can't find")},
             ERROR_DENIED,
             "GetSecretValue for prod/base: ResourceNotFoundException: can't find",
             "us-east-1"},
            {{400, DATE_NOW, REFUSAL("AccessDeniedException", "is not authorized to perform: x")},
             ERROR_DENIED,
             "AccessDeniedException",
             "allow secretsmanager:GetSecretValue on the secret to source profile irsa"},
            {{400, DATE_NOW, REFUSAL("AccessDeniedException", "Access to KMS is not allowed")},
             ERROR_DENIED,
             "KMS",
             "allow kms:Decrypt on the secret's KMS key to source profile irsa"},
            {{400, DATE_NOW, REFUSAL("com.amazonaws.x#DecryptionFailure", "m")},
             ERROR_DENIED,
             "DecryptionFailure",
             "KMS"},
            {{400, DATE_NOW, REFUSAL("InvalidRequestException", "currently marked deleted")},
             ERROR_DENIED,
             "marked deleted",
             "restore the secret"},
            {{400, DATE_NOW, REFUSAL("ThrottlingException", "Rate exceeded")}, ERROR_THROTTLED, "Rate", "by itself"},
            {{500, DATE_NOW, REFUSAL("InternalServiceError", "m")}, ERROR_TRANSIENT, "InternalService", "by itself"},
            {{502, "Content-Type: text/html\r\n", "<html>new-secret</html>"}, ERROR_TRANSIENT, "HTTP 502", "by itself"},
            {{200, DATE_NOW, "{\"Name\":\"prod/base\"}"},
             ERROR_PROTOCOL,
             "GetSecretValue for prod/base: the answer lacks SecretString and SecretBinary",
             "NO_PROXY"},
            {{200, DATE_NOW, "{\"SecretString\":\"new-secret\"}"},
             ERROR_CONFIG,
             "GetSecretValue for prod/base: the secret's value cannot be read: invalid JSON",
             "store the keys"},
            {{200, DATE_NOW, SECRET("AKIANEW", "new-secret with blanks")},
             ERROR_CONFIG,
             "is too long or contains characters",
             "blank"},
            {{200, DATE_NOW, "{\"SecretStr"}, ERROR_PROTOCOL, "cannot be read: invalid JSON", "NO_PROXY"},
        };
        harness_expect_refusals(set_up, &(struct refusals){t, LENGTH(t), "GetSecretValue for prod/base", "new-secret"});
}

static void a_wrong_clock_is_corrected_once(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {
            {400, DATE_HALF_PAST, REFUSAL("InvalidSignatureException", "Signature expired")},
            {200, DATE_HALF_PAST, SECRET("AKIANEW", "new-secret")}};
        struct harness *h = set_up(answers, LENGTH(answers));
        harness_run_to_credentials(h);
        (void)harness_requests(h, 2);
        harness_has_field(h, 1, "X-Amz-Date", "20270101T003000Z");
        harness_free(h);
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
                struct harness *h = set_up(answers, LENGTH(answers));
                h->base.fields = t[i].base;
                harness_run(h);
                if (h->c || h->e.kind != t[i].kind)
                        fail_msg("%zu: %s", i, h->e.message);
                harness_run_to_credentials(h);
                if (h->base.min_life_s != t[i].life_s)
                        fail_msg("%zu: %lld", i, (long long)h->base.min_life_s);
                harness_run(h);
                assert_int_equal(h->base.min_life_s, 300);
                harness_free(h);
        }
}

static void without_base_credentials(void **state)
{
        (void)state;
        struct harness *h = set_up(NULL, 0);
        h->base.fields = NULL;
        (void)error_set(&h->base.e, ERROR_DENIED, "profile irsa: no");
        harness_run_to_error(h, ERROR_DENIED);
        assert_string_equal(h->e.message, "base credentials: profile irsa: no");
        h->base.refuses = true;
        assert_int_equal(harness_start(h), -1);
        assert_string_equal(h->e.message, "base credentials: no base");
        (void)harness_requests(h, 0);
        struct provider *p = NULL;
        struct error e;
        assert_int_equal(registry_make(&(struct provider_deps){0}, &h->profile, NULL, &p, &e), -1);
        harness_free(h);
}

static void cancelled(void **state)
{
        (void)state;
        struct harness *h = set_up(ANSWERS({SILENCE}, {200, NULL, SECRET("AKIANEW", "s")}));
        harness_cancel_on_receipt(h);  // while AWS works
        harness_run_to_credentials(h); // and it can be used again
        h->base.hangs = true;          // while the source works
        harness_cancel_at_once(h);
        assert_int_equal(h->base.cancels, 1);
        harness_free(h);
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
