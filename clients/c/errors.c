// SPDX-License-Identifier: Apache-2.0
#include "clients/c/errors.h"

#include <errno.h>

#include "proto/mem/buffer.h"
#include "proto/mem/text.h"
#include "proto/wire/json_read.h"

enum { STRING_MAX = 64 * 1024, RETRY_AFTER_MAX_S = 86400 };

static const char hint_start[] = "Start the agent with `keyfobd`, or set KEYFOB_SOCKET to the path that it listens on.";
static const char hint_no_answer[] = "See whether it is a keyfob agent that listens there, and what its log says.";

// Cut where it is too long, at the start of a UTF-8 sequence; what a terminal might obey becomes "?".
static void put_text(char *to, size_t size, struct slice text)
{
        size_t n = text.n < size ? text.n : size - 1;
        while (n < text.n && n > 0 && (text.p[n] & 0xc0) == 0x80)
                n--;
        if (n > 0)
                memcpy(to, text.p, n);
        to[n] = 0;
        text_defuse((uint8_t *)to, n);
}

enum keyfob_status errors_set(struct keyfob_error *error, enum keyfob_status status, const char *detail,
                              const char *hint)
{
        if (!error)
                return status;
        *error = (struct keyfob_error){.status = status};
        put_text(error->detail, sizeof(error->detail), slice_str(detail));
        put_text(error->hint, sizeof(error->hint), slice_str(hint));
        return status;
}

// Text, place, text: "no agent answers at /run/keyfob/keyfob.sock: nobody listens there".
static enum keyfob_status set_at(struct keyfob_error *error, enum keyfob_status status, const char *const text[3],
                                 const char *hint)
{
        char detail[512];
        size_t n = 0;
        for (size_t i = 0; i < 3; i++) {
                struct slice part = slice_head(slice_str(text[i]), sizeof(detail) - 1 - n);
                if (part.p)
                        memcpy(detail + n, part.p, part.n);
                n += part.n;
        }
        detail[n] = 0;
        return errors_set(error, status, detail, hint);
}

enum keyfob_status errors_no_memory(struct keyfob_error *error)
{
        return errors_set(error, KEYFOB_NO_MEMORY, "out of memory", "");
}

enum keyfob_status errors_from_system(struct keyfob_error *error, int r, const char *socket)
{
        switch (-r) {
        case ENOENT:
        case ENOTDIR:
                return set_at(error, KEYFOB_NO_AGENT, (const char *[]){"no agent at ", socket, ": no such socket"},
                              hint_start);
        case ECONNREFUSED:
        case ENOTSOCK:
        case EPROTOTYPE: // a socket of another kind
                return set_at(error, KEYFOB_NO_AGENT, (const char *[]){"no agent at ", socket, ": nobody listens"},
                              hint_start);
        case EACCES:
        case EPERM:
                return set_at(error, KEYFOB_NO_AGENT, (const char *[]){"no access to ", socket, ": permission denied"},
                              "The socket's mode and group say who may connect: join the group, or change `mode` or "
                              "`group` of the listener in the agent's configuration.");
        case ENAMETOOLONG:
                return errors_set(error, KEYFOB_NO_AGENT, "the path of the socket is longer than 107 bytes",
                                  "Use a shorter path.");
        case ETIMEDOUT:
                return set_at(error, KEYFOB_TIMED_OUT,
                              (const char *[]){"the agent at ", socket, " did not answer in time"},
                              "See the agent's log; its source of credentials may be slow or unreachable.");
        case ENOMEM:
                return errors_no_memory(error);
        case EMFILE:
        case ENFILE:
                return errors_set(error, KEYFOB_NO_AGENT, "too many open files to connect to the agent",
                                  "Raise the limit of open files of this process.");
        default:
                return set_at(error, KEYFOB_BAD_ANSWER,
                              (const char *[]){"the agent at ", socket, " closed the connection without an answer"},
                              hint_no_answer);
        }
}

// A string member's decoded text.
static void read_member(const struct json_doc *doc, struct slice key, char *to, size_t size)
{
        struct buffer text;
        size_t node = json_get(doc, JSON_ROOT, key);
        buffer_init(&text, STRING_MAX);
        if (node != JSON_NONE && json_string(doc, node, &text) == 0)
                put_text(to, size, buffer_slice(&text));
        buffer_free(&text);
}

static void put_status(struct keyfob_error *error)
{
        char text[] = "the agent answered with HTTP status 000";
        size_t last = sizeof(text) - 2;
        int status = error->http_status;
        for (size_t i = 0; i < 3; i++, status /= 10)
                text[last - i] = (char)('0' + status % 10);
        put_text(error->detail, sizeof(error->detail), slice_str(text));
}

enum keyfob_status errors_from_answer(struct keyfob_error *error, int http_status, struct slice body)
{
        struct json_doc doc;
        struct json_fault fault;
        int64_t retry_after_s = 0;
        if (!error)
                return KEYFOB_REFUSED;
        *error = (struct keyfob_error){.status = KEYFOB_REFUSED, .http_status = http_status};
        json_doc_init(&doc);
        if (json_parse(&doc, body, &fault) == 0) {
                read_member(&doc, SLICE("code"), error->code, sizeof(error->code));
                read_member(&doc, SLICE("detail"), error->detail, sizeof(error->detail));
                read_member(&doc, SLICE("hint"), error->hint, sizeof(error->hint));
                if (error->detail[0] == 0)
                        read_member(&doc, SLICE("title"), error->detail, sizeof(error->detail));
                size_t node = json_get(&doc, JSON_ROOT, SLICE("retry_after"));
                if (node != JSON_NONE && json_integer(&doc, node, &retry_after_s) == 0 && retry_after_s > 0)
                        error->retry_after_s =
                            (int)(retry_after_s < RETRY_AFTER_MAX_S ? retry_after_s : RETRY_AFTER_MAX_S);
        }
        json_doc_free(&doc);
        if (error->detail[0] == 0) {
                put_status(error);
                put_text(error->hint, sizeof(error->hint), slice_of(hint_no_answer, sizeof(hint_no_answer) - 1));
        }
        return KEYFOB_REFUSED;
}
