// SPDX-License-Identifier: Apache-2.0
// The role of an EC2 instance by its metadata service, IMDSv2 alone: a session token (kept while it is good, renewed
// once when it is refused), the role's name, its credentials. AWS SDKs go on to use credentials from here after their
// end when no newer ones are to be had; they are an error here, as whoever asks decides that for itself. Loop thread
// only.
#include <stdlib.h>

#include "proto/mem/text.h"
#include "proto/mem/time.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/config/values.h"
#include "sidecar/io/http_client.h"
#include "sidecar/providers/host_answer.h"
#include "sidecar/providers/imds_hints.h"
#include "sidecar/providers/sources.h"

#define PATH_TOKEN "/latest/api/token"
#define PATH_ROLE "/latest/meta-data/iam/security-credentials/"
#define TTL_FIELD "x-aws-ec2-metadata-token-ttl-seconds"
#define TTL_ASKED_S 21600 // AWS's longest

enum {
        CONNECT_TIMEOUT_MS = 1000, // it is on this host, or not there at all
        READ_TIMEOUT_MS = 1000,
        TOKEN_MARGIN_S = 120, // a token is not used up to its last second
        ROLE_SIZE = 129,      // of a role's name, 64 today
        URL_MAX = 16 * 1024
};

struct imds {
        struct provider base; // first: the interface is cast back
        struct provider_deps deps;
        struct upstream_clock time; // EC2's clock
        struct secret token;
        int64_t token_until_ms; // boot clock; not reused from here on
        char role[ROLE_SIZE];
        enum imds_step step;
        struct http_call *call;
        bool has_renewed; // the token, in this run
        bool is_cancelled;
};

static int add_context(const struct imds *m, struct error *e)
{
        return error_context(e, "instance metadata at %.256s", m->base.profile->imds.endpoint);
}

// --- requests ---

static void imds_answered(void *arg, const struct http_response *response, const struct error *error);

static int make_url(const struct imds *m, struct buffer *url, struct error *e)
{
        (void)buffer_put_str(url, m->base.profile->imds.endpoint);
        (void)buffer_put_str(url, m->step == IMDS_TOKEN ? PATH_TOKEN : PATH_ROLE);
        if (m->step == IMDS_CREDENTIALS)
                (void)buffer_put_str(url, m->role);
        return buffer_c_str(url) ? 0 : error_set(e, ERROR_INTERNAL, "out of memory, or the endpoint is too long");
}

static int send_step(struct imds *m, enum imds_step step, struct error *e)
{
        const struct profile *p = m->base.profile;
        const struct http_field ttl = {SLICE("X-aws-ec2-metadata-token-ttl-seconds"), SLICE("21600")};
        const struct http_field token = {SLICE("X-aws-ec2-metadata-token"), secret_expose(&m->token)};
        int64_t connect_ms = p->connect_timeout_ms > 0 ? p->connect_timeout_ms : CONNECT_TIMEOUT_MS;
        int64_t read_ms = p->read_timeout_ms > 0 ? p->read_timeout_ms : READ_TIMEOUT_MS;
        struct buffer url;
        buffer_init(&url, URL_MAX);
        m->step = step;
        if (make_url(m, &url, e) == 0) {
                const struct http_request request = {
                    .method = step == IMDS_TOKEN ? "PUT" : "GET",
                    .url = (const char *)url.p,
                    .fields = step == IMDS_TOKEN ? &ttl : &token,
                    .fields_count = 1,
                    .connect_timeout_ms = connect_ms,
                    .total_timeout_ms = connect_ms + read_ms,
                    .ca_bundle = p->ca_bundle,
                };
                m->call = http_client_start(m->deps.http, &request, imds_answered, m, e);
        }
        buffer_free(&url);
        return m->call ? 0 : -1;
}

// --- answers ---

static int refuse_foreign(const struct imds *m, const char *what, struct error *e)
{
        (void)error_set(e, ERROR_PROTOCOL, "%s: the answer %s", imds_step_name(m->step), what);
        return error_hint(e, "Something other than the instance metadata service may have answered: check "
                             "\"endpoint\".");
}

// Without a life of its own a token serves this run alone.
static int take_token(struct imds *m, const struct http_response *response, struct error *e)
{
        struct slice token = slice_trim(response->body);
        uint64_t ttl_s = 0;
        if (!values_is_authorization(token))
                return refuse_foreign(m, "is no session token", e);
        secret_clear(&m->token);
        if (secret_copy(&m->token, token) < 0)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        m->token_until_ms = 0;
        if (text_parse_u64(slice_trim(http_response_field(response, SLICE(TTL_FIELD))), &ttl_s) == 0 &&
            ttl_s > TOKEN_MARGIN_S && ttl_s <= TTL_ASKED_S)
                m->token_until_ms = response->boot_ms + ((int64_t)ttl_s - TOKEN_MARGIN_S) * 1000;
        return send_step(m, IMDS_ROLE, e);
}

