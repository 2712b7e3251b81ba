// SPDX-License-Identifier: Apache-2.0
// What the composition root makes and remakes: the table of profiles at start and at a reload, the watching of files,
// listening sockets, passphrases from a descriptor.
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

#include "sidecar/app/listeners.h"
#include "sidecar/app/notify.h"
#include "sidecar/app/passphrases.h"
#include "sidecar/app/profile_set.h"
#include "sidecar/app/profile_table.h"
#include "sidecar/app/reload.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/log.h"
#include "sidecar/config/settings.h"
#include "sidecar/io/http_client.h"
#include "sidecar/io/watch.h"
#include "sidecar/server/metrics.h"
#include "sidecar/server/server.h"
#include "sidecar/server/state.h"
#include "sidecar/signing/sigv4.h"
#include "sidecar/vault/vault.h"
#include "tests/torture/torture.h"
#include "tests/unit/app/settings_text.h"

// --- the table of profiles ---

#define KEYS(secret)                                                                                                   \
        "{\"type\": \"static\", \"access_key_id\": \"AKIDEXAMPLE00001\", \"secret_access_key\": \"" secret "\"}"
#define ROLE(source)                                                                                                   \
        "{\"type\": \"assume_role\", \"source_profile\": \"" source "\", \"refresh\": \"on_demand\","                  \
        " \"role_arn\": \"arn:aws:iam::111122223333:role/r\", \"region\": \"us-east-1\"}"

static const char first_text[] = "{\"profiles\": {\"base\": " KEYS("wJalrXUtnFEMIxK7") ", \"a\": " ROLE(
    "base") ", \"b\": " ROLE("a") ", \"gone\": " KEYS("wJalrXUtnFEMIxK8") "}}";
static const char second_text[] = "{\"profiles\": {\"base\": " KEYS("wJalrXUtnFEMIxK7") ", \"a\": " ROLE(
    "base") ", \"b\": " ROLE("new") ", \"new\": " KEYS("wJalrXUtnFEMIxK9") "}}";

struct fixture {
        uv_loop_t loop;
        struct clock clock;
        struct log log;
        struct metrics *metrics;
        struct signer *signer;
        struct http_client *http;
        struct vault *vault;
        struct server *server;
};

static uint32_t no_jitter(void *context)
{
        (void)context;
        return 0;
}

static void set_up(struct fixture *h)
{
        assert_int_equal(uv_loop_init(&h->loop), 0);
        clock_init_system(&h->clock);
        h->log = (struct log){.fd = -1, .clock = &h->clock};
        h->metrics = metrics_new(&h->loop);
        h->signer = signer_new();
        h->http = http_client_new(
            &(struct http_client_deps){.loop = &h->loop, .clock = &h->clock, .user_agent = "keyfob/test"});
        h->vault = vault_new(&(struct vault_deps){.loop = &h->loop, .clock = &h->clock, .random = no_jitter});
        h->server = server_new(&(struct server_deps){
            .loop = &h->loop, .clock = &h->clock, .log = &h->log, .signer = h->signer, .metrics = h->metrics});
        assert_true(h->metrics && h->signer && h->http && h->vault && h->server);
}

static void on_vault_closed(void *arg)
{
        struct fixture *h = arg;
        http_client_close(h->http, NULL, NULL);
        metrics_close(h->metrics);
}

static void on_server_closed(void *arg)
{
        struct fixture *h = arg;
        vault_close(h->vault, on_vault_closed, h);
}

static void tear_down(struct fixture *h, struct profile_set *profile_set)
{
        server_close(h->server, 0, on_server_closed, h);
        assert_int_equal(uv_run(&h->loop, UV_RUN_DEFAULT), 0);
        profile_set_free(profile_set);
        signer_free(h->signer);
        assert_int_equal(uv_loop_close(&h->loop), 0);
}

// The server has the profiles of those settings.
static void assert_table(const struct fixture *h, bool is_second)
{
        assert_int_equal(h->server->profiles_count, 4);
        assert_non_null(server_find_profile(h->server, is_second ? SLICE("new") : SLICE("gone")));
        assert_null(server_find_profile(h->server, is_second ? SLICE("gone") : SLICE("new")));
        assert_non_null(server_find_profile(h->server, SLICE("b"))->entry);
}

// As start and reload do. The settings are the profile_set's, also on failure.
static int put_in_force(struct profile_set *r, struct settings *settings, struct error *e)
{
        struct profile_table *before = NULL, *table = profile_table_new(profile_set_now(r), settings);
        if (!table)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        int result = profile_set_apply(r, table, &before, e);
        profile_table_free(result < 0 ? table : before);
        return result;
}

