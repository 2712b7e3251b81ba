// SPDX-License-Identifier: Apache-2.0
// Any bytes as an answer of GitHub's token service: refused, or a token that can be a parameter of a request.
#include "proto/mem/text.h"
#include "proto/wire/limits.h"
#include "sidecar/providers/github_token.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct buffer token;
        const char *what = "untouched";
        buffer_init(&token, LIMIT_TOKEN_FILE);
        if (github_token_read(slice_of(data, size), &token, &what) == 0) {
                must(!what && token.n > 0 && token.n <= LIMIT_TOKEN_FILE);
                for (size_t i = 0; i < token.n; i++)
                        must(text_is_unreserved(token.p[i]));
        } else {
                must(what != NULL);
        }
        buffer_free(&token);
        return 0;
}
