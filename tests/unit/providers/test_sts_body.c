// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/sts_body.h"

#include "proto/wire/credentials.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/form.h"
#include "sidecar/signing/sigv4.h"
#include "tests/unit/unit.h"

static void assert_text(const char *name, const struct buffer *got, const char *want)
{
        if (!slice_eq(buffer_slice(got), slice_str(want)))
                fail_msg("%s:\n got  %.*s\n want %s", name, (int)got->n, (const char *)got->p, want);
}

static void form_values(void **state)
{
        (void)state;
        static const struct {
                const char *value, *want;
        } t[] = {
            {"plain-._~09AZaz", "N=plain-._~09AZaz"},
            {"a b", "N=a+b"},
            {" a  b ", "N=+a++b+"},
            {"a+b&c=d", "N=a%2Bb%26c%3Dd"},
            {"\xc3\xa9\n%", "N=%C3%A9%0A%25"},
            {"", "N="},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct buffer b;
                buffer_init(&b, 256);
                form_put(&b, "N", slice_str(t[i].value));
                assert_text(t[i].value, &b, t[i].want);
                buffer_free(&b);
        }
}

static void form_lists_and_absence(void **state)
{
        (void)state;
        struct buffer b;
        buffer_init(&b, 256);
        form_put_optional(&b, "Absent", NULL);
        form_put_optional(&b, "Empty", "");
        form_put_i64(&b, "D", 900);
        form_put_member(&b, "Tags", 1, ".Key", SLICE("a b"));
        form_put_member(&b, "K", 12, "", SLICE("x"));
        assert_text("lists", &b, "D=900&Tags.member.1.Key=a+b&K.member.12=x");
        buffer_free(&b);
}

static void form_failure_is_sticky(void **state)
{
        (void)state;
        struct buffer b;
        struct error e = {0};
        char arn[] = "arn:aws:iam::123456789012:role/Demo";
        const struct role_settings role = {.role_arn = arn};
        for (size_t max = 0; max < 60; max++) {
                buffer_init(&b, max);
                assert_int_equal(sts_body_assume_role(&role, &b, &e), -1);
                assert_int_equal(e.kind, ERROR_INTERNAL);
                buffer_free(&b);
        }
}

