// SPDX-License-Identifier: Apache-2.0
// Names of users and groups to their numbers, by the system's user database. Blocks; used while loading only.
#ifndef SIDECAR_CONFIG_ACCOUNTS_H
#define SIDECAR_CONFIG_ACCOUNTS_H

#include <stdint.h>

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"

enum account_kind { ACCOUNT_USER, ACCOUNT_GROUP };

// How to look one up: 0 and *ret, -ENOENT for an unknown name, another -errno when the database cannot be asked.
typedef int account_lookup_fn(enum account_kind kind, const char *name, uint32_t *ret);

// getpwnam_r() and getgrnam_r().
account_lookup_fn accounts_lookup_system;

#define ACCOUNT_NAME_SIZE 64
#define ACCOUNT_MEMO_N 8

// Remembers the latest answers, so that ten thousand profiles with one user's name ask once.
struct account_memo {
        account_lookup_fn *lookup;
        struct {
                char name[ACCOUNT_NAME_SIZE];
                enum account_kind kind;
                uint32_t id;
        } known[ACCOUNT_MEMO_N];
        size_t next;
};

// A name, or a number in decimal digits. As account_lookup_fn; -EINVAL for what can be neither.
MUST_CHECK int account_find(struct account_memo *memo, enum account_kind kind, struct slice name, uint32_t *ret);

#endif
