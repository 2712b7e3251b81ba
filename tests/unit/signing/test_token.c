// SPDX-License-Identifier: Apache-2.0
// The table of tokens, and how a presigned URL becomes one. Whole tokens: tests/unit/server/test_token.c.
#include "sidecar/signing/token.h"
#include "tests/unit/signing/fixture.h"
#include "tests/unit/unit.h"

static const struct slice values[TOKEN_SLOTS_N] = {
    [TOKEN_HOST] = SLICE_INIT("Db.Example"),  [TOKEN_PORT] = SLICE_INIT("443"),
    [TOKEN_NAME] = SLICE_INIT("cache"),       [TOKEN_USER] = SLICE_INIT("a b&c"),
    [TOKEN_ACTION] = SLICE_INIT("Go/"),       [TOKEN_VARIANT] = SLICE_INIT("&V=1"),
    [TOKEN_REGION] = SLICE_INIT("us-west-2"), [TOKEN_USER_AGENT] = SLICE_INIT("me/1"),
};

static void test_kinds(void **state)
{
        (void)state;
        static const char *const urls[] = {
            [TOKEN_BEDROCK] = "https://bedrock.amazonaws.com/?Action=CallWithBearerToken",
            [TOKEN_EKS] = "https://Db.Example/?Action=GetCallerIdentity&Version=2011-06-15",
            [TOKEN_RDS] = "https://Db.Example:443/?Action=connect&DBUser=a%20b%26c",
            [TOKEN_ELASTICACHE] = "https://cache/?Action=connect&User=a%20b%26c&V=1",
            [TOKEN_MEMORYDB] = "https://cache/?Action=connect&User=a%20b%26c",
            [TOKEN_DSQL] = "https://Db.Example/?Action=Go%2F",
            [TOKEN_MSK] = "https://kafka.us-west-2.amazonaws.com/?Action=kafka-cluster%3AConnect",
        };
        for (unsigned i = 0; i < TOKEN_TYPES_N; i++) {
                const struct token_kind *kind = token_kind_at(i);
                struct buffer out;
                struct header header;
                assert_int_equal(kind->type, i);
                assert_ptr_equal(token_kind_of(kind->name), kind);
                assert_true(kind->life_s >= 1 && kind->life_s <= kind->life_max_s &&
                            kind->url_expires_s <= kind->life_s);
                buffer_init(&out, 1024);
                assert_int_equal(token_put_url(kind, values, &out), 0);
                assert_string_equal(buffer_c_str(&out), urls[i]);
                buffer_free(&out);
                assert_int_equal(token_header(kind, values, &header), i == TOKEN_EKS);
                buffer_init(&out, 20);
                assert_int_equal(token_put_url(kind, values, &out), -1);
                buffer_free(&out);
        }
        struct header header;
        assert_true(token_header(token_kind_at(TOKEN_EKS), values, &header));
        assert_true(slice_eq(header.name, SLICE("x-k8s-aws-id")) && slice_eq(header.value, SLICE("cache")));
        assert_null(token_kind_of(SLICE("")));
        assert_null(token_kind_of(SLICE("rd")));
        assert_null(token_kind_of(SLICE("rdss")));
}

static void test_put(void **state)
{
        (void)state;
        static const struct {
                enum token_type type;
                const char *url, *presigned, *token;
        } rows[] = {
            // base64 with padding, of "a/?b&Version=1"
            {TOKEN_BEDROCK, "https://a/?b", "https://a/?b", "bedrock-api-key-YS8/YiZWZXJzaW9uPTE="},
            // base64url without, of "https://a/?b"
            {TOKEN_EKS, "https://a/?b", "https://a/?b", "k8s-aws-v1.aHR0cHM6Ly9hLz9i"},
            // … "https://a/??&User-Agent=me%2F1"
            {TOKEN_MSK, "https://a/?", "https://a/??", "aHR0cHM6Ly9hLz8_JlVzZXItQWdlbnQ9bWUlMkYx"},
            // host and port as they were given, the rest as it was signed
            {TOKEN_RDS, "https://Db.Example:443/?x", "https://db.example/?y=1", "Db.Example:443/?y=1"},
            {TOKEN_DSQL, "https://A/?x", "https://a/?y", "A/?y"},
        };
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct buffer presigned, out;
                buffer_init(&presigned, 1024);
                buffer_init(&out, 1024);
                buffer_put_str(&presigned, rows[i].presigned);
                token_put(token_kind_at(rows[i].type), slice_str(rows[i].url), &presigned,
                          rows[i].type == TOKEN_MSK ? values[TOKEN_USER_AGENT] : slice_of(NULL, 0), &out);
                assert_false(presigned.failed || out.failed);
                assert_string_equal(buffer_c_str(&out), rows[i].token);
                buffer_free(&presigned);
                buffer_free(&out);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_kinds),
            cmocka_unit_test(test_put),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
