// SPDX-License-Identifier: Apache-2.0
// Splits a URL for signing. What could mean one thing here and another to the server that reads it is refused rather
// than repaired; what every client repairs before it sends it is repaired here, too.
#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "proto/wire/limits.h"
#include "sidecar/signing/put.h"
#include "sidecar/signing/service_rules.h"
#include "sidecar/signing/sigv4_host.h"
#include "sidecar/signing/uri_encode.h"

static int refuse(struct error *e, const char *what, const char *hint)
{
        error_set(e, ERROR_CONFIG, "the URL %s", what);
        return error_hint(e, "%s", hint);
}

static int refuse_authority(enum sigv4_host_fault fault, struct error *e)
{
        if (fault == SIGV4_HOST_USER)
                return refuse(e, "has user information before its host", "leave out what stands before the @");
        if (fault == SIGV4_HOST_PORT)
                return refuse(e, "has no valid port", "a port is a number from 1 to 65535 without leading zeros");
        return refuse(e, "has no valid host", "use https://host/path with a name or an address");
}

// Of a name as it is sent.
static const bool small_host_byte[256] = {
    ['a' ... 'z'] = true, ['0' ... '9'] = true, ['-'] = true, ['.'] = true, ['_'] = true,
};

// Takes host and port off `rest`.
static int split_host(struct slice *rest, struct sigv4_url *ret, struct error *e)
{
        size_t n = scan_span(*rest, small_host_byte);
        bool is_plain_name = n > 0 && n < rest->n && rest->p[n] == '/' && rest->p[0] > '9';
        while (n < rest->n && rest->p[n] != '/' && rest->p[n] != '?' && rest->p[n] != '#')
                n++;
        ret->host = slice_head(*rest, n);
        *rest = slice_from(*rest, n);
        if (is_plain_name)
                return 0;
        size_t sent_n = 0;
        enum sigv4_host_fault fault = sigv4_host_write(ret->host, ret->default_port, ret->host_text, &sent_n);
        if (fault != SIGV4_HOST_OK)
                return refuse_authority(fault, e);
        struct slice sent = slice_of(ret->host_text, sent_n);
        if (!slice_eq(ret->host, sent))
                ret->is_as_sent = false;
        ret->host = sent;
        return 0;
}

// What may stand in a path or a query without a second look: printable ASCII but "#", and "?" only in a query.
static const bool path_byte[256] = {['!' ... '"'] = true, ['$' ... '>'] = true, ['@' ... '~'] = true};

static int refuse_byte(uint8_t byte, struct error *e)
{
        if (byte == '#')
                return refuse(e, "has a fragment", "fragments are never sent: leave out # and what follows it");
        return refuse(e, "holds a blank or a control byte", "percent-encode it as it is on the wire");
}

// Bytes beyond ASCII: clients send them percent-encoded.
static int check_text(struct slice text, struct sigv4_url *url, struct error *e)
{
        url->is_as_sent = false;
        return text_is_utf8(text) ? 0 : refuse(e, "has bytes that are not UTF-8", "percent-encode them");
}

static int check_query(struct sigv4_url *url, struct error *e)
{
        struct slice query = url->query;
        size_t n = scan_span(query, path_byte);
        bool is_ascii = true;
        for (; n < query.n && (path_byte[query.p[n]] || query.p[n] == '?' || query.p[n] >= 0x80); n++)
                is_ascii = is_ascii && query.p[n] < 0x80;
        if (n < query.n)
                return refuse_byte(query.p[n], e);
        return is_ascii ? 0 : check_text(query, url, e);
}

// Takes the path off `rest`.
static int split_path(struct slice *rest, struct sigv4_url *url, struct error *e)
{
        size_t n = scan_span(*rest, path_byte);
        bool is_ascii = n == rest->n || rest->p[n] < 0x80;
        while (n < rest->n && (path_byte[rest->p[n]] || rest->p[n] >= 0x80))
                n++;
        url->has_path = n > 0;
        url->path = n > 0 ? slice_head(*rest, n) : SLICE("/");
        *rest = slice_from(*rest, n);
        if (rest->n > 0 && rest->p[0] != '?')
                return refuse_byte(rest->p[0], e);
        return is_ascii ? 0 : check_text(url->path, url, e);
}

