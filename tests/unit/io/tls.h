// SPDX-License-Identifier: Apache-2.0
// A server with TLS and a client of it, and the certificates and bundles that they are given.
#ifndef TESTS_UNIT_IO_TLS_H
#define TESTS_UNIT_IO_TLS_H

#include <sys/stat.h>

#include "tests/unit/folder.h"
#include "tests/unit/io/fetch.h"
#include "tests/unit/io/pki.h"
#include "tests/unit/io/server.h"

// Made once; the tests only read them.
struct world {
        struct pki_entity authority, stranger;
        SSL_CTX *good, *strange, *expired, *elsewhere;
        struct folder folder;
        char good_file[96], strange_file[96], both_file[96], empty_file[96], broken_file[96], missing_file[96];
        char hashed[96], hash_link[128];
};

struct fixture {
        const struct world *world;
        struct fetcher f;
        struct server *server;
        char url[256];
};

static inline SSL_CTX *serve(const char *name, const struct pki_entity *issuer, const char *names, long valid_s)
{
        struct pki_entity entity = pki_make(name, issuer, names, valid_s);
        SSL_CTX *context = pki_server_context(&entity);
        pki_free(&entity);
        return context;
}

static inline void write_both(const struct world *w)
{
        FILE *file = fopen(w->both_file, "we");
        assert_non_null(file);
        assert_true(fputs("a comment\n", file) >= 0);
        assert_int_equal(PEM_write_X509(file, w->stranger.certificate), 1);
        assert_int_equal(PEM_write_X509(file, w->authority.certificate), 1);
        assert_int_equal(PEM_write_X509(file, w->authority.certificate), 1); // twice is no mistake
        assert_int_equal(fclose(file), 0);
}

static inline void write_files(struct world *w)
{
        folder_make(&w->folder);
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
                folder_name(&w->folder, files[i].name, files[i].path, files[i].size);
        pki_write(&w->authority, w->good_file);
        pki_write(&w->stranger, w->strange_file);
        write_both(w);
        write_file(w->empty_file, "no certificate here\n");
        write_file(w->broken_file, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        assert_int_equal(mkdir(w->hashed, 0700), 0);
        (void)snprintf(w->hash_link, sizeof(w->hash_link), "%s/%08lx.0", w->hashed,
                       X509_subject_name_hash(w->authority.certificate));
        assert_int_equal(symlink("../good.pem", w->hash_link), 0);
}

static inline struct world *world_make(void)
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

static inline void world_free(struct world *w)
{
        SSL_CTX *contexts[] = {w->good, w->strange, w->expired, w->elsewhere};
        const char *files[] = {w->good_file,  w->strange_file, w->both_file,
                               w->empty_file, w->broken_file,  w->hash_link};
        for (size_t i = 0; i < LENGTH(contexts); i++)
                SSL_CTX_free(contexts[i]);
        for (size_t i = 0; i < LENGTH(files); i++)
                (void)unlink(files[i]);
        (void)rmdir(w->hashed);
        folder_remove(&w->folder);
        pki_free(&w->authority);
        pki_free(&w->stranger);
        free(w);
}

static inline void open_fixture(struct fixture *x, const struct world *w, SSL_CTX *tls, char **environment)
{
        x->world = w;
        x->server = server_start(tls, false);
        fetcher_open(&x->f, environment);
}

static inline void close_fixture(struct fixture *x)
{
        fetcher_close(&x->f);
        server_stop(x->server);
}

static inline struct http_request get(struct fixture *x, const char *host, const char *path, const char *ca_bundle)
{
        (void)snprintf(x->url, sizeof(x->url), "https://%s:%u%s", host, x->server->port, path);
        return (struct http_request){.method = "GET",
                                     .url = x->url,
                                     .connect_timeout_ms = 20000,
                                     .total_timeout_ms = 20000,
                                     .ca_bundle = ca_bundle};
}

static inline void fetch_with(struct fixture *x, const char *path, const char *ca_bundle, struct fetched *ret)
{
        struct http_request request = get(x, "127.0.0.1", path, ca_bundle);
        fetch(&x->f, &request, ret);
        fetched_free(ret);
}

#endif
