// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/mfa.h"

#include "proto/mem/text.h"
#include "sidecar/providers/provider.h"
#include "sidecar/providers/sts_body.h"
#include "tests/unit/providers/harness.h"
#include "tests/unit/providers/sts.h"

#define SESSION STS_SESSION("AssumeRole", ONE_O_CLOCK)
#define REFUSAL(message) STS_REFUSAL("AccessDenied", message)
#define WRONG_CODE "MultiFactorAuthentication failed with invalid MFA one time pass code. "

static char name[] = "admin";
static char serial[] = "arn:aws:iam::123456789012:mfa/alice";
static char role_arn[] = ROLE_ARN;
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
        assert_slice(secret_expose(&m.used), "222222");
        assert_int_equal(mfa_take(&m, &p, 62000, &e), -1); // once only
        assert_int_equal(m.used.n, 0);
        assert_int_equal(mfa_give(&m, SLICE("333333"), 1000, &e), 0);
        assert_int_equal(mfa_take(&m, &p, 61001, &e), -1); // too old
        assert_null(m.given.p);                            // and gone
        assert_int_equal(mfa_give(&m, SLICE("444444"), 1000, &e), 0);
        mfa_forget(&m);
        assert_int_equal(m.given.n, 0);
        assert_int_equal(mfa_give(&m, SLICE("555555"), 1000, &e), 0);
        assert_int_equal(mfa_take(&m, &p, 1000, &e), 0);
        assert_int_equal(mfa_give(&m, SLICE("666666"), 1000, &e), 0);
        mfa_forget(&m); // the one that is in use, too
        assert_true(!m.given.p && !m.used.p);
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

static const struct credentials base_fields = {.access_key_id = SLICE_INIT("AKIABASE"),
                                               .secret_access_key = SLICE_INIT("base-secret"),
                                               .expires_s = CREDENTIALS_NEVER_EXPIRE};

static struct harness *set_up(const struct upstream_answer *answers, size_t count)
{
        struct harness *h = harness_new(answers, count);
        h->profile =
            (struct profile){.name = name,
                             .type = PROFILE_ASSUME_ROLE,
                             .issuer_region = region,
                             .endpoint_url = h->upstream.url,
                             .role = {.role_arn = role_arn, .role_session_name = session_name, .mfa_serial = serial}};
        harness_make_on_base(h, &base_fields);
        return h;
}

static unsigned long read_hex(const char **text)
{
        unsigned long value = 0;
        for (; text_hex_digit((uint8_t) * *text) >= 0; ++*text)
                value = value * 16 + (unsigned long)text_hex_digit((uint8_t) * *text);
        return value;
}

// AddressSanitizer may have marked parts of it.
__attribute__((no_sanitize("address"))) static bool has_text(const volatile char *p, size_t n, const char *text)
{
        for (size_t i = 0; i < n; i++) {
                size_t k = 0;
                while (text[k] != '\0' && i + k < n && p[i + k] == text[k])
                        k++;
                if (text[k] == '\0')
                        return true;
        }
        return false;
}

// Whether any memory for secrets, which is left out of core dumps, holds this text.
static bool is_in_secret_memory(const char *text)
{
        enum { LARGEST = 64 * 1024 * 1024 }; // AddressSanitizer's own is larger
        char line[512];
        unsigned long from = 0, to = 0;
        bool is_writable = false, is_found = false;
        FILE *f = fopen("/proc/self/smaps", "r");
        assert_non_null(f);
        while (fgets(line, sizeof(line), f)) {
                const char *rest = line;
                unsigned long begin = read_hex(&rest);
                if (rest > line && *rest == '-') { // "FROM-TO rw-p …"
                        rest++;
                        from = begin;
                        to = read_hex(&rest);
                        is_writable = strncmp(rest, " rw", 3) == 0;
                }
                bool is_secret = strncmp(line, "VmFlags:", 8) == 0 && strstr(line, " dd");
                if (is_secret && is_writable && to - from <= LARGEST &&
                    has_text((const volatile char *)(uintptr_t)from, to - from, text))
                        is_found = true;
        }
        assert_int_equal(fclose(f), 0);
        return is_found;
}

static void a_code_is_wiped_when_its_call_is_over(void **state)
{
        (void)state;
        struct harness *h = set_up(ANSWERS({200, DATE_NOW, SESSION}));
        assert_int_equal(provider_login(h->provider, SLICE("918273"), &h->e), 0);
        assert_true(is_in_secret_memory("918273"));
        harness_run_to_credentials(h);
        assert_false(is_in_secret_memory("918273"));

        h->base.refuses = true; // nothing begins
        assert_int_equal(provider_login(h->provider, SLICE("918273"), &h->e), 0);
        harness_does_not_start(h, ERROR_CONFIG);
        assert_false(is_in_secret_memory("918273"));
        harness_free(h);
}

static void a_code_goes_out_once(void **state)
{
        (void)state;
        struct harness *h = set_up(ANSWERS({200, DATE_NOW, SESSION}));
        struct login_status status;
        provider_login_status(h->provider, &status);
        assert_int_equal(status.kind, LOGIN_MFA);
        assert_string_equal(status.mfa_serial, serial);
        harness_does_not_start(h, ERROR_INTERACTION); // without one, nobody is asked
        assert_int_equal(h->base.gets, 0);

        assert_int_equal(provider_login(h->provider, SLICE("123456"), &h->e), 0);
        assert_int_equal(harness_start(h), 0);
        struct error e;
        assert_int_equal(provider_login(h->provider, SLICE("654321"), &e), -1); // not while one is being tried
        harness_finish(h);
        assert_non_null(h->c);
        harness_does_not_start(h, ERROR_INTERACTION);
        const char *request = harness_requests(h, 1);
        assert_non_null(strstr(upstream_body(request), "&SerialNumber=arn%3Aaws%3Aiam%3A%3A123456789012%3Amfa%2Falice"
                                                       "&TokenCode=123456"));
        harness_free(h);
}

static void refusals(void **state)
{
        (void)state;
        struct harness *h = set_up(ANSWERS({403, DATE_NOW, REFUSAL(WRONG_CODE)}));
        assert_int_equal(provider_login(h->provider, SLICE("987654"), &h->e), 0);
        harness_run_to_error(h, ERROR_INTERACTION);
        assert_true(h->e.wants_code);
        assert_non_null(strstr(h->e.hint, "this one was wrong"));
        assert_null(strstr(h->e.message, "987654"));
        harness_free(h);

        h = set_up(ANSWERS({403, DATE_NOW, REFUSAL("User is not authorized")}));
        assert_int_equal(provider_login(h->provider, SLICE("987654"), &h->e), 0);
        harness_run_to_error(h, ERROR_DENIED);
        harness_free(h);
}

static void a_code_does_not_outlive_a_failed_source(void **state)
{
        (void)state;
        struct harness *h = set_up(NULL, 0);
        h->base.fields = NULL;
        (void)error_set(&h->base.e, ERROR_TRANSIENT, "down");
        assert_int_equal(provider_login(h->provider, SLICE("123456"), &h->e), 0);
        harness_run_to_error(h, ERROR_TRANSIENT);
        harness_does_not_start(h, ERROR_INTERACTION);
        harness_free(h);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(codes),
            cmocka_unit_test(body),
            cmocka_unit_test(a_code_is_wiped_when_its_call_is_over),
            cmocka_unit_test(a_code_goes_out_once),
            cmocka_unit_test(refusals),
            cmocka_unit_test(a_code_does_not_outlive_a_failed_source),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
