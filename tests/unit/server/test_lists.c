// SPDX-License-Identifier: Apache-2.0
// Lists and metrics of many profiles: in pieces, over many turns, through reloads.
#include "proto/mem/text.h"
#include "tests/unit/server/fixture.h"

enum { MANY = 10000, ROWS_MAX = MANY };

struct table {
        struct server_profile rows[ROWS_MAX];
        char names[ROWS_MAX][16];
};

// Rows `from`, `from` + `step`, … of one entry.
static struct table *make_table(struct fixture *f, size_t count, size_t from, size_t step)
{
        struct table *t = calloc(1, sizeof(*t));
        assert_non_null(t);
        for (size_t i = 0; i < count; i++) {
                snprintf(t->names[i], sizeof(t->names[i]), "p%05zu", from + i * step);
                t->rows[i] = (struct server_profile){
                    .name = t->names[i], .type = "static", .entry = f->profiles[0].entry, .on_demand = true};
        }
        return t;
}

static size_t count_names(const struct client *c)
{
        size_t n = 0;
        for (const char *at = client_body(c); (at = strstr(at, "{\"name\":\"p")); at++)
                n++;
        return n;
}

static void sends_long_lists_in_pieces(void **state)
{
        (void)state;
        static const char *const targets[] = {"/v1/profiles", "/metrics"};
        struct fixture f;
        struct client c;
        serve_credentials(&f, &c);
        struct table *t = make_table(&f, MANY, 0, 1);
        server_set_profiles(f.server, t->rows, MANY);
        for (size_t i = 0; i < LENGTH(targets); i++) {
                client_send_get(&c, targets[i], "");
                unsigned turns = 0;
                size_t held_max = 0;
                while (!client_parse(&c)) {
                        while (!client_receive(&c)) {
                                turn(&f);
                                turns++;
                                if (f.server->users.used[USER_OUTPUT] > held_max)
                                        held_max = f.server->users.used[USER_OUTPUT];
                        }
                }
                assert_int_equal(c.status, 200);
                assert_true(client_head_has(&c, "Transfer-Encoding: chunked\n"));
                assert_true(turns > 5); // others had theirs in between
                assert_true(held_max <= 64 * 1024);
        }
        ASSERT_BODY_HAS(&c, "keyfob_credentials_generation{profile=\"p00000\"} 1\n");
        ASSERT_BODY_HAS(&c, "keyfob_refreshes_total{profile=\"p09999\",result=\"failure\"} 0\n");
        ASSERT_BODY_HAS(&c, "keyfob_connections 1\n");
        assert_int_equal(client_get(&c, "/v1/profiles"), 200);
        assert_int_equal(count_names(&c), MANY);
        struct json_doc doc;
        struct json_fault fault;
        json_doc_init(&doc);
        assert_int_equal(json_parse(&doc, buffer_slice(&c.body), &fault), 0);
        assert_int_equal(json_length(&doc, json_get(&doc, JSON_ROOT, SLICE("profiles"))), MANY);
        json_doc_free(&doc);
        server_set_profiles(f.server, f.profiles, 1);
        free(t);
        stop(&f, &c);
}

// The table is replaced amid the list: it goes on behind the last name, each name comes once, in order.
static void goes_on_after_a_reload(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve_credentials(&f, &c);
        struct table *before = make_table(&f, 3000, 0, 2);
        struct table *after = make_table(&f, 2000, 1, 3);
        server_set_profiles(f.server, before->rows, 3000);
        client_send_get(&c, "/v1/profiles", "");
        TURN_UNTIL(&f, f.server->connections_count == 1 && f.server->connections->state == CONNECTION_SERVING);
        server_set_profiles(f.server, after->rows, 2000);
        memset(before, 0, sizeof(*before)); // a reader of it fails from now on
        assert_int_equal(client_answer(&c), 200);
        long last = -1;
        size_t of_after = 0;
        for (const char *at = client_body(&c); (at = strstr(at, "{\"name\":\"p")); at++) {
                uint64_t digits = 0;
                assert_int_equal(text_parse_u64(slice_of(at + 10, 5), &digits), 0);
                long number = (long)digits;
                assert_true(number > last);
                last = number;
                of_after += number % 3 == 1;
        }
        assert_int_equal(last, 1 + 1999 * 3);
        assert_true(of_after > 500);
        server_set_profiles(f.server, f.profiles, 1);
        free(before);
        free(after);
        stop(&f, &c);
}

// 10,000 profiles are judged over several turns, the answer is one.
static void judges_many_profiles_over_several_turns(void **state)
{
        (void)state;
        struct fixture f;
        struct client c;
        serve_credentials(&f, &c);
        struct table *t = make_table(&f, MANY, 0, 1);
        for (size_t i = 0; i < MANY; i++)
                t->rows[i].on_demand = false;
        server_set_profiles(f.server, t->rows, MANY);
        client_send_get(&c, "/readyz", "");
        TURN_UNTIL(&f, f.server->exchanges);
        assert_int_equal(client_answer(&c), 200);
        assert_string_equal(client_body(&c), "{\"ready\":true,\"profiles\":10000}\n");
        client_get(&c, "/readyz?min_ttl=20h");
        expect_problem(&c, 503, "credentials_unavailable");
        ASSERT_BODY_HAS(&c, "not ready: p00000 (expires too soon), p00001 (");
        assert_true(c.body.n < 2048);
        server_set_profiles(f.server, f.profiles, 1);
        free(t);
        stop(&f, &c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(sends_long_lists_in_pieces),
            cmocka_unit_test(goes_on_after_a_reload),
            cmocka_unit_test(judges_many_profiles_over_several_turns),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
