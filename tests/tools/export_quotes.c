// SPDX-License-Identifier: Apache-2.0
// link: proto_wire
// Quotes the texts on standard input, each of which a NUL ends, for the shell that the argument names: env, fish,
// powershell.
#include <stdio.h>

#include "proto/wire/export.h"

enum { TEXT_MAX = 4096 };

int main(int argc, char **argv)
{
        static uint8_t text[TEXT_MAX];
        size_t n = 0;
        enum export_format format = EXPORT_ENV;
        if (argc != 2 || export_format_find(slice_str(argv[1]), &format) < 0)
                return 2;
        for (int c; (c = getchar()) != EOF;) {
                if (c != 0) {
                        if (n == TEXT_MAX)
                                return 1;
                        text[n++] = (uint8_t)c;
                        continue;
                }
                struct buffer out;
                buffer_init(&out, (size_t)8 * TEXT_MAX);
                if (format == EXPORT_FISH)
                        export_quote_fish(slice_of(text, n), &out);
                else if (format == EXPORT_POWERSHELL)
                        export_quote_powershell(slice_of(text, n), &out);
                else
                        export_quote_posix(slice_of(text, n), &out);
                (void)buffer_put_byte(&out, 0);
                (void)fwrite(out.p, 1, out.n, stdout);
                buffer_free(&out);
                n = 0;
        }
        return n == 0 ? 0 : 1;
}
