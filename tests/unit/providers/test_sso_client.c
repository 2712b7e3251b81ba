// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/sso_client.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "proto/mem/length.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/signing/hex_digest.h"

static struct profile session_profile(const char *scopes)
{
        return (struct profile){.sso = {.session = (char *)"my-sso",
                                        .start_url = (char *)"https://d-1234567890.awsapps.com/start",
                                        .region = (char *)"us-east-1",
                                        .registration_scopes = (char *)scopes}};
}

static void key_is_the_aws_clis(void **state)
{
        (void)state;
        struct profile p = session_profile("sso:account:access");
        struct buffer key;
        char hash[SHA1_HEX_SIZE];
        buffer_init(&key, 4096);
        assert_int_equal(sso_client_key(&p, &key), 0);
        assert_string_equal(buffer_c_str(&key),
                            "{\"region\": \"us-east-1\", \"scopes\": [\"sso:account:access\"], \"session_name\": "
                            "\"my-sso\", \"startUrl\": \"https://d-1234567890.awsapps.com/start\", \"tool\": "
                            "\"botocore\"}");
        assert_int_equal(sha1_hex(buffer_slice(&key), hash), 0);
        assert_string_equal(hash, "a8343d65418848d0bc13a5f25cbb32508ceec5d1");

        buffer_reset(&key);
        p.sso.registration_scopes = (char *)" a:b , ,c ";
        assert_int_equal(sso_client_key(&p, &key), 0);
        assert_non_null(strstr(buffer_c_str(&key), "\"scopes\": [\"a:b\", \"c\"], "));
        buffer_reset(&key);
        p.sso.session = NULL;
        assert_int_equal(sso_client_key(&p, &key), 0);
        assert_non_null(strstr(buffer_c_str(&key), "\"scopes\": null, \"session_name\": null, "));
        buffer_free(&key);
}

static void bodies(void **state)
{
        (void)state;
        struct profile p = session_profile(NULL);
        struct buffer body;
        buffer_init(&body, 4096);
        assert_int_equal(sso_client_body(&p, 7, &body), 0);
        assert_string_equal(buffer_c_str(&body), "{\"clientName\":\"keyfob-client-my-sso\",\"clientType\":\"public\","
                                                 "\"scopes\":[\"sso:account:access\"]}");
        buffer_reset(&body);
        p.sso.session = NULL;
        assert_int_equal(sso_client_body(&p, 7, &body), 0);
        assert_string_equal(buffer_c_str(&body), "{\"clientName\":\"keyfob-client-7\",\"clientType\":\"public\"}");
        buffer_free(&body);
}

static void answers(void **state)
{
        (void)state;
        static const struct {
                const char *json;
                int r;
        } cases[] = {
            {"{\"clientId\":\"c\",\"clientSecret\":\"s\",\"clientIdIssuedAt\":1,\"clientSecretExpiresAt\":2}", 0},
            {"{\"clientId\":\"c\",\"clientSecret\":\"s\"}", -1},
            {"{\"clientId\":\"\",\"clientSecret\":\"s\",\"clientSecretExpiresAt\":2}", -1},
            {"{\"clientId\":\"c\",\"clientSecret\":1,\"clientSecretExpiresAt\":2}", -1},
            {"{\"clientId\":\"c\",\"clientSecret\":\"s\",\"clientSecretExpiresAt\":\"2\"}", -1},
            {"{\"clientId\":\"c\",\"clientSecret\":\"s\",\"clientSecretExpiresAt\":-2}", -1},
            {"[]", -1},
            {"", -1},
        };
        for (size_t i = 0; i < LENGTH(cases); i++) {
                struct sso_client c;
                struct error e = {.kind = ERROR_NONE};
                sso_client_init(&c);
                assert_int_equal(sso_client_read(slice_str(cases[i].json), &c, &e), cases[i].r);
                assert_true(cases[i].r == 0 ? slice_eq(c.id, SLICE("c")) && c.expires_s == 2
                                            : e.kind != ERROR_NONE && c.id.n == 0);
                sso_client_clear(&c);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(key_is_the_aws_clis),
            cmocka_unit_test(bodies),
            cmocka_unit_test(answers),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
