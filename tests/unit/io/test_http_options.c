// SPDX-License-Identifier: Apache-2.0
// What libcurl is asked for, seen at its own function: what protects has to be set in each request, also where the
// system's own settings would hide that it is not.
#include <curl/curl.h>
#include <stdarg.h>

#include "tests/unit/io/fetch.h"

enum { NUMBERS = 1000 }; // options that are numbers, by their own number

static long numbers[NUMBERS];
static bool is_set[NUMBERS];
static char protocols[64];

// The linker sends our calls here, see cmake/tests.cmake.
CURLcode __real_curl_easy_setopt(CURL *easy, CURLoption option, ...);
CURLcode __wrap_curl_easy_setopt(CURL *easy, CURLoption option, ...);
CURLcode __wrap_curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
        CURLcode rc;
        va_list args;
        va_start(args, option);
        if (option < CURLOPTTYPE_OBJECTPOINT) {
                long value = va_arg(args, long);
                assert_true((int)option < NUMBERS);
                numbers[option] = value;
                is_set[option] = true;
                rc = __real_curl_easy_setopt(easy, option, value);
        } else if (option < CURLOPTTYPE_FUNCTIONPOINT) {
                char *value = va_arg(args, char *);
                if (option == CURLOPT_PROTOCOLS_STR)
                        (void)snprintf(protocols, sizeof(protocols), "%s", value);
                rc = __real_curl_easy_setopt(easy, option, value);
        } else if (option < CURLOPTTYPE_OFF_T) {
                void (*value)(void) = va_arg(args, void (*)(void));
                rc = __real_curl_easy_setopt(easy, option, value);
        } else {
                rc = __real_curl_easy_setopt(easy, option, va_arg(args, curl_off_t));
        }
        va_end(args);
        return rc;
}

static bool waits_10_s;

int __real_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t timeout_ms, uint64_t repeat_ms);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t timeout_ms, uint64_t repeat_ms);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t timeout_ms, uint64_t repeat_ms)
{
        waits_10_s = waits_10_s || (timeout_ms > 9000 && timeout_ms <= 10000);
        return __real_uv_timer_start(timer, callback, timeout_ms, repeat_ms);
}

static void every_request_is_protected(void **state)
{
        (void)state;
        static const struct {
                CURLoption option;
                long value;
        } wanted[] = {
            {CURLOPT_SSL_VERIFYPEER, 1},
            {CURLOPT_SSL_VERIFYHOST, 2},
            {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
            {CURLOPT_FOLLOWLOCATION, 0},
            {CURLOPT_PATH_AS_IS, 1},
            {CURLOPT_DISALLOW_USERNAME_IN_URL, 1},
            {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
            {CURLOPT_NOSIGNAL, 1},
            {CURLOPT_MAXAGE_CONN, 60},
            {CURLOPT_CONNECTTIMEOUT_MS, 3000}, // where a request names none
        };
        char *environment[] = {NULL};
        struct fetcher f;
        struct fetched r;
        fetcher_open(&f, environment);
        const struct http_request request = {.method = "GET", .url = "https://127.0.0.1:1/"};
        fetch(&f, &request, &r);
        assert_error(&r, ERROR_TRANSIENT, "127.0.0.1:1");
        for (size_t i = 0; i < LENGTH(wanted); i++)
                if (!is_set[wanted[i].option] || numbers[wanted[i].option] != wanted[i].value)
                        fail_msg("option %d is %ld, not %ld", (int)wanted[i].option, numbers[wanted[i].option],
                                 wanted[i].value);
        assert_string_equal(protocols, "http,https");
        assert_true(waits_10_s); // in all, where a request names no time
        fetched_free(&r);
        fetcher_close(&f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(every_request_is_protected)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
