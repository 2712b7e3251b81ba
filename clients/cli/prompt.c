// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "proto/mem/slice.h"
#include "proto/wire/api.h"

enum { ATTEMPTS_N = 3 };

// -1 also for a process in the background, which the kernel would stop when it reads.
static int open_terminal(void)
{
        int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
        if (fd >= 0 && tcgetpgrp(fd) == getpgrp())
                return fd;
        if (fd >= 0)
                (void)close(fd);
        return -1;
}

bool prompt_is_possible(void)
{
        int fd = open_terminal();
        if (fd >= 0)
                (void)close(fd);
        return fd >= 0;
}

bool prompt_read_line(int fd, char line[PROMPT_CODE_SIZE])
{
        size_t n = 0;
        char c = 0;
        for (;;) {
                ssize_t r = read(fd, &c, 1);
                if (r < 0 && errno == EINTR)
                        continue;
                if (r <= 0 || c == '\n')
                        break;
                if (n == PROMPT_CODE_SIZE - 1) {
                        explicit_bzero(line, PROMPT_CODE_SIZE);
                        return false;
                }
                line[n++] = c;
        }
        struct slice text = slice_trim(slice_of(line, n));
        memmove(line, text.p, text.n);
        explicit_bzero(line + text.n, PROMPT_CODE_SIZE - text.n);
        return text.n > 0;
}

static bool ask(int fd, const struct keyfob_login *login, char code[PROMPT_CODE_SIZE])
{
        (void)dprintf(fd, "Code of %s for %s: ", login->mfa_serial, login->profile);
        return prompt_read_line(fd, code);
}

static bool may_try_again(const struct keyfob_error *error)
{
        return error->status == KEYFOB_REFUSED &&
               (error->http_status == 400 || strcmp(error->code, api_error_text(API_MFA_REQUIRED)->code) == 0);
}

bool prompt_for_code(struct keyfob_client *client, const char *profile, struct keyfob_error *error)
{
        struct keyfob_login login;
        struct keyfob_login done;
        struct keyfob_error why;
        char code[PROMPT_CODE_SIZE] = "";
        int fd = open_terminal();
        bool is_given = false;
        if (fd < 0)
                return false;
        if (keyfob_login_status(client, profile, &login, &why) != KEYFOB_OK || login.kind != KEYFOB_LOGIN_MFA) {
                (void)close(fd);
                return false;
        }
        for (int i = 0; i < ATTEMPTS_N && !is_given && ask(fd, &login, code); i++) {
                is_given = keyfob_login_begin(client, profile, code, &done, error) == KEYFOB_OK;
                if (!is_given && !may_try_again(error))
                        break;
                if (!is_given && i + 1 < ATTEMPTS_N)
                        (void)dprintf(fd, "%s\n", error->hint[0] ? error->hint : error->detail);
        }
        explicit_bzero(code, sizeof(code));
        (void)close(fd);
        return is_given;
}
