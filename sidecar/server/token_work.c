// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/token_work.h"

#include "proto/wire/http_whole.h"
#include "sidecar/server/exchange.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/state.h"
#include "sidecar/server/token_request.h"
#include "sidecar/server/wait_query.h"

enum { STS_URL_SIZE = 192 };

// Where the URL needs the region, it is known before the host is. Elsewhere it may follow from the host.
static int choose_region(struct exchange *x, const struct token_kind *kind, struct token_request *r)
{
        const struct server_profile *p = x->profile;
        struct slice *region = &r->values[TOKEN_REGION];
        if (kind->type == TOKEN_RDS || kind->type == TOKEN_DSQL)
                return 0;
        if (region->n == 0)
                *region = slice_str(p->sign.region);
        if (region->n == 0)
                *region = slice_str(p->region);
        if (region->n > 0)
                return 0;
        problem_sendf(x, API_INVALID_REQUEST, "give \"region\" in the request, or \"region\" in the profile",
                      "the region of the token is unknown");
        return -1;
}

// A token for EKS is a request to STS. *text keeps its host.
static int choose_sts(struct exchange *x, struct token_request *r, char text[STS_URL_SIZE])
{
        static const struct slice scheme = SLICE_INIT("https://");
        if (x->server->deps.sts_url(r->values[TOKEN_REGION], text, STS_URL_SIZE) < 0) {
                problem_sendf(x, API_INVALID_REQUEST, "name it as AWS does, such as us-east-1", "invalid \"region\"");
                return -1;
        }
        r->values[TOKEN_HOST] = slice_from(slice_str(text), scheme.n);
        return 0;
}

static void fill_request(const struct token_kind *kind, const struct token_request *r, struct slice url,
                         struct sign_work *w)
{
        struct sign_request *to = &w->request;
        w->kind = SIGN_URL;
        w->token = kind;
        w->user_agent = r->values[TOKEN_USER_AGENT].n > 0 || kind->type != TOKEN_MSK ? r->values[TOKEN_USER_AGENT]
                                                                                     : SLICE("keyfob/" KEYFOB_VERSION);
        to->method = kind->method;
        to->url = url;
        to->service = kind->service;
        to->region = r->values[TOKEN_REGION];
        to->is_sigv4a = false;
        to->headers_count = token_header(kind, r->values, &to->headers[0]) ? 1 : 0;
        to->payload_kind = PAYLOAD_BYTES; // none
        to->payload = slice_of(NULL, 0);
        to->has_time = r->has_time;
        to->time_s = r->time_s;
        to->expires_in_s = r->expires_in_s;
}

static int read_request(struct exchange *x, struct sign_work *w)
{
        struct error e;
        struct token_request r;
        char sts[STS_URL_SIZE];
        struct buffer *text = &x->server->text;
        const struct token_kind *kind = token_kind_of(slice_from(x->route->after, sizeof(TOKEN_WORK_PATH) - 1));
        if (token_request_read(kind, x->body, &x->server->json, text, &r, &e) < 0) {
                sign_work_send_error(x, API_INVALID_REQUEST, &e);
                return -1;
        }
        if (choose_region(x, kind, &r) < 0 || (kind->type == TOKEN_EKS && choose_sts(x, &r, sts) < 0))
                return -1;
        size_t start = text->n;
        if (token_put_url(kind, r.values, text) < 0) {
                problem_send_no_memory(x);
                return -1;
        }
        fill_request(kind, &r, slice_from(buffer_slice(text), start), w);
        return 0;
}

int token_work_begin(struct exchange *x, struct sign_work *w)
{
        if (wait_query_read(x, &w->wait_ms) < 0)
                return -1;
        if (!sign_work_is_json(http_head_get(x->head, SLICE("content-type")))) {
                problem_sendf(x, API_UNSUPPORTED_MEDIA_TYPE, "send it as application/json", "the body is not JSON");
                return -1;
        }
        return read_request(x, w) < 0 || sign_work_decide(x, w) < 0 ? -1 : 0;
}
