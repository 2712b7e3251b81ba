// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/status_table.h"

#include <stdio.h>

#include "tests/unit/unit.h"

#define NOW 1788264000 // 2026-09-01T12:00:00Z

static const struct {
        const char *json, *want;
} tables[] = {
    {"{\"profiles\":[]}", "PROFILE  TYPE  STATE  EXPIRES  NEXT REFRESH  LAST ERROR\n"},
    {"{\"profiles\":["
     "{\"name\":\"irsa\",\"type\":\"web_identity\",\"state\":\"fresh\",\"expiration\":\"2026-09-01T12:42:30Z\","
     "\"next_refresh\":\"2026-09-01T12:12:00Z\",\"last_error\":null},"
     "{\"name\":\"keys\",\"type\":\"static\",\"state\":\"fresh\",\"expiration\":null,\"next_refresh\":null},"
     "{\"name\":\"old\",\"type\":\"assume_role\",\"state\":\"failed\",\"expiration\":\"2026-09-01T11:00:00Z\","
     "\"next_refresh\":\"2026-09-01T12:00:00Z\",\"last_error\":{\"detail\":\"profile old: denied\",\"hint\":\"not "
     "shown\"}},"
     "{\"name\":\"lazy\",\"type\":\"imds\",\"state\":\"empty\",\"expiration\":null,\"next_refresh\":null}]}",
     "PROFILE  TYPE          STATE   EXPIRES    NEXT REFRESH  LAST ERROR\n"
     "irsa     web_identity  fresh   in 42 min  in 12 min     -\n"
     "keys     static        fresh   never      -             -\n"
     "old      assume_role   failed  expired    now           denied\n"
     "lazy     imds          empty   -          -             -\n"},
    {"{\"name\":\"a\",\"type\":\"assume_role\",\"state\":\"failed\",\"last_error\":{\"detail\":\"AccessDenied: User: "
     "arn:aws:sts::111122223333:assumed-role/gateway/host is not authorized to perform: sts:AssumeRole\","
     "\"hint\":\"check the trust policy\"}}",
     "PROFILE  TYPE         STATE   EXPIRES  NEXT REFRESH  LAST ERROR\n"
     "a        assume_role  failed  -        -\n"
     "    AccessDenied: User: arn:aws:sts::111122223333:assumed-role/gateway/host is\n"
     "    not authorized to perform: sts:AssumeRole\n"
     "    hint: check the trust policy\n"},
    // of one profile the certificate too, of many not
    {"{\"name\":\"a\",\"type\":\"roles_anywhere\",\"state\":\"fresh\",\"expiration\":\"2026-09-01T12:42:30Z\","
     "\"next_refresh\":null,\"last_error\":null,\"certificate\":{\"subject\":\"CN=a\\u001b\",\"serial\":\"4097\","
     "\"not_after\":\"2026-09-11T12:00:00Z\"}}",
     "PROFILE  TYPE            STATE  EXPIRES    NEXT REFRESH  LAST ERROR\n"
     "a        roles_anywhere  fresh  in 42 min  -             -\n"
     "    certificate: CN=a?, serial 4097, expires 2026-09-11T12:00:00Z\n"},
    {"{\"name\":\"a\",\"last_error\":{\"detail\":\"it has expired\",\"hint\":\"renew "
     "it\"},\"certificate\":{\"subject\":"
     "\"CN=a\",\"serial\":\"1\",\"not_after\":\"2026-09-01T11:59:59Z\"}}",
     "PROFILE  TYPE  STATE  EXPIRES  NEXT REFRESH  LAST ERROR\n"
     "a        -     -      -        -             it has expired\n"
     "    hint: renew it\n"
     "    certificate: CN=a, serial 1, expired 2026-09-01T11:59:59Z\n"},
    {"{\"name\":\"a\",\"last_error\":null,\"certificate\":{\"subject\":\"CN=a\",\"serial\":\"1\",\"not_after\":"
     "\"2026-09-01T11:59:59Z\",\"problem\":\"the key is another's\"}}",
     "PROFILE  TYPE  STATE  EXPIRES  NEXT REFRESH  LAST ERROR\n"
     "a        -     -      -        -             -\n"
     "    certificate: CN=a, serial 1, expired 2026-09-01T11:59:59Z\n"
     "    the certificate in its files is not used: the key is another's\n"},
    {"{\"name\":\"a\",\"files\":[{\"path\":\"/run/"
     "a\",\"format\":\"env\",\"current\":true,\"error\":null,\"hint\":null},"
     "{\"path\":\"/run/b\",\"format\":\"json\",\"current\":false,\"error\":\"cannot write it: No space left on "
     "device\",\"hint\":\"free some\"},{\"path\":\"/run/c\",\"format\":\"fish\",\"current\":false,\"error\":null}]}",
     "PROFILE  TYPE  STATE  EXPIRES  NEXT REFRESH  LAST ERROR\n"
     "a        -     -      -        -             -\n"
     "    file: /run/a (env)\n"
     "    file that is not current: /run/b (json)\n"
     "    error: cannot write it: No space left on device\n"
     "    hint: free some\n"
     "    file that is not current: /run/c (fish)\n"},
    {"{\"name\":\"a\",\"certificate\":null}",
     "PROFILE  TYPE  STATE  EXPIRES  NEXT REFRESH  LAST ERROR\na        -     -      -        -             -\n"},
    {"{\"profiles\":[{\"name\":\"a\",\"certificate\":{}},{\"name\":\"b\",\"certificate\":{}}]}",
     "PROFILE  TYPE  STATE  EXPIRES  NEXT REFRESH  LAST ERROR\na        -     -      -        -             -\n"
     "b        -     -      -        -             -\n"},
    // names are cut where the line is full, and no error column is left then
    {"{\"profiles\":[{\"name\":\"a-name-that-is-much-too-long-for-any-table\",\"type\":\"roles_anywhere\","
     "\"state\":\"fetching\",\"expiration\":\"2026-09-02T12:05:00Z\",\"next_refresh\":\"2026-09-01T15:05:00Z\","
     "\"last_error\":{\"detail\":\"short\"}}]}",
     "PROFILE                  TYPE            STATE     EXPIRES         NEXT REFRESH\n"
     "a-name-that-is-much-to\xe2\x80\xa6  roles_anywhere  fetching  in 24 h 05 min  in 3 h 05 min\n"
     "    short\n"},
    // without an error there is no line below
    {"{\"profiles\":[{\"name\":\"a-name-that-is-much-too-long-for-any-table\",\"type\":\"roles_anywhere\","
     "\"state\":\"fetching\",\"expiration\":\"2026-09-02T12:05:00Z\",\"next_refresh\":\"2026-09-01T15:05:00Z\","
     "\"last_error\":null}]}",
     "PROFILE                  TYPE            STATE     EXPIRES         NEXT REFRESH\n"
     "a-name-that-is-much-to\xe2\x80\xa6  roles_anywhere  fetching  in 24 h 05 min  in 3 h 05 min\n"},
    // nothing reaches the terminal that it might obey
    {"{\"name\":\"a\\u001b[31m\",\"type\":\"x\\n\",\"state\":\"s\",\"last_error\":{\"detail\":\"\\u009b2J\xc3\xa4\"}}",
     "PROFILE  TYPE  STATE  EXPIRES  NEXT REFRESH  LAST ERROR\n"
     "a?[31m   x     s      -        -             ??2J\xc3\xa4\n"},
    // of one profile, where its credentials come from
    {"{\"name\":\"a\",\"type\":\"default_chain\",\"state\":\"fresh\",\"expiration\":null,\"next_refresh\":null,"
     "\"source\":\"profile work: sso\",\"chain\":[{\"link\":\"environment\",\"outcome\":\"AWS_ACCESS_KEY_ID is "
     "not\\u001bset\"},1,{\"link\":\"profile work: sso\",\"outcome\":\"sso_account_id of "
     "/home/somebody/.aws/config:12345\"}]}",
     "PROFILE  TYPE           STATE  EXPIRES  NEXT REFRESH  LAST ERROR\n"
     "a        default_chain  fresh  never    -             -\n"
     "    skipped: environment (AWS_ACCESS_KEY_ID is not?set)\n"
     "    skipped: - (-)\n"
     "    source: profile work: sso (sso_account_id of\n"
     "    /home/somebody/.aws/config:12345)\n"},
    // what is missing or odd
    {"{}", "PROFILE  TYPE  STATE  EXPIRES  NEXT REFRESH  LAST ERROR\n-        -     -      -        -             -\n"},
    {"{\"name\":1,\"expiration\":\"soon\",\"last_error\":{\"detail\":{}}}",
     "PROFILE  TYPE  STATE  EXPIRES  NEXT REFRESH  LAST ERROR\n-        -     -      -        -             -\n"},
};

