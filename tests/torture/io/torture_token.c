// SPDX-License-Identifier: Apache-2.0
// The authorization token's file: read, read in single bytes, and created first.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sidecar/io/authorization_token.h"
#include "tests/torture/torture.h"

struct token_case {
        const char *path;
        bool is_created, is_short;
};

static bool token_round(const void *arg)
{
        const struct token_case *c = arg;
        const struct authorization_token_file file = {.path = c->path};
        struct secret token = {NULL, 0}, again = {NULL, 0};
        struct error e = {.kind = ERROR_NONE};
        if (c->is_created)
                (void)unlink(c->path);
        torture_short_reads(c->is_short);
        torture_begin();
        int r = authorization_token_load(&file, &token, &e);
        torture_end();
        torture_short_reads(false);
        if (r < 0) {
                assert_null(token.p);
                (void)torture_refused(&e);
        }
        assert_int_equal(authorization_token_load(&file, &again, &e), 0); // whole, whatever happened before
        assert_int_equal(again.n, 64);
        assert_true(r < 0 || slice_eq(secret_expose(&token), secret_expose(&again)));
        secret_clear(&token);
        secret_clear(&again);
        return r == 0;
}

int main(void)
{
        char folder[] = "/tmp/keyfob-torture-XXXXXX", path[64];
        if (!mkdtemp(folder))
                return 1;
        (void)snprintf(path, sizeof(path), "%s/token", folder);
        const struct token_case created = {path, true, false}, whole = {path, false, false},
                                bytes = {path, false, true};
        const struct torture_row rows[] = {
            {.name = "created", .round = token_round, .arg = &created},
            {.name = "whole", .round = token_round, .arg = &whole},
            {.name = "byte by byte", .round = token_round, .arg = &bytes},
        };
        int failed = torture_main(rows, LENGTH(rows));
        (void)unlink(path);
        return rmdir(folder) == 0 ? failed : 1;
}
