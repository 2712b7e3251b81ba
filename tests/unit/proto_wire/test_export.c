// SPDX-License-Identifier: Apache-2.0
#include "proto/wire/export.h"

#include "proto/mem/length.h"
#include "tests/unit/unit.h"

static const struct credentials whole = {
    .access_key_id = SLICE_INIT("ASIAEXAMPLE"),
    .secret_access_key = SLICE_INIT("it's/+="),
    .session_token = SLICE_INIT("token=="),
    .account_id = SLICE_INIT("111122223333"),
    .expires_s = 1788264000,
};

// Keys of a user: they have no token, and never expire.
static const struct credentials lasting = {
    .access_key_id = SLICE_INIT("AKIDEXAMPLE"),
    .secret_access_key = SLICE_INIT("secret"),
    .expires_s = CREDENTIALS_NEVER_EXPIRE,
};

static const struct row {
        enum export_format format;
        const struct credentials *credentials;
        const char *profile, *text;
} rows[] = {
    {EXPORT_ENV, &whole, "a",
     "export AWS_ACCESS_KEY_ID='ASIAEXAMPLE'\n"
     "export AWS_SECRET_ACCESS_KEY='it'\\''s/+='\n"
     "export AWS_SESSION_TOKEN='token=='\n"
     "export AWS_CREDENTIAL_EXPIRATION='2026-09-01T12:00:00Z'\n"
     "export AWS_ACCOUNT_ID='111122223333'\n"},
    {EXPORT_ENV, &lasting, "a",
     "export AWS_ACCESS_KEY_ID='AKIDEXAMPLE'\n"
     "export AWS_SECRET_ACCESS_KEY='secret'\n"
     "unset AWS_SESSION_TOKEN\n"
     "unset AWS_CREDENTIAL_EXPIRATION\n"
     "unset AWS_ACCOUNT_ID\n"},
    {EXPORT_FISH, &whole, "a",
     "set -gx AWS_ACCESS_KEY_ID 'ASIAEXAMPLE'\n"
     "set -gx AWS_SECRET_ACCESS_KEY 'it\\'s/+='\n"
     "set -gx AWS_SESSION_TOKEN 'token=='\n"
     "set -gx AWS_CREDENTIAL_EXPIRATION '2026-09-01T12:00:00Z'\n"
     "set -gx AWS_ACCOUNT_ID '111122223333'\n"},
    {EXPORT_FISH, &lasting, "a",
     "set -gx AWS_ACCESS_KEY_ID 'AKIDEXAMPLE'\n"
     "set -gx AWS_SECRET_ACCESS_KEY 'secret'\n"
     "set -e AWS_SESSION_TOKEN\n"
     "set -e AWS_CREDENTIAL_EXPIRATION\n"
     "set -e AWS_ACCOUNT_ID\n"},
    {EXPORT_POWERSHELL, &whole, "a",
     "$Env:AWS_ACCESS_KEY_ID = 'ASIAEXAMPLE'\n"
     "$Env:AWS_SECRET_ACCESS_KEY = 'it''s/+='\n"
     "$Env:AWS_SESSION_TOKEN = 'token=='\n"
     "$Env:AWS_CREDENTIAL_EXPIRATION = '2026-09-01T12:00:00Z'\n"
     "$Env:AWS_ACCOUNT_ID = '111122223333'\n"},
    {EXPORT_POWERSHELL, &lasting, "a",
     "$Env:AWS_ACCESS_KEY_ID = 'AKIDEXAMPLE'\n"
     "$Env:AWS_SECRET_ACCESS_KEY = 'secret'\n"
     "$Env:AWS_SESSION_TOKEN = $null\n"
     "$Env:AWS_CREDENTIAL_EXPIRATION = $null\n"
     "$Env:AWS_ACCOUNT_ID = $null\n"},
    {EXPORT_JSON, &whole, "a",
     "{\"Version\":1,\"AccessKeyId\":\"ASIAEXAMPLE\",\"SecretAccessKey\":\"it's/+=\",\"SessionToken\":\"token==\","
     "\"Expiration\":\"2026-09-01T12:00:00Z\",\"AccountId\":\"111122223333\"}\n"},
    {EXPORT_JSON, &lasting, "a", "{\"Version\":1,\"AccessKeyId\":\"AKIDEXAMPLE\",\"SecretAccessKey\":\"secret\"}\n"},
    {EXPORT_CREDENTIALS_FILE, &whole, "team a",
     "# written by keyfob; these credentials end at 2026-09-01T12:00:00Z\n"
     "[default]\n"
     "aws_access_key_id = ASIAEXAMPLE\n"
     "aws_secret_access_key = it's/+=\n"
     "aws_session_token = token==\n"
     "aws_account_id = 111122223333\n"
     "\n"
     "[team a]\n"
     "aws_access_key_id = ASIAEXAMPLE\n"
     "aws_secret_access_key = it's/+=\n"
     "aws_session_token = token==\n"
     "aws_account_id = 111122223333\n"},
    {EXPORT_CREDENTIALS_FILE, &lasting, "default",
     "# written by keyfob\n"
     "[default]\n"
     "aws_access_key_id = AKIDEXAMPLE\n"
     "aws_secret_access_key = secret\n"},
    {EXPORT_CLAUDE_CODE, &whole, "a",
     "{\"Credentials\":{\"AccessKeyId\":\"ASIAEXAMPLE\",\"SecretAccessKey\":\"it's/+=\","
     "\"SessionToken\":\"token==\",\"Expiration\":\"2026-09-01T12:00:00Z\"}}\n"},
    {EXPORT_CLAUDE_CODE, &lasting, "a",
     "{\"Credentials\":{\"AccessKeyId\":\"AKIDEXAMPLE\",\"SecretAccessKey\":\"secret\"}}\n"},
};

