// SPDX-License-Identifier: Apache-2.0
#include "proto/wire/credentials.h"

#include <stdlib.h>

#include "proto/wire/limits.h"
#include "tests/unit/unit.h"

static const struct credentials sample = {
    .access_key_id = SLICE_INIT("ASIAEXAMPLE"),
    .secret_access_key = SLICE_INIT("secret/+="),
    .session_token = SLICE_INIT("token=="),
    .account_id = SLICE_INIT("111122223333"),
    .assumed_role_arn = SLICE_INIT("arn:aws:sts::111122223333:assumed-role/gateway/session"),
    .expires_s = 1788264000,
    .issued_s = 1788260400,
    .has_upstream_offset = true,
    .upstream_offset_ms = -77,
    .references = 99,
    .mapped = 99,
};

static void test_copies(void **state)
{
        char key[] = "ASIAEXAMPLE";
        struct credentials fields = sample;
        (void)state;
        fields.access_key_id = slice_str(key);
        struct credentials *c = credentials_new(&fields);
        assert_non_null(c);
        memset(key, 'x', sizeof(key) - 1);
        assert_true(slice_eq(c->access_key_id, sample.access_key_id));
        assert_true(slice_eq(c->secret_access_key, sample.secret_access_key));
        assert_true(slice_eq(c->session_token, sample.session_token));
        assert_true(slice_eq(c->account_id, sample.account_id));
        assert_true(slice_eq(c->assumed_role_arn, sample.assumed_role_arn));
        assert_int_equal(c->expires_s, sample.expires_s);
        assert_int_equal(c->issued_s, sample.issued_s);
        assert_true(c->has_upstream_offset);
        assert_int_equal(c->upstream_offset_ms, -77);
        assert_int_equal(c->references, 1);
        assert_ptr_equal(credentials_ref(c), c);
        assert_int_equal(c->references, 2);
        credentials_unref(c);
        assert_true(slice_eq(c->access_key_id, sample.access_key_id)); // still there
        credentials_unref(c);
        credentials_unref(NULL);
}

static void test_static_keys_need_no_token(void **state)
{
        const struct credentials fields = {
            .access_key_id = SLICE_INIT("AKIA"),
            .secret_access_key = SLICE_INIT("s"),
            .expires_s = CREDENTIALS_NEVER_EXPIRE,
        };
        (void)state;
        struct credentials *c = credentials_new(&fields);
        assert_non_null(c);
        assert_true(slice_is_empty(c->session_token));
        credentials_unref(c);
}

static void test_refused(void **state)
{
        static const size_t places[] = {
            offsetof(struct credentials, access_key_id),    offsetof(struct credentials, secret_access_key),
            offsetof(struct credentials, session_token),    offsetof(struct credentials, account_id),
            offsetof(struct credentials, assumed_role_arn),
        };
        static const char *const values[] = {"a b", "a\"b", "a\\b", "a\nb", "\x7f", "\xc3\xa4", "\t", "a\x1f"};
        (void)state;
        for (size_t i = 0; i < LENGTH(places); i++) {
                for (size_t j = 0; j < LENGTH(values); j++) {
                        struct credentials fields = sample;
                        struct slice value = slice_str(values[j]);
                        memcpy((uint8_t *)&fields + places[i], &value, sizeof(value));
                        assert_null(credentials_new(&fields));
                }
        }
        struct credentials fields = sample;
        fields.access_key_id.n = 0;
        assert_null(credentials_new(&fields));
        fields = sample;
        fields.secret_access_key.n = 0;
        assert_null(credentials_new(&fields));
}

static void test_limits(void **state)
{
        static const struct {
                size_t place, max;
        } rows[] = {
            {offsetof(struct credentials, access_key_id), LIMIT_ACCESS_KEY_ID},
            {offsetof(struct credentials, secret_access_key), LIMIT_SECRET_ACCESS_KEY},
            {offsetof(struct credentials, session_token), LIMIT_SESSION_TOKEN},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct credentials fields = sample;
                uint8_t *text = malloc(rows[i].max + 1);
                assert_non_null(text);
                memset(text, 'A', rows[i].max + 1);
                struct slice value = slice_of(text, rows[i].max);
                memcpy((uint8_t *)&fields + rows[i].place, &value, sizeof(value));
                struct credentials *c = credentials_new(&fields);
                assert_non_null(c);
                credentials_unref(c);
                value.n++;
                memcpy((uint8_t *)&fields + rows[i].place, &value, sizeof(value));
                assert_null(credentials_new(&fields));
                free(text);
        }
}

static void test_account_of_arn(void **state)
{
        static const struct {
                const char *arn, *account;
        } rows[] = {
            {"arn:aws:iam::111122223333:role/gateway", "111122223333"},
            {"arn:aws-cn:sts::444455556666:assumed-role/a:b/c", "444455556666"},
            {"arn:aws:rolesanywhere:us-west-2:777788889999:profile/x", "777788889999"},
            {"arn:aws:s3:::bucket/key", ""},
            {"arn:aws:iam::111122223333", ""},
            {"arn:aws:iam", ""},
            {"arn:", ""},
            {"111122223333", ""},
            {"ARN:aws:iam::111122223333:role/x", ""},
            {"", ""},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++)
                assert_true(slice_eq(credentials_account_of_arn(slice_str(rows[i].arn)), slice_str(rows[i].account)));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_copies),         cmocka_unit_test(test_static_keys_need_no_token),
            cmocka_unit_test(test_refused),        cmocka_unit_test(test_limits),
            cmocka_unit_test(test_account_of_arn),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
