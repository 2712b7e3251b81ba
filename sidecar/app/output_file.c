// SPDX-License-Identifier: Apache-2.0
// At most one piece of work is under way, or a pause after one that failed. When that is over, step() looks what is due
// by then: to remove the file, or to wait for credentials that are newer than those in it.
#include "sidecar/app/output_file.h"

#include <stdlib.h>
#include <string.h>

#include "proto/mem/buffer.h"
#include "proto/wire/credentials.h"
#include "proto/wire/export.h"
#include "proto/wire/limits.h"
#include "sidecar/app/file_write.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/log.h"
#include "sidecar/config/settings.h"
#include "sidecar/io/delay.h"

enum { RETRY_FIRST_MS = 1000, RETRY_LAST_MS = 60000, RETRY_DOUBLINGS = 6 };

static void step(struct output_file *f);

// --- what the file may hold ---

static bool holds_credentials(const struct output_file *f)
{
        struct entry_status status;
        if (!f->entry)
                return false;
        entry_status(f->entry, &status);
        return status.expires_s != 0;
}

// How long credentials may be in the file; negative: not any more.
static int64_t left_s(const struct output_file *f, int64_t ends_s)
{
        if (!f->entry)
                return 0;
        return ends_s == CREDENTIALS_NEVER_EXPIRE ? INT64_MAX : ends_s - LIMIT_LAST_LIFE_S - entry_now_s(f->entry);
}

static void show(struct output_file *f)
{
        f->status.is_current = f->written != 0 && holds_credentials(f) && f->written == entry_generation(f->entry);
}

static void on_end(void *arg)
{
        struct output_file *f = arg;
        f->end = NULL;
        output_file_end(f);
}

// Out of memory: the vault's own event comes, two seconds after the end.
static void arm_end(struct output_file *f)
{
        delay_cancel(f->end);
        f->end = NULL;
        if (f->written_ends_s != CREDENTIALS_NEVER_EXPIRE)
                f->end = delay_start(f->deps->on_rotate.loop,
                                     clock_real_ms(f->deps->clock, left_s(f, f->written_ends_s) * 1000), on_end, f);
}

// --- failures ---

static void on_retry(void *arg)
{
        struct output_file *f = arg;
        f->retry = NULL;
        step(f);
}

// The same failure again and again is one line; so is the success after it.
static void report(struct output_file *f, const struct error *e)
{
        bool is_news = strcmp(f->status.error.message, e->message) != 0;
        f->status.error = *e;
        f->status.failures++;
        LOG_EVENT(f->deps->on_rotate.log, is_news ? LOG_LEVEL_ERROR : LOG_LEVEL_DEBUG,
                  f->must_remove ? "file_not_removed" : "file_not_written", LOG_STR("file", f->file->path),
                  LOG_STR("profile", f->file->profile), LOG_STR("error", e->message), LOG_STR("hint", e->hint));
}

static void wait_for_newer(struct output_file *f, uint64_t generation);

// Without memory for a timer, the next attempt is that for the next credentials. One that leaves does not stay for it.
static void fail(struct output_file *f, const struct error *e)
{
        unsigned doublings = f->failures_in_row < RETRY_DOUBLINGS ? f->failures_in_row : RETRY_DOUBLINGS;
        uint64_t pause_ms = (uint64_t)RETRY_FIRST_MS << doublings;
        f->failures_in_row++;
        report(f, e);
        show(f);
        if (f->is_leaving) {
                output_file_close(f);
                return;
        }
        f->retry =
            delay_start(f->deps->on_rotate.loop, pause_ms < RETRY_LAST_MS ? pause_ms : RETRY_LAST_MS, on_retry, f);
        if (!f->retry)
                wait_for_newer(f, entry_generation(f->entry));
}

static void fail_without_memory(struct output_file *f)
{
        struct error e = {.kind = ERROR_NONE};
        (void)error_set(&e, ERROR_INTERNAL, "file %.300s: out of memory", f->file->path);
        fail(f, &e);
}

static void succeed(struct output_file *f, const char *event, bool is_news)
{
        is_news = is_news || f->status.error.kind != ERROR_NONE;
        f->failures_in_row = 0;
        f->status.error = (struct error){.kind = ERROR_NONE};
        LOG_EVENT(f->deps->on_rotate.log, is_news ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, event,
                  LOG_STR("file", f->file->path), LOG_STR("profile", f->file->profile));
}

// --- work ---

static void on_late(void *owner, const struct error *e)
{
        report(owner, e);
}

static void on_removed(void *owner, const struct error *e)
{
        struct output_file *f = owner;
        f->write = NULL;
        if (e) {
                fail(f, e);
                return;
        }
        succeed(f, "file_removed", true);
        f->must_remove = f->is_there = false;
        f->written = 0;
        f->status.written_s = 0;
        delay_cancel(f->end);
        f->end = NULL;
        show(f);
        step(f);
}

static void on_written(void *owner, const struct error *e)
{
        struct output_file *f = owner;
        f->write = NULL;
        if (e && f->is_leaving) {
                report(f, e);
                step(f); // that of before may be there
                return;
        }
        if (e) {
                fail(f, e);
                return;
        }
        succeed(f, "file_written", f->status.writes == 0);
        f->status.writes++;
        f->status.written_s = clock_wall_s(f->deps->clock);
        f->written = f->writing;
        f->written_ends_s = f->writing_ends_s;
        f->is_there = true;
        f->must_remove = f->is_leaving || !holds_credentials(f) || left_s(f, f->written_ends_s) <= 0;
        if (f->is_outdated && !f->must_remove)
                f->written = 0;
        f->is_outdated = false;
        if (!f->must_remove)
                arm_end(f);
        show(f);
        if (!f->must_remove)
                on_rotate_run(&f->on_rotate, f->file);
        step(f);
}

