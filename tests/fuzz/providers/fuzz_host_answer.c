// SPDX-License-Identifier: Apache-2.0
// Any bytes as what a container endpoint, the instance metadata service or a credential_process says: refused, or
// slices inside the scratch buffer, and from them sound credentials that have not ended, or an error that names a
// cause.
#include "proto/mem/length.h"
#include "proto/wire/credentials.h"
#include "proto/wire/limits.h"
#include "sidecar/providers/host_answer.h"
#include "tests/fuzz/fuzz.h"

enum { NOW_S = 1798761600 }; // 2027-01-01T00:00:00Z

static int64_t now_ms(void *context)
{
        (void)context;
        return (int64_t)NOW_S * 1000;
}

typedef int read_fn(struct slice text, struct buffer *scratch, struct answer *ret, struct error *e);

static bool is_inside(struct slice s, struct slice whole)
{
        return s.n == 0 || (s.p >= whole.p && s.p + s.n <= whole.p + whole.n);
}

static void check_credentials(const struct answer_terms *terms, const struct answer *answer)
{
        const struct clock clock = {now_ms, now_ms, 1, NULL};
        const struct upstream_clock time = {.known = false};
        struct credentials *c = NULL;
        struct error e = {.kind = ERROR_NONE};
        if (answer_credentials(answer, terms, &time, &clock, &c, &e) < 0) {
                must(!c && e.kind != ERROR_NONE && e.message[0] != '\0' && e.hint[0] != '\0');
                return;
        }
        must(!credentials_unsound_member(c) && c->expires_s > NOW_S);
        must(!terms->session_token || (c->session_token.n > 0 && c->expires_s != CREDENTIALS_NEVER_EXPIRE));
        credentials_unref(c);
}

static void check(read_fn *read, const struct answer_terms *terms, struct slice text)
{
        struct buffer scratch;
        struct answer d;
        struct error e = {.kind = ERROR_NONE};
        buffer_init(&scratch, LIMIT_UPSTREAM_BODY);
        if (read(text, &scratch, &d, &e) == 0) {
                const struct slice all[] = {d.access_key_id, d.secret_access_key, d.session_token, d.expiration,
                                            d.account_id,    d.assumed_role_arn,  d.code,          d.message};
                for (size_t i = 0; i < LENGTH(all); i++)
                        must(is_inside(all[i], buffer_slice(&scratch)) || is_inside(all[i], text));
                check_credentials(terms, &d);
        } else {
                must(e.kind == ERROR_PROTOCOL && e.message[0] != '\0');
        }
        buffer_free(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct slice text = slice_of(data, size);
        check(host_answer_read, &host_answer_imds, text);
        check(host_answer_read_container, &host_answer_container, text);
        check(host_answer_read_output, &host_answer_process, text);
        return 0;
}
