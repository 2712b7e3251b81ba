// SPDX-License-Identifier: Apache-2.0
#include "clients/c/client.h"
#include "clients/c/errors.h"
#include "proto/mem/length.h"
#include "proto/mem/secret.h"
#include "proto/mem/text.h"
#include "proto/wire/field.h"
#include "proto/wire/json_read.h"
#include "proto/wire/json_write.h"
#include "proto/wire/limits.h"

static void put_payload(const struct keyfob_sign_request *request, struct buffer *out)
{
        if (request->payload_sha256) {
                json_member(out, "payload_sha256", slice_str(request->payload_sha256));
        } else if (request->unsigned_payload) {
                json_member_bool(out, "unsigned_payload", true);
        } else {
                json_key(out, "payload");
                (void)buffer_put_byte(out, '"');
                (void)text_base64_encode(slice_of(request->payload, request->payload_size), out);
                (void)buffer_put_byte(out, '"');
        }
}

static bool has_name(const struct keyfob_header *header, const char *name)
{
        return slice_eq_ignore_case(slice_str(header->name), slice_str(name));
}

static bool is_repeated(const struct keyfob_header *headers, size_t n, const char *name)
{
        for (size_t i = 0; i < n; i++)
                if (has_name(&headers[i], name))
                        return true;
        return false;
}

// The values of one name go into one list, in their order.
static void put_values(const struct keyfob_header *headers, size_t n, struct buffer *out)
{
        bool is_list = is_repeated(headers + 1, n - 1, headers[0].name);
        if (is_list)
                json_begin_array(out);
        json_put_string(out, slice_str(headers[0].value));
        for (size_t i = 1; is_list && i < n; i++)
                if (has_name(&headers[i], headers[0].name))
                        json_put_string(out, slice_str(headers[i].value));
        if (is_list)
                json_end_array(out);
}

static void put_headers(const struct keyfob_sign_request *request, struct buffer *out)
{
        const struct keyfob_header *headers = request->headers;
        if (request->headers_count == 0)
                return;
        json_key(out, "headers");
        json_begin_object(out);
        for (size_t i = 0; i < request->headers_count; i++) {
                if (is_repeated(headers, i, headers[i].name))
                        continue;
                json_put_string(out, slice_str(headers[i].name));
                (void)buffer_put_byte(out, ':');
                put_values(headers + i, request->headers_count - i, out);
        }
        json_end_object(out);
}

static void put_text(struct buffer *out, const char *key, const char *value)
{
        if (value)
                json_member(out, key, slice_str(value));
}

static enum keyfob_status check_header(const struct keyfob_header *header, struct keyfob_error *error)
{
        if (!field_is_name(slice_str(header->name)))
                return errors_set(error, KEYFOB_INVALID, "use letters, digits and -", "invalid header name: %s",
                                  header->name ? header->name : "(none)");
        if (!field_is_value(slice_str(header->value)) || !text_is_utf8(slice_str(header->value)))
                return errors_set(error, KEYFOB_INVALID, "use UTF-8 without line breaks",
                                  "invalid value of header %s: %s", header->name, header->value);
        return KEYFOB_OK;
}

// JSON is UTF-8: other bytes would be replaced, and something else would be signed than what is sent.
static enum keyfob_status check_request(const struct keyfob_sign_request *request,
                                        const struct client_sign_options *options, struct keyfob_error *error)
{
        const char *const texts[] = {request->method, request->url,  request->payload_sha256, request->service,
                                     request->region, options->time, options->region_set};
        if (!request->method || !request->url)
                return errors_set(error, KEYFOB_INVALID, "", "the request to sign has no method or no URL");
        for (size_t i = 0; i < LENGTH(texts); i++)
                if (!text_is_utf8(slice_str(texts[i])))
                        return errors_set(error, KEYFOB_INVALID, "percent-encode other bytes in a URL",
                                          "not valid UTF-8: %s", texts[i]);
        for (size_t i = 0; i < request->headers_count; i++)
                if (check_header(&request->headers[i], error) != KEYFOB_OK)
                        return KEYFOB_INVALID;
        return KEYFOB_OK;
}

enum keyfob_status client_put_sign_request(const struct keyfob_sign_request *request,
                                           const struct client_sign_options *options, struct buffer *out,
                                           struct keyfob_error *error)
{
        if (check_request(request, options, error) != KEYFOB_OK)
                return KEYFOB_INVALID;
        json_begin_object(out);
        put_text(out, "method", request->method);
        put_text(out, "url", request->url);
        put_headers(request, out);
        if (!options->has_default_hash)
                put_payload(request, out);
        put_text(out, "service", request->service);
        put_text(out, "region", request->region);
        put_text(out, "algorithm", options->region_set ? "sigv4a" : NULL);
        put_text(out, "region_set", options->region_set);
        put_text(out, "time", options->time);
        if (options->expires_in_s > 0)
                json_member_i64(out, "expires_in", options->expires_in_s);
        json_end_object(out);
        if (out->no_memory)
                return errors_no_memory(error);
        if (out->failed)
                return errors_set(error, KEYFOB_INVALID,
                                  "give the SHA-256 of a large payload instead of the payload (payload_sha256)",
                                  "the request to sign is too large: the agent accepts 1 MiB, a payload in base64 "
                                  "included");
        return KEYFOB_OK;
}

