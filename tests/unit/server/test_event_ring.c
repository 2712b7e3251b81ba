// SPDX-License-Identifier: Apache-2.0
// The recent events: read in order from any place, and the loss of old ones noticed.
#include <stdio.h>

#include "proto/mem/length.h"
#include "sidecar/server/event_ring.h"
#include "tests/unit/unit.h"

// Event number n has the generation n.
static void put(struct event_ring *r, size_t count, size_t name_n)
{
        static const char name[LIMIT_PROFILE_NAME] = "a-profile";
        for (size_t i = 0; i < count; i++)
                event_ring_put(r, &(struct event){.kind = EVENT_EXPIRED,
                                                  .error = ERROR_DENIED,
                                                  .time_s = (int64_t)r->last,
                                                  .expires_s = 7,
                                                  .generation = r->last + 1,
                                                  .profile = slice_of(name, name_n)});
}

// Reads to the end; each event must follow the one before. How many there were.
static uint64_t read_all(const struct event_ring *r, struct event_place *at)
{
        struct event e;
        uint64_t count = 0;
        enum event_next next;
        while ((next = event_ring_next(r, at, &e)) == EVENT_NEXT_IS) {
                count++;
                assert_int_equal(e.generation, at->after);
                assert_int_equal(e.time_s, at->after - 1);
                assert_int_equal(e.expires_s, 7);
                assert_int_equal(e.kind, EVENT_EXPIRED);
                assert_int_equal(e.error, ERROR_DENIED);
        }
        assert_int_equal(next, EVENT_NEXT_NONE);
        assert_int_equal(at->after, r->last);
        return count;
}

static void gives_events_in_order(void **state)
{
        (void)state;
        static const size_t names[] = {0, 1, 9, LIMIT_PROFILE_NAME};
        for (size_t i = 0; i < LENGTH(names); i++) {
                struct event_ring r = {0};
                struct event_place at = event_ring_end(&r);
                struct event e;
                assert_int_equal(event_ring_next(&r, &at, &e), EVENT_NEXT_NONE);
                put(&r, 1, names[i]);
                assert_int_equal(event_ring_next(&r, &at, &e), EVENT_NEXT_IS);
                assert_int_equal(e.profile.n, names[i]);
                assert_int_equal(event_ring_next(&r, &at, &e), EVENT_NEXT_NONE);
                put(&r, 3000, names[i]); // of several blocks
                assert_int_equal(read_all(&r, &at), 3000);
                at = event_ring_begin(&r);
                assert_int_equal(read_all(&r, &at), 3001);
                event_ring_free(&r);
        }
}

static void finds_the_place_after_any_event(void **state)
{
        (void)state;
        struct event_ring r = {0};
        struct event_place at;
        assert_true(event_ring_find(&r, 0, &at));
        assert_false(event_ring_find(&r, 1, &at));
        put(&r, 100000, 9);
        assert_true(r.before_first > 0);
        assert_false(event_ring_find(&r, r.before_first - 1, &at));
        assert_false(event_ring_find(&r, r.last + 1, &at));
        assert_false(event_ring_find(&r, UINT64_MAX, &at));
        for (uint64_t after = r.before_first; after <= r.last; after += 97) {
                assert_true(event_ring_find(&r, after, &at));
                assert_int_equal(at.after, after);
                assert_int_equal(read_all(&r, &at), r.last - after);
        }
        assert_true(event_ring_find(&r, r.before_first, &at));
        assert_int_equal(read_all(&r, &at), r.last - r.before_first);
        event_ring_free(&r);
}

// About what LIMIT_EVENTS holds is kept, however many there were.
static void keeps_the_newest_in_limited_memory(void **state)
{
        (void)state;
        static const size_t names[] = {0, 9, LIMIT_PROFILE_NAME};
        for (size_t i = 0; i < LENGTH(names); i++) {
                struct event_ring r = {0};
                put(&r, 100000, names[i]);
                uint64_t kept = r.last - r.before_first;
                size_t size = names[i] + 32;
                assert_in_range(kept, 1024 * 1024 / size * 9 / 10, 1024 * 1024 / size);
                event_ring_free(&r);
        }
}

static void tells_a_reader_what_is_gone(void **state)
{
        (void)state;
        struct event_ring r = {0};
        struct event e;
        put(&r, 10, 9);
        struct event_place late = event_ring_begin(&r), amid = late, end = event_ring_end(&r);
        assert_int_equal(event_ring_next(&r, &amid, &e), EVENT_NEXT_IS);
        while (r.before_first < 10)
                put(&r, 1, 9);
        struct event_place before = amid;
        assert_int_equal(event_ring_next(&r, &late, &e), EVENT_NEXT_GONE);
        assert_int_equal(event_ring_next(&r, &amid, &e), EVENT_NEXT_GONE);
        assert_memory_equal(&amid, &before, sizeof(amid)); // and again
        if (r.before_first == 10)                          // one that had read exactly what is gone has lost nothing
                assert_int_equal(read_all(&r, &end), r.last - 10);
        else
                assert_int_equal(event_ring_next(&r, &end, &e), EVENT_NEXT_GONE);
        amid = event_ring_begin(&r);
        assert_int_equal(read_all(&r, &amid), r.last - r.before_first);
        event_ring_free(&r);
}

// A reader at the end of a block that gave way goes on with the next one.
static void goes_on_after_a_block_that_is_gone(void **state)
{
        (void)state;
        struct event_ring r = {0};
        struct event e;
        put(&r, 1, 9);
        while (r.next_block < 2)
                put(&r, 1, 9);
        struct event_place at = event_ring_begin(&r);
        while (at.after + 1 < r.last)
                assert_int_equal(event_ring_next(&r, &at, &e), EVENT_NEXT_IS);
        assert_int_equal(at.block, 0);
        while (r.first_block == 0)
                put(&r, 1, 9);
        assert_int_equal(at.after, r.before_first);
        assert_int_equal(read_all(&r, &at), r.last - r.before_first);
        event_ring_free(&r);
}

static void names_every_event(void **state)
{
        (void)state;
        for (int kind = 0; kind < EVENT_KIND_COUNT; kind++)
                assert_true(strlen(event_kind_name((enum event_kind)kind)) > 5);
        assert_string_equal(event_kind_name(EVENT_CONFIG_RELOADED), "config_reloaded");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(gives_events_in_order),
            cmocka_unit_test(finds_the_place_after_any_event),
            cmocka_unit_test(keeps_the_newest_in_limited_memory),
            cmocka_unit_test(tells_a_reader_what_is_gone),
            cmocka_unit_test(goes_on_after_a_block_that_is_gone),
            cmocka_unit_test(names_every_event),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