static bool profile_set_round(const void *arg)
{
        struct fixture h;
        struct error e = {.kind = ERROR_NONE};
        (void)arg;
        set_up(&h);
        struct settings *first = settings_of(first_text), *second = settings_of(second_text);
        const struct profile_set_deps deps = {
            .vault = h.vault,
            .server = h.server,
            .providers = {.loop = &h.loop, .clock = &h.clock, .http = h.http, .signer = h.signer}};
        torture_begin();
        struct profile_set *profile_set = profile_set_new(&deps);
        int started = profile_set ? put_in_force(profile_set, first, &e) : -1;
        int reloaded = started == 0 ? put_in_force(profile_set, second, &e) : -1;
        torture_end();
        if (!profile_set)
                settings_release(first);
        if (started < 0)
                settings_release(second);
        if (profile_set && reloaded < 0)
                (void)torture_refused(&e);
        if (started == 0)
                assert_table(&h, reloaded == 0); // as it was, or as it is now, whole
        if (profile_set) {
                assert_int_equal(put_in_force(profile_set, settings_of(second_text), &e), 0);
                assert_table(&h, true);
                (void)uv_run(&h.loop, UV_RUN_NOWAIT);
        }
        tear_down(&h, profile_set);
        return reloaded == 0;
}

// --- reload ---

struct reloading {
        struct settings *settings; // to be loaded
        struct profile_table *in_force;
        unsigned loads, applies;
        atomic_bool has_failed;
};

// In the pool.
static int load(void *context, struct profile_table **ret, struct error *e)
{
        struct reloading *r = context;
        r->loads++;
        *ret = profile_table_new(NULL, r->settings);
        r->has_failed = !*ret;
        return *ret ? 0 : error_set(e, ERROR_INTERNAL, "out of memory");
}

static int apply(void *context, struct profile_table *table, struct profile_table **ret_before, struct error *e)
{
        struct reloading *r = context;
        (void)e;
        r->applies++;
        *ret_before = r->in_force;
        r->in_force = table;
        return 0;
}

static bool reload_round(const void *arg)
{
        static char path[] = "/tmp";
        char *watched[] = {path};
        const struct settings first = {.watched = watched, .watched_count = 1};
        uv_loop_t loop;
        struct clock clock;
        struct reloading r = {.settings = settings_of(first_text)};
        (void)arg;
        assert_int_equal(uv_loop_init(&loop), 0);
        clock_init_system(&clock);
        const struct log log = {.fd = -1, .clock = &clock};
        struct notify nobody;
        notify_init(&nobody, &loop, NULL);
        const struct reload_deps deps = {.loop = &loop,
                                         .log = &log,
                                         .manager = &nobody,
                                         .poll_every_ms = 3600000,
                                         .load = load,
                                         .apply = apply,
                                         .context = &r};
        torture_begin();
        struct reload *reload = reload_new(&deps);
        if (reload) {
                reload_watch(reload, &first, watch_moment());
                reload_run(reload, "signal");
                while (r.applies == 0 && !r.has_failed)
                        (void)uv_run(&loop, UV_RUN_NOWAIT);
        }
        torture_end();
        if (!reload)
                settings_release(r.settings);
        assert_true(!reload || r.loads == 1);
        bool is_done = r.applies == 1;
        reload_close(reload);
        assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
        assert_int_equal(uv_loop_close(&loop), 0);
        profile_table_free(r.in_force);
        return is_done;
}

// The same with the real profile_set, whose profiles stay, go and come.
struct moving {
        struct profile_set *profile_set;
        struct settings *settings; // to be loaded
        atomic_bool is_over;
        bool is_applied;
};

// In the pool.
static int load_table(void *context, struct profile_table **ret, struct error *e)
{
        struct moving *m = context;
        *ret = profile_table_new(profile_set_now(m->profile_set), m->settings);
        m->settings = NULL;
        m->is_over = !*ret;
        return *ret ? 0 : error_set(e, ERROR_INTERNAL, "out of memory");
}

static int apply_table(void *context, struct profile_table *table, struct profile_table **ret_before, struct error *e)
{
        struct moving *m = context;
        int r = profile_set_apply(m->profile_set, table, ret_before, e);
        if (r < 0)
                (void)torture_refused(e);
        m->is_applied = r == 0;
        m->is_over = true;
        return r;
}

