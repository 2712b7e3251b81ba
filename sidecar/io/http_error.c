// SPDX-License-Identifier: Apache-2.0
// Nothing of a request but its host and port gets into a text.
#include "sidecar/io/http_error.h"

#include <errno.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>

#include "proto/wire/limits.h"

struct subject {
        const struct http_transfer *transfer;
        const struct http_proxy *proxy;
        const char *host, *authority; // of the target
};

static struct subject subject_of(const struct http_transfer *t)
{
        return (struct subject){t, &t->proxy, t->target.authority.host, t->target.authority.text};
}

// What the proxy has answered to CONNECT; 0: nothing yet, or it is not asked (a connection that is used again).
static long connect_code_of(const struct subject *s)
{
        long code = 0;
        (void)curl_easy_getinfo(s->transfer->easy, CURLINFO_HTTP_CONNECTCODE, &code);
        return code;
}

// While connecting: whether the other side is still the proxy.
static bool is_at_proxy(const struct subject *s)
{
        return s->proxy->variable && !s->proxy->is_socks && connect_code_of(s) == 0;
}

// What the environment says of proxies, as the end of a hint about connections.
static void hint_connection(const struct subject *s, const char *advice, struct error *e)
{
        if (s->transfer->target.is_local)
                error_hint(e, "%s", advice);
        else if (s->proxy->variable)
                error_hint(e, "%s; %s=%s is in force for hosts that NO_PROXY does not list", advice, s->proxy->variable,
                           s->proxy->authority.text);
        else if (s->proxy->exempted_from)
                error_hint(e, "%s; NO_PROXY exempts this host from %s", advice, s->proxy->exempted_from);
        else
                error_hint(e, "%s; if this network needs a proxy, set HTTPS_PROXY (none is set)", advice);
}

// --- DNS ---

static void cannot_resolve(const struct subject *s, struct error *e)
{
        error_set(e, ERROR_TRANSIENT, "resolve %s: the name is not known, or no name server answers", s->host);
        hint_connection(s, "check the host name (the region in it), and this machine's DNS with \"getent hosts\"", e);
}

static void cannot_resolve_proxy(const struct subject *s, struct error *e)
{
        error_set(e, ERROR_TRANSIENT, "resolve the proxy %s for %s: the name is not known, or no name server answers",
                  s->proxy->authority.text, s->authority);
        hint_connection(s, "check the proxy's name, or list the host in NO_PROXY", e);
}

// --- TCP ---

static const char *connect_reason(long number, char *room, size_t size)
{
        switch (number) {
        case 0:
                return "failed";
        case ECONNREFUSED:
                return "refused";
        case ETIMEDOUT:
                return "no answer";
        default:
                return strerror_r((int)number, room, size);
        }
}

static void cannot_connect(const struct subject *s, struct error *e)
{
        char room[128];
        long number = 0;
        (void)curl_easy_getinfo(s->transfer->easy, CURLINFO_OS_ERRNO, &number);
        const char *reason = connect_reason(number, room, sizeof(room));
        if (s->proxy->variable)
                error_set(e, ERROR_TRANSIENT, "connect to the proxy %s for %s: %s", s->proxy->authority.text,
                          s->authority, reason);
        else
                error_set(e, ERROR_TRANSIENT, "connect to %s: %s", s->authority, reason);
        hint_connection(s,
                        number == ECONNREFUSED ? "nothing listens there: check host and port, and firewalls"
                                               : "check the route, firewalls and VPC endpoints between here and there",
                        e);
}

// --- TLS ---

static void refused_proxy_certificate(const struct subject *s, struct error *e)
{
        error_set(e, ERROR_CONFIG, "TLS with the proxy %s: its certificate is not trusted, or for another host",
                  s->proxy->authority.text);
        error_hint(e,
                   "name the certificate of the proxy's authority in ca_bundle or SSL_CERT_FILE, and check the host "
                   "in %s",
                   s->proxy->variable);
}

