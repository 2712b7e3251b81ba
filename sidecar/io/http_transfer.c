// SPDX-License-Identifier: Apache-2.0
#include "sidecar/io/http_transfer.h"

#include <string.h>

#include "proto/mem/length.h"
#include "proto/wire/limits.h"

enum {
        CONNECT_TIMEOUT_MS = 3000,
        TOTAL_TIMEOUT_MS = 10000,
        IDLE_MAX_S = 60, // older connections are not used again; load balancers drop theirs at 60 s and later
        HEADER_LINE_MAX = 128 * 1024, // a session token alone may take half of it
        REQUEST_BODY_MAX = 64 * 1024 * 1024
};

// --- what is sent ---

// No line ends inside, which would begin another header.
static bool is_one_line(struct slice s)
{
        for (size_t i = 0; i < s.n; i++)
                if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == '\0')
                        return false;
        return true;
}

static int add_line(struct http_transfer *t, const char *line)
{
        struct curl_slist *longer = line ? curl_slist_append(t->headers, line) : NULL;
        if (!longer)
                return -1;
        t->headers = longer;
        return 0;
}

static int add_field(struct http_transfer *t, const struct http_field *field, struct buffer *line)
{
        buffer_reset(line);
        buffer_put(line, field->name);
        // libcurl's way to send an empty value; "Name:" would take a header away.
        buffer_put(line, field->value.n > 0 ? SLICE(": ") : SLICE(";"));
        buffer_put(line, field->value);
        return add_line(t, buffer_c_str(line));
}

static bool has_field(const struct http_request *request, struct slice name)
{
        for (size_t i = 0; i < request->fields_count; i++)
                if (slice_eq_ignore_case(request->fields[i].name, name))
                        return true;
        return false;
}

// libcurl adds these by itself; only what the caller gave is to be sent.
static int suppress_defaults(struct http_transfer *t, const struct http_request *request)
{
        static const struct {
                struct slice name;
                const char *line;
        } defaults[] = {{SLICE_INIT("accept"), "Accept:"},
                        {SLICE_INIT("expect"), "Expect:"},
                        {SLICE_INIT("content-type"), "Content-Type:"}};
        for (size_t i = 0; i < LENGTH(defaults); i++)
                if (!has_field(request, defaults[i].name) && add_line(t, defaults[i].line) < 0)
                        return -1;
        return 0;
}

static int add_fields(struct http_transfer *t, const struct http_request *request, struct error *e)
{
        struct buffer line;
        int r = suppress_defaults(t, request);
        buffer_init(&line, HEADER_LINE_MAX);
        for (size_t i = 0; i < request->fields_count && r == 0; i++) {
                const struct http_field *field = &request->fields[i];
                if (field->name.n == 0 || !is_one_line(field->name) || !is_one_line(field->value)) {
                        buffer_free(&line);
                        return error_set(e, ERROR_CONFIG, "request to %s: header number %zu holds a line end or a NUL",
                                         t->target.authority.text, i + 1);
                }
                r = add_field(t, field, &line);
        }
        buffer_free(&line);
        return r < 0 ? error_set(e, ERROR_INTERNAL, "out of memory, or a header is too long") : 0;
}

static bool sends_body(const struct http_request *request)
{
        static const char *const methods[] = {"POST", "PUT", "PATCH"};
        for (size_t i = 0; i < LENGTH(methods); i++)
                if (strcmp(request->method, methods[i]) == 0)
                        return true; // an empty one still has its Content-Length
        return request->body.n > 0;
}

static bool is_method(const char *method)
{
        size_t n = strlen(method);
        return n > 0 && n <= 16 && strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == n;
}

static CURLcode set_body(struct http_transfer *t)
{
        CURLcode rc = curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->request_body.n);
        const void *body = t->request_body.n > 0 ? (const void *)t->request_body.p : "";
        return rc == CURLE_OK ? curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, body) : rc;
}

static CURLcode set_request(struct http_transfer *t, const struct http_request *request, const char *user_agent)
{
        CURLcode rc = curl_easy_setopt(t->easy, CURLOPT_URL, request->url);
        if (rc == CURLE_OK && sends_body(request))
                rc = set_body(t);
        if (rc == CURLE_OK && strcmp(request->method, "HEAD") == 0)
                rc = curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L);
        if (rc == CURLE_OK)
                rc = curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, request->method);
        if (rc == CURLE_OK)
                rc = curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
        if (rc == CURLE_OK && user_agent)
                rc = curl_easy_setopt(t->easy, CURLOPT_USERAGENT, user_agent);
        return rc;
}

