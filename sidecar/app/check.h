// SPDX-License-Identifier: Apache-2.0
// What keyfobd --check looks at beyond the configuration itself.
#ifndef SIDECAR_APP_CHECK_H
#define SIDECAR_APP_CHECK_H

#include <stdint.h>

#include "proto/mem/must_check.h"

struct env;
struct settings;

// Prints, to standard output, warnings: what loading found, profiles that cannot be used, files and commands that are
// not there. Loads each certificate with its chain and key, as a refresh will: they must belong together and be valid
// at `now_s`; what is wrong with these is an error on standard error. The running agent does not stop for it: it is
// that profile's error alone, and gone once the files are right. Takes over the settings. The exit status: 0 also with
// warnings. Where a key did not answer in the time that a refresh would give it, a thread is still loading it: the
// process ends here.
MUST_CHECK int check_run(struct settings *settings, const struct env *env, int64_t now_s);

#endif
