// SPDX-License-Identifier: Apache-2.0
#include "sidecar/vault/schedule.h"

#include <limits.h>

#include "proto/wire/credentials.h"
#include "proto/wire/limits.h"
#include "tests/unit/unit.h"

#define T INT64_C(1800000000)
#define NEVER_EXPIRE CREDENTIALS_NEVER_EXPIRE

struct row {
        const char *name;
        struct schedule_input in;
        int64_t without_jitter, with_most; // at random 0 and UINT32_MAX
};

// Held: issued at `i`, ending at `e`, last success at `s`, seconds around T.
#define HELD(i, e, s) .issued_s = T + (i), .expires_s = T + (e), .last_success_s = T + (s)
#define ENDLESS .issued_s = T, .expires_s = NEVER_EXPIRE, .last_success_s = T
#define AT(n) .now_s = (T + (n))
#define FAILED(n, k) .failures = (n), .last_failure = ERROR_##k

static const struct row successes[] = {
    {"nothing held", {AT(0)}, 0, 0},
    {"an hour, fresh", {AT(0), HELD(0, 3600, 0)}, 1800000, 1440001},
    {"an hour, ten minutes old", {AT(600), HELD(0, 3600, 0)}, 1200000, 840001},
    {"an hour, a second before half", {AT(1799), HELD(0, 3600, 0)}, 1000, 0},
    {"an hour, half over", {AT(1800), HELD(0, 3600, 0)}, 0, 0},
    {"an hour, overdue", {AT(2000), HELD(0, 3600, 0)}, 0, 0},
    {"15 minutes", {AT(0), HELD(0, 900, 0)}, 450000, 360001},
    {"12 hours", {AT(0), HELD(0, 43200, 0)}, 21600000, 17280002},
    {"4 minutes: half is the last minute", {AT(0), HELD(0, 240, 0)}, 120000, 96001},
    {"3 minutes: ahead of half", {AT(0), HELD(0, 180, 0)}, 90000, 72001},
    {"2 minutes: a quarter of what can be served is left", {AT(0), HELD(0, 120, 0)}, 45000, 33001},
    {"100 s", {AT(0), HELD(0, 100, 0)}, 30000, 20001},
    {"80 s: the gap is half of what can be served", {AT(0), HELD(0, 80, 0)}, 15000, 10000},
    {"61 s: never twice in 5 s", {AT(0), HELD(0, 61, 0)}, 5000, 5000},
    {"60 s: the last minute, at its end", {AT(0), HELD(0, 60, 0)}, 60000, 60000},
    {"the same once more in the last minute", {AT(3570), HELD(3570, 3600, 3570)}, 30000, 30000},
    {"the same once more before the end", {AT(3598), HELD(3598, 3600, 3598)}, 2000, 2000},
    {"at the end", {AT(3600), HELD(3598, 3600, 3598)}, 0, 0},
    {"over", {AT(4000), HELD(0, 3600, 0)}, 0, 0},
    {"over, though the last success is recent", {AT(3601), HELD(0, 3600, 3599)}, 0, 0},
    {"static", {AT(0), ENDLESS}, SCHEDULE_NEVER, SCHEDULE_NEVER},
    {"static, another point asked for", {AT(0), ENDLESS, .before_s = 600}, SCHEDULE_NEVER, SCHEDULE_NEVER},
    {"files of static keys", {AT(0), ENDLESS, .recheck_s = 60}, 60000, 54001},
    {"files, 50 s later", {AT(50), ENDLESS, .recheck_s = 60}, 10000, 4001},
    {"files, overdue", {AT(500), ENDLESS, .recheck_s = 60}, 0, 0},
    {"files, set back by a day", {AT(-86400), ENDLESS, .recheck_s = 60}, 60000, 54001},
    {"files, absurdly long", {AT(0), ENDLESS, .recheck_s = INT64_MAX}, 3162240000000, 2846016075394},
    {"files do not matter to what expires", {AT(0), HELD(0, 3600, 0), .recheck_s = 60}, 1800000, 1440001},
    {"ten minutes before the end", {AT(0), HELD(0, 3600, 0), .before_s = 600}, 3000000, 2640001},
    {"before the end, 12 hours", {AT(0), HELD(0, 43200, 0), .before_s = 3600}, 39600000, 35280002},
    {"nearly the whole life before the end", {AT(0), HELD(0, 3600, 0), .before_s = 3590}, 30000, 30000},
    {"more than the life before the end", {AT(0), HELD(0, 3600, 0), .before_s = 5000}, 30000, 30000},
    {"absurdly long before the end", {AT(0), HELD(0, 3600, 0), .before_s = INT64_MAX}, 30000, 30000},
    {"before the end, short session", {AT(0), HELD(0, 900, 0), .before_s = 890}, 30000, 30000},
    {"too near to the end", {AT(0), HELD(0, 3600, 0), .before_s = 30}, 3480000, 3120001},
    {"a negative point is none", {AT(0), HELD(0, 3600, 0), .before_s = -5}, 1800000, 1440001},
    {"the same once more at half-time", {AT(1800), HELD(1800, 3600, 1800)}, 900000, 720001},
    {"30 s after a success", {AT(1805), HELD(0, 3600, 1800)}, 25000, 25000},
    {"the gap is over", {AT(1840), HELD(0, 3600, 1800)}, 0, 0},
    {"no success known", {AT(1805), .issued_s = T, .expires_s = T + 3600}, 0, 0},
    {"a success in the future holds nothing back", {AT(1805), HELD(0, 3600, 1900)}, 0, 0},
    {"the end is near, the gap shrinks", {AT(3500), HELD(3500, 3600, 3500)}, 30000, 20001},
    {"set back by a day", {AT(-86400), HELD(0, 3600, 0)}, 0, 0},
    {"issued in the future, asked 10 s ago", {AT(0), HELD(3600, 7200, -10)}, 20000, 20000},
    {"issued 10 s ahead: latency", {AT(0), HELD(10, 3610, 0)}, 1810000, 1450001},
    {"issued 30 s ahead: latency", {AT(0), HELD(30, 3630, 0)}, 1830000, 1470001},
    {"issued 31 s ahead: a clock was set back", {AT(0), HELD(31, 3631, -60)}, 0, 0},
    {"set forward by half an hour", {AT(2410), HELD(0, 3600, 2400)}, 20000, 20000},
};

