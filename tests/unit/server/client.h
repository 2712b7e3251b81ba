// SPDX-License-Identifier: Apache-2.0
// A client of the server: requests, and the last answer with what is expected of it.
#ifndef TESTS_UNIT_SERVER_CLIENT_H
#define TESTS_UNIT_SERVER_CLIENT_H

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "proto/wire/http_whole.h"
#include "proto/wire/json_read.h"
#include "tests/unit/server/server.h"

enum { ANSWER_MAX = 16 * 1024 * 1024 };

struct client {
        struct fixture *f;
        int fd;
        struct http_whole *parser;
        struct buffer received;
        struct buffer body; // of the last answer, with a NUL
        struct buffer head; // of the last answer: its header lines, with a NUL
        int status;
        bool is_at_end;
};

// Of a connected socket, which it takes over.
static inline struct client client_of(struct fixture *f, int fd)
{
        struct client c = {.f = f, .fd = fd};
        assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
        c.parser = http_whole_new(HTTP_RESPONSES, ANSWER_MAX);
        assert_non_null(c.parser);
        buffer_init(&c.received, ANSWER_MAX);
        buffer_init(&c.body, ANSWER_MAX);
        buffer_init(&c.head, ANSWER_MAX);
        return c;
}

static inline struct client client_open(struct fixture *f)
{
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        assert_true(fd >= 0);
        memcpy(address.sun_path, f->path, strlen(f->path) + 1);
        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        return client_of(f, fd);
}

static inline void client_close(struct client *c)
{
        close(c->fd);
        http_whole_free(c->parser);
        buffer_free(&c->received);
        buffer_free(&c->body);
        buffer_free(&c->head);
}

static inline void client_send_bytes(struct client *c, struct slice bytes)
{
        time_t start = time(NULL);
        while (bytes.n > 0) {
                ssize_t n = send(c->fd, bytes.p, bytes.n, MSG_NOSIGNAL);
                if (n > 0)
                        bytes = slice_from(bytes, (size_t)n);
                else
                        turn(c->f);
                timeout_check(start, "room to send");
        }
}

static inline void client_send(struct client *c, const char *text)
{
        client_send_bytes(c, slice_str(text));
}

// Takes what has arrived. False: nothing has.
static inline bool client_receive(struct client *c)
{
        uint8_t bytes[65536];
        ssize_t n = recv(c->fd, bytes, sizeof(bytes), 0);
        if (n == 0 || (n < 0 && errno != EAGAIN))
                c->is_at_end = true;
        if (n <= 0)
                return false;
        assert_int_equal(buffer_put(&c->received, slice_of(bytes, (size_t)n)), 0);
        return true;
}

static inline bool client_parse(struct client *c)
{
        struct slice all = buffer_slice(&c->received);
        enum http_event result = HTTP_MORE;
        while (result == HTTP_MORE && all.n > 0) {
                result = http_whole_next(c->parser, &all);
                assert_true(result == HTTP_MORE || result == HTTP_END);
        }
        if (result == HTTP_END) {
                const struct http_message *m = http_whole_message(c->parser);
                c->status = m->head->status;
                buffer_reset(&c->body);
                (void)buffer_put(&c->body, m->body);
                assert_non_null(buffer_c_str(&c->body));
                buffer_reset(&c->head);
                for (size_t i = 0; i < m->head->headers_count; i++) {
                        (void)buffer_put(&c->head, m->head->headers[i].name);
                        (void)buffer_put_str(&c->head, ": ");
                        (void)buffer_put(&c->head, m->head->headers[i].value);
                        (void)buffer_put_byte(&c->head, '\n');
                }
                assert_non_null(buffer_c_str(&c->head));
        }
        buffer_consume(&c->received, c->received.n - all.n);
        return result == HTTP_END;
}

// Turns the loop until there is one whole answer; returns its status.
static inline int client_answer(struct client *c)
{
        time_t start = time(NULL);
        while (!client_parse(c)) {
                while (!client_receive(c)) {
                        if (c->is_at_end)
                                fail_msg("the connection ended before an answer");
                        turn(c->f);
                        timeout_check(start, "an answer");
                }
        }
        return c->status;
}

// Turns the loop until the server has closed, and nothing came before that.
static inline void client_expect_end(struct client *c)
{
        time_t start = time(NULL);
        while (!c->is_at_end) {
                assert_false(client_receive(c));
                turn(c->f);
                timeout_check(start, "the end of the connection");
        }
}

