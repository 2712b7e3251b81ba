// SPDX-License-Identifier: Apache-2.0
// Whom the client trusts, where it looks for that, and that it never trusts anybody else.
#include "sidecar/io/http_client.h"

#include "tests/unit/io/tls.h"

// --- whom ---

static void test_bundle(void **state)
{
        const struct world *w = *state;
        struct fixture x;
        struct fetched r;
        open_fixture(&x, w, w->good, NULL);
        for (unsigned i = 0; i < 3; i++) {
                fetch_with(&x, "/kept", w->good_file, &r);
                assert_status(&r, 200);
        }
        assert_int_equal(x.server->connections, 1);
        fetch_with(&x, "/", w->both_file, &r);
        assert_status(&r, 200);
        close_fixture(&x);
}

static void test_refusals(void **state)
{
        const struct world *w = *state;
        const struct {
                SSL_CTX *server;
                const char *bundle, *text, *hint;
        } rows[] = {
            {w->strange, w->good_file, "unable to get local issuer certificate", "ca_bundle"},
            {w->good, w->strange_file, "unable to get local issuer certificate", "ca_bundle"},
            {w->expired, w->good_file, "certificate has expired", "clock"},
            {w->elsewhere, w->good_file, "its certificate is not for this host", "endpoint_url"},
            {w->good, w->missing_file, w->missing_file, "create it"},
            {w->good, w->empty_file, "holds no certificate", "PEM"},
            {w->good, w->empty_file, w->empty_file, "PEM"},
            {w->good, w->broken_file, "certificate number 1 cannot be read", "PEM"},
            {w->good, w->folder.path, "is a directory", ""},
        };
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct fixture x;
                struct fetched r;
                open_fixture(&x, w, rows[i].server, NULL);
                for (unsigned again = 0; again < 2; again++) {
                        fetch_with(&x, "/", rows[i].bundle, &r);
                        assert_error(&r, ERROR_CONFIG, rows[i].text);
                        assert_non_null(strstr(r.error.hint, rows[i].hint));
                }
                assert_int_equal(x.server->requests, 0); // nothing was sent to it
                close_fixture(&x);
        }
}

static void test_host_name(void **state)
{
        const struct world *w = *state;
        struct fixture x;
        struct fetched r;
        open_fixture(&x, w, w->expired, NULL); // whose names lack "localhost"
        struct http_request request = get(&x, "localhost", "/", w->good_file);
        fetch(&x.f, &request, &r);
        assert_error(&r, ERROR_CONFIG, "certificate");
        close_fixture(&x);
        open_fixture(&x, w, w->good, NULL);
        request = get(&x, "localhost", "/", w->good_file);
        fetch(&x.f, &request, &r);
        assert_status(&r, 200);
        fetched_free(&r);
        close_fixture(&x);
}

// A kept connection that was verified against one bundle serves no call that trusts another one.
static void test_bundles_do_not_share_connections(void **state)
{
        const struct world *w = *state;
        struct fixture x;
        struct fetched r;
        open_fixture(&x, w, w->good, NULL);
        fetch_with(&x, "/", w->good_file, &r);
        assert_status(&r, 200);
        fetch_with(&x, "/", w->strange_file, &r);
        assert_error(&r, ERROR_CONFIG, "unable to get local issuer certificate");
        assert_int_equal(x.server->requests, 1);
        close_fixture(&x);
}

// --- where ---

static void test_environment(void **state)
{
        const struct world *w = *state;
        const struct {
                const char *variable, *value, *text; // NULL: trusted
        } rows[] = {
            {"SSL_CERT_FILE", w->good_file, NULL},
            {"SSL_CERT_FILE", w->strange_file, "unable to get local issuer certificate"},
            {"SSL_CERT_FILE", w->missing_file, w->missing_file},
            {"SSL_CERT_DIR", w->hashed, NULL},
            {"UNRELATED", w->good_file, ""}, // the system's, which do not know the test's
        };
        for (size_t i = 0; i < LENGTH(rows); i++) {
                char entry[256];
                char *environment[] = {entry, NULL};
                struct fixture x;
                struct fetched r;
                (void)snprintf(entry, sizeof(entry), "%s=%s", rows[i].variable, rows[i].value);
                open_fixture(&x, w, w->good, environment);
                for (unsigned again = 0; again < 2; again++) {
                        fetch_with(&x, "/", NULL, &r);
                        if (rows[i].text)
                                assert_error(&r, ERROR_CONFIG, rows[i].text);
                        else
                                assert_status(&r, 200);
                }
                close_fixture(&x);
        }
}

static void test_directory_without_links(void **state)
{
        const struct world *w = *state;
        char entry[256];
        char *environment[] = {entry, NULL};
        struct fixture x;
        struct fetched r = {0};
        (void)snprintf(entry, sizeof(entry), "SSL_CERT_DIR=%s", w->folder.path);
        open_fixture(&x, w, w->good, environment);
        struct http_request request = get(&x, "127.0.0.1", "/", NULL);
        assert_null(fetch_start(&x.f, &request, &r));
        assert_error(&r, ERROR_CONFIG, w->folder.path);
        assert_non_null(strstr(r.error.hint, "openssl rehash"));
        fetcher_run(&x.f);
        assert_int_equal(r.completions, 0);
        close_fixture(&x);
}

// The file is replaced, as a secret store does when it rotates: the next connection goes by the new one.
static void test_bundle_changes(void **state)
{
        const struct world *w = *state;
        char path[128];
        char next[128];
        struct fixture x;
        struct fetched r;
        (void)snprintf(path, sizeof(path), "%s/changing.pem", w->folder.path);
        (void)snprintf(next, sizeof(next), "%s/changing.new", w->folder.path);
        open_fixture(&x, w, w->good, NULL);
        pki_write(&w->stranger, path);
        fetch_with(&x, "/", path, &r);
        assert_error(&r, ERROR_CONFIG, "unable to get local issuer certificate");
        pki_write(&w->authority, next);
        assert_int_equal(rename(next, path), 0);
        fetch_with(&x, "/", path, &r);
        assert_status(&r, 200);
        write_file(next, "");
        assert_int_equal(rename(next, path), 0);
        fetch_with(&x, "/", path, &r);
        assert_error(&r, ERROR_CONFIG, "holds no certificate");
        assert_int_equal(unlink(path), 0);
        close_fixture(&x);
}

int main(void)
{
        struct world *w = world_make();
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_prestate(test_bundle, w),
            cmocka_unit_test_prestate(test_refusals, w),
            cmocka_unit_test_prestate(test_host_name, w),
            cmocka_unit_test_prestate(test_bundles_do_not_share_connections, w),
            cmocka_unit_test_prestate(test_environment, w),
            cmocka_unit_test_prestate(test_directory_without_links, w),
            cmocka_unit_test_prestate(test_bundle_changes, w),
        };
        int failures = cmocka_run_group_tests(tests, NULL, NULL);
        world_free(w);
        return failures;
}
