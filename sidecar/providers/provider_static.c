// SPDX-License-Identifier: Apache-2.0
// Long-term keys, or a session that somebody else renews, from the configuration or from files. Files are read at each
// fetch. Whoever replaces them does so one after another, and half of the old with half of the new is no key: files
// that have changed a moment ago are given another one. Else nothing here takes time, so completion waits for a later
// turn of the loop. Loop thread only.
#include <stdlib.h>

#include "proto/mem/buffer.h"
#include "proto/mem/time.h"
#include "proto/wire/credentials.h"
#include "proto/wire/limits.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/file.h"
#include "sidecar/base/file_metadata.h"
#include "sidecar/config/profile.h"
#include "sidecar/io/defer.h"
#include "sidecar/io/delay.h"
#include "sidecar/providers/sources.h"

enum { KEY_ID, SECRET_KEY, TOKEN, FILES_N };
enum { SETTLE_MS = 1000, SETTLES_N = 5 };

struct looks {
        struct file_metadata files[FILES_N];
};

struct static_keys {
        struct provider base; // first: the interface is cast back
        struct provider_deps deps;
        struct defer *defer;
        struct delay *delay;
        struct looks given; // of the files that the last success was read from
        unsigned settles;   // pauses in this fetch
        bool has_given, is_cancelled;
};

// --- what is being replaced ---

static void look(const struct static_keys *s, struct looks *ret)
{
        const char *const paths[FILES_N] = {s->base.profile->keys.access_key_id_file,
                                            s->base.profile->keys.secret_access_key_file,
                                            s->base.profile->keys.session_token_file};
        for (size_t i = 0; i < FILES_N; i++)
                ret->files[i] = file_metadata(paths[i]);
}

static bool looks_are_equal(const struct looks *a, const struct looks *b)
{
        for (size_t i = 0; i < FILES_N; i++)
                if (!file_metadata_equal(&a->files[i], &b->files[i]))
                        return false;
        return true;
}

static bool has_just_changed(const struct static_keys *s, const struct looks *now)
{
        int64_t now_ms = s->deps.clock->wall_ms(s->deps.clock->context);
        for (size_t i = 0; i < FILES_N; i++) {
                const struct timespec *changed = &now->files[i].changed;
                int64_t age_ms = now_ms - ((int64_t)changed->tv_sec * 1000 + changed->tv_nsec / 1000000);
                if (now->files[i].is_there && age_ms >= 0 && age_ms < SETTLE_MS)
                        return true;
        }
        return false;
}

static bool is_given_time(struct static_keys *s); // true: static_due() follows once more

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

static int read_keys(const struct static_keys *s, struct buffer files[FILES_N], struct credentials *fields,
                     struct error *e)
{
        const struct profile *p = s->base.profile;
        if (read_member(p->keys.access_key_id_file, "access key ID file", slice_str(p->keys.access_key_id),
                        &files[KEY_ID], &fields->access_key_id, e) < 0 ||
            read_member(p->keys.secret_access_key_file, "secret access key file",
                        secret_expose(&p->keys.secret_access_key), &files[SECRET_KEY], &fields->secret_access_key,
                        e) < 0)
                return -1;
        return read_member(p->keys.session_token_file, "session token file", secret_expose(&p->keys.session_token),
                           &files[TOKEN], &fields->session_token, e);
}

// What the configuration knows of their end: nobody here can make new ones.
static int read_end(const struct static_keys *s, struct credentials *fields, struct error *e)
{
        const char *end = s->base.profile->keys.expiration;
        fields->account_id = slice_str(s->base.profile->keys.account_id);
        if (!end)
                return 0;
        if (time_parse_rfc3339(slice_str(end), &fields->expires_s) < 0)
                return error_set(e, ERROR_CONFIG, "the access key's end is no time");
        if (fields->expires_s > fields->issued_s + LIMIT_MIN_LIFE_S)
                return 0;
        error_set(e, ERROR_CONFIG, "the access key expired at %s", end);
        return error_hint(e, "give the agent newer keys and start it again; or let it obtain them itself, by a role");
}

