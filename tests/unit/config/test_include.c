// SPDX-License-Identifier: Apache-2.0
// "include": which files it means, what may be in them, and where their faults are said to be.
#include <stdio.h>

#include "proto/mem/buffer.h"
#include "proto/wire/limits.h"
#include "tests/unit/config/place.h"

#define CHAINED(name) "\"" name "\": {" CHAIN_BODY("base") "}"
#define BASE "\"base\": {" KEYS_BODY "}"

static int enter(void **state)
{
        assert_int_equal(place_enter(state), 0);
        assert_int_equal(mkdir("t[1].d", 0700) | mkdir("empty.d", 0700), 0);
        return 0;
}

static int load(const char *text, struct settings **ret, struct error *e)
{
        char region[] = "AWS_REGION=us-east-1";
        char *environment[] = {region, NULL};
        struct env env;
        env_init(&env, environment);
        const struct settings_input input = {.config_path = "config.json", .env = &env, .host_name = "h"};
        write_file("config.json", text);
        *e = (struct error){.kind = ERROR_NONE};
        return settings_load(&input, ret, e);
}

static void test_what_is_included(void **state)
{
        (void)state;
        static const struct {
                const char *patterns, *names; // of the profiles, in their order
        } t[] = {
            {"\"t[1].d/a.json\"", NULL}, // "[1]" is a pattern, of a directory
            {"\"d/*.json\"", "base a b1 b2"},
            {"\"d/a.json\"", "base a"},
            {"\"d/a.json\", \"./d/../d/b.json\"", "base b1 b2 a"},
            {"\"d/*.json\", \"d/a.json\"", "base a b1 b2"}, // once
            {"\"d/[a]*\"", "base a"},
            {"\"d/?.json\"", "base a b1 b2"},
            {"\"d/.*.json\"", "base hidden"},
            {"\"d/*.none\"", "base"},
            {"\"empty.d/*\"", "base"},
        };
        assert_int_equal(mkdir("d", 0700), 0);
        write_file("d/b.json", "{\"profiles\": {" CHAINED("a") "}}");
        assert_int_equal(rename("d/b.json", "d/a.json"), 0);
        write_file("d/b.json", "{\"$schema\": \"x\", \"profiles\": {" CHAINED("b1") "," CHAINED("b2") "}}");
        write_file("d/.hidden.json", "{\"profiles\": {" CHAINED("hidden") "}}");
        write_file("d/notes.txt", "not JSON");
        for (size_t i = 0; i < ROWS(t); i++) {
                char text[512], names[256] = "";
                struct settings *s = NULL;
                struct error e;
                // "include" may come before what is in this file
                (void)snprintf(text, sizeof(text), "{\"include\": [%s], \"profiles\": {" BASE "}}", t[i].patterns);
                if (load(text, &s, &e) < 0) {
                        if (t[i].names)
                                fail_msg("row %zu: %s", i, e.message);
                        continue;
                }
                assert_non_null(t[i].names);
                size_t known = 0;
                for (size_t at = 0; at < s->profiles_count; at++) {
                        size_t n = strlen(names);
                        (void)snprintf(names + n, sizeof(names) - n, "%s%s", at ? " " : "", s->profiles[at].name);
                        known += settings_find(s, s->profiles[at].name) == &s->profiles[at];
                }
                assert_int_equal(known, s->profiles_count);
                assert_string_equal(names, t[i].names);
                settings_release(s);
        }
}

// The directory of the configuration file is no pattern, whatever is in its name.
static void test_order_and_paths(void **state)
{
        const struct place *place = *state;
        struct settings *s = NULL;
        struct error e;
        char want[256];
        assert_int_equal(chdir("t[1].d"), 0);
        assert_int_equal(mkdir("sub", 0700), 0);
        write_file("sub/2.json", "{\"profiles\": {\"two\": {" WEB_BODY "}}}");
        write_file("sub/1.json", "{\"profiles\": {\"one\": {\"type\": \"web_identity\", " ROLE
                                 ", \"web_identity_token_file\": \"token\"}}}");
        // the only profiles there are, with the top level's region for them
        if (load("{\"region\": \"eu-west-3\", \"include\": [{\"path\": \"sub/*.json\", "
                 "\"allow_directories\": [\"/\"]}]}",
                 &s, &e) < 0)
                fail_msg("%s", e.message);
        assert_int_equal(s->profiles_count, 2);
        assert_string_equal(s->profiles[0].name, "one");
        assert_string_equal(s->profiles[0].region, "eu-west-3");
        (void)snprintf(want, sizeof(want), "%s/t[1].d/sub/token", place->root.path);
        assert_string_equal(s->profiles[0].web_identity_token_file, want);
        settings_release(s);
        assert_int_equal(chdir(".."), 0);
}