static inline int client_ask(struct client *c, const char *request)
{
        client_send(c, request);
        return client_answer(c);
}

static inline int client_get(struct client *c, const char *target)
{
        char request[1024];
        snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", target);
        return client_ask(c, request);
}

// Asks for more than the kernel holds, without reading. How many requests went out.
static inline size_t client_fill(struct client *c)
{
        size_t sent = 0;
        for (int i = 0; i < 500; i++) {
                ssize_t n = send(c->fd, "GET /metrics HTTP/1.1\r\n\r\n", 25, MSG_NOSIGNAL);
                if (n != 25)
                        break;
                sent++;
                turn(c->f);
        }
        return sent;
}

// GET with header lines, each ended by CRLF; the answer is not waited for.
static inline void client_send_get(struct client *c, const char *target, const char *header)
{
        char request[512];
        snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n%s\r\n", target, header);
        client_send(c, request);
}

static inline int client_get_with(struct client *c, const char *target, const char *header)
{
        client_send_get(c, target, header);
        return client_answer(c);
}

static inline int client_post(struct client *c, const char *target, const char *body)
{
        struct buffer request;
        buffer_init(&request, ANSWER_MAX);
        (void)buffer_printf(&request, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", target,
                            strlen(body));
        (void)buffer_put_str(&request, body);
        client_send_bytes(c, buffer_slice(&request));
        buffer_free(&request);
        return client_answer(c);
}

static inline bool client_head_has(const struct client *c, const char *line)
{
        return strstr((const char *)c->head.p, line) != NULL;
}

static inline bool client_body_has(const struct client *c, const char *text)
{
        return c->body.n > 0 && strstr((const char *)c->body.p, text) != NULL;
}

static inline const char *client_body(const struct client *c)
{
        return c->body.n > 0 ? (const char *)c->body.p : "";
}

#define ASSERT_BODY_HAS(c, text)                                                                                       \
        do {                                                                                                           \
                if (!client_body_has(c, text))                                                                         \
                        fail_msg("no \"%s\" in %s", text, client_body(c));                                             \
        } while (0)

// A member of the answer's object, as text: a string without its quotes, a number. False when it is not there.
static inline bool client_member(const struct client *c, const char *path, char *out, size_t size)
{
        struct json_doc doc;
        struct json_fault fault;
        json_doc_init(&doc);
        if (json_parse(&doc, buffer_slice(&c->body), &fault) < 0)
                fail_msg("the answer is no JSON: %s at %zu: %s", fault.what, fault.offset, client_body(c));
        size_t node = JSON_ROOT;
        struct slice rest = slice_str(path);
        while (rest.n > 0 && node != JSON_NONE) {
                struct slice key = slice_head(rest, slice_find(rest, '/'));
                rest = slice_from(rest, key.n + 1);
                node = json_get(&doc, node, key);
        }
        bool is_there = node != JSON_NONE;
        if (is_there && (json_kind(&doc, node) == JSON_STRING || json_kind(&doc, node) == JSON_NUMBER))
                snprintf(out, size, "%.*s", (int)json_raw(&doc, node).n, (const char *)json_raw(&doc, node).p);
        else
                snprintf(out, size, "%s", is_there ? json_kind_name(json_kind(&doc, node)) : "missing");
        json_doc_free(&doc);
        return is_there;
}

static inline void expect_member(const struct client *c, const char *path, const char *want)
{
        char text[4096];
        client_member(c, path, text, sizeof(text));
        if (strcmp(text, want) != 0)
                fail_msg("%s is %s, not %s, in %s", path, text, want, client_body(c));
}

// The answer is a problem of that status and code.
static inline void expect_problem(const struct client *c, int status, const char *code)
{
        char number[16];
        if (c->status != status)
                fail_msg("status %d, not %d: %s", c->status, status, client_body(c));
        snprintf(number, sizeof(number), "%d", status);
        expect_member(c, "status", number);
        expect_member(c, "code", code);
        assert_true(client_head_has(c, "Content-Type: application/problem+json"));
        char text[4096];
        assert_true(client_member(c, "type", text, sizeof(text)));
        assert_int_equal(strncmp(text, "urn:keyfob:error:", 17), 0);
        assert_null(strchr(text, '_'));
        assert_true(client_member(c, "title", text, sizeof(text)));
        assert_true(client_member(c, "detail", text, sizeof(text)));
}

#endif
