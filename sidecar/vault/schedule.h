// SPDX-License-Identifier: Apache-2.0
// When to refresh: a pure function, randomness and time are arguments. Times are upstream wall seconds.
#ifndef SIDECAR_VAULT_SCHEDULE_H
#define SIDECAR_VAULT_SCHEDULE_H

#include <stdint.h>

#include "sidecar/base/error.h"

struct schedule_input {
        int64_t now_s;
        int64_t issued_s;       // of what is held; 0 with expires_s 0: nothing is held
        int64_t expires_s;      // CREDENTIALS_NEVER_EXPIRE: never. Nothing held: of what the source gave last, or 0
        int64_t last_success_s; // 0: none
        int64_t before_s;       // refresh_before_seconds; 0: half of the life
        int64_t recheck_s;      // when what never expires is asked for again; 0: never
        unsigned failures;      // since the last success
        enum error_kind last_failure;
        uint32_t random; // uniform
};

#define SCHEDULE_NEVER INT64_MAX

// Milliseconds from now to the next attempt (0: at once), or SCHEDULE_NEVER.
//
// Success: half of the life (or `before_s` before its end), up to 10 % of the life earlier by jitter; at the latest a
// minute before their last minute, or a quarter of the time until then where that is less; never within 30 s of the
// last success, or half of the time that was then left until their last minute where that is less, but 5 s. In the last
// minute: at their end. Issued in the future: the clock went backwards, so as soon as that allows. What never expires:
// `recheck_s` after the last success, up to 10 % earlier.
//
// Failures: full-jitter backoff doubling from 1 s to 60 s; to 5 min for ERROR_DENIED and ERROR_CONFIG, starting at 5 s;
// never less than a tenth of the first step; after ERROR_INTERACTION every 30 s, up to 10 % earlier. No wait is
// longer than half of the time that is left until the last minute, or then until nothing may be served (but the first
// step is allowed). In the last minute none is shorter than 5 s. None goes beyond the end.
int64_t schedule_next_ms(const struct schedule_input *in);

#endif
