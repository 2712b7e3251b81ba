// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/relay_request.h"

#include "tests/unit/unit.h"

#define OWN "127.0.0.1:41234"
#define TOKEN "0123456789abcdef"

struct row {
        const char *method, *target;
        const char *headers[8]; // names and values
        enum api_error error;
};

static enum api_error check(const struct row *row, const struct relay_expected *expected)
{
        struct http_head head = {.method = slice_str(row->method), .target = slice_str(row->target)};
        for (size_t i = 0; i < LENGTH(row->headers) && row->headers[i]; i += 2)
                head.headers[head.headers_count++] =
                    (struct http_header){slice_str(row->headers[i]), slice_str(row->headers[i + 1])};
        return relay_request_check(&head, expected);
}

static void admits_only_what_an_sdk_sends(void **state)
{
        static const struct row rows[] = {
            {"GET", RELAY_PATH, {"Host", OWN, "Authorization", TOKEN}, API_ERROR_COUNT},
            {"GET", RELAY_PATH, {"host", "127.0.0.1", "authorization", TOKEN}, API_ERROR_COUNT},
            {"GET",
             RELAY_PATH,
             {"Host", OWN, "Authorization", TOKEN, "User-Agent", "x", "Accept", "*/*"},
             API_ERROR_COUNT},
            {"GET", RELAY_PATH, {"Authorization", TOKEN}, API_MISDIRECTED_REQUEST},
            {"GET", RELAY_PATH, {"Host", "", "Authorization", TOKEN}, API_MISDIRECTED_REQUEST},
            {"GET", RELAY_PATH, {"Host", "127.0.0.1:4123", "Authorization", TOKEN}, API_MISDIRECTED_REQUEST},
            {"GET", RELAY_PATH, {"Host", OWN "0", "Authorization", TOKEN}, API_MISDIRECTED_REQUEST},
            {"GET", RELAY_PATH, {"Host", "127.0.0.1:", "Authorization", TOKEN}, API_MISDIRECTED_REQUEST},
            {"GET", RELAY_PATH, {"Host", "evil.example:41234", "Authorization", TOKEN}, API_MISDIRECTED_REQUEST},
            {"GET", RELAY_PATH, {"Host", OWN, "Host", OWN, "Authorization", TOKEN}, API_MISDIRECTED_REQUEST},
            {"GET", RELAY_PATH, {"Host", "evil", "Host", OWN, "Authorization", TOKEN}, API_MISDIRECTED_REQUEST},
            {"GET", RELAY_PATH, {"Host", OWN, "Authorization", TOKEN, "Origin", "null"}, API_ORIGIN_NOT_ALLOWED},
            {"GET", RELAY_PATH, {"Host", OWN, "Authorization", TOKEN, "referer", "x"}, API_ORIGIN_NOT_ALLOWED},
            {"GET",
             RELAY_PATH,
             {"Sec-Fetch-Mode", "cors", "Host", OWN, "Authorization", TOKEN},
             API_ORIGIN_NOT_ALLOWED},
            {"GET",
             RELAY_PATH,
             {"Host", OWN, "Authorization", TOKEN, "X-Forwarded-For", "::1"},
             API_ORIGIN_NOT_ALLOWED},
            {"GET", RELAY_PATH, {"Host", OWN, "Authorization", TOKEN, "Sec-Fetch-", "x"}, API_ERROR_COUNT},
            {"GET", RELAY_PATH, {"Host", OWN}, API_TOKEN_REQUIRED},
            {"GET", RELAY_PATH, {"Host", OWN, "Authorization", ""}, API_TOKEN_REQUIRED},
            {"GET", RELAY_PATH, {"Host", OWN, "Authorization", "0123456789abcdee"}, API_TOKEN_REQUIRED},
            {"GET", RELAY_PATH, {"Host", OWN, "Authorization", TOKEN "0"}, API_TOKEN_REQUIRED},
            {"GET", RELAY_PATH, {"Host", OWN, "Authorization", "Bearer " TOKEN}, API_TOKEN_REQUIRED},
            {"GET", RELAY_PATH, {"Host", OWN, "Authorization", TOKEN, "Authorization", TOKEN}, API_TOKEN_REQUIRED},
            {"GET", RELAY_PATH, {"Host", OWN, "Authorization", "x", "Authorization", TOKEN}, API_TOKEN_REQUIRED},
            {"GET", "/", {"Host", OWN, "Authorization", TOKEN}, API_NOT_FOUND},
            {"GET", RELAY_PATH "?", {"Host", OWN, "Authorization", TOKEN}, API_NOT_FOUND},
            {"GET", "http://" OWN RELAY_PATH, {"Host", OWN, "Authorization", TOKEN}, API_NOT_FOUND},
            {"HEAD", RELAY_PATH, {"Host", OWN, "Authorization", TOKEN}, API_METHOD_NOT_ALLOWED},
            {"POST", RELAY_PATH, {"Host", OWN, "Authorization", TOKEN}, API_METHOD_NOT_ALLOWED},
        };
        const struct relay_expected expected = {SLICE(TOKEN), SLICE(OWN)}, no_token = {SLICE(""), SLICE(OWN)};
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                enum api_error error = check(&rows[i], &expected);
                if (error != rows[i].error)
                        fail_msg("row %zu: %d", i, (int)error);
                assert_int_not_equal(check(&rows[i], &no_token), API_ERROR_COUNT);
        }
}

static void each_error_has_a_text_of_its_own(void **state)
{
        static const enum api_error errors[] = {
            API_MISDIRECTED_REQUEST, API_ORIGIN_NOT_ALLOWED, API_TOKEN_REQUIRED,
            API_NOT_FOUND,           API_METHOD_NOT_ALLOWED, API_BODY_TOO_LARGE,
            API_HEADERS_TOO_LARGE,   API_INVALID_REQUEST,    API_INTERNAL_ERROR,
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(errors); i++) {
                assert_null(strpbrk(relay_request_text(errors[i]), "\"\\\n")); // it becomes JSON
                for (size_t j = 0; j < i; j++)
                        assert_string_not_equal(relay_request_text(errors[i]), relay_request_text(errors[j]));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(admits_only_what_an_sdk_sends),
            cmocka_unit_test(each_error_has_a_text_of_its_own),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
