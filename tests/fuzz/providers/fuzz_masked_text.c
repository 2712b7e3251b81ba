// SPDX-License-Identifier: Apache-2.0
// Any bytes on a command's standard error: one line of UTF-8 without control bytes that fits, and no long word of a
// secret's letters in it. The first byte says how much room there is.
#include "proto/mem/text.h"
#include "sidecar/providers/masked_text.h"
#include "tests/fuzz/fuzz.h"

enum { ROOM_MIN = 8, ROOM_MAX = 8 + 255, SECRET_LENGTH = 40 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char password[] = "X_PASSWORD=canary";
        char *const environment[] = {password, NULL};
        char out[ROOM_MAX];
        if (size == 0)
                return 0;
        size_t room = ROOM_MIN + (size_t)data[0];
        masked_text(slice_of(data + 1, size - 1), environment, out, room);
        size_t n = strlen(out);
        must(n < room && text_is_utf8(slice_of(out, n)) && !strstr(out, "canary"));
        size_t run = 0;
        for (size_t i = 0; i < n; i++) {
                unsigned char c = (unsigned char)out[i];
                must(c >= ' ' && c != 0x7f);
                bool is_letter = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
                run = is_letter || strchr("+/=_-%", c) ? run + 1 : 0;
                must(run < SECRET_LENGTH);
        }
        return 0;
}
