// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/listeners.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sidecar/base/env.h"
#include "sidecar/io/activation.h"
#include "sidecar/io/tcp_listen.h"
#include "sidecar/io/unix_listen.h"

struct listening_socket {
        int fd; // -1: taken
        bool is_activated;
        ino_t inode;                       // of a Unix socket that was made here
        struct listener_settings settings; // its texts are copies
};

struct listeners {
        size_t count;
        struct listening_socket sockets[];
};

static void forget(struct listening_socket *s)
{
        free(s->settings.unix_path);
        free(s->settings.profile);
        free(s->settings.authorization_token_file);
        *s = (struct listening_socket){.fd = -1};
}

static int copy_text(char **ret, const char *text)
{
        *ret = text ? strdup(text) : NULL;
        return text && !*ret ? -1 : 0;
}

static int copy(struct listening_socket *s, const struct listener_settings *settings, struct error *e)
{
        struct listener_settings *own = &s->settings;
        *own = *settings;
        own->unix_path = own->profile = own->authorization_token_file = NULL;
        if (copy_text(&own->unix_path, settings->unix_path) == 0 && copy_text(&own->profile, settings->profile) == 0 &&
            copy_text(&own->authorization_token_file, settings->authorization_token_file) == 0)
                return 0;
        return error_set(e, ERROR_INTERNAL, "out of memory");
}

static int open_socket(struct listening_socket *s, struct error *e)
{
        const struct listener_settings *settings = &s->settings;
        if (!settings->unix_path) {
                s->fd = tcp_listen_open(&settings->tcp, e);
                return s->fd < 0 ? -1 : 0;
        }
        const struct unix_listen options = {
            .path = settings->unix_path, .mode = settings->mode, .has_gid = settings->has_gid, .gid = settings->gid};
        s->fd = unix_listen_open(&options, &s->inode, e);
        return s->fd < 0 ? -1 : 0;
}

// --- descriptors of the service manager ---

static int check_activated(int fd, const struct inet_address *at, const struct listener_settings *settings,
                           struct error *e)
{
        char text[INET_ADDRESS_SIZE];
        inet_address_write(at, text);
        if (!settings) {
                error_set(e, ERROR_CONFIG, "descriptor %d of the service manager (%s): found no listener for it", fd,
                          text);
                return error_hint(e, "add {\"tcp\": \"%s\", \"api\": […]} to \"listeners\"", text);
        }
        if (!inet_address_is_loopback(at) && !listener_may_be_remote(settings)) {
                error_set(e, ERROR_CONFIG, "descriptor %d of the service manager: %s is not a loopback address", fd,
                          text);
                return error_hint(e, "set ListenStream=127.0.0.1:PORT in the .socket unit, or \"allow_remote\"");
        }
        return tcp_listen_configure(fd, e);
}

// The next listener of the settings that is of the same kind and has no descriptor yet; NULL: there is none.
static const struct listener_settings *next_of_kind(const struct settings *settings, bool is_tcp, size_t nth)
{
        for (size_t i = 0; i < settings->listeners_count; i++)
                if (!settings->listeners[i].unix_path == is_tcp && nth-- == 0)
                        return &settings->listeners[i];
        return NULL;
}

static int add_activated(struct listeners *l, const struct settings *settings, size_t count_of_kind[2], struct error *e)
{
        static const struct listener_settings native = {.apis = LISTENER_NATIVE};
        struct listening_socket *s = &l->sockets[l->count];
        struct inet_address at;
        int fd = ACTIVATION_FIRST_FD + (int)l->count;
        bool is_tcp = inet_address_of_socket(fd, &at) == 0;
        const struct listener_settings *found = next_of_kind(settings, is_tcp, count_of_kind[is_tcp]++);
        *s = (struct listening_socket){.fd = fd, .is_activated = true};
        l->count++;
        if (is_tcp && check_activated(fd, &at, found, e) < 0)
                return -1;
        return copy(s, found ? found : &native, e);
}

static int add_rest(struct listeners *l, const struct settings *settings, size_t count_of_kind[2], struct error *e)
{
        for (size_t i = 0; i < settings->listeners_count; i++) {
                const struct listener_settings *wanted = &settings->listeners[i];
                size_t *activated = &count_of_kind[!wanted->unix_path];
                if (*activated > 0) {
                        --*activated;
                        continue;
                }
                struct listening_socket *s = &l->sockets[l->count];
                s->fd = -1;
                if (copy(s, wanted, e) < 0 || open_socket(s, e) < 0) {
                        forget(s); // not ours, so not to be unlinked
                        return -1;
                }
                l->count++;
        }
        return 0;
}

