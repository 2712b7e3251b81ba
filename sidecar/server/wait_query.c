// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/wait_query.h"

#include "proto/mem/time.h"
#include "proto/wire/limits.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/query.h"

#include "sidecar/server/exchange.h"
#include "sidecar/server/server.h"

int wait_query_read(struct exchange *x, int64_t *ret_ms)
{
        struct slice rest = x->query;
        struct query_parameter p;
        *ret_ms = WAIT_NOT_GIVEN;
        while (query_next(&rest, &p)) {
                int64_t seconds = 0;
                if (!slice_eq(p.name, SLICE("wait"))) {
                        problem_sendf(x, API_INVALID_REQUEST, "this path takes only wait", "unknown parameter \"%.*s\"",
                                      (int)slice_head(p.name, 64).n, (const char *)p.name.p);
                        return -1;
                }
                if (time_parse_duration(p.value, &seconds) < 0 || seconds > LIMIT_WAIT_S) {
                        problem_sendf(x, API_INVALID_REQUEST, "give a number of seconds from 0 to 60, such as ?wait=30",
                                      "the parameter wait is \"%.*s\"", (int)slice_head(p.value, 64).n,
                                      (const char *)p.value.p);
                        return -1;
                }
                *ret_ms = seconds * 1000;
        }
        return 0;
}

bool query_refuse_all(struct exchange *x)
{
        struct slice rest = x->query;
        struct query_parameter p;
        if (!query_next(&rest, &p))
                return false;
        problem_sendf(x, API_INVALID_REQUEST, "this path takes no parameters", "unknown parameter \"%.*s\"",
                      (int)slice_head(p.name, 64).n, (const char *)p.name.p);
        return true;
}

int64_t wait_query_or_default(const struct exchange *x, int64_t wait_ms)
{
        return wait_ms == WAIT_NOT_GIVEN ? x->api->default_wait_ms : wait_ms;
}

void wait_for_credentials(struct exchange *x, int64_t wait_ms)
{
        struct entry *entry = x->profile->entry;
        if (wait_ms != 0) {
                exchange_wait(x, entry,
                              &(struct wait){.want = VAULT_WANT_CREDENTIALS, .ms = wait_query_or_default(x, wait_ms)});
                return;
        }
        exchange_request_fetch(entry);
        x->route->resume(x, &(struct outcome){.is_timed_out = true});
}
