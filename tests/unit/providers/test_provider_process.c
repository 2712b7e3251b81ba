// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/providers/harness.h"

#include <sys/stat.h>

#include "sidecar/base/env.h"

#define KEYS "\"AccessKeyId\": \"ASIAEXAMPLE\", \"SecretAccessKey\": \"secret\""
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

static char *variables[] = {(char[]){"PATH=/usr/bin:/bin"},       (char[]){"KEPT=yes"},
                            (char[]){"AWS_REGION=us-east-1"},     (char[]){"AWS_PROFILE=loop"},
                            (char[]){"AWS_DEFAULT_PROFILE=loop"}, (char[]){"KEYFOB_SOCKET=/run/x"},
                            (char[]){"NOTIFY_SOCKET=/run/y"},     (char[]){"LISTEN_FDS=1"},
                            (char[]){"DB_PASSWORD=env-canary"},   NULL};

static struct env env;

// The profile runs `text` as a script, with two arguments.
static struct harness *set_up(const char *text)
{
        struct harness *h = harness_new(NULL, 0);
        harness_file(h, "a helper");
        FILE *f = fopen(h->file, "w");
        assert_non_null(f);
        assert_true(fprintf(f, "#!/bin/sh\n%s\n", text) > 0);
        assert_int_equal(fclose(f), 0);
        assert_int_equal(chmod(h->file, 0700), 0);
        (void)snprintf(h->text, sizeof(h->text), "'%s' --one \"two words\"", h->file);
        env_init(&env, variables);
        h->deps.env = &env;
        h->profile = (struct profile){.type = PROFILE_PROCESS, .credential_process = h->text};
        harness_make(h, &h->profile, NULL);
        return h;
}

static void takes_credentials(void **state)
{
        (void)state;
        static const struct {
                const char *script, *token, *account;
                int64_t expires_s;
        } t[] = {
            {"echo '{\"Version\": 1, " KEYS ", \"SessionToken\": \"t\", \"Expiration\": \"2027-01-01T01:00:00Z\", "
             "\"AccountId\": \"123456789012\", \"CredentialScope\": \"us-east-1\"}'",
             "t", "123456789012", NOW_S + 3600},
            {"echo '{\"Version\": 1, " KEYS
             ", \"SessionToken\": \"t\", \"Expiration\": \"2027-01-01T02:00:00+01:00\"}'",
             "t", "", NOW_S + 3600},
            {"echo '{\"Version\": 1, " KEYS "}'", "", "", CREDENTIALS_NEVER_EXPIRE},
            {"echo noise >&2; printf '{\"Version\": 1, " KEYS ", \"SessionToken\": null, \"Expiration\": \"\"}'", "",
             "", CREDENTIALS_NEVER_EXPIRE},
            {"[ \"$1\" = --one ] && [ \"$2\" = 'two words' ] && [ $# = 2 ] && [ $KEPT = yes ] && "
             "[ $AWS_REGION = us-east-1 ] && ! env | grep -qE 'KEYFOB|_PROFILE=|SOCKET|LISTEN' && "
             "echo '{\"Version\": 1, " KEYS "}'",
             "", "", CREDENTIALS_NEVER_EXPIRE},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct harness *h = set_up(t[i].script);
                for (int run = 0; run < 2; run++) {
                        harness_run_to_credentials(h);
                        assert_slice(h->c->access_key_id, "ASIAEXAMPLE");
                        assert_slice(h->c->session_token, t[i].token);
                        assert_slice(h->c->account_id, t[i].account);
                        assert_true(h->c->expires_s == t[i].expires_s);
                        assert_int_equal(h->c->issued_s, NOW_S);
                }
                harness_free(h);
        }
}

// aws_account_id of the AWS profile, where the command says nothing.
static void takes_the_account_of_the_profile(void **state)
{
        (void)state;
        static const char *const t[][2] = {
            {"echo '{\"Version\": 1, " KEYS "}'", "444455556666"},
            {"echo '{\"Version\": 1, " KEYS ", \"AccountId\": \"123456789012\"}'", "123456789012"},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct harness *h = set_up(t[i][0]);
                h->profile.keys.account_id = (char *)"444455556666";
                harness_run_to_credentials(h);
                assert_slice(h->c->account_id, t[i][1]);
                harness_free(h);
        }
}

