// SPDX-License-Identifier: Apache-2.0
// link: config
// How commands are split, so that Python's shlex can be held against it. Reads commands from standard input, each
// ended by a NUL. Prints for each "+WORD" for every word, or "!WHY" for none, each ended by a NUL, then another NUL.
#include <stdio.h>
#include <stdlib.h>

#include "proto/mem/secret.h"
#include "sidecar/config/command_words.h"

static void show(struct slice command)
{
        const char *what;
        char **words = command_words_split(command, &what);
        if (!words)
                printf("!%s%c", what, '\0');
        for (size_t i = 0; words && words[i]; i++)
                printf("+%s%c", words[i], '\0');
        wiping_free(words);
        putchar('\0');
}

int main(void)
{
        char *command = NULL;
        size_t size = 0;
        ssize_t n;
        while ((n = getdelim(&command, &size, '\0', stdin)) > 0)
                show(slice_of((const uint8_t *)command, (size_t)n - 1));
        free(command);
        return 0;
}
