// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/running_commands.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proto/mem/slice.h"
#include "proto/mem/text.h"
#include "sidecar/config/settings.h"

enum {
        ANCESTORS_MAX = 32, // that are looked at
        NESTED_MAX = 6,     // commands that wait for each other
        STAT_SIZE = 512     // of /proc/PID/stat, of which the first four fields are read
};

void running_commands_add(struct running_commands *all, struct running_command *c, pid_t pid,
                          const struct profile *profile)
{
        *c = (struct running_command){.pid = pid, .profile = profile};
        LIST_INSERT_HEAD(all, c, link);
}

void running_commands_remove(struct running_command *c)
{
        LIST_REMOVE(c, link);
}

static struct running_command *find(const struct running_commands *all, pid_t pid)
{
        struct running_command *c;
        LIST_FOREACH(c, all, link)
        if (c->pid == pid)
                return c;
        return NULL;
}

// 0: unknown. The name, in parentheses before the fields that matter, may contain anything.
static pid_t parent_of(pid_t pid)
{
        char path[32], text[STAT_SIZE];
        uint64_t parent = 0;
        (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return 0;
        ssize_t n = read(fd, text, sizeof(text) - 1);
        (void)close(fd);
        text[n > 0 ? n : 0] = '\0';
        const char *end = strrchr(text, ')'); // then " S PPID …"
        if (!end || strlen(end) < 5)
                return 0;
        struct slice number = slice_str(end + 4);
        return text_parse_u64(slice_head(number, slice_find(number, ' ')), &parent) == 0 ? (pid_t)parent : 0;
}

pid_t running_commands_find(const struct running_commands *all, pid_t pid)
{
        for (int i = 0; i < ANCESTORS_MAX && pid > 1 && !LIST_EMPTY(all); i++) {
                pid_t session = getsid(pid);
                if (find(all, pid))
                        return pid;
                if (session > 0 && find(all, session))
                        return session;
                pid = parent_of(pid);
        }
        return 0;
}

static const struct profile *profile_named(const struct profile *other, const char *name)
{
        return other->settings ? settings_find(other->settings, name) : NULL;
}

static const struct running_command *find_for(const struct running_commands *all, const char *name)
{
        const struct running_command *c;
        LIST_FOREACH(c, all, link)
        if (strcmp(c->profile->name, name) == 0)
                return c;
        return NULL;
}

// Whether the profile stands on `goal`, or on a profile whose command waits for one that does.
static bool needs(const struct running_commands *all, const struct profile *p, const char *goal, unsigned depth)
{
        for (; p; p = p->source_profile ? profile_named(p, p->source_profile) : NULL) {
                if (strcmp(p->name, goal) == 0)
                        return true;
                const struct running_command *c = depth < NESTED_MAX ? find_for(all, p->name) : NULL;
                for (size_t i = 0; c && i < RUNNING_COMMAND_ASKED_N; i++) {
                        if (strcmp(c->asked[i], goal) == 0) // also one that no settings list
                                return true;
                        const struct profile *asked = c->asked[i][0] ? profile_named(p, c->asked[i]) : NULL;
                        if (asked && needs(all, asked, goal, depth + 1))
                                return true;
                }
        }
        return false;
}

static bool has_asked(const struct running_command *c, const char *name)
{
        for (size_t i = 0; i < RUNNING_COMMAND_ASKED_N; i++)
                if (strcmp(c->asked[i], name) == 0)
                        return true;
        return false;
}

// Those that wait for what the command was to bring will fail with it.
static void mark_waiting(const struct running_commands *all, const char *name, unsigned depth)
{
        struct running_command *c;
        LIST_FOREACH(c, all, link)
        {
                if (c->waits_for_circle || !has_asked(c, name))
                        continue;
                c->waits_for_circle = true;
                if (depth < NESTED_MAX)
                        mark_waiting(all, c->profile->name, depth + 1);
        }
}

bool running_commands_may_ask(const struct running_commands *all, pid_t pid, const struct profile *profile)
{
        struct running_command *c = find(all, pid);
        if (!c)
                return true;
        if (needs(all, profile, c->profile->name, 0)) {
                c->is_circle = true;
                mark_waiting(all, c->profile->name, 0);
                return false;
        }
        char *asked = c->asked[c->asked_count++ % RUNNING_COMMAND_ASKED_N];
        (void)snprintf(asked, sizeof(c->asked[0]), "%s", profile->name);
        return true;
}