static void test_faults(void **state)
{
        (void)state;
        static const struct {
                const char *include, *file, *fault, *hint; // what is in d/x.json, beside a good d/a.json
        } t[] = {
            {"[\"d/*\"]", "{\"profiles\": {\"x\": {\"type\": \"static\"}}}",
             "/d/x.json:1:20: profiles.x: found neither", ""},
            {"[\"d/*\"]",
             "{\"profiles\":\n {\"x\": {\"type\": \"assume_role\", " ROLE ", \"source_profile\": \"bas\"}}}",
             "/d/x.json:2:98: profiles.x.source_profile: found \"bas\", expected the name of a profile",
             "did you mean \"base\"?"},
            {"[\"d/*\"]", "{\"profiles\":\n {\"a\": {" KEYS_BODY "}}}",
             "/d/x.json:2:8: profiles.a: found a second profile of this name, expected one: the other is in "
             "/tmp/keyfob",
             "rename or remove"},
            {"[\"d/*\"]", "{\"profiles\": {\"x\": {" CHAIN_BODY("x") "}}}",
             "/d/x.json:1:110: profiles.x.source_profile: found a circle of source profiles (x -> x)", ""},
            {"[\"d/*\"]", "{\"profiles\": {\"x\": {" CHAIN_BODY("a") ", \"duration_seconds\": 7200}}}",
             "/d/x.json:1:135: profiles.x.duration_seconds: found 7200, expected at most 3600", ""},
            {"[\"d/*\"]", "{\"profiles\": {\"x\": {" CHAIN_BODY("base") ", \"region\": \"fips-us-east-1\"}}}",
             "/d/x.json:1:128: profiles.x.region: found \"fips-us-east-1\"", ""},
            {"[\"d/*\"]", "{\"profiles\": {\"x\": 1}}", "/d/x.json:1:20: profiles.x: found 1", ""},
            {"[\"d/*\"]", "{\"profiles\": {}}", "/d/x.json:1:14: profiles: found no profile", ""},
            {"[\"d/*\"]", "{}", "/d/x.json:1:1: found no \"profiles\", which an included file needs",
             "add \"profiles\""},
            {"[\"d/*\"]", "{\"profiles\": ", "/d/x.json:1:1", "no comments"},
            {"[\"d/*\"]", "", "/d/x.json:1:1: found invalid JSON", ""},
            {"[\"d/*\"]", "{\"include\": [\"y\"], \"profiles\": {" CHAINED("x") "}}",
             "/d/x.json:1:2: include: found an unknown key \"include\" in an included file",
             "llowed: $schema, profiles"},
            {"[\"d/*\"]", "{\"region\": \"us-east-1\"}", "/d/x.json:1:2: region: found an unknown key \"region\"", ""},
            {"[\"d/none.json\"]", NULL, "/d/none.json: does not exist", "create it"},
            {"[\"none.d/*.json\"]", NULL, "config.json:1:14: include[0]: found the directory \"", "create it"},
            {"[\"d\"]", NULL, "/d: is a directory", ""},
            {"[\"*/x.json\"]", NULL, "config.json:1:14: include[0]: found a wildcard in the name of a directory",
             "each"},
            {"[\"*.json\"]", NULL, "config.json:1:2: include: found an unknown key \"include\"",
             ""}, // it is one of them
            {"\"d/*\"", NULL, "config.json:1:13: include: found \"d/*\", expected an array of files", ""},
            {"[]", NULL, "config.json:1:13: include: found 0 patterns, expected 1 to 64", ""},
            {"[\"d/*\", 7]", NULL, "config.json:1:21: include[1]: found 7", ""},
            {"[\"\"]", NULL, "config.json:1:14: include[0]: found \"\"", ""},
        };
        assert_int_equal(mkdir("d", 0700), 0);
        write_file("d/a.json", "{\"profiles\": {" CHAINED("a") "}}");
        for (size_t i = 0; i < ROWS(t); i++) {
                char text[512];
                struct settings *s = NULL;
                struct error e;
                if (t[i].file)
                        write_file("d/x.json", t[i].file);
                else
                        (void)unlink("d/x.json");
                (void)snprintf(text, sizeof(text), "{\"include\": %s, \"profiles\": {" BASE "}}", t[i].include);
                if (load(text, &s, &e) == 0)
                        fail_msg("row %zu is good", i);
                if (!strstr(e.message, t[i].fault) || !strstr(e.hint, t[i].hint) || e.kind != ERROR_CONFIG)
                        fail_msg("row %zu: %s (%s)\nwants %s (%s)", i, e.message, e.hint, t[i].fault, t[i].hint);
                assert_null(s);
        }
}

