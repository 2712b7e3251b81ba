// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/login_session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/mem/length.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/login_refresh.h"
#include "tests/unit/providers/login_file.h"

#define END "2027-01-01T00:15:00Z"

static void read_whole(void **state)
{
        (void)state;
        static const struct {
                const char *json;
                int64_t expires_s;
                const char *region, *account;
        } cases[] = {
            {LOGIN_FILE(END), 1798762500, "", "123456789012"},
            {LOGIN_FILE("2027-01-01T00:15:00.123Z"), 1798762500, "", "123456789012"},            // JavaScript
            {LOGIN_FILE("2027-01-01T01:15:00.123456789+01:00"), 1798762500, "", "123456789012"}, // Go
            {"{\"signInRegion\":\"eu-west-1\"," LOGIN_ACCESS(END) "," LOGIN_REST "}", 1798762500, "eu-west-1",
             "123456789012"},
            {"{\"signInRegion\":null," LOGIN_ACCESS(END) "," LOGIN_REST "}", 1798762500, "", "123456789012"},
        };
        for (size_t i = 0; i < LENGTH(cases); i++) {
                struct login_session s;
                struct error e = {.kind = ERROR_NONE};
                if (login_session_read(slice_str(cases[i].json), &s, &e) < 0)
                        fail_msg("%zu: %s", i, e.message);
                assert_true(slice_eq(s.access_key_id, SLICE("ASIAOLD")));
                assert_true(slice_eq(s.secret_access_key, SLICE("old")));
                assert_true(slice_eq(s.session_token, SLICE("old-token")));
                assert_true(slice_eq(s.account_id, slice_str(cases[i].account)));
                assert_true(slice_eq(s.refresh_token, SLICE("r-1")) && slice_eq(s.client_id, SLICE("c")));
                assert_true(slice_starts_with(s.dpop_key, SLICE("-----BEGIN EC PRIVATE KEY-----\nMHcCAQ")));
                assert_true(slice_eq(s.region, slice_str(cases[i].region)));
                assert_true(s.expires_s == cases[i].expires_s);
                login_session_clear(&s);
        }
}

static void refused(void **state)
{
        (void)state;
        static const struct {
                const char *json, *what;
        } cases[] = {
            {"", "empty"},
            {"[]", "expected a JSON object"},
            {"{}", "accessToken.accessKeyId is missing"},
            {"{\"accessToken\":\"a\"," LOGIN_REST "}", "accessToken.accessKeyId is missing"},
            {"{\"accessToken\":{}," LOGIN_REST "}", "accessKeyId is missing"},
            {"{\"accessToken\":{\"accessKeyId\":1}," LOGIN_REST "}", "accessToken.accessKeyId is not a string"},
            {LOGIN_FILE("tomorrow"), "accessToken.expiresAt is not a time"},
            {"{" LOGIN_ACCESS(END) ",\"refreshToken\":\"r\",\"clientId\":\"c\"}", "dpopKey is missing"},
            {"{" LOGIN_ACCESS(END) ",\"refreshToken\":\"\",\"clientId\":\"c\",\"dpopKey\":\"k\"}",
             "refreshToken is missing"},
            {"{" LOGIN_ACCESS(END) ",\"refreshToken\":\"r\",\"dpopKey\":\"k\"}", "clientId is missing"},
            {"{" LOGIN_ACCESS(END) ",\"refreshToken\":\"r\",\"clientId\":\"c\",\"dpopKey\":\"k\"}",
             "not a private key"},
            {"{\"signInRegion\":\"a.b\"," LOGIN_ACCESS(END) "," LOGIN_REST "}", "signInRegion is not a region"},
        };
        for (size_t i = 0; i < LENGTH(cases); i++) {
                struct login_session s;
                struct error e = {.kind = ERROR_NONE};
                assert_int_equal(login_session_read(slice_str(cases[i].json), &s, &e), -1);
                if (!strstr(e.message, cases[i].what))
                        fail_msg("%zu: %s", i, e.message);
                assert_int_equal(s.access_key_id.n + s.refresh_token.n + s.text.n, 0);
        }
}

