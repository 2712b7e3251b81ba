// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/origin_check.h"

#include "proto/mem/length.h"
#include "sidecar/server/exchange.h"
#include "sidecar/server/problem.h"

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

bool origin_check_admit(struct exchange *x)
{
        for (size_t i = 0; i < x->head->headers_count; i++) {
                struct slice name = x->head->headers[i].name;
                if (!is_foreign(name))
                        continue;
                problem_sendf(x, API_ORIGIN_NOT_ALLOWED,
                              "ask from a program on this host, not through a browser or proxy",
                              "a request with the header %.*s gets no credentials", (int)slice_head(name, 64).n,
                              (const char *)name.p);
                return false;
        }
        return true;
}
