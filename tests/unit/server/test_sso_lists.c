// SPDX-License-Identifier: Apache-2.0
// GET …/sso/accounts and …/sso/roles: what is asked, what is answered, who gives up.
#include "tests/unit/server/fixture.h"

#define ACCOUNTS "/v1/profiles/a/sso/accounts"
#define ROLES "/v1/profiles/a/sso/roles"

static struct {
        char account_id[32], next_token[64];
        void (*done)(void *arg, struct slice json, const struct error *e);
        void *arg;
        unsigned starts, cancels;
        bool fails;
} list;

static void *start(void *context, const struct server_profile *p, const struct sso_list_request *request,
                   void (*done)(void *arg, struct slice json, const struct error *e), void *arg, struct error *e)
{
        (void)context;
        (void)p;
        list.starts++;
        if (list.fails) {
                (void)error_set(e, ERROR_CONFIG, "the profile is not one of IAM Identity Center");
                return NULL;
        }
        (void)snprintf(list.account_id, sizeof(list.account_id), "%.*s", (int)request->account_id.n,
                       (const char *)request->account_id.p);
        (void)snprintf(list.next_token, sizeof(list.next_token), "%.*s", (int)request->next_token.n,
                       (const char *)request->next_token.p);
        list.done = done;
        list.arg = arg;
        return &list;
}

static void cancel(void *job)
{
        assert_ptr_equal(job, &list);
        list.cancels++;
}

static void begin(struct fixture *f, struct client *c)
{
        memset(&list, 0, sizeof(list));
        (void)serve_credentials(f, c);
        server_set_sso(f->server, &(struct server_sso){start, cancel, NULL});
}

static void ask(struct fixture *f, struct client *c, const char *target)
{
        unsigned before = list.starts;
        client_send_get(c, target, "");
        TURN_UNTIL(f, list.starts == before + 1);
        settle(f);
}

static void answers_with_the_page(void **state)
{
        struct fixture f;
        struct client c;
        (void)state;
        begin(&f, &c);
        ask(&f, &c, ACCOUNTS);
        assert_string_equal(list.account_id, "");
        assert_int_equal(f.server->users.used[USER_WAITS], 1);
        list.done(list.arg, SLICE("{\"accounts\":[]}"), NULL);
        assert_int_equal(client_answer(&c), 200);
        assert_string_equal(client_body(&c), "{\"accounts\":[]}\n");
        assert_int_equal(f.server->users.used[USER_WAITS], 0);
        ask(&f, &c, ROLES "?account_id=123456789012&next_token=a%2Fb%26");
        assert_string_equal(list.account_id, "123456789012");
        assert_string_equal(list.next_token, "a/b&");
        list.done(list.arg, SLICE("{\"roles\":[]}"), NULL);
        assert_int_equal(client_answer(&c), 200);
        stop(&f, &c);
}

static void says_why_there_is_none(void **state)
{
        struct fixture f;
        struct client c;
        struct error e;
        (void)state;
        begin(&f, &c);
        ask(&f, &c, ACCOUNTS);
        error_set(&e, ERROR_INTERACTION, "nobody is logged in");
        list.done(list.arg, slice_of(NULL, 0), &e);
        assert_int_equal(client_answer(&c), 503);
        expect_problem(&c, 503, "login_required");
        list.fails = true;
        assert_int_equal(client_get(&c, ACCOUNTS), 400);
        assert_true(client_body_has(&c, "IAM Identity Center"));
        assert_int_equal(f.server->users.used[USER_WAITS], 0);
        stop(&f, &c);
}

static void refuses_bad_queries(void **state)
{
        static const char *const targets[] = {
            ACCOUNTS "?x=y",
            ACCOUNTS "?account_id=123456789012",
            ACCOUNTS "?next_token=%4",
            ROLES,
            ROLES "?account_id=12345678901",
            ROLES "?account_id=1234567890123",
            ROLES "?account_id=12345678901a",
        };
        struct fixture f;
        struct client c;
        (void)state;
        begin(&f, &c);
        for (size_t i = 0; i < LENGTH(targets); i++)
                assert_int_equal(client_get(&c, targets[i]), 400);
        assert_int_equal(list.starts, 0);
        stop(&f, &c);
}

static void gives_up_with_the_peer(void **state)
{
        struct fixture f;
        struct client c;
        (void)state;
        begin(&f, &c);
        ask(&f, &c, ACCOUNTS);
        client_close(&c);
        TURN_UNTIL(&f, list.cancels == 1);
        assert_int_equal(f.server->users.used[USER_WAITS], 0);
        c = client_open(&f);
        stop(&f, &c);
}

static void checks_again_who_asks_at_the_end(void **state)
{
        static const struct allow_rule nobody = {.scopes = ALLOW_STATUS};
        struct fixture f;
        struct client c;
        (void)state;
        begin(&f, &c);
        ask(&f, &c, ACCOUNTS);
        f.profiles[0].allow = &nobody;
        f.profiles[0].allow_count = 1;
        server_set_profiles(f.server, f.profiles, f.profiles_count);
        list.done(list.arg, SLICE("{\"accounts\":[]}"), NULL);
        assert_int_equal(client_answer(&c), 404);
        assert_false(client_body_has(&c, "accounts"));
        stop(&f, &c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(answers_with_the_page),
            cmocka_unit_test(says_why_there_is_none),
            cmocka_unit_test(refuses_bad_queries),
            cmocka_unit_test(gives_up_with_the_peer),
            cmocka_unit_test(checks_again_who_asks_at_the_end),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