static void written_over(void **state)
{
        (void)state;
        static const struct answer grant = {.access_key_id = SLICE_INIT("ASIANEW"),
                                            .secret_access_key = SLICE_INIT("n\"w"),
                                            .session_token = SLICE_INIT("new-token"),
                                            .refresh_token = SLICE_INIT("r-2")};
        enum { EXPIRES_S = 1798765200 };
        static const char before[] = "{\"x\": [1, {\"accessToken\": 2}], \"accessToken\": {\"y\": null, "
                                     "\"accessKeyId\": \"o\", \"accountId\": \"1\", \"expiresAt\": \"e\"}, "
                                     "\"refreshToken\": \"r-1\", \"dpopKey\": \"k\\n\"}";
        static const char after[] = "{\"refreshToken\":\"r-2\",\"x\":[1, {\"accessToken\": 2}],\"accessToken\":{"
                                    "\"accessKeyId\":\"ASIANEW\",\"secretAccessKey\":\"n\\\"w\",\"sessionToken\":"
                                    "\"new-token\",\"expiresAt\":\"2027-01-01T01:00:00Z\",\"y\":null,\"accountId\":"
                                    "\"1\"},\"dpopKey\":\"k\\n\"}";
        struct buffer out;
        buffer_init(&out, 1024);
        assert_int_equal(login_session_renew(slice_str(before), &grant, EXPIRES_S, &out), 0);
        assert_string_equal(buffer_c_str(&out), after);
        static const char *const bad[] = {"", "[]", "{}", "{\"accessToken\":1}", "{\"accessToken\":{}"};
        for (size_t i = 0; i < LENGTH(bad); i++) {
                buffer_reset(&out);
                assert_int_equal(login_session_renew(slice_str(bad[i]), &grant, EXPIRES_S, &out), -1);
        }
        buffer_free(&out);
        for (size_t room = 0; room < sizeof(after) - 1; room += 37) {
                buffer_init(&out, room);
                assert_int_equal(login_session_renew(slice_str(before), &grant, EXPIRES_S, &out), -1);
                buffer_free(&out);
        }
}

static void where_the_file_is(void **state)
{
        (void)state;
        struct profile p = {.login = {.cache_directory = (char *)"/h/.aws/login/cache"}};
        static const char *const sessions[] = {LOGIN_ME, "  " LOGIN_ME " \t"};
        struct error e;
        char *path = NULL;
        for (size_t i = 0; i < LENGTH(sessions); i++) {
                p.login.session = (char *)sessions[i];
                assert_int_equal(login_session_path(&p, &path, &e), 0);
                assert_string_equal(path, "/h/.aws/login/cache/" LOGIN_NAME ".json");
                free(path);
        }
        p.login.cache_directory = NULL;
        assert_int_equal(login_session_path(&p, &path, &e), -1);
        assert_int_equal(e.kind, ERROR_CONFIG);
        assert_non_null(strstr(e.hint, "AWS_LOGIN_CACHE_DIRECTORY"));
}

static void who_is_to_log_in(void **state)
{
        (void)state;
        struct profile p = {.login = {.session = (char *)LOGIN_ME, .profile = (char *)"work"}};
        struct error e;
        login_session_hint(&p, &e);
        assert_string_equal(e.hint, "run \"aws login --profile work\"");
        p.login.profile = NULL;
        login_session_hint(&p, &e);
        assert_string_equal(e.hint, "run \"aws login\", with an AWS profile for " LOGIN_ME);
}

// The region that was logged in to goes before the profile's; a custom endpoint goes before both.
static void where_a_refresh_goes(void **state)
{
        (void)state;
        static const struct {
                const char *session_region, *profile_region, *endpoint, *url; // NULL url: it goes nowhere
        } t[] = {
            {"eu-west-1", "us-east-1", NULL, "https://eu-west-1.signin.aws.amazon.com/v1/token"},
            {NULL, "us-east-1", NULL, "https://us-east-1.signin.aws.amazon.com/v1/token"},
            {"eu-west-1", NULL, "https://l/", "https://l/v1/token"},
            {NULL, NULL, NULL, NULL},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct login_session s;
                struct error e = {.kind = ERROR_NONE};
                struct provider provider = {.ops = NULL};
                struct upstream_call x;
                const struct profile p = {.issuer_region = (char *)t[i].profile_region,
                                          .endpoint_url = (char *)t[i].endpoint,
                                          .login = {.session = (char *)LOGIN_ME, .has_custom_endpoint = t[i].endpoint}};
                upstream_call_init(&x, &provider, NULL);
                assert_int_equal(login_session_read(SLICE(LOGIN_FILE(END)), &s, &e), 0);
                s.region = slice_str(t[i].session_region);
                int r = login_refresh_write(&p, &s, &x.request, &e);
                if (t[i].url ? r < 0 || !slice_eq(buffer_slice(&x.request.url), slice_str(t[i].url))
                             : r == 0 || e.kind != ERROR_CONFIG || !strstr(e.hint, "AWS_REGION"))
                        fail_msg("%zu: %.*s %s", i, (int)x.request.url.n, (char *)x.request.url.p, e.message);
                buffer_free(&x.request.url);
                buffer_free(&x.request.body);
                buffer_free(&x.request.values);
                login_session_clear(&s);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(read_whole),           cmocka_unit_test(refused),
            cmocka_unit_test(written_over),         cmocka_unit_test(where_the_file_is),
            cmocka_unit_test(where_a_refresh_goes), cmocka_unit_test(who_is_to_log_in),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
