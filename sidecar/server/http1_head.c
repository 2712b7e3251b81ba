// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/http1_head.h"

#include "proto/mem/length.h"
#include "proto/wire/limits.h"
#include "sidecar/server/exchange.h"

_Static_assert(LIMIT_HTTP_REPLY < 1000000000, "more than HTTP1_LENGTH_DIGITS");

static const char *reason(int status)
{
        static const struct {
                int status;
                const char *text;
        } reasons[] = {
            {200, "OK"},
            {304, "Not Modified"},
            {400, "Bad Request"},
            {401, "Unauthorized"},
            {403, "Forbidden"},
            {404, "Not Found"},
            {405, "Method Not Allowed"},
            {408, "Request Timeout"},
            {413, "Content Too Large"},
            {415, "Unsupported Media Type"},
            {421, "Misdirected Request"},
            {431, "Request Header Fields Too Large"},
            {500, "Internal Server Error"},
            {502, "Bad Gateway"},
            {503, "Service Unavailable"},
            {504, "Gateway Timeout"},
            {508, "Loop Detected"},
        };
        for (size_t i = 0; i < LENGTH(reasons); i++)
                if (reasons[i].status == status)
                        return reasons[i].text;
        return "Answer";
}

void http1_head_put(struct buffer *b, const struct exchange *x, const struct answer *a, enum http1_framing framing,
                    const char *connection)
{
        (void)buffer_put(b, SLICE("HTTP/1.1 "));
        (void)buffer_put_u64(b, (uint64_t)a->status);
        (void)buffer_put_byte(b, ' ');
        (void)buffer_put_str(b, reason(a->status));
        if (a->content_type) {
                (void)buffer_put(b, SLICE("\r\nContent-Type: "));
                (void)buffer_put_str(b, a->content_type);
                if (framing == HTTP1_LENGTH) {
                        (void)buffer_put(b, SLICE("\r\nContent-Length: "));
                        (void)buffer_put_u64(b, a->body.n);
                } else if (framing == HTTP1_CHUNKED) {
                        (void)buffer_put(b, SLICE("\r\nTransfer-Encoding: chunked"));
                }
        }
        (void)buffer_put(b, SLICE("\r\nCache-Control: no-store\r\n"));
        if (a->headers)
                (void)buffer_put_str(b, a->headers);
        if (a->put_headers)
                a->put_headers(x, b);
        (void)buffer_put_str(b, connection);
        (void)buffer_put(b, SLICE("\r\n"));
}

static uint8_t *put_before(uint8_t *end, struct slice s)
{
        return memcpy(end - s.n, s.p, s.n);
}

uint8_t *http1_head_put_before(uint8_t *body, size_t n)
{
        uint8_t *p = put_before(body, SLICE(HTTP1_JSON_HEAD_END));
        do {
                *--p = (uint8_t)('0' + n % 10);
                n /= 10;
        } while (n > 0);
        return put_before(p, SLICE(HTTP1_JSON_HEAD));
}
