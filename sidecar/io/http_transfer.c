// SPDX-License-Identifier: Apache-2.0
#include "sidecar/io/http_transfer.h"

#include <assert.h>
#include <openssl/ssl.h>
#include <string.h>

#include "proto/mem/length.h"
#include "proto/wire/limits.h"

enum {
        CONNECT_TIMEOUT_MS = 3000,
        IDLE_MAX_S = 60, // older connections are not used again; load balancers drop theirs at 60 s and later
        HEADER_LINE_MAX = 128 * 1024, // a session token alone may take half of it
        REQUEST_BODY_MAX = 64 * 1024 * 1024
};

// --- the request ---

// No line ends, which would begin another header.
static bool is_one_line(struct slice s)
{
        for (size_t i = 0; i < s.n; i++)
                if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == '\0')
                        return false;
        return true;
}

static bool is_valid_field(const struct http_field *field)
{
        return field->name.n > 0 && is_one_line(field->name) && is_one_line(field->value) &&
               !slice_eq_ignore_case(field->name, SLICE("content-length")) &&
               !slice_eq_ignore_case(field->name, SLICE("transfer-encoding"));
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
        // libcurl's form for an empty value; "Name:" would remove a header.
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

// libcurl adds these by itself: remove them, unless the caller set them.
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
        for (size_t i = 0; i < request->fields_count; i++)
                if (!is_valid_field(&request->fields[i]))
                        return error_set(e, ERROR_CONFIG,
                                         "request to %s: header number %zu has no name, a line end or NUL in it, "
                                         "or the name of one that is made here",
                                         t->target.authority.text, i + 1);
        buffer_init(&line, HEADER_LINE_MAX);
        int r = suppress_defaults(t, request);
        for (size_t i = 0; i < request->fields_count && r == 0; i++)
                r = add_field(t, &request->fields[i], &line);
        buffer_free(&line);
        return r < 0 ? error_set(e, ERROR_INTERNAL, "out of memory, or a header is too long") : 0;
}

static bool is_method(const char *method)
{
        size_t n = strlen(method);
        return n > 0 && n <= 16 && strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == n;
}

// --- libcurl's options ---

