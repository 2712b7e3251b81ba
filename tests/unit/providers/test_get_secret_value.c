// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/get_secret_value.h"

#include <stdlib.h>

#include "proto/wire/credentials.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/secret_keys.h"
#include "sidecar/signing/sigv4.h"
#include "tests/unit/unit.h"

static char secret_id[] = "prod/aws/base";
static char version_id[] = "11112222-3333-4444-5555-666677778888";
static char version_stage[] = "AWSPREVIOUS";

// What botocore makes of the same request.
static void the_signature_is_botocores(void **state)
{
        (void)state;
        const struct credentials fields = {.access_key_id = SLICE("AKIDEXAMPLE"),
                                           .secret_access_key = SLICE("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")};
        const struct header headers[] = {{SLICE("content-type"), SLICE("application/x-amz-json-1.1")},
                                         {SLICE("x-amz-target"), SLICE("secretsmanager.GetSecretValue")}};
        struct credentials *keys = credentials_new(&fields);
        struct signer *signer = signer_new();
        struct buffer out;
        struct sigv4_result signature;
        struct error e;
        char hash[64];
        assert_non_null(keys);
        assert_non_null(signer);
        buffer_init(&out, LIMIT_SIGN_CANONICAL);
        assert_int_equal(sigv4_payload_hash(signer, SLICE("{\"SecretId\": \"prod/aws/base\"}"), hash, &e), 0);
        const struct sigv4_request request = {.method = SLICE("POST"),
                                              .url = SLICE("https://secretsmanager.us-east-1.amazonaws.com/"),
                                              .headers = headers,
                                              .headers_count = LENGTH(headers),
                                              .payload_hash = slice_of(hash, sizeof(hash)),
                                              .service = SLICE("secretsmanager"),
                                              .region = SLICE("us-east-1"),
                                              .time_s = 1788264000}; // 20260901T120000Z
        assert_int_equal(sigv4_sign(signer, &request, keys, &out, &signature, &e), 0);
        assert_true(slice_eq(signature.signed_headers, SLICE("content-type;host;x-amz-date;x-amz-target")));
        assert_true(
            slice_ends_with(signature.authorization,
                            SLICE("Signature=f0d7a8a5262c2930b3a9d8de56ef188e3af25a07a9815770e01dd426d23350be")));
        buffer_free(&out);
        credentials_unref(keys);
        signer_free(signer);
}

static void the_body_says_which_version(void **state)
{
        (void)state;
        static const struct {
                char *id, *stage;
                const char *want;
        } t[] = {
            {NULL, NULL, "{\"SecretId\":\"prod/aws/base\"}"},
            {version_id, NULL,
             "{\"SecretId\":\"prod/aws/base\",\"VersionId\":\"11112222-3333-4444-5555-666677778888\"}"},
            {NULL, version_stage, "{\"SecretId\":\"prod/aws/base\",\"VersionStage\":\"AWSPREVIOUS\"}"},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                const struct profile p = {
                    .secretsmanager = {.secret_id = secret_id, .version_id = t[i].id, .version_stage = t[i].stage}};
                struct buffer body;
                struct error e;
                buffer_init(&body, 4096);
                assert_int_equal(get_secret_value_body(&p, &body, &e), 0);
                assert_string_equal(buffer_c_str(&body), t[i].want);
                buffer_free(&body);
        }
        const struct profile p = {.secretsmanager = {.secret_id = secret_id}};
        struct buffer small;
        struct error e;
        buffer_init(&small, 8);
        assert_int_equal(get_secret_value_body(&p, &small, &e), -1);
        buffer_free(&small);
}

static void answers_are_read(void **state)
{
        (void)state;
        static const struct {
                const char *body, *document, *code, *message, *what;
        } t[] = {
            {"{\"Name\":\"n\",\"SecretString\":\"{\\\"a\\\":\\\"\\u0062\\\"}\",\"CreatedDate\":1.788264E9}",
             "{\"a\":\"b\"}", "", "", NULL},
            {"{\"SecretBinary\":\"eyJhIjoiYiJ9\"}", "{\"a\":\"b\"}", "", "", NULL},
            {"{\"SecretBinary\":\"Pz8\\/\"}", "???", "", "", NULL},
            {"{\"SecretString\":null,\"SecretBinary\":\"eyJhIjoiYiJ9\"}", "{\"a\":\"b\"}", "", "", NULL},
            {"{\"SecretBinary\":\"eyJhI\"}", "", "", "", "SecretBinary is not base64"},
            {"{\"SecretBinary\":7}", "", "", "", "SecretBinary is not base64"},
            {"{\"SecretString\":{\"a\":1}}", "", "", "", "SecretString is not a string"},
            {"{\"SecretString\":\"\"}", "", "", "", NULL},
            {"{\"__type\":\"com.amazonaws.secretsmanager#ResourceNotFoundException\",\"Message\":\"m\"}", "",
             "ResourceNotFoundException", "m", NULL},
            {"{\"__type\":\"DecryptionFailure:http://x\",\"message\":\"m\"}", "", "DecryptionFailure", "m", NULL},
            {"{\"SecretString\":\"a", "", "", "", "invalid JSON: "},
            {"[]", "", "", "", "an array, expected a JSON object"},
            {"", "", "", "", "empty"},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct buffer scratch;
                struct answer a = {0};
                struct error e = {.kind = ERROR_NONE};
                buffer_init(&scratch, LIMIT_UPSTREAM_BODY);
                int r = get_secret_value_read(slice_str(t[i].body), &scratch, &a, &e);
                if ((r < 0) != (t[i].what != NULL) || (t[i].what && !strstr(e.message, t[i].what)) ||
                    !slice_eq(a.document, slice_str(t[i].document)) || !slice_eq(a.code, slice_str(t[i].code)) ||
                    !slice_eq(a.message, slice_str(t[i].message)))
                        fail_msg("%zu: %s: %s", i, t[i].body, e.message);
                buffer_free(&scratch);
        }
}

