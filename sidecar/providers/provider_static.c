// SPDX-License-Identifier: Apache-2.0
// Long-term keys, or a session that another program renews, from the configuration or from files. Files are read at
// each fetch. They are replaced one after another, and half of the old with half of the new is no key: files that have
// changed a moment ago are given another one. Loop thread only.
#include <stdlib.h>

#include "proto/mem/buffer.h"
#include "proto/mem/time.h"
#include "proto/wire/credentials.h"
#include "proto/wire/limits.h"
#include "sidecar/base/file.h"
#include "sidecar/base/file_metadata.h"
#include "sidecar/config/profile.h"
#include "sidecar/io/delay.h"
#include "sidecar/providers/answer.h"
#include "sidecar/providers/sources.h"

enum { KEY_ID, SECRET_KEY, TOKEN, FILES_N };
enum { SETTLE_MS = 1000, SETTLES_N = 5 };

struct versions {
        struct file_metadata files[FILES_N];
};

struct static_keys {
        struct provider base; // first: the interface is cast back
        struct delay *delay;
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

static void read_versions(const struct static_keys *s, struct versions *ret)
{
        const struct profile *p = s->base.profile;
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

// --- reading ---

// One member: from its file when there is one, else what the configuration holds.
static int read_member(const char *path, const char *what, struct slice given, struct buffer *file, struct slice *ret,
                       struct error *e)
{
        *ret = given;
        if (!path)
                return 0;
        if (file_read_trimmed(path, what, file, e) < 0)
                return -1;
        *ret = buffer_slice(file);
        return 0;
}

static int read_keys(const struct profile *p, struct buffer files[FILES_N], struct answer *ret, struct error *e)
{
        *ret =
            (struct answer){.expiration = slice_str(p->keys.expiration), .account_id = slice_str(p->keys.account_id)};
        if (read_member(p->keys.access_key_id_file, "access key ID file", slice_str(p->keys.access_key_id),
                        &files[KEY_ID], &ret->access_key_id, e) < 0 ||
            read_member(p->keys.secret_access_key_file, "secret access key file",
                        secret_expose(&p->keys.secret_access_key), &files[SECRET_KEY], &ret->secret_access_key, e) < 0)
                return -1;
        return read_member(p->keys.session_token_file, "session token file", secret_expose(&p->keys.session_token),
                           &files[TOKEN], &ret->session_token, e);
}

static struct credentials *make_credentials(const struct static_keys *s, struct error *e)
{
        static const struct upstream_clock own = {.known = false};
        struct buffer files[FILES_N];
        struct answer answer;
        struct credentials *c = NULL;
        buffer_init(&files[KEY_ID], LIMIT_SECRET_FILE);
        buffer_init(&files[SECRET_KEY], LIMIT_SECRET_FILE);
        buffer_init(&files[TOKEN], LIMIT_SESSION_TOKEN);
        int r = read_keys(s->base.profile, files, &answer, e);
        if (r == 0)
                r = answer_credentials(&answer, &terms, &own, s->base.deps.clock, &c, e);
        for (size_t i = 0; i < FILES_N; i++)
                buffer_free(&files[i]);
        return r == 0 ? c : NULL;
}

// --- the provider ---

static void static_due(void *arg);

// True: static_due() follows once more.
static bool is_given_time(struct static_keys *s)
{
        if (s->settles++ >= SETTLES_N)
                return false;
        s->delay = delay_start(s->base.deps.loop, clock_real_ms(s->base.deps.clock, SETTLE_MS), static_due, s);
        return s->delay != NULL;
}

static void static_due(void *arg)
{
        struct static_keys *s = arg;
        struct error e = {.kind = ERROR_NONE};
        struct versions before, after;
        s->delay = NULL;
        read_versions(s, &before);
        bool is_new = s->has_given && !versions_are_equal(&before, &s->given);
        if (!s->base.is_cancelled && is_new && has_just_changed(s, &before) && is_given_time(s))
                return;
        struct credentials *c = make_credentials(s, &e);
        read_versions(s, &after);
        if (!s->base.is_cancelled && !versions_are_equal(&before, &after) && is_given_time(s)) {
                credentials_unref(c);
                return;
        }
        if (c) {
                s->given = before;
                s->has_given = true;
        }
        provider_finish(&s->base, c, c ? NULL : &e);
}

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
        s->delay = now;
}

const struct provider_ops source_static = {
    .start = static_start,
    .cancel = static_cancel,
    .size = sizeof(struct static_keys),
};