static void writes_each_format(void **state)
{
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct buffer b;
                buffer_init(&b, 1000);
                assert_int_equal(export_write(rows[i].format, rows[i].credentials, rows[i].profile, &b), 0);
                assert_string_equal(buffer_c_str(&b), rows[i].text);
                buffer_free(&b);
        }
}

// A text that lacks its end, or the time of it, is no text.
static void fails_where_it_does_not_fit(void **state)
{
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++)
                for (size_t max = 0; max < strlen(rows[i].text); max++) {
                        struct buffer b;
                        buffer_init(&b, max);
                        assert_int_equal(export_write(rows[i].format, rows[i].credentials, rows[i].profile, &b), -1);
                        buffer_free(&b);
                }
}

static void refuses_a_time_that_has_no_form(void **state)
{
        struct credentials c = whole;
        (void)state;
        c.expires_s = -1; // never as a text without expiration
        for (unsigned format = 0; format < EXPORT_FORMATS_N; format++) {
                struct buffer b;
                buffer_init(&b, 1000);
                assert_int_equal(export_write((enum export_format)format, &c, "a", &b), -1);
                assert_true(b.failed);
                buffer_free(&b);
        }
}

static void reads_when_they_end(void **state)
{
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++)
                assert_int_equal(export_ends(slice_str(rows[i].text)), rows[i].credentials->expires_s);
        assert_int_equal(export_ends(slice_of(NULL, 0)), CREDENTIALS_NEVER_EXPIRE);
        assert_int_equal(export_ends(SLICE("\"Expiration\":\"2026-09")), CREDENTIALS_NEVER_EXPIRE);
}

static void finds_formats_by_name(void **state)
{
        static const char *const no_formats[] = {"", "ENV", "env ", "en", "envs", "process", "credentials_file"};
        enum export_format found;
        (void)state;
        struct buffer all;
        buffer_init(&all, 200);
        for (unsigned i = 0; i < EXPORT_FORMATS_N; i++) {
                const char *name = export_format_name((enum export_format)i);
                assert_int_equal(export_format_find(slice_str(name), &found), 0);
                assert_int_equal(found, i);
                buffer_printf(&all, "%s%s", i > 0 ? ", " : "", name);
        }
        assert_string_equal(buffer_c_str(&all), EXPORT_FORMAT_NAMES);
        buffer_free(&all);
        for (size_t i = 0; i < LENGTH(no_formats); i++)
                assert_int_equal(export_format_find(slice_str(no_formats[i]), &found), -1);
}

static void quotes_any_text(void **state)
{
        static const struct {
                const char *text, *posix, *fish, *powershell;
        } quotes[] = {
            {"", "''", "''", "''"},
            {"a b\n$c`d\"!", "'a b\n$c`d\"!'", "'a b\n$c`d\"!'", "'a b\n$c`d\"!'"},
            {"'", "''\\'''", "'\\''", "''''"},
            {"''x", "''\\'''\\''x'", "'\\'\\'x'", "'''''x'"},
            {"\\", "'\\'", "'\\\\'", "'\\'"},
            {"\\'", "'\\'\\'''", "'\\\\\\''", "'\\'''"},
            {"\xe2\x80\x98\xe2\x80\x99\xe2\x80\x9a\xe2\x80\x9b", "'\xe2\x80\x98\xe2\x80\x99\xe2\x80\x9a\xe2\x80\x9b'",
             "'\xe2\x80\x98\xe2\x80\x99\xe2\x80\x9a\xe2\x80\x9b'",
             "'\xe2\x80\x98\xe2\x80\x98\xe2\x80\x99\xe2\x80\x99\xe2\x80\x9a\xe2\x80\x9a\xe2\x80\x9b\xe2\x80\x9b'"},
            {"\xe2\x80\x97\xe2\x80\x9c\xe2\x80", "'\xe2\x80\x97\xe2\x80\x9c\xe2\x80'",
             "'\xe2\x80\x97\xe2\x80\x9c\xe2\x80'", "'\xe2\x80\x97\xe2\x80\x9c\xe2\x80'"},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(quotes); i++) {
                struct buffer b;
                buffer_init(&b, 100);
                export_quote_posix(slice_str(quotes[i].text), &b);
                assert_string_equal(buffer_c_str(&b), quotes[i].posix);
                buffer_reset(&b);
                export_quote_fish(slice_str(quotes[i].text), &b);
                assert_string_equal(buffer_c_str(&b), quotes[i].fish);
                buffer_reset(&b);
                export_quote_powershell(slice_str(quotes[i].text), &b);
                assert_string_equal(buffer_c_str(&b), quotes[i].powershell);
                buffer_free(&b);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(writes_each_format),
            cmocka_unit_test(fails_where_it_does_not_fit),
            cmocka_unit_test(refuses_a_time_that_has_no_form),
            cmocka_unit_test(finds_formats_by_name),
            cmocka_unit_test(quotes_any_text),
            cmocka_unit_test(reads_when_they_end),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
