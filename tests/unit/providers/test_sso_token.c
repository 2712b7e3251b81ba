// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/sso_token.h"

#include "sidecar/config/profile.h"
#include "tests/unit/unit.h"

#define NEEDED "\"accessToken\":\"aoa\",\"expiresAt\":\"2026-09-01T20:00:00Z\""
#define CLIENT "\"clientId\":\"c\",\"clientSecret\":\"s\",\"registrationExpiresAt\":\"2026-11-30T12:00:00Z\""
#define URL "\"startUrl\":\"https://d-1234567890.awsapps.com/start\",\"region\":\"us-east-1\""

enum { ENDS_S = 1788292800, REGISTRATION_ENDS_S = 1796040000 };

static void whole_file(void **state)
{
        (void)state;
        struct sso_token t;
        struct error e;
        assert_int_equal(
            sso_token_read(SLICE("{" URL "," NEEDED "," CLIENT ",\"refreshToken\":\"a\\u006fr\",\"x\":{}}"), &t, &e),
            0);
        assert_true(slice_eq(t.access_token, SLICE("aoa")) && slice_eq(t.refresh_token, SLICE("aor")));
        assert_true(slice_eq(t.client_id, SLICE("c")) && slice_eq(t.client_secret, SLICE("s")));
        assert_true(slice_eq(t.start_url, SLICE("https://d-1234567890.awsapps.com/start")));
        assert_int_equal(t.expires_s, ENDS_S);
        assert_int_equal(t.registration_expires_s, REGISTRATION_ENDS_S);
        sso_token_clear(&t);
        assert_int_equal(t.access_token.n, 0);
        assert_int_equal(t.expires_s, 0);
}

static void what_is_refused(void **state)
{
        (void)state;
        static const struct {
                const char *json, *what;
        } cases[] = {
            {"", "empty"},
            {"[]", "an array, expected a JSON object"},
            {"{}", "member accessToken is missing"},
            {"{\"accessToken\":\"a\"}", "member expiresAt is missing"},
            {"{\"expiresAt\":\"2026-09-01T20:00:00Z\"}", "member accessToken is missing"},
            {"{\"accessToken\":\"\",\"expiresAt\":\"2026-09-01T20:00:00Z\"}", "member accessToken is missing"},
            {"{\"accessToken\":1,\"expiresAt\":\"2026-09-01T20:00:00Z\"}", "member accessToken is not a string"},
            {"{\"accessToken\":\"a\",\"expiresAt\":\"soon\"}", "member expiresAt is not a time with a zone (RFC 3339)"},
            {"{\"accessToken\":\"a\",\"expiresAt\":1788292800}",
             "member expiresAt is not a time with a zone (RFC 3339)"},
            {"{\"accessToken\":\"a\\r\\nb: c\",\"expiresAt\":\"2026-09-01T20:00:00Z\"}",
             "accessToken contains characters that are not allowed in a header"},
            {"{" NEEDED ",\"accessToken\":\"b\"}", "invalid JSON: duplicate key"},
        };
        for (size_t i = 0; i < LENGTH(cases); i++) {
                struct sso_token t;
                struct error e = {.kind = ERROR_NONE};
                assert_int_equal(sso_token_read(slice_str(cases[i].json), &t, &e), -1);
                assert_string_equal(e.message, cases[i].what);
                assert_int_equal(t.access_token.n, 0);
        }
}

static void when_it_may_be_used(void **state)
{
        (void)state;
        static const char renewable[] = "{" NEEDED "," CLIENT ",\"refreshToken\":\"aor\"}";
        static const char legacy[] = "{" NEEDED "," URL "}";
        static const char unregistered[] = "{" NEEDED ",\"refreshToken\":\"aor\"}";
        static const struct {
                const char *json;
                int64_t now_s;
                enum sso_token_use use;
        } cases[] = {
            {renewable, ENDS_S - 3600, SSO_TOKEN_GOOD},
            {renewable, ENDS_S - 301, SSO_TOKEN_GOOD},
            {renewable, ENDS_S - 300, SSO_TOKEN_RENEW},
            {renewable, ENDS_S - 11, SSO_TOKEN_RENEW},
            {renewable, ENDS_S - 10, SSO_TOKEN_ENDED},
            {renewable, ENDS_S + 99999, SSO_TOKEN_ENDED},
            {renewable, REGISTRATION_ENDS_S, SSO_TOKEN_DEAD},
            {legacy, ENDS_S - 300, SSO_TOKEN_GOOD},
            {legacy, ENDS_S - 11, SSO_TOKEN_GOOD},
            {legacy, ENDS_S - 10, SSO_TOKEN_DEAD},
            {legacy, ENDS_S + 1, SSO_TOKEN_DEAD},
            {unregistered, ENDS_S - 60, SSO_TOKEN_GOOD},
            {unregistered, ENDS_S, SSO_TOKEN_DEAD},
            // odd information counts as absent
            {"{" NEEDED "," CLIENT ",\"refreshToken\":[]}", ENDS_S - 60, SSO_TOKEN_GOOD},
            {"{" NEEDED ",\"clientId\":1,\"clientSecret\":{},\"startUrl\":null}", ENDS_S - 60, SSO_TOKEN_GOOD},
            {"{" NEEDED ",\"registrationExpiresAt\":\"\",\"refreshToken\":\"aor\"}", ENDS_S - 60, SSO_TOKEN_GOOD},
            {"{" NEEDED ",\"registrationExpiresAt\":7,\"refreshToken\":\"aor\"}", ENDS_S, SSO_TOKEN_DEAD},
        };
        for (size_t i = 0; i < LENGTH(cases); i++) {
                struct sso_token t;
                struct error e;
                assert_int_equal(sso_token_read(slice_str(cases[i].json), &t, &e), 0);
                assert_int_equal(sso_token_judge(&t, cases[i].now_s), cases[i].use);
                sso_token_clear(&t);
        }
}

static void hint_names_both_commands(void **state)
{
        (void)state;
        struct error e;
        struct profile p = {
            .name = (char *)"admin/00c0ffee", .stands_for = (char *)"dev", .sso.session = (char *)"my-sso"};
        sso_token_hint_login(&p, &e);
        assert_string_equal(e.hint, "run \"keyfob login dev\" (or aws sso login --sso-session my-sso)");
        p.sso.session = NULL;
        p.sso.start_url = (char *)"https://x/start";
        sso_token_hint_login(&p, &e);
        assert_string_equal(e.hint, "run \"keyfob login dev\" (or aws sso login, with a profile for https://x/start)");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(whole_file),
            cmocka_unit_test(what_is_refused),
            cmocka_unit_test(when_it_may_be_used),
            cmocka_unit_test(hint_names_both_commands),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
