// SPDX-License-Identifier: Apache-2.0
// Any bytes as an answer of STS: refused, or slices inside the scratch buffer that make whole credentials or none.
#include "proto/mem/length.h"
#include "proto/wire/credentials.h"
#include "proto/wire/limits.h"
#include "sidecar/providers/sts_answer.h"
#include "tests/fuzz/fuzz.h"

static int64_t fixed_ms(void *context)
{
        (void)context;
        return 1788264000000;
}

static void check_slice(struct slice s, const struct buffer *scratch)
{
        must(s.n == 0 || (s.p >= scratch->p && s.n <= scratch->n && s.p + s.n <= scratch->p + scratch->n));
}

static void check_answer(const struct answer *a, const struct buffer *scratch)
{
        const struct slice all[] = {a->access_key_id, a->secret_access_key, a->session_token,
                                    a->expiration,    a->assumed_role_arn,  a->code,
                                    a->message,       a->request_id};
        for (size_t i = 0; i < LENGTH(all); i++)
                check_slice(all[i], scratch);
        const struct slice solid[] = {a->access_key_id, a->secret_access_key, a->session_token};
        for (size_t i = 0; i < LENGTH(solid); i++)
                must(slice_find(solid[i], ' ') == solid[i].n && slice_find(solid[i], '\n') == solid[i].n);

        const struct clock clock = {fixed_ms, fixed_ms, 1, NULL};
        const struct upstream_clock unknown = {0};
        struct credentials *c = NULL;
        struct error e = {0};
        if (answer_credentials(a, NULL, &unknown, &clock, &c, &e) == 0) {
                must(c && c->access_key_id.n > 0 && c->secret_access_key.n > 0 && c->session_token.n > 0);
                must(c->expires_s > 1788264000);
                credentials_unref(c);
        } else {
                must(!c && e.kind == ERROR_PROTOCOL);
        }
        const struct answer_context context = {.service = "sts", .status = 403, .content_type = a->message};
        answer_refusal(a, &context, &e);
        must(e.kind != ERROR_NONE && e.message[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct buffer scratch;
        struct answer answer = {0};
        struct error e = {.kind = ERROR_NONE};
        buffer_init(&scratch, LIMIT_UPSTREAM_BODY);
        if (sts_answer_read("AssumeRole", slice_of(data, size), &scratch, &answer, &e) == 0) {
                check_answer(&answer, &scratch);
        } else {
                must(e.kind == ERROR_PROTOCOL && e.message[0]);
        }
        buffer_free(&scratch);
        return 0;
}
