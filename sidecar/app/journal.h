// SPDX-License-Identifier: Apache-2.0
// What the vault tells, as log lines and metrics.
#ifndef SIDECAR_APP_JOURNAL_H
#define SIDECAR_APP_JOURNAL_H

#include "sidecar/vault/vault.h"

struct log;
struct metrics;

struct journal_told;

struct journal {
        const struct log *log;
        struct metrics *metrics;
        bool has_told_unlocked;    // the warning about memory that could not be locked comes once
        struct journal_told *told; // of whose certificates it was said that they end
};

struct vault_observer journal_observer(struct journal *journal);
void journal_deinit(struct journal *journal); // after the vault is closed

// One error as fields of a log line.
void journal_error(const struct log *log, const char *event, const char *profile, const struct error *e);

#endif
