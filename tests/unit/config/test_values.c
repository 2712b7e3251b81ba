// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/values.h"

#include "sidecar/config/arn.h"
#include "sidecar/config/suggest.h"
#include "tests/unit/config/support.h"

static void test_endpoint(void **state)
{
        (void)state;
        static const struct {
                const char *url;
                enum values_url want;
        } t[] = {
            {"https://sts.us-east-1.amazonaws.com", VALUES_URL_GOOD},
            {"HTTPS://example.com:8443/base/path", VALUES_URL_GOOD},
            {"https://[2001:db8::1]:443/", VALUES_URL_GOOD},
            {"http://localhost:4566", VALUES_URL_GOOD},
            {"http://127.0.0.1:1/", VALUES_URL_GOOD},
            {"http://127.255.0.1", VALUES_URL_GOOD},
            {"http://169.254.170.23/v1", VALUES_URL_GOOD},
            {"http://[::1]:80", VALUES_URL_GOOD},
            {"http://[fe80::1]", VALUES_URL_GOOD},
            {"http://example.com", VALUES_URL_PLAIN},
            {"http://10.0.0.1", VALUES_URL_PLAIN},
            {"http://128.0.0.1", VALUES_URL_PLAIN},
            {"http://[2001:db8::1]", VALUES_URL_PLAIN},
            {"http://localhost.example.com", VALUES_URL_PLAIN},
            {"http://127.0.0.1.example.com", VALUES_URL_PLAIN},
            {"http://127.1", VALUES_URL_PLAIN},
            {"", VALUES_URL_BAD},
            {"https://", VALUES_URL_BAD},
            {"https:///path", VALUES_URL_BAD},
            {"ftp://example.com", VALUES_URL_BAD},
            {"sts.amazonaws.com", VALUES_URL_BAD},
            {"https://user@example.com", VALUES_URL_BAD},
            {"http://localhost@example.com", VALUES_URL_BAD},
            {"https://example.com?x=1", VALUES_URL_BAD},
            {"https://example.com/?x=1", VALUES_URL_BAD},
            {"https://example.com/#x", VALUES_URL_BAD},
            {"https://example.com/a b", VALUES_URL_BAD},
            {"https://example.com:", VALUES_URL_BAD},
            {"https://example.com:0", VALUES_URL_BAD},
            {"https://example.com:65536", VALUES_URL_BAD},
            {"https://example.com:+1", VALUES_URL_BAD},
            {"https://[::1", VALUES_URL_BAD},
            {"https://[::1]x", VALUES_URL_BAD},
            {"https://[]", VALUES_URL_BAD},
            {"https://[1.2.3.4]", VALUES_URL_BAD},
            {"https://exa\\mple.com", VALUES_URL_BAD},
        };
        for (size_t i = 0; i < ROWS(t); i++)
                if (values_check_endpoint(slice_str(t[i].url)) != t[i].want)
                        fail_msg("%s", t[i].url);
}

struct row {
        const char *text;
        bool want;
};

static void check_rows(const char *what, bool (*is_valid)(struct slice text), const struct row *rows, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (is_valid(slice_str(rows[i].text)) != rows[i].want)
                        fail_msg("%s: %s", what, rows[i].text);
}

static void test_arns(void **state)
{
        (void)state;
        static const struct row roles[] = {
            {"arn:aws:iam::111122223333:role/r", true},
            {"arn:aws-us-gov:iam::111122223333:role/a/b/Name_+=,.@-", true},
            {"arn:aws:iam::111122223333:role/", false},
            {"arn:aws:iam::111122223333:role/a/", false},
            {"arn:aws:iam::111122223333:role/a b", false},
            {"arn:aws:iam::111122223333:role/a b/r", false},
            {"arn:aws:iam::111122223333:role/a\x7f/r", false},
            {"arn:aws:iam::111122223333:role/a!~/r", true},
            {"arn:aws:iam::11112222333:role/r", false},
            {"arn:aws:iam:us-east-1:111122223333:role/r", false},
            {"arn:aws:iam::111122223333:user/r", false},
            {"arn:aws:sts::111122223333:assumed-role/r/s", false},
            {"arn:awsx:iam::111122223333:role/r", false},
            {"arn:aws-:iam::111122223333:role/r", false},
            {"arn::iam::111122223333:role/role", false},
            {"ARN:aws:iam::111122223333:role/r", false},
            {"arn:aws:iam::111122223333", false},
            {"role/r", false},
            {"", false},
        };
        static const struct row policies[] = {
            {"arn:aws:iam::aws:policy/ReadOnlyAccess", true},
            {"arn:aws:iam::111122223333:policy/p/q", true},
            {"arn:aws:iam::111122223333:role/p/q", false},
            {"arn:aws:iam::other:policy/ReadOnly", false},
        };
        static const struct row anchors[] = {
            {"arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/0-a", true},
            {"arn:aws:rolesanywhere::111122223333:trust-anchor/0-a", false},
            {"arn:aws:rolesanywhere:us-east-1:111122223333:profile/0-a", false},
            {"arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/", false},
            {"arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/a/b", false},
            {"arn:aws:rolesanywhere:-x:111122223333:trust-anchor/a", false},
        };
        check_rows("role", arn_is_role, roles, ROWS(roles));
        check_rows("policy", arn_is_policy, policies, ROWS(policies));
        check_rows("trust anchor", arn_is_trust_anchor, anchors, ROWS(anchors));
        assert_true(arn_is_roles_anywhere_profile(slice_str(ANYWHERE_ARN "profile/p")));
        assert_false(arn_is_roles_anywhere_profile(slice_str(ANYWHERE_ARN "trust-anchor/p")));
}

