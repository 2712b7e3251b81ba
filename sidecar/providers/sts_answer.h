// SPDX-License-Identifier: Apache-2.0
// Reads the XML answers of AWS STS: a session or an error, by the exact path of each element. Anything that no STS
// answer has (a document type, and with it every entity declaration; a member twice; great depth) is refused.
#ifndef SIDECAR_PROVIDERS_STS_ANSWER_H
#define SIDECAR_PROVIDERS_STS_ANSWER_H

#include "sidecar/providers/answer.h"

// `action` is the operation ("AssumeRole"), whose response element is expected; errors are always understood. 0 with
// *ret pointing into `scratch` (initialised by the caller with at least the size of `body`; it holds secrets), or -1
// with *e: nothing of the answer may be used.
MUST_CHECK int sts_answer_read(const char *action, struct slice body, struct buffer *scratch, struct answer *ret,
                               struct error *e);

#endif
