// SPDX-License-Identifier: Apache-2.0
// Asks whether the profiles are ready, which the agent answers at once, and again when its events say that something
// has happened. Asks without a reason, too, with growing pauses: while there is no agent, or one without events, and
// for profiles that nothing would fetch otherwise.
#include <stdio.h>
#include <time.h>

#include "clients/c/client.h"
#include "clients/c/deadline.h"
#include "clients/c/errors.h"
#include "clients/cli/cli.h"
#include "clients/cli/commands.h"
#include "clients/cli/event_stream.h"
#include "clients/cli/wait_verdict.h"
#include "proto/mem/text.h"
#include "proto/mem/time.h"
#include "proto/wire/limits.h"

enum {
        DEFAULT_TIMEOUT_S = 60,
        FIRST_PAUSE_MS = 20,
        LAST_PAUSE_MS = 1000,
        EVENTS_A_PAUSE = 1000,      // read at once; more are a reason to ask again
        EVENTS_SHARE = 4,           // of a pause that events cannot end
        CALL_TIMEOUT_MIN_MS = 1000, // for each call, also when less time is left
        PATH_MAX_SIZE = 60 * 1024
};

// EXIT_OK, or EXIT_USAGE after a message.
static int put_profile(struct buffer *path, const char *name)
{
        struct keyfob_error error;
        if (client_check_profile(name, &error) != KEYFOB_OK)
                return cli_fail_with(&error);
        (void)buffer_put_str(path, "&profile=");
        (void)text_percent_encode(slice_str(name), false, path);
        return EXIT_OK;
}

// "/readyz?min_ttl=…&profile=…", or NULL after a message.
static const char *put_ready_path(const struct options *o, struct buffer *path)
{
        int64_t min_ttl_s = 0;
        if (cli_duration(o, OPTION_MIN_TTL, &min_ttl_s) < 0)
                return NULL;
        (void)buffer_printf(path, "/readyz?min_ttl=%lld", (long long)min_ttl_s);
        for (size_t i = 0; i < o->arguments_count; i++)
                if (put_profile(path, o->arguments[i]) != EXIT_OK)
                        return NULL;
        if (options_has(o, OPTION_PROFILE) && put_profile(path, o->values[OPTION_PROFILE]) != EXIT_OK)
                return NULL;
        const char *text = buffer_c_str(path);
        if (!text)
                (void)cli_fail(EXIT_USAGE, "wait for some of them at a time", "too many profiles");
        return text;
}

static enum keyfob_status ask(const struct options *o, const char *path, int timeout_ms, struct keyfob_error *error)
{
        struct keyfob_response response;
        struct keyfob_options options = {.socket = o->values[OPTION_SOCKET], .timeout_ms = timeout_ms};
        struct keyfob_client *client = keyfob_connect(&options, error);
        enum keyfob_status status =
            client ? keyfob_request(client, "GET", path, NULL, &response, error) : error->status;
        keyfob_disconnect(client);
        return status;
}

// What is waited for.
struct waiting {
        struct options options; // with what to wait for where none was given
        struct buffer path;     // of /readyz
        int64_t timeout_s, deadline_ms;
        struct event_stream *events; // NULL: none
        bool has_no_events;          // do not try (again)
        struct keyfob_error error;   // of the last call
        struct keyfob_error refusal; // the agent's last "not ready", if it ever answered
};

// Whether the profile can be used at all: it exists, and `allow` admits this user.
static enum wait_verdict judge_unlisted(struct keyfob_client *client, const char *name)
{
        struct slice answer;
        struct keyfob_error error;
        if (client_call(client, "GET", name, "", slice_of(NULL, 0), &answer, &error) == KEYFOB_OK ||
            cli_may_retry(&error)) // it was added just now, or the agent is busy
                return WAIT_NOT_YET;
        (void)cli_fail_with(&error);
        return WAIT_IN_VAIN;
}

static enum wait_verdict judge_profiles(struct waiting *w, bool is_ready, int timeout_ms)
{
        struct slice answer;
        const char *unlisted = NULL;
        struct keyfob_options options = {.socket = w->options.values[OPTION_SOCKET], .timeout_ms = timeout_ms};
        struct keyfob_error error;
        enum wait_verdict verdict = WAIT_NOT_YET;
        struct keyfob_client *client = keyfob_connect(&options, &error);
        if (client && client_call(client, "GET", NULL, "", slice_of(NULL, 0), &answer, &error) == KEYFOB_OK) {
                verdict = wait_judge(&w->options, answer, is_ready, &unlisted);
                if (unlisted && verdict != WAIT_IN_VAIN)
                        verdict = judge_unlisted(client, unlisted);
        } else {
                w->error = error;
        }
        keyfob_disconnect(client);
        return verdict;
}

