// SPDX-License-Identifier: Apache-2.0
// Whether `keyfob wait` is done, should ask again, or waits in vain.
#ifndef CLIENTS_CLI_WAIT_VERDICT_H
#define CLIENTS_CLI_WAIT_VERDICT_H

#include <stddef.h>

#include "clients/cli/options.h"
#include "proto/mem/slice.h"

enum wait_verdict {
        WAIT_READY,
        WAIT_NOT_YET,
        WAIT_IN_VAIN,    // the reasons were printed
        WAIT_FOR_DEFAULT // no profile is kept fresh, and none was named: there is "default" to wait for
};

// Judges `json`, the answer to GET /v1/profiles. `is_ready`: the agent says that what the options name is ready.
// *ret_unlisted is a profile that they name and this user cannot see, or NULL.
MUST_CHECK enum wait_verdict wait_judge(const struct options *o, struct slice json, bool is_ready,
                                        const char **ret_unlisted);

// Prints, on standard error, the last error of each profile that was waited for and holds nothing.
void wait_print_reasons(const struct options *o, struct slice json);

#endif
