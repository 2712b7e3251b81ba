// SPDX-License-Identifier: Apache-2.0
#include "clients/c/client.h"
#include "clients/c/errors.h"
#include "proto/mem/secret.h"
#include "proto/mem/text.h"
#include "proto/wire/field.h"
#include "proto/wire/json_read.h"
#include "proto/wire/json_write.h"
#include "proto/wire/limits.h"

static void put_payload(const struct keyfob_sign_request *request, struct buffer *out)
{
        struct buffer base64;
        if (request->payload_sha256) {
                json_member(out, "payload_sha256", slice_str(request->payload_sha256));
                return;
        }
        if (request->unsigned_payload) {
                json_member_bool(out, "unsigned_payload", true);
                return;
        }
        buffer_init(&base64, LIMIT_HTTP_BODY);
        if (text_base64_encode(slice_of(request->payload, request->payload_size), &base64) == 0)
                json_member(out, "payload", buffer_slice(&base64));
        else
                out->failed = true;
        out->no_memory = out->no_memory || base64.no_memory;
        buffer_free(&base64);
}

static void put_request(const struct keyfob_sign_request *request, struct buffer *out)
{
        json_begin_object(out);
        json_member(out, "method", slice_str(request->method));
        json_member(out, "url", slice_str(request->url));
        if (request->headers_count > 0) {
                json_key(out, "headers");
                json_begin_object(out);
                for (size_t i = 0; i < request->headers_count; i++) {
                        json_put_string(out, slice_str(request->headers[i].name));
                        (void)buffer_put_byte(out, ':');
                        json_put_string(out, slice_str(request->headers[i].value));
                }
                json_end_object(out);
        }
        put_payload(request, out);
        if (request->service)
                json_member(out, "service", slice_str(request->service));
        if (request->region)
                json_member(out, "region", slice_str(request->region));
        json_end_object(out);
}

// JSON is UTF-8: other bytes would be replaced, and something else be signed than what is sent.
static bool is_text(const char *s)
{
        return text_is_utf8(slice_str(s));
}

static const char *find_fault(const struct keyfob_sign_request *request)
{
        if (!request->method || !request->url)
                return "a request to sign needs a method and a url";
        bool is_good = is_text(request->method) && is_text(request->url) && is_text(request->service) &&
                       is_text(request->region) && is_text(request->payload_sha256);
        for (size_t i = 0; i < request->headers_count; i++)
                is_good =
                    is_good && field_is_name(slice_str(request->headers[i].name)) && is_text(request->headers[i].value);
        return is_good ? NULL : "the request to sign has a header's name that is none, or bytes that are no UTF-8";
}

static int put_field(const struct json_doc *doc, size_t node, bool (*is_good)(struct slice), struct buffer *out)
{
        size_t start = out->n;
        if (json_string(doc, node, out) < 0 || !is_good(slice_from(buffer_slice(out), start)))
                return -1;
        return buffer_put_byte(out, 0);
}

// Names and values one after the other, each with a NUL (which no JSON string here holds). Returns how many headers,
// or -1.
static int64_t collect(const struct json_doc *doc, struct buffer *texts)
{
        int64_t count = 0;
        size_t headers = json_get(doc, JSON_ROOT, SLICE("headers"));
        if (headers == JSON_NONE || json_kind(doc, headers) != JSON_OBJECT)
                return -1;
        for (size_t key = json_first(doc, headers); key != JSON_NONE; key = json_next(doc, key), count++)
                if (put_field(doc, key, field_is_name, texts) < 0 ||
                    put_field(doc, json_value(doc, key), field_is_value, texts) < 0)
                        return -1;
        return count > 0 ? count : -1;
}

static enum keyfob_status copy_out(size_t count, struct slice texts, struct keyfob_signature *ret,
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
        *ret = (struct keyfob_signature){headers, count, memory, table + texts.n};
        return KEYFOB_OK;
}

static enum keyfob_status read_signature(struct slice body, struct keyfob_signature *ret, struct keyfob_error *error)
{
        struct json_doc doc;
        struct json_fault fault;
        struct buffer texts;
        enum keyfob_status status;
        json_doc_init(&doc);
        buffer_init(&texts, LIMIT_HTTP_BODY);
        int64_t count = json_parse(&doc, body, &fault) == 0 ? collect(&doc, &texts) : -1;
        if (count > 0)
                status = copy_out((size_t)count, buffer_slice(&texts), ret, error);
        else if (fault.no_memory || texts.no_memory)
                status = errors_no_memory(error);
        else
                status = errors_set(error, KEYFOB_BAD_ANSWER, "the agent's answer has no signed headers", "");
        buffer_free(&texts);
        json_doc_free(&doc);
        return status;
}

enum keyfob_status keyfob_sign(struct keyfob_client *client, const char *profile,
                               const struct keyfob_sign_request *request, struct keyfob_signature *signature,
                               struct keyfob_error *error)
{
        struct buffer body;
        struct buffer whole;
        struct keyfob_response response = {0};
        enum keyfob_status status;
        *signature = (struct keyfob_signature){0};
        const char *fault = find_fault(request);
        if (fault)
                return errors_set(error, KEYFOB_INVALID, fault, "");
        buffer_init(&body, LIMIT_HTTP_BODY);
        buffer_init(&whole, LIMIT_HTTP_HEAD + LIMIT_HTTP_BODY);
        put_request(request, &body);
        if (body.no_memory)
                status = errors_no_memory(error);
        else if (body.failed)
                status = errors_set(error, KEYFOB_INVALID, "the request to sign is larger than the agent takes",
                                    "Give the SHA-256 of a large payload instead of the payload.");
        else
                status = client_profile_request("POST", profile, "/sign", buffer_slice(&body), &whole, error);
        if (status == KEYFOB_OK)
                status = client_exchange(client, buffer_slice(&whole), &response, error);
        if (status == KEYFOB_OK)
                status = read_signature(slice_of(response.body, response.body_size), signature, error);
        buffer_free(&whole);
        buffer_free(&body);
        return status;
}

void keyfob_signature_clear(struct keyfob_signature *signature)
{
        secret_release(signature->memory, signature->memory_size);
        *signature = (struct keyfob_signature){0};
}
