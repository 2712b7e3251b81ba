// SPDX-License-Identifier: Apache-2.0
// Owns the connection. The agent may have been restarted since an earlier call on the same connection; the request is
// then sent once more on a new one. Sending any request of the API twice does no harm.
#include "clients/c/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/c/deadline.h"
#include "clients/c/errors.h"
#include "clients/c/user_socket.h"
#include "proto/mem/text.h"
#include "proto/wire/api.h"
#include "proto/wire/http_whole.h"

enum { DEFAULT_TIMEOUT_MS = 15000, INPUT_SIZE = 16 * 1024 };

struct keyfob_client {
        int fd; // -1: not connected
        int timeout_ms;
        bool used; // this connection has delivered an answer
        struct http_whole *parser;
        char path[LIMIT_UNIX_PATH + 1];
        size_t input_size;         // how much of `input` must be wiped
        uint8_t input[INPUT_SIZE]; // the last answer, if it arrived in one piece
};

static bool path_exists(const char *path)
{
        return access(path, F_OK) == 0;
}

bool keyfob_socket_path(const char *socket, char *path, size_t size)
{
        const size_t most = LIMIT_UNIX_PATH + 1;
        const char *variable = getenv("KEYFOB_SOCKET");
        if (size > most)
                size = most;
        if (api_socket_path(socket, variable, getenv("XDG_RUNTIME_DIR"), path_exists, path, size) < 0)
                return false;
        char own[LIMIT_UNIX_PATH + 1];
        bool is_default = strcmp(path, API_DEFAULT_SOCKET) == 0 && !path_exists(path);
        if (is_default && user_socket_path(geteuid(), own) == 0 && user_socket_is_there(geteuid(), own))
                return api_socket_path(own, NULL, NULL, NULL, path, size) == 0;
        return true;
}

const char *keyfob_version(void)
{
        return KEYFOB_VERSION;
}

static void hang_up(struct keyfob_client *client)
{
        if (client->fd >= 0)
                (void)close(client->fd);
        client->fd = -1;
        client->used = false;
        http_whole_free(client->parser); // a fresh connection begins with a fresh parser
        client->parser = NULL;
}

static int dial(struct keyfob_client *client, int64_t deadline_ms)
{
        if (client->fd >= 0)
                return 0;
        http_whole_free(client->parser); // kept until now for the message of a connection that ended with it
        client->parser = http_whole_new(HTTP_RESPONSES, LIMIT_HTTP_LIST);
        if (!client->parser)
                return -ENOMEM;
        int fd = deadline_connect(client->path, deadline_ms);
        if (fd < 0) {
                hang_up(client);
                return fd;
        }
        client->fd = fd;
        return 0;
}

struct keyfob_client *keyfob_connect(const struct keyfob_options *options, struct keyfob_error *error)
{
        struct keyfob_client *client = malloc(sizeof(*client));
        if (!client) {
                (void)errors_from_system(error, -ENOMEM, "");
                return NULL;
        }
        client->fd = -1;
        client->used = false;
        client->parser = NULL;
        client->input_size = 0;
        client->timeout_ms = options && options->timeout_ms > 0 ? options->timeout_ms : DEFAULT_TIMEOUT_MS;
        int r = -ENAMETOOLONG;
        if (keyfob_socket_path(options ? options->socket : NULL, client->path, sizeof(client->path)))
                r = dial(client, deadline_now_ms() + client->timeout_ms);
        if (r < 0) {
                (void)errors_from_system(error, r, client->path);
                free(client);
                return NULL;
        }
        return client;
}

static void wipe_input(struct keyfob_client *client)
{
        explicit_bzero(client->input, client->input_size);
        client->input_size = 0;
}

void keyfob_disconnect(struct keyfob_client *client)
{
        if (!client)
                return;
        hang_up(client);
        wipe_input(client);
        free(client);
}

