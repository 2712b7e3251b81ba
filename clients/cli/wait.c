// SPDX-License-Identifier: Apache-2.0
// Asks, and asks again later. The agent answers at once whether all is ready; the pauses in between grow, so that a
// quick start is noticed quickly and a slow one is not hammered.
#include <time.h>

#include "clients/cli/cli.h"
#include "clients/cli/commands.h"
#include "clients/cli/duration.h"
#include "clients/cli/wait_reasons.h"
#include "proto/mem/text.h"
#include "proto/wire/api.h"
#include "proto/wire/limits.h"

enum {
        DEFAULT_TIMEOUT_S = 60,
        FIRST_PAUSE_MS = 20,
        LAST_PAUSE_MS = 1000,
        TEST_TIMEOUT_MS = 1000, // the least that any one question is given, also the last one
        PATH_MAX_SIZE = 60 * 1024
};

#define LIVE_OPTIONS (OPTION_BIT(OPTION_LIVE) | OPTION_BIT(OPTION_SOCKET) | OPTION_BIT(OPTION_HELP))

// 0, or -1: said.
static int read_seconds(const struct options *o, enum option option, int64_t *ret_s)
{
        if (!options_has(o, option) || duration_parse(slice_str(o->values[option]), ret_s) == 0)
                return 0;
        (void)cli_usage("this is no length of time", o->values[option], "write 90s, 10m or 1h");
        return -1;
}

static void put_query(struct buffer *path, const char *key)
{
        (void)buffer_put_byte(path, slice_find(buffer_slice(path), '?') < path->n ? '&' : '?');
        (void)buffer_put_str(path, key);
}

static int put_profile(struct buffer *path, const char *name)
{
        if (!api_is_profile_name(slice_str(name))) {
                (void)cli_usage("no profile can have this name", name, cli_profile_names);
                return -1;
        }
        put_query(path, "profile=");
        (void)text_percent_encode(slice_str(name), false, path);
        return 0;
}

// "/readyz?profile=…&min_ttl=…", or NULL: said.
static const char *ready_path(const struct options *o, struct buffer *path)
{
        int64_t min_ttl_s = 0;
        if (read_seconds(o, OPTION_MIN_TTL, &min_ttl_s) < 0)
                return NULL;
        (void)buffer_put_str(path, "/readyz");
        for (size_t i = 0; i < o->arguments_count; i++)
                if (put_profile(path, o->arguments[i]) < 0)
                        return NULL;
        if (options_has(o, OPTION_PROFILE) && put_profile(path, o->values[OPTION_PROFILE]) < 0)
                return NULL;
        if (min_ttl_s > 0) {
                put_query(path, "min_ttl=");
                (void)buffer_put_i64(path, min_ttl_s);
        }
        const char *text = buffer_c_str(path);
        if (!text)
                (void)cli_usage("too many profiles", NULL, "wait for a part of them at a time");
        return text;
}

static int64_t now_ms(void)
{
        struct timespec now;
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void pause_ms(int64_t ms)
{
        const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
        (void)nanosleep(&pause, NULL);
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

// The time is up. `refusal` is the last that the agent said, if it ever answered.
static int give_up(const struct options *o, const struct keyfob_error *error, const struct keyfob_error *refusal)
{
        struct keyfob_error failure;
        struct keyfob_response response;
        struct keyfob_options options = {.socket = o->values[OPTION_SOCKET], .timeout_ms = TEST_TIMEOUT_MS};
        if (error->status == KEYFOB_TIMED_OUT && refusal->status == KEYFOB_REFUSED)
                return cli_say(EXIT_FAILED, refusal->detail, "asked again, the agent did not answer: see its log");
        if (error->status != KEYFOB_REFUSED)
                return cli_say_error(error);
        (void)cli_say(EXIT_FAILED, error->detail, NULL);
        struct keyfob_client *client = keyfob_connect(&options, &failure);
        if (client &&
            keyfob_request(client, "GET", "/" API_VERSION "/profiles", NULL, &response, &failure) == KEYFOB_OK)
                wait_say_reasons(o, slice_of(response.body, response.body_size));
        keyfob_disconnect(client);
        return EXIT_FAILED;
}

static int wait_until_ready(const struct options *o, const char *path, int64_t timeout_s)
{
        struct keyfob_error error;
        struct keyfob_error refusal = {.status = KEYFOB_OK};
        int64_t at_ms = now_ms();
        int64_t deadline_ms = at_ms + timeout_s * 1000;
        for (int64_t pause = FIRST_PAUSE_MS;; pause = pause * 2 < LAST_PAUSE_MS ? pause * 2 : LAST_PAUSE_MS) {
                int64_t left_ms = deadline_ms - at_ms;
                int timeout_ms = left_ms > CLI_QUICK_MS ? CLI_QUICK_MS
                                                        : (left_ms > TEST_TIMEOUT_MS ? (int)left_ms : TEST_TIMEOUT_MS);
                if (ask(o, path, timeout_ms, &error) == KEYFOB_OK)
                        return EXIT_OK;
                at_ms = now_ms();
                if (!cli_is_passing(&error))
                        return cli_say_error(&error);
                if (at_ms >= deadline_ms)
                        return give_up(o, &error, &refusal);
                if (error.status == KEYFOB_REFUSED)
                        refusal = error;
                pause_ms(pause < deadline_ms - at_ms ? pause : deadline_ms - at_ms);
                at_ms = now_ms();
        }
}

static int run(const struct options *o)
{
        struct buffer path;
        struct keyfob_error error;
        int64_t timeout_s = DEFAULT_TIMEOUT_S;
        if (read_seconds(o, OPTION_TIMEOUT, &timeout_s) < 0)
                return EXIT_USAGE;
        if (options_has(o, OPTION_LIVE) && (o->arguments_count > 0 || o->given & ~LIVE_OPTIONS))
                return cli_usage("--live asks about the agent alone", NULL, "leave out profiles and times");
        if (options_has(o, OPTION_LIVE))
                return ask(o, "/livez", CLI_QUICK_MS, &error) == KEYFOB_OK ? EXIT_OK : cli_say_error(&error);
        buffer_init(&path, PATH_MAX_SIZE);
        const char *text = ready_path(o, &path);
        int exit_code = text ? wait_until_ready(o, text, timeout_s) : EXIT_USAGE;
        buffer_free(&path);
        return exit_code;
}

const struct command command_wait = {
    .name = "wait",
    .summary = "wait until credentials are there, for scripts and probes",
    .help = "usage: keyfob wait [PROFILE...] [--min-ttl TIME] [--timeout TIME]\n"
            "       keyfob wait --live\n"
            "\n"
            "Waits until the agent answers and the profiles hold credentials; without\n"
            "PROFILE, all profiles that the agent keeps fresh by itself. Exit code 0 then;\n"
            "1 (or 3: no agent) when the time is up.\n"
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
