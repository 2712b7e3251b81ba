// SPDX-License-Identifier: Apache-2.0
// The commands that run for profiles (credential_process), so that the agent knows a request that one of them makes:
// one for a profile which needs that very command would never be answered. Loop thread only.
#ifndef SIDECAR_PROVIDERS_RUNNING_COMMANDS_H
#define SIDECAR_PROVIDERS_RUNNING_COMMANDS_H

#include <stdbool.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "proto/wire/limits.h"

struct profile;

enum { RUNNING_COMMAND_ASKED_N = 4 };

struct running_command {
        LIST_ENTRY(running_command) link;
        pid_t pid; // and the id of its session
        const struct profile *profile;
        char asked[RUNNING_COMMAND_ASKED_N][LIMIT_PROFILE_NAME + 1]; // profiles that it asked for last; "": none
        unsigned asked_count;                                        // in all
        bool is_circle;                                              // it asked for a profile that needs it
        bool waits_for_circle;                                       // … or for one whose command did
};

LIST_HEAD(running_commands, running_command);

// *c is its caller's, who removes it when the command has ended.
void running_commands_add(struct running_commands *all, struct running_command *c, pid_t pid,
                          const struct profile *profile);
void running_commands_remove(struct running_command *c);

// The process id of the command that the process `pid` descends from, by its session and its parents; 0: of none. Reads
// a few files of /proc, but only while commands are running.
pid_t running_commands_find(const struct running_commands *all, pid_t pid);

// A process of the command `pid` asks for `profile`. True: it may. False: the profile needs the command, itself or
// through other commands that wait for it; the command is marked.
bool running_commands_may_ask(const struct running_commands *all, pid_t pid, const struct profile *profile);

#endif