static const struct row failures[] = {
    {"first", {AT(0), FAILED(1, TRANSIENT)}, 100, 999},
    {"second", {AT(0), FAILED(2, TRANSIENT)}, 100, 1999},
    {"third", {AT(0), FAILED(3, TRANSIENT)}, 100, 3999},
    {"sixth", {AT(0), FAILED(6, TRANSIENT)}, 100, 31999},
    {"seventh reaches the ceiling", {AT(0), FAILED(7, TRANSIENT)}, 100, 59999},
    {"fortieth", {AT(0), FAILED(40, TRANSIENT)}, 100, 59999},
    {"as many as can be counted", {AT(0), FAILED(UINT_MAX, TRANSIENT)}, 100, 59999},
    {"throttled", {AT(0), FAILED(3, THROTTLED)}, 100, 3999},
    {"protocol", {AT(0), FAILED(1, PROTOCOL)}, 100, 999},
    {"internal", {AT(0), FAILED(2, INTERNAL)}, 100, 1999},
    {"cancelled by the source", {AT(0), FAILED(1, CANCELLED)}, 100, 999},
    {"denied", {AT(0), FAILED(1, DENIED)}, 500, 4999},
    {"denied twice", {AT(0), FAILED(2, DENIED)}, 500, 9999},
    {"interactive", {AT(0), FAILED(1, INTERACTION)}, 30000, 27001},
    {"interactive, for a long time", {AT(0), FAILED(1000, INTERACTION)}, 30000, 27001},
    {"configuration, fourth", {AT(0), FAILED(4, CONFIG)}, 500, 39999},
    {"denied, seventh reaches the ceiling", {AT(0), FAILED(7, DENIED)}, 500, 299999},
    {"configuration, thousandth", {AT(0), FAILED(1000, CONFIG)}, 500, 299999},
    {"much is left", {AT(0), HELD(-1800, 1800, -1800), FAILED(7, DENIED)}, 500, 299999},
    {"denied, 260 s left", {AT(0), HELD(-3340, 260, -3340), FAILED(7, DENIED)}, 500, 99999},
    {"100 s left", {AT(0), HELD(-3500, 100, -3500), FAILED(7, TRANSIENT)}, 100, 19999},
    {"63 s left", {AT(0), HELD(-3537, 63, -3537), FAILED(7, TRANSIENT)}, 100, 1499},
    {"61 s left: the first step is allowed", {AT(0), HELD(-3539, 61, -3539), FAILED(7, TRANSIENT)}, 100, 999},
    {"denied, 64 s left", {AT(0), HELD(-3536, 64, -3536), FAILED(7, DENIED)}, 500, 4999},
    {"the last minute: until nothing is served", {AT(0), HELD(-3540, 60, -3540), FAILED(7, TRANSIENT)}, 5000, 27499},
    {"the last minute, denied", {AT(0), HELD(-3540, 60, -3540), FAILED(7, DENIED)}, 5000, 27499},
    {"the last minute, first failure", {AT(0), HELD(-3540, 60, -3540), FAILED(1, TRANSIENT)}, 5000, 5000},
    {"7 s left: at the end at the latest", {AT(0), HELD(-3593, 7, -3593), FAILED(7, TRANSIENT)}, 5000, 5000},
    {"5 s left: at the end", {AT(0), HELD(-3595, 5, -3595), FAILED(7, TRANSIENT)}, 5000, 5000},
    {"3 s left: at the end", {AT(0), HELD(-3597, 3, -3597), FAILED(7, DENIED)}, 3000, 3000},
    {"nothing taken, 3 s left of what was given", {AT(0), .expires_s = T + 3, FAILED(1, TRANSIENT)}, 3000, 3000},
    {"over", {AT(0), HELD(-7200, -3600, -7200), FAILED(7, TRANSIENT)}, 100, 59999},
    {"static, asked for", {AT(0), ENDLESS, FAILED(7, TRANSIENT)}, 100, 59999},
};

