// SPDX-License-Identifier: Apache-2.0
// A command that prints credentials (credential_process). It gets the agent's environment without what would lead it
// back here: an AWS tool in it that took AWS_PROFILE for its own might run keyfob, which would ask the agent, which
// waits for the command. A command that needs a profile names it. Loop thread only.
#include <signal.h>
#include <stdlib.h>

#include "proto/mem/secret.h"
#include "proto/mem/text.h"
#include "proto/wire/credentials.h"
#include "proto/wire/limits.h"
#include "sidecar/base/env.h"
#include "sidecar/config/command_words.h"
#include "sidecar/config/profile.h"
#include "sidecar/config/settings.h"
#include "sidecar/config/values.h"
#include "sidecar/io/child.h"
#include "sidecar/io/child_environment.h"
#include "sidecar/providers/host_answer.h"
#include "sidecar/providers/masked_text.h"
#include "sidecar/providers/running_commands.h"
#include "sidecar/providers/sources.h"

enum { TIMEOUT_MS = 60000, QUOTE_SIZE = 300, NAME_SIZE = 200 };

struct process {
        struct provider base; // first: the interface is cast back
        struct child *child;
        struct running_command running; // while there is a child
        char name[NAME_SIZE];           // of the command, without its arguments: those may be secrets
};

// --- its start ---

// The last name of its path.
static void name_it(struct process *p, const char *path)
{
        const char *slash = strrchr(path, '/');
        (void)snprintf(p->name, sizeof(p->name), "%s", slash && slash[1] != '\0' ? slash + 1 : path);
        text_defuse((uint8_t *)p->name, strlen(p->name));
}

static void process_ended(void *arg, const struct child_result *result);

static int start_words(struct process *p, char *const *words, struct error *e)
{
        char **environment = child_environment(p->base.deps.env ? p->base.deps.env->entries : NULL);
        if (!environment)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        name_it(p, words[0]);
        const struct child_options options = {
            .words = words,
            .environment = environment,
            .output_max = LIMIT_PROCESS_OUTPUT,
            .timeout_ms = p->base.profile->read_timeout_ms > 0 ? p->base.profile->read_timeout_ms : TIMEOUT_MS,
        };
        p->child = child_start(p->base.deps.loop, &options, process_ended, p, e);
        free(environment);
        if (!p->child)
                return error_context(e, "credential_process");
        if (p->base.deps.commands)
                running_commands_add(p->base.deps.commands, &p->running, child_pid(p->child), p->base.profile);
        return 0;
}

static int process_start(struct provider *base, struct error *e)
{
        struct process *p = (struct process *)base;
        const char *what;
        char **words = command_words_split(slice_str(p->base.profile->credential_process), &what);
        if (!words && command_words_are_sound(slice_str(p->base.profile->credential_process)))
                return error_set(e, ERROR_INTERNAL, "out of memory");
        if (!words) {
                (void)error_set(e, ERROR_CONFIG, "credential_process cannot be split into words: %s", what);
                return error_hint(e, "quote as in a shell; no other character of a shell has a meaning");
        }
        int r = start_words(p, words, e);
        wiping_free(words);
        return r;
}

// --- its end ---

static void hint_status(int status, struct error *e)
{
        if (status == 126 || status == 127)
                (void)error_hint(
                    e, "check the programs that the command runs: one does not exist, or may not be executed");
        else
                (void)error_hint(e, "run the command by hand as the agent's user and with its environment; AWS_PROFILE "
                                    "and KEYFOB_… are not passed on");
}

// What it says itself is what the agent told it.
static void explain_circle(const struct process *p, struct error *e)
{
        const char *name = profile_shown_name(p->base.profile);
        const struct settings *settings = p->base.profile->settings;
        (void)error_set(e, ERROR_CONFIG, "%s asks this agent for credentials that need the command itself", p->name);
        if (settings && settings->path && settings->path[0] != '/') { // of no file: a client has named the command
                (void)error_hint(e, "let the command obtain the credentials by itself");
                return;
        }
        (void)error_hint(e,
                         "use two names: move what provides the credentials to [profile %s-source], and set "
                         "credential_process = keyfob credential-process %s-source in [profile %s]",
                         name, name, name);
}

