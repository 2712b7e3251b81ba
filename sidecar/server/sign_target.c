// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/sign_target.h"

#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "sidecar/base/allow.h"
#include "sidecar/server/exchange.h"
#include "sidecar/server/peer_log.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/sign_policy.h"
#include "sidecar/server/sign_work.h"
#include "sidecar/server/state.h"
#include "sidecar/signing/hosts.h"
#include "sidecar/signing/sigv4_host.h"

// Everything that decides about a request.
struct target {
        struct sign_subject subject;
        struct host_scope of_host;
        bool has_scope;         // of_host is known
        struct slice authority; // what is signed as the host, in lower case
};

// --- the host that is signed ---

static int refuse_host(struct exchange *x, struct error *e, const char *hint)
{
        error_hint(e, "%s", hint);
        sign_work_send_error(x, API_INVALID_REQUEST, e);
        return -1;
}

// A Host header replaces the URL's host.
static int read_host(struct exchange *x, struct sign_work *w, struct target *t)
{
        const struct sign_request *request = &w->request;
        const struct header *header = NULL;
        struct error e;
        size_t n = 0;
        t->authority = w->url.host;
        for (size_t i = 0; i < request->headers_count; i++) {
                if (!slice_eq_ignore_case(request->headers[i].name, SLICE("host")))
                        continue;
                if (header) {
                        error_set(&e, ERROR_CONFIG, "the request has the header host twice");
                        return refuse_host(x, &e, "send it once");
                }
                header = &request->headers[i];
        }
        struct slice value = header ? slice_trim(header->value) : slice_of(NULL, 0);
        if (value.n == 0) // the signer refuses an empty header
                return 0;
        if (sigv4_host_write(value, w->url.default_port, w->host, &n) != SIGV4_HOST_OK) {
                error_set(&e, ERROR_CONFIG, "invalid header host: \"%.*s\"", (int)slice_head(value, SIGN_SHOWN_MAX).n,
                          (const char *)value.p);
                return refuse_host(x, &e, "give the name or the address of a host, with or without a port");
        }
        t->authority = slice_of(w->host, n);
        return 0;
}

static void split_authority(struct target *t, uint64_t default_port)
{
        struct slice host = t->authority;
        size_t n = host.p[0] == '[' ? slice_find(host, ']') + 1 : slice_find(host, ':');
        t->subject.host = slice_head(host, n);
        if (slice_ends_with(t->subject.host, SLICE("."))) // of the root: the same name
                t->subject.host.n--;
        t->subject.port = default_port;
        if (n < host.n && text_parse_u64(slice_from(host, n + 1), &t->subject.port) < 0)
                t->subject.port = 0; // none: sigv4_host_write() wrote it
}

// --- service and region ---

static const struct host_scope *scope_of_host(struct target *t)
{
        if (!t->has_scope)
                t->of_host = host_scope(t->authority, t->subject.path);
        t->has_scope = true;
        return &t->of_host;
}

static struct slice either(struct slice a, struct slice b)
{
        return a.n > 0 ? a : b;
}

// The rule's default goes before the profile's.
static struct slice default_of(const char *of_rule, const char *of_profile)
{
        return slice_str(of_rule && of_rule[0] ? of_rule : of_profile);
}

// Few requests need what the host says: most name service and region, and most profiles list no hosts.
static void choose_scope(struct target *t, const struct sign_request *request, const struct server_profile *profile,
                         const struct sign_limits *of_rule)
{
        static const struct sign_limits none = {.service = NULL};
        const struct sign_limits *rule = of_rule ? of_rule : &none;
        struct sign_subject *s = &t->subject;
        struct slice service = default_of(rule->service, profile->sign.service);
        struct slice region = default_of(rule->region, profile->sign.region);
        bool is_given = either(request->service, service).n > 0 && either(request->region, region).n > 0;
        if (!is_given || profile->sign.hosts_count > 0 || rule->hosts_count > 0) {
                const struct host_scope *of_host = scope_of_host(t);
                const struct slice fallback = of_host->region;
                s->host_service = of_host->service;
                s->host_region = of_host->is_any_region ? slice_of(NULL, 0) : of_host->region;
                service = either(service, s->host_service);
                region = either(either(region, s->host_region), either(slice_str(profile->region), fallback));
        }
        s->implied_service = service;
        s->implied_region = region;
        s->service = either(request->service, service);
        s->region = either(request->region, region);
}

static int refuse_scope(struct exchange *x, const struct target *t)
{
        problem_sendf(x, API_INVALID_REQUEST,
                      "give \"service\" and \"region\" in the request, or as defaults in the profile's \"sign\"",
                      "cannot infer the AWS %s from the host \"%.*s\"",
                      t->subject.service.n == 0 ? "service" : "region", (int)t->authority.n,
                      (const char *)t->authority.p);
        return -1;
}

