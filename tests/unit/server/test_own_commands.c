// SPDX-License-Identifier: Apache-2.0
// POST /v1/commands: who may, what is read, and how it is answered. The command is a script of the fixture's.
#include "tests/unit/server/fixture.h"

static uid_t agent_uid;

// The linker sends calls here, see cmake/tests.cmake.
uid_t __wrap_geteuid(void);
uid_t __wrap_geteuid(void)
{
        return agent_uid;
}

struct own {
        const struct server_profile *profile;
        struct error error; // of kind ERROR_NONE: gives the profile
        size_t count, calls;
        char first[32], last[32];
};

static const struct server_profile *get(void *context, const struct slice *words, size_t count, struct error *e)
{
        struct own *own = context;
        own->calls++;
        own->count = count;
        (void)snprintf(own->first, sizeof(own->first), "%.*s", (int)words[0].n, (const char *)words[0].p);
        (void)snprintf(own->last, sizeof(own->last), "%.*s", (int)words[count - 1].n, (const char *)words[count - 1].p);
        *e = own->error;
        return own->error.kind == ERROR_NONE ? own->profile : NULL;
}

static void begin(struct fixture *f, struct client *c, struct own *own)
{
        *own = (struct own){.calls = 0};
        agent_uid = getuid();
        serve_profile(f, c);
        own->profile = &f->profiles[0];
        f->server->deps.own_commands = (struct server_own_commands){.get = get, .context = own};
}

static void answers_with_the_credentials_of_the_command(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        struct own own;
        begin(&f, &c, &own);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(client_post(&c, "/v1/commands", "{\"command\": [\"tool\", \"a\\u0020b\"]}"), 200);
                expect_member(&c, "SecretAccessKey", SECRET);
                assert_true(client_head_has(&c, "Cache-Control: no-store\n"));
        }
        assert_int_equal(own.count, 2);
        assert_string_equal(own.first, "tool");
        assert_string_equal(own.last, "a b");
        stop(&f, &c);
}

static void runs_none_for_others(void **state)
{
        (void)state;
        for (int i = 0; i < 2; i++) {
                struct fixture f;
                struct client c;
                struct own own;
                begin(&f, &c, &own);
                if (i == 0)
                        agent_uid = getuid() + 1;
                else
                        f.server->deps.own_commands.get = NULL;
                assert_int_equal(client_post(&c, "/v1/commands", "{\"command\": [\"tool\"]}"), 403);
                expect_problem(&c, 403, "peer_not_allowed");
                assert_int_equal(own.calls, 0);
                stop(&f, &c);
        }
}

static void refuses_what_is_no_command(void **state)
{
        (void)state;
        static const char *const rows[] = {
            "{}",
            "[]",
            "{\"command\": []}",
            "{\"command\": [\"\"]}",
            "{\"command\": \"tool\"}",
            "{\"command\": [1]}",
            "{\"command\": [\"a\\u0000b\"]}",
            "{\"command\": [\"a\"], \"directory\": \"/\"}",
        };
        struct fixture f;
        struct client c;
        struct own own;
        begin(&f, &c, &own);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                if (client_post(&c, "/v1/commands", rows[i]) != 400)
                        fail_msg("accepted: %s", rows[i]);
                expect_problem(&c, 400, "invalid_request");
        }
        assert_int_equal(own.calls, 0);
        assert_int_equal(client_get(&c, "/v1/commands"), 405);
        stop(&f, &c);
}

static void reports_why_there_are_none(void **state)
{
        (void)state;
        static const struct {
                enum error_kind kind;
                int status;
                const char *code;
        } rows[] = {{ERROR_THROTTLED, 503, "too_many_requests"},
                    {ERROR_CONFIG, 400, "invalid_request"},
                    {ERROR_INTERNAL, 500, "internal_error"}};
        struct fixture f;
        struct client c;
        struct own own;
        begin(&f, &c, &own);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                error_set(&own.error, rows[i].kind, "no");
                (void)client_post(&c, "/v1/commands", "{\"command\": [\"tool\"]}");
                expect_problem(&c, rows[i].status, rows[i].code);
        }
        stop(&f, &c);
        begin(&f, &c, &own);
        struct scripted *script = fixture_add(&f, "b", true);
        script->script = SCRIPT_FAIL;
        error_set(&script->error, ERROR_TRANSIENT, "no");
        own.profile = &f.profiles[1];
        assert_int_equal(client_post(&c, "/v1/commands?wait=60", "{\"command\": [\"tool\"]}"), 503);
        assert_int_equal(script->starts, 1); // at once: another run may ask the user again
        stop(&f, &c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(answers_with_the_credentials_of_the_command),
            cmocka_unit_test(runs_none_for_others),
            cmocka_unit_test(refuses_what_is_no_command),
            cmocka_unit_test(reports_why_there_are_none),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
