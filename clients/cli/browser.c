// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/browser.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/mem/length.h"
#include "proto/mem/text.h"

extern char **environ;

struct words {
        char *text; // BROWSER_TEXT_SIZE bytes
        size_t n;
        bool is_full;
};

static void put(struct words *w, const char *bytes, size_t n)
{
        w->is_full = w->is_full || n >= BROWSER_TEXT_SIZE - w->n;
        if (w->is_full)
                return;
        memcpy(w->text + w->n, bytes, n);
        w->n += n;
}

// One word, with the address in it. True: it had one.
static bool put_word(struct words *w, const char *word, size_t n, const char *url)
{
        bool has_url = false;
        for (size_t i = 0; i < n; i++) {
                bool is_escape = word[i] == '%' && i + 1 < n;
                if (is_escape && word[i + 1] == 's') {
                        put(w, url, strlen(url));
                        has_url = true;
                        i++;
                } else {
                        i += is_escape && word[i + 1] == '%';
                        put(w, &word[i], 1);
                }
        }
        put(w, "", 1);
        return has_url;
}

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

bool browser_words(const char *command, size_t n, const char *url, char text[BROWSER_TEXT_SIZE],
                   char *words[BROWSER_WORDS_N + 1])
{
        struct words w = {.text = text};
        size_t count = 0;
        bool has_url = false;
        for (size_t from = 0; from < n;) {
                size_t to = from;
                while (to < n && !is_blank(command[to]))
                        to++;
                if (to > from) {
                        if (count + 1 >= BROWSER_WORDS_N)
                                return false;
                        words[count++] = text + w.n;
                        has_url = put_word(&w, command + from, to - from, url) || has_url;
                }
                from = to + 1;
        }
        if (count == 0)
                return false;
        if (!has_url) {
                words[count++] = text + w.n;
                put(&w, url, strlen(url) + 1);
        }
        words[count] = NULL;
        return !w.is_full;
}

bool browser_may_open(const char *url)
{
        return slice_starts_with(slice_str(url), SLICE("https://")) && text_is_web_url(slice_str(url));
}

// The program gets no terminal, as it outlives this one; what it prints is of no use here.
static bool start(char *const words[])
{
        posix_spawn_file_actions_t files;
        posix_spawnattr_t attributes;
        pid_t pid;
        if (posix_spawn_file_actions_init(&files) != 0)
                return false;
        if (posix_spawnattr_init(&attributes) != 0) {
                (void)posix_spawn_file_actions_destroy(&files);
                return false;
        }
        bool is_ready = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID) == 0;
        for (int fd = STDIN_FILENO; is_ready && fd <= STDERR_FILENO; fd++)
                is_ready = posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0) == 0;
        bool is_started = is_ready && posix_spawnp(&pid, words[0], &files, &attributes, words, environ) == 0;
        (void)posix_spawnattr_destroy(&attributes);
        (void)posix_spawn_file_actions_destroy(&files);
        return is_started;
}

static bool start_command(const char *command, size_t n, const char *url)
{
        char text[BROWSER_TEXT_SIZE], *words[BROWSER_WORDS_N + 1];
        return browser_words(command, n, url, text, words) && start(words);
}

bool browser_open(const char *url)
{
        static const char *const usual[] = {"xdg-open", "open"};
        const char *commands = getenv("BROWSER");
        if (!browser_may_open(url))
                return false;
        while (commands && *commands) {
                size_t n = strcspn(commands, ":");
                if (start_command(commands, n, url))
                        return true;
                commands += n + (commands[n] == ':');
        }
        for (size_t i = 0; i < LENGTH(usual); i++)
                if (start_command(usual[i], strlen(usual[i]), url))
                        return true;
        return false;
}