static CURLcode set_numbers(struct http_transfer *t)
{
        const struct {
                CURLoption option;
                long value;
        } rows[] = {
            {CURLOPT_NOSIGNAL, 1},
            {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
            {CURLOPT_FOLLOWLOCATION, 0},
            {CURLOPT_PATH_AS_IS, 1}, // the signature covers the path as it is
            {CURLOPT_DISALLOW_USERNAME_IN_URL, 1},
            {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
            {CURLOPT_TCP_KEEPALIVE, 1},
            {CURLOPT_MAXAGE_CONN, IDLE_MAX_S},
            {CURLOPT_SSL_VERIFYPEER, 1},
            {CURLOPT_SSL_VERIFYHOST, 2},
            {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
            // Otherwise, cancelling during a slow name lookup would block the loop until the lookup's thread ends.
            {CURLOPT_QUICK_EXIT, 1},
            {CURLOPT_CONNECTTIMEOUT_MS, (long)t->connect_timeout_ms},
            // If the proxy's URL has no port: otherwise libcurl uses 1080 for plain HTTP.
            {CURLOPT_PROXYPORT, (long)t->proxy.authority.port},
            {CURLOPT_NOPROGRESS, 0},
            {CURLOPT_NOBODY, t->is_head_request},
            {CURLOPT_UPLOAD, t->source.pull != NULL},
        };
        CURLcode rc = CURLE_OK;
        for (size_t i = 0; i < LENGTH(rows) && rc == CURLE_OK; i++)
                rc = curl_easy_setopt(t->easy, rows[i].option, rows[i].value);
        return rc;
}

static CURLcode set_pointers(struct http_transfer *t, const struct http_request *request,
                             const struct http_transfer_owner *owner)
{
        const struct {
                CURLoption option;
                const void *value;
        } rows[] = {
            {CURLOPT_PROTOCOLS_STR, "http,https"},
            {CURLOPT_URL, request->url},
            {CURLOPT_HTTPHEADER, t->headers},
            {CURLOPT_USERAGENT, owner->user_agent},
            // With both of these set, libcurl reads nothing from the environment.
            {CURLOPT_PROXY, t->proxy.url ? t->proxy.url : ""},
            {CURLOPT_NOPROXY, ""},
            {CURLOPT_ERRORBUFFER, t->reason},
            {CURLOPT_PRIVATE, owner->arg},
            {CURLOPT_PREREQDATA, owner->arg},
            {CURLOPT_XFERINFODATA, owner->arg},
            {CURLOPT_HEADERDATA, owner->arg},
            {CURLOPT_WRITEDATA, owner->arg},
            {CURLOPT_READDATA, owner->arg},
        };
        CURLcode rc = CURLE_OK;
        for (size_t i = 0; i < LENGTH(rows) && rc == CURLE_OK; i++)
                rc = curl_easy_setopt(t->easy, rows[i].option, rows[i].value);
        return rc;
}

static CURLcode set_callbacks(struct http_transfer *t, const struct http_transfer_owner *owner)
{
        CURLcode rc = curl_easy_setopt(t->easy, CURLOPT_PREREQFUNCTION, owner->connected);
        if (rc == CURLE_OK)
                rc = curl_easy_setopt(t->easy, CURLOPT_XFERINFOFUNCTION, owner->progress);
        if (rc == CURLE_OK)
                rc = curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, owner->line);
        if (rc == CURLE_OK)
                rc = curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, owner->body);
        if (rc == CURLE_OK)
                rc = curl_easy_setopt(t->easy, CURLOPT_READFUNCTION, owner->pull);
        return rc;
}

// `owner->connected` has already restarted the source; without this callback libcurl would fail.
static int on_seek(void *arg, curl_off_t offset, int origin)
{
        (void)arg;
        return offset == 0 && origin == SEEK_SET ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

static bool sends_body(const struct http_transfer *t, const char *method)
{
        static const char *const methods[] = {"POST", "PUT", "PATCH"};
        for (size_t i = 0; i < LENGTH(methods); i++)
                if (strcmp(method, methods[i]) == 0)
                        return true; // an empty body still has a Content-Length
        return t->request_body.n > 0;
}

// Sets the method last, as the options for the body also set one.
static CURLcode set_body(struct http_transfer *t, const char *method)
{
        CURLcode rc = CURLE_OK;
        if (t->source.pull) {
                rc = curl_easy_setopt(t->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->source.length);
                if (rc == CURLE_OK)
                        rc = curl_easy_setopt(t->easy, CURLOPT_SEEKFUNCTION, on_seek);
        } else if (sends_body(t, method)) {
                const void *body = t->request_body.n > 0 ? (const void *)t->request_body.p : "";
                rc = curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->request_body.n);
                if (rc == CURLE_OK)
                        rc = curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, body);
        }
        return rc == CURLE_OK ? curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, method) : rc;
}

static int set_all(struct http_transfer *t, const struct http_request *request, const struct http_transfer_owner *owner,
                   struct error *e)
{
        CURLcode rc = set_numbers(t);
        if (rc == CURLE_OK)
                rc = set_pointers(t, request, owner);
        if (rc == CURLE_OK)
                rc = set_callbacks(t, owner);
        if (rc == CURLE_OK)
                rc = set_body(t, request->method);
        if (rc == CURLE_OK)
                return 0;
        return error_set(e, ERROR_INTERNAL, "set up a request to %s: %s", t->target.authority.text,
                         curl_easy_strerror(rc));
}

// --- set-up and clean-up ---

int http_transfer_init(struct http_transfer *t, const struct http_request *request,
                       const struct http_transfer_owner *owner, struct error *e)
{
        buffer_init(&t->request_body, REQUEST_BODY_MAX);
        http_fields_init(&t->head, LIMIT_UPSTREAM_HEADER);
        http_fields_init(&t->trailers, LIMIT_UPSTREAM_HEADER);
        t->connect_timeout_ms = request->connect_timeout_ms > 0 ? request->connect_timeout_ms : CONNECT_TIMEOUT_MS;
        t->is_head_request = strcmp(request->method, "HEAD") == 0;
        if (request->source)
                t->source = *request->source;
        if (http_target_parse(request->url, &t->target, e) < 0 ||
            http_proxy_find(owner->env, &t->target, &t->proxy, e) < 0)
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
        return set_all(t, request, owner, e);
}

