// SPDX-License-Identifier: Apache-2.0
// Long-term keys, or a session that another program renews, from the configuration or from files. Files are read at
// each fetch, in a worker. They are replaced one after another, and half of the old with half of the new is no key:
// files that have changed a moment ago are given another one.
#include <stdlib.h>

#include "proto/mem/buffer.h"
#include "proto/mem/time.h"
#include "proto/wire/credentials.h"
#include "proto/wire/limits.h"
#include "sidecar/base/file_metadata.h"
#include "sidecar/config/profile.h"
#include "sidecar/io/delay.h"
#include "sidecar/providers/answer.h"
#include "sidecar/providers/file_task.h"
#include "sidecar/providers/sources.h"

enum { KEY_ID, SECRET_KEY, TOKEN, FILES_N };
enum { SETTLE_MS = 1000, SETTLES_N = 5 };

struct versions {
        struct file_metadata files[FILES_N];
};

struct static_keys {
        struct provider base; // first: the interface is cast back
        struct delay *delay;
        struct file_task *task;
        struct versions given; // of the files that the last success was read from
        unsigned settles;      // pauses in this fetch
        bool has_given;
};

static const struct answer_terms terms = {
    .subject = "the access key",
    .wrong = ERROR_CONFIG,
    .wrong_hint = "correct the access key: it has no blanks, quotes or control characters",
    .expired = ERROR_CONFIG,
    .expired_hint = "give the agent newer keys and restart it, or let it obtain them itself, by a role",
};

// --- what is being replaced ---

static void read_versions(const struct profile *p, struct versions *ret)
{
        ret->files[KEY_ID] = file_metadata(p->keys.access_key_id_file);
        ret->files[SECRET_KEY] = file_metadata(p->keys.secret_access_key_file);
        ret->files[TOKEN] = file_metadata(p->keys.session_token_file);
}

static bool versions_are_equal(const struct versions *a, const struct versions *b)
{
        for (size_t i = 0; i < FILES_N; i++)
                if (!file_metadata_equal(&a->files[i], &b->files[i]))
                        return false;
        return true;
}

static bool has_just_changed(const struct static_keys *s, const struct versions *now)
{
        const struct clock *clock = s->base.deps.clock;
        int64_t now_ms = clock->wall_ms(clock->context);
        for (size_t i = 0; i < FILES_N; i++) {
                const struct timespec *changed = &now->files[i].changed;
                int64_t age_ms = now_ms - ((int64_t)changed->tv_sec * 1000 + changed->tv_nsec / 1000000);
                if (now->files[i].is_there && age_ms >= 0 && age_ms < SETTLE_MS)
                        return true;
        }
        return false;
}

// --- reading, in a worker ---

struct reading {
        const struct profile *profile;
        struct versions before, after;
        struct buffer files[FILES_N];
};

static int read_file(const struct profile *p, const char *path, const char *what, struct buffer *ret, struct error *e)
{
        return path ? file_task_read(p, path, what, true, ret, e) : 0;
}

static void read_files(void *work, struct error *e)
{
        struct reading *r = work;
        const struct profile *p = r->profile;
        read_versions(p, &r->before);
        if (read_file(p, p->keys.access_key_id_file, "access key ID file", &r->files[KEY_ID], e) == 0 &&
            read_file(p, p->keys.secret_access_key_file, "secret access key file", &r->files[SECRET_KEY], e) == 0)
                (void)read_file(p, p->keys.session_token_file, "session token file", &r->files[TOKEN], e);
        read_versions(p, &r->after);
}

static void clear(void *work)
{
        struct reading *r = work;
        for (size_t i = 0; i < FILES_N; i++)
                buffer_free(&r->files[i]);
}

static const struct file_task_ops reading = {.size = sizeof(struct reading), .run = read_files, .clear = clear};

static const struct reading nothing; // where none of it comes from files

static const char *slowest_file(const struct profile *p)
{
        if (p->keys.secret_access_key_file)
                return p->keys.secret_access_key_file;
        return p->keys.access_key_id_file ? p->keys.access_key_id_file : p->keys.session_token_file;
}

// --- on the loop ---

// One member: from its file when there is one, else what the configuration holds.
static struct slice choose(const char *path, const struct buffer *file, struct slice given)
{
        return path ? buffer_slice(file) : given;
}