static void refusals(void **state)
{
        (void)state;
        static const struct {
                const char *script;
                enum error_kind kind;
                const char *message, *hint;
        } t[] = {
            {"echo '{\"Version\": \"1\", " KEYS "}'", ERROR_PROTOCOL, "Version is not a whole number", "JSON"},
            {"echo '{\"Version\": 2, " KEYS "}'", ERROR_PROTOCOL, "Version is not the number 1", "JSON"},
            {"echo '{" KEYS "}'", ERROR_PROTOCOL, "Version is not the number 1", "JSON"},
            {"echo '{\"Version\": 1, \"accesskeyid\": \"A\", \"SecretAccessKey\": \"" SECRET "\"}'", ERROR_PROTOCOL,
             "lacks AccessKeyId", "JSON"},
            {"echo '{\"Version\": 1, \"AccessKeyId\": \"A\"}'", ERROR_PROTOCOL, "lacks SecretAccessKey", "JSON"},
            {"echo '{\"Version\": 1, " KEYS ", \"Expiration\": \"soon\"}'", ERROR_PROTOCOL, "RFC 3339", "JSON"},
            {"echo '{\"Version\": 1, " KEYS ", \"Expiration\": \"2027-01-01T00:00:00Z\"}'", ERROR_TRANSIENT,
             "expired at 2027-01-01T00:00:00Z", "clock"},
            {"echo Password: " SECRET "; echo '{\"Version\": 1, " KEYS "}'", ERROR_PROTOCOL, "invalid JSON",
             "nothing else"},
            {"echo '{\"Version\": 1, \"SecretAccessKey\": \"" SECRET "'", ERROR_PROTOCOL, "invalid JSON", "JSON"},
            {"true", ERROR_PROTOCOL, "empty", "JSON"},
            {"yes " SECRET, ERROR_PROTOCOL, "more than 65536 bytes", "JSON"},
            {"echo 'token has expired: log in' >&2; exit 7", ERROR_TRANSIENT,
             "a helper ended with status 7: token has expired: log in", "AWS_PROFILE"},
            {"exit 1", ERROR_TRANSIENT, "status 1", "by hand"},
            {"keyfob-no-such-command", ERROR_TRANSIENT, "status 127", "check the programs"},
            {"echo x " SECRET " $DB_PASSWORD >&2; exit 1", ERROR_TRANSIENT, "status 1: x *** ***", "by hand"},
            {"printf 'a\\033[31mb\\nc' >&2; exit 1", ERROR_TRANSIENT, "status 1: a [31mb c", "by hand"},
            {"echo dying >&2; kill -SEGV $$", ERROR_TRANSIENT, "signal 11", "crashed"},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct harness *h = set_up(t[i].script);
                harness_run(h);
                harness_expect_error(h, i, t[i].kind, t[i].message, t[i].hint);
                assert_non_null(strstr(h->e.message, "credential_process: "));
                harness_expect_unreported(h, "wJalr");
                harness_expect_unreported(h, "env-canary");
                harness_expect_unreported(h, "two words");
                harness_free(h);
        }
}

static void is_given_its_time(void **state)
{
        (void)state;
        struct harness *h = set_up("echo waiting >&2; exec sleep 600");
        h->profile.read_timeout_ms = 300;
        harness_run_to_error(h, ERROR_TRANSIENT);
        assert_true(h->e.timed_out);
        assert_non_null(strstr(h->e.message, "within 300 ms"));
        assert_non_null(strstr(h->e.hint, "neither a terminal"));
        harness_free(h);
}

static void what_cannot_start(void **state)
{
        (void)state;
        static const struct {
                const char *command, *message;
        } t[] = {
            {"/nonexistent/helper --password hunter2", "/nonexistent/helper: no such file"},
            {"'/nonexistent", "not closed"},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                struct harness *h = set_up("");
                (void)snprintf(h->text, sizeof(h->text), "%s", t[i].command);
                harness_does_not_start(h, ERROR_CONFIG);
                assert_non_null(strstr(h->e.message, t[i].message));
                assert_null(strstr(h->e.message, "hunter2"));
                harness_free(h);
        }
}

static void cancel(void **state)
{
        (void)state;
        struct harness *h = set_up("exec sleep 600");
        harness_cancel_at_once(h);
        harness_free(h);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(takes_credentials), cmocka_unit_test(takes_the_account_of_the_profile),
            cmocka_unit_test(refusals),          cmocka_unit_test(is_given_its_time),
            cmocka_unit_test(what_cannot_start), cmocka_unit_test(cancel),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
