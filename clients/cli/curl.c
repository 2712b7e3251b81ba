// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/curl.h"

int curl_quote(struct slice s, struct buffer *out)
{
        (void)buffer_put_byte(out, '\'');
        for (;;) {
                size_t quote = slice_find(s, '\'');
                (void)buffer_put(out, slice_head(s, quote));
                if (quote == s.n)
                        break;
                (void)buffer_put_str(out, "'\\''"); // end, an escaped quote, begin anew
                s = slice_from(s, quote + 1);
        }
        return buffer_put_byte(out, '\'');
}

static void put_option(const char *option, struct buffer *out)
{
        (void)buffer_put_str(out, " \\\n  ");
        (void)buffer_put_str(out, option);
        (void)buffer_put_byte(out, ' ');
}

// An empty value is written "Name;": curl takes "Name:" as an order to send no such header.
static void put_header(struct slice name, struct slice value, struct buffer *out)
{
        struct buffer line;
        buffer_init(&line, out->max);
        (void)buffer_put(&line, name);
        (void)buffer_put_str(&line, value.n > 0 ? ": " : ";");
        (void)buffer_put(&line, value);
        put_option("-H", out);
        (void)curl_quote(buffer_slice(&line), out);
        out->failed = out->failed || line.failed;
        buffer_free(&line);
}

static bool has_header(const struct curl_request *request, struct slice name)
{
        for (size_t i = 0; i < request->headers_count; i++)
                if (slice_eq_ignore_case(request->headers[i].name, name))
                        return true;
        return false;
}

// What is sent must be what was signed: the path as it is (no "..", no globs), and no type of content that curl makes
// up.
int curl_write(const struct curl_request *request, struct buffer *out)
{
        struct slice method = slice_str(request->method);
        (void)buffer_put_str(out, "curl --path-as-is --globoff ");
        if (slice_eq(method, SLICE("HEAD"))) { // with -X HEAD curl would wait for a body
                (void)buffer_put_str(out, "--head");
        } else {
                (void)buffer_put_str(out, "-X ");
                (void)curl_quote(method, out);
        }
        for (size_t i = 0; i < request->headers_count; i++)
                put_header(request->headers[i].name, request->headers[i].value, out);
        if (request->data) {
                if (!has_header(request, SLICE("content-type"))) {
                        put_option("-H", out);
                        (void)curl_quote(SLICE("Content-Type:"), out);
                }
                put_option("--data-binary", out);
                (void)curl_quote(slice_str(request->data), out);
        }
        put_option("--url", out);
        (void)curl_quote(slice_str(request->url), out);
        return buffer_put_byte(out, '\n');
}
