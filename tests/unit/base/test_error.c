// SPDX-License-Identifier: Apache-2.0
#include "sidecar/base/error.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "proto/mem/text.h"
#include "tests/unit/unit.h"

#define ELLIPSIS "\xe2\x80\xa6"

static void test_set_overwrites_everything(void **state)
{
        struct error e;
        (void)state;
        memset(&e, 'x', sizeof(e));
        assert_int_equal(error_set(&e, ERROR_DENIED, "role %s, try %d", "arn", 2), -1);
        assert_int_equal(e.kind, ERROR_DENIED);
        assert_string_equal(e.message, "role arn, try 2");
        assert_string_equal(e.hint, "");
        assert_string_equal(e.upstream.code, "");
        assert_int_equal(e.upstream.status, 0);
        assert_false(e.timed_out);
}

static void test_nobody_wants_the_error(void **state)
{
        (void)state;
        assert_int_equal(error_set(NULL, ERROR_CONFIG, "x"), -1);
        assert_int_equal(error_set_errno(NULL, ERROR_CONFIG, "x"), -1);
        assert_int_equal(error_context(NULL, "x"), -1);
        assert_int_equal(error_hint(NULL, "x"), -1);
}

static void test_errno(void **state)
{
        struct error e;
        (void)state;
        errno = ENOENT;
        assert_int_equal(error_set_errno(&e, ERROR_CONFIG, "open %s", "/a"), -1);
        assert_string_equal(e.message, "open /a: No such file or directory");
}

static void test_context_and_hint(void **state)
{
        struct error e;
        (void)state;
        error_set(&e, ERROR_TRANSIENT, "HTTP 503");
        e.timed_out = true;
        e.upstream.status = 503;
        assert_int_equal(error_context(&e, "STS %s", "AssumeRole"), -1);
        assert_int_equal(error_context(&e, "profile dev"), -1);
        assert_int_equal(error_hint(&e, "wait %d s", 3), -1);
        assert_string_equal(e.message, "profile dev: STS AssumeRole: HTTP 503");
        assert_string_equal(e.hint, "wait 3 s");
        assert_int_equal(e.kind, ERROR_TRANSIENT);
        assert_int_equal(e.upstream.status, 503);
        assert_true(e.timed_out);
}

static void test_arguments_may_point_into_the_error(void **state)
{
        struct error e;
        (void)state;
        error_set(&e, ERROR_TRANSIENT, "inner");
        error_set(&e, ERROR_CONFIG, "outer (%s)", e.message);
        assert_string_equal(e.message, "outer (inner)");
        error_hint(&e, "see: %s", e.message);
        error_hint(&e, "%s!", e.hint);
        assert_string_equal(e.hint, "see: outer (inner)!");
}

static void test_control_bytes(void **state)
{
        struct error e;
        (void)state;
        error_set(&e, ERROR_CONFIG, "a\nb\x1b[31m\x7f\tc \xc3\xa9");
        assert_string_equal(e.message, "a?b?[31m??c \xc3\xa9");
        error_set(&e, ERROR_CONFIG,
                  "\xc2\x9b"
                  "31m\xe2\x80\xae");
        assert_string_equal(e.message, "??31m???");
        error_hint(&e, "x\ry");
        assert_string_equal(e.hint, "x?y");
}

// Each length around the room's end: whole below it, an ellipsis and whole characters above.
static void test_long_texts(void **state)
{
        char text[2048];
        struct error e;
        (void)state;
        for (size_t n = sizeof(e.message) - 8; n < sizeof(e.message) + 8; n++) {
                memset(text, 'a', n);
                text[n] = '\0';
                error_set(&e, ERROR_CONFIG, "%s", text);
                bool fits = n < sizeof(e.message);
                assert_int_equal(strlen(e.message), fits ? n : sizeof(e.message) - 1);
                assert_int_equal(slice_ends_with(slice_str(e.message), SLICE(ELLIPSIS)), !fits);
        }
        for (size_t shift = 0; shift < 4; shift++) {
                memset(text, 'a', shift);
                for (size_t at = shift; at + 4 < sizeof(text); at += 4)
                        memcpy(text + at, "\xf0\x9f\x94\x91", 5);
                error_set(&e, ERROR_CONFIG, "%s", text);
                assert_true(text_is_utf8(slice_str(e.message)));
                assert_true(slice_ends_with(slice_str(e.message), SLICE(ELLIPSIS)));
                error_hint(&e, "%s", text);
                assert_true(text_is_utf8(slice_str(e.hint)));
                assert_true(slice_ends_with(slice_str(e.hint), SLICE(ELLIPSIS)));
        }
        memset(text, 'b', 700);
        text[700] = '\0';
        error_set(&e, ERROR_CONFIG, "%s", text);
        error_context(&e, "%s", text);
        assert_int_equal(strlen(e.message), sizeof(e.message) - 1);
        assert_true(slice_ends_with(slice_str(e.message), SLICE(ELLIPSIS)));
        errno = ENOENT;
        memset(text, 'c', sizeof(e.message));
        text[sizeof(e.message) - 5] = '\0';
        error_set_errno(&e, ERROR_CONFIG, "%s", text);
        assert_true(slice_ends_with(slice_str(e.message), SLICE(ELLIPSIS)));
}

static void test_kind_names(void **state)
{
        (void)state;
        assert_string_equal(error_kind_name(ERROR_NONE), "none");
        assert_string_equal(error_kind_name(ERROR_THROTTLED), "throttled");
        assert_string_equal(error_kind_name(ERROR_INTERACTION), "interaction");
        assert_string_equal(error_kind_name(ERROR_INTERNAL), "internal");
        assert_string_equal(error_kind_name(ERROR_KIND_COUNT), "unknown");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_set_overwrites_everything),
            cmocka_unit_test(test_nobody_wants_the_error),
            cmocka_unit_test(test_errno),
            cmocka_unit_test(test_context_and_hint),
            cmocka_unit_test(test_arguments_may_point_into_the_error),
            cmocka_unit_test(test_control_bytes),
            cmocka_unit_test(test_long_texts),
            cmocka_unit_test(test_kind_names),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
