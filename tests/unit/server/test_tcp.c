// SPDX-License-Identifier: Apache-2.0
// What is the same of all APIs over TCP: whom a request is meant for, who asks, what health shows.
#include "sidecar/server/api_health.h"
#include "tests/unit/server/tcp.h"

static const struct server_listener health = {.apis = {&api_health}, .apis_count = 1};
static const struct server_listener health_and_more = {.apis = {&api_health, &echo_api}, .apis_count = 2};

// PORT in a text is the listener's.
static void put_port(const char *text, const struct inet_address *at, char *out, size_t size)
{
        size_t n = 0;
        while (*text && n + 8 < size) {
                bool is_port = strncmp(text, "PORT", 4) == 0;
                n += is_port ? (size_t)snprintf(out + n, size - n, "%u", inet_address_port(at)) : 1;
                if (!is_port)
                        out[n - 1] = *text;
                text += is_port ? 4 : 1;
        }
        out[n] = '\0';
}

static int ask_at(struct fixture *f, const struct inet_address *at, const char *request)
{
        char text[512];
        struct client c = tcp_client(f, at);
        put_port(request, at, text, sizeof(text));
        int status = client_ask(&c, text);
        client_close(&c);
        return status;
}

static void takes_no_host_but_its_own(void **state)
{
        (void)state;
        static const struct {
                const char *listens, *request;
                int status;
        } rows[] = {
            {"127.0.0.1", "GET /livez HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n", 200},
            {"127.0.0.1", "GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 200},
            {"127.0.0.1", "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", 200},
            {"127.0.0.1", "GET /livez HTTP/1.1\r\nHost: LocalHost:PORT\r\n\r\n", 200},
            {"127.0.0.1", "GET /livez HTTP/1.1\r\nHost: [::1]\r\n\r\n", 200},
            {"127.0.0.1", "GET /livez HTTP/1.1\r\nHost: [0:0:0:0:0:0:0:1]:PORT\r\n\r\n", 200},
            {"[::1]", "GET /livez HTTP/1.1\r\nHost: [::1]:PORT\r\n\r\n", 200},
            {"[::1]", "GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 200},
            {"127.0.0.1", "GET /livez HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n", 200},
            {"127.0.0.1", "GET http://localhost:PORT/livez HTTP/1.1\r\nHost: localhost\r\n\r\n", 200},

            {"127.0.0.1", "GET /livez HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n", 421},
            {"127.0.0.1", "GET /livez HTTP/1.1\r\nHost: 127.0.0.1:\r\n\r\n", 421},
            {"127.0.0.1", "GET /livez HTTP/1.1\r\nHost: 127.0.0.1:PORTx\r\n\r\n", 421},
            {"127.0.0.1", "GET /livez HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n", 421},
            {"127.0.0.1", "GET /livez HTTP/1.1\r\nHost: 127.0.0.2\r\n\r\n", 421},
            {"127.0.0.1", "GET /livez HTTP/1.1\r\nHost: localhost.evil.example:PORT\r\n\r\n", 421},
            {"127.0.0.1", "GET /livez HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421},
            {"127.0.0.1", "GET /livez HTTP/1.1\r\nHost: evil@127.0.0.1\r\n\r\n", 421},
            {"127.0.0.1", "GET /livez HTTP/1.1\r\nHost: [::1\r\n\r\n", 421},
            {"127.0.0.1", "GET /livez HTTP/1.1\r\nHost: [::2]\r\n\r\n", 421},
            {"127.0.0.1", "GET /livez HTTP/1.1\r\nHost:\r\n\r\n", 421},
            {"127.0.0.1", "GET /livez HTTP/1.1\r\n\r\n", 421},
            {"127.0.0.1", "GET /livez HTTP/1.0\r\n\r\n", 421},
            {"127.0.0.1", "GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 421},
            {"127.0.0.1", "GET http://evil.example/livez HTTP/1.1\r\nHost: localhost\r\n\r\n", 421},
            {"127.0.0.1", "GET HTTP://evil.example/livez HTTP/1.1\r\nHost: localhost\r\n\r\n", 421},
            {"127.0.0.1", "GET /nowhere HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421},
            {"[::1]", "GET /livez HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421},
            // On all addresses every address is its own, no name is.
            {"0.0.0.0", "GET /word HTTP/1.1\r\nHost: 10.1.2.3:PORT\r\n\r\n", 404},
            {"0.0.0.0", "GET /word HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421},
            {"0.0.0.0", "GET /word HTTP/1.1\r\nHost: localhost\r\n\r\n", 421},
        };
        struct fixture f;
        fixture_start(&f);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct inet_address at;
                bool is_any = strcmp(rows[i].listens, "0.0.0.0") == 0;
                tcp_serve(&f, rows[i].listens, is_any ? &health_and_more : &health, &at);
                if (ask_at(&f, &at, rows[i].request) != rows[i].status)
                        fail_msg("not %d: %s", rows[i].status, rows[i].request);
        }
        fixture_stop(&f);
}

// The second request of a connection is judged as the first.
static void judges_each_request_of_a_connection(void **state)
{
        (void)state;
        struct fixture f;
        struct inet_address at;
        fixture_start(&f);
        tcp_serve(&f, "127.0.0.1", &health, &at);
        struct client c = tcp_client(&f, &at);
        assert_int_equal(client_ask(&c, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"), 200);
        assert_int_equal(client_ask(&c, "GET /livez HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 421);
        assert_int_equal(client_ask(&c, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"), 200);
        stop(&f, &c);
}

static void health_on_other_addresses_has_any_name(void **state)
{
        (void)state;
        struct fixture f;
        struct inet_address at;
        fixture_start(&f);
        tcp_serve(&f, "0.0.0.0", &health, &at);
        assert_int_equal(ask_at(&f, &at, "GET /livez HTTP/1.1\r\nHost: keyfob.monitoring:9000\r\n\r\n"), 200);
        fixture_stop(&f);
}

static void health_serves_three_paths(void **state)
{
        (void)state;
        static const struct {
                const char *path;
                int status;
        } rows[] = {{"/livez", 200},    {"/readyz", 200},         {"/metrics", 200},
                    {"/version", 404},  {"/v1/profiles", 404},    {"/v1/profiles/a", 404},
                    {CREDENTIALS, 404}, {"/v1/container/a", 404}, {"/", 404},
                    {"/latest/", 404},  {"/metrics/../", 404}};
        static uid_t stranger = 4711;
        static const struct allow_rule not_this_peer = {.uids = &stranger, .uids_count = 1, .scopes = ALLOW_ALL};
        struct fixture f;
        struct inet_address at;
        struct client unix_client;
        serve_credentials(&f, &unix_client);
        fixture_add(&f, "hide", false);
        f.profiles[1].allow = &not_this_peer;
        f.profiles[1].allow_count = 1;
        fixture_fetch_all(&f);
        tcp_serve(&f, "127.0.0.1", &health, &at);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char request[128];
                struct client c = tcp_client(&f, &at);
                (void)snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", rows[i].path);
                if (client_ask(&c, request) != rows[i].status)
                        fail_msg("%s: %d", rows[i].path, c.status);
                assert_null(strstr(client_body(&c), TOKEN));
                assert_null(strstr(client_body(&c), "ASIA"));
                assert_null(strstr(client_body(&c), "hide"));
                client_close(&c);
        }
        stop(&f, &unix_client);
}

// The kernel tells the user of a peer on this host; the group is not known.
static void peers_on_this_host_have_a_uid(void **state)
{
        (void)state;
        struct fixture f;
        struct inet_address at;
        fixture_start(&f);
        tcp_serve(&f, "127.0.0.1", &health, &at);
        struct client c = tcp_client(&f, &at);
        TURN_UNTIL(&f, f.server->connections);
        assert_int_equal(f.server->connections->peer.uid, getuid());
        assert_int_equal(f.server->connections->peer.gid, (gid_t)-1);
        assert_int_equal(f.server->connections->account.user->uid, getuid());
        stop(&f, &c);
}

// The connection that is kept back for the operator is for `keyfob status`, on the Unix socket.
static void no_connection_is_kept_back_over_tcp(void **state)
{
        (void)state;
        struct fixture f;
        struct inet_address at;
        fixture_start(&f);
        tcp_serve(&f, "127.0.0.1", &health, &at);
        f.server->users.max[USER_CONNECTIONS] = 0;
        struct client c = client_open(&f);
        assert_int_equal(client_get(&c, "/livez"), 200);
        client_close(&c);
        c = tcp_client(&f, &at);
        assert_int_equal(client_answer(&c), 503);
        stop(&f, &c);
}

static void profiles_list_the_listeners(void **state)
{
        (void)state;
        struct fixture f;
        struct inet_address at;
        char want[160], address[INET_ADDRESS_SIZE];
        fixture_start(&f);
        tcp_serve(&f, "[::1]", &health, &at);
        struct client c = client_open(&f);
        assert_int_equal(client_get(&c, "/v1/profiles"), 200);
        inet_address_write(&at, address);
        (void)snprintf(want, sizeof(want),
                       "{\"profiles\":[],\"listeners\":[{\"unix\":\"/socket\",\"api\":[\"native\",\"echo\"]},"
                       "{\"tcp\":\"%s\",\"api\":[\"health\"]}]}\n",
                       address);
        assert_string_equal(client_body(&c), want);
        stop(&f, &c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(takes_no_host_but_its_own),
            cmocka_unit_test(judges_each_request_of_a_connection),
            cmocka_unit_test(health_on_other_addresses_has_any_name),
            cmocka_unit_test(health_serves_three_paths),
            cmocka_unit_test(peers_on_this_host_have_a_uid),
            cmocka_unit_test(no_connection_is_kept_back_over_tcp),
            cmocka_unit_test(profiles_list_the_listeners),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