// --- what the profile allows ---

static const struct {
        const char *why, *what, *key;
} refusals[] = {
    [SIGN_NOT_METHOD] = {"method", "the method ", "methods"},
    [SIGN_NOT_HOST] = {"host", "the host ", "hosts"},
    [SIGN_NOT_PATH] = {"path", "this path", "paths"},
    [SIGN_NOT_HEADER] = {"resource", "a header or query parameter that names another resource than the path", NULL},
    [SIGN_NOT_SERVICE] = {"service", "the service ", "services"},
    [SIGN_NOT_REGION] = {"region", "the region ", "regions"},
};

static struct slice refused_value(const struct target *t, enum sign_verdict verdict)
{
        const struct sign_subject *s = &t->subject;
        return verdict == SIGN_NOT_METHOD    ? s->method
               : verdict == SIGN_NOT_HOST    ? t->authority
               : verdict == SIGN_NOT_SERVICE ? s->service
               : verdict == SIGN_NOT_REGION  ? s->region
                                             : slice_of(NULL, 0);
}

static int refuse(struct exchange *x, const struct target *t, enum sign_verdict verdict)
{
        struct error e;
        const struct slice value = slice_head(refused_value(t, verdict), SIGN_SHOWN_MAX);
        const char *quote = value.n > 0 ? "\"" : "";
        PEER_LOG(x->server, x->peer->uid, LOG_LEVEL_WARN, "sign_denied", LOG_STR("profile", x->profile->name),
                 LOG_STR("why", refusals[verdict].why), LOG_SLICE("host", t->authority), LOG_INT("uid", x->peer->uid),
                 LOG_INT("gid", x->peer->gid), LOG_INT("pid", x->peer->pid));
        error_set(&e, ERROR_CONFIG, "the profile does not sign for %s%s%.*s%s", refusals[verdict].what, quote,
                  (int)value.n, (const char *)value.p, quote);
        if (verdict == SIGN_NOT_HEADER)
                error_hint(&e, "leave it out: a profile with \"sign\": {\"paths\": [...]} signs for the path alone");
        else
                error_hint(&e, "add it to \"sign\": {\"%s\": [...]} of the profile, and of the rule in its \"allow\"%s",
                           refusals[verdict].key,
                           verdict == SIGN_NOT_PATH ? "; a path with dot segments or encoded twice is never signed"
                                                    : "");
        sign_work_send_error(x, API_TARGET_NOT_ALLOWED, &e);
        return -1;
}

static int finish(struct exchange *x, const struct target *t, enum sign_verdict verdict)
{
        if (verdict == SIGN_UNKNOWN)
                return refuse_scope(x, t);
        return verdict == SIGN_ALLOWED ? 0 : refuse(x, t, verdict);
}

static int64_t least(int64_t a, int64_t b)
{
        return a == 0 || (b != 0 && b < a) ? b : a;
}

// By the profile's limits and those of one rule (NULL: it has none).
static enum sign_verdict decide(const struct exchange *x, struct sign_work *w, struct target *t,
                                const struct sign_limits *of_rule)
{
        choose_scope(t, &w->request, x->profile, of_rule);
        enum sign_verdict verdict = sign_policy_check(&x->profile->sign, &t->subject);
        if (verdict == SIGN_ALLOWED && of_rule)
                verdict = sign_policy_check(of_rule, &t->subject);
        if (verdict == SIGN_ALLOWED && (t->subject.service.n == 0 || t->subject.region.n == 0))
                verdict = SIGN_UNKNOWN;
        w->service = t->subject.service;
        w->region = t->subject.region;
        w->max_expires_in_s = least(x->profile->sign.max_expires_in, of_rule ? of_rule->max_expires_in : 0);
        return verdict;
}

int sign_target_decide(struct exchange *x, struct sign_work *w)
{
        struct target t = {.has_scope = false};
        const struct server_profile *p = x->profile;
        t.subject = (struct sign_subject){.method = w->request.method,
                                          .path = w->url.path,
                                          .query = w->url.query,
                                          .headers = w->request.headers,
                                          .headers_count = w->request.headers_count};
        if (read_host(x, w, &t) < 0)
                return -1;
        split_authority(&t, w->url.default_port);
        if (p->allow_count == 0)
                return finish(x, &t, decide(x, w, &t, NULL));
        enum sign_verdict verdict = SIGN_NOT_HOST; // one rule at least gives the scope to the peer: access_check()
        const struct allow_rule *rule = NULL;
        while (verdict != SIGN_ALLOWED &&
               (rule = allow_next(p->allow, p->allow_count, x->peer->uid, x->peer->gid, x->route->scope, rule)))
                verdict = decide(x, w, &t, rule->sign);
        return finish(x, &t, verdict);
}
