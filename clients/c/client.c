// SPDX-License-Identifier: Apache-2.0
// Owns the connection. A request that goes out on a connection kept from an earlier call may meet an agent that has
// been restarted since; it is then sent once more on a fresh one. None of the API's requests does harm when it arrives
// twice.
#include "clients/c/client.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "clients/c/deadline.h"
#include "clients/c/errors.h"
#include "proto/mem/text.h"
#include "proto/wire/api.h"
#include "proto/wire/http_whole.h"

enum { DEFAULT_TIMEOUT_MS = 15000, INPUT_SIZE = 16 * 1024 };

struct keyfob_client {
        int fd; // -1: not connected
        int timeout_ms;
        bool used; // an answer has come over this connection
        struct http_whole *parser;
        char path[LIMIT_UNIX_PATH + 1];
        size_t input_size;         // how much of `input` is to be wiped
        uint8_t input[INPUT_SIZE]; // the last answer, if it came in one piece
};

static bool path_exists(const char *path)
{
        return access(path, F_OK) == 0;
}

bool keyfob_socket_path(const char *socket, char *path, size_t size)
{
        char found[LIMIT_UNIX_PATH + 1];
        if (api_socket_path(socket, getenv("KEYFOB_SOCKET"), getenv("XDG_RUNTIME_DIR"), path_exists, found,
                            sizeof(found)) < 0 ||
            strlen(found) >= size)
                return false;
        memcpy(path, found, strlen(found) + 1);
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

static int why_refused(enum http_event result)
{
        return result == HTTP_NO_MEMORY ? -ENOMEM : -EPROTO;
}

// Receives until a final answer is whole. 0, or -errno: -ECONNRESET when the connection ended before the first byte,
// -EPROTO when it ended later or what came is no HTTP, -ENOMEM.
static int receive_answer(struct keyfob_client *client, int64_t deadline_ms)
{
        bool begun = false;
        for (;;) {
                ssize_t n = deadline_receive(client->fd, client->input, INPUT_SIZE, deadline_ms);
                if (n <= 0)
                        return n < 0 ? (int)n : begun ? -EPROTO : -ECONNRESET;
                begun = true;
                client->input_size = (size_t)n > client->input_size ? (size_t)n : client->input_size;
                struct slice rest = slice_of(client->input, (size_t)n);
                while (rest.n > 0) {
                        enum http_event r = http_whole_next(client->parser, &rest);
                        if (r == HTTP_MORE)
                                break;
                        if (r != HTTP_END)
                                return why_refused(r);
                        if (http_whole_message(client->parser)->head->status >= 200) // one below announces another
                                return rest.n == 0 ? 0 : -EPROTO;
                }
        }
}

static int exchange_once(struct keyfob_client *client, struct slice request, int64_t deadline_ms)
{
        int r = dial(client, deadline_ms);
        if (r < 0)
                return r;
        r = deadline_send(client->fd, request, deadline_ms);
        // An agent that refuses early answers before it has read all, then closes: its answer is still to be had.
        if (r < 0 && r != -EPIPE && r != -ECONNRESET)
                return r;
        return receive_answer(client, deadline_ms);
}

// The connection was closed before anything of an answer came.
static bool is_stale(int r)
{
        return r == -ECONNRESET || r == -EPIPE;
}

enum keyfob_status client_exchange(struct keyfob_client *client, struct slice head_and_body,
                                   struct keyfob_response *response, struct keyfob_error *error)
{
        int64_t deadline_ms = deadline_now_ms() + client->timeout_ms;
        bool was_used = client->used;
        *response = (struct keyfob_response){0};
        wipe_input(client);
        int r = exchange_once(client, head_and_body, deadline_ms);
        if (was_used && is_stale(r)) {
                hang_up(client);
                r = exchange_once(client, head_and_body, deadline_ms);
        }
        if (r < 0) {
                hang_up(client);
                if (r == -EPROTO)
                        return errors_set(error, KEYFOB_BAD_ANSWER, "the agent's answer is cut short or no HTTP",
                                          "See whether it is a keyfob agent that listens on the socket.");
                return errors_from_system(error, r, client->path);
        }
        const struct http_message *message = http_whole_message(client->parser);
        client->used = message->head->keep_alive;
        if (!message->head->keep_alive) { // the message outlives the connection, until the parser is fed again
                (void)close(client->fd);
                client->fd = -1;
        }
        if (message->head->status >= 400)
                return errors_from_answer(error, message->head->status, message->body);
        *response = (struct keyfob_response){message->head->status, (const char *)message->body.p, message->body.n};
        return KEYFOB_OK;
}

// No byte that would end the request line or begin another field.
static bool is_clean(const char *s)
{
        for (; *s; s++)
                if ((uint8_t)*s <= ' ' || (uint8_t)*s >= 0x7f)
                        return false;
        return true;
}

static int put_head(const char *method, const char *path, struct slice body, bool has_body, struct buffer *out)
{
        (void)buffer_put_str(out, method);
        (void)buffer_put_byte(out, ' ');
        (void)buffer_put_str(out, path);
        (void)buffer_put_str(out, " HTTP/1.1\r\nHost: keyfob\r\n");
        if (has_body) {
                (void)buffer_put_str(out, "Content-Type: application/json\r\nContent-Length: ");
                (void)buffer_put_u64(out, body.n);
                (void)buffer_put_str(out, "\r\n");
        }
        (void)buffer_put_str(out, "\r\n");
        return buffer_put(out, body);
}

enum keyfob_status client_profile_request(const char *method, const char *profile, const char *rest, struct slice body,
                                          struct buffer *out, struct keyfob_error *error)
{
        struct buffer path;
        struct slice name = slice_str(profile);
        if (!api_is_profile_name(name))
                return errors_set(error, KEYFOB_INVALID, "this is no name that a profile can have",
                                  "Names have 1 to 128 of A-Z a-z 0-9 _ . @ + - and inner spaces.");
        buffer_init(&path, LIMIT_HTTP_TARGET);
        (void)buffer_put_str(&path, "/" API_VERSION "/profiles/");
        (void)text_percent_encode(name, false, &path);
        (void)buffer_put_str(&path, rest);
        const char *text = buffer_c_str(&path);
        int r = text ? put_head(method, text, body, body.p != NULL, out) : -1;
        buffer_free(&path);
        return r < 0 ? errors_set(error, KEYFOB_NO_MEMORY, "the request is too large, or out of memory", "")
                     : KEYFOB_OK;
}

enum keyfob_status keyfob_request(struct keyfob_client *client, const char *method, const char *path, const char *body,
                                  struct keyfob_response *response, struct keyfob_error *error)
{
        struct buffer request;
        *response = (struct keyfob_response){0};
        if (strcmp(method, "HEAD") == 0) // its answer announces a body that does not come
                return errors_set(error, KEYFOB_INVALID, "HEAD requests cannot be made", "Use GET.");
        if (path[0] != '/' || !is_clean(path) || !is_clean(method) || method[0] == 0)
                return errors_set(error, KEYFOB_INVALID, "the method or path has bytes that it cannot have",
                                  "Percent-encode the path.");
        buffer_init(&request, LIMIT_HTTP_HEAD + LIMIT_HTTP_BODY);
        enum keyfob_status status = KEYFOB_NO_MEMORY;
        if (put_head(method, path, slice_str(body), body != NULL, &request) == 0)
                status = client_exchange(client, buffer_slice(&request), response, error);
        else
                (void)errors_set(error, status, "the request is too large, or out of memory", "");
        buffer_free(&request);
        return status;
}
