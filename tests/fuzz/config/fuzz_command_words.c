// SPDX-License-Identifier: Apache-2.0
// Any bytes as a command line: refused with a reason, or words with no more bytes than it had.
#include <string.h>

#include "proto/mem/secret.h"
#include "sidecar/config/command_words.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const char *what = NULL;
        char **words = command_words_split(slice_of(data, size), &what);
        must((words == NULL) == (what != NULL));
        if (!words)
                return 0;
        size_t bytes = 0, count = 0;
        for (; words[count]; count++)
                bytes += strlen(words[count]);
        must(count > 0 && words[0][0] != '\0' && bytes + count <= size + 1);
        wiping_free(words);
        return 0;
}