void http_transfer_deinit(struct http_transfer *t)
{
        curl_easy_cleanup(t->easy);
        curl_slist_free_all(t->headers); // wipes: libcurl was initialised with wiping memory functions
        buffer_free(&t->request_body);
        http_fields_free(&t->head);
        http_fields_free(&t->trailers);
}

// --- progress ---

int http_transfer_restart(struct http_transfer *t)
{
        if (t->pulled > 0 && (!t->source.rewind || t->source.rewind(t->source.arg) < 0))
                return -1;
        t->pulled = 0;
        t->is_sent = false;
        return 0;
}

ssize_t http_transfer_pull(struct http_transfer *t, uint8_t *to, size_t n)
{
        bool is_bound = t->source.length >= 0;
        uint64_t left = is_bound ? (uint64_t)(t->source.length - t->pulled) : n;
        if (n > left)
                n = (size_t)left;
        ssize_t got = n > 0 ? t->source.pull(t->source.arg, to, n) : 0;
        if (got < 0)
                return HTTP_STREAM_WAIT;
        assert((size_t)got <= n);
        if (got == 0 && is_bound && left > 0)
                return HTTP_TRANSFER_SHORT;
        t->pulled += got;
        t->is_sent = got == 0 || t->pulled == t->source.length;
        return got;
}

static long status_of(const struct http_transfer *t)
{
        long status = 0;
        (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        return status;
}

int http_transfer_take_line(struct http_transfer *t, struct slice line)
{
        t->has_answer = true;
        if (t->has_head)
                return http_fields_add(&t->trailers, line);
        if (slice_trim(line).n == 0) {
                t->has_head = status_of(t) >= 200; // else an interim answer
                return t->has_head;
        }
        if (!slice_starts_with(line, SLICE("HTTP/")))
                return http_fields_add(&t->head, line);
        http_fields_reset(&t->head);
        return 0;
}

void http_transfer_get_head(const struct http_transfer *t, struct http_field *fields, struct http_stream_head *ret)
{
        *ret = (struct http_stream_head){.status = (int)status_of(t), .fields = fields};
        ret->fields_count = http_fields_list(&t->head, fields);
}

void http_transfer_note_tls_end(struct http_transfer *t)
{
        struct curl_tlssessioninfo *tls = NULL;
        if (t->target.is_tls && curl_easy_getinfo(t->easy, CURLINFO_TLS_SSL_PTR, &tls) == CURLE_OK && tls->internals)
                t->has_tls_end = SSL_get_shutdown(tls->internals) & SSL_RECEIVED_SHUTDOWN;
}

static bool ends_with_connection(const struct http_transfer *t)
{
        struct http_field fields[HTTP_FIELDS_MAX];
        size_t n = http_fields_list(&t->head, fields);
        curl_off_t length = -1;
        (void)curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
        bool has_length = length >= 0 || t->is_head_request || status_of(t) == 204 || status_of(t) == 304;
        for (size_t i = 0; i < n && !has_length; i++)
                has_length = slice_eq(fields[i].name, SLICE("transfer-encoding"));
        return !has_length;
}

bool http_transfer_is_whole(const struct http_transfer *t)
{
        return t->has_head && (!t->target.is_tls || t->has_tls_end || !ends_with_connection(t));
}

bool http_transfer_has_whole_length(const struct http_transfer *t)
{
        curl_off_t length = -1, came = 0;
        (void)curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
        (void)curl_easy_getinfo(t->easy, CURLINFO_SIZE_DOWNLOAD_T, &came);
        return t->has_head && length == came;
}

// Whether the transfer has passed that point.
static bool has_passed(const struct http_transfer *t, CURLINFO time)
{
        curl_off_t us = 0;
        return curl_easy_getinfo(t->easy, time, &us) == CURLE_OK && us > 0;
}

enum http_phase http_transfer_phase(const struct http_transfer *t)
{
        long connections = 0; // counted after TCP's handshake; CONNECT_TIME may be set only after that of TLS
        (void)curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &connections);
        if (t->has_answer)
                return HTTP_ANSWER;
        if (has_passed(t, CURLINFO_PRETRANSFER_TIME_T))
                return t->source.pull && !t->is_sent ? HTTP_SEND : HTTP_WAIT;
        if (connections > 0)
                return HTTP_TLS;
        return has_passed(t, CURLINFO_NAMELOOKUP_TIME_T) ? HTTP_CONNECT : HTTP_RESOLVE;
}