static struct credentials *make_credentials(const struct static_keys *s, struct error *e)
{
        struct buffer files[FILES_N];
        buffer_init(&files[KEY_ID], LIMIT_SECRET_FILE);
        buffer_init(&files[SECRET_KEY], LIMIT_SECRET_FILE);
        buffer_init(&files[TOKEN], LIMIT_SESSION_TOKEN);
        struct credentials fields = {.expires_s = CREDENTIALS_NEVER_EXPIRE, .issued_s = clock_wall_s(s->deps.clock)};
        struct credentials *c = NULL;
        if (read_keys(s, files, &fields, e) == 0 && read_end(s, &fields, e) == 0) {
                bool is_sound = credentials_are_sound(&fields);
                c = is_sound ? credentials_new(&fields) : NULL;
                if (!is_sound) {
                        (void)error_set(e, ERROR_CONFIG, "the access key cannot be used");
                        (void)error_hint(e, "A member is missing or too long, or holds a blank, a quote or another "
                                            "byte that no AWS key has.");
                } else if (!c) {
                        (void)error_set(e, ERROR_INTERNAL, "out of memory for the access key");
                }
        }
        for (size_t i = 0; i < FILES_N; i++)
                buffer_free(&files[i]);
        return c;
}

// --- the provider ---

static struct credentials *fetch(struct static_keys *s, const struct looks *before, bool *ret_again, struct error *e)
{
        struct looks after;
        struct credentials *c = make_credentials(s, e);
        look(s, &after);
        *ret_again = !looks_are_equal(before, &after) && is_given_time(s);
        if (*ret_again) {
                credentials_unref(c);
                return NULL;
        }
        if (c) {
                s->given = *before;
                s->has_given = true;
        }
        return c;
}

static void static_due(void *arg)
{
        struct static_keys *s = arg;
        s->defer = NULL;
        s->delay = NULL;
        struct error e = {0};
        struct credentials *c = NULL;
        struct looks now;
        bool is_again = false;
        look(s, &now);
        if (s->is_cancelled)
                (void)error_set(&e, ERROR_CANCELLED, "cancelled");
        else if (s->has_given && !looks_are_equal(&now, &s->given) && has_just_changed(s, &now) && is_given_time(s))
                is_again = true;
        else
                c = fetch(s, &now, &is_again, &e);
        if (!is_again)
                provider_finish(&s->base, c, c ? NULL : &e);
}

static bool is_given_time(struct static_keys *s)
{
        if (s->settles++ >= SETTLES_N)
                return false;
        s->delay = delay_start(s->deps.loop, clock_real_ms(s->deps.clock, SETTLE_MS), static_due, s);
        return s->delay != NULL;
}

static int static_start(struct provider *p, struct error *e)
{
        struct static_keys *s = (struct static_keys *)p;
        s->is_cancelled = false;
        s->settles = 0;
        s->defer = defer_start(s->deps.loop, static_due, s);
        return s->defer ? 0 : error_set(e, ERROR_INTERNAL, "out of memory");
}

static void static_cancel(struct provider *p)
{
        struct static_keys *s = (struct static_keys *)p;
        s->is_cancelled = true; // told from the loop, at the deferral's turn
        if (!s->delay)
                return;
        delay_cancel(s->delay);
        s->delay = NULL;
        s->defer = defer_start(s->deps.loop, static_due, s);
        if (!s->defer)
                static_due(s);
}

static void static_destroy(struct provider *p)
{
        free(p);
}

int provider_static_new(const struct provider_deps *deps, const struct profile *profile, struct provider **ret,
                        struct error *e)
{
        static const struct provider_ops ops = {static_start, static_cancel, static_destroy};
        struct static_keys *s = calloc(1, sizeof(*s));
        if (!s)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        *s = (struct static_keys){.base = {.ops = &ops, .profile = profile}, .deps = *deps};
        *ret = &s->base;
        return 0;
}