static int put_field(const struct json_doc *doc, size_t node, bool (*is_good)(struct slice), struct buffer *out)
{
        size_t start = out->n;
        if (json_string(doc, node, out) < 0)
                return -1;
        struct slice text = slice_from(buffer_slice(out), start);
        if (!is_good(text) || !text_is_shown(text)) // it goes to a terminal
                return -1;
        return buffer_put_byte(out, 0);
}

// Collects names and values one after the other, each with a NUL, which the JSON reader refuses inside a string, and
// then the URL to send, where there is one. Returns the number of headers, or -1.
static int64_t collect(const struct json_doc *doc, struct buffer *texts, bool *ret_has_url)
{
        int64_t count = 0;
        size_t headers = json_get(doc, JSON_ROOT, SLICE("headers"));
        size_t url = json_get(doc, JSON_ROOT, SLICE("url"));
        if (headers == JSON_NONE || json_kind(doc, headers) != JSON_OBJECT)
                return -1;
        for (size_t key = json_first(doc, headers); key != JSON_NONE; key = json_next(doc, key), count++)
                if (put_field(doc, key, field_is_name, texts) < 0 ||
                    put_field(doc, json_value(doc, key), field_is_value, texts) < 0)
                        return -1;
        *ret_has_url = url != JSON_NONE;
        if (*ret_has_url && put_field(doc, url, field_is_value, texts) < 0)
                return -1;
        return count > 0 && count <= LIMIT_SIGN_HEADERS_N ? count : -1;
}

static enum keyfob_status copy_out(size_t count, bool has_url, struct slice texts, struct keyfob_signature *ret,
                                   struct keyfob_error *error)
{
        size_t table = count * sizeof(struct keyfob_header);
        uint8_t *memory = secret_alloc(table + texts.n);
        if (!memory)
                return errors_no_memory(error);
        struct keyfob_header *headers = (struct keyfob_header *)(void *)memory;
        char *text = (char *)memory + table;
        memcpy(text, texts.p, texts.n);
        for (size_t i = 0; i < count; i++) {
                headers[i].name = text;
                text += strlen(text) + 1;
                headers[i].value = text;
                text += strlen(text) + 1;
        }
        *ret = (struct keyfob_signature){.headers = headers,
                                         .headers_count = count,
                                         .url = has_url ? text : NULL,
                                         .memory = memory,
                                         .memory_size = table + texts.n};
        return KEYFOB_OK;
}

enum keyfob_status client_read_signature(struct slice body, struct keyfob_signature *ret, struct keyfob_error *error)
{
        struct json_doc doc;
        struct json_fault fault = {.no_memory = false};
        struct buffer texts;
        enum keyfob_status status;
        bool has_url = false;
        json_doc_init(&doc);
        buffer_init(&texts, LIMIT_HTTP_BODY);
        int64_t count = json_parse(&doc, body, &fault) == 0 ? collect(&doc, &texts, &has_url) : -1;
        if (count > 0)
                status = copy_out((size_t)count, has_url, buffer_slice(&texts), ret, error);
        else if (fault.no_memory || texts.no_memory)
                status = errors_no_memory(error);
        else
                status = errors_set(error, KEYFOB_BAD_ANSWER, "", "the agent's answer has no signed headers");
        buffer_free(&texts);
        json_doc_free(&doc);
        return status;
}

enum keyfob_status keyfob_sign(struct keyfob_client *client, const char *profile,
                               const struct keyfob_sign_request *request, struct keyfob_signature *signature,
                               struct keyfob_error *error)
{
        static const struct client_sign_options no_options = {0};
        struct buffer body;
        struct slice answer;
        *signature = (struct keyfob_signature){0};
        buffer_init(&body, LIMIT_HTTP_BODY);
        enum keyfob_status status = client_put_sign_request(request, &no_options, &body, error);
        if (status == KEYFOB_OK)
                status = client_call(client, "POST", profile, "/sign", buffer_slice(&body), &answer, error);
        buffer_free(&body);
        return status == KEYFOB_OK ? client_read_signature(answer, signature, error) : status;
}

void keyfob_signature_clear(struct keyfob_signature *signature)
{
        secret_release(signature->memory, signature->memory_size);
        *signature = (struct keyfob_signature){0};
}