static void refused_certificate(const struct subject *s, struct error *e)
{
        long result = X509_V_OK;
        if (s->proxy->is_tls && is_at_proxy(s)) {
                refused_proxy_certificate(s, e);
                return;
        }
        (void)curl_easy_getinfo(s->transfer->easy, CURLINFO_SSL_VERIFYRESULT, &result);
        // The chain is good, but the certificate is another host's: libcurl looks at the name first.
        bool is_other_host = result == X509_V_OK || result == X509_V_ERR_UNSPECIFIED;
        if (is_other_host)
                error_set(e, ERROR_CONFIG, "TLS with %s: its certificate is not for this host (%s)", s->authority,
                          s->transfer->reason);
        else
                error_set(e, ERROR_CONFIG, "TLS with %s: %s", s->authority, X509_verify_cert_error_string(result));
        switch (result) {
        case X509_V_OK:
        case X509_V_ERR_UNSPECIFIED:
                error_hint(e, "check the host in endpoint_url; a proxy or DNS may lead to another machine");
                break;
        case X509_V_ERR_CERT_HAS_EXPIRED:
        case X509_V_ERR_CERT_NOT_YET_VALID:
                error_hint(e, "check this machine's clock; else the server's certificate must be renewed");
                break;
        default:
                error_hint(e, "if this server, or a proxy that opens TLS, has a private authority, name that one's "
                              "certificate in ca_bundle or SSL_CERT_FILE");
        }
}

static void failed_handshake(const struct subject *s, struct error *e)
{
        if (s->proxy->is_tls && is_at_proxy(s))
                error_set(e, ERROR_TRANSIENT, "TLS with the proxy %s: %s", s->proxy->authority.text,
                          s->transfer->reason);
        else
                error_set(e, ERROR_TRANSIENT, "TLS with %s: %s", s->authority, s->transfer->reason);
        hint_connection(s, "the connection stands, but the handshake failed: is that an HTTPS port", e);
}

// --- HTTP ---

static void refused_by_proxy(const struct subject *s, long code, struct error *e)
{
        bool needs_interaction =
            code == 403 || code == 407; // else it may be that the proxy cannot reach the host just now
        error_set(e, needs_interaction ? ERROR_CONFIG : ERROR_TRANSIENT,
                  "the proxy %s refuses a connection to %s: HTTP %ld%s", s->proxy->authority.text, s->authority, code,
                  code == 403   ? " (forbidden)"
                  : code == 407 ? " (it wants a user name and a password)"
                                : "");
        if (code != 407)
                hint_connection(s, "check what the proxy permits and reaches, or list the host in NO_PROXY", e);
        else
                error_hint(e,
                           s->proxy->has_user ? "correct the user name and the password in %s; Basic is what is sent"
                                              : "put them into %s, as http://user:password@host:port",
                           s->proxy->variable);
}

static void cut_off(const struct subject *s, struct error *e)
{
        if (s->proxy->variable && http_transfer_phase(s->transfer) < HTTP_WAIT && is_at_proxy(s))
                error_set(e, ERROR_TRANSIENT, "the proxy %s closed the connection before there was one to %s",
                          s->proxy->authority.text, s->authority);
        else
                error_set(e, ERROR_TRANSIENT, "%s closed the connection before its answer was whole", s->authority);
        hint_connection(s, "this passes when the server restarts; else look at what stands between", e);
}

static void not_http(const struct subject *s, struct error *e)
{
        error_set(e, ERROR_PROTOCOL, "%s answers with something that is not HTTP/1.1", s->authority);
        error_hint(e, "check host and port of endpoint_url");
}

static void too_large(const struct subject *s, struct error *e)
{
        error_set(e, ERROR_PROTOCOL, "the answer of %s is larger than %d bytes, or its head than %d", s->authority,
                  (int)LIMIT_UPSTREAM_BODY, (int)LIMIT_UPSTREAM_HEADER);
        error_hint(e, "check that endpoint_url names the AWS service");
}

static void anything_else(const struct subject *s, CURLcode rc, struct error *e)
{
        // libcurl's own words may repeat the URL of a proxy, with its password.
        bool is_bare = s->transfer->reason[0] != '\0' && !s->proxy->variable;
        error_set(e, rc == CURLE_OUT_OF_MEMORY ? ERROR_INTERNAL : ERROR_TRANSIENT, "request to %s: %s", s->authority,
                  is_bare ? s->transfer->reason : curl_easy_strerror(rc));
}

