// SPDX-License-Identifier: Apache-2.0
#include "clients/c/errors.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "proto/mem/buffer.h"
#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "proto/wire/json_read.h"

enum { STRING_MAX = 64 * 1024, FORMATTED_MAX = 4096, RETRY_AFTER_MAX_S = 86400 };

static const char hint_start[] =
    "start the agent (`keyfobd`, or `keyfob agent start`), or set KEYFOB_SOCKET to the path of its socket";
static const char hint_no_answer[] = "check that a keyfob agent listens on this socket, and read its log";

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

enum keyfob_status errors_set(struct keyfob_error *error, enum keyfob_status status, const char *hint,
                              const char *format, ...)
{
        char text[FORMATTED_MAX]; // longer than `detail`, so that put_text() does the cutting
        va_list arguments;
        if (!error)
                return status;
        *error = (struct keyfob_error){.status = status};
        va_start(arguments, format);
        (void)vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        put_text(error->detail, sizeof(error->detail), slice_str(text));
        put_text(error->hint, sizeof(error->hint), slice_str(hint));
        return status;
}

enum keyfob_status errors_no_memory(struct keyfob_error *error)
{
        return errors_set(error, KEYFOB_NO_MEMORY, "", "out of memory");
}

enum keyfob_status errors_from_system(struct keyfob_error *error, int r, const char *socket)
{
        switch (-r) {
        case ENOENT:
        case ENOTDIR:
                return errors_set(error, KEYFOB_NO_AGENT, hint_start, "no agent at %s: no such socket", socket);
        case ECONNREFUSED:
        case ENOTSOCK:
        case EPROTOTYPE: // a socket of another kind
                return errors_set(error, KEYFOB_NO_AGENT, hint_start, "no agent at %s: nothing listens there", socket);
        case EACCES:
        case EPERM:
                return errors_set(error, KEYFOB_NO_AGENT,
                                  "join the group of the socket, or change `mode` or `group` of the listener in the "
                                  "agent's configuration",
                                  "cannot connect to %s: permission denied", socket);
        case ENAMETOOLONG:
                return errors_set(error, KEYFOB_NO_AGENT, "use a shorter path",
                                  "the path of the socket is longer than 107 bytes");
        case ETIMEDOUT:
                return errors_set(error, KEYFOB_TIMED_OUT,
                                  "read the agent's log: its source of credentials may be slow or unreachable",
                                  "the agent at %s did not answer in time", socket);
        case ENOMEM:
                return errors_no_memory(error);
        case EMFILE:
        case ENFILE:
                return errors_set(error, KEYFOB_NO_AGENT, "raise the limit of open files of this process",
                                  "cannot connect to %s: too many open files", socket);
        case EPROTO:
                return errors_set(error, KEYFOB_BAD_ANSWER, hint_no_answer,
                                  "the answer from %s is incomplete or not HTTP", socket);
        default:
                return errors_set(error, KEYFOB_BAD_ANSWER, hint_no_answer,
                                  "the agent at %s closed the connection without an answer", socket);
        }
}

// The decoded text of a string member.
static void read_member(const struct json_doc *doc, struct slice key, char *to, size_t size)
{
        struct buffer text;
        size_t node = json_get(doc, JSON_ROOT, key);
        buffer_init(&text, STRING_MAX);
        if (node != JSON_NONE && json_string(doc, node, &text) == 0)
                put_text(to, size, buffer_slice(&text));
        buffer_free(&text);
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
                read_member(&doc, SLICE("title"), error->detail, sizeof(error->detail));
                read_member(&doc, SLICE("detail"), error->detail, sizeof(error->detail));
                read_member(&doc, SLICE("hint"), error->hint, sizeof(error->hint));
                size_t node = json_get(&doc, JSON_ROOT, SLICE("retry_after"));
                if (node != JSON_NONE && json_integer(&doc, node, &retry_after_s) == 0 && retry_after_s > 0)
                        error->retry_after_s =
                            (int)(retry_after_s < RETRY_AFTER_MAX_S ? retry_after_s : RETRY_AFTER_MAX_S);
        }
        json_doc_free(&doc);
        if (error->detail[0] == 0) {
                (void)snprintf(error->detail, sizeof(error->detail), "the agent answered with HTTP status %d",
                               http_status);
                put_text(error->hint, sizeof(error->hint), slice_of(hint_no_answer, sizeof(hint_no_answer) - 1));
        }
        return KEYFOB_REFUSED;
}