// libcurl is told all of it, and so does not look into the environment by itself.
static CURLcode set_proxy(struct http_transfer *t)
{
        CURLcode rc = curl_easy_setopt(t->easy, CURLOPT_PROXY, t->proxy.url ? t->proxy.url : "");
        if (rc == CURLE_OK)
                rc = curl_easy_setopt(t->easy, CURLOPT_NOPROXY, "");
        if (rc == CURLE_OK) // where the URL names none: else libcurl takes 1080 for plain HTTP
                rc = curl_easy_setopt(t->easy, CURLOPT_PROXYPORT, (long)t->proxy.authority.port);
        return rc;
}

// --- what comes back ---

static size_t take_body(char *p, size_t size, size_t count, void *context)
{
        struct http_transfer *t = context;
        size_t n = size * count;
        if (n > t->body.max - t->body.n)
                t->is_too_large = true;
        return buffer_put(&t->body, slice_of(p, n)) < 0 ? 0 : n;
}

static void lower(uint8_t *p, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (p[i] >= 'A' && p[i] <= 'Z')
                        p[i] = (uint8_t)(p[i] + ('a' - 'A'));
}

static int add_span(struct http_transfer *t, struct slice name, struct slice value)
{
        struct http_span span = {t->head.n, name.n, t->head.n + name.n, value.n};
        if (t->spans_count == HTTP_TRANSFER_FIELDS_MAX || name.n + value.n > t->head.max - t->head.n) {
                t->is_too_large = true;
                return -1;
        }
        if (buffer_put(&t->head, name) < 0 || buffer_put(&t->head, value) < 0)
                return -1;
        lower(t->head.p + span.name_at, span.name_n);
        t->spans[t->spans_count++] = span;
        return 0;
}

// One whole line of the head a call, the status line and the empty line too.
static size_t take_line(char *p, size_t size, size_t count, void *context)
{
        struct http_transfer *t = context;
        size_t n = size * count;
        struct slice line = slice_of(p, n);
        if (slice_starts_with(line, SLICE("HTTP/"))) { // of an interim answer (1xx) or of the one that counts
                buffer_reset(&t->head);
                t->spans_count = 0;
                t->is_head_whole = false;
                return n;
        }
        if (slice_trim(line).n == 0)
                t->is_head_whole = true;
        size_t colon = slice_find(line, ':');
        bool is_folded = n > 0 && (p[0] == ' ' || p[0] == '\t'); // RFC 9112 5.2: nobody sends these any more
        if (colon == 0 || colon == line.n || is_folded)
                return n;
        struct slice name = slice_trim(slice_head(line, colon));
        return add_span(t, name, slice_trim(slice_from(line, colon + 1))) < 0 ? 0 : n;
}

static CURLcode set_answer(struct http_transfer *t)
{
        CURLcode rc = curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, take_body);
        if (rc == CURLE_OK)
                rc = curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
        if (rc == CURLE_OK)
                rc = curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, take_line);
        if (rc == CURLE_OK)
                rc = curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
        if (rc == CURLE_OK)
                rc = curl_easy_setopt(t->easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)LIMIT_UPSTREAM_BODY);
        if (rc == CURLE_OK)
                rc = curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->reason);
        return rc;
}

// --- the rules of the house ---

static CURLcode set_rules(struct http_transfer *t, void *owner)
{
        static const struct {
                CURLoption option;
                long value;
        } numbers[] = {
            {CURLOPT_NOSIGNAL, 1},
            {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
            {CURLOPT_FOLLOWLOCATION, 0},
            {CURLOPT_PATH_AS_IS, 1}, // signed as it is
            {CURLOPT_DISALLOW_USERNAME_IN_URL, 1},
            {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
            {CURLOPT_TCP_KEEPALIVE, 1},
            {CURLOPT_MAXAGE_CONN, IDLE_MAX_S},
            {CURLOPT_SSL_VERIFYPEER, 1},
            {CURLOPT_SSL_VERIFYHOST, 2},
            {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
            // Else giving up on a slow look-up of a name waits for its thread, and the loop with it.
            {CURLOPT_QUICK_EXIT, 1},
        };
        CURLcode rc = CURLE_OK;
        for (size_t i = 0; i < LENGTH(numbers) && rc == CURLE_OK; i++)
                rc = curl_easy_setopt(t->easy, numbers[i].option, numbers[i].value);
        if (rc == CURLE_OK)
                rc = curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "http,https");
        if (rc == CURLE_OK)
                rc = curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)t->connect_timeout_ms);
        if (rc == CURLE_OK)
                rc = curl_easy_setopt(t->easy, CURLOPT_PRIVATE, owner);
        return rc;
}

