// SPDX-License-Identifier: Apache-2.0
// Asks again and again, with growing pauses: a quick start is noticed quickly, and a slow one is not hammered. The
// agent answers at once whether the profiles are ready.
#include <time.h>

#include "clients/c/client.h"
#include "clients/c/deadline.h"
#include "clients/cli/cli.h"
#include "clients/cli/commands.h"
#include "clients/cli/wait_reasons.h"
#include "proto/mem/text.h"
#include "proto/wire/limits.h"

enum {
        DEFAULT_TIMEOUT_S = 60,
        FIRST_PAUSE_MS = 20,
        LAST_PAUSE_MS = 1000,
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

// The time is up. `refusal` is the agent's last one, if it ever answered.
static int give_up(const struct options *o, const struct keyfob_error *error, const struct keyfob_error *refusal)
{
        struct keyfob_error failure;
        struct slice answer;
        struct keyfob_options options = {.socket = o->values[OPTION_SOCKET], .timeout_ms = CALL_TIMEOUT_MIN_MS};
        if (error->status == KEYFOB_TIMED_OUT && refusal->status == KEYFOB_REFUSED)
                return cli_fail(EXIT_FAILED, "read the agent's log: it did not answer when asked again", "%s",
                                refusal->detail);
        if (error->status != KEYFOB_REFUSED)
                return cli_fail_with(error);
        (void)cli_fail(EXIT_FAILED, NULL, "%s", error->detail);
        struct keyfob_client *client = keyfob_connect(&options, &failure);
        if (client && client_call(client, "GET", NULL, "", slice_of(NULL, 0), &answer, &failure) == KEYFOB_OK)
                wait_print_reasons(o, answer);
        keyfob_disconnect(client);
        return EXIT_FAILED;
}

static int wait_until_ready(const struct options *o, const char *path, int64_t timeout_s)
{
        struct keyfob_error error;
        struct keyfob_error refusal = {.status = KEYFOB_OK};
        int64_t at_ms = deadline_now_ms();
        int64_t deadline_ms = at_ms + timeout_s * 1000;
        for (int64_t pause = FIRST_PAUSE_MS;; pause = pause * 2 < LAST_PAUSE_MS ? pause * 2 : LAST_PAUSE_MS) {
                int64_t left_ms = deadline_ms - at_ms;
                int64_t timeout_ms = left_ms < CLI_QUICK_MS ? left_ms : CLI_QUICK_MS;
                timeout_ms = timeout_ms > CALL_TIMEOUT_MIN_MS ? timeout_ms : CALL_TIMEOUT_MIN_MS;
                if (ask(o, path, (int)timeout_ms, &error) == KEYFOB_OK)
                        return EXIT_OK;
                at_ms = deadline_now_ms();
                if (!cli_may_retry(&error))
                        return cli_fail_with(&error);
                if (at_ms >= deadline_ms)
                        return give_up(o, &error, &refusal);
                if (error.status == KEYFOB_REFUSED)
                        refusal = error;
                pause_ms(pause < deadline_ms - at_ms ? pause : deadline_ms - at_ms);
                at_ms = deadline_now_ms();
        }
}

static int run(const struct options *o)
{
        struct buffer path;
        struct keyfob_error error;
        int64_t timeout_s = DEFAULT_TIMEOUT_S;
        if (cli_duration(o, OPTION_TIMEOUT, &timeout_s) < 0)
                return EXIT_USAGE;
        if (options_has(o, OPTION_LIVE)) {
                if (o->arguments_count > 0 || options_has(o, OPTION_PROFILE) || options_has(o, OPTION_MIN_TTL) ||
                    options_has(o, OPTION_TIMEOUT))
                        return cli_fail(EXIT_USAGE, "leave out profiles and times", "--live checks the agent alone");
                return ask(o, "/livez", CLI_QUICK_MS, &error) == KEYFOB_OK ? EXIT_OK : cli_fail_with(&error);
        }
        buffer_init(&path, PATH_MAX_SIZE);
        const char *text = put_ready_path(o, &path);
        int exit_code = text ? wait_until_ready(o, text, timeout_s) : EXIT_USAGE;
        buffer_free(&path);
        return exit_code;
}

const struct command command_wait = {
    .name = "wait",
    .summary = "wait until credentials are ready, for scripts and probes",
    .help = "usage: keyfob wait [PROFILE...] [--min-ttl TIME] [--timeout TIME]\n"
            "       keyfob wait --live\n"
            "\n"
            "Waits until the agent answers and the profiles hold credentials; without\n"
            "PROFILE, all profiles that the agent keeps fresh by itself. Exits with 0 then,\n"
            "with 1 (or 3: no agent) when the time is up.\n"
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
