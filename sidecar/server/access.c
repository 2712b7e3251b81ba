// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/access.h"

#include <stdio.h>

#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "proto/wire/limits.h"
#include "sidecar/base/allow.h"
#include "sidecar/server/exchange.h"
#include "sidecar/server/listener.h"
#include "sidecar/server/peer_log.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/state.h"

enum { PEER_TEXT_SIZE = 64, CHAIN_MAX = 16 /* of source profiles */ };

static const char *scope_name(unsigned scope)
{
        switch (scope) {
        case ALLOW_CREDENTIALS:
                return "credentials";
        case ALLOW_SIGN:
                return "sign";
        case ALLOW_TOKEN:
                return "token";
        case ALLOW_ADMIN:
                return "admin";
        case ALLOW_STATUS:
                return "status";
        default:
                return "any";
        }
}

bool access_may_see(const struct server_profile *profile, const struct peer *peer)
{
        return allow_check(profile->allow, profile->allow_count, peer->uid, peer->gid, ALLOW_CREDENTIALS) !=
               ALLOW_NOT_PEER;
}

bool access_may(const struct server_profile *profile, const struct peer *peer, unsigned scope)
{
        return allow_check(profile->allow, profile->allow_count, peer->uid, peer->gid, scope) == ALLOW_YES;
}

// "uid 1000, gid 1000"; over TCP as much of it as is known.
static const char *peer_text(const struct peer *peer, char out[PEER_TEXT_SIZE])
{
        if (peer->uid == PEER_UNKNOWN)
                (void)snprintf(out, PEER_TEXT_SIZE, "a TCP peer of unknown uid");
        else if (peer->gid == (gid_t)PEER_UNKNOWN)
                (void)snprintf(out, PEER_TEXT_SIZE, "uid %lu", (unsigned long)peer->uid);
        else
                (void)snprintf(out, PEER_TEXT_SIZE, "uid %lu, gid %lu", (unsigned long)peer->uid,
                               (unsigned long)peer->gid);
        return out;
}

static int64_t id_of(uint32_t id)
{
        return id == PEER_UNKNOWN ? -1 : (int64_t)id;
}

static void report(const struct exchange *x, struct slice name, unsigned scope, const char *why)
{
        PEER_LOG(x->server, x->peer->uid, LOG_LEVEL_WARN, "access_denied", LOG_SLICE("profile", name),
                 LOG_STR("scope", scope_name(scope)), LOG_STR("why", why), LOG_INT("uid", id_of(x->peer->uid)),
                 LOG_INT("gid", id_of(x->peer->gid)), LOG_INT("pid", x->peer->pid));
}

static bool hides_any(const struct server *s, const struct peer *peer)
{
        for (size_t i = 0; i < s->profiles_count; i++)
                if (!access_may_see(&s->profiles[i], peer))
                        return true;
        return false;
}

void access_refuse_unseen(struct exchange *x, struct slice name, unsigned scope)
{
        char who[PEER_TEXT_SIZE];
        name = slice_head(name, LIMIT_PROFILE_NAME);
        x->profile = NULL; // other problems contain its name
        if (!hides_any(x->server, x->peer)) {
                problem_sendf(x, API_PROFILE_NOT_FOUND, "GET /v1/profiles lists the profiles",
                              "no profile \"%.*s\" is configured", (int)name.n, (const char *)name.p);
                return;
        }
        report(x, name, scope, "peer");
        problem_sendf(x, API_PEER_NOT_ALLOWED,
                      "GET /v1/profiles lists the profiles for this peer; to use another, add its uid or gid to a rule "
                      "of that profile's \"allow\"",
                      "there is no profile \"%.*s\" that %s may use", (int)name.n, (const char *)name.p,
                      peer_text(x->peer, who));
}

const struct server_profile *access_find_named(struct exchange *x, struct slice value)
{
        struct buffer *name = &x->server->text;
        const struct server_profile *found = NULL;
        buffer_reset(name);
        if (text_percent_decode(value, name) == 0)
                found = server_find_profile(x->server, buffer_slice(name));
        if (found && access_may_see(found, x->peer))
                return found;
        if (name->no_memory)
                problem_send_no_memory(x);
        else
                access_refuse_unseen(x, value, 0);
        return NULL;
}

void access_refuse_peer(struct exchange *x, const char *hint)
{
        char who[PEER_TEXT_SIZE];
        report(x, slice_str(x->listener->profile), ALLOW_CREDENTIALS, "peer");
        problem_sendf(x, API_PEER_NOT_ALLOWED, hint, "%s may not use this listener", peer_text(x->peer, who));
}

bool access_check(struct exchange *x, unsigned scope)
{
        const struct server_profile *p = x->profile;
        if (scope == 0 && access_may_see(p, x->peer))
                return true;
        enum allow_verdict verdict = ALLOW_NOT_PEER;
        if (scope != 0)
                verdict = allow_check(p->allow, p->allow_count, x->peer->uid, x->peer->gid, (enum allow_scope)scope);
        if (verdict == ALLOW_YES)
                return true;
        if (verdict == ALLOW_NOT_SCOPE) {
                char who[PEER_TEXT_SIZE];
                report(x, slice_str(p->name), scope, "scope");
                problem_sendf(x, API_SCOPE_DENIED, "add the scope to a rule of the profile's \"allow\"",
                              "%s has no scope \"%s\" for this profile", peer_text(x->peer, who), scope_name(scope));
        } else {
                access_refuse_unseen(x, slice_str(p->name), scope);
        }
        return false;
}

// --- names in texts ---

static bool ends_name(const char *at)
{
        return !text_is_alphanumeric((uint8_t)at[0]) && !strchr("_@+-", at[0]);
}

// Whether a profile's name begins at `at` in `text`: one of these words precedes it.
static bool is_named(const char *text, const char *at)
{
        static const char *const before[] = {"profile ", "profile \"", "login ", "/profiles/"};
        struct slice head = slice_of(text, (size_t)(at - text));
        for (size_t i = 0; i < LENGTH(before); i++)
                if (slice_ends_with(head, slice_str(before[i])))
                        return true;
        return false;
}

static const struct server_profile *hidden_at(const struct server_profile *p, const struct peer *peer, const char *text,
                                              const char *at)
{
        const struct server_profile *source = p->source;
        for (int i = 0; source && i < CHAIN_MAX; source = source->source, i++) {
                size_t n = strlen(source->name);
                if (strncmp(at, source->name, n) == 0 && (at[n] == '\0' || ends_name(at + n)) && is_named(text, at) &&
                    !access_may_see(source, peer))
                        return source;
        }
        return NULL;
}

const char *access_hide_sources(const struct server_profile *p, const struct peer *peer, const char *text, char *out,
                                size_t size)
{
        size_t n = 0;
        if (!p || !p->source || !text)
                return text;
        for (const char *at = text; *at && n + sizeof("***") < size;) {
                const struct server_profile *hidden = hidden_at(p, peer, text, at);
                if (hidden) {
                        memcpy(out + n, "***", 3);
                        n += 3;
                        at += strlen(hidden->name);
                } else {
                        out[n++] = *at++;
                }
        }
        out[n] = '\0';
        return out;
}
