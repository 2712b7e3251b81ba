// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/mfa.h"

#include "sidecar/providers/login.h"
#include "sidecar/providers/sts_body.h"
#include "tests/unit/providers/harness.h"

#define SESSION                                                                                                        \
        "<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/x/s</Arn>" \
        "</AssumedRoleUser><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>secret"                 \
        "</SecretAccessKey><SessionToken>token</SessionToken><Expiration>2027-01-01T01:00:00Z"                         \
        "</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
#define REFUSAL(message)                                                                                               \
        "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>" message                          \
        "</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"
#define WRONG_CODE "MultiFactorAuthentication failed with invalid MFA one time pass code. "

static char name[] = "admin";
static char serial[] = "arn:aws:iam::123456789012:mfa/alice";
static char role_arn[] = "arn:aws:iam::123456789012:role/x";
static char session_name[] = "s";
static char region[] = "us-east-1";

static void codes(void **state)
{
        (void)state;
        static const char *const bad[] = {"", "12345", "1234567", "12345a", " 12345", "12345\n"};
        const struct profile p = {.name = name, .role.mfa_serial = serial};
        struct mfa m = {.given_ms = 0};
        struct error e;
        for (size_t i = 0; i < LENGTH(bad); i++) {
                assert_int_equal(mfa_give(&m, slice_str(bad[i]), 1000, &e), -1);
                assert_int_equal(e.kind, ERROR_CONFIG);
        }
        assert_int_equal(mfa_take(&m, &p, 1000, &e), -1);
        assert_int_equal(e.kind, ERROR_INTERACTION);
        assert_true(e.wants_code);
        assert_non_null(strstr(e.message, serial));
        assert_non_null(strstr(e.hint, "keyfob login admin"));

        assert_int_equal(mfa_give(&m, SLICE("111111"), 1000, &e), 0);
        assert_int_equal(mfa_give(&m, SLICE("222222"), 2000, &e), 0); // the newer one counts
        assert_int_equal(mfa_take(&m, &p, 62000, &e), 0);
        assert_true(slice_eq(secret_expose(&m.used), SLICE("222222")));
        assert_int_equal(mfa_take(&m, &p, 62000, &e), -1); // once only
        assert_int_equal(m.used.n, 0);
        assert_int_equal(mfa_give(&m, SLICE("333333"), 1000, &e), 0);
        assert_int_equal(mfa_take(&m, &p, 61001, &e), -1); // too old
        assert_int_equal(mfa_give(&m, SLICE("444444"), 1000, &e), 0);
        mfa_forget(&m);
        assert_int_equal(m.given.n, 0);
}

static void body(void **state)
{
        (void)state;
        struct buffer b;
        struct error e;
        const struct role_settings role = {.mfa_serial = serial};
        buffer_init(&b, 1024);
        assert_int_equal(sts_body_mfa(&role, SLICE("123456"), &b, &e), 0);
        assert_string_equal(buffer_c_str(&b),
                            "SerialNumber=arn%3Aaws%3Aiam%3A%3A123456789012%3Amfa%2Falice&TokenCode=123456");
        buffer_free(&b);
}

struct setup {
        struct harness *h;
        struct profile profile;
        struct base_source base;
};

static const struct credentials base_fields = {.access_key_id = SLICE_INIT("AKIABASE"),
                                               .secret_access_key = SLICE_INIT("base-secret"),
                                               .expires_s = CREDENTIALS_NEVER_EXPIRE};

static void set_up(struct setup *s, const struct upstream_answer *answers, size_t count)
{
        s->h = harness_new(answers, count);
        s->profile =
            (struct profile){.name = name,
                             .type = PROFILE_ASSUME_ROLE,
                             .issuer_region = region,
                             .endpoint_url = s->h->upstream.url,
                             .role = {.role_arn = role_arn, .role_session_name = session_name, .mfa_serial = serial}};
        s->base = (struct base_source){.loop = &s->h->loop, .fields = &base_fields};
        const struct credentials_source source = {base_get, base_cancel, &s->base};
        harness_make(s->h, &s->profile, &source);
}

static void a_code_goes_out_once(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {{200, DATE_NOW, SESSION}};
        struct setup s;
        struct login_status status;
        set_up(&s, answers, LENGTH(answers));
        provider_login_status(s.h->provider, &status);
        assert_int_equal(status.kind, LOGIN_MFA);
        assert_string_equal(status.mfa_serial, serial);
        assert_int_equal(harness_start(s.h), -1); // without one, nobody is asked
        assert_int_equal(s.h->e.kind, ERROR_INTERACTION);
        assert_int_equal(s.base.gets, 0);

        assert_int_equal(provider_login(s.h->provider, SLICE("123456"), &s.h->e), 0);
        assert_int_equal(harness_start(s.h), 0);
        struct error e;
        assert_int_equal(provider_login(s.h->provider, SLICE("654321"), &e), -1); // not while one is being tried
        harness_finish(s.h);
        assert_non_null(s.h->c);
        assert_int_equal(harness_start(s.h), -1);
        assert_int_equal(s.h->e.kind, ERROR_INTERACTION);
        const char *request = harness_requests(s.h, 1);
        assert_non_null(strstr(upstream_body(request), "&SerialNumber=arn%3Aaws%3Aiam%3A%3A123456789012%3Amfa%2Falice"
                                                       "&TokenCode=123456"));
        harness_free(s.h);
}

static void refusals(void **state)
{
        (void)state;
        static const struct upstream_answer wrong[] = {{403, DATE_NOW, REFUSAL(WRONG_CODE)}};
        static const struct upstream_answer other[] = {{403, DATE_NOW, REFUSAL("User is not authorized")}};
        struct setup s;
        set_up(&s, wrong, LENGTH(wrong));
        assert_int_equal(provider_login(s.h->provider, SLICE("987654"), &s.h->e), 0);
        harness_run(s.h);
        assert_int_equal(s.h->e.kind, ERROR_INTERACTION);
        assert_true(s.h->e.wants_code);
        assert_non_null(strstr(s.h->e.hint, "code was wrong"));
        assert_null(strstr(s.h->e.message, "987654"));
        harness_free(s.h);

        set_up(&s, other, LENGTH(other));
        assert_int_equal(provider_login(s.h->provider, SLICE("987654"), &s.h->e), 0);
        harness_run(s.h);
        assert_int_equal(s.h->e.kind, ERROR_DENIED);
        harness_free(s.h);
}

static void a_code_does_not_outlive_a_failed_source(void **state)
{
        (void)state;
        struct setup s;
        set_up(&s, NULL, 0);
        s.base.fields = NULL;
        (void)error_set(&s.base.e, ERROR_TRANSIENT, "down");
        assert_int_equal(provider_login(s.h->provider, SLICE("123456"), &s.h->e), 0);
        harness_run(s.h);
        assert_int_equal(s.h->e.kind, ERROR_TRANSIENT);
        assert_int_equal(harness_start(s.h), -1);
        assert_int_equal(s.h->e.kind, ERROR_INTERACTION);
        harness_free(s.h);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(codes),
            cmocka_unit_test(body),
            cmocka_unit_test(a_code_goes_out_once),
            cmocka_unit_test(refusals),
            cmocka_unit_test(a_code_does_not_outlive_a_failed_source),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
