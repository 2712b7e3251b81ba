// SPDX-License-Identifier: Apache-2.0
// Passphrases from descriptors that the agent inherited (private_key_passphrase_fd). Each is read once, at the start,
// before anything else opens a descriptor, and closed. It stays in secret memory while the agent runs, as a reload
// cannot read it again.
#ifndef SIDECAR_APP_PASSPHRASES_H
#define SIDECAR_APP_PASSPHRASES_H

#include <stdbool.h>

#include "proto/mem/must_check.h"
#include "proto/mem/secret.h"
#include "sidecar/base/error.h"

struct settings;

enum { PASSPHRASES_MAX = 64 };

struct passphrases {
        struct {
                int descriptor;
                struct secret text;
        } list[PASSPHRASES_MAX];
        unsigned count;
        bool is_sealed; // the start is over: descriptors named from now on are not inherited ones
};

// Gives every profile that names a descriptor the passphrase (borrowed from here). Until passphrases_seal() descriptors
// are read that were not before; after it *p does not change, and any thread may call this. 0, or -1 with *e
// (ERROR_CONFIG) that names profile and descriptor. Blocks until the writer of a pipe has closed it, for at most ten
// seconds.
MUST_CHECK int passphrases_give(struct passphrases *p, struct settings *settings, struct error *e);
void passphrases_seal(struct passphrases *p);

void passphrases_free(struct passphrases *p); // when no settings are left that borrow from it

#endif
