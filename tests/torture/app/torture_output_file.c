// SPDX-License-Identifier: Apache-2.0
// A file that follows a profile, through two generations, its removal and its command: what memory lacks for is done at
// the next credentials, and never half.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sidecar/app/output_file.h"
#include "sidecar/base/log.h"
#include "sidecar/config/settings.h"
#include "sidecar/io/workers.h"
#include "tests/torture/torture.h"
#include "tests/unit/app/settings_text.h"
#include "tests/unit/server/scripted.h"

static char folder[] = "/tmp/keyfob-torture-XXXXXX", path[64];

struct fixture {
        uv_loop_t loop;
        struct clock clock;
        struct log log;
        struct vault *vault;
        struct workers *workers;
        struct scripted script;
        struct entry *entry;
        struct output_file_deps deps;
        int64_t now_ms;
        bool is_gone;
};

static int64_t now_ms(void *context)
{
        return *(const int64_t *)context;
}

static uint32_t no_jitter(void *context)
{
        (void)context;
        return 0;
}

static void on_event(void *context, struct entry *entry, enum vault_event event, int64_t duration_ms,
                     const struct error *e)
{
        (void)context;
        (void)entry;
        (void)event;
        (void)duration_ms;
        (void)e;
}

static void on_gone(void *context, struct output_file *f)
{
        struct fixture *h = context;
        h->is_gone = true;
        output_file_free(f);
}

static void done(struct vault_waiter *w, struct credentials *c, const struct error *e)
{
        (void)c;
        (void)e;
        w->after_generation = 1;
}

// The stand-in for the source is the test's own.
static void refresh(struct fixture *h)
{
        struct vault_waiter w = {.done = done};
        bool was_on = torture_is_on();
        h->now_ms += 60000; // calls are paced
        if (was_on)
                torture_end();
        entry_wait(h->entry, VAULT_WANT_REFRESH, &w);
        while (w.after_generation == 0)
                (void)uv_run(&h->loop, UV_RUN_NOWAIT);
        if (was_on)
                torture_begin();
}

static void set_up(struct fixture *h)
{
        *h = (struct fixture){.now_ms = INT64_C(1788264000000)};
        h->clock = (struct clock){.boot_ms = now_ms, .wall_ms = now_ms, .speed = 1, .context = &h->now_ms};
        assert_int_equal(uv_loop_init(&h->loop), 0);
        h->log = (struct log){.fd = -1, .clock = &h->clock};
        h->vault = vault_new(&(struct vault_deps){
            .loop = &h->loop, .clock = &h->clock, .random = no_jitter, .observer = {.event = on_event}});
        h->workers = workers_new(&h->loop);
        assert_true(h->vault && h->workers);
        h->script = (struct scripted){
            .life_s = 3600, .access_key_id = "ASIAEXAMPLE1", .token = TOKEN, .loop = &h->loop, .clock = &h->clock};
        h->entry = vault_add(h->vault, &(struct entry_options){.name = "a"}, fake_new(&h->script));
        assert_non_null(h->entry);
        h->deps = (struct output_file_deps){.on_rotate = {.loop = &h->loop, .log = &h->log},
                                            .clock = &h->clock,
                                            .workers = h->workers,
                                            .gone = on_gone,
                                            .context = h};
}

static void on_vault_closed(void *arg)
{
        struct fixture *h = arg;
        workers_close(h->workers);
}

static bool is_whole(void)
{
        char text[4096];
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
        text[n < 0 ? 0 : n] = '\0';
        if (fd >= 0)
                (void)close(fd);
        bool has_end = n > 2 && strcmp(text + n - 2, "}\n") == 0;
        explicit_bzero(text, sizeof(text));
        return fd < 0 || has_end;
}

// Until that many attempts to write the file have ended.
static void wait_for(struct fixture *h, const struct output_file *f, uint64_t attempts)
{
        while (f->status.writes + f->status.failures < attempts)
                (void)uv_run(&h->loop, UV_RUN_NOWAIT);
        assert_true(is_whole());
}

static bool file_round(const void *arg)
{
        struct fixture h;
        char text[1024];
        bool has_failed = false;
        (void)arg;
        (void)snprintf(text, sizeof(text),
                       "{\"profiles\": {\"a\": {\"type\": \"static\", \"access_key_id\": \"AKIDEXAMPLE00001\", "
                       "\"secret_access_key\": \"s\"}}, \"files\": [{\"profile\": \"a\", \"format\": \"json\", "
                       "\"path\": \"%s\", \"on_rotate\": [\"/bin/true\"]}]}",
                       path);
        struct settings *settings = settings_of(text);
        set_up(&h);
        refresh(&h);
        torture_begin();
        struct output_file *f = output_file_new(&h.deps, settings, &settings->files[0]);
        if (f) {
                output_file_follow(f, settings, &settings->files[0], h.entry);
                wait_for(&h, f, 1);
                uint64_t before = f->status.writes + f->status.failures;
                refresh(&h); // may see the next write begin and end
                wait_for(&h, f, before + 1);
                has_failed = f->status.failures > 0 || f->on_rotate.has_reported || !f->end;
                output_file_remove(f);
                while (!h.is_gone)
                        (void)uv_run(&h.loop, UV_RUN_NOWAIT);
        }
        torture_end();
        struct stat about;
        bool is_left = lstat(path, &about) == 0;
        assert_true(!is_left || torture_has_struck());
        (void)unlink(path);
        vault_close(h.vault, on_vault_closed, &h);
        assert_int_equal(uv_run(&h.loop, UV_RUN_DEFAULT), 0);
        assert_int_equal(uv_loop_close(&h.loop), 0);
        settings_release(settings);
        return f && !has_failed && !is_left;
}

int main(void)
{
        // an end without a timer is noticed by the vault, a late worker without one is not reported
        const struct torture_row rows[] = {{.name = "file", .round = file_round, .survives = true}};
        if (!mkdtemp(folder))
                return 1;
        (void)snprintf(path, sizeof(path), "%s/keys", folder);
        int failed = torture_main(rows, LENGTH(rows));
        return rmdir(folder) < 0 ? 1 : failed;
}