static struct credentials *make_credentials(const struct static_keys *s, const struct buffer files[FILES_N],
                                            struct error *e)
{
        static const struct upstream_clock own = {.known = false};
        const struct profile *p = s->base.profile;
        struct credentials *c = NULL;
        const struct answer answer = {
            .access_key_id = choose(p->keys.access_key_id_file, &files[KEY_ID], slice_str(p->keys.access_key_id)),
            .secret_access_key =
                choose(p->keys.secret_access_key_file, &files[SECRET_KEY], secret_expose(&p->keys.secret_access_key)),
            .session_token = choose(p->keys.session_token_file, &files[TOKEN], secret_expose(&p->keys.session_token)),
            .expiration = slice_str(p->keys.expiration),
            .account_id = slice_str(p->keys.account_id)};
        return answer_credentials(&answer, &terms, &own, s->base.deps.clock, &c, e) == 0 ? c : NULL;
}

static void static_due(void *arg);

// True: static_due() follows once more.
static bool is_given_time(struct static_keys *s)
{
        if (s->settles++ >= SETTLES_N)
                return false;
        s->delay = delay_start(s->base.deps.loop, clock_real_ms(s->base.deps.clock, SETTLE_MS), static_due, s);
        return s->delay != NULL;
}

// Whether the files are in the middle of being replaced, and get time for that.
static bool must_read_again(struct static_keys *s, const struct reading *r)
{
        if (s->base.is_cancelled)
                return false;
        bool is_new = s->has_given && !versions_are_equal(&r->before, &s->given);
        bool is_changing = !versions_are_equal(&r->before, &r->after) || (is_new && has_just_changed(s, &r->before));
        return is_changing && is_given_time(s);
}

static void finish(struct static_keys *s, const struct reading *r, const struct error *error)
{
        struct error e = {.kind = ERROR_NONE};
        struct credentials *c = NULL;
        if (error)
                e = *error;
        else
                c = make_credentials(s, r->files, &e);
        if (c) {
                s->given = r->before;
                s->has_given = true;
        }
        provider_finish(&s->base, c, c ? NULL : &e);
}

static void on_read(void *owner, const struct error *e)
{
        struct static_keys *s = owner;
        struct file_task *task = s->task;
        bool is_late = e && e->timed_out; // then a thread still has it
        const struct reading *r = is_late ? &nothing : file_task_work(task);
        s->task = NULL;
        if (is_late || !must_read_again(s, r))
                finish(s, r, e);
        file_task_free(task);
}

static void static_due(void *arg)
{
        struct static_keys *s = arg;
        const struct profile *p = s->base.profile;
        struct error e;
        s->delay = NULL;
        if (s->base.is_cancelled || !slowest_file(p)) {
                finish(s, &nothing, NULL);
                return;
        }
        s->task = file_task_new(&s->base, &reading, on_read, s);
        if (!s->task) {
                (void)error_set(&e, ERROR_INTERNAL, "out of memory");
                finish(s, &nothing, &e);
                return;
        }
        struct reading *r = file_task_work(s->task);
        r->profile = p;
        buffer_init(&r->files[KEY_ID], LIMIT_SECRET_FILE);
        buffer_init(&r->files[SECRET_KEY], LIMIT_SECRET_FILE);
        buffer_init(&r->files[TOKEN], LIMIT_SESSION_TOKEN);
        file_task_start(s->task, slowest_file(p));
}

// --- the provider ---

static int static_start(struct provider *p, struct error *e)
{
        struct static_keys *s = (struct static_keys *)p;
        s->settles = 0;
        s->delay = delay_start(p->deps.loop, 0, static_due, s);
        return s->delay ? 0 : error_set(e, ERROR_INTERNAL, "out of memory");
}

static void static_cancel(struct provider *p)
{
        struct static_keys *s = (struct static_keys *)p;
        struct delay *now = delay_start(p->deps.loop, 0, static_due, s);
        if (!now)
                return; // it ends by itself a little later
        delay_cancel(s->delay);
        file_task_free(s->task);
        s->task = NULL;
        s->delay = now;
}

const struct provider_ops source_static = {
    .start = static_start,
    .cancel = static_cancel,
    .size = sizeof(struct static_keys),
};
