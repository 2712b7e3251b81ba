// SPDX-License-Identifier: Apache-2.0
// All texts have the form "action with peer: cause". They contain nothing of a request but its host and port.
#include "sidecar/io/http_error.h"

#include <errno.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>

#include "proto/mem/length.h"
#include "proto/wire/limits.h"

#define CHECK_PATH "check the route, firewalls and VPC endpoints between here and there"
#define CHECK_PROXY "check the proxy, and what it permits and reaches, or list the host in NO_PROXY"
#define SLOW_SERVER "the server is slow, or read_timeout_ms is too short"

// The peer of a failed step, and the step.
struct subject {
        const struct http_transfer *transfer;
        const struct http_proxy *proxy;
        enum http_phase phase;
        bool is_at_proxy; // the proxy has not connected to the target yet
        const char *doing;
        char peer[600];
};

// The proxy's status for CONNECT; 0: no answer yet, or no CONNECT was sent (reused connection).
static long connect_code_of(const struct http_transfer *t)
{
        long code = 0;
        (void)curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &code);
        return code;
}

static struct subject subject_of(const struct http_transfer *t)
{
        static const char *const doing[] = {
            [HTTP_RESOLVE] = "resolve", [HTTP_CONNECT] = "connect to", [HTTP_TLS] = "TLS with",
            [HTTP_SEND] = "request to", [HTTP_WAIT] = "request to",    [HTTP_ANSWER] = "request to"};
        struct subject s = {.transfer = t, .proxy = &t->proxy, .phase = http_transfer_phase(t)};
        bool has_tunnel = s.proxy->is_socks || (connect_code_of(t) > 0 && connect_code_of(t) < 300);
        s.is_at_proxy = s.proxy->variable && s.phase <= HTTP_TLS && (s.phase < HTTP_TLS || !has_tunnel);
        s.doing = s.is_at_proxy && s.phase == HTTP_TLS ? "tunnel through" : doing[s.phase];
        if (s.is_at_proxy)
                (void)snprintf(s.peer, sizeof(s.peer), "the proxy %s for %s", s.proxy->authority.text,
                               t->target.authority.text);
        else
                (void)snprintf(s.peer, sizeof(s.peer), "%s",
                               s.phase == HTTP_RESOLVE ? t->target.authority.host : t->target.authority.text);
        return s;
}

// Sets the advice as the hint, with the proxy settings of the environment.
static void hint(const struct subject *s, const char *advice, struct error *e)
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

// --- failures with details ---

static void cannot_connect(const struct subject *s, struct error *e)
{
        char text[128];
        long number = 0;
        (void)curl_easy_getinfo(s->transfer->easy, CURLINFO_OS_ERRNO, &number);
        const char *reason = number == 0              ? "failed"
                             : number == ECONNREFUSED ? "refused"
                             : number == ETIMEDOUT    ? "no answer"
                                                      : strerror_r((int)number, text, sizeof(text));
        error_set(e, ERROR_TRANSIENT, "connect to %s: %s", s->peer, reason);
        hint(s, number == ECONNREFUSED ? "nothing listens there: check host and port, and firewalls" : CHECK_PATH, e);
}

static void refused_certificate(const struct subject *s, struct error *e)
{
        long result = X509_V_OK;
        if (s->is_at_proxy) {
                error_set(e, ERROR_CONFIG, "TLS with %s: its certificate is not trusted, or for another host", s->peer);
                error_hint(e,
                           "name the certificate of the proxy's authority in ca_bundle or SSL_CERT_FILE, and check the "
                           "host in %s",
                           s->proxy->variable);
                return;
        }
        (void)curl_easy_getinfo(s->transfer->easy, CURLINFO_SSL_VERIFYRESULT, &result);
        // The chain is valid, but the certificate is for another host.
        if (result == X509_V_OK || result == X509_V_ERR_UNSPECIFIED) {
                error_set(e, ERROR_CONFIG, "TLS with %s: its certificate is not for this host (%s)", s->peer,
                          s->transfer->reason);
                error_hint(e, "check the host in endpoint_url; a proxy or DNS may lead to another machine");
                return;
        }
        error_set(e, ERROR_CONFIG, "TLS with %s: %s", s->peer, X509_verify_cert_error_string(result));
        if (result == X509_V_ERR_CERT_HAS_EXPIRED || result == X509_V_ERR_CERT_NOT_YET_VALID)
                error_hint(e, "check this machine's clock; else the server's certificate must be renewed");
        else
                error_hint(e, "if this server, or a proxy that opens TLS, has a private authority, name that one's "
                              "certificate in ca_bundle or SSL_CERT_FILE");
}

static void refused_by_proxy(const struct subject *s, long code, struct error *e)
{
        const char *meaning = code == 403 ? " (forbidden)" : code == 407 ? " (user name and password required)" : "";
        // Other codes may mean that the proxy cannot reach the host at the moment.
        error_set(e, code == 403 || code == 407 ? ERROR_CONFIG : ERROR_TRANSIENT, "%s %s: refused with HTTP %ld%s",
                  s->doing, s->peer, code, meaning);
        if (code != 407)
                hint(s, CHECK_PROXY, e);
        else
                error_hint(e,
                           s->proxy->has_user
                               ? "correct the user name and the password in %s; only Basic authentication is supported"
                               : "put them into %s, as http://user:password@host:port",
                           s->proxy->variable);
}

