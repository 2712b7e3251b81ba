// SPDX-License-Identifier: Apache-2.0
// Every profile leads to one other at most: its source, or the one that its command asks for. So each walk is a line,
// and one that meets itself is a circle.
#include "sidecar/config/process_circle.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "proto/wire/api.h"
#include "sidecar/base/env.h"
#include "sidecar/config/keyfob_command.h"

#define CIRCLE_TEXT ((size_t)400)
#define CIRCLE_SHOWN 8

enum mark { NEW, ON_WALK, GOOD, LEADS_TO_CIRCLE };

struct node {
        size_t next;   // the profile that this one needs; PLAN_NONE: none
        size_t circle; // one that is part of the circle
        enum mark mark;
        bool is_command;   // it needs it by its command
        const char *where; // file and line of that, or ""
};

struct walk {
        struct draft *d;
        const struct plan *plan;
        struct node *nodes; // of each profile, by its index
};

// --- which agent a command asks ---

static bool exists(const char *path)
{
        struct stat about;
        return stat(path, &about) == 0;
}

static bool is_ours(const struct draft *d, const char *path)
{
        const struct settings *s = &d->store->settings;
        for (size_t i = 0; i < s->listeners_count; i++)
                if (s->listeners[i].unix_path && strcmp(s->listeners[i].unix_path, path) == 0)
                        return true;
        return false;
}

// Without a socket of its own the command asks by the rule for all clients. Where nothing is there, it was meant for
// this agent: KEYFOB_SOCKET, which may name it, is not passed on.
static int asks_us(const struct draft *d, const struct keyfob_command *command)
{
        char path[LIMIT_UNIX_PATH + 1];
        char *absolute = NULL;
        if (command->socket[0])
                return reader_keep_env_path(d->reader, command->socket, &absolute) < 0 ? -1 : is_ours(d, absolute);
        const char *runtime_dir =
            command->has_runtime_dir ? command->runtime_dir : env_get(d->reader->env, "XDG_RUNTIME_DIR");
        if (runtime_dir && runtime_dir[0] && api_socket_path(NULL, NULL, runtime_dir, NULL, path, sizeof(path)) == 0 &&
            (is_ours(d, path) || exists(path)))
                return is_ours(d, path);
        return is_ours(d, API_DEFAULT_SOCKET) || !exists(API_DEFAULT_SOCKET);
}

// Sets the node's `next` where its command leads to one of our profiles. 0, or -1: out of memory.
static int link_command(const struct walk *w, const struct profile *p, struct node *node)
{
        struct keyfob_command command;
        if (p->fault || p->type != PROFILE_PROCESS || !p->credential_process)
                return 0;
        int found = keyfob_command_read(slice_str(p->credential_process), &command);
        size_t index = found > 0 ? plan_find(w->plan, command.profile) : PLAN_NONE;
        int is_us = index != PLAN_NONE ? asks_us(w->d, &command) : 0;
        if (found < 0 || is_us < 0)
                return reader_no_memory(w->d->reader);
        if (is_us > 0)
                node->next = index;
        node->is_command = is_us > 0;
        return 0;
}

// --- what is wrong ---

static const char *shown_name(const struct profile *p)
{
        return p->is_implied && p->stands_for ? p->stands_for : p->name;
}

// "a -> b -> a"
static void describe(const struct walk *w, size_t start, struct buffer *out)
{
        size_t at = start, shown = 0;
        do {
                if (shown++ < CIRCLE_SHOWN)
                        (void)buffer_printf(out, "%s -> ", shown_name(&w->d->profiles[at]));
                at = w->nodes[at].next;
        } while (at != start);
        (void)buffer_printf(out, "%s%s", shown > CIRCLE_SHOWN ? "… -> " : "", shown_name(&w->d->profiles[start]));
}

// A command of the circle that the profile leads to: its own, if it is part of it.
static size_t find_command(const struct walk *w, size_t index)
{
        size_t start = w->nodes[index].circle, at = start, found = PLAN_NONE;
        do {
                if (w->nodes[at].is_command && (found == PLAN_NONE || at == index))
                        found = at;
                at = w->nodes[at].next;
        } while (at != start);
        return found;
}

static int refuse(const struct walk *w, size_t index)
{
        struct draft *d = w->d;
        struct buffer circle;
        size_t at = find_command(w, index);
        const char *asked = shown_name(&d->profiles[w->nodes[at].next]), *where = w->nodes[at].where;
        buffer_init(&circle, CIRCLE_TEXT);
        describe(w, at, &circle);
        const char *text = buffer_c_str(&circle);
        size_t node = reader_at(d->reader, draft_turn_to(d, index), "credential_process");
        (void)error_set(d->reader->e, ERROR_CONFIG,
                        "%s%sthe command of profile %s asks this agent for profile %s, which waits for that command "
                        "(%s)",
                        where, where[0] ? ": " : "", shown_name(&d->profiles[at]), asked, text ? text : "…");
        if (d->reader->doc) {
                const struct error cause = *d->reader->e;
                reader_fail(d->reader, node, "%s", cause.message);
        }
        buffer_free(&circle);
        return error_hint(d->reader->e,
                          "use two names: move what provides the credentials to [profile %s-source], and set "
                          "credential_process = keyfob credential-process %s-source in [profile %s]",
                          asked, asked, asked);
}

// --- the walk ---

static void follow(struct walk *w, size_t from)
{
        size_t at = from;
        while (at != PLAN_NONE && w->nodes[at].mark == NEW) {
                w->nodes[at].mark = ON_WALK;
                at = w->nodes[at].next;
        }
        bool meets_circle = at != PLAN_NONE && w->nodes[at].mark != GOOD; // this walk's own, or one known
        size_t circle = meets_circle && w->nodes[at].mark == LEADS_TO_CIRCLE ? w->nodes[at].circle : at;
        for (at = from; at != PLAN_NONE && w->nodes[at].mark == ON_WALK; at = w->nodes[at].next) {
                w->nodes[at].mark = meets_circle ? LEADS_TO_CIRCLE : GOOD;
                w->nodes[at].circle = circle;
        }
}

static int link_node(struct walk *w, size_t i)
{
        const struct profile *p = &w->d->profiles[i];
        struct node *node = &w->nodes[i];
        node->next = w->plan->sources[i];
        node->where = p->chain_count > 0 ? p->chain[p->chain_count - 1].outcome : "";
        return node->next == PLAN_NONE ? link_command(w, p, node) : 0;
}

static int judge(struct walk *w)
{
        struct draft *d = w->d;
        for (size_t i = 0; i < w->plan->count; i++)
                if (link_node(w, i) < 0)
                        return -1;
        for (size_t i = 0; i < w->plan->count; i++)
                follow(w, i);
        for (size_t i = 0; i < w->plan->count; i++) {
                if (w->nodes[i].mark != LEADS_TO_CIRCLE || d->profiles[i].fault)
                        continue;
                (void)refuse(w, i);
                if (d->keeps_faults ? draft_keep_fault(d, &d->profiles[i]) < 0 : draft_go_on(d, i) < 0)
                        return -1;
        }
        reader_move(d->reader, &d->main);
        return 0;
}

int process_circle_check(struct draft *d, const struct plan *plan)
{
        struct walk w = {.d = d, .plan = plan, .nodes = calloc(plan->count, sizeof(*w.nodes))};
        int r = w.nodes ? judge(&w) : reader_no_memory(d->reader);
        free(w.nodes);
        return r;
}
