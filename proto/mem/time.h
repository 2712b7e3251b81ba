// SPDX-License-Identifier: Apache-2.0
// Formats and parses points in time, UTC, as seconds since 1970-01-01 ("_s"). Reads no clock.
#ifndef PROTO_MEM_TIME_H
#define PROTO_MEM_TIME_H

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"

#define TIME_RFC3339_SIZE 21  // "2026-09-01T12:00:00Z" and a NUL
#define TIME_AMZ_SIZE 17      // "20260901T120000Z" and a NUL
#define TIME_DURATION_SIZE 24 // "42 min", "3 h 05 min" and a NUL

// 0, or -ERANGE outside the years 1970 to 9999.
MUST_CHECK int time_format_rfc3339(int64_t time_s, char out[TIME_RFC3339_SIZE]);

// For messages: the same, or "an unknown time" outside those years.
void time_show(int64_t time_s, char out[TIME_RFC3339_SIZE]);

// Accepts a fraction of seconds (cut off), "Z" or a numeric offset. 0, or -EINVAL.
MUST_CHECK int time_parse_rfc3339(struct slice text, int64_t *ret_s);

// The form of X-Amz-Date; the first eight characters are the date of the credential scope.
MUST_CHECK int time_format_amz(int64_t time_s, char out[TIME_AMZ_SIZE]);
MUST_CHECK int time_parse_amz(struct slice text, int64_t *ret_s);

// RFC 9110 IMF-fixdate ("Sun, 06 Nov 1994 08:49:37 GMT"), the form of an HTTP Date. 0, or -EINVAL.
MUST_CHECK int time_parse_http_date(struct slice text, int64_t *ret_s);

// "90", "90s", "10m", "1h", "2d". 0, or -EINVAL, or -ERANGE for a number above INT32_MAX.
MUST_CHECK int time_parse_duration(struct slice text, int64_t *ret_s);

// A duration for messages: "58 s", "42 min", "3 h 05 min", "12 d". Negative durations give "0 s".
void time_format_duration(int64_t seconds, char out[TIME_DURATION_SIZE]);

#endif