static struct file_write *start(struct output_file *f, struct slice text, int64_t ended_s,
                                void (*done)(void *owner, const struct error *e))
{
        const struct file_write_options options = {.workers = f->deps->workers,
                                                   .settings = f->settings,
                                                   .file = f->file,
                                                   .is_ours = f->is_there,
                                                   .text = text,
                                                   .ended_s = ended_s,
                                                   .late = on_late,
                                                   .done = done,
                                                   .owner = f};
        f->write = file_write_start(&options);
        return f->write;
}

// Whatever became of it: the first credentials replace it.
static void on_judged(void *owner, const struct error *e)
{
        struct output_file *f = owner;
        (void)e;
        f->write = NULL;
        step(f);
}

static void write_credentials(struct output_file *f, const struct credentials *c)
{
        struct buffer text;
        f->writing = entry_generation(f->entry);
        f->writing_ends_s = c->expires_s;
        buffer_init(&text, EXPORT_TEXT_MAX);
        if (export_write(f->file->format, c, f->file->profile, &text) < 0 ||
            !start(f, buffer_slice(&text), 0, on_written))
                fail_without_memory(f);
        buffer_free(&text);
}

static void on_newer(struct vault_waiter *w, struct credentials *c, const struct error *e)
{
        struct output_file *f = (struct output_file *)((char *)w - offsetof(struct output_file, waiter));
        (void)e; // the entry is retired: a reload or the end of the agent follows
        if (!c)
                return;
        if (f->write || f->retry || f->must_remove)
                step(f); // which waits again
        else
                write_credentials(f, c);
}

static void wait_for_newer(struct output_file *f, uint64_t generation)
{
        if (f->waiter.entry)
                return;
        f->waiter.done = on_newer;
        f->waiter.after_generation = generation;
        entry_wait(f->entry, VAULT_WANT_NEWER, &f->waiter);
}

static void step(struct output_file *f)
{
        if (f->write || f->is_closed)
                return;
        if (f->must_remove) {
                delay_cancel(f->retry); // it may be one for writing
                f->retry = NULL;
                if (!start(f, slice_of(NULL, 0), 0, on_removed))
                        fail_without_memory(f);
                return;
        }
        if (f->is_leaving) {
                output_file_close(f);
                return;
        }
        if (!f->is_judged) {
                f->is_judged = true;
                if (start(f, slice_of(NULL, 0), clock_wall_s(f->deps->clock) + LIMIT_LAST_LIFE_S, on_judged))
                        return;
        }
        if (!f->retry)
                wait_for_newer(f, f->written);
}

// --- the owner's side ---

static void on_command_ended(void *owner)
{
        struct output_file *f = owner;
        f->deps->gone(f->deps->context, f);
}

struct output_file *output_file_new(const struct output_file_deps *deps, struct settings *settings,
                                    const struct file_settings *file)
{
        struct output_file *f = calloc(1, sizeof(*f));
        if (!f)
                return NULL;
        f->deps = deps;
        f->settings = settings;
        f->file = file;
        f->on_rotate = (struct on_rotate){.deps = &deps->on_rotate, .ended = on_command_ended, .owner = f};
        settings_hold(settings);
        return f;
}

// Whether what is in the file stays what it is to be.
static bool is_same(const struct file_settings *a, const struct file_settings *b)
{
        return a->format == b->format && a->mode == b->mode && a->has_gid == b->has_gid && a->gid == b->gid &&
               strcmp(a->profile, b->profile) == 0;
}

void output_file_follow(struct output_file *f, struct settings *settings, const struct file_settings *file,
                        struct entry *entry)
{
        bool is_other = f->entry && !is_same(f->file, file);
        bool is_other_profile = f->entry && strcmp(f->file->profile, file->profile) != 0;
        on_rotate_replace(&f->on_rotate, file);
        settings_hold(settings);
        settings_release(f->settings);
        f->settings = settings;
        f->file = file;
        f->status.path = file->path;
        f->status.format = export_format_name(file->format);
        entry_wait_cancel(&f->waiter);
        f->entry = entry;
        f->is_leaving = false;
        if (f->is_there && (is_other_profile || !holds_credentials(f)))
                f->must_remove = true; // of another identity than the profile has now
        if (is_other) {
                f->written = 0;
                f->is_outdated = f->write != NULL;
        }
        delay_cancel(f->retry); // the cause may have been corrected
        f->retry = NULL;
        f->failures_in_row = 0;
        show(f);
        step(f);
}

void output_file_end(struct output_file *f)
{
        if (!f->is_there || f->is_closed)
                return;
        if (holds_credentials(f) && left_s(f, f->written_ends_s) > 0) {
                arm_end(f); // the clock has been corrected
                return;
        }
        f->must_remove = true;
        show(f);
        step(f);
}

void output_file_remove(struct output_file *f)
{
        f->is_leaving = true;
        entry_wait_cancel(&f->waiter);
        f->entry = NULL;
        f->must_remove = f->is_there;
        step(f);
}

void output_file_close(struct output_file *f)
{
        if (f->is_closed)
                return;
        f->is_closed = true;
        entry_wait_cancel(&f->waiter);
        delay_cancel(f->retry);
        delay_cancel(f->end);
        f->retry = f->end = NULL;
        file_write_abandon(f->write);
        f->write = NULL;
        if (!on_rotate_close(&f->on_rotate))
                on_command_ended(f);
}

void output_file_free(struct output_file *f)
{
        settings_release(f->settings);
        free(f);
}
