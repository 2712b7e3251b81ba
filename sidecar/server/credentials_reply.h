// SPDX-License-Identifier: Apache-2.0
// The answer to GET …/credentials and its entity tag, and that of the container endpoint, rendered once for each
// generation. An entry keeps the one that was asked for last: the clients of a profile nearly always ask for one.
#ifndef SIDECAR_SERVER_CREDENTIALS_REPLY_H
#define SIDECAR_SERVER_CREDENTIALS_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"

struct credentials;
struct entry;
struct entry_rendering;
struct exchange;

// The entity tag of the credentials, without the quotes of HTTP: the generation and the agent's run, as a restarted
// agent counts generations from the beginning again.
enum { CREDENTIALS_TAG_SIZE = 32 };
void credentials_reply_tag(const struct entry *entry, uint32_t run, char out[CREDENTIALS_TAG_SIZE]);

// Status line, headers and document of `c`, which entry_peek() or entry_last_resort() has just given; `mark` is where
// the document begins. In the entry's secret memory, borrowed like `c`. NULL: out of memory.
MUST_CHECK const struct entry_rendering *credentials_reply(struct entry *entry, const struct credentials *c,
                                                           uint32_t run);

// The same for the container endpoint, of credentials that expire; without an entity tag.
MUST_CHECK const struct entry_rendering *credentials_reply_container(struct entry *entry, const struct credentials *c,
                                                                     struct slice role_arn);

// The vault returns no expired credentials. This verifies it, at most once a millisecond, and counts violations.
void credentials_reply_check_life(struct exchange *x, const struct entry *entry, const struct credentials *c);

#endif
