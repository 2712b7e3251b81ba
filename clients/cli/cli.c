// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/cli.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clients/c/client.h"
#include "clients/cli/agent_start.h"
#include "clients/cli/hints.h"
#include "clients/cli/prompt.h"
#include "proto/mem/text.h"
#include "proto/mem/time.h"
#include "proto/wire/api.h"

enum { TEXT_MAX = 2048, HINT_MAX = 1024, OUTPUT_MAX = 8 * 1024, STARTS_MAX = 3 };

static int write_all(int fd, struct slice s)
{
        while (s.n > 0) {
                ssize_t n = write(fd, s.p, s.n);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN) { // the parent process made this stream non-blocking
                        struct pollfd p = {.fd = fd, .events = POLLOUT};
                        (void)poll(&p, 1, -1);
                        continue;
                }
                if (n <= 0)
                        return -1;
                s = slice_from(s, (size_t)n);
        }
        return 0;
}

int cli_write(struct slice s)
{
        if (write_all(STDOUT_FILENO, s) == 0)
                return EXIT_OK;
        return cli_fail(EXIT_FAILED, NULL, "cannot write to standard output: %s", strerror(errno));
}

// How much of `json`, from its start, may be shown; also line breaks between values.
static size_t shown_length(struct slice json)
{
        size_t n = 0;
        while (n < json.n) {
                if (text_is_printable(json.p[n]) || json.p[n] == '\n') {
                        n++;
                        continue;
                }
                size_t one = text_shown_sequence(slice_from(json, n));
                if (one == 0)
                        break;
                n += one;
        }
        return n;
}

void cli_put_json(struct buffer *out, struct slice json)
{
        char escaped[TEXT_ESCAPE_SIZE];
        while (json.n > 0) {
                size_t n = shown_length(json);
                (void)buffer_put(out, slice_head(json, n));
                json = slice_from(json, n);
                if (json.n == 0)
                        break;
                json = slice_from(json, text_json_escape(json, escaped));
                (void)buffer_put_str(out, escaped);
        }
}

int cli_print(const char *format, ...)
{
        char text[OUTPUT_MAX];
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        return cli_write(slice_str(text));
}

int cli_fail(int exit_code, const char *hint, const char *format, ...)
{
        char text[TEXT_MAX], whole[TEXT_MAX + HINT_MAX + sizeof("keyfob: \nhint: \n")];
        bool has_hint = hint && hint[0];
        va_list arguments;
        va_start(arguments, format);
        if (vsnprintf(text, sizeof(text), format, arguments) >= TEXT_MAX)
                memcpy(text + TEXT_MAX - sizeof("..."), "...", sizeof("..."));
        va_end(arguments);
        text_defuse((uint8_t *)text, strlen(text));
        char shown[HINT_MAX] = "";
        if (has_hint)
                (void)snprintf(shown, sizeof(shown), "%s", hint);
        text_defuse((uint8_t *)shown, strlen(shown));
        (void)snprintf(whole, sizeof(whole), "keyfob: %s\n%s%s%s", text, has_hint ? "hint: " : "", shown,
                       has_hint ? "\n" : "");
        (void)write_all(STDERR_FILENO, slice_str(whole));
        return exit_code;
}

int cli_fail_with(const struct keyfob_error *error)
{
        char detail[TEXT_MAX], hint[HINT_MAX];
        int exit_code = error->status == KEYFOB_NO_AGENT  ? EXIT_NO_AGENT
                        : error->status == KEYFOB_INVALID ? EXIT_USAGE
                                                          : EXIT_FAILED;
        hints_translate(error->detail, detail, sizeof(detail));
        hints_translate(error->hint, hint, sizeof(hint));
        return cli_fail(exit_code, hint, "%s", detail);
}

bool cli_may_retry(const struct keyfob_error *error)
{
        return error->status == KEYFOB_NO_AGENT || error->status == KEYFOB_TIMED_OUT ||
               error->status == KEYFOB_BAD_ANSWER || (error->status == KEYFOB_REFUSED && error->http_status >= 500);
}

