// SPDX-License-Identifier: Apache-2.0
// Files, read whole and in single bytes.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sidecar/base/file.h"
#include "tests/torture/torture.h"

struct file_case {
        const char *path;
        bool is_short;
        const char *starts, *ends; // what is read
};

static bool file_round(const void *arg)
{
        const struct file_case *c = arg;
        struct buffer b;
        struct error e = {.kind = ERROR_NONE};
        buffer_init(&b, 65536);
        torture_short_reads(c->is_short);
        torture_begin();
        int r = file_read_trimmed(c->path, "file", &b, &e);
        torture_end();
        torture_short_reads(false);
        if (r == 0) {
                assert_true(slice_starts_with(buffer_slice(&b), slice_str(c->starts)));
                assert_true(slice_ends_with(buffer_slice(&b), slice_str(c->ends)));
        } else {
                assert_int_equal(b.n, 0);
                (void)torture_refused(&e);
        }
        assert_int_equal(file_read_trimmed(c->path, "file", &b, &e), 0); // usable again
        assert_true(slice_ends_with(buffer_slice(&b), slice_str(c->ends)));
        buffer_free(&b);
        return r == 0;
}

int main(void)
{
        char path[] = "/tmp/keyfob-torture-XXXXXX";
        int fd = mkstemp(path);
        if (fd < 0)
                return 1;
        bool is_written = dprintf(fd, "  begin %5000d end \n", 1) > 0;
        (void)close(fd);
        const struct file_case whole = {path, false, "begin ", "1 end"}, bytes = {path, true, "begin ", "1 end"},
                               sizeless = {"/proc/self/status", true, "Name:", ""}; // grows as it is read
        const struct torture_row rows[] = {
            {.name = "whole", .round = file_round, .arg = &whole},
            {.name = "byte by byte", .round = file_round, .arg = &bytes},
            {.name = "of unknown size", .round = file_round, .arg = &sizeless},
        };
        int failed = is_written ? torture_main(rows, LENGTH(rows)) : 1;
        (void)unlink(path);
        return failed;
}
