// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/imds_tokens.h"

#include "proto/mem/text.h"
#include "tests/unit/stack.h"

#define NOW_MS INT64_C(1000000)
#define LATER_MS (NOW_MS + 1000)

typedef char token_text[IMDS_TOKEN_SIZE];

static bool is_good(const struct imds_tokens *t, uid_t uid, int64_t now_ms, const char *token)
{
        return imds_tokens_check(t, uid, now_ms, slice_str(token));
}

static void is_good_for_its_uid_until_its_end(void **state)
{
        token_text token, other;
        (void)state;
        struct imds_tokens *t = imds_tokens_new();
        assert_non_null(t);
        assert_int_equal(imds_tokens_issue(t, 1, NOW_MS, LATER_MS, token), 0);
        assert_int_equal(strlen(token), 56);
        assert_true(is_good(t, 1, NOW_MS, token));
        assert_true(is_good(t, 1, LATER_MS - 1, token));
        assert_false(is_good(t, 1, LATER_MS, token));
        assert_false(is_good(t, 2, NOW_MS, token));
        assert_int_equal(imds_tokens_issue(t, 1, NOW_MS, LATER_MS, other), 0);
        assert_string_not_equal(token, other);
        assert_true(is_good(t, 1, NOW_MS, token) && is_good(t, 1, NOW_MS, other));
        imds_tokens_free(t);
        imds_tokens_free(NULL);
}

static void nothing_else_is_good(void **state)
{
        token_text token, changed;
        (void)state;
        struct imds_tokens *t = imds_tokens_new();
        assert_int_equal(imds_tokens_issue(t, 1, NOW_MS, LATER_MS, token), 0);
        for (size_t i = 0; i < sizeof(token) - 1; i++) {
                memcpy(changed, token, sizeof(token));
                changed[i] = changed[i] == '1' ? '2' : '1';
                assert_false(is_good(t, 1, NOW_MS, changed));
                changed[i] = 'x';
                assert_false(is_good(t, 1, NOW_MS, changed));
                changed[i] = '\0';
                assert_false(is_good(t, 1, NOW_MS, changed));
        }
        assert_false(imds_tokens_check(t, 1, NOW_MS, (struct slice){NULL, 0}));
        memcpy(changed, token, sizeof(token));
        memcpy(changed, "ffff", 4);
        assert_false(is_good(t, 1, NOW_MS, changed));
        // a place that was never used is as zeros
        memset(changed, '0', sizeof(changed) - 1);
        memcpy(changed, "0007", 4);
        assert_false(is_good(t, 0, 0, changed));
        imds_tokens_free(t);
}

// A uid alone has at most half; one more takes the place of its oldest.
static void share_of_a_uid_is_bounded(void **state)
{
        static token_text tokens[IMDS_TOKENS_MAX];
        token_text other;
        (void)state;
        struct imds_tokens *t = imds_tokens_new();
        const size_t half = IMDS_TOKENS_MAX / 2;
        for (size_t i = 0; i < half; i++)
                assert_int_equal(imds_tokens_issue(t, 1, NOW_MS, LATER_MS, tokens[i]), 0);
        assert_true(is_good(t, 1, NOW_MS, tokens[0]));
        assert_int_equal(imds_tokens_issue(t, 1, NOW_MS, LATER_MS, tokens[half]), 0);
        assert_false(is_good(t, 1, NOW_MS, tokens[0]));
        for (size_t i = 1; i <= half; i++)
                assert_true(is_good(t, 1, NOW_MS, tokens[i]));
        // Another uid finds a place, and takes it from nobody.
        assert_int_equal(imds_tokens_issue(t, 2, NOW_MS, LATER_MS, other), 0);
        for (int i = 0; i < 2000; i++)
                assert_int_equal(imds_tokens_issue(t, 1, NOW_MS, LATER_MS, tokens[0]), 0);
        assert_true(is_good(t, 2, NOW_MS, other));
        // What has expired takes no place.
        for (size_t i = 0; i < half; i++)
                assert_int_equal(imds_tokens_issue(t, 3, LATER_MS, LATER_MS + 1000, tokens[i]), 0);
        assert_true(is_good(t, 3, LATER_MS, tokens[0]));
        imds_tokens_free(t);
}

static void many_uids_cannot_take_each_others(void **state)
{
        token_text token, first;
        (void)state;
        struct imds_tokens *t = imds_tokens_new();
        assert_int_equal(imds_tokens_issue(t, 100000, NOW_MS, LATER_MS, first), 0);
        int refused = 0;
        for (uid_t uid = 0; uid < 1000; uid++)
                for (int i = 0; i < 3; i++)
                        refused += imds_tokens_issue(t, uid, NOW_MS, LATER_MS, token) < 0;
        assert_true(refused > 0);
        assert_true(is_good(t, 100000, NOW_MS, first));
        imds_tokens_free(t);
}

struct work {
        struct imds_tokens *tokens;
        token_text text;
        bool is_good;
};

static void issue(void *arg)
{
        struct work *w = arg;
        w->is_good = imds_tokens_issue(w->tokens, 1, NOW_MS, LATER_MS, w->text) == 0;
}

static void check(void *arg)
{
        struct work *w = arg;
        w->is_good = is_good(w->tokens, 1, NOW_MS, w->text);
}

static void leave_nothing_on_the_stack(void **state)
{
        enum { PLACE = 4, BYTES = (IMDS_TOKEN_SIZE - 1 - PLACE) / 2 };
        uint8_t random[BYTES];
        (void)state;
        struct work w = {.tokens = imds_tokens_new()};
        assert_int_equal(imds_tokens_issue(w.tokens, 1, NOW_MS, LATER_MS, w.text), 0);
        assert_int_equal(text_hex_decode(slice_from(slice_str(w.text), PLACE), random), 0);
        assert_false(stack_keeps(slice_of(random, BYTES), check, &w));
        assert_true(w.is_good);
        struct stack stack;
        stack_run(&stack, issue, &w); // what it issues is known afterwards
        assert_true(w.is_good);
        assert_int_equal(text_hex_decode(slice_from(slice_str(w.text), PLACE), random), 0);
        assert_false(stack_has(&stack, slice_of(random, BYTES)));
        stack_free(&stack);
        imds_tokens_free(w.tokens);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(is_good_for_its_uid_until_its_end), cmocka_unit_test(nothing_else_is_good),
            cmocka_unit_test(share_of_a_uid_is_bounded),         cmocka_unit_test(many_uids_cannot_take_each_others),
            cmocka_unit_test(leave_nothing_on_the_stack),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
