// SPDX-License-Identifier: Apache-2.0
// A child process that plays the agent: for each step of a script it reads one request and answers.
#ifndef TESTS_UNIT_CLIENT_AGENT_H
#define TESTS_UNIT_CLIENT_AGENT_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/mem/slice.h"

#include "clients/c/keyfob.h"
#include "tests/unit/folder.h"

enum agent_then {
        AGENT_STAY,        // the connection stays open for the next entry
        AGENT_CLOSE,       // closes after the answer
        AGENT_HANG,        // answers (maybe nothing), then waits until the client closes
        AGENT_CLOSE_UNREAD // answers and closes after the first bytes of the request
};

struct agent_step {
        const char *answer;
        enum agent_then then;
        size_t piece;     // bytes a write; 0: all at once
        const char *body; // if given: sent after its Content-Length
        int surplus;      // added to the true Content-Length
};

enum { AGENT_LOG_SIZE = 4 * 1024 * 1024 };

struct agent {
        struct folder folder;
        char path[100];
        int listener;
        pid_t pid;
        char *log; // shared: all requests, one after another, then a NUL
};

static inline void agent_write(int fd, const struct agent_step *step)
{
        char text[4096];
        int size = snprintf(text, sizeof(text), "%s", step->answer);
        if (step->body)
                size = snprintf(text, sizeof(text), "%sContent-Length: %d\r\n\r\n%s", step->answer,
                                (int)strlen(step->body) + step->surplus, step->body);
        size_t n = (size_t)size;
        if (n >= sizeof(text))
                abort();
        for (size_t at = 0; at < n;) {
                size_t piece = step->piece > 0 && step->piece < n - at ? step->piece : n - at;
                if (send(fd, text + at, piece, MSG_NOSIGNAL) != (ssize_t)piece)
                        return;
                at += piece;
        }
}

// The number of bytes of a complete request at `text`; 0: not complete yet.
static inline size_t agent_request_size(const char *text)
{
        const char *end = strstr(text, "\r\n\r\n");
        const char *length = strstr(text, "Content-Length: ");
        if (!end)
                return 0;
        size_t body = length && length < end ? strtoull(length + 16, NULL, 10) : 0;
        size_t head = (size_t)(end - text) + 4;
        return strlen(text) >= head + body ? head + body : 0;
}

// False when the client closed the connection.
static inline bool agent_read(int fd, char *log, size_t *at, bool first_bytes_only)
{
        size_t start = *at;
        do {
                ssize_t n = recv(fd, log + *at, first_bytes_only ? 16 : AGENT_LOG_SIZE - 1 - *at, 0);
                if (n <= 0)
                        return false;
                *at += (size_t)n;
                log[*at] = 0;
        } while (!first_bytes_only && agent_request_size(log + start) == 0);
        return true;
}

static inline void agent_play(const struct agent *agent, const struct agent_step *steps, size_t count)
{
        int fd = -1;
        size_t at = 0;
        for (size_t i = 0; i < count; i++) {
                if (fd < 0)
                        fd = accept(agent->listener, NULL, NULL);
                if (!agent_read(fd, agent->log, &at, steps[i].then == AGENT_CLOSE_UNREAD))
                        _exit(1);
                agent_write(fd, &steps[i]);
                if (steps[i].then == AGENT_STAY)
                        continue;
                char byte;
                if (steps[i].then == AGENT_HANG)
                        (void)recv(fd, &byte, 1, 0);
                close(fd);
                fd = -1;
        }
        _exit(0);
}

static inline void agent_start(struct agent *agent, const struct agent_step *steps, size_t count)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        *agent = (struct agent){0};
        folder_make(&agent->folder);
        folder_name(&agent->folder, "agent.sock", agent->path, sizeof(agent->path));
        memcpy(address.sun_path, agent->path, strlen(agent->path));
        agent->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        agent->log = mmap(NULL, AGENT_LOG_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (agent->listener < 0 || bind(agent->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
            listen(agent->listener, 8) < 0 || agent->log == MAP_FAILED)
                abort();
        agent->pid = fork();
        if (agent->pid < 0)
                abort();
        if (agent->pid == 0)
                agent_play(agent, steps, count);
}

// True when the script ran to its end. The log stays until agent_free().
static inline bool agent_end(struct agent *agent)
{
        int status = -1;
        return waitpid(agent->pid, &status, 0) == agent->pid && status == 0;
}

static inline void agent_free(struct agent *agent)
{
        close(agent->listener);
        (void)unlink(agent->path);
        folder_remove(&agent->folder);
        (void)munmap(agent->log, AGENT_LOG_SIZE);
}

// --- what most tests share ---

#define DOCUMENT                                                                                                       \
        "{\"Version\":1,\"AccessKeyId\":\"ASIAEXAMPLE\",\"SecretAccessKey\":\"secret/+=\",\"SessionToken\":\"tok\","   \
        "\"Expiration\":\"2026-09-01T12:00:00Z\",\"AccountId\":\"111122223333\"}\n"
#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

static inline struct keyfob_client *connect_to(const struct agent *agent, int timeout_ms)
{
        struct keyfob_error error;
        struct keyfob_options options = {.socket = agent->path, .timeout_ms = timeout_ms};
        struct keyfob_client *client = keyfob_connect(&options, &error);
        assert_non_null(client);
        return client;
}

#endif
