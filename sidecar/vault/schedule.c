// SPDX-License-Identifier: Apache-2.0
#include "sidecar/vault/schedule.h"

#include <stdbool.h>

#include "proto/wire/credentials.h"
#include "proto/wire/limits.h"

enum {
        MIN_LIFE_MS = LIMIT_MIN_LIFE_S * 1000,
        LAST_LIFE_MS = LIMIT_LAST_LIFE_S * 1000,
        SUCCESS_GAP_MS = 30 * 1000, // no refresh sooner than this after a success
        SUCCESS_GAP_MIN_MS = 5000,  // … and this where the last minute is near
        AHEAD_MS = 60 * 1000,       // what a refresh gets before the last minute
        LAST_GAP_MS = 5000,         // no attempt sooner than this after a failed one, in the last minute
        SKEW_MS = 30 * 1000,        // "issued in the future" by less than this is rounding and latency
        BACKOFF_MS = 1000,          // first and longest wait after a failure …
        BACKOFF_MAX_MS = 60 * 1000,
        BACKOFF_DENIED_MS = 5 * 1000, // … after ERROR_DENIED and ERROR_CONFIG
        BACKOFF_DENIED_MAX_MS = 300 * 1000,
        POLL_AGAIN_MS = 30 * 1000 // after ERROR_INTERACTION: the user may have acted, and to check takes no call
};

// Far enough for every credential, near enough that milliseconds cannot overflow.
#define CENTURY_S (INT64_C(100) * 366 * 86400)

static int64_t min_of(int64_t a, int64_t b)
{
        return a < b ? a : b;
}

static int64_t max_of(int64_t a, int64_t b)
{
        return a > b ? a : b;
}

// A uniform share of [0, span).
static int64_t share_of(int64_t span_ms, uint32_t random)
{
        return span_ms <= 0 ? 0 : (span_ms * (int64_t)(random >> 10)) >> 22;
}

// Milliseconds from now to a point in seconds, within a century.
static int64_t from_now_ms(const struct schedule_input *in, int64_t point_s)
{
        int64_t now_s = max_of(0, min_of(in->now_s, INT64_MAX - CENTURY_S));
        return (max_of(now_s - CENTURY_S, min_of(point_s, now_s + CENTURY_S)) - now_s) * 1000;
}

static int64_t after_failure_ms(const struct schedule_input *in)
{
        if (in->last_failure == ERROR_INTERACTION)
                return POLL_AGAIN_MS - share_of(POLL_AGAIN_MS / 10, in->random);
        bool is_denial = in->last_failure == ERROR_DENIED || in->last_failure == ERROR_CONFIG;
        int64_t base = is_denial ? BACKOFF_DENIED_MS : BACKOFF_MS;
        int64_t most = is_denial ? BACKOFF_DENIED_MAX_MS : BACKOFF_MAX_MS;
        unsigned doublings = in->failures - 1 < 10 ? in->failures - 1 : 10;
        int64_t ceiling = min_of(most, base << doublings);

        // Each wait takes at most half of the time that is left until the last minute, and then until nothing is
        // served: attempts come more often as that comes nearer. None is later than the end itself.
        int64_t floor = base / 10; // full jitter, but never at once
        bool has_end = in->expires_s != 0 && in->expires_s != CREDENTIALS_NEVER_EXPIRE;
        int64_t left = has_end ? from_now_ms(in, in->expires_s) : 0;
        if (left <= 0)
                return floor + share_of(ceiling - floor, in->random);
        int64_t served = left > MIN_LIFE_MS ? left - MIN_LIFE_MS : left - LAST_LIFE_MS;
        if (served > 0)
                ceiling = min_of(ceiling, max_of(base, served / 2));
        if (left <= MIN_LIFE_MS)
                floor = LAST_GAP_MS;
        return min_of(left, floor + share_of(max_of(floor, ceiling) - floor, in->random));
}

static int64_t after_success_ms(const struct schedule_input *in)
{
        int64_t issued = from_now_ms(in, in->issued_s);
        int64_t expires = from_now_ms(in, in->expires_s);
        int64_t end = expires - MIN_LIFE_MS; // of the time in which they are as good as new ones
        if (end <= 0)                        // the source has no better ones, or is asked for some by requests
                return max_of(expires, 0);

        int64_t latest = end - min_of(AHEAD_MS, max_of(0, end - issued) / 4);
        int64_t at = in->before_s > 0 ? from_now_ms(in, in->expires_s - min_of(in->before_s, CENTURY_S))
                                      : issued + (expires - issued) / 2;
        at = min_of(at, latest) - share_of((expires - issued) / 10, in->random);
        if (issued > SKEW_MS) // a clock went backwards: the life that is left is unknown
                at = 0;

        int64_t success = from_now_ms(in, in->last_success_s);
        if (in->last_success_s > 0 && success <= 0)
                at = max_of(at, success + min_of(SUCCESS_GAP_MS, max_of(SUCCESS_GAP_MIN_MS, (end - success) / 2)));
        return max_of(at, 0);
}

static int64_t recheck_ms(const struct schedule_input *in)
{
        if (in->recheck_s <= 0)
                return SCHEDULE_NEVER;
        int64_t wait = min_of(in->recheck_s, CENTURY_S) * 1000;
        // A success in the future is one before a clock was set back.
        int64_t since = max_of(0, -from_now_ms(in, in->last_success_s));
        return max_of(0, wait - share_of(wait / 10, in->random) - since);
}

int64_t schedule_next_ms(const struct schedule_input *in)
{
        if (in->failures > 0)
                return after_failure_ms(in);
        if (in->expires_s == CREDENTIALS_NEVER_EXPIRE)
                return recheck_ms(in);
        return after_success_ms(in);
}
