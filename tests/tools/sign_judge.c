// link: signing
// SPDX-License-Identifier: Apache-2.0
// Signs what it reads, one JSON object a line, so that a reference implementation can be held against it. Prints
// {"headers": {…}}, {"url": …} or {"error": …} for each line.
#include <stdio.h>
#include <stdlib.h>

#include "proto/wire/credentials.h"
#include "proto/wire/json_read.h"
#include "proto/wire/json_write.h"
#include "proto/wire/limits.h"
#include "sidecar/signing/sigv4.h"

enum { TEXT_MAX = 4 * 1024 * 1024 };

struct job {
        struct json_doc doc;
        struct buffer text; // decoded strings, borrowed from below
        struct header headers[2 * LIMIT_SIGN_HEADERS_N];
        struct sigv4_request request;
        struct credentials credentials;
        int64_t expires_s;
        bool presign;
};

// The memory of `text` is reserved in whole before the first string, so that slices stay good.
static struct slice string_of(struct job *job, size_t node)
{
        size_t start = job->text.n;
        if (node == JSON_NONE || json_string(&job->doc, node, &job->text) < 0)
                return SLICE("");
        return slice_of(job->text.p + start, job->text.n - start);
}

static struct slice member(struct job *job, const char *key)
{
        return string_of(job, json_get(&job->doc, JSON_ROOT, slice_str(key)));
}

static bool flag(const struct job *job, const char *key)
{
        bool value = false;
        size_t node = json_get(&job->doc, JSON_ROOT, slice_str(key));
        return node != JSON_NONE && json_boolean(&job->doc, node, &value) == 0 && value;
}

static int64_t number(const struct job *job, const char *key)
{
        int64_t value = 0;
        size_t node = json_get(&job->doc, JSON_ROOT, slice_str(key));
        if (node != JSON_NONE && json_integer(&job->doc, node, &value) < 0)
                return 0;
        return value;
}

static void read_headers(struct job *job)
{
        size_t list = json_get(&job->doc, JSON_ROOT, SLICE("headers")), n = 0;
        const size_t most = sizeof(job->headers) / sizeof(job->headers[0]);
        size_t pair = list == JSON_NONE ? JSON_NONE : json_first(&job->doc, list);
        for (; pair != JSON_NONE && n < most; pair = json_next(&job->doc, pair)) {
                size_t name = json_first(&job->doc, pair);
                if (name == JSON_NONE)
                        continue;
                job->headers[n].name = string_of(job, name);
                job->headers[n].value = string_of(job, json_next(&job->doc, name));
                n++;
        }
        job->request.headers = job->headers;
        job->request.headers_count = n;
}

static int read_job(struct job *job, struct slice line, struct error *e)
{
        struct json_fault fault;
        if (json_parse(&job->doc, line, &fault) < 0)
                return error_set(e, ERROR_CONFIG, "not JSON: %s at byte %zu", fault.what, fault.offset);
        buffer_reset(&job->text);
        if (!buffer_reserve(&job->text, line.n))
                return error_set(e, ERROR_INTERNAL, "out of memory");
        job->request = (struct sigv4_request){
            .method = member(job, "method"),
            .url = member(job, "url"),
            .payload_hash = member(job, "payload_hash"),
            .service = member(job, "service"),
            .region = member(job, "region"),
            .time_s = number(job, "time_s"),
            .add_content_sha256 = flag(job, "add_content_sha256"),
        };
        read_headers(job);
        job->credentials = (struct credentials){
            .access_key_id = member(job, "access_key_id"),
            .secret_access_key = member(job, "secret_access_key"),
            .session_token = member(job, "session_token"),
            .expires_s = CREDENTIALS_NEVER_EXPIRE,
        };
        job->presign = flag(job, "presign");
        job->expires_s = number(job, "expires_s");
        return 0;
}

static void print_headers(const struct job *job, const struct sigv4_result *result, struct buffer *reply)
{
        json_key(reply, "headers");
        json_begin_object(reply);
        json_member(reply, "authorization", result->authorization);
        json_member(reply, "x-amz-date", slice_str(result->amz_date));
        if (job->credentials.session_token.n > 0)
                json_member(reply, "x-amz-security-token", job->credentials.session_token);
        if (result->has_content_sha256)
                json_member(reply, "x-amz-content-sha256", job->request.payload_hash);
        json_end_object(reply);
}

static int sign(struct signer *signer, struct job *job, struct buffer *out, struct buffer *reply, struct error *e)
{
        struct credentials *c = credentials_new(&job->credentials);
        if (!c)
                return error_set(e, ERROR_CONFIG, "these credentials cannot be");
        int r;
        struct sigv4_result result;
        buffer_reset(out);
        if (job->presign) {
                r = sigv4_presign(signer, &job->request, c, job->expires_s, out, e);
                if (r == 0)
                        json_member(reply, "url", buffer_slice(out));
        } else {
                r = sigv4_sign(signer, &job->request, c, out, &result, e);
                if (r == 0)
                        print_headers(job, &result, reply);
        }
        credentials_unref(c);
        return r;
}

static void answer(struct signer *signer, struct job *job, struct slice line, struct buffer *out, struct buffer *reply)
{
        struct error e = {.kind = ERROR_NONE};
        buffer_reset(reply);
        json_begin_object(reply);
        if (read_job(job, line, &e) < 0 || sign(signer, job, out, reply, &e) < 0)
                json_member(reply, "error", slice_str(e.message));
        json_end_object(reply);
        buffer_put_byte(reply, '\n');
        fwrite(reply->p, 1, reply->n, stdout);
}

int main(void)
{
        struct signer *signer = signer_new();
        struct job *job = calloc(1, sizeof(*job));
        struct buffer out, reply;
        buffer_init(&out, LIMIT_SIGN_CANONICAL);
        buffer_init(&reply, TEXT_MAX);
        if (!signer || !job) {
                signer_free(signer);
                free(job);
                return 1;
        }
        json_doc_init(&job->doc);
        buffer_init(&job->text, TEXT_MAX);
        char *line = NULL;
        size_t room = 0;
        for (ssize_t n = getline(&line, &room, stdin); n >= 0; n = getline(&line, &room, stdin))
                answer(signer, job, slice_of(line, (size_t)n), &out, &reply);
        free(line);
        json_doc_free(&job->doc);
        buffer_free(&job->text);
        buffer_free(&out);
        buffer_free(&reply);
        free(job);
        signer_free(signer);
        return fflush(stdout) == 0 ? 0 : 1;
}
