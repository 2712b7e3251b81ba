// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/cli.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "clients/cli/prompt.h"
#include "proto/mem/text.h"
#include "proto/wire/api.h"
#include "proto/wire/limits.h"

enum { MESSAGE_MAX = 256 * 1024, ARGUMENT_SHOWN = 1024, NAME_MAX_SIZE = 1024 };

const char cli_profile_names[] = "names have 1 to 128 of A-Z a-z 0-9 _ . @ + - and inner spaces";

static int write_all(int fd, struct slice s)
{
        while (s.n > 0) {
                ssize_t n = write(fd, s.p, s.n);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN) { // whoever gave us this stream has made it non-blocking
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
        return cli_say(EXIT_FAILED, "standard output cannot be written to", NULL);
}

static void put_argument(const char *argument, struct buffer *b)
{
        struct slice s = slice_str(argument);
        (void)buffer_put_str(b, ": ");
        size_t start = b->n;
        (void)buffer_put(b, slice_head(s, ARGUMENT_SHOWN));
        if (!b->failed)
                text_defuse(b->p + start, b->n - start);
        if (s.n > ARGUMENT_SHOWN)
                (void)buffer_put_str(b, "...");
}

int cli_say_about(int exit_code, const char *what, const char *argument, const char *hint)
{
        struct buffer b;
        buffer_init(&b, MESSAGE_MAX);
        (void)buffer_put_str(&b, "keyfob: ");
        (void)buffer_put_str(&b, what);
        if (argument)
                put_argument(argument, &b);
        (void)buffer_put_byte(&b, '\n');
        if (hint && hint[0]) {
                (void)buffer_put_str(&b, "hint: ");
                (void)buffer_put_str(&b, hint);
                (void)buffer_put_byte(&b, '\n');
        }
        (void)write_all(STDERR_FILENO, buffer_slice(&b));
        buffer_free(&b);
        return exit_code;
}

int cli_say(int exit_code, const char *what, const char *hint)
{
        return cli_say_about(exit_code, what, NULL, hint);
}

int cli_say_error(const struct keyfob_error *error)
{
        const char *hint = error->hint; // the agent's own, which speaks of its API
        if (strcmp(error->code, api_error_text(API_PROFILE_NOT_FOUND)->code) == 0)
                hint = "`keyfob status` lists the profiles";
        return cli_say(error->status == KEYFOB_NO_AGENT ? EXIT_NO_AGENT : EXIT_FAILED, error->detail, hint);
}

int cli_usage(const char *what, const char *argument, const char *hint)
{
        return cli_say_about(EXIT_USAGE, what, argument, hint);
}

bool cli_is_passing(const struct keyfob_error *error)
{
        return error->status == KEYFOB_NO_AGENT || error->status == KEYFOB_TIMED_OUT ||
               error->status == KEYFOB_BAD_ANSWER || (error->status == KEYFOB_REFUSED && error->http_status >= 500);
}

const char *cli_profile(const struct options *o)
{
        if (o->arguments_count > 0)
                return o->arguments[0];
        return options_has(o, OPTION_PROFILE) ? o->values[OPTION_PROFILE] : CLI_DEFAULT_PROFILE;
}

struct keyfob_client *cli_connect(const struct options *o, int timeout_ms, int *exit_code)
{
        struct keyfob_error error;
        struct keyfob_options options = {.socket = o->values[OPTION_SOCKET], .timeout_ms = timeout_ms};
        struct keyfob_client *client = keyfob_connect(&options, &error);
        if (!client)
                *exit_code = cli_say_error(&error);
        return client;
}

const char *cli_profile_path(const char *profile, const char *rest, struct buffer *path)
{
        struct slice name = slice_str(profile);
        if (!api_is_profile_name(name)) {
                (void)cli_usage("no profile can have this name", profile, cli_profile_names);
                return NULL;
        }
        buffer_reset(path);
        (void)buffer_put_str(path, "/" API_VERSION "/profiles/");
        (void)text_percent_encode(name, false, path);
        (void)buffer_put_str(path, rest);
        return buffer_c_str(path);
}

// "…/profiles/{profile}/…": the name. False when it is no such path.
static bool profile_of_path(const char *path, struct buffer *name)
{
        static const struct slice start = SLICE_INIT("/" API_VERSION "/profiles/");
        struct slice rest = slice_str(path);
        if (!slice_starts_with(rest, start))
                return false;
        rest = slice_from(rest, start.n);
        return text_percent_decode(slice_head(rest, slice_find(rest, '/')), name) == 0 && buffer_c_str(name);
}

// Whether a person at this terminal has given a code since that refusal. *error is then over, else what is to be said.
static bool user_acted(struct keyfob_client *client, const char *path, struct keyfob_error *error)
{
        struct buffer name;
        bool is_needed = strcmp(error->code, api_error_text(API_MFA_REQUIRED)->code) == 0;
        if (!is_needed || !prompt_is_possible())
                return false;
        buffer_init(&name, NAME_MAX_SIZE);
        bool helped = profile_of_path(path, &name) && prompt_for_code(client, (const char *)name.p, error);
        buffer_free(&name);
        return helped;
}

int cli_request(const struct options *o, int timeout_ms, const char *method, const char *path, const char *body,
                int (*consume)(const struct options *o, struct slice body))
{
        struct keyfob_error error;
        struct keyfob_response response;
        int exit_code = EXIT_FAILED;
        struct keyfob_client *client = cli_connect(o, timeout_ms, &exit_code);
        if (!client)
                return exit_code;
        enum keyfob_status status = keyfob_request(client, method, path, body, &response, &error);
        if (status != KEYFOB_OK && user_acted(client, path, &error))
                status = keyfob_request(client, method, path, body, &response, &error);
        if (status != KEYFOB_OK)
                exit_code = cli_say_error(&error);
        else
                exit_code = consume(o, slice_of(response.body, response.body_size));
        keyfob_disconnect(client);
        return exit_code;
}

int cli_request_profile(const struct options *o, int timeout_ms, const char *method, const char *rest,
                        int (*consume)(const struct options *o, struct slice body))
{
        struct buffer path;
        buffer_init(&path, LIMIT_HTTP_TARGET);
        const char *text = cli_profile_path(cli_profile(o), rest, &path);
        int exit_code = text ? cli_request(o, timeout_ms, method, text, NULL, consume) : EXIT_USAGE;
        buffer_free(&path);
        return exit_code;
}