static void explain(const struct process *p, const struct child_result *result, struct error *e)
{
        char quote[QUOTE_SIZE];
        long long timeout_ms = p->base.profile->read_timeout_ms > 0 ? p->base.profile->read_timeout_ms : TIMEOUT_MS;
        masked_text(result->errors, p->base.deps.env ? p->base.deps.env->entries : NULL, quote, sizeof(quote));
        const char *between = quote[0] == '\0' ? "" : ": ";
        switch (result->end) {
        case CHILD_EXITED:
                (void)error_set(e, ERROR_TRANSIENT, "%s ended with status %d%s%s", p->name, result->status, between,
                                quote);
                hint_status(result->status, e);
                break;
        case CHILD_SIGNALLED:
                (void)error_set(e, ERROR_TRANSIENT, "%s was ended by signal %d (%s)%s%s", p->name, result->signal,
                                strsignal(result->signal), between, quote);
                (void)error_hint(e,
                                 "check the system's log: it crashed, or was ended, perhaps by the kernel when memory "
                                 "ran out");
                break;
        case CHILD_TIMED_OUT:
                (void)error_set(e, ERROR_TRANSIENT, "%s did not end within %lld ms, so it was ended%s%s", p->name,
                                timeout_ms, between, quote);
                (void)error_hint(e,
                                 "raise read_timeout_ms if it needs the time; it may also wait for an answer, but has "
                                 "neither a terminal nor standard input");
                e->timed_out = true;
                break;
        case CHILD_TOO_MUCH:
                (void)error_set(e, ERROR_PROTOCOL, "%s wrote more than %d bytes, so it was ended", p->name,
                                (int)LIMIT_PROCESS_OUTPUT);
                (void)error_hint(e, "%s", host_answer_process.wrong_hint);
                break;
        case CHILD_NO_MEMORY:
                (void)error_set(e, ERROR_INTERNAL, "out of memory for what %s wrote", p->name);
                break;
        case CHILD_CANCELLED:
                (void)error_set(e, ERROR_CANCELLED, "cancelled");
                break;
        }
}

static int read_output(const struct process *p, struct slice output, struct credentials **ret, struct error *e)
{
        struct buffer scratch;
        struct answer answer;
        const struct upstream_clock time = {.known = false}; // this host's own clock
        buffer_init(&scratch, LIMIT_PROCESS_OUTPUT);
        int r = host_answer_read_output(output, &scratch, &answer, e);
        if (r < 0) {
                bool is_wrong = e->kind != ERROR_INTERNAL;
                (void)error_context(e, "the output (%zu bytes) cannot be read", output.n);
                (void)error_hint(e, "%s", is_wrong ? host_answer_process.wrong_hint : "");
        } else {
                if (!values_is_account_id(answer.account_id)) // the AWS profile may have it
                        answer.account_id = slice_str(p->base.profile->keys.account_id);
                r = answer_credentials(&answer, &host_answer_process, &time, p->base.deps.clock, ret, e);
        }
        buffer_free(&scratch);
        return r < 0 ? error_context(e, "%s", p->name) : 0;
}

static void process_ended(void *arg, const struct child_result *result)
{
        struct process *p = arg;
        struct error e = {0};
        struct credentials *c = NULL;
        p->child = NULL;
        if (p->base.deps.commands)
                running_commands_remove(&p->running);
        if (result->end == CHILD_EXITED && result->status == 0)
                (void)read_output(p, result->output, &c, &e);
        else if (p->running.is_circle && result->end != CHILD_CANCELLED)
                explain_circle(p, &e);
        else
                explain(p, result, &e);
        if (!c && p->running.waits_for_circle && e.kind == ERROR_TRANSIENT)
                e.kind = ERROR_CONFIG; // the message quotes what it was told
        if (!c)
                (void)error_context(&e, "credential_process");
        provider_finish(&p->base, c, c ? NULL : &e);
}

// --- the provider ---

static void process_cancel(struct provider *base)
{
        child_cancel(((struct process *)base)->child);
}

const struct provider_ops source_process = {
    .start = process_start,
    .cancel = process_cancel,
    .size = sizeof(struct process),
};
