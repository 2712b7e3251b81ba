// SPDX-License-Identifier: Apache-2.0
// Any bytes as an answer of CreateSession: refused, or slices inside the scratch buffer. The same bytes as a payload of
// a web identity token: texts that end.
#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "proto/wire/limits.h"
#include "sidecar/providers/create_session.h"
#include "sidecar/providers/jwt.h"
#include "tests/fuzz/fuzz.h"

static void check_answer(const struct answer *a, const struct buffer *scratch)
{
        const struct slice all[] = {a->access_key_id, a->secret_access_key, a->session_token,
                                    a->expiration,    a->assumed_role_arn,  a->code,
                                    a->message};
        for (size_t i = 0; i < LENGTH(all); i++)
                must(all[i].n == 0 || (all[i].p >= scratch->p && all[i].n <= scratch->n &&
                                       all[i].p + all[i].n <= scratch->p + scratch->n));
}

static void check_claims(struct slice payload)
{
        struct buffer token;
        struct jwt_claims claims;
        buffer_init(&token, LIMIT_TOKEN_FILE);
        (void)buffer_put_str(&token, "h.");
        if (text_base64_encode(payload, &token) == 0 && buffer_put_str(&token, ".s") == 0 &&
            jwt_read_claims(buffer_slice(&token), &claims) == 0)
                must(text_is_utf8(slice_str(claims.audience)) && text_is_utf8(slice_str(claims.subject)));
        buffer_free(&token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct buffer scratch;
        struct answer answer = {0};
        struct error e = {.kind = ERROR_NONE};
        buffer_init(&scratch, LIMIT_UPSTREAM_BODY);
        if (create_session_read(slice_of(data, size), &scratch, &answer, &e) == 0) {
                check_answer(&answer, &scratch);
        } else {
                must(e.kind == ERROR_PROTOCOL && e.message[0]);
        }
        buffer_free(&scratch);
        check_claims(slice_of(data, size));
        return 0;
}
