// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/session_name.h"

#include "proto/mem/text.h"

#define SESSION_NAME_MIN 2
#define HOST_SHARE 24 // what the host keeps at least when the profile's name is long

static bool is_allowed(struct slice text)
{
        return text_is_all_of(text, "_+=,.@-");
}

bool session_name_is_valid(struct slice name)
{
        return name.n >= SESSION_NAME_MIN && name.n <= SESSION_NAME_MAX && is_allowed(name);
}

// Appends bytes of `s` at `at`, replacing what AWS refuses; returns the new end.
static size_t put(char out[SESSION_NAME_SIZE], size_t at, struct slice s)
{
        for (size_t i = 0; i < s.n; i++)
                out[at + i] = (char)(is_allowed(slice_of(&s.p[i], 1)) ? s.p[i] : (uint8_t)'-');
        return at + s.n;
}

// Appends `s` in at most `capacity` bytes: whole, or its head and tail.
static size_t put_cut(char out[SESSION_NAME_SIZE], size_t at, struct slice s, size_t capacity)
{
        if (s.n <= capacity)
                return put(out, at, s);
        size_t tail = (capacity - 2) / 2;
        size_t head = capacity - 2 - tail;
        at = put(out, at, slice_head(s, head));
        at = put(out, at, SLICE(".."));
        return put(out, at, slice_from(s, s.n - tail));
}

void session_name_default(struct slice profile, const char *host_name, char out[SESSION_NAME_SIZE])
{
        struct slice host = slice_str(host_name);
        size_t at = 0;
        if (host.n && profile.n + 1 + host.n > SESSION_NAME_MAX) {
                struct slice label = slice_head(host, slice_find(host, '.'));
                if (label.n)
                        host = label;
        }
        if (host.n == 0) {
                if (profile.n < SESSION_NAME_MIN)
                        at = put(out, at, SLICE("keyfob-"));
                at = put_cut(out, at, profile, SESSION_NAME_MAX - at);
        } else {
                size_t host_capacity =
                    SESSION_NAME_MAX - 1 - (profile.n < SESSION_NAME_MAX ? profile.n : SESSION_NAME_MAX - 1);
                if (host_capacity < HOST_SHARE)
                        host_capacity = HOST_SHARE;
                size_t host_n = host.n < host_capacity ? host.n : host_capacity;
                at = put_cut(out, at, profile, SESSION_NAME_MAX - 1 - host_n);
                at = put(out, at, SLICE("@"));
                at = put_cut(out, at, host, host_n);
        }
        out[at] = '\0';
}
