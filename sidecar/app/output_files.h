// SPDX-License-Identifier: Apache-2.0
// The files of "files": which there are, in step with the settings and the profiles. Loop thread only.
#ifndef SIDECAR_APP_OUTPUT_FILES_H
#define SIDECAR_APP_OUTPUT_FILES_H

#include "proto/mem/must_check.h"
#include "sidecar/vault/vault.h"

struct clock;
struct env;
struct log;
struct output_files; // opaque
struct profile_table;
struct settings;
struct uv_loop_s;
struct workers;

struct output_files_deps {
        struct uv_loop_s *loop;
        const struct clock *clock;
        const struct log *log;
        const struct env *env;
        struct workers *workers;
        struct vault_observer observer; // gets the vault's events after this
};

// NULL: out of memory.
MUST_CHECK struct output_files *output_files_new(const struct output_files_deps *deps);

// For the vault: its events.
struct vault_observer output_files_observer(struct output_files *files);

// Makes what these settings need beyond what there is; changes nothing yet. 0, or -1: out of memory.
MUST_CHECK int output_files_prepare(struct output_files *files, struct settings *settings);

// The table, whose settings were prepared, is in force: its files follow their profiles, the others are removed. Gives
// the rows of the table their `files`.
void output_files_apply(struct output_files *files, const struct profile_table *table);

// The files stay. Before the workers and the vault are closed. NULL is fine.
void output_files_close(struct output_files *files);

void output_files_free(struct output_files *files); // when the loop has ended; NULL is fine

#endif
