// SPDX-License-Identifier: Apache-2.0
// Any bytes as an answer of GetSecretValue, and what it holds as the value of a secret; and any bytes as that value:
// refused, or slices inside the scratch buffer.
#include "proto/wire/limits.h"
#include "sidecar/config/profile.h"
#include "sidecar/providers/get_secret_value.h"
#include "sidecar/providers/secret_keys.h"
#include "tests/fuzz/fuzz.h"

static void must_lie_in(const struct buffer *scratch, struct slice s)
{
        must(s.n == 0 || (s.p >= scratch->p && s.n <= scratch->n && s.p + s.n <= scratch->p + scratch->n));
}

static void check_keys(struct slice document)
{
        static const struct profile profile;
        struct buffer scratch;
        struct answer c = {0};
        struct error e = {.kind = ERROR_NONE};
        buffer_init(&scratch, LIMIT_UPSTREAM_BODY);
        if (secret_keys_read(document, &profile, &scratch, &c, &e) == 0) {
                must(!slice_is_empty(c.access_key_id) && !slice_is_empty(c.secret_access_key));
                must_lie_in(&scratch, c.access_key_id);
                must_lie_in(&scratch, c.secret_access_key);
                must_lie_in(&scratch, c.session_token);
        } else {
                must(e.kind != ERROR_NONE && e.message[0]);
        }
        buffer_free(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct buffer scratch;
        struct answer answer = {0};
        struct error e = {.kind = ERROR_NONE};
        buffer_init(&scratch, LIMIT_UPSTREAM_BODY);
        if (get_secret_value_read(slice_of(data, size), &scratch, &answer, &e) == 0) {
                must_lie_in(&scratch, answer.document);
                must_lie_in(&scratch, answer.code);
                must_lie_in(&scratch, answer.message);
                check_keys(answer.document);
        } else {
                must(e.kind == ERROR_PROTOCOL && e.message[0]);
        }
        buffer_free(&scratch);
        if (size <= LIMIT_UPSTREAM_BODY)
                check_keys(slice_of(data, size));
        return 0;
}