static void renders_tables_of_80_columns(void **state)
{
        (void)state;
        for (size_t i = 0; i < LENGTH(tables); i++) {
                struct buffer out;
                buffer_init(&out, 10000);
                assert_int_equal(status_table_write(slice_str(tables[i].json), NOW, 80, &out), 0);
                assert_string_equal(buffer_c_str(&out), tables[i].want);
                buffer_free(&out);
        }
}

static void folds_to_the_width_that_is_asked_for(void **state)
{
        static const char json[] =
            "{\"profiles\":[{\"name\":\"a-name-that-is-much-too-long-for-any-table\",\"type\":\"roles_anywhere\","
            "\"state\":\"failed\",\"expiration\":null,\"next_refresh\":null,\"last_error\":{\"detail\":"
            "\"AccessDenied: User: arn:aws:sts::111122223333:assumed-role/gateway/host is not authorized\"}}]}";
        static const struct {
                size_t columns;
                const char *want;
        } rows[] = {
            {0,
             "PROFILE                                     TYPE            STATE   EXPIRES  NEXT REFRESH  LAST ERROR\n"
             "a-name-that-is-much-too-long-for-any-table  roles_anywhere  failed  -        -             "
             "AccessDenied: User: arn:aws:sts::111122223333:assumed-role/gateway/host is not authorized\n"},
            {110,
             "PROFILE                                     TYPE            STATE   EXPIRES  NEXT REFRESH  LAST ERROR\n"
             "a-name-that-is-much-too-long-for-any-table  roles_anywhere  failed  -        -\n"
             "    AccessDenied: User: arn:aws:sts::111122223333:assumed-role/gateway/host is not authorized\n"},
            {20, "PROFILE                            TYPE            STATE   EXPIRES  NEXT REFRESH\n"
                 "a-name-that-is-much-too-long-for\xe2\x80\xa6  roles_anywhere  failed  -        -\n"
                 "    AccessDenied: User: arn:aws:sts::111122223333:assumed-role/gateway/host is\n"
                 "    not authorized\n"},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct buffer out;
                buffer_init(&out, 10000);
                assert_int_equal(status_table_write(slice_str(json), NOW, rows[i].columns, &out), 0);
                assert_string_equal(buffer_c_str(&out), rows[i].want);
                buffer_free(&out);
        }
}

