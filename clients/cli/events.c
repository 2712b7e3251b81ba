// SPDX-License-Identifier: Apache-2.0
// Follows the agent's events, also over its restarts: it sends the agent the last event seen, which answers whether
// any were missed.
#include <time.h>

#include "clients/c/deadline.h"
#include "clients/cli/cli.h"
#include "clients/cli/commands.h"
#include "clients/cli/event_line.h"
#include "clients/cli/event_stream.h"

enum { OUTPUT_MAX = 512 * 1024, SILENCE_MS = 60000 /* nothing happens after it */, RETRY_MS = 1000 };

struct following {
        const struct options *options;
        const char *path;
        struct buffer last_id;
        struct keyfob_error error; // that ended the stream
};

static int print(const struct following *f, struct slice name, struct slice data)
{
        struct buffer out;
        int r = 0;
        buffer_init(&out, OUTPUT_MAX);
        if (options_has(f->options, OPTION_JSON)) {
                cli_put_json(&out, data);
                (void)buffer_put_byte(&out, '\n');
                r = out.failed ? -1 : 0;
        } else {
                r = event_line_write(name, data, &out);
        }
        int exit_code = r == 0 ? cli_write(buffer_slice(&out))
                               : cli_fail(EXIT_FAILED, NULL, "the agent's answer is not a stream of its events");
        buffer_free(&out);
        return exit_code;
}

// Without memory for it, none is sent. A stream that ended before it gave an id leaves that of the one before.
static void keep_id(struct following *f, struct slice id)
{
        if (id.n == 0)
                return;
        buffer_reset(&f->last_id);
        (void)buffer_put(&f->last_id, id);
}

// EXIT_OK: the stream has ended with f->error.
static int follow(struct following *f, struct event_stream *s)
{
        struct slice name, data;
        for (;;) {
                enum keyfob_status status =
                    event_stream_next(s, deadline_now_ms() + SILENCE_MS, &name, &data, &f->error);
                keep_id(f, event_stream_last_id(s));
                if (status == KEYFOB_TIMED_OUT)
                        continue;
                if (status != KEYFOB_OK)
                        return EXIT_OK;
                int exit_code = print(f, name, data);
                if (exit_code != EXIT_OK)
                        return exit_code;
        }
}

static int follow_all(struct following *f)
{
        const struct timespec pause = {.tv_sec = RETRY_MS / 1000};
        bool was_open = false, is_reported = false;
        for (;; (void)nanosleep(&pause, NULL)) {
                struct event_stream *s =
                    event_stream_open(f->options->values[OPTION_SOCKET], f->path, buffer_slice(&f->last_id),
                                      deadline_now_ms() + CLI_QUICK_MS, &f->error);
                if (s) {
                        int exit_code = follow(f, s);
                        event_stream_close(s);
                        if (exit_code != EXIT_OK)
                                return exit_code;
                        was_open = true;
                        is_reported = false;
                }
                if (!was_open || !cli_may_retry(&f->error))
                        return cli_fail_with(&f->error);
                if (!is_reported)
                        (void)cli_fail_with(&f->error);
                is_reported = true;
        }
}

static int run(const struct options *o)
{
        struct buffer path;
        struct following f = {.options = o};
        buffer_init(&path, LIMIT_HTTP_HEAD);
        buffer_init(&f.last_id, LIMIT_SSE);
        int exit_code = event_stream_put_path(o, &path);
        if (exit_code == EXIT_OK) {
                f.path = buffer_c_str(&path);
                exit_code = follow_all(&f);
        }
        buffer_free(&path);
        buffer_free(&f.last_id);
        return exit_code;
}

const struct command command_events = {
    .name = "events",
    .summary = "follow rotations, failed refreshes, ends and reloads",
    .help = "usage: keyfob events [PROFILE...] [--json]\n"
            "\n"
            "Prints a line for each event, until it is interrupted; without PROFILE, of all\n"
            "profiles that you may use. Goes on when the agent restarts; \"missed\" says that\n"
            "there were events which it could not print: run `keyfob status`.\n"
            "\n"
            "  rotated          new credentials\n"
            "  refresh_failed   a refresh has failed; `keyfob status PROFILE` says why\n"
            "  expiring         the last minute has begun, and there are no newer ones\n"
            "  expired          the credentials have ended\n"
            "  config_reloaded  the configuration was read again\n"
            "\n"
            "options:\n"
            "  --json           the events as the agent sends them, one a line\n"
            "  --profile NAME   one more profile\n"
            "  --socket PATH    the agent's socket\n"
            "  --help           this text\n"
            "\n"
            "examples:\n"
            "  keyfob events\n"
            "  keyfob events irsa --json | while read -r event; do ./rotated \"$event\"; done\n",
    .accepts = OPTION_BIT(OPTION_JSON),
    .arguments_max = 4096,
    .run = run,
};
