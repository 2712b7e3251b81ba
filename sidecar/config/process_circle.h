// SPDX-License-Identifier: Apache-2.0
// A credential_process that asks this agent for a profile which needs that very command: nobody would ever answer.
#ifndef SIDECAR_CONFIG_PROCESS_CIRCLE_H
#define SIDECAR_CONFIG_PROCESS_CIRCLE_H

#include "sidecar/config/draft.h"

// Looks for such profiles, and for those that stand on them, along source profiles and commands (keyfob_command.h). The
// draft's listeners are known. Where the draft keeps faults, each gets one; else -1 and the reader's error.
MUST_CHECK int process_circle_check(struct draft *d, const struct plan *plan);

#endif
