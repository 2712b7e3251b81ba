// SPDX-License-Identifier: Apache-2.0
// GitHub Docs, "OpenID Connect reference", "Methods for requesting the OIDC token"; actions/toolkit, packages/core,
// oidc-utils.ts: GET of the URL with an audience, a bearer token, {"value": "…"}.
#include "sidecar/providers/github_token.h"

#include <errno.h>

#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/jwt.h"

const struct answer_terms github_token_terms = {
    .wrong_hint = "check the proxy settings (HTTPS_PROXY, NO_PROXY): something other than GitHub may have answered",
};

struct slice github_token_subject(const struct profile *p)
{
        return slice_str(p->web_identity.audience);
}

void github_token_write(const struct profile *p, struct upstream_request *r)
{
        const char *base = p->web_identity.request_url;
        buffer_reset(&r->url);
        (void)buffer_put_str(&r->url, base);
        (void)buffer_put_str(&r->url, strchr(base, '?') ? "&audience=" : "?audience=");
        (void)text_percent_encode(slice_str(p->web_identity.audience), false, &r->url);
        (void)buffer_put_str(&r->values, "bearer ");
        (void)buffer_put(&r->values, secret_expose(&p->web_identity.request_token));
        upstream_request_add_field(r, "accept", SLICE("application/json"));
        upstream_request_add_field(r, "authorization", buffer_slice(&r->values));
}

// Three parts of base64url, of which the second is an object. Whether it is genuine is AWS's to judge.
static int check_token(struct slice token)
{
        struct jwt_claims claims;
        for (size_t i = 0; i < token.n; i++)
                if (!text_is_unreserved(token.p[i]) || token.p[i] == '~')
                        return -1;
        return jwt_read_claims(token, &claims);
}

int github_token_read(struct slice body, struct buffer *scratch, struct answer *ret, struct error *e)
{
        static const struct member_rule rules[] = {{"value", ANSWER_FIELD(document), MEMBER_TEXT, MEMBER_NEEDED}};
        if (answer_read_json(body, rules, LENGTH(rules), scratch, ret, e) < 0)
                return -1;
        if (ret->document.n > LIMIT_TOKEN_FILE)
                return error_set(e, ERROR_PROTOCOL, "\"value\" is too long");
        int r = check_token(ret->document);
        if (r == -ENOMEM)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        return r < 0 ? error_set(e, ERROR_PROTOCOL, "\"value\" is not a JSON Web Token") : 0;
}

void github_token_explain(struct error *e)
{
        if (e->upstream.status == 0)
                return;
        if (e->kind == ERROR_PROTOCOL)
                e->kind = ERROR_DENIED; // whatever its form, a refusal is one
        if (e->kind == ERROR_DENIED)
                (void)error_hint(e, "give the job \"permissions: id-token: write\"; the right to ask for tokens ends "
                                    "with the job that started the agent");
        else
                (void)error_hint(e, "wait: GitHub's token service has failed, and the agent tries again by itself");
}
