// SPDX-License-Identifier: Apache-2.0
// Whom the client trusts, where it looks for that, and that it never trusts anybody else.
#include "sidecar/io/http_client.h"

#include <semaphore.h>
#include <sys/stat.h>

#include "tests/unit/io/fetch.h"
#include "tests/unit/io/pki.h"
#include "tests/unit/io/server.h"

// Made once; the tests only read them.
struct world {
        struct pki_entity authority, stranger;
        SSL_CTX *good, *strange, *expired, *elsewhere;
        char directory[64];
        char good_file[96], strange_file[96], both_file[96], empty_file[96], broken_file[96], missing_file[96];
        char hashed[96], hash_link[128];
};

struct fixture {
        const struct world *world;
        struct fetcher f;
        struct server *server;
        char url[256];
};

static SSL_CTX *serve(const char *name, const struct pki_entity *issuer, const char *names, long valid_s)
{
        struct pki_entity entity = pki_make(name, issuer, names, valid_s);
        SSL_CTX *context = pki_server_context(&entity);
        pki_free(&entity);
        return context;
}

static void write_text(const char *path, const char *text)
{
        FILE *file = fopen(path, "we");
        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

static void write_both(const struct world *w)
{
        FILE *file = fopen(w->both_file, "we");
        assert_non_null(file);
        assert_true(fputs("a comment\n", file) >= 0);
        assert_int_equal(PEM_write_X509(file, w->stranger.certificate), 1);
        assert_int_equal(PEM_write_X509(file, w->authority.certificate), 1);
        assert_int_equal(PEM_write_X509(file, w->authority.certificate), 1); // twice is no mistake
        assert_int_equal(fclose(file), 0);
}

static void write_files(struct world *w)
{
        (void)snprintf(w->directory, sizeof(w->directory), "/tmp/keyfob-tls-XXXXXX");
        assert_non_null(mkdtemp(w->directory));
        const struct {
                char *path;
                size_t size;
                const char *name;
        } files[] = {{w->good_file, sizeof(w->good_file), "good.pem"},
                     {w->strange_file, sizeof(w->strange_file), "strange.pem"},
                     {w->both_file, sizeof(w->both_file), "both.pem"},
                     {w->empty_file, sizeof(w->empty_file), "empty.pem"},
                     {w->broken_file, sizeof(w->broken_file), "broken.pem"},
                     {w->missing_file, sizeof(w->missing_file), "missing.pem"},
                     {w->hashed, sizeof(w->hashed), "hashed"}};
        for (size_t i = 0; i < LENGTH(files); i++)
                (void)snprintf(files[i].path, files[i].size, "%s/%s", w->directory, files[i].name);
        pki_write(&w->authority, w->good_file);
        pki_write(&w->stranger, w->strange_file);
        write_both(w);
        write_text(w->empty_file, "no certificate here\n");
        write_text(w->broken_file, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        assert_int_equal(mkdir(w->hashed, 0700), 0);
        (void)snprintf(w->hash_link, sizeof(w->hash_link), "%s/%08lx.0", w->hashed,
                       X509_subject_name_hash(w->authority.certificate));
        assert_int_equal(symlink("../good.pem", w->hash_link), 0);
}

static struct world *world_make(void)
{
        struct world *w = calloc(1, sizeof(*w));
        assert_non_null(w);
        w->authority = pki_make("Test Authority", NULL, NULL, 3600);
        w->stranger = pki_make("Stranger", NULL, NULL, 3600);
        w->good = serve("server", &w->authority, "DNS:localhost,IP:127.0.0.1", 3600);
        w->strange = serve("server", &w->stranger, "DNS:localhost,IP:127.0.0.1", 3600);
        w->expired = serve("server", &w->authority, "IP:127.0.0.1", -60);
        w->elsewhere = serve("server", &w->authority, "DNS:elsewhere.test", 3600);
        write_files(w);
        return w;
}

static void world_free(struct world *w)
{
        SSL_CTX *contexts[] = {w->good, w->strange, w->expired, w->elsewhere};
        const char *files[] = {w->good_file,  w->strange_file, w->both_file,
                               w->empty_file, w->broken_file,  w->hash_link};
        for (size_t i = 0; i < LENGTH(contexts); i++)
                SSL_CTX_free(contexts[i]);
        for (size_t i = 0; i < LENGTH(files); i++)
                (void)unlink(files[i]);
        (void)rmdir(w->hashed);
        assert_int_equal(rmdir(w->directory), 0);
        pki_free(&w->authority);
        pki_free(&w->stranger);
        free(w);
}

static void open_fixture(struct fixture *x, const struct world *w, SSL_CTX *tls, char **environment)
{
        x->world = w;
        x->server = server_start(tls, false);
        fetcher_open(&x->f, environment);
}

static void close_fixture(struct fixture *x)
{
        fetcher_close(&x->f);
        server_stop(x->server);
}

static struct http_request get(struct fixture *x, const char *host, const char *path, const char *ca_bundle)
{
        (void)snprintf(x->url, sizeof(x->url), "https://%s:%u%s", host, x->server->port, path);
        return (struct http_request){.method = "GET",
                                     .url = x->url,
                                     .connect_timeout_ms = 20000,
                                     .total_timeout_ms = 20000,
                                     .ca_bundle = ca_bundle};
}

static void fetch_with(struct fixture *x, const char *path, const char *ca_bundle, struct fetched *ret)
{
        struct http_request request = get(x, "127.0.0.1", path, ca_bundle);
        fetch(&x->f, &request, ret);
        fetched_free(ret);
}

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
            {w->good, w->directory, "is a directory", ""},
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
        (void)snprintf(entry, sizeof(entry), "SSL_CERT_DIR=%s", w->directory);
        open_fixture(&x, w, w->good, environment);
        struct http_request request = get(&x, "127.0.0.1", "/", NULL);
        assert_null(fetch_start(&x.f, &request, &r));
        assert_error(&r, ERROR_CONFIG, w->directory);
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
        (void)snprintf(path, sizeof(path), "%s/changing.pem", w->directory);
        (void)snprintf(next, sizeof(next), "%s/changing.new", w->directory);
        open_fixture(&x, w, w->good, NULL);
        pki_write(&w->stranger, path);
        fetch_with(&x, "/", path, &r);
        assert_error(&r, ERROR_CONFIG, "unable to get local issuer certificate");
        pki_write(&w->authority, next);
        assert_int_equal(rename(next, path), 0);
        fetch_with(&x, "/", path, &r);
        assert_status(&r, 200);
        write_text(next, "");
        assert_int_equal(rename(next, path), 0);
        fetch_with(&x, "/", path, &r);
        assert_error(&r, ERROR_CONFIG, "holds no certificate");
        assert_int_equal(unlink(path), 0);
        close_fixture(&x);
}

// --- faults of the connection ---

static void test_cut_off(void **state)
{
        static const char *const paths[] = {"/half", "/half-chunked", "/half-head", "/nothing"};
        const struct world *w = *state;
        struct fixture x;
        open_fixture(&x, w, w->good, NULL);
        for (size_t i = 0; i < LENGTH(paths); i++) {
                struct fetched r;
                fetch_with(&x, paths[i], w->good_file, &r);
                assert_error(&r, ERROR_TRANSIENT, "closed the connection before its answer was whole");
        }
        close_fixture(&x);
}

static void test_no_tls_there(void **state)
{
        const struct world *w = *state;
        struct fixture x;
        struct fetched r;
        open_fixture(&x, w, NULL, NULL);
        fetch_with(&x, "/", w->good_file, &r);
        assert_error(&r, ERROR_TRANSIENT, "wrong version number");
        assert_error(&r, ERROR_TRANSIENT, "TLS with 127.0.0.1:");
        assert_non_null(strstr(r.error.hint, "is that an HTTPS port"));
        assert_int_equal(x.server->requests, 0);
        close_fixture(&x);
}

// The server accepts, and is silent. A machine that is busy elsewhere may need more than the first limits to come as
// far as that.
static void test_no_greeting(void **state)
{
        const struct world *w = *state;
        for (unsigned by_total = 0; by_total < 2; by_total++) {
                bool is_as_told = false;
                for (int64_t ms = 60; ms < 10000 && !is_as_told; ms *= 5) {
                        struct fixture x = {.world = w};
                        struct fetched r;
                        x.server = server_start(NULL, true);
                        fetcher_open(&x.f, NULL);
                        struct http_request request = get(&x, "127.0.0.1", "/", w->good_file);
                        request.connect_timeout_ms = by_total ? 20000 : ms;
                        request.total_timeout_ms = by_total ? ms : 20000;
                        fetch(&x.f, &request, &r);
                        assert_error(&r, ERROR_TRANSIENT, "within");
                        assert_true(r.error.timed_out);
                        is_as_told = strstr(r.error.message, "TLS with 127.0.0.1:") != NULL;
                        close_fixture(&x);
                }
                assert_true(is_as_told);
        }
}

// --- while the bundle is being read ---

// Keeps all threads of the pool busy until it is told.
struct blockers {
        uv_work_t work[64];
        sem_t go;
};

static void block(uv_work_t *work)
{
        struct blockers *b = work->data;
        while (sem_wait(&b->go) != 0)
                ;
}

static void blockers_start(struct blockers *b, uv_loop_t *loop)
{
        assert_int_equal(sem_init(&b->go, 0, 0), 0);
        for (size_t i = 0; i < 64; i++) {
                b->work[i].data = b;
                assert_int_equal(uv_queue_work(loop, &b->work[i], block, NULL), 0);
        }
}

static void blockers_end(struct blockers *b)
{
        for (size_t i = 0; i < 64; i++)
                assert_int_equal(sem_post(&b->go), 0);
}

static void test_bundle_takes_too_long(void **state)
{
        const struct world *w = *state;
        struct fixture x;
        struct fetched r = {0};
        struct blockers *b = calloc(1, sizeof(*b));
        assert_non_null(b);
        open_fixture(&x, w, w->good, NULL);
        blockers_start(b, &x.f.loop);
        struct http_request request = get(&x, "127.0.0.1", "/", w->good_file);
        request.total_timeout_ms = 50;
        assert_non_null(fetch_start(&x.f, &request, &r));
        while (r.completions == 0)
                (void)uv_run(&x.f.loop, UV_RUN_ONCE);
        assert_error(&r, ERROR_TRANSIENT, "its CA bundle was not read within 50 ms");
        assert_true(r.error.timed_out);
        blockers_end(b);
        fetcher_run(&x.f);
        assert_int_equal(r.completions, 1);
        fetch_with(&x, "/", w->good_file, &r); // it was read after all
        assert_status(&r, 200);
        close_fixture(&x);
        assert_int_equal(sem_destroy(&b->go), 0);
        free(b);
}

static void test_cancel_and_close_while_reading(void **state)
{
        const struct world *w = *state;
        for (unsigned closes = 0; closes < 2; closes++) {
                struct fixture x;
                struct fetched r[2] = {{.then = NULL}, {.then = NULL}};
                struct blockers *b = calloc(1, sizeof(*b));
                assert_non_null(b);
                open_fixture(&x, w, w->good, NULL);
                blockers_start(b, &x.f.loop);
                struct http_request request = get(&x, "127.0.0.1", "/", w->good_file);
                struct http_call *first = fetch_start(&x.f, &request, &r[0]);
                assert_non_null(first);
                assert_non_null(fetch_start(&x.f, &request, &r[1]));
                if (closes)
                        http_client_close(x.f.client, fetcher_closed, &x.f);
                else
                        http_call_cancel(first);
                while (r[0].completions == 0)
                        (void)uv_run(&x.f.loop, UV_RUN_ONCE);
                assert_error(&r[0], ERROR_CANCELLED, "cancelled");
                blockers_end(b);
                fetcher_run(&x.f);
                assert_int_equal(r[0].completions, 1);
                assert_int_equal(r[1].completions, 1);
                assert_int_equal(r[1].status, closes ? 0 : 200);
                fetched_free(&r[1]);
                close_fixture(&x);
                assert_int_equal(sem_destroy(&b->go), 0);
                free(b);
        }
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
            cmocka_unit_test_prestate(test_cut_off, w),
            cmocka_unit_test_prestate(test_no_tls_there, w),
            cmocka_unit_test_prestate(test_no_greeting, w),
            cmocka_unit_test_prestate(test_bundle_takes_too_long, w),
            cmocka_unit_test_prestate(test_cancel_and_close_while_reading, w),
        };
        int failures = cmocka_run_group_tests(tests, NULL, NULL);
        world_free(w);
        return failures;
}