// Asks once. With WAIT_NOT_YET, w->error is why.
static enum wait_verdict ask_all(struct waiting *w, const char *path, int timeout_ms, int *exit_code)
{
        *exit_code = EXIT_FAILED;
        bool is_ready = ask(&w->options, path, timeout_ms, &w->error) == KEYFOB_OK;
        if (!is_ready && !cli_may_retry(&w->error)) {
                *exit_code = cli_fail_with(&w->error);
                return WAIT_IN_VAIN;
        }
        if (!is_ready && w->error.status != KEYFOB_REFUSED)
                return WAIT_NOT_YET;
        if (!is_ready)
                w->refusal = w->error;
        return judge_profiles(w, is_ready, timeout_ms);
}

// The time is up.
static int give_up(const struct waiting *w)
{
        struct keyfob_error failure;
        struct slice answer;
        char waited[TIME_DURATION_SIZE + sizeof("waited : ")] = "";
        if (w->timeout_s > 0)
                (void)snprintf(waited, sizeof(waited), "waited %lld s: ", (long long)w->timeout_s);
        bool has_refusal = w->refusal.status == KEYFOB_REFUSED;
        if (w->error.status == KEYFOB_TIMED_OUT && has_refusal)
                return cli_fail(EXIT_FAILED, "read the agent's log: it did not answer when asked again", "%s%s", waited,
                                w->refusal.detail);
        if (w->error.status != KEYFOB_OK && w->error.status != KEYFOB_REFUSED) {
                (void)errors_set(&failure, w->error.status, w->error.hint, "%s%s", waited, w->error.detail);
                return cli_fail_with(&failure);
        }
        (void)cli_fail(EXIT_FAILED, NULL, "%s%s", waited, has_refusal ? w->refusal.detail : w->error.detail);
        struct keyfob_options options = {.socket = w->options.values[OPTION_SOCKET], .timeout_ms = CALL_TIMEOUT_MIN_MS};
        struct keyfob_client *client = keyfob_connect(&options, &failure);
        if (client && client_call(client, "GET", NULL, "", slice_of(NULL, 0), &answer, &failure) == KEYFOB_OK)
                wait_print_reasons(&w->options, answer);
        keyfob_disconnect(client);
        return EXIT_FAILED;
}

// Nothing was named, and the agent keeps nothing fresh by itself: the profile that other commands take, then.
static const char *wait_for_default(struct waiting *w)
{
        buffer_reset(&w->path);
        w->options.values[OPTION_PROFILE] = CLI_DEFAULT_PROFILE;
        return put_ready_path(&w->options, &w->path);
}

// --- between two questions ---

static void pause_until(int64_t until_ms)
{
        int64_t ms = until_ms - deadline_now_ms();
        const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
        if (ms > 0)
                (void)nanosleep(&pause, NULL);
}

// Before asking, so that nothing falls between. An agent that does not answer is not tried twice.
static void listen_for_events(struct waiting *w, int64_t deadline_ms)
{
        struct buffer path;
        struct keyfob_error error;
        if (w->events || w->has_no_events || w->timeout_s == 0)
                return;
        buffer_init(&path, LIMIT_HTTP_HEAD);
        bool fits = event_stream_put_path(&w->options, &path) == EXIT_OK;
        if (fits)
                w->events = event_stream_open(w->options.values[OPTION_SOCKET], buffer_c_str(&path), slice_of(NULL, 0),
                                              deadline_ms, &error);
        w->has_no_events = !fits || (!w->events && error.status != KEYFOB_NO_AGENT);
        buffer_free(&path);
}

// Until an event, but not sooner than `least_ms`, so that many events are one reason to ask; or until `until_ms`.
static void wait_for_events(struct waiting *w, int64_t least_ms, int64_t until_ms)
{
        struct slice name, data;
        struct keyfob_error error;
        enum keyfob_status status = KEYFOB_TIMED_OUT;
        if (w->events)
                status = event_stream_next(w->events, until_ms, &name, &data, &error);
        if (status == KEYFOB_OK)
                pause_until(least_ms < until_ms ? least_ms : until_ms);
        else
                pause_until(until_ms);
        for (unsigned i = 0; i < EVENTS_A_PAUSE && status == KEYFOB_OK; i++)
                status = event_stream_next(w->events, 0, &name, &data, &error);
        if (status == KEYFOB_OK || status == KEYFOB_TIMED_OUT)
                return;
        event_stream_close(w->events);
        w->events = NULL;
}