static void anything_else(const struct subject *s, CURLcode rc, struct error *e)
{
        // libcurl's own text may repeat the URL of a proxy, with its password.
        bool is_safe = s->transfer->reason[0] != '\0' && !s->proxy->variable;
        error_set(e, rc == CURLE_OUT_OF_MEMORY ? ERROR_INTERNAL : ERROR_TRANSIENT, "request to %s: %s", s->peer,
                  is_safe ? s->transfer->reason : curl_easy_strerror(rc));
}

// --- all failures ---

enum { CODES_MAX = 5 };

static const struct failure {
        CURLcode codes[CODES_MAX];
        enum error_kind kind;
        const char *doing; // NULL: by the phase
        const char *cause; // NULL: libcurl's text
        const char *advice;
} FAILURES[] = {
    {{CURLE_COULDNT_RESOLVE_HOST},
     ERROR_TRANSIENT,
     "resolve",
     "the name is not known, or no name server answers",
     "check the host name (the region in it), and this machine's DNS with \"getent hosts\""},
    {{CURLE_COULDNT_RESOLVE_PROXY},
     ERROR_TRANSIENT,
     "resolve",
     "the name is not known, or no name server answers",
     "check the proxy's name, or list the host in NO_PROXY"},
    {{CURLE_SSL_CONNECT_ERROR},
     ERROR_TRANSIENT,
     "TLS with",
     NULL,
     "the connection stands, but the handshake failed: is that an HTTPS port"},
    // The last one: a reused connection was closed, and the source of the request's body cannot restart.
    {{CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_ABORTED_BY_CALLBACK},
     ERROR_TRANSIENT,
     NULL,
     "the connection was closed before the answer was whole",
     "this passes when the server restarts; else check the proxies and firewalls between here and there"},
    // HTTP/0.9, or not HTTP; the last one: a switch to another protocol (101).
    {{CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING, CURLE_WRITE_ERROR},
     ERROR_PROTOCOL,
     NULL,
     "the answer is not HTTP/1.1",
     "check host and port of endpoint_url"},
};

static const struct failure *find_failure(CURLcode rc)
{
        for (size_t i = 0; i < LENGTH(FAILURES); i++)
                for (size_t j = 0; j < CODES_MAX; j++)
                        if (FAILURES[i].codes[j] == rc)
                                return &FAILURES[i];
        return NULL;
}

static void set_failure(const struct subject *s, CURLcode rc, struct error *e)
{
        const struct failure *f = find_failure(rc);
        if (rc == CURLE_COULDNT_CONNECT) {
                cannot_connect(s, e);
        } else if (rc == CURLE_PEER_FAILED_VERIFICATION) {
                refused_certificate(s, e);
        } else if (!f) {
                anything_else(s, rc, e);
        } else {
                error_set(e, f->kind, "%s %s: %s", f->doing ? f->doing : s->doing, s->peer,
                          f->cause ? f->cause : s->transfer->reason);
                hint(s, f->advice, e);
        }
}

void http_error_from_curl(const struct http_transfer *t, CURLcode rc, struct error *e)
{
        struct subject s = subject_of(t);
        long connect_code = connect_code_of(t);
        // libcurl's code for a header line over its own limit (100 KiB).
        bool is_line_too_long = rc == CURLE_OUT_OF_MEMORY && s.phase == HTTP_ANSWER && !t->has_head;
        if (t->head.bytes.no_memory || t->trailers.bytes.no_memory) {
                error_set(e, ERROR_INTERNAL, "request to %s: out of memory for the answer", s.peer);
        } else if (t->head.is_too_large || t->trailers.is_too_large || is_line_too_long) {
                error_set(e, ERROR_PROTOCOL,
                          "request to %s: the head of the answer is larger than %d bytes or %d lines", s.peer,
                          (int)LIMIT_UPSTREAM_HEADER, (int)HTTP_FIELDS_MAX);
                error_hint(e, "check that endpoint_url names the AWS service");
        } else if (connect_code >= 300) {
                refused_by_proxy(&s, connect_code, e);
        } else if (rc == CURLE_OPERATION_TIMEDOUT) { // libcurl's time-out covers only connecting
                http_error_timed_out(t, t->connect_timeout_ms, false, e);
        } else {
                set_failure(&s, rc, e);
        }
}

// --- time-outs ---

void http_error_timed_out(const struct http_transfer *t, int64_t timeout_ms, bool is_silence, struct error *e)
{
        static const struct {
                const char *cause, *advice;
        } rows[] = {[HTTP_RESOLVE] = {"no answer from DNS", "check this machine's name servers with \"getent hosts\""},
                    [HTTP_CONNECT] = {"no answer", CHECK_PATH},
                    [HTTP_TLS] = {"no answer", "the connection stands, but the handshake gets no answer"},
                    [HTTP_SEND] = {"the body was not sent", SLOW_SERVER},
                    [HTTP_WAIT] = {"sent, but no answer", SLOW_SERVER},
                    [HTTP_ANSWER] = {"the answer was not whole", SLOW_SERVER}};
        struct subject s = subject_of(t);
        bool is_stalled = is_silence && s.phase == HTTP_ANSWER;
        error_set(e, ERROR_TRANSIENT, "%s %s: %s within %lld ms", s.doing, s.peer,
                  is_stalled ? "no more of the answer came" : rows[s.phase].cause, (long long)timeout_ms);
        hint(&s, s.is_at_proxy ? CHECK_PROXY : rows[s.phase].advice, e);
        e->timed_out = true;
}