struct keys_case {
        const char *document;
        const char *fields[3]; // as the profile names them
        const char *id, *secret, *token, *error;
};

static void check_keys(const struct keys_case *t)
{
        char *fields[3];
        for (size_t i = 0; i < 3; i++)
                fields[i] = t->fields[i] ? strdup(t->fields[i]) : NULL;
        const struct profile p = {.secretsmanager = {.access_key_id_field = fields[0],
                                                     .secret_access_key_field = fields[1],
                                                     .session_token_field = fields[2]}};
        struct buffer scratch;
        struct answer c = {0};
        struct error e = {0};
        buffer_init(&scratch, LIMIT_UPSTREAM_BODY);
        int r = secret_keys_read(slice_str(t->document), &p, &scratch, &c, &e);
        if (t->error ? r == 0 || !strstr(e.message, t->error) || !e.hint[0]
                     : r < 0 || !slice_eq(c.access_key_id, slice_str(t->id)) ||
                           !slice_eq(c.secret_access_key, slice_str(t->secret)) ||
                           !slice_eq(c.session_token, slice_str(t->token)))
                fail_msg("%s: %s (%s)", t->document, e.message, e.hint);
        if (r < 0) {
                assert_int_equal(e.kind, ERROR_CONFIG);
                assert_null(strstr(e.message, "VALUE"));
                assert_null(strstr(e.hint, "VALUE"));
        }
        buffer_free(&scratch);
        for (size_t i = 0; i < 3; i++)
                free(fields[i]);
}

static void keys_are_found_by_their_usual_names(void **state)
{
        (void)state;
        static const struct keys_case t[] = {
            {"{\"access_key_id\":\"A\",\"secret_access_key\":\"S\"}", {0}, "A", "S", "", NULL},
            {"{\"access_key_id\":\"A\",\"secret_access_key\":\"S\",\"session_token\":\"T\",\"x\":[1]}",
             {0},
             "A",
             "S",
             "T",
             NULL},
            {"{\"aws_access_key_id\":\"A\",\"aws_secret_access_key\":\"S\",\"aws_session_token\":\"T\"}",
             {0},
             "A",
             "S",
             "T",
             NULL},
            {"{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\",\"SessionToken\":null}", {0}, "A", "S", "", NULL},
            {"{\"AWS_ACCESS_KEY_ID\":\"A\",\"AWS_SECRET_ACCESS_KEY\":\"S\"}", {0}, "A", "S", "", NULL},
            {"{\"accessKeyId\":\"A\",\"secretAccessKey\":\"S\\/\\u002b\"}", {0}, "A", "S/+", "", NULL},
            {"{\"id\":\"A\",\"key\":\"S\",\"t\":\"T\"}", {"id", "key", "t"}, "A", "S", "T", NULL},
            {"{\"old\":\"B\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\"}", {"old"}, "B", "S", "", NULL},
        };
        for (size_t i = 0; i < LENGTH(t); i++)
                check_keys(&t[i]);
}

static void what_is_wrong_with_a_secret_is_said_without_values(void **state)
{
        (void)state;
        static const struct keys_case t[] = {
            {"{\"access_key_id\":\"VALUE\",\"SecretAccessKey\":\"VALUE\"}",
             {0},
             NULL,
             NULL,
             NULL,
             "lacks \"secret_access_key\", or it is empty; its members are: access_key_id, SecretAccessKey"},
            {"{\"VALUE/VALUE+VALUE\":\"VALUE\",\"user\":\"VALUE\"}",
             {0},
             NULL,
             NULL,
             NULL,
             "lacks \"access_key_id\", or it is empty; its members are: …, user"},
            {"{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1}",
             {0},
             NULL,
             NULL,
             NULL,
             "its members are: a, b, c, d, e, f, g, h, …"},
            {"{\"access_key_id\":\"\",\"secret_access_key\":\"VALUE\"}",
             {0},
             NULL,
             NULL,
             NULL,
             "lacks \"access_key_id\""},
            {"{\"access_key_id\":\"VALUE\",\"secret_access_key\":{\"x\":\"VALUE\"}}",
             {0},
             NULL,
             NULL,
             NULL,
             "member \"secret_access_key\" is an object, expected a string"},
            {"{\"access_key_id\":\"VALUE\",\"secret_access_key\":\"VALUE\"}",
             {NULL, NULL, "token"},
             NULL,
             NULL,
             NULL,
             "lacks \"token\""},
            {"{\"access_key_id\":\"VALUE\",\"access_key_id\":\"VALUE\"}", {0}, NULL, NULL, NULL, "duplicate key"},
            {"{}", {0}, NULL, NULL, NULL, "its members are: none"},
            {"VALUE", {0}, NULL, NULL, NULL, "invalid JSON: "},
            {"\"VALUE\"", {0}, NULL, NULL, NULL, "a string, expected a JSON object"},
            {"", {0}, NULL, NULL, NULL, "empty"},
        };
        for (size_t i = 0; i < LENGTH(t); i++)
                check_keys(&t[i]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(the_signature_is_botocores),
            cmocka_unit_test(the_body_says_which_version),
            cmocka_unit_test(answers_are_read),
            cmocka_unit_test(keys_are_found_by_their_usual_names),
            cmocka_unit_test(what_is_wrong_with_a_secret_is_said_without_values),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
