// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/keyfob_command.h"

#include <stdio.h>

#include "proto/mem/length.h"
#include "proto/mem/secret.h"
#include "sidecar/config/command_words.h"

enum { NESTED_MAX = 3 }; // shells in shells

// What of a shell is more than words and quotes: pipes, lists, expansions. "=" of an assignment is read here.
#define SHELL_CHARACTERS ";|&$<>()`*?[]#~{}!\n\\"

struct wrapper {
        const char *name, *letters; // short options that take the next word as their value
        unsigned arguments;         // before the command
        bool takes_variables;
};

static const struct wrapper wrappers[] = {
    {.name = "env", .letters = "uC", .takes_variables = true},
    {.name = "nice", .letters = "n"},
    {.name = "ionice", .letters = "cn"},
    {.name = "nohup", .letters = ""},
    {.name = "setsid", .letters = ""},
    {.name = "stdbuf", .letters = "ioe"},
    {.name = "timeout", .letters = "ks", .arguments = 1},
};

static const char *const shells[] = {"sh", "bash", "dash", "ash", "zsh", "ksh"};

static int read_command(struct slice command, unsigned depth, struct keyfob_command *ret);

static const char *base_name(const char *path)
{
        const char *slash = strrchr(path, '/');
        return slash ? slash + 1 : path;
}

static bool keep(const char *text, char *out, size_t size)
{
        return snprintf(out, size, "%s", text) < (int)size;
}

// Takes "NAME=value", of a variable that decides which agent is asked, or for what. False: it is no assignment, or too
// long.
static bool take_variable(const char *word, struct keyfob_command *ret)
{
        const char *equals = strchr(word, '=');
        struct slice name = slice_of(word, equals ? (size_t)(equals - word) : 0);
        if (name.n == 0 || word[0] == '-')
                return false;
        if (slice_eq(name, SLICE("KEYFOB_SOCKET")))
                return keep(equals + 1, ret->socket, sizeof(ret->socket));
        if (slice_eq(name, SLICE("KEYFOB_PROFILE")))
                return keep(equals + 1, ret->profile, sizeof(ret->profile));
        if (!slice_eq(name, SLICE("XDG_RUNTIME_DIR")))
                return true;
        ret->has_runtime_dir = true;
        return keep(equals + 1, ret->runtime_dir, sizeof(ret->runtime_dir));
}

// "--socket PATH", "--socket=PATH", and what getopt_long() takes for it, from `shortest` letters on. 0: it is another
// word, else how many words it takes.
static size_t take_option(char *const *words, const char *name, size_t shortest, char *out, size_t size)
{
        if (strncmp(words[0], "--", 2) != 0)
                return 0;
        struct slice word = slice_str(words[0] + 2);
        struct slice given = slice_head(word, slice_find(word, '='));
        if (given.n < shortest || given.n > strlen(name) || memcmp(given.p, name, given.n) != 0)
                return 0;
        const char *value = given.n < word.n ? words[0] + 2 + given.n + 1 : words[1];
        if (!value || !keep(value, out, size))
                return 0;
        return given.n < word.n ? 1 : 2;
}

// "--autostart", and what getopt_long() takes for it.
static bool is_autostart(const char *word)
{
        size_t n = strlen(word);
        return n > strlen("--") && n <= strlen("--autostart") && strncmp(word, "--autostart", n) == 0;
}

