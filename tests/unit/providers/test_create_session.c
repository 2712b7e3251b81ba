// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/create_session.h"

#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/signing/sigv4.h"
#include "tests/unit/unit.h"

#define USER "\"assumedRoleUser\":{\"arn\":\"arn:aws:sts::111122223333:assumed-role/gw/1\",\"assumedRoleId\":\"A:1\"}"
#define KEYS                                                                                                           \
        "\"accessKeyId\":\"ASIAEXAMPLE\",\"secretAccessKey\":\"secret\\/+=\",\"sessionToken\":\"token\\u002f/+==\","   \
        "\"expiration\":\"2026-09-01T13:00:00Z\""
#define WRAP(set) "{\"credentialSet\":[{" set "}],\"subjectArn\":\"arn:aws:rolesanywhere:us-east-1:1:subject/x\"}"

static const char whole[] = WRAP(USER ",\"credentials\":{" KEYS "},\"packedPolicySize\":10,\"roleArn\":\"r\"");

struct outcome {
        struct buffer scratch;
        struct answer answer;
        struct error e;
        int r;
};

static void read_bytes(struct slice json, struct outcome *o)
{
        *o = (struct outcome){.r = 0};
        buffer_init(&o->scratch, LIMIT_UPSTREAM_BODY);
        o->r = create_session_read(json, &o->scratch, &o->answer, &o->e);
}

static char arn_anchor[] =
    "arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/0a1b2c3d-1111-2222-3333-444455556666";
static char arn_profile[] = "arn:aws:rolesanywhere:us-east-1:111122223333:profile/0a1b2c3d-7777-8888-9999-aaaabbbbcccc";
static char arn_role[] = "arn:aws:iam::111122223333:role/gw/Bedrock-Role";

static void body_matches_the_vector(void **state)
{
        (void)state;
        const struct profile profile = {
            .role = {.role_arn = arn_role, .duration_seconds = 3600},
            .roles_anywhere = {.trust_anchor_arn = arn_anchor, .profile_arn = arn_profile},
        };
        struct buffer body;
        struct error e;
        buffer_init(&body, 4096);
        assert_int_equal(create_session_body(&profile, &body, &e), 0);
        struct signer *signer = signer_new();
        assert_non_null(signer);
        char hash[65] = "";
        assert_int_equal(sigv4_payload_hash(signer, buffer_slice(&body), hash, &e), 0);
        assert_string_equal(hash, "4fe3d63cf91ca573e39aca03d914a822c20f3d543197232cfaf4abeea85316b0");
        signer_free(signer);
        buffer_free(&body);
}

static void body_holds_what_is_configured(void **state)
{
        (void)state;
        char anchor[] = "ta";
        char profile_arn[] = "p";
        char role[] = "r";
        char session[] = "gw-1";
        struct name_value properties[] = {{(char[]){"k\"1"}, (char[]){"v\\1"}}, {(char[]){"k2"}, (char[]){""}}};
        struct profile profile = {
            .role = {.role_arn = role},
            .roles_anywhere = {.trust_anchor_arn = anchor, .profile_arn = profile_arn},
        };
        struct buffer body;
        buffer_init(&body, 4096);
        assert_int_equal(create_session_body(&profile, &body, NULL), 0);
        assert_true(
            slice_eq(buffer_slice(&body), SLICE("{\"profileArn\":\"p\",\"roleArn\":\"r\",\"trustAnchorArn\":\"ta\"}")));
        profile.role.role_session_name = session;
        profile.role.duration_seconds = 900;
        profile.roles_anywhere.instance_properties = properties;
        profile.roles_anywhere.instance_properties_count = 2;
        buffer_reset(&body);
        assert_int_equal(create_session_body(&profile, &body, NULL), 0);
        assert_true(slice_eq(buffer_slice(&body),
                             SLICE("{\"durationSeconds\":900,\"instanceProperties\":{\"k\\\"1\":\"v\\\\1\",\"k2\":\"\"}"
                                   ",\"profileArn\":\"p\",\"roleArn\":\"r\",\"roleSessionName\":\"gw-1\","
                                   "\"trustAnchorArn\":\"ta\"}")));
        buffer_free(&body);
        struct error e = {0};
        buffer_init(&body, 20);
        assert_int_equal(create_session_body(&profile, &body, &e), -1);
        assert_int_equal(e.kind, ERROR_INTERNAL);
        buffer_free(&body);
}