static int wait_until_ready(struct waiting *w, const char *path)
{
        int exit_code;
        int64_t at_ms = deadline_now_ms();
        w->deadline_ms = at_ms + w->timeout_s * 1000;
        for (int64_t pause = FIRST_PAUSE_MS;; pause = pause * 2 < LAST_PAUSE_MS ? pause * 2 : LAST_PAUSE_MS) {
                int64_t left_ms = w->deadline_ms - at_ms, asked_ms = at_ms;
                if (pause > FIRST_PAUSE_MS) // mostly they are ready when first asked
                        listen_for_events(w, at_ms + (left_ms < CALL_TIMEOUT_MIN_MS ? left_ms : CALL_TIMEOUT_MIN_MS));
                int64_t timeout_ms = left_ms < CLI_QUICK_MS ? left_ms : CLI_QUICK_MS;
                timeout_ms = timeout_ms > CALL_TIMEOUT_MIN_MS ? timeout_ms : CALL_TIMEOUT_MIN_MS;
                enum wait_verdict verdict = ask_all(w, path, (int)timeout_ms, &exit_code);
                if (verdict == WAIT_FOR_DEFAULT) {
                        path = wait_for_default(w);
                        if (!path)
                                return EXIT_FAILED;
                        verdict = ask_all(w, path, (int)timeout_ms, &exit_code);
                }
                if (verdict != WAIT_NOT_YET)
                        return verdict == WAIT_READY ? EXIT_OK : exit_code;
                at_ms = deadline_now_ms();
                if (at_ms >= w->deadline_ms)
                        return give_up(w);
                int64_t until_ms = at_ms + pause < w->deadline_ms ? at_ms + pause : w->deadline_ms;
                wait_for_events(w, asked_ms + pause / EVENTS_SHARE, until_ms);
                at_ms = deadline_now_ms();
        }
}

static int run(const struct options *o)
{
        struct waiting w = {.options = *o, .timeout_s = DEFAULT_TIMEOUT_S};
        if (cli_duration(o, OPTION_TIMEOUT, &w.timeout_s) < 0)
                return EXIT_USAGE;
        if (options_has(o, OPTION_LIVE)) {
                if (o->arguments_count > 0 || options_has(o, OPTION_PROFILE) || options_has(o, OPTION_MIN_TTL) ||
                    options_has(o, OPTION_TIMEOUT))
                        return cli_fail(EXIT_USAGE, "leave out profiles and times", "--live checks the agent alone");
                return ask(o, "/livez", CLI_QUICK_MS, &w.error) == KEYFOB_OK ? EXIT_OK : cli_fail_with(&w.error);
        }
        buffer_init(&w.path, PATH_MAX_SIZE);
        const char *text = put_ready_path(o, &w.path);
        int exit_code = text ? wait_until_ready(&w, text) : EXIT_USAGE;
        event_stream_close(w.events);
        buffer_free(&w.path);
        return exit_code;
}

const struct command command_wait = {
    .name = "wait",
    .summary = "wait until credentials are ready, for scripts and probes",
    .help = "usage: keyfob wait [PROFILE...] [--min-ttl TIME] [--timeout TIME]\n"
            "       keyfob wait --live\n"
            "\n"
            "Waits until the agent answers and the profiles hold credentials; without\n"
            "PROFILE, all profiles that the agent keeps fresh by itself, or \"default\" if\n"
            "there are none. Exits with 0 then; with 1 (or 3: no agent) when the time is up,\n"
            "and at once when waiting cannot help: a profile is configured wrongly, unknown\n"
            "or not allowed, or needs a login.\n"
            "\n"
            "options:\n"
            "  --min-ttl TIME   credentials must live at least this long, such as 10m\n"
            "  --timeout TIME   how long to wait; 60s if not given, 0 asks once\n"
            "  --live           ask once whether the agent is alive\n"
            "  --profile NAME   one more profile\n"
            "  --socket PATH    the agent's socket\n"
            "  --help           this text\n"
            "\n"
            "examples:\n"
            "  keyfob wait --timeout 30s && echo ready\n"
            "  keyfob wait irsa --min-ttl 10m\n",
    .accepts = OPTION_BIT(OPTION_MIN_TTL) | OPTION_BIT(OPTION_TIMEOUT) | OPTION_BIT(OPTION_LIVE),
    .arguments_max = 4096,
    .run = run,
};
