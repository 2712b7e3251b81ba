// SPDX-License-Identifier: Apache-2.0
// The setting "files".
#include "tests/unit/config/support.h"

#define F(files) "{\"files\": [" files "], \"profiles\": {\"p\": {" KEYS_BODY ", \"refresh\": \"on_demand\"}}}"
#define FILE_BODY(path) "\"profile\": \"p\", \"format\": \"env\", \"path\": \"" path "\""

static void reads_every_key(void **state)
{
        (void)state;
        struct settings *s = parse_good(F("{" FILE_BODY(
            "out/keys") ", \"mode\": \"0440\", \"group\": \"gateway\", "
                        "\"on_rotate\": [\"x\", \"\", \"a b\"]}, {" FILE_BODY(
                            "/run/b") "}, "
                                      "{\"profile\": \"p\", \"format\": \"claude-code\", \"path\": \"/run/c\", "
                                      "\"group\": \"7\"}"));
        assert_int_equal(s->files_count, 3);
        const struct file_settings *f = s->files;
        assert_string_equal(f->path, "/etc/keyfob/out/keys");
        assert_string_equal(f->profile, "p");
        assert_int_equal(f->format, EXPORT_ENV);
        assert_int_equal(f->mode, 0440);
        assert_true(f->has_gid);
        assert_int_equal(f->gid, 2001);
        assert_int_equal(f->on_rotate_count, 3);
        assert_string_equal(f->on_rotate[0], "x");
        assert_string_equal(f->on_rotate[1], "");
        assert_string_equal(f->on_rotate[2], "a b");
        assert_int_equal(f[1].mode, 0600);
        assert_false(f[1].has_gid);
        assert_int_equal(f[1].on_rotate_count, 0);
        assert_int_equal(f[2].format, EXPORT_CLAUDE_CODE);
        assert_int_equal(f[2].mode, 0640);
        assert_false(s->profiles[0].on_demand); // nobody would ask
        settings_release(s);
}

static void refuses(void **state)
{
        (void)state;
        static const struct {
                const char *text, *message, *hint;
        } rows[] = {
            {"{\"files\": {}, \"profiles\": {\"p\": {" KEYS_BODY "}}}", "files: found an object, expected a list", ""},
            {F(""), "files: found 0 files, expected 1 to 256", "remove \"files\""},
            {F("5"), "files[0]: found 5, expected an object", ""},
            {F("{\"format\": \"env\", \"path\": \"a\"}"), "files[0]: found no \"profile\"", "add"},
            {F("{\"profile\": \"p\", \"path\": \"a\"}"), "files[0]: found no \"format\"", "add"},
            {F("{\"profile\": \"p\", \"format\": \"env\"}"), "files[0]: found no \"path\"", "add"},
            {F("{\"profile\": \"p\", \"format\": \"cmd\", \"path\": \"a\"}"),
             "files[0].format: found \"cmd\", expected "
             "one of env, fish, powershell, json",
             ""},
            {F("{\"profile\": \"q\", \"format\": \"env\", \"path\": \"a\"}"),
             "files[0].profile: found \"q\", which is not a profile", "one of \"profiles\""},
            {F("{" FILE_BODY("a") ", \"mode\": \"0620\"}"), "files[0].mode: found \"0620\"", "0640"},
            {F("{" FILE_BODY("a") ", \"mode\": \"0602\"}"), "files[0].mode: found \"0602\"", ""},
            {F("{" FILE_BODY("a") ", \"mode\": \"0700\"}"), "files[0].mode: found \"0700\"", ""},
            {F("{" FILE_BODY("a") ", \"mode\": \"0610\"}"), "files[0].mode: found \"0610\"", ""},
            {F("{" FILE_BODY("a") ", \"mode\": \"0601\"}"), "files[0].mode: found \"0601\"", ""},
            {F("{" FILE_BODY("a") ", \"mode\": \"0240\"}"), "files[0].mode: found \"0240\"", ""},
            {F("{" FILE_BODY("a") ", \"mode\": \"640a\"}"), "files[0].mode: found \"640a\", expected an octal", ""},
            {F("{" FILE_BODY("a") ", \"on_rotate\": \"x\"}"), "files[0].on_rotate: found \"x\", expected a list", ""},
            {F("{" FILE_BODY("a") ", \"on_rotate\": []}"), "files[0].on_rotate", ""},
            {F("{" FILE_BODY("a") ", \"on_rotate\": [\"\", \"x\"]}"), "files[0].on_rotate: found \"\"", "PATH"},
            {F("{" FILE_BODY("a") ", \"modes\": 1}"), "files[0].modes: found an unknown key", "mode"},
            {F("{" FILE_BODY("a") "}, {" FILE_BODY("b") "}, {" FILE_BODY("/etc/keyfob/a") "}"),
             "files[2].path: found \"/etc/keyfob/a\", which files[0] has already", "different"},
            {F("{" FILE_BODY("config.json") "}"), "which is the configuration file", "of its own"},
            {"{\"listeners\": [{\"unix\": \"/run/k.sock\"}], \"files\": [{" FILE_BODY(
                 "/run/k.sock") "}], "
                                "\"profiles\": {\"p\": {" KEYS_BODY "}}}",
             "which is the socket of a listener", ""},
            {"{\"listeners\": [{\"tcp\": \"127.0.0.1:0\", \"api\": [\"container\"], \"authorization_token_file\": "
             "\"/run/t\"}], \"files\": [{" FILE_BODY("/run/t") "}], \"profiles\": {\"p\": {" KEYS_BODY "}}}",
             "which is the token file of a listener", ""},
        };
        for (size_t i = 0; i < ROWS(rows); i++) {
                struct settings *s = NULL;
                struct error e;
                if (parse(rows[i].text, &s, &e) == 0)
                        fail_msg("row %zu is accepted: %s", i, rows[i].text);
                if (!strstr(e.message, rows[i].message) || !strstr(e.hint, rows[i].hint))
                        fail_msg("row %zu: %s\n%s", i, e.message, e.hint);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(reads_every_key), cmocka_unit_test(refuses)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
