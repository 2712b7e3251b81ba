// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/options.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"

enum { ARGUMENTS_MAX = 100 };

static int parse(const char *const *arguments, struct options *o, struct options_fault *fault)
{
        static char *argv[ARGUMENTS_MAX + 2];
        static char name[] = "keyfob";
        int argc = 0;
        argv[argc++] = name;
        for (; arguments[argc - 1] && argc <= ARGUMENTS_MAX; argc++)
                argv[argc] = (char *)(uintptr_t)arguments[argc - 1];
        argv[argc] = NULL;
        return options_parse(argc, argv, o, fault);
}

static void accepts_options_in_every_form_and_place(void **state)
{
        static const char *const rows[][8] = {
            {"sign", "--region", "r", "-d", "x", "GET", "url", NULL},
            {"--region=r", "sign", "-dx", "GET", "url", NULL},
            {"sign", "GET", "url", "--data=x", "--region", "r", NULL},
            {"sign", "--region=r", "-d", "x", "--", "GET", "url", NULL},
        };
        struct options o;
        struct options_fault fault;
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                assert_int_equal(parse(rows[i], &o, &fault), 0);
                assert_string_equal(o.command, "sign");
                assert_string_equal(o.values[OPTION_REGION], "r");
                assert_string_equal(o.values[OPTION_DATA], "x");
                assert_false(options_has(&o, OPTION_SERVICE));
                assert_false(options_has(&o, OPTION_HEADER));
                assert_int_equal(o.arguments_count, 2);
                assert_string_equal(o.arguments[0], "GET");
                assert_string_equal(o.arguments[1], "url");
        }
}

static void keeps_dashes_and_empty_arguments(void **state)
{
        struct options o;
        struct options_fault fault;
        (void)state;
        assert_int_equal(parse((const char *const[]){NULL}, &o, &fault), 0);
        assert_null(o.command);
        assert_int_equal(parse((const char *const[]){"status", "-", "", "--", "--json", "--", NULL}, &o, &fault), 0);
        assert_int_equal(o.arguments_count, 4); // a single dash is an argument, and so is everything after "--"
        assert_int_equal(o.arguments_before_dashes, 2);
        assert_null(o.arguments[4]);
        assert_string_equal(o.arguments[2], "--json");
        assert_false(options_has(&o, OPTION_JSON));
        assert_int_equal(parse((const char *const[]){"--", "status", "--json", NULL}, &o, &fault), 0);
        assert_string_equal(o.command, "status");
        assert_int_equal(o.arguments_count, 1);
        assert_int_equal(o.arguments_before_dashes, 0);
        assert_int_equal(parse((const char *const[]){"exec", "p", "x", "--socket", "--", NULL}, &o, &fault), 0);
        assert_int_equal(o.arguments_before_dashes, 2); // the dashes are the value of the option
        assert_null(o.arguments[2]);
        assert_int_equal(parse((const char *const[]){"x", "--profile=", "-h", "--data", "--json", NULL}, &o, &fault),
                         0);
        assert_string_equal(o.values[OPTION_PROFILE], "");
        assert_string_equal(o.values[OPTION_DATA], "--json");
        assert_true(options_has(&o, OPTION_HELP));
        assert_int_equal(parse((const char *const[]){"x", "-H", "a: 1", "-Hb: 2", "--header=c: 3", NULL}, &o, &fault),
                         0);
        assert_int_equal(o.headers_count, 3);
        assert_string_equal(o.headers[1], "b: 2");
        assert_string_equal(o.headers[2], "c: 3");
}

static void names_the_option_that_is_wrong(void **state)
{
        static const struct {
                const char *arguments[4];
                const char *what, *argument;
        } rows[] = {
            {{"status", "--jsonx", NULL}, "unknown option", "--jsonx"},
            {{"status", "-x", NULL}, "unknown option", "-x"},
            {{"status", "-hx", NULL}, "unknown option", "-x"},
            {{"status", "--t=1", NULL}, "unknown option", "--t=1"}, // --time or --timeout
            {{"status", "--json=1", NULL}, "this option takes no value", "--json=1"},
            {{"status", "--profile", NULL}, "this option needs a value", "--profile"},
            {{"sign", "-d", NULL}, "this option needs a value", "-d"},
            {{"status", "--profile-x", "a", NULL}, "unknown option", "--profile-x"},
            {{"-x", "status", NULL}, "unknown option", "-x"},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct options o;
                struct options_fault fault;
                assert_int_equal(parse(rows[i].arguments, &o, &fault), -1);
                assert_string_equal(fault.what, rows[i].what);
                assert_string_equal(fault.argument, rows[i].argument);
        }
}

static void refuses_too_many_headers(void **state)
{
        const char *arguments[LIMIT_SIGN_HEADERS_N + 3] = {"sign"};
        struct options o;
        struct options_fault fault;
        (void)state;
        for (size_t i = 0; i < LIMIT_SIGN_HEADERS_N; i++)
                arguments[1 + i] = "-Ha: 1";
        assert_int_equal(parse(arguments, &o, &fault), 0);
        assert_int_equal(o.headers_count, LIMIT_SIGN_HEADERS_N);
        arguments[1 + LIMIT_SIGN_HEADERS_N] = "-Ha: 1";
        assert_int_equal(parse(arguments, &o, &fault), -1);
        assert_string_equal(fault.what, "too many headers");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(accepts_options_in_every_form_and_place),
            cmocka_unit_test(keeps_dashes_and_empty_arguments),
            cmocka_unit_test(names_the_option_that_is_wrong),
            cmocka_unit_test(refuses_too_many_headers),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
