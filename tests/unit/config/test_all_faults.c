// SPDX-License-Identifier: Apache-2.0
// One reading finds all that is wrong, each with its place, and nothing that only follows from it.
#include "sidecar/config/faults.h"
#include "tests/unit/config/support.h"

enum { WANTED_MAX = 8 };

static void parse_faults(const char *text, struct faults *faults, struct error *e)
{
        char region[] = "AWS_REGION=us-east-1";
        char *environment[] = {region, NULL};
        struct settings *s = NULL;
        *faults = (struct faults){.count = 0};
        struct settings_source source = {.file = "/etc/keyfob/config.json",
                                         .directory = "/etc/keyfob",
                                         .working_directory = "/base",
                                         .host_name = "host-1",
                                         .faults = faults,
                                         .lookup = lookup_fixed};
        assert_int_equal(parse_from(&source, text, environment, &s, e), -1);
        assert_null(s);
}

static void finds_all(void **state)
{
        static const struct {
                const char *text, *wanted[WANTED_MAX];
        } rows[] = {
            // keys and values, of one object and of several
            {"{\"region\": 5, \"profils\": 1, \"upstream\": {\"burst\": 0, \"rate\": 1},"
             "\"profiles\": {\"a\": {" KEYS_BODY ", \"regio\": \"x\", \"session_token\": 7}}}",
             {"1:12: region: found 5", "profils: found an unknown key", "upstream.burst: found 0", "upstream.rate",
              "profiles.a.regio: found an unknown key", "profiles.a.session_token: found"}},
            {"{\"profiles\": {\"a\": {\"type\": \"logn\"}, \"b\": {}, \"c\": 1, \"d\": {\"type\": \"static\"}}}",
             {"profiles.a.type: found \"logn\"", "profiles.b: found no \"type\"", "profiles.c: found 1",
              "profiles.d: found neither \"access_key_id\" nor", "profiles.d: found neither \"secret_access_key\""}},
            // duplicate keys, with what is wrong with the first of them
            {"{\"region\": \"a_\", \"region\": \"us-east-1\", \"profiles\": {\"a\": {" KEYS_BODY ", \"type\": 1},"
             "\"a\": {}, \"a\": {}}}",
             {"1:18: region: found a duplicate key \"region\"", "profiles.a: found a duplicate key \"a\"",
              "profiles.a: found a duplicate key \"a\"", "profiles.a.type: found a duplicate key \"type\"",
              "1:12: region: found \"a_\""}},
            // lists
            {"{\"listeners\": [{\"unix\": \"/a\", \"mode\": \"8\"}, {\"unix\": \"/a\"}, {}, {\"unix\": 1}],"
             "\"profiles\": {\"a\": {" KEYS_BODY ", \"allow\": [{\"uids\": [-1, \"nobody-here\"]}, {\"scopes\": "
             "[\"x\", \"sign\", \"y\"]}]}}}",
             {"listeners[0].mode", "listeners[1].unix: found \"/a\", which listeners[0]", "listeners[2]: found neither",
              "listeners[3].unix: found 1", "allow[0].uids[0]", "allow[0].uids[1]", "allow[1].scopes[0]",
              "allow[1].scopes[2]"}},
            {"{\"profiles\": {\"a\": {" WEB_BODY
             ", \"policy_arns\": [\"x\", \"y\"]}, \"b\": {" CHAIN_BODY("a") ", \"tags\": {\"k\": 1, \"l\": 2}}}}",
             {"a.policy_arns[0]", "a.policy_arns[1]", "b.tags.k", "b.tags.l"}},
            // between profiles, and what holds within each
            {"{\"profiles\": {\"a\": {" CHAIN_BODY("b") "}, \"b\": {" CHAIN_BODY("a") "}, \"c\": {" CHAIN_BODY(
                 "x") "},"
                      "\"d\": {" CHAIN_BODY("y") ", \"duration_seconds\": 900, \"refresh_before_seconds\": 900},"
                                                 "\"e\": {" CHAIN_BODY("e") "}}}",
             {"c.source_profile: found \"x\"", "d.source_profile: found \"y\"", "found a circle of source profiles",
              "e.source_profile: found a circle", "d.refresh_before_seconds: found 900"}},
            {"{\"profiles\": {\"a\": {" KEYS_BODY
             "}, \"b\": {" CHAIN_BODY("a") ", \"transitive_tag_keys\": [\"t\"], \"refresh_before_seconds\": 3600, "
                                           "\"policy_arns\": [\"arn:aws:iam::999922223333:policy/p\"]}}}",
             {"b.refresh_before_seconds", "b.transitive_tag_keys", "b.policy_arns"}},
            // names
            {"{\"profiles\": {\"a/b\": {" KEYS_BODY "}, \"c/d\": {\"type\": 1}, \"e\": {" CHAIN_BODY("a/b") "}}}",
             {"profiles[\"a/b\"]: found", "profiles[\"c/d\"]: found", "profiles[\"c/d\"].type"}},
            // commands that lead back
            {"{\"profiles\": {\"a\": {\"type\": \"process\", \"credential_process\": \"keyfob credential-process a\"},"
             "\"b\": {\"type\": \"process\", \"credential_process\": \"keyfob credential-process b\"},"
             "\"c\": {\"type\": \"process\", \"credential_process\": \"echo '\"}}}",
             {"profiles.c.credential_process", "profiles.a.credential_process", "profiles.b.credential_process"}},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct faults faults;
                struct error e;
                size_t count = 0;
                parse_faults(rows[i].text, &faults, &e);
                while (count < WANTED_MAX && rows[i].wanted[count])
                        count++;
                for (size_t k = 0; k < faults.count && k < FAULTS_KEPT; k++)
                        if (k >= count || !strstr(faults.list[k].message, rows[i].wanted[k]) || !faults.list[k].hint[0])
                                fail_msg("row %zu, fault %zu: %s\nhint: %s\nwants: %s", i, k, faults.list[k].message,
                                         faults.list[k].hint, k < count ? rows[i].wanted[k] : "no more");
                assert_int_equal(faults.count, count);
                assert_string_equal(e.message, faults.list[0].message);
                assert_string_equal(e.hint, faults.list[0].hint);
        }
}

static void counts_those_that_it_does_not_keep(void **state)
{
        static char text[8192] = "{\"profiles\": {";
        struct faults faults;
        struct error e;
        (void)state;
        for (int i = 0; i < 50; i++) {
                size_t n = strlen(text);
                (void)snprintf(text + n, sizeof(text) - n, "%s\"p%d\": {}", i ? "," : "", i);
        }
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "}}");
        parse_faults(text, &faults, &e);
        assert_int_equal(faults.count, 50);
        assert_non_null(strstr(faults.list[FAULTS_KEPT - 1].message, "profiles.p19"));
}

// What is not JSON has no second fault.
static void ends_where_the_form_is_wrong(void **state)
{
        struct faults faults;
        struct error e;
        (void)state;
        parse_faults("{\"region\": 1, \"profiles\": }", &faults, &e);
        assert_int_equal(faults.count, 1);
        assert_non_null(strstr(e.message, "found invalid JSON"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(finds_all),
            cmocka_unit_test(counts_those_that_it_does_not_keep),
            cmocka_unit_test(ends_where_the_form_is_wrong),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
