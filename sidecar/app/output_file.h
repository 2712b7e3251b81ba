// SPDX-License-Identifier: Apache-2.0
// One file of "files": follows the entry of its profile, writes each new generation, and removes the file when its
// credentials end before others come, are dropped, or belong to another identity than the profile has now. What
// cannot be done is tried again. Loop thread only.
#ifndef SIDECAR_APP_OUTPUT_FILE_H
#define SIDECAR_APP_OUTPUT_FILE_H

#include <sys/queue.h>

#include "sidecar/app/on_rotate.h"
#include "sidecar/base/file_status.h"
#include "sidecar/vault/vault.h"

struct clock;
struct delay;
struct entry;
struct file_settings;
struct file_write;
struct output_file;
struct settings;
struct workers;

struct output_file_deps {
        struct on_rotate_deps on_rotate; // loop, log, environment
        const struct clock *clock;
        struct workers *workers;
        void (*gone)(void *context, struct output_file *f); // output_file_remove() is through: frees it
        void *context;
};

struct output_file {
        LIST_ENTRY(output_file) link; // the owner's
        bool is_kept;                 // the owner's
        struct file_status status;    // for the server

        const struct output_file_deps *deps;
        struct settings *settings; // a reference
        const struct file_settings *file;
        struct entry *entry;        // NULL: not followed yet, or leaving
        struct vault_waiter waiter; // for a newer generation than the file has
        struct file_write *write;   // under way; NULL: none
        struct delay *retry, *end;  // after a failure; of the credentials in the file
        uint64_t writing, written;  // generations; `written` 0: nothing that is to stay
        bool is_judged;             // what an agent of before has left there
        bool is_there;              // a file of ours is
        int64_t writing_ends_s, written_ends_s;
        unsigned failures_in_row;
        bool must_remove, is_outdated; // … and what is being written has been overtaken: the settings have changed
        bool is_leaving, is_closed;
        struct on_rotate on_rotate;
};

// Begins nothing. Takes a reference on `settings`. NULL: out of memory.
MUST_CHECK struct output_file *output_file_new(const struct output_file_deps *deps, struct settings *settings,
                                               const struct file_settings *file);

// The settings in force, with the same path, and the entry of the profile: at the start, and at every reload.
void output_file_follow(struct output_file *f, struct settings *settings, const struct file_settings *file,
                        struct entry *entry);

// The entry holds no credentials any more: expired or dropped. May be called from inside the vault.
void output_file_end(struct output_file *f);

// It is not in the settings any more: the file goes, and then this.
void output_file_remove(struct output_file *f);

// The agent ends: the file stays. `gone` is called, at once or once a command has ended.
void output_file_close(struct output_file *f);

void output_file_free(struct output_file *f);

#endif