struct listeners *listeners_open(const struct settings *settings, const struct env *env, struct error *e)
{
        int activated = activation_take(env_get(env, "LISTEN_PID"), env_get(env, "LISTEN_FDS"), e);
        if (activated < 0)
                return NULL;
        size_t most = (size_t)activated + settings->listeners_count;
        size_t count_of_kind[2] = {0, 0}; // Unix, TCP
        struct listeners *l = calloc(1, sizeof(*l) + most * sizeof(l->sockets[0]));
        if (!l) {
                error_set(e, ERROR_INTERNAL, "out of memory");
                return NULL;
        }
        int r = 0;
        for (int i = 0; i < activated && r == 0; i++)
                r = add_activated(l, settings, count_of_kind, e);
        if (r == 0)
                r = add_rest(l, settings, count_of_kind, e);
        if (r == 0)
                return l;
        listeners_close(l);
        return NULL;
}

size_t listeners_count(const struct listeners *l)
{
        return l->count;
}

int listeners_take(struct listeners *l, size_t index)
{
        int fd = l->sockets[index].fd;
        l->sockets[index].fd = -1;
        return fd;
}

const struct listener_settings *listeners_get(const struct listeners *l, size_t index)
{
        return &l->sockets[index].settings;
}

bool listeners_is_activated(const struct listeners *l, size_t index)
{
        return l->sockets[index].is_activated;
}

// --- reloads ---

static bool is_same_text(const char *a, const char *b)
{
        return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_same_tcp(const struct listener_settings *a, const struct listener_settings *b)
{
        return inet_address_port(&a->tcp) == inet_address_port(&b->tcp) &&
               inet_address_has_same_host(&a->tcp, &b->tcp) && a->allow_remote == b->allow_remote &&
               a->has_gid == b->has_gid && a->gid == b->gid;
}

static bool is_same_unix(const struct listener_settings *a, const struct listener_settings *b)
{
        return strcmp(a->unix_path, b->unix_path) == 0 && a->mode == b->mode && a->has_gid == b->has_gid &&
               a->gid == b->gid;
}

static bool is_as(const struct listening_socket *s, const struct listener_settings *wanted)
{
        const struct listener_settings *is = &s->settings;
        if (!is->unix_path != !wanted->unix_path || is->apis != wanted->apis || is->any_time != wanted->any_time ||
            !is_same_text(is->profile, wanted->profile) ||
            !is_same_text(is->authorization_token_file, wanted->authorization_token_file))
                return false;
        return s->is_activated || (is->unix_path ? is_same_unix(is, wanted) : is_same_tcp(is, wanted));
}

// Those of the service manager come first, in its order; of each kind they are in the order of the settings.
static const struct listening_socket *nth_of_kind(const struct listeners *l, bool is_tcp, size_t nth)
{
        for (size_t i = 0; i < l->count; i++)
                if (!l->sockets[i].settings.unix_path == is_tcp && nth-- == 0)
                        return &l->sockets[i];
        return NULL;
}

bool listeners_are_as(const struct listeners *l, const struct settings *settings)
{
        size_t seen[2] = {0, 0};
        for (size_t i = 0; i < settings->listeners_count; i++) {
                const struct listener_settings *wanted = &settings->listeners[i];
                const struct listening_socket *s = nth_of_kind(l, !wanted->unix_path, seen[!wanted->unix_path]++);
                if (!s || !is_as(s, wanted))
                        return false;
        }
        for (int kind = 0; kind < 2; kind++) {
                const struct listening_socket *s = nth_of_kind(l, kind, seen[kind]);
                if (s && !s->is_activated)
                        return false;
        }
        return true;
}

void listeners_close(struct listeners *l)
{
        if (!l)
                return;
        for (size_t i = 0; i < l->count; i++) {
                struct listening_socket *s = &l->sockets[i];
                if (s->settings.unix_path && !s->is_activated)
                        unix_listen_unlink(s->settings.unix_path, s->inode);
                if (s->fd >= 0)
                        close(s->fd);
                forget(s);
        }
        free(l);
}