static bool is_role_name(struct slice name)
{
        static const char more[] = "_+=,.@-";
        for (size_t i = 0; i < name.n; i++) {
                uint8_t c = name.p[i];
                bool is_alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
                if (!is_alphanumeric && !memchr(more, c, sizeof(more) - 1))
                        return false;
        }
        return name.n < ROLE_SIZE;
}

// A name a line; there is never more than one.
static int take_role(struct imds *m, const struct http_response *response, struct error *e)
{
        struct slice name = slice_trim(response->body);
        name = slice_trim(slice_head(name, slice_find(name, '\n')));
        if (slice_is_empty(name))
                return imds_hints_no_role(e);
        if (!is_role_name(name))
                return refuse_foreign(m, "is no role's name", e);
        memcpy(m->role, name.p, name.n);
        m->role[name.n] = '\0';
        return send_step(m, IMDS_CREDENTIALS, e);
}

static int take_credentials(struct imds *m, const struct http_response *response, struct credentials **ret,
                            struct error *e)
{
        struct buffer scratch;
        struct answer answer;
        int64_t date_s;
        buffer_init(&scratch, LIMIT_UPSTREAM_BODY);
        int r = host_answer_read(response->body, &scratch, &answer, e);
        if (r < 0) {
                (void)answer_unreadable(&host_answer_imds, response->status, response->body.n, e);
        } else if (answer.code.n > 0 && !slice_eq_ignore_case(answer.code, SLICE("Success"))) {
                r = imds_hints_code(answer.code, answer.message, e);
        } else {
                if (time_parse_http_date(slice_trim(http_response_field(response, SLICE("date"))), &date_s) == 0)
                        upstream_clock_learn(&m->time, date_s, response->boot_ms);
                r = answer_credentials(&answer, &host_answer_imds, &m->time, m->deps.clock, ret, e);
        }
        buffer_free(&scratch);
        return r;
}

// 0: credentials, or the next request is under way.
static int take_answer(struct imds *m, const struct http_response *response, struct credentials **ret, struct error *e)
{
        if (response->status == 401 && m->step != IMDS_TOKEN && !m->has_renewed) {
                m->has_renewed = true;
                secret_clear(&m->token);
                return send_step(m, IMDS_TOKEN, e);
        }
        if (response->status != 200)
                return imds_hints_status(m->step, response->status, e);
        switch (m->step) {
        case IMDS_TOKEN:
                return take_token(m, response, e);
        case IMDS_ROLE:
                return take_role(m, response, e);
        case IMDS_CREDENTIALS:
                break;
        }
        return take_credentials(m, response, ret, e);
}

static void imds_answered(void *arg, const struct http_response *response, const struct error *error)
{
        struct imds *m = arg;
        struct error e = {0};
        struct credentials *c = NULL;
        m->call = NULL;
        if (m->is_cancelled) {
                (void)error_set(&e, ERROR_CANCELLED, "cancelled");
        } else if (error) {
                e = *error;
                imds_hints_unreachable(m->step, &e);
                (void)add_context(m, &e);
        } else if (take_answer(m, response, &c, &e) < 0) {
                (void)add_context(m, &e);
        } else if (!c) {
                return;
        }
        if (c == NULL && m->step != IMDS_CREDENTIALS)
                secret_clear(&m->token); // it may be why
        provider_finish(&m->base, c, c ? NULL : &e);
}

// --- the provider ---

static int refuse_disabled(struct error *e)
{
        (void)error_set(e, ERROR_CONFIG, "AWS_EC2_METADATA_DISABLED=true forbids the instance metadata service");
        return error_hint(e, "Unset AWS_EC2_METADATA_DISABLED for the agent, or use another type of profile.");
}

static int imds_start(struct provider *p, struct error *e)
{
        struct imds *m = (struct imds *)p;
        m->is_cancelled = false;
        m->has_renewed = false;
        if (m->base.profile->imds.is_disabled)
                return refuse_disabled(e);
        bool has_token = m->token.n > 0 && clock_boot_ms(m->deps.clock) < m->token_until_ms;
        return send_step(m, has_token ? IMDS_ROLE : IMDS_TOKEN, e) < 0 ? add_context(m, e) : 0;
}

static void imds_cancel(struct provider *p)
{
        struct imds *m = (struct imds *)p;
        m->is_cancelled = true;
        if (m->call)
                http_call_cancel(m->call);
}

static void imds_destroy(struct provider *p)
{
        struct imds *m = (struct imds *)p;
        secret_clear(&m->token);
        free(m);
}

int provider_imds_new(const struct provider_deps *deps, const struct profile *profile, struct provider **ret,
                      struct error *e)
{
        static const struct provider_ops ops = {imds_start, imds_cancel, imds_destroy};
        struct imds *m = calloc(1, sizeof(*m));
        if (!m)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        *m = (struct imds){.base = {.ops = &ops, .profile = profile}, .deps = *deps};
        *ret = &m->base;
        return 0;
}