static void reads_a_session(void **state)
{
        (void)state;
        static const char *const t[] = {
            whole,
            WRAP("\"new\":{\"a\":[1,null,{\"b\":false}]},\"credentials\":{\"x\":1," KEYS "}," USER),
            " \n" WRAP(USER ",\n \"credentials\" : { " KEYS " }\n") "\n",
            "{\"credentialSet\":[{" USER ",\"credentials\":{" KEYS "}},{\"credentials\":{\"accessKeyId\":\"B\"}}]}",
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct outcome o;
                read_bytes(slice_str(t[i]), &o);
                if (o.r != 0)
                        fail_msg("%s: %s", t[i], o.e.message);
                assert_true(slice_eq(o.answer.access_key_id, SLICE("ASIAEXAMPLE")));
                assert_true(slice_eq(o.answer.secret_access_key, SLICE("secret/+=")));
                assert_true(slice_eq(o.answer.session_token, SLICE("token//+==")));
                assert_true(slice_eq(o.answer.expiration, SLICE("2026-09-01T13:00:00Z")));
                assert_true(slice_eq(o.answer.assumed_role_arn, SLICE("arn:aws:sts::111122223333:assumed-role/gw/1")));
                buffer_free(&o.scratch);
        }
}

static void reads_an_error(void **state)
{
        (void)state;
        static const struct {
                const char *json, *code, *message;
        } t[] = {
            {"{\"message\":\"Untrusted signing certificate\"}", "", "Untrusted signing certificate"},
            {"{\"code\":\"X\",\"Message\":\"m\"}", "X", "m"},
            {"{\"__type\":\"com.amazonaws.x#ValidationException:http://y/\",\"message\":\"m\"}", "ValidationException",
             "m"},
            {"{\"code\":null,\"__type\":\"B\",\"message\":7,\"Message\":\"z\"}", "B", "z"},
            {"{}", "", ""},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct outcome o;
                read_bytes(slice_str(t[i].json), &o);
                assert_int_equal(o.r, 0);
                assert_true(slice_eq(o.answer.code, slice_str(t[i].code)));
                assert_true(slice_eq(o.answer.message, slice_str(t[i].message)));
                assert_true(slice_is_empty(o.answer.access_key_id));
                buffer_free(&o.scratch);
        }
}

static void refuses(void **state)
{
        (void)state;
        static const struct {
                const char *json, *what;
        } t[] = {
            {"", "empty"},
            {"<html/>", "invalid JSON: "},
            {"{\"credentialSet\":[]}{}", "invalid JSON: "},
            {"[]", "an array, expected a JSON object"},
            {"\"text\"", "a string, expected a JSON object"},
            {WRAP("\"credentials\":{\"accessKeyId\":1}"), "credentialSet.credentials.accessKeyId is not a string"},
            {WRAP("\"credentials\":{" KEYS ",\"accessKeyId\":\"B\"}"), "duplicate key"},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct outcome o;
                read_bytes(slice_str(t[i].json), &o);
                if (o.r != -1 || !strstr(o.e.message, t[i].what))
                        fail_msg("%s: %d, %s", t[i].json, o.r, o.e.message);
                buffer_free(&o.scratch);
        }
}

// Members that are absent stay empty: the judge of answers refuses them.
static void absent_members_are_empty(void **state)
{
        (void)state;
        static const char *const t[] = {WRAP(""),
                                        WRAP("\"credentials\":{}"),
                                        WRAP("\"credentials\":null"),
                                        WRAP("\"credentials\":{\"accessKeyId\":\"\"}"),
                                        "{\"credentialSet\":[3]}",
                                        "{\"credentialSet\":[]}",
                                        "{\"credentialSet\":{}}",
                                        "{\"credentialSet\":null}"};
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct outcome o;
                read_bytes(slice_str(t[i]), &o);
                assert_int_equal(o.r, 0);
                assert_true(slice_is_empty(o.answer.access_key_id));
                assert_true(slice_is_empty(o.answer.session_token));
                buffer_free(&o.scratch);
        }
}

static void cut_short_is_never_an_answer(void **state)
{
        (void)state;
        for (size_t cut = 0; cut < sizeof(whole) - 1; cut++) {
                struct outcome o;
                read_bytes(slice_of(whole, cut), &o);
                if (o.r != -1)
                        fail_msg("cut at %zu", cut);
                buffer_free(&o.scratch);
        }
}

static void codes_are_cleaned(void **state)
{
        (void)state;
        static const struct {
                const char *type, *want;
        } t[] = {
            {"AccessDeniedException", "AccessDeniedException"},
            {"AccessDeniedException:http://internal.amazon.com/coral/", "AccessDeniedException"},
            {"aws.x#ValidationException", "ValidationException"},
            {"aws.x#ValidationException:http://y#z", "ValidationException"},
            {" A ", "A"},
            {"", ""},
            {":", ""},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct slice got = answer_code(slice_str(t[i].type));
                if (!slice_eq(got, slice_str(t[i].want)))
                        fail_msg("%s", t[i].type);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(body_matches_the_vector),
            cmocka_unit_test(body_holds_what_is_configured),
            cmocka_unit_test(reads_a_session),
            cmocka_unit_test(reads_an_error),
            cmocka_unit_test(refuses),
            cmocka_unit_test(absent_members_are_empty),
            cmocka_unit_test(cut_short_is_never_an_answer),
            cmocka_unit_test(codes_are_cleaned),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
