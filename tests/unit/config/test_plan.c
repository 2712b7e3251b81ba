// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/plan.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/config/support.h"

// "a b>a c>b": profiles in order, each with the source behind ">".
static size_t make_profiles(const char *spec, char *memory, size_t size, struct profile *profiles)
{
        size_t n = 0;
        assert_true(strlen(spec) < size);
        memcpy(memory, spec, strlen(spec) + 1);
        for (char *at = memory; *at;) {
                char *end = at + strcspn(at, " ");
                bool is_last = *end == '\0';
                *end = '\0';
                char *source = strchr(at, '>');
                if (source)
                        *source++ = '\0';
                profiles[n++] = (struct profile){.name = at, .source_profile = source};
                at = is_last ? end : end + 1;
        }
        return n;
}

static void test_orders(void **state)
{
        (void)state;
        static const struct {
                const char *spec, *want;
                enum plan_result result;
        } t[] = {
            {"a", "a", PLAN_GOOD},
            {"c b a", "c b a", PLAN_GOOD},
            {"b>a a", "a b", PLAN_GOOD},
            {"c>b b>a a", "a b c", PLAN_GOOD},
            {"x c>b y b>a a d>b", "x a b c y d", PLAN_GOOD},
            {"a>a", "a -> a", PLAN_CIRCLE},
            {"a>b b>a", "a -> b -> a", PLAN_CIRCLE},
            {"x>a a>b b>c c>a", "a -> b -> c -> a", PLAN_CIRCLE},
            {"a b>a c>d d>e e>d", "d -> e -> d", PLAN_CIRCLE},
            {"a b>z", "b", PLAN_NO_SOURCE},
            {"b>A A1", "b", PLAN_NO_SOURCE},
            {"a>b b>c c>d d>e e>f f>g g>h h>i i>a", "a -> b -> c -> d -> e -> f -> g -> h -> … -> a", PLAN_CIRCLE},
            {"0 1>0 2>1 3>2 4>3 5>4 6>5 7>6 8>7 9>8 A>9 B>A C>B D>C E>D F>E", "0 1 2 3 4 5 6 7 8 9 A B C D E F",
             PLAN_GOOD},
            {"0 1>0 2>1 3>2 4>3 5>4 6>5 7>6 8>7 9>8 A>9 B>A C>B D>C E>D F>E G>F", "G", PLAN_TOO_DEEP},
            {"G>F 0 1>0 2>1 3>2 4>3 5>4 6>5 7>6 8>7 9>8 A>9 B>A C>B D>C E>D F>E", "G", PLAN_TOO_DEEP},
            {"G>F 0>G 1>0 2>1 3>2 4>3 5>4 6>5 7>6 8>7 9>8 A>9 B>A C>B D>C E>D F>E", NULL, PLAN_CIRCLE},
        };
        for (size_t i = 0; i < ROWS(t); i++) {
                char memory[256];
                struct profile profiles[32];
                struct plan plan;
                struct buffer got;
                size_t fault;
                size_t n = make_profiles(t[i].spec, memory, sizeof(memory), profiles);
                enum plan_result result = plan_make(&plan, profiles, n, &fault);
                assert_int_equal(result, t[i].result);
                buffer_init(&got, 1024);
                if (result == PLAN_CIRCLE)
                        plan_describe_circle(&plan, profiles, fault, &got);
                else if (result != PLAN_GOOD)
                        (void)buffer_put_str(&got, profiles[fault].name);
                else
                        for (size_t j = 0; j < n; j++)
                                (void)buffer_printf(&got, "%s%s", j ? " " : "", profiles[plan.order[j]].name);
                if (t[i].want)
                        assert_string_equal(buffer_c_str(&got), t[i].want);
                buffer_free(&got);
                plan_free(&plan);
        }
}

static void no_profiles_make_an_empty_plan(void **state)
{
        (void)state;
        struct plan plan;
        size_t fault;
        assert_int_equal(plan_make(&plan, NULL, 0, &fault), PLAN_GOOD);
        plan_free(&plan);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_orders),
            cmocka_unit_test(no_profiles_make_an_empty_plan),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