static void refuses_what_is_not_a_status(void **state)
{
        static const char *const rows[] = {"", "[]", "1", "{\"profiles\":{}}", "{\"profiles\":[}"};
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct buffer out;
                buffer_init(&out, 10000);
                assert_int_equal(status_table_write(slice_str(rows[i]), NOW, 80, &out), -1);
                buffer_free(&out);
        }
}

static void fails_when_the_buffer_is_full(void **state)
{
        (void)state;
        for (size_t max = 0; max < strlen(tables[1].want); max += 10) {
                struct buffer out;
                buffer_init(&out, max);
                assert_int_equal(status_table_write(slice_str(tables[1].json), NOW, 80, &out), -1);
                buffer_free(&out);
        }
}

static void long_texts_stay_within_the_line(void **state)
{
        (void)state;
        for (size_t n = 1; n < 300; n++) {
                struct buffer json;
                struct buffer out;
                buffer_init(&json, 10000);
                buffer_init(&out, 10000);
                (void)buffer_put_str(&json, "{\"name\":\"");
                for (size_t i = 0; i < n; i++)
                        (void)buffer_put_str(&json, "\xc3\xa4");
                (void)buffer_put_str(&json, "\",\"type\":\"");
                for (size_t i = 0; i < n; i++)
                        (void)buffer_put_str(&json, "t");
                (void)buffer_put_str(&json, "\",\"last_error\":{\"detail\":\"");
                for (size_t i = 0; i < n; i++)
                        (void)buffer_put_str(&json, i % 11 == 10 && n % 2 ? " " : "\xe2\x82\xac");
                (void)buffer_put_str(&json, "\"}}");
                assert_int_equal(status_table_write(buffer_slice(&json), NOW, 80, &out), 0);
                size_t width = 0;
                for (size_t i = 0; i < out.n; i++) {
                        if (out.p[i] == '\n')
                                width = 0;
                        else if ((out.p[i] & 0xc0) != 0x80)
                                width++;
                        assert_true(width <= 80);
                }
                buffer_free(&out);
                buffer_free(&json);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(renders_tables_of_80_columns),    cmocka_unit_test(folds_to_the_width_that_is_asked_for),
            cmocka_unit_test(refuses_what_is_not_a_status),    cmocka_unit_test(fails_when_the_buffer_is_full),
            cmocka_unit_test(long_texts_stay_within_the_line),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
