// SPDX-License-Identifier: Apache-2.0
// Each identity is loaded in a worker: a token or a TPM may never answer.
#include "sidecar/app/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sidecar/app/check_files.h"
#include "sidecar/app/report.h"
#include "sidecar/config/settings.h"
#include "sidecar/io/workers.h"
#include "sidecar/providers/identity_cache.h"
#include "sidecar/signing/x509.h"

struct checker {
        uv_loop_t loop;
        struct workers *workers;
        struct worker_job job;
        struct x509_paths paths;
        int64_t now_s;
        bool is_over, is_late;
        enum worker_end end;
        struct error error; // of kind ERROR_NONE: the identity is good
};

static void load(struct worker_job *job, void *arg)
{
        struct checker *c = arg;
        struct x509_identity *identity = NULL;
        (void)job;
        if (x509_identity_load(&c->paths, c->now_s, &identity, &c->error) == 0)
                c->error.kind = ERROR_NONE;
        x509_identity_free(identity); // may ask the token again
}

static void on_late(void *arg)
{
        ((struct checker *)arg)->is_late = true;
}

static void on_done(void *arg, enum worker_end end)
{
        struct checker *c = arg;
        c->is_over = true;
        c->end = end;
}

static int check_identity(struct checker *c, const struct profile *profile, struct error *e)
{
        int64_t timeout_ms = identity_cache_timeout_ms(profile);
        const struct worker_task task = {.device = "check",
                                         .late_ms = (uint64_t)timeout_ms,
                                         .run = load,
                                         .late = on_late,
                                         .done = on_done,
                                         .arg = c};
        c->paths = identity_cache_paths(profile);
        c->error = (struct error){.kind = ERROR_NONE};
        c->is_over = false;
        workers_start(c->workers, &c->job, &task);
        while (!c->is_over && !c->is_late)
                (void)uv_run(&c->loop, UV_RUN_ONCE);
        if (c->is_late) {
                (void)identity_cache_report_late(&c->paths, timeout_ms, e);
                (void)error_hint(e, "check the token, the TPM or the file system that holds it");
        } else if (c->end != WORKER_RAN) {
                (void)error_set(e, ERROR_INTERNAL, "no thread to load a private key in");
        } else {
                *e = c->error;
        }
        return e->kind == ERROR_NONE ? 0 : error_context(e, "profile %s", profile_shown_name(profile));
}

// How many cannot be loaded. Reported as errors: each profile's own, but the user has named these files.
static size_t check_identities(struct checker *c, const struct settings *settings, int *status)
{
        size_t count = 0;
        for (size_t i = 0; i < settings->profiles_count && !c->is_late; i++) {
                const struct profile *profile = &settings->profiles[i];
                struct error e = {.kind = ERROR_NONE};
                if (profile->type != PROFILE_ROLES_ANYWHERE || profile->fault || check_identity(c, profile, &e) == 0)
                        continue;
                report_error(&e);
                if (count++ == 0)
                        *status = report_exit_status(&e);
        }
        return count;
}

static int load_identities(const struct settings *settings, int64_t now_s, bool *ret_is_late)
{
        int status = 0;
        struct checker *c = calloc(1, sizeof(*c));
        if (c && uv_loop_init(&c->loop) == 0)
                c->workers = workers_new(&c->loop);
        if (!c || !c->workers) {
                struct error e = {0};
                free(c);
                (void)error_set(&e, ERROR_INTERNAL, "out of memory");
                report_error(&e);
                return report_exit_status(&e);
        }
        c->now_s = now_s;
        (void)check_identities(c, settings, &status);
        *ret_is_late = c->is_late;
        if (c->is_late)
                return status; // its thread uses *c until the process ends
        workers_close(c->workers);
        (void)uv_run(&c->loop, UV_RUN_DEFAULT);
        (void)uv_loop_close(&c->loop);
        free(c);
        return status;
}

static size_t report_faults_of_profiles(const struct settings *settings)
{
        size_t count = 0;
        for (size_t i = 0; i < settings->profiles_count; i++) {
                const struct profile *p = &settings->profiles[settings->by_name[i]];
                if (!p->fault || p->is_implied)
                        continue;
                count++;
                printf("warning: profile %s cannot be used: %s\n", p->name, p->fault);
                if (p->fault_hint)
                        printf("hint: %s\n", p->fault_hint);
        }
        return count;
}

static size_t report_warnings(const struct settings *settings)
{
        const struct settings_warnings *all = &settings->warnings;
        for (size_t i = 0; i < all->count && i < SETTINGS_WARNINGS_MAX; i++)
                printf("warning: %s: %s: %s\nhint: %s\n", all->list[i].event, all->list[i].file, all->list[i].text,
                       all->list[i].hint);
        if (all->count > SETTINGS_WARNINGS_MAX)
                printf("warning: %zu more\n", all->count - SETTINGS_WARNINGS_MAX);
        return all->count;
}

static const char *plural(size_t n)
{
        return n == 1 ? "" : "s";
}

static int check(const struct settings *settings, const struct env *env, int64_t now_s, bool *ret_is_late)
{
        size_t warnings =
            report_warnings(settings) + report_faults_of_profiles(settings) + check_report_missing(settings, env);
        (void)fflush(stdout);
        int status = load_identities(settings, now_s, ret_is_late);
        if (status != 0)
                return status;
        size_t profiles = settings_shown_count(settings), listeners = settings->listeners_count;
        printf("%s: %zu profile%s, %zu listener%s: ", settings->path ? settings->path : "environment", profiles,
               plural(profiles), listeners, plural(listeners));
        if (warnings)
                printf("%zu warning%s\n", warnings, plural(warnings));
        else
                puts("good");
        return 0;
}

int check_run(struct settings *settings, const struct env *env, int64_t now_s)
{
        bool is_late = false;
        int status = check(settings, env, now_s, &is_late);
        if (is_late) {
                (void)fflush(stdout);
                _exit(status);
        }
        settings_release(settings);
        return status;
}