// All parameters, and the signature over them, as published for these keys and this clock.
static void assume_role_with_everything(void **state)
{
        (void)state;
        char arn[] = "arn:aws:iam::123456789012:role/Demo Role";
        char session[] = "sess@x";
        char external[] = "a:b/c";
        char policy[] = "{\"Version\":\"2012-10-17\"}";
        char *policy_arns[] = {(char[]){"arn:aws:iam::aws:policy/ReadOnlyAccess"}};
        struct name_value tags[] = {{(char[]){"Team"}, (char[]){"AI & ML"}}, {(char[]){"Cost"}, (char[]){"1"}}};
        char *transitive[] = {(char[]){"Team"}};
        char source[] = "alice";
        const struct role_settings role = {.role_arn = arn,
                                           .role_session_name = session,
                                           .external_id = external,
                                           .duration_seconds = 3600,
                                           .policy = policy,
                                           .policy_arns = policy_arns,
                                           .policy_arns_count = 1,
                                           .tags = tags,
                                           .tags_count = 2,
                                           .transitive_tag_keys = transitive,
                                           .transitive_tag_keys_count = 1,
                                           .source_identity = source};
        struct buffer body;
        struct error e;
        buffer_init(&body, 4096);
        assert_int_equal(sts_body_assume_role(&role, &body, &e), 0);
        form_put(&body, "SerialNumber", SLICE("arn:aws:iam::123456789012:mfa/alice"));
        form_put(&body, "TokenCode", SLICE("123456"));
        assert_text("all", &body,
                    "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2FDemo+Role"
                    "&RoleSessionName=sess%40x&ExternalId=a%3Ab%2Fc&DurationSeconds=3600&Policy=%7B%22Version%22%3A%22"
                    "2012-10-17%22%7D&PolicyArns.member.1.arn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FReadOnlyAccess&"
                    "Tags.member.1.Key=Team&Tags.member.1.Value=AI+%26+ML&Tags.member.2.Key=Cost&Tags.member.2.Value=1"
                    "&TransitiveTagKeys.member.1=Team&SourceIdentity=alice&SerialNumber=arn%3Aaws%3Aiam%3A%3A"
                    "123456789012%3Amfa%2Falice&TokenCode=123456");
        assert_int_equal(body.n, 514);

        struct signer *signer = signer_new();
        assert_non_null(signer);
        const struct credentials keys = {.access_key_id = SLICE("AKIDEXAMPLE"),
                                         .secret_access_key = SLICE("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                                         .expires_s = CREDENTIALS_NEVER_EXPIRE};
        struct credentials *c = credentials_new(&keys);
        assert_non_null(c);
        char hash[64];
        assert_int_equal(sigv4_payload_hash(signer, buffer_slice(&body), hash, &e), 0);
        const struct header header = {SLICE("content-type"), SLICE(STS_CONTENT_TYPE)};
        const struct sigv4_request request = {.method = SLICE("POST"),
                                              .url = SLICE("https://sts.us-east-1.amazonaws.com/"),
                                              .headers = &header,
                                              .headers_count = 1,
                                              .payload_hash = slice_of(hash, 64),
                                              .service = SLICE("sts"),
                                              .region = SLICE("us-east-1"),
                                              .time_s = 1788264000};
        struct buffer out;
        struct sigv4_result result;
        buffer_init(&out, LIMIT_SIGN_CANONICAL);
        assert_int_equal(sigv4_sign(signer, &request, c, &out, &result, &e), 0);
        assert_true(slice_ends_with(
            result.authorization, SLICE("Signature=4210a3846b19e89423129a97101e903408df88eeef6f70cdb0801c9fb60b7b0b")));
        assert_true(slice_eq(result.signed_headers, SLICE("content-type;host;x-amz-date")));
        buffer_free(&out);
        credentials_unref(c);
        signer_free(signer);
        buffer_free(&body);
}

static void assume_role_sends_nothing_else(void **state)
{
        (void)state;
        char arn[] = "arn:aws:iam::123456789012:role/Demo";
        char session[] = "s1";
        const struct role_settings role = {.role_arn = arn, .role_session_name = session};
        struct buffer body;
        buffer_init(&body, 4096);
        assert_int_equal(sts_body_assume_role(&role, &body, NULL), 0);
        assert_text("minimal", &body,
                    "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2FDemo"
                    "&RoleSessionName=s1");
        buffer_free(&body);
}

static void web_identity_body(void **state)
{
        (void)state;
        char arn[] = "arn:aws:iam::123456789012:role/Demo";
        char session[] = "s1";
        char external[] = "not sent: the operation has no such parameter";
        struct role_settings role = {.role_arn = arn, .role_session_name = session, .external_id = external};
        struct buffer body;
        buffer_init(&body, 4096);
        assert_int_equal(sts_body_web_identity(&role, SLICE("aaa.bbb.ccc"), &body, NULL), 0);
        assert_text("web identity", &body,
                    "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3A"
                    "role%2FDemo&RoleSessionName=s1&WebIdentityToken=aaa.bbb.ccc");
        assert_int_equal(body.n, 155);
        buffer_reset(&body);
        role.duration_seconds = 900;
        assert_int_equal(sts_body_web_identity(&role, SLICE("t"), &body, NULL), 0);
        assert_true(slice_ends_with(buffer_slice(&body), SLICE("&WebIdentityToken=t&DurationSeconds=900")));
        buffer_free(&body);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(form_values),
            cmocka_unit_test(form_lists_and_absence),
            cmocka_unit_test(form_failure_is_sticky),
            cmocka_unit_test(assume_role_with_everything),
            cmocka_unit_test(assume_role_sends_nothing_else),
            cmocka_unit_test(web_identity_body),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