// Length of the scheme, or 0. TLS decides which port is the default.
static size_t scheme_length(struct slice url, bool *ret_tls)
{
        static const struct {
                struct slice start;
                bool tls;
        } schemes[] = {{SLICE_INIT("https://"), true},
                       {SLICE_INIT("http://"), false},
                       {SLICE_INIT("wss://"), true},
                       {SLICE_INIT("ws://"), false}};
        *ret_tls = true;
        if (slice_starts_with(url, SLICE("https://"))) // nearly always
                return 5;
        for (size_t i = 0; i < LENGTH(schemes); i++) {
                *ret_tls = schemes[i].tls;
                if (slice_eq_ignore_case(slice_head(url, schemes[i].start.n), schemes[i].start))
                        return schemes[i].start.n - 3;
        }
        return 0;
}

int sigv4_parse_url(struct slice url, struct sigv4_url *ret, struct error *e)
{
        if (url.n > LIMIT_SIGN_URL) {
                error_set(e, ERROR_CONFIG, "the URL has %zu bytes", url.n);
                return error_hint(e, "at most %d can be signed", LIMIT_SIGN_URL);
        }
        bool tls = false;
        size_t scheme_n = scheme_length(url, &tls);
        if (scheme_n == 0)
                return refuse(e, "starts with neither https:// nor http://, wss:// nor ws://",
                              "use https://host/path?query");
        ret->scheme = slice_head(url, scheme_n);
        ret->default_port = tls ? 443 : 80;
        ret->is_as_sent = true;
        struct slice rest = slice_from(url, scheme_n + 3);
        if (split_host(&rest, ret, e) < 0 || split_path(&rest, ret, e) < 0)
                return -1;
        ret->has_query = rest.n > 0;
        ret->query = slice_from(rest, 1);
        return ret->has_query ? check_query(ret, e) : 0;
}

static const bool ascii[256] = {[0 ... 0x7f] = true};

// What means the same to S3 and to the servers that are like it. Of the rest, some compare the signature with the path
// as it was sent.
static const bool s3_path_byte[256] = {
    ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['0' ... '9'] = true, ['-'] = true, ['.'] = true,
    ['_'] = true,         ['~'] = true,         ['/'] = true,         ['%'] = true,
};

static void put_sent(struct slice text, const bool stays[256], struct buffer *out)
{
        for (;;) {
                size_t run = scan_span(text, stays);
                uint8_t escape[3];
                if (buffer_put(out, slice_head(text, run)) < 0 || run == text.n)
                        return;
                (void)uri_put_escape(escape, text.p[run] == '+' ? ' ' : text.p[run]);
                (void)buffer_put(out, slice_of(escape, sizeof(escape)));
                text = slice_from(text, run + 1);
        }
}

bool sigv4_url_is_as_sent(const struct sigv4_url *url, const struct service_rules *rules)
{
        return url->is_as_sent && !(rules->decodes_path && slice_find(url->path, '+') < url->path.n);
}

void sigv4_put_url(const struct sigv4_url *url, const struct service_rules *rules, struct buffer *out)
{
        size_t start = out->n;
        (void)buffer_put(out, url->scheme);
        for (size_t i = start; i < out->n; i++)
                out->p[i] = ascii_lower(out->p[i]);
        (void)buffer_put_str(out, "://");
        (void)buffer_put(out, url->host);
        if (url->has_path)
                put_sent(url->path, rules->decodes_path ? s3_path_byte : ascii, out);
        if (url->has_query)
                (void)buffer_put_byte(out, '?');
        put_sent(url->query, ascii, out);
}