static void check(const struct row *rows, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                struct schedule_input in = rows[i].in;
                in.random = 0;
                int64_t without_jitter = schedule_next_ms(&in);
                in.random = UINT32_MAX;
                int64_t with_most = schedule_next_ms(&in);
                if (without_jitter != rows[i].without_jitter || with_most != rows[i].with_most)
                        fail_msg("%s: %lld and %lld, expected %lld and %lld", rows[i].name, (long long)without_jitter,
                                 (long long)with_most, (long long)rows[i].without_jitter, (long long)rows[i].with_most);
        }
}

static void plans_after_a_success(void **state)
{
        (void)state;
        check(successes, LENGTH(successes));
}

static void plans_after_a_failure(void **state)
{
        (void)state;
        check(failures, LENGTH(failures));
}

// A small generator of our own: the same rows in every run.
static uint64_t next_random(uint64_t *seed)
{
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        return *seed;
}

// Whatever the life, the point and the dice: the refresh comes before the credentials stop being served, and not
// within the gap.
static void refreshes_before_the_credentials_stop_being_served(void **state)
{
        (void)state;
        uint64_t seed = 42;
        for (int i = 0; i < 200000; i++) {
                int64_t life = 66 + (int64_t)(next_random(&seed) % 50000);
                struct schedule_input in = {AT(0), HELD(0, life, 0)};
                in.random = (uint32_t)next_random(&seed);
                if (i % 2)
                        in.before_s = (int64_t)(next_random(&seed) % 50000);
                int64_t delay = schedule_next_ms(&in);
                int64_t served = (life - LIMIT_MIN_LIFE_S) * 1000;
                if (delay < 5000 || delay >= served || (served >= 60000 && delay < 30000))
                        fail_msg("life %lld s, before %lld s: %lld ms", (long long)life, (long long)in.before_s,
                                 (long long)delay);
        }
}

// While something is served, failure upon failure, there is always another attempt before the end.
static void tries_again_before_the_end(void **state)
{
        (void)state;
        static const enum error_kind kinds[] = {ERROR_TRANSIENT, ERROR_DENIED, ERROR_THROTTLED, ERROR_CONFIG};
        uint64_t seed = 7;
        for (int i = 0; i < 200000; i++) {
                int64_t served_s = 11 + (int64_t)(next_random(&seed) % 4000);
                struct schedule_input in = {AT(0), HELD(-600, served_s + LIMIT_MIN_LIFE_S, -600)};
                in.failures = 1 + (unsigned)(next_random(&seed) % 100);
                in.last_failure = kinds[next_random(&seed) % 4];
                in.random = (uint32_t)next_random(&seed);
                int64_t delay = schedule_next_ms(&in);
                if (delay < 100 || delay > served_s * 500)
                        fail_msg("%lld s served, %u failures: %lld ms", (long long)served_s, in.failures,
                                 (long long)delay);
        }
}

// The sanitizers watch the arithmetic.
static void survives_any_input(void **state)
{
        (void)state;
        static const int64_t times[] = {INT64_MIN, -1, 0, 1, T, INT64_MAX - 1, INT64_MAX};
        enum { N = LENGTH(times) };
        for (size_t i = 0; i < (size_t)N * N * N * N; i++) {
                struct schedule_input in = {.now_s = times[i % N],
                                            .issued_s = times[i / N % N],
                                            .expires_s = times[i / N / N % N],
                                            .last_success_s = times[i / N / N / N],
                                            .random = UINT32_MAX};
                for (unsigned failed = 0; failed < 2; failed++) {
                        in.failures = failed;
                        in.before_s = times[(i + failed) % N];
                        assert_true(schedule_next_ms(&in) >= 0);
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(plans_after_a_success),
            cmocka_unit_test(plans_after_a_failure),
            cmocka_unit_test(refreshes_before_the_credentials_stop_being_served),
            cmocka_unit_test(tries_again_before_the_end),
            cmocka_unit_test(survives_any_input),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