// 1 when `bytes` end the final answer, 0 when more must follow, or -errno: -EPROTO when they are not HTTP, -ENOMEM.
static int read_answer(struct keyfob_client *client, struct slice bytes)
{
        while (bytes.n > 0) {
                enum http_event r = http_whole_next(client->parser, &bytes);
                if (r == HTTP_MORE)
                        return 0;
                if (r != HTTP_END)
                        return r == HTTP_NO_MEMORY ? -ENOMEM : -EPROTO;
                if (http_whole_message(client->parser)->head->status >= 200) // a 1xx answer precedes the final one
                        return bytes.n == 0 ? 1 : -EPROTO;
        }
        return 0;
}

// Receives until the final answer is complete. 0, or -errno: -ECONNRESET when the connection ended before the first
// byte, -EPROTO when it ended later, or that of read_answer().
static int receive_answer(struct keyfob_client *client, int64_t deadline_ms)
{
        int end = -ECONNRESET;
        int r = 0;
        while (r == 0) {
                ssize_t n = deadline_receive(client->fd, client->input, INPUT_SIZE, deadline_ms);
                if (n <= 0)
                        return n < 0 ? (int)n : end;
                end = -EPROTO;
                client->input_size = (size_t)n > client->input_size ? (size_t)n : client->input_size;
                r = read_answer(client, slice_of(client->input, (size_t)n));
        }
        return r < 0 ? r : 0;
}

static int exchange_once(struct keyfob_client *client, struct slice request, int64_t deadline_ms)
{
        int r = dial(client, deadline_ms);
        if (r < 0)
                return r;
        r = deadline_send(client->fd, request, deadline_ms);
        // An agent that refuses early answers before it has read everything, then closes: the answer can still be read.
        if (r < 0 && r != -EPIPE && r != -ECONNRESET)
                return r;
        return receive_answer(client, deadline_ms);
}

// The connection was closed before the first byte of an answer.
static bool is_stale(int r)
{
        return r == -ECONNRESET || r == -EPIPE;
}

static enum keyfob_status exchange(struct keyfob_client *client, struct slice request, struct keyfob_response *response,
                                   struct keyfob_error *error)
{
        int64_t deadline_ms = deadline_now_ms() + client->timeout_ms;
        bool was_used = client->used;
        wipe_input(client);
        int r = exchange_once(client, request, deadline_ms);
        if (was_used && is_stale(r)) {
                hang_up(client);
                r = exchange_once(client, request, deadline_ms);
        }
        if (r < 0) {
                hang_up(client);
                return errors_from_system(error, r, client->path);
        }
        const struct http_message *message = http_whole_message(client->parser);
        const struct http_head *head = message->head;
        client->used = head->keep_alive;
        if (!head->keep_alive) { // the message outlives the connection, until the parser is fed again
                (void)close(client->fd);
                client->fd = -1;
        }
        if (head->status >= 400)
                return errors_from_answer(error, head->status, message->body);
        *response = (struct keyfob_response){head->status, (const char *)message->body.p, message->body.n};
        return KEYFOB_OK;
}

// True without a byte that would end the request line or begin a header.
static bool is_clean(const char *s)
{
        for (; *s; s++)
                if ((uint8_t)*s <= ' ' || (uint8_t)*s >= 0x7f)
                        return false;
        return true;
}

// Without buffer_printf(), whose code would cost `keyfob credential-process` more page faults than all of this.
static void put_request(const char *method, const char *path, const char *tag, struct slice body, struct buffer *out)
{
        (void)buffer_put_str(out, method);
        (void)buffer_put_byte(out, ' ');
        (void)buffer_put_str(out, path);
        (void)buffer_put_str(out, " HTTP/1.1\r\nHost: keyfob\r\n");
        if (tag[0]) {
                (void)buffer_put_str(out, "If-None-Match: ");
                (void)buffer_put_str(out, tag);
                (void)buffer_put_str(out, "\r\n");
        }
        if (body.p) {
                (void)buffer_put_str(out, "Content-Type: application/json\r\nContent-Length: ");
                (void)buffer_put_u64(out, body.n);
                (void)buffer_put_str(out, "\r\n");
        }
        (void)buffer_put_str(out, "\r\n");
        (void)buffer_put(out, body);
}