int cli_duration(const struct options *o, enum option_id id, int64_t *ret_s)
{
        if (!options_has(o, id) || time_parse_duration(slice_str(o->values[id]), ret_s) == 0)
                return 0;
        (void)cli_fail(EXIT_USAGE, "write 90s, 10m or 1h", "invalid duration for --%s: %s", options_name(id),
                       o->values[id]);
        return -1;
}

const char *cli_profile_option(const struct options *o)
{
        const char *variable = getenv("KEYFOB_PROFILE");
        if (options_has(o, OPTION_PROFILE))
                return o->values[OPTION_PROFILE];
        return variable && variable[0] ? variable : CLI_DEFAULT_PROFILE;
}

const char *cli_profile(const struct options *o)
{
        if (o->arguments_count > 0)
                return o->arguments[0];
        return cli_profile_option(o);
}

static bool may_start(const struct options *o, const struct keyfob_error *error)
{
        return options_has(o, OPTION_AUTOSTART) && error->status == KEYFOB_NO_AGENT;
}

struct keyfob_client *cli_connect(const struct options *o, const char *profile, int timeout_ms, int *exit_code)
{
        struct keyfob_error error;
        struct keyfob_options options = {.socket = o->values[OPTION_SOCKET], .timeout_ms = timeout_ms};
        struct keyfob_client *client = NULL;
        char path[LIMIT_UNIX_PATH + 1];
        if (!profile || client_check_profile(profile, &error) == KEYFOB_OK)
                client = keyfob_connect(&options, &error);
        // Again where the agent that answered was about to end.
        for (unsigned i = 0; i < STARTS_MAX && !client && may_start(o, &error); i++) {
                if (!agent_start(o->values[OPTION_SOCKET], path, &error))
                        break;
                options.socket = path;
                client = keyfob_connect(&options, &error);
        }
        if (!client)
                *exit_code = cli_fail_with(&error);
        return client;
}

// True when the user gave an MFA code that the refused call needs. Else *error is what to report.
static bool gave_code(struct keyfob_client *client, const char *profile, struct keyfob_error *error)
{
        return profile && strcmp(error->code, api_error_text(API_MFA_REQUIRED)->code) == 0 && prompt_is_possible() &&
               prompt_for_code(client, profile, error);
}

// The agent ended while this command connected to it: another one can be started.
static bool has_left(const struct options *o, const struct keyfob_error *error)
{
        return options_has(o, OPTION_AUTOSTART) && (error->status == KEYFOB_BAD_ANSWER ||
                                                    strcmp(error->code, api_error_text(API_SHUTTING_DOWN)->code) == 0);
}

static enum keyfob_status send_call(struct keyfob_client *client, const struct cli_call *call, struct slice *answer,
                                    struct keyfob_error *error)
{
        struct keyfob_response response;
        if (!call->path)
                return client_call(client, call->method, call->profile, call->rest, call->body, answer, error);
        enum keyfob_status status =
            keyfob_request(client, call->method, call->path, (const char *)call->body.p, &response, error);
        *answer = slice_of(response.body, response.body_size);
        return status;
}

int cli_call(const struct options *o, const struct cli_call *call)
{
        struct keyfob_error error;
        struct slice answer;
        int exit_code = EXIT_FAILED;
        struct keyfob_client *client = cli_connect(o, call->profile, call->timeout_ms, &exit_code);
        if (!client)
                return exit_code;
        enum keyfob_status status = send_call(client, call, &answer, &error);
        if (status != KEYFOB_OK && has_left(o, &error)) {
                keyfob_disconnect(client);
                client = cli_connect(o, call->profile, call->timeout_ms, &exit_code);
                if (!client)
                        return exit_code;
                status = send_call(client, call, &answer, &error);
        }
        if (status != KEYFOB_OK && gave_code(client, call->profile, &error))
                status = send_call(client, call, &answer, &error);
        exit_code = status == KEYFOB_OK ? call->consume(call->context, answer) : cli_fail_with(&error);
        keyfob_disconnect(client);
        return exit_code;
}
