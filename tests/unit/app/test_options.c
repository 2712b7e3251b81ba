// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/options.h"

#include <getopt.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/unit.h"

enum { ARGUMENTS_MAX = 20 };

struct run {
        struct options options;
        enum options_verdict verdict;
        char out[4096], err[4096];
        char texts[ARGUMENTS_MAX][128]; // of the arguments, to which the options point
};

// Both streams go to files meanwhile.
static void read_back(FILE *file, char *out, size_t size)
{
        rewind(file);
        size_t n = fread(out, 1, size - 1, file);
        out[n] = '\0';
        assert_int_equal(fclose(file), 0);
}

static int divert(FILE *stream, FILE *file)
{
        fflush(stream);
        int kept = dup(fileno(stream));
        assert_true(kept >= 0);
        assert_true(dup2(fileno(file), fileno(stream)) >= 0);
        return kept;
}

static void restore(FILE *stream, int kept)
{
        fflush(stream);
        assert_true(dup2(kept, fileno(stream)) >= 0);
        assert_int_equal(close(kept), 0);
}

static void run(struct run *r, const char *const *arguments)
{
        char *argv[ARGUMENTS_MAX + 1] = {NULL};
        int argc = 0;
        snprintf(r->texts[argc++], sizeof(r->texts[0]), "keyfobd");
        for (; arguments[argc - 1]; argc++) {
                assert_true(argc < ARGUMENTS_MAX);
                snprintf(r->texts[argc], sizeof(r->texts[0]), "%s", arguments[argc - 1]);
        }
        for (int i = 0; i < argc; i++)
                argv[i] = r->texts[i];
        FILE *out = tmpfile(), *err = tmpfile();
        assert_true(out && err);
        int kept_out = divert(stdout, out), kept_err = divert(stderr, err);
        optind = 0; // from the start
        r->verdict = options_parse(argc, argv, &r->options);
        restore(stdout, kept_out);
        restore(stderr, kept_err);
        read_back(out, r->out, sizeof(r->out));
        read_back(err, r->err, sizeof(r->err));
}

static void takes_directories_to_trust(void **state)
{
        (void)state;
        struct run r;
        run(&r, (const char *const[]){"--trusted-directory", "/a", "--trusted-directory=/b", NULL});
        assert_int_equal(r.verdict, OPTIONS_RUN);
        assert_int_equal(r.options.trusted_count, 2);
        run(&r, (const char *const[]){"--trusted-directory", "a", NULL});
        assert_int_equal(r.verdict, OPTIONS_USAGE);
        assert_string_equal(r.err, "keyfobd: --trusted-directory: \"a\" is not an absolute path\n");
        const char *many[OPTIONS_TRUSTED_MAX + 2] = {NULL};
        for (size_t i = 0; i <= OPTIONS_TRUSTED_MAX; i++)
                many[i] = "--trusted-directory=/a";
        run(&r, many);
        assert_int_equal(r.verdict, OPTIONS_USAGE);
        assert_string_equal(r.err, "keyfobd: --trusted-directory: \"/a\" is one too many\n");
}

static void test_defaults(void **state)
{
        (void)state;
        struct run r;
        run(&r, (const char *const[]){NULL});
        assert_int_equal(r.verdict, OPTIONS_RUN);
        assert_null(r.options.config_path);
        assert_null(r.options.socket_path);
        assert_false(r.options.check);
        assert_int_equal(r.options.log_level, LOG_LEVEL_INFO);
        assert_int_equal(r.options.idle_exit_s, 0);
        assert_false(r.options.runs_commands);
        assert_int_equal(r.options.log_format, LOG_FORMAT_LOGFMT);
        assert_string_equal(r.out, "");
        assert_string_equal(r.err, "");
}

static void test_all(void **state)
{
        (void)state;
        struct run r;
        run(&r, (const char *const[]){"--config=/c.json", "--check", "--log-level", "debug", "--log-format=json",
                                      "--log-file=/l", "--idle-exit=10m", "--run-commands", NULL});
        assert_int_equal(r.verdict, OPTIONS_RUN);
        assert_true(r.options.check);
        assert_int_equal(r.options.log_level, LOG_LEVEL_DEBUG);
        assert_int_equal(r.options.log_format, LOG_FORMAT_JSON);
        assert_string_equal(r.options.log_file, "/l");
        assert_int_equal(r.options.idle_exit_s, 600);
        assert_true(r.options.runs_commands);
        assert_null(r.options.socket_path);
}

// What comes last counts, and the strings are argv's own.
static void test_paths_are_borrowed(void **state)
{
        (void)state;
        struct options options;
        char name[] = "keyfobd", first[] = "--socket=/a", second[] = "--socket", path[] = "/b";
        char *argv[] = {name, first, second, path, NULL};
        optind = 0;
        assert_int_equal(options_parse(4, argv, &options), OPTIONS_RUN);
        assert_ptr_equal(options.socket_path, path);
}

static void test_what_is_asked_for_is_answered(void **state)
{
        (void)state;
        static const struct {
                const char *argument, *says;
        } rows[] = {{"--version", "keyfobd " KEYFOB_VERSION "\n"},
                    {"--help", "Usage: keyfobd"},
                    {"-h", "Usage: keyfobd"},
                    {"--help", "  --check "},
                    {"--help", "SIGHUP"}};
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct run r;
                run(&r, (const char *const[]){rows[i].argument, NULL});
                assert_int_equal(r.verdict, OPTIONS_DONE);
                assert_non_null(strstr(r.out, rows[i].says));
                assert_string_equal(r.err, "");
        }
}

static void test_wrong_usage(void **state)
{
        (void)state;
        static const struct {
                const char *arguments[3];
                const char *says[2];
        } rows[] = {{{"--nothing"}, {"--nothing", "Try keyfobd --help."}},
                    {{"-x"}, {"x", "Try keyfobd --help."}},
                    {{"--config"}, {"--config", "Try keyfobd --help."}},
                    {{"--check=yes"}, {"--check", "Try keyfobd --help."}},
                    {{"config.json"}, {"\"config.json\"", "Try keyfobd --help."}},
                    {{"--", "config.json"}, {"\"config.json\"", ""}},
                    {{"--log-level", "loud"}, {"--log-level: \"loud\"", "error, warn, info, debug"}},
                    {{"--log-level="}, {"--log-level: \"\"", ""}},
                    {{"--log-format=xml"}, {"--log-format: \"xml\"", "logfmt, json"}},
                    {{"--config", ""}, {"--config: is empty", ""}},
                    {{"--socket="}, {"--socket: is empty", ""}},
                    {{"--log-file="}, {"--log-file: is empty", ""}},
                    {{"--idle-exit=0"}, {"--idle-exit: \"0\"", "12h"}},
                    {{"--idle-exit=soon"}, {"--idle-exit: \"soon\"", ""}}};
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct run r;
                run(&r, rows[i].arguments);
                if (r.verdict != OPTIONS_USAGE)
                        fail_msg("%s: %d", rows[i].arguments[0], r.verdict);
                for (size_t j = 0; j < 2; j++)
                        if (!strstr(r.err, rows[i].says[j]))
                                fail_msg("no \"%s\" in %s", rows[i].says[j], r.err);
                assert_string_equal(r.out, "");
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(takes_directories_to_trust),
            cmocka_unit_test(test_defaults),
            cmocka_unit_test(test_all),
            cmocka_unit_test(test_paths_are_borrowed),
            cmocka_unit_test(test_what_is_asked_for_is_answered),
            cmocka_unit_test(test_wrong_usage),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