// `tag`: an entity tag that the answer must not have, or "".
static enum keyfob_status request(struct keyfob_client *client, const char *method, const char *path, const char *tag,
                                  struct slice body, struct keyfob_response *response, struct keyfob_error *error)
{
        struct buffer out;
        enum keyfob_status status;
        buffer_init(&out, LIMIT_HTTP_HEAD + LIMIT_HTTP_BODY);
        put_request(method, path, tag, body, &out);
        if (out.no_memory)
                status = errors_no_memory(error);
        else if (out.failed)
                status = errors_set(error, KEYFOB_INVALID, "", "the request is larger than the agent accepts");
        else
                status = exchange(client, buffer_slice(&out), response, error);
        buffer_free(&out);
        return status;
}

enum keyfob_status client_check_profile(const char *profile, struct keyfob_error *error)
{
        if (api_is_profile_name(slice_str(profile)))
                return KEYFOB_OK;
        return errors_set(error, KEYFOB_INVALID, "use 1 to 128 of A-Z a-z 0-9 _ . @ + - and inner spaces",
                          "invalid profile name: %s", profile);
}

// What to call: METHOD /v1/profiles[/PROFILE]REST, unless the answer has the tag.
struct target {
        const char *method, *profile, *rest, *tag;
};

static enum keyfob_status call(struct keyfob_client *client, const struct target *target, struct slice body,
                               struct slice *answer, struct keyfob_error *error)
{
        const char *profile = target->profile;
        struct buffer path;
        struct keyfob_response response = {0};
        *answer = slice_of(NULL, 0);
        if (profile && client_check_profile(profile, error) != KEYFOB_OK)
                return KEYFOB_INVALID;
        buffer_init(&path, LIMIT_HTTP_TARGET);
        (void)buffer_put_str(&path, profile ? "/" API_VERSION "/profiles/" : "/" API_VERSION "/profiles");
        (void)text_percent_encode(slice_str(profile), false, &path);
        (void)buffer_put_str(&path, target->rest);
        const char *text = buffer_c_str(&path);
        enum keyfob_status status =
            text ? request(client, target->method, text, target->tag, body, &response, error) : errors_no_memory(error);
        buffer_free(&path);
        *answer = slice_of(response.body, response.body_size);
        return status;
}

enum keyfob_status client_call(struct keyfob_client *client, const char *method, const char *profile, const char *rest,
                               struct slice body, struct slice *answer, struct keyfob_error *error)
{
        return call(client, &(struct target){method, profile, rest, ""}, body, answer, error);
}

enum keyfob_status client_poll(struct keyfob_client *client, const char *profile, int wait_s, char tag[CLIENT_TAG_SIZE],
                               struct slice *answer, struct keyfob_error *error)
{
        char rest[sizeof("/credentials?wait=") + 12];
        (void)snprintf(rest, sizeof(rest), "/credentials?wait=%d", wait_s);
        enum keyfob_status status =
            call(client, &(struct target){"GET", profile, rest, tag}, slice_of(NULL, 0), answer, error);
        if (status != KEYFOB_OK || answer->n == 0)
                return status;
        struct slice given = http_head_get(http_whole_message(client->parser)->head, SLICE("etag"));
        size_t n = given.n < CLIENT_TAG_SIZE ? given.n : 0; // without it, each poll gets the same at once
        memcpy(tag, given.p ? (const char *)given.p : "", n);
        tag[n] = '\0';
        return status;
}

enum keyfob_status keyfob_request(struct keyfob_client *client, const char *method, const char *path, const char *body,
                                  struct keyfob_response *response, struct keyfob_error *error)
{
        *response = (struct keyfob_response){0};
        if (strcmp(method, "HEAD") == 0) // its answer announces a body that does not follow
                return errors_set(error, KEYFOB_INVALID, "use GET", "HEAD is not supported");
        if (path[0] != '/' || !is_clean(path) || !is_clean(method) || method[0] == 0)
                return errors_set(error, KEYFOB_INVALID, "percent-encode the path", "invalid method or path: %s %s",
                                  method, path);
        return request(client, method, path, "", slice_str(body), response, error);
}