static void test_arn_lengths(void **state)
{
        (void)state;
        char arn[2100];
        const char head[] = "arn:aws:iam::111122223333:role/";
        memset(arn, 'a', sizeof(arn));
        memcpy(arn, head, sizeof(head) - 1);
        assert_true(arn_is_role(slice_of(arn, sizeof(head) - 1 + 64)));
        assert_false(arn_is_role(slice_of(arn, sizeof(head) - 1 + 65)));
        arn[2047 - 10] = '/';
        assert_true(arn_is_role(slice_of(arn, 2048)));
        assert_false(arn_is_role(slice_of(arn, 2049)));
}

static void test_texts(void **state)
{
        (void)state;
        static const struct row ids[] = {{"ab", true}, {"a:b/c", true}, {"a", false}, {"a b", false}, {"a\"b", false}};
        static const struct row keys[] = {{"a", true}, {"Team Name", true}, {"ü", true}, {"", false}, {"a*", false}};
        static const struct row tags[] = {{"", true}, {"a@b", true}, {"a,b", false}, {"a\tb", false}};
        static const struct row hosts[] = {
            {"bedrock-runtime.us-east-1.amazonaws.com", true},
            {"*.amazonaws.com", true},
            {"localhost:8080", true},
            {"*.x:1", true},
            {"", false},
            {"*.", false},
            {"*", false},
            {"a.*.b", false},
            {"https://a", false},
            {"a/b", false},
            {"a:0", false},
            {".a", false},
        };
        static const struct row secrets[] = {
            {"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", true},
            {"-----BEGIN PRIVATE KEY-----", true},
            {"a\nb", true},
            {"eyJhbGciOiJSUzI1NiJ9", true},
            {"IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQDexampleexampleexampleexampleexampleexampleex"
             "ampleexampleexampleexampleexampleexampleexampleexampleexampleexampleexampleexampleexampleexampleexamplee"
             "x+ample==",
             true}, // a session token
            {"key.pem", false},
            {"/a/path/that/is/long/but/has/a/name/with/a/dot/in/it/as/nearly/all/of/them/have/and/goes/on/and/on/for/"
             "more/than/two/hundred/characters/without/any/end/in/sight/until/there/is/one/after/all/at/last/key.pem",
             false},
            {"client/private-key", false},
        };
        check_rows("external id", values_is_external_id, ids, ROWS(ids));
        check_rows("tag key", values_is_tag_key, keys, ROWS(keys));
        check_rows("tag value", values_is_tag_value, tags, ROWS(tags));
        check_rows("host", values_is_host_pattern, hosts, ROWS(hosts));
        check_rows("secret", values_is_like_secret, secrets, ROWS(secrets));
        assert_int_equal(values_length(SLICE("aé€")), 3);
}

static void test_limits(void **state)
{
        (void)state;
        static char text[2000];
        memset(text, 'a', sizeof(text));
        assert_true(values_is_external_id(slice_of(text, 1224)));
        assert_false(values_is_external_id(slice_of(text, 1225)));
        assert_true(values_is_tag_key(slice_of(text, 128)));
        assert_false(values_is_tag_key(slice_of(text, 129)));
        assert_true(values_is_tag_value(slice_of(text, 256)));
        assert_false(values_is_tag_value(slice_of(text, 257)));
        assert_false(values_is_access_key_id(slice_of(text, 0)));
        assert_true(values_is_access_key_id(slice_of(text, 1)));
        assert_true(values_is_access_key_id(slice_of(text, 128)));
        assert_false(values_is_access_key_id(slice_of(text, 129)));
}

static void test_suggest(void **state)
{
        (void)state;
        static const char *const words[] = {"role_arn", "role_session_name", "external_id", "region", "policy", "tags"};
        static const struct {
                const char *word, *want;
        } t[] = {
            {"rolearn", "role_arn"},
            {"role-arn", "role_arn"},
            {"Role_ARN", "role_arn"},
            {"reigon", "region"},
            {"external_ids", "external_id"},
            {"tag", "tags"},
            {"xyzzy", NULL},
            {"", NULL},
            {"session_name", "role_session_name"},
            {"q", NULL},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                struct suggestion s = {.word = slice_str(t[i].word)};
                for (size_t j = 0; j < ROWS(words); j++)
                        suggest_consider(&s, words[j]);
                if (t[i].want ? !s.best || strcmp(s.best, t[i].want) != 0 : s.best != NULL)
                        fail_msg("%s: %s", t[i].word, s.best ? s.best : "nothing");
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_endpoint), cmocka_unit_test(test_arns),   cmocka_unit_test(test_arn_lengths),
            cmocka_unit_test(test_texts),    cmocka_unit_test(test_limits), cmocka_unit_test(test_suggest),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