void http_error_from_curl(const struct http_transfer *t, CURLcode rc, struct error *e)
{
        struct subject s = subject_of(t);
        long connect_code = connect_code_of(&s);
        // What libcurl says of a single header line that is longer than it takes (100 KiB).
        bool is_line_too_long =
            rc == CURLE_OUT_OF_MEMORY && http_transfer_phase(t) == HTTP_ANSWER && !http_transfer_is_whole(t);
        if (t->head.no_memory || t->body.no_memory) {
                error_set(e, ERROR_INTERNAL, "request to %s: out of memory for the answer", s.authority);
                return;
        }
        if (t->is_too_large || is_line_too_long) {
                too_large(&s, e);
                return;
        }
        if (connect_code >= 300) {
                refused_by_proxy(&s, connect_code, e);
                return;
        }
        switch (rc) {
        case CURLE_COULDNT_RESOLVE_HOST:
                cannot_resolve(&s, e);
                break;
        case CURLE_COULDNT_RESOLVE_PROXY:
                cannot_resolve_proxy(&s, e);
                break;
        case CURLE_COULDNT_CONNECT:
                cannot_connect(&s, e);
                break;
        case CURLE_OPERATION_TIMEDOUT: // libcurl watches the connecting only
                http_error_timed_out(t, t->connect_timeout_ms, e);
                break;
        case CURLE_PEER_FAILED_VERIFICATION:
                refused_certificate(&s, e);
                break;
        case CURLE_SSL_CONNECT_ERROR:
                failed_handshake(&s, e);
                break;
        case CURLE_GOT_NOTHING:
        case CURLE_PARTIAL_FILE:
        case CURLE_RECV_ERROR:
        case CURLE_SEND_ERROR:
                cut_off(&s, e);
                break;
        case CURLE_UNSUPPORTED_PROTOCOL: // as libcurl calls an answer of HTTP/0.9
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_BAD_CONTENT_ENCODING:
                not_http(&s, e);
                break;
        case CURLE_FILESIZE_EXCEEDED:
                too_large(&s, e);
                break;
        default:
                anything_else(&s, rc, e);
        }
}

// No connection to the target in time, because of the proxy.
static void proxy_timed_out(const struct subject *s, enum http_phase phase, long long ms, struct error *e)
{
        const char *proxy = s->proxy->authority.text;
        if (phase == HTTP_RESOLVE)
                error_set(e, ERROR_TRANSIENT, "resolve the proxy %s for %s: no answer from DNS within %lld ms", proxy,
                          s->authority, ms);
        else if (phase == HTTP_CONNECT)
                error_set(e, ERROR_TRANSIENT, "connect to the proxy %s for %s: no answer within %lld ms", proxy,
                          s->authority, ms);
        else
                error_set(e, ERROR_TRANSIENT, "the proxy %s made no connection to %s within %lld ms", proxy,
                          s->authority, ms);
        hint_connection(s, "check the proxy, and what it permits and reaches, or list the host in NO_PROXY", e);
}

void http_error_timed_out(const struct http_transfer *t, int64_t timeout_ms, struct error *e)
{
        struct subject s = subject_of(t);
        enum http_phase phase = http_transfer_phase(t);
        long long ms = (long long)timeout_ms;
        if (s.proxy->variable && phase < HTTP_WAIT && (phase < HTTP_TLS || is_at_proxy(&s))) {
                proxy_timed_out(&s, phase, ms, e);
                e->timed_out = true;
                return;
        }
        switch (phase) {
        case HTTP_RESOLVE:
                error_set(e, ERROR_TRANSIENT, "resolve %s: no answer from DNS within %lld ms", s.host, ms);
                hint_connection(&s, "check this machine's name servers with \"getent hosts\"", e);
                break;
        case HTTP_CONNECT:
                error_set(e, ERROR_TRANSIENT, "connect to %s: no answer within %lld ms", s.authority, ms);
                hint_connection(&s, "check the route, firewalls and VPC endpoints between here and there", e);
                break;
        case HTTP_TLS:
                error_set(e, ERROR_TRANSIENT, "TLS with %s: no answer within %lld ms", s.authority, ms);
                hint_connection(&s, "the connection stands, but the handshake gets no answer", e);
                break;
        case HTTP_WAIT:
                error_set(e, ERROR_TRANSIENT, "request to %s: sent, but no answer within %lld ms", s.authority, ms);
                hint_connection(&s, "the server is slow, or read_timeout_ms is too short", e);
                break;
        case HTTP_ANSWER:
                error_set(e, ERROR_TRANSIENT, "request to %s: the answer was not whole within %lld ms", s.authority,
                          ms);
                hint_connection(&s, "the server is slow, or read_timeout_ms is too short", e);
                break;
        }
        e->timed_out = true;
}
