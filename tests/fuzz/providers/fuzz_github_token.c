// SPDX-License-Identifier: Apache-2.0
// Any bytes as an answer of GitHub's token service: refused, or a token that can be a parameter of a request.
#include "proto/mem/text.h"
#include "proto/wire/limits.h"
#include "sidecar/providers/github_token.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct buffer scratch;
        struct answer a;
        struct error e = {.kind = ERROR_NONE};
        buffer_init(&scratch, LIMIT_UPSTREAM_BODY);
        if (github_token_read(slice_of(data, size), &scratch, &a, &e) == 0) {
                must(a.document.n > 0 && a.document.n <= LIMIT_TOKEN_FILE);
                for (size_t i = 0; i < a.document.n; i++)
                        must(text_is_unreserved(a.document.p[i]));
        } else {
                must(e.kind == ERROR_PROTOCOL && e.message[0]);
        }
        buffer_free(&scratch);
        return 0;
}