// The words after "keyfob".
static bool read_keyfob(char *const *words, struct keyfob_command *ret)
{
        bool has_command = false, has_argument = false, is_past_options = false;
        if (ret->profile[0] == '\0') // no variable has named one
                (void)keep("default", ret->profile, sizeof(ret->profile));
        while (*words) {
                size_t n = is_past_options ? 0 : take_option(words, "profile", 1, ret->profile, sizeof(ret->profile));
                if (n == 0 && !is_past_options) // "--s" would be --service, too
                        n = take_option(words, "socket", 2, ret->socket, sizeof(ret->socket));
                if (n == 0 && !is_past_options && has_command && strcmp(*words, "--") == 0)
                        return false; // a command follows
                if (n == 0 && !is_past_options && (strcmp(*words, "--") == 0 || is_autostart(*words))) {
                        is_past_options = words[0][2] == '\0';
                        n = 1;
                }
                if (n == 0) {
                        bool is_option = !is_past_options && words[0][0] == '-';
                        if (is_option || (!has_command && strcmp(*words, "credential-process") != 0) || has_argument)
                                return false;
                        has_argument = has_command;
                        if (has_argument && !keep(*words, ret->profile, sizeof(ret->profile)))
                                return false;
                        has_command = true;
                        n = 1;
                }
                words += n;
        }
        return has_command;
}

// Options of a wrapper; env's that empty the environment count.
static char *const *skip_options(char *const *words, const struct wrapper *wrapper, struct keyfob_command *ret)
{
        while (*words && words[0][0] == '-') {
                const char *word = *words++;
                bool clears = wrapper->takes_variables && (strcmp(word, "-") == 0 || strcmp(word, "-i") == 0 ||
                                                           strcmp(word, "--ignore-environment") == 0);
                if (clears)
                        ret->has_runtime_dir = true;
                if (strcmp(word, "--") == 0)
                        break;
                bool takes_next =
                    word[1] != '-' && word[1] != '\0' && word[2] == '\0' && strchr(wrapper->letters, word[1]);
                if (takes_next && *words)
                        words++;
        }
        return words;
}

static const struct wrapper *find_wrapper(const char *name)
{
        for (size_t i = 0; i < LENGTH(wrappers); i++)
                if (strcmp(name, wrappers[i].name) == 0)
                        return &wrappers[i];
        return NULL;
}

static bool is_shell(const char *name)
{
        for (size_t i = 0; i < LENGTH(shells); i++)
                if (strcmp(name, shells[i]) == 0)
                        return true;
        return false;
}

// "-c SCRIPT", perhaps with other letters before the c: a script of one simple command.
static int read_shell(char *const *words, unsigned depth, struct keyfob_command *ret)
{
        while (*words && words[0][0] == '-' && words[0][strlen(words[0]) - 1] != 'c')
                words++;
        if (!words[0] || words[0][0] != '-' || !words[1] || strpbrk(words[1], SHELL_CHARACTERS))
                return 0;
        return read_command(slice_str(words[1]), depth + 1, ret);
}

static int read_words(char *const *words, unsigned depth, struct keyfob_command *ret)
{
        bool is_in_shell = depth > 0;
        while (*words) {
                const char *name = base_name(*words);
                const struct wrapper *wrapper = find_wrapper(name);
                if (strcmp(name, "keyfob") == 0)
                        return read_keyfob(words + 1, ret);
                if (is_shell(name))
                        return depth < NESTED_MAX ? read_shell(words + 1, depth, ret) : 0;
                if (wrapper) {
                        words = skip_options(words + 1, wrapper, ret);
                        for (unsigned i = 0; i < wrapper->arguments && *words; i++)
                                words++;
                        while (wrapper->takes_variables && *words && take_variable(*words, ret))
                                words++;
                } else if (is_in_shell && (strcmp(*words, "exec") == 0 || strcmp(*words, "command") == 0)) {
                        words++;
                } else if (!is_in_shell || !take_variable(*words++, ret)) {
                        return 0;
                }
        }
        return 0;
}

static int read_command(struct slice command, unsigned depth, struct keyfob_command *ret)
{
        const char *what;
        char **words = command_words_split(command, &what);
        if (!words)
                return command_words_are_sound(command) ? -1 : 0;
        int found = read_words(words, depth, ret);
        wiping_free(words);
        return found;
}

int keyfob_command_read(struct slice command, struct keyfob_command *ret)
{
        *ret = (struct keyfob_command){.has_runtime_dir = false};
        return read_command(command, 0, ret);
}
