// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/check_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/mem/secret.h"
#include "sidecar/base/env.h"
#include "sidecar/config/command_words.h"
#include "sidecar/config/settings.h"

#define REASON_SIZE 128
#define PROGRAM_SIZE 4096
#define DEFAULT_PATH "/bin:/usr/bin" // of execvp(), where there is no PATH

static size_t warn(const struct profile *p, const char *what, const char *value, const char *reason, const char *hint)
{
        printf("warning: profile %s: %s %s: %s\nhint: %s\n", profile_shown_name(p), what, value, reason, hint);
        return 1;
}

// NULL: it can be read. May be in `text`.
static const char *file_fault(const char *path, char text[REASON_SIZE])
{
        struct stat about;
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return errno == ENOENT ? "does not exist" : strerror_r(errno, text, REASON_SIZE);
        bool is_known = fstat(fd, &about) == 0;
        (void)close(fd);
        if (is_known && S_ISDIR(about.st_mode))
                return "is a directory";
        return is_known && S_ISREG(about.st_mode) && about.st_size == 0 ? "is empty" : NULL;
}

static size_t check_file(const struct profile *p, const char *what, const char *path)
{
        char text[REASON_SIZE];
        const char *reason = path ? file_fault(path, text) : NULL;
        return reason ? warn(p, what, path, reason,
                             "create it, or correct the path; in a container, check that it is mounted")
                      : 0;
}

static const char *program_fault(const char *path, char text[REASON_SIZE])
{
        struct stat about;
        if (stat(path, &about) < 0)
                return errno == ENOENT ? "does not exist" : strerror_r(errno, text, REASON_SIZE);
        if (!S_ISREG(about.st_mode))
                return "is not a program";
        return access(path, X_OK) < 0 ? "may not be executed" : NULL;
}

// As the agent will look for it; see child_start().
static const char *command_fault(const char *name, const struct env *env, char text[REASON_SIZE])
{
        const char *path = env_get(env, "PATH");
        const char *fault = "is not in PATH";
        if (strchr(name, '/'))
                return program_fault(name, text);
        for (const char *at = path ? path : DEFAULT_PATH; at;) {
                char program[PROGRAM_SIZE];
                const char *end = strchrnul(at, ':');
                int n = snprintf(program, sizeof(program), "%.*s/%s", (int)(end - at), at, name);
                const char *why = n < (int)sizeof(program) ? program_fault(program, text) : "does not exist";
                if (!why)
                        return NULL;
                if (strcmp(why, "may not be executed") == 0)
                        fault = why;
                at = *end ? end + 1 : NULL;
        }
        return fault;
}

static size_t check_command(const struct profile *p, const struct env *env)
{
        char text[REASON_SIZE];
        const char *what = NULL;
        char **words = command_words_split(slice_str(p->credential_process), &what);
        size_t count = 0;
        const char *reason = words ? command_fault(words[0], env, text) : NULL;
        if (!words)
                count = warn(p, "credential_process", "cannot be run", what, "quote as in a shell");
        else if (reason)
                count = warn(p, "credential_process", words[0], reason,
                             "give the path of a program, or a name that is in PATH of the agent");
        wiping_free(words);
        return count;
}

size_t check_report_missing(const struct settings *settings, const struct env *env)
{
        size_t count = 0;
        for (size_t i = 0; i < settings->profiles_count; i++) {
                const struct profile *p = &settings->profiles[i];
                if (p->fault)
                        continue;
                if (p->type == PROFILE_WEB_IDENTITY)
                        count += check_file(p, "web_identity_token_file", p->web_identity_token_file);
                if (p->type == PROFILE_CONTAINER)
                        count += check_file(p, "authorization_token_file", p->container.authorization_token_file);
                if (p->type == PROFILE_PROCESS)
                        count += check_command(p, env);
        }
        return count;
}
