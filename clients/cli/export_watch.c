// SPDX-License-Identifier: Apache-2.0
// A long poll of the agent, again and again. While the agent does not answer, the file stays as long as what is in it
// may be used.
#include "clients/cli/export.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

#include "clients/c/client.h"
#include "clients/cli/cli.h"
#include "proto/wire/limits.h"

enum { POLL_EVERY_S = 30, PAUSE_FIRST_S = 1, PAUSE_LAST_S = 30 };

struct watching {
        const struct export_request *request;
        char tag[CLIENT_TAG_SIZE];
        int64_t expires_s; // of what the file holds; 0: nothing of ours
        int64_t pause_s;
        bool was_refused; // just now: a profile that a reload has changed refuses who waited for it, once
        char said[sizeof(((struct keyfob_error *)NULL)->detail)]; // the last failure, which is reported once
};

static int64_t now_s(void)
{
        struct timespec now;
        (void)clock_gettime(CLOCK_REALTIME, &now);
        return now.tv_sec;
}

// How long what is in the file may be used; not more than `most`.
static int64_t left_s(const struct watching *w, int64_t most)
{
        int64_t left = w->expires_s == 0 || w->expires_s == CREDENTIALS_NEVER_EXPIRE
                           ? most
                           : w->expires_s - LIMIT_LAST_LIFE_S - now_s();
        return left < 0 ? 0 : left < most ? left : most;
}

static void remove_file(struct watching *w)
{
        const char *what = NULL;
        w->expires_s = 0;
        w->tag[0] = '\0';
        const struct export_file file = export_file_of(w->request);
        int r = export_file_remove(&file, &what);
        if (r < 0)
                (void)cli_fail(EXIT_FAILED, NULL, "file %s: cannot %s: %s", w->request->file, what, strerror(-r));
}

// Waits after a failure; each is longer than the last, but for the end of the credentials.
static void pause_after_failure(struct watching *w)
{
        int64_t seconds = left_s(w, w->pause_s);
        const struct timespec pause = {.tv_sec = seconds > 0 ? seconds : 1};
        w->pause_s = w->pause_s * 2 < PAUSE_LAST_S ? w->pause_s * 2 : PAUSE_LAST_S;
        (void)nanosleep(&pause, NULL);
}

// Others than those in the file. Until they are written, the tag is that of what the file holds.
static int write_file(struct watching *w, const char *tag, struct slice answer)
{
        struct buffer text;
        int64_t expires_s;
        buffer_init(&text, EXPORT_TEXT_MAX);
        int exit_code = export_put(w->request, answer, &text, &expires_s);
        if (exit_code == EXIT_OK)
                exit_code = export_replace_file(w->request, buffer_slice(&text));
        buffer_free(&text);
        if (exit_code != EXIT_OK)
                return exit_code;
        memcpy(w->tag, tag, CLIENT_TAG_SIZE);
        w->expires_s = expires_s;
        return EXIT_OK;
}

// EXIT_OK: go on.
static int take_failure(struct watching *w, const struct keyfob_error *error)
{
        if (!cli_may_retry(error)) {
                bool is_final = w->was_refused;
                w->was_refused = true;
                remove_file(w); // the profile is gone or another, or this user may not have it any more
                return is_final ? cli_fail_with(error) : EXIT_OK;
        }
        if (strcmp(w->said, error->detail) != 0)
                (void)cli_fail_with(error);
        memcpy(w->said, error->detail, sizeof(w->said));
        pause_after_failure(w);
        return EXIT_OK;
}

static int poll_once(struct watching *w)
{
        char tag[CLIENT_TAG_SIZE];
        struct slice answer = {0};
        struct keyfob_error error;
        const struct keyfob_options options = {.socket = w->request->options->values[OPTION_SOCKET],
                                               .timeout_ms = CLI_SLOW_MS};
        memcpy(tag, w->tag, sizeof(tag));
        struct keyfob_client *client = keyfob_connect(&options, &error);
        enum keyfob_status status =
            client ? client_poll(client, w->request->profile, (int)left_s(w, POLL_EVERY_S), tag, &answer, &error)
                   : error.status;
        int exit_code = EXIT_OK;
        if (status != KEYFOB_OK) {
                exit_code = take_failure(w, &error);
        } else if (answer.n > 0 && (write_file(w, tag, answer) != EXIT_OK || tag[0] == '\0')) {
                pause_after_failure(w); // without a tag, the next answer would be the same at once
        } else {
                w->was_refused = false;
                w->pause_s = PAUSE_FIRST_S;
                w->said[0] = '\0';
        }
        keyfob_disconnect(client);
        return exit_code;
}

int export_watch(const struct export_request *request)
{
        struct watching w = {.request = request, .pause_s = PAUSE_FIRST_S};
        struct keyfob_error error;
        if (client_check_profile(request->profile, &error) != KEYFOB_OK)
                return cli_fail_with(&error);
        (void)signal(SIGXFSZ, SIG_IGN); // a file that may not grow is a failure like a full disk
        for (;;) {
                if (w.expires_s != 0 && left_s(&w, 1) == 0)
                        remove_file(&w);
                int exit_code = poll_once(&w);
                if (exit_code != EXIT_OK)
                        return exit_code;
        }
}