static int set_all(struct http_transfer *t, const struct http_request *request, const struct http_transfer_from *from,
                   struct error *e)
{
        CURLcode rc = set_rules(t, from->owner);
        if (rc == CURLE_OK)
                rc = set_request(t, request, from->user_agent);
        if (rc == CURLE_OK)
                rc = set_proxy(t);
        if (rc == CURLE_OK)
                rc = set_answer(t);
        if (rc == CURLE_OK)
                return 0;
        return error_set(e, ERROR_INTERNAL, "set up a request to %s: %s", t->target.authority.text,
                         curl_easy_strerror(rc));
}

int http_transfer_init(struct http_transfer *t, const struct http_request *request,
                       const struct http_transfer_from *from, struct error *e)
{
        buffer_init(&t->request_body, REQUEST_BODY_MAX);
        buffer_init(&t->head, LIMIT_UPSTREAM_HEADER);
        buffer_init(&t->body, LIMIT_UPSTREAM_BODY);
        t->connect_timeout_ms = request->connect_timeout_ms > 0 ? request->connect_timeout_ms : CONNECT_TIMEOUT_MS;
        t->total_timeout_ms = request->total_timeout_ms > 0 ? request->total_timeout_ms : TOTAL_TIMEOUT_MS;
        if (http_target_parse(request->url, &t->target, e) < 0 ||
            http_proxy_find(from->env, &t->target, &t->proxy, e) < 0)
                return -1;
        if (!is_method(request->method))
                return error_set(e, ERROR_CONFIG, "request to %s: not an HTTP method", t->target.authority.text);
        if (add_fields(t, request, e) < 0)
                return -1;
        if (buffer_put(&t->request_body, request->body) < 0)
                return error_set(e, ERROR_INTERNAL, "out of memory, or the request's body is too large");
        t->easy = curl_easy_init();
        if (!t->easy)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        return set_all(t, request, from, e);
}

void http_transfer_deinit(struct http_transfer *t)
{
        curl_easy_cleanup(t->easy);
        curl_slist_free_all(t->headers); // by the wiping functions that libcurl was initialised with
        buffer_free(&t->request_body);
        buffer_free(&t->head);
        buffer_free(&t->body);
}

// Whether that point in time has been reached.
static bool has_passed(const struct http_transfer *t, CURLINFO time)
{
        curl_off_t us = 0;
        return curl_easy_getinfo(t->easy, time, &us) == CURLE_OK && us > 0;
}

enum http_phase http_transfer_phase(const struct http_transfer *t)
{
        long connections = 0; // counted at the end of TCP's handshake, where CONNECT_TIME may wait for that of TLS
        (void)curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &connections);
        if (has_passed(t, CURLINFO_STARTTRANSFER_TIME_T))
                return HTTP_ANSWER;
        if (has_passed(t, CURLINFO_PRETRANSFER_TIME_T))
                return HTTP_WAIT;
        if (connections > 0)
                return HTTP_TLS;
        return has_passed(t, CURLINFO_NAMELOOKUP_TIME_T) ? HTTP_CONNECT : HTTP_RESOLVE;
}

void http_transfer_response(const struct http_transfer *t, struct http_field *fields, struct http_response *ret)
{
        long status = 0;
        (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        for (size_t i = 0; i < t->spans_count; i++) {
                const struct http_span *span = &t->spans[i];
                fields[i] = (struct http_field){.name = slice_of(t->head.p + span->name_at, span->name_n),
                                                .value = slice_of(t->head.p + span->value_at, span->value_n)};
        }
        *ret = (struct http_response){
            .status = (int)status, .body = buffer_slice(&t->body), .fields = fields, .fields_count = t->spans_count};
}