static bool move_round(const void *arg)
{
        struct fixture h;
        struct error e = {.kind = ERROR_NONE};
        (void)arg;
        set_up(&h);
        const struct profile_set_deps of_profile_set = {
            .vault = h.vault,
            .server = h.server,
            .providers = {.loop = &h.loop, .clock = &h.clock, .http = h.http, .signer = h.signer}};
        struct moving m = {.profile_set = profile_set_new(&of_profile_set), .settings = settings_of(second_text)};
        assert_non_null(m.profile_set);
        assert_int_equal(put_in_force(m.profile_set, settings_of(first_text), &e), 0);
        struct notify nobody;
        notify_init(&nobody, &h.loop, NULL);
        const struct reload_deps deps = {.loop = &h.loop,
                                         .log = &h.log,
                                         .manager = &nobody,
                                         .poll_every_ms = 3600000,
                                         .load = load_table,
                                         .apply = apply_table,
                                         .context = &m};
        torture_begin();
        struct reload *reload = reload_new(&deps);
        if (reload) {
                reload_run(reload, "signal");
                while (!m.is_over)
                        (void)uv_run(&h.loop, UV_RUN_NOWAIT);
        }
        torture_end();
        settings_release(m.settings); // where they were not loaded
        assert_table(&h, m.is_applied);
        reload_close(reload);
        (void)uv_run(&h.loop, UV_RUN_NOWAIT);
        assert_int_equal(put_in_force(m.profile_set, settings_of(second_text), &e), 0);
        assert_table(&h, true);
        tear_down(&h, m.profile_set);
        return m.is_applied;
}

// --- listening sockets ---

static char folder[] = "/tmp/keyfob-torture-XXXXXX", paths[2][64];

static bool listeners_round(const void *arg)
{
        struct listener_settings list[] = {{.unix_path = paths[0], .mode = 0600, .has_gid = true, .gid = getegid()},
                                           {.unix_path = paths[1], .mode = 0660}};
        const struct settings settings = {.listeners = list, .listeners_count = LENGTH(list)};
        char *none[] = {NULL};
        struct env env;
        struct error e = {.kind = ERROR_NONE};
        (void)arg;
        env_init(&env, none);
        torture_begin();
        struct listeners *l = listeners_open(&settings, &env, &e);
        torture_end();
        bool is_done = l != NULL;
        if (l) {
                assert_int_equal(listeners_count(l), 2);
                assert_true(listeners_are_as(l, &settings));
                listeners_close(l);
        } else {
                (void)torture_refused(&e);
        }
        assert_true(access(paths[0], F_OK) < 0 && access(paths[1], F_OK) < 0);
        return is_done;
}

// --- passphrases ---

// `arg`: not NULL: read byte by byte.
static bool passphrase_round(const void *arg)
{
        static char name[] = "onprem";
        static const char text[] = " correct horse \r\n";
        struct passphrases p = {.count = 0};
        struct error e = {.kind = ERROR_NONE};
        struct profile profile = {.name = name};
        struct settings settings = {.profiles = &profile, .profiles_count = 1};
        int ends[2];
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
        assert_int_equal(close(ends[1]), 0);
        profile.roles_anywhere.private_key_passphrase_fd = ends[0];
        torture_short_reads(arg != NULL);
        torture_begin();
        int r = passphrases_give(&p, &settings, &e);
        torture_end();
        torture_short_reads(false);
        const struct secret *given = &profile.roles_anywhere.private_key_passphrase;
        if (r == 0)
                assert_true(slice_eq(secret_expose(given), SLICE(" correct horse ")));
        else
                assert_true(given->n == 0 && !torture_refused(&e));
        assert_int_equal(fcntl(ends[0], F_GETFD), -1); // closed, whatever came
        passphrases_free(&p);
        return r == 0;
}

int main(void)
{
        if (!mkdtemp(folder))
                return 1;
        for (size_t i = 0; i < LENGTH(paths); i++)
                (void)snprintf(paths[i], sizeof(paths[i]), "%s/%zu", folder, i);
        const struct torture_row rows[] = {
            // why an entry went is told to those who wait for it, if it could be kept
            {.name = "table of profiles", .round = profile_set_round, .survives = true},
            {.name = "reload", .round = reload_round, .survives = true}, // a file that is not watched is logged
            {.name = "reload of the table of profiles", .round = move_round, .survives = true}, // as with both of these
            {.name = "listeners", .round = listeners_round},
            {.name = "passphrase", .round = passphrase_round},
            {.name = "passphrase, byte by byte", .round = passphrase_round, .arg = ""},
        };
        int failed = torture_main(rows, LENGTH(rows));
        return rmdir(folder) < 0 ? 1 : failed;
}
