// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/providers/harness.h"
#include "tests/unit/providers/sts.h"

#include <sys/stat.h>

#define SESSION STS_SESSION("AssumeRoleWithWebIdentity", ONE_O_CLOCK)

static char role_arn[] = ROLE_ARN;
static char session_name[] = "s";
static char region[] = "us-east-1";

static struct harness *set_up(const struct upstream_answer *answers, size_t count)
{
        struct harness *h = harness_new(answers, count);
        harness_file(h, "token");
        h->profile = (struct profile){.type = PROFILE_WEB_IDENTITY,
                                      .issuer_region = region,
                                      .endpoint_url = h->upstream.url,
                                      .web_identity_token_file = h->file,
                                      .role = {.role_arn = role_arn, .role_session_name = session_name}};
        harness_make(h, &h->profile, NULL);
        return h;
}

struct renewal {
        const char *file;
        const char *newer; // written to the file while AWS looks at the first token; NULL: nothing is
};

// In the server's thread, between the request and its answer.
static void renew_token(void *arg)
{
        const struct renewal *r = arg;
        if (r->newer)
                write_file(r->file, r->newer);
}

static void renew_on_receipt(struct harness *h, struct renewal *r)
{
        h->upstream.arg = r;
        h->upstream.received = renew_token;
}

static void the_token_is_read_anew(void **state)
{
        (void)state;
        struct harness *h = set_up(ANSWERS({200, DATE_NOW, SESSION}, {200, DATE_NOW, SESSION}));
        write_file(h->file, "\n e30.bbb.ccc \r\n");
        harness_run_to_credentials(h);
        assert_slice(h->c->assumed_role_arn, "arn:aws:sts::123456789012:assumed-role/x/s");
        assert_true(h->c->expires_s == NOW_S + 3600);
        write_file(h->file, "e30.eee.fff");
        harness_run_to_credentials(h);
        (void)harness_requests(h, 2);
        harness_has_field(h, 0, "Authorization", "");
        harness_has_field(h, 0, "X-Amz-Date", "");
        harness_has_body(h, 0,
                         "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A"
                         "123456789012%3Arole%2Fx&RoleSessionName=s&WebIdentityToken=e30.bbb.ccc");
        assert_non_null(strstr(h->upstream.requests[1], "WebIdentityToken=e30.eee.fff"));
        harness_free(h);
}

static void bad_files_are_clear_errors(void **state)
{
        (void)state;
        struct harness *h = set_up(NULL, 0);
        harness_run_to_error(h, ERROR_CONFIG); // missing
        assert_non_null(strstr(h->e.message, h->file));
        assert_non_null(strstr(h->e.message, "web identity token file"));
        write_file(h->file, " \n");
        harness_run_to_error(h, ERROR_CONFIG); // empty
        assert_non_null(strstr(h->e.message, h->file));
        FILE *f = fopen(h->file, "w");
        assert_non_null(f);
        for (int i = 0; i < 70000; i++)
                assert_int_equal(fputc('a', f), 'a');
        assert_int_equal(fclose(f), 0);
        harness_run_to_error(h, ERROR_CONFIG); // too large
        assert_int_equal(remove(h->file), 0);
        assert_int_equal(mkdir(h->file, 0700), 0);
        harness_run_to_error(h, ERROR_CONFIG); // a directory
        assert_non_null(strstr(h->e.message, h->file));
        (void)harness_requests(h, 0);
        harness_free(h);
}

static void a_renewed_token_gets_one_more_try(void **state)
{
        (void)state;
        static const struct {
                const char *name, *code, *newer;
                size_t requests;
                bool succeeds;
        } t[] = {
            {"renewed, expired", "ExpiredTokenException", "e30.new.new", 2, true},
            {"renewed, invalid", "InvalidIdentityToken", "e30.new.new", 2, true},
            {"the same token, other blanks", "ExpiredTokenException", "e30.old.old\n", 1, false},
            {"unchanged", "ExpiredTokenException", NULL, 1, false},
            {"another code", "AccessDenied", "e30.new.new", 1, false},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                char refusal[256];
                (void)snprintf(refusal, sizeof(refusal), STS_REFUSAL("%s", "Token expired"), t[i].code);
                const struct upstream_answer answers[] = {{400, DATE_NOW, refusal}, {200, DATE_NOW, SESSION}};
                struct harness *h = set_up(answers, LENGTH(answers));
                struct renewal renewal = {h->file, t[i].newer};
                renew_on_receipt(h, &renewal);
                write_file(h->file, "e30.old.old");
                harness_run(h);
                (void)harness_requests(h, t[i].requests);
                if ((h->c != NULL) != t[i].succeeds)
                        fail_msg("%s: %s", t[i].name, h->e.message);
                if (!h->c)
                        assert_string_equal(h->e.upstream.code, t[i].code);
                harness_free(h);
        }
}

static void only_one_more_try(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {
            {400, DATE_NOW, STS_REFUSAL("ExpiredTokenException", "first")},
            {400, DATE_NOW, STS_REFUSAL("ExpiredTokenException", "second")},
            {200, DATE_NOW, SESSION},
        };
        struct harness *h = set_up(answers, LENGTH(answers));
        struct renewal renewal = {h->file, "e30.new.new"};
        renew_on_receipt(h, &renewal);
        write_file(h->file, "e30.old.old");
        harness_run_to_error(h, ERROR_DENIED);
        assert_string_equal(h->e.upstream.message, "second");
        assert_non_null(strstr(h->e.hint, h->file));
        assert_null(strstr(h->e.message, "new.new"));
        (void)harness_requests(h, 2);
        harness_free(h);
}

static void trouble_of_the_issuer_is_transient(void **state)
{
        (void)state;
        struct harness *h = set_up(ANSWERS({400, NULL, STS_REFUSAL("IDPCommunicationError", "m")}));
        write_file(h->file, "e30.bb.cc");
        harness_run_to_error(h, ERROR_TRANSIENT);
        harness_free(h);
}

static void cancel_while_aws_works(void **state)
{
        (void)state;
        struct harness *h = set_up(ANSWERS({SILENCE}));
        write_file(h->file, "e30.bb.cc");
        harness_cancel_at_once(h);
        harness_free(h);
        h = set_up(ANSWERS({SILENCE}));
        write_file(h->file, "e30.bb.cc");
        harness_cancel_on_receipt(h);
        harness_free(h);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(the_token_is_read_anew),
            cmocka_unit_test(bad_files_are_clear_errors),
            cmocka_unit_test(a_renewed_token_gets_one_more_try),
            cmocka_unit_test(only_one_more_try),
            cmocka_unit_test(trouble_of_the_issuer_is_transient),
            cmocka_unit_test(cancel_while_aws_works),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
