// SPDX-License-Identifier: Apache-2.0
// The same guards, in the same order, as those of the agent's own container endpoints.
#include "clients/cli/relay_request.h"

#include "proto/mem/length.h"

static bool is_own_host(struct slice host, struct slice authority)
{
        return slice_eq(host, authority) || slice_eq(host, slice_head(authority, slice_find(authority, ':')));
}

// Whether browsers and proxies send it, and SDKs do not.
static bool is_foreign(struct slice name)
{
        static const struct slice names[] = {SLICE_INIT("origin"), SLICE_INIT("referer"),
                                             SLICE_INIT("x-forwarded-for")};
        static const struct slice prefix = SLICE_INIT("sec-fetch-");
        for (size_t i = 0; i < LENGTH(names); i++)
                if (slice_eq_ignore_case(name, names[i]))
                        return true;
        return name.n > prefix.n && slice_eq_ignore_case(slice_head(name, prefix.n), prefix);
}

enum api_error relay_request_check(const struct http_head *head, const struct relay_expected *expected)
{
        unsigned hosts = 0, tokens = 0;
        bool is_own = true, is_direct = true, is_proven = expected->token.n > 0;
        for (size_t i = 0; i < head->headers_count; i++) {
                const struct http_header *h = &head->headers[i];
                if (slice_eq_ignore_case(h->name, SLICE("host"))) {
                        hosts++;
                        is_own = is_own_host(h->value, expected->authority) && is_own;
                } else if (slice_eq_ignore_case(h->name, SLICE("authorization"))) {
                        tokens++;
                        is_proven = slice_eq_constant_time(h->value, expected->token) && is_proven;
                } else if (is_foreign(h->name)) {
                        is_direct = false;
                }
        }
        if (hosts != 1 || !is_own)
                return API_MISDIRECTED_REQUEST;
        if (!is_direct)
                return API_ORIGIN_NOT_ALLOWED;
        if (tokens != 1 || !is_proven)
                return API_TOKEN_REQUIRED;
        if (!slice_eq(head->target, SLICE(RELAY_PATH)))
                return API_NOT_FOUND;
        return slice_eq(head->method, SLICE("GET")) ? API_ERROR_COUNT : API_METHOD_NOT_ALLOWED;
}

const char *relay_request_text(enum api_error error)
{
        switch (error) {
        case API_MISDIRECTED_REQUEST:
                return "the host in the request is not that of AWS_CONTAINER_CREDENTIALS_FULL_URI";
        case API_ORIGIN_NOT_ALLOWED:
                return "requests of browsers and proxies get no credentials";
        case API_TOKEN_REQUIRED:
                return "the header Authorization is missing or is not AWS_CONTAINER_AUTHORIZATION_TOKEN";
        case API_NOT_FOUND:
                return "the path is not that of AWS_CONTAINER_CREDENTIALS_FULL_URI";
        case API_METHOD_NOT_ALLOWED:
                return "the method is not GET";
        case API_BODY_TOO_LARGE:
                return "the request has a body";
        case API_HEADERS_TOO_LARGE:
                return "the head of the request is too large";
        case API_INVALID_REQUEST:
                return "malformed HTTP request";
        default:
                return "out of memory";
        }
}