static void test_both_files_are_named(void **state)
{
        const struct place *place = *state;
        struct settings *s = NULL;
        struct error e;
        char want[256];
        write_file("empty.d/1.json", "{\n\n\"profiles\": {" CHAINED("a") "}}");
        write_file("empty.d/2.json", "{\"profiles\": {" CHAINED("b") "," CHAINED("a") "}}");
        assert_int_equal(load("{\"profiles\": {" BASE "}, \"include\": [\"empty.d/*.json\"]}", &s, &e), -1);
        (void)snprintf(want, sizeof(want), "%s/empty.d/2.json:1:", place->root.path);
        assert_ptr_equal(strstr(e.message, want), e.message);
        (void)snprintf(want, sizeof(want), "the other is in %s/empty.d/1.json:3", place->root.path);
        assert_non_null(strstr(e.message, want));
        // one of the main file, and nothing at all
        write_file("empty.d/2.json", "{\"profiles\": {" CHAINED("base") "}}");
        assert_int_equal(load("{\"profiles\": {" BASE "}, \"include\": [\"empty.d/*.json\"]}", &s, &e), -1);
        assert_non_null(strstr(e.message, "/empty.d/2.json:1:23: profiles.base: found a second profile"));
        assert_non_null(strstr(e.message, "/config.json:1"));
        assert_int_equal(load("{\"include\": [\"empty.d/*.none\"]}", &s, &e), -1);
        assert_non_null(
            strstr(e.message, "/config.json:1:13: include: found no file that this matches, and no \"profiles\""));
        assert_int_equal(load("{\"region\": \"us-east-1\"}", &s, &e), -1);
        assert_non_null(strstr(e.message, "found no \"profiles\", which the file needs"));
        assert_null(s);
}

static void test_bounds(void **state)
{
        (void)state;
        struct settings *s = NULL;
        struct error e;
        struct buffer text;
        buffer_init(&text, LIMIT_CONFIG_FILE);
        (void)buffer_put_str(&text, "{\"include\": [\"f\"");
        for (unsigned i = 0; i < LIMIT_INCLUDE_PATTERNS_N; i++)
                (void)buffer_put_str(&text, ", \"f\"");
        (void)buffer_put_str(&text, "]}");
        assert_int_equal(load(buffer_c_str(&text), &s, &e), -1);
        assert_non_null(strstr(e.message, "include: found 65 patterns, expected 1 to 64"));

        // five files that are good each, but for their sizes together
        for (unsigned i = 0; i < 5; i++) {
                char name[32];
                buffer_reset(&text);
                (void)snprintf(name, sizeof(name), "empty.d/%u.json", i);
                (void)buffer_printf(&text, "{\"profiles\": {\"p%u\": {" KEYS_BODY "}}", i);
                for (size_t n = text.n; n + 1 < LIMIT_INCLUDE_TOTAL / 5 + 1; n++)
                        (void)buffer_put_byte(&text, ' ');
                (void)buffer_put_byte(&text, '}');
                write_file(name, buffer_c_str(&text));
        }
        assert_int_equal(load("{\"include\": [\"empty.d/*.json\"]}", &s, &e), -1);
        assert_non_null(strstr(e.message, "empty.d/4.json: found more than 67108864 bytes in all included files"));
        assert_int_equal(truncate("empty.d/2.json", LIMIT_CONFIG_FILE + 1), 0);
        assert_int_equal(load("{\"include\": [\"empty.d/*.json\"]}", &s, &e), -1);
        assert_non_null(strstr(e.message, "included file "));
        assert_non_null(strstr(e.message, "is larger than"));
        buffer_free(&text);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(test_what_is_included, enter, place_leave),
            cmocka_unit_test_setup_teardown(test_order_and_paths, enter, place_leave),
            cmocka_unit_test_setup_teardown(test_faults, enter, place_leave),
            cmocka_unit_test_setup_teardown(test_both_files_are_named, enter, place_leave),
            cmocka_unit_test_setup_teardown(test_bounds, enter, place_leave),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
