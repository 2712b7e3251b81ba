// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/wait_query.h"

#include "proto/wire/limits.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/query.h"
#include "sidecar/server/request.h"

int wait_query_read(struct request *r, int64_t *ret_ms)
{
        struct slice rest = r->query;
        struct query_parameter p;
        while (query_next(&rest, &p)) {
                int64_t seconds = 0;
                if (!slice_eq(p.name, SLICE("wait"))) {
                        problem_say(r, API_INVALID_REQUEST, "this path takes only wait", "unknown parameter \"%.*s\"",
                                    (int)slice_head(p.name, 64).n, (const char *)p.name.p);
                        return -1;
                }
                if (query_seconds(p.value, &seconds) < 0 || seconds > LIMIT_WAIT_S) {
                        problem_say(r, API_INVALID_REQUEST, "give a number of seconds from 0 to 60, such as ?wait=30",
                                    "the parameter wait is \"%.*s\"", (int)slice_head(p.value, 64).n,
                                    (const char *)p.value.p);
                        return -1;
                }
                *ret_ms = seconds * 1000;
        }
        return 0;
}

bool query_refuse_all(struct request *r)
{
        struct slice rest = r->query;
        struct query_parameter p;
        if (!query_next(&rest, &p))
                return false;
        problem_say(r, API_INVALID_REQUEST, "this path takes no parameters", "unknown parameter \"%.*s\"",
                    (int)slice_head(p.name, 64).n, (const char *)p.name.p);
        return true;
}

void wait_for_credentials(struct request *r, const struct outcome *o, int64_t wait_ms)
{
        if (o) {
                problem_unavailable(r, o);
        } else if (wait_ms == 0) {
                request_nudge(r);
                problem_unavailable(r, NULL);
        } else {
                request_wait(r, VAULT_WANT_CREDENTIALS, 0, wait_ms == WAIT_UNSAID ? WAIT_DEFAULT_MS : wait_ms);
        }
}
