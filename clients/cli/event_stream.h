// SPDX-License-Identifier: Apache-2.0
// A connection to the agent that receives its events.
#ifndef CLIENTS_CLI_EVENT_STREAM_H
#define CLIENTS_CLI_EVENT_STREAM_H

#include "clients/c/keyfob.h"
#include "clients/cli/options.h"
#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"

struct event_stream;

// Appends the path of the stream for the profiles that the options name; all, if they name none. EXIT_OK, or EXIT_USAGE
// after a message.
MUST_CHECK int event_stream_put_path(const struct options *o, struct buffer *path);

// Connects, and waits for the head of the answer: events from then on are not missed. `last_id` empty: there is none.
// NULL on failure.
MUST_CHECK struct event_stream *event_stream_open(const char *socket, const char *path, struct slice last_id,
                                                  int64_t deadline_ms, struct keyfob_error *error);

// Waits for an event until the deadline. KEYFOB_OK: *ret_name ("rotated") and *ret_data (JSON) are borrowed until the
// next call. KEYFOB_TIMED_OUT: there was none, and the stream goes on. Anything else: the stream has ended.
MUST_CHECK enum keyfob_status event_stream_next(struct event_stream *s, int64_t deadline_ms, struct slice *ret_name,
                                                struct slice *ret_data, struct keyfob_error *error);

// Where to go on, for another stream. Borrowed until the next call.
struct slice event_stream_last_id(const struct event_stream *s);

void event_stream_close(struct event_stream *s); // NULL is fine

#endif
