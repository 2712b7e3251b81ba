// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/curl.h"

#include <strings.h>

// Text within single quotes of a shell.
static void put_quoted(const char *text, struct buffer *out)
{
        for (; *text; text++)
                if (*text == '\'')
                        (void)buffer_put_str(out, "'\\''"); // end, an escaped quote, begin anew
                else
                        (void)buffer_put_byte(out, (uint8_t)*text);
}

static void put_option(const char *option, const char *value, struct buffer *out)
{
        (void)buffer_printf(out, " \\\n  %s '", option);
        put_quoted(value, out);
        (void)buffer_put_byte(out, '\'');
}

// curl takes "Name:" as a request to send no such header; "Name;" sends it with an empty value.
static const char *separator(const struct keyfob_header *header)
{
        return header->value[0] ? ": " : ";";
}

static void put_header(const struct keyfob_header *header, struct buffer *out)
{
        (void)buffer_put_str(out, " \\\n  -H '");
        put_quoted(header->name, out);
        (void)buffer_put_str(out, separator(header));
        put_quoted(header->value, out);
        (void)buffer_put_byte(out, '\'');
}

static bool has_header(const struct keyfob_header *headers, size_t count, const char *name)
{
        for (size_t i = 0; i < count; i++)
                if (strcasecmp(headers[i].name, name) == 0)
                        return true;
        return false;
}

// Methods are signed in capitals.
static void put_method(const char *method, struct buffer *out)
{
        if (strcasecmp(method, "HEAD") == 0) { // with -X HEAD curl would wait for a body
                (void)buffer_put_str(out, "--head");
                return;
        }
        (void)buffer_put_str(out, "-X '");
        size_t start = out->n;
        put_quoted(method, out);
        for (size_t i = start; i < out->n; i++)
                if (out->p[i] >= 'a' && out->p[i] <= 'z')
                        out->p[i] = (uint8_t)(out->p[i] - ('a' - 'A'));
        (void)buffer_put_byte(out, '\'');
}

// On standard input rather than as arguments, which every user of the machine can read.
static void put_signature(const struct keyfob_signature *signature, struct buffer *out)
{
        (void)buffer_put_str(out, " \\\n  -H @- <<'HEADERS'\n");
        for (size_t i = 0; i < signature->headers_count; i++) {
                const struct keyfob_header *header = &signature->headers[i];
                (void)buffer_printf(out, "%s%s%s\n", header->name, separator(header), header->value);
        }
        (void)buffer_put_str(out, "HEADERS\n");
}

// curl must send what was signed: the path as it is (no "..", no globs), and no content type of its own.
void curl_write(const struct keyfob_sign_request *request, const struct keyfob_signature *signature, const char *data,
                struct buffer *out)
{
        (void)buffer_put_str(out, "curl --path-as-is --globoff ");
        put_method(request->method, out);
        for (size_t i = 0; i < request->headers_count; i++)
                if (!has_header(signature->headers, signature->headers_count, request->headers[i].name))
                        put_header(&request->headers[i], out);
        if (data && !has_header(request->headers, request->headers_count, "content-type") &&
            !has_header(signature->headers, signature->headers_count, "content-type"))
                put_option("-H", "Content-Type:", out);
        if (data)
                put_option("--data-binary", data, out);
        put_option("--url", signature->url ? signature->url : request->url, out);
        put_signature(signature, out);
}
