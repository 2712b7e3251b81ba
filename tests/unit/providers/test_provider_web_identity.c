// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/providers/harness.h"

#include <sys/stat.h>

#define SESSION                                                                                                        \
        "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><AssumedRoleUser>"                        \
        "<Arn>arn:aws:sts::123456789012:assumed-role/x/s</Arn></AssumedRoleUser><Credentials>"                         \
        "<AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>"                              \
        "<SessionToken>token</SessionToken><Expiration>2027-01-01T01:00:00Z</Expiration></Credentials>"                \
        "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
#define REFUSAL(code, message)                                                                                         \
        "<ErrorResponse><Error><Code>" code "</Code><Message>" message "</Message></Error></ErrorResponse>"

static char role_arn[] = "arn:aws:iam::123456789012:role/x";
static char session_name[] = "s";
static char region[] = "us-east-1";

struct setup {
        struct harness *h;
        struct profile profile;
        char folder[32], path[64];
        const char *newer; // written to the file while AWS looks at the first token
};

static void write_token(const char *path, const char *text)
{
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

static void set_up(struct setup *s, const struct upstream_answer *answers, size_t count)
{
        memset(s, 0, sizeof(*s));
        (void)snprintf(s->folder, sizeof(s->folder), "/tmp/keyfob-test-XXXXXX");
        assert_non_null(mkdtemp(s->folder));
        (void)snprintf(s->path, sizeof(s->path), "%s/token", s->folder);
        s->h = harness_new(answers, count);
        s->profile = (struct profile){.type = PROFILE_WEB_IDENTITY,
                                      .issuer_region = region,
                                      .endpoint_url = s->h->upstream.url,
                                      .web_identity_token_file = s->path,
                                      .role = {.role_arn = role_arn, .role_session_name = session_name}};
        harness_make(s->h, &s->profile, NULL);
}

static void tear_down(struct setup *s)
{
        harness_free(s->h);
        (void)remove(s->path);
        assert_int_equal(rmdir(s->folder), 0);
}

// In the server's thread, between the request and its answer.
static void renew_token(void *arg)
{
        struct setup *s = arg;
        if (s->newer)
                write_token(s->path, s->newer);
}

static void the_token_is_read_anew(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {{200, DATE_NOW, SESSION}, {200, DATE_NOW, SESSION}};
        struct setup s;
        set_up(&s, answers, LENGTH(answers));
        write_token(s.path, "\n aaa.bbb.ccc \r\n");
        harness_run(s.h);
        if (!s.h->c)
                fail_msg("%s", s.h->e.message);
        assert_true(slice_eq(s.h->c->assumed_role_arn, SLICE("arn:aws:sts::123456789012:assumed-role/x/s")));
        assert_true(s.h->c->expires_s == NOW_S + 3600);
        write_token(s.path, "ddd.eee.fff");
        harness_run(s.h);
        assert_non_null(s.h->c);
        const char *request = harness_requests(s.h, 2);
        char value[64];
        upstream_field(request, "Authorization", value, sizeof(value));
        assert_string_equal(value, "");
        upstream_field(request, "X-Amz-Date", value, sizeof(value));
        assert_string_equal(value, "");
        assert_string_equal(upstream_body(request),
                            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A"
                            "123456789012%3Arole%2Fx&RoleSessionName=s&WebIdentityToken=aaa.bbb.ccc");
        assert_non_null(strstr(s.h->upstream.requests[1], "WebIdentityToken=ddd.eee.fff"));
        tear_down(&s);
}

static void bad_files_are_clear_errors(void **state)
{
        (void)state;
        struct setup s;
        set_up(&s, NULL, 0);
        assert_int_equal(harness_start(s.h), -1); // missing
        assert_int_equal(s.h->e.kind, ERROR_CONFIG);
        assert_non_null(strstr(s.h->e.message, s.path));
        assert_non_null(strstr(s.h->e.message, "web identity token file"));
        write_token(s.path, " \n");
        assert_int_equal(harness_start(s.h), -1); // empty
        assert_int_equal(s.h->e.kind, ERROR_CONFIG);
        assert_non_null(strstr(s.h->e.message, s.path));
        FILE *f = fopen(s.path, "w");
        assert_non_null(f);
        for (int i = 0; i < 70000; i++)
                assert_int_equal(fputc('a', f), 'a');
        assert_int_equal(fclose(f), 0);
        assert_int_equal(harness_start(s.h), -1); // too large
        assert_int_equal(s.h->e.kind, ERROR_CONFIG);
        assert_int_equal(remove(s.path), 0);
        assert_int_equal(mkdir(s.path, 0700), 0);
        assert_int_equal(harness_start(s.h), -1); // a directory
        assert_int_equal(s.h->e.kind, ERROR_CONFIG);
        assert_non_null(strstr(s.h->e.message, s.path));
        (void)harness_requests(s.h, 0);
        tear_down(&s);
}

static void a_renewed_token_gets_one_more_try(void **state)
{
        (void)state;
        static const struct {
                const char *name, *code, *newer;
                size_t requests;
                bool succeeds;
        } t[] = {
            {"renewed, expired", "ExpiredTokenException", "new.new.new", 2, true},
            {"renewed, invalid", "InvalidIdentityToken", "new.new.new", 2, true},
            {"the same token, other blanks", "ExpiredTokenException", "old.old.old\n", 1, false},
            {"unchanged", "ExpiredTokenException", NULL, 1, false},
            {"another code", "AccessDenied", "new.new.new", 1, false},
        };
        for (size_t i = 0; i < LENGTH(t); i++) {
                char refusal[256];
                (void)snprintf(refusal, sizeof(refusal), REFUSAL("%s", "Token expired"), t[i].code);
                const struct upstream_answer answers[] = {{400, DATE_NOW, refusal}, {200, DATE_NOW, SESSION}};
                struct setup s;
                set_up(&s, answers, LENGTH(answers));
                s.newer = t[i].newer;
                s.h->upstream.arg = &s;
                s.h->upstream.received = renew_token;
                write_token(s.path, "old.old.old");
                harness_run(s.h);
                (void)harness_requests(s.h, t[i].requests);
                if ((s.h->c != NULL) != t[i].succeeds)
                        fail_msg("%s: %s", t[i].name, s.h->e.message);
                if (!s.h->c)
                        assert_string_equal(s.h->e.upstream.code, t[i].code);
                tear_down(&s);
        }
}

static void only_one_more_try(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {
            {400, DATE_NOW, REFUSAL("ExpiredTokenException", "first")},
            {400, DATE_NOW, REFUSAL("ExpiredTokenException", "second")},
            {200, DATE_NOW, SESSION},
        };
        struct setup s;
        set_up(&s, answers, LENGTH(answers));
        s.newer = "new.new.new";
        s.h->upstream.arg = &s;
        s.h->upstream.received = renew_token;
        write_token(s.path, "old.old.old");
        harness_run(s.h);
        assert_null(s.h->c);
        assert_int_equal(s.h->e.kind, ERROR_DENIED);
        assert_string_equal(s.h->e.upstream.message, "second");
        assert_non_null(strstr(s.h->e.hint, s.path));
        assert_null(strstr(s.h->e.message, "new.new"));
        (void)harness_requests(s.h, 2);
        tear_down(&s);
}

static void trouble_of_the_issuer_is_transient(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {{400, NULL, REFUSAL("IDPCommunicationError", "m")}};
        struct setup s;
        set_up(&s, answers, LENGTH(answers));
        write_token(s.path, "a.b.c");
        harness_run(s.h);
        assert_int_equal(s.h->e.kind, ERROR_TRANSIENT);
        tear_down(&s);
}

static void cancel_while_aws_works(void **state)
{
        (void)state;
        static const struct upstream_answer answers[] = {{0, NULL, NULL}};
        for (int late = 0; late < 2; late++) {
                struct setup s;
                set_up(&s, answers, LENGTH(answers));
                write_token(s.path, "a.b.c");
                s.h->cancels_on_receipt = late;
                assert_int_equal(harness_start(s.h), 0);
                if (!late)
                        provider_cancel(s.h->provider);
                harness_finish(s.h);
                assert_int_equal(s.h->e.kind, ERROR_CANCELLED);
                tear_down(&s);
        }
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
