// SPDX-License-Identifier: Apache-2.0
// Long-term keys, or a session that somebody else renews, from the configuration or from files. Files are read at each
// fetch. Nothing here takes time, so completion waits for a later turn of the loop. Loop thread only.
#include <stdlib.h>

#include "proto/mem/buffer.h"
#include "proto/mem/time.h"
#include "proto/wire/credentials.h"
#include "proto/wire/limits.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/file.h"
#include "sidecar/config/profile.h"
#include "sidecar/io/defer.h"
#include "sidecar/providers/sources.h"

struct static_keys {
        struct provider base; // first: the interface is cast back
        const struct profile *profile;
        struct provider_deps deps;
        struct defer *defer;
        bool is_cancelled;
};

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

enum { KEY_ID, SECRET_KEY, TOKEN, FILES_N };

static int read_keys(const struct static_keys *s, struct buffer files[FILES_N], struct credentials *fields,
                     struct error *e)
{
        const struct profile *p = s->profile;
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
        const char *end = s->profile->keys.expiration;
        fields->account_id = slice_str(s->profile->keys.account_id);
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

static void static_due(void *arg)
{
        struct static_keys *s = arg;
        s->defer = NULL;
        struct error e = {0};
        struct credentials *c = NULL;
        if (s->is_cancelled)
                (void)error_set(&e, ERROR_CANCELLED, "cancelled");
        else
                c = make_credentials(s, &e);
        provider_finish(&s->base, c, c ? NULL : &e);
}

static int static_start(struct provider *p, struct error *e)
{
        struct static_keys *s = (struct static_keys *)p;
        s->is_cancelled = false;
        s->defer = defer_start(s->deps.loop, static_due, s);
        return s->defer ? 0 : error_set(e, ERROR_INTERNAL, "out of memory");
}

static void static_cancel(struct provider *p)
{
        ((struct static_keys *)p)->is_cancelled = true; // told from the loop, at the deferral's turn
}

static void static_destroy(struct provider *p)
{
        free(p);
}

static void static_rebind(struct provider *p, const struct profile *profile)
{
        struct static_keys *s = (struct static_keys *)p;
        s->profile = profile;
}

int provider_static_new(const struct provider_deps *deps, const struct profile *profile, struct provider **ret,
                        struct error *e)
{
        static const struct provider_ops ops = {static_start, static_cancel, static_destroy};
        struct static_keys *s = calloc(1, sizeof(*s));
        if (!s)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        *s = (struct static_keys){.base = {.ops = &ops, .rebind = static_rebind}, .profile = profile, .deps = *deps};
        *ret = &s->base;
        return 0;
}
