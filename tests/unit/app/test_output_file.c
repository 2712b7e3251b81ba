// SPDX-License-Identifier: Apache-2.0
// A file that follows a scripted profile. The linker sends delay_start() and export_file_replace() here: the test fires
// the delays, and holds up the writing.
#include "sidecar/app/output_file.h"

#include <fcntl.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "proto/mem/length.h"
#include "proto/wire/export_file.h"
#include "sidecar/app/output_files.h"
#include "sidecar/base/log.h"
#include "sidecar/config/settings.h"
#include "sidecar/io/delay.h"
#include "sidecar/io/workers.h"
#include "tests/unit/app/settings_text.h"
#include "tests/unit/folder.h"
#include "tests/unit/server/scripted.h"

enum { TEST_TIMEOUT_S = 60, START_S = 1788264000, HOUR_S = 3600 };

#define KEYS "{\"type\": \"static\", \"access_key_id\": \"AKIDEXAMPLE00001\", \"secret_access_key\": \"s\"}"

static struct {
        uint64_t ms;
        void (*run)(void *arg);
        void *arg;
} last; // delay of a file; run is NULL: none since fire()

static void *own;       // whose delays these are
static bool has_memory; // for them

struct delay *__real_delay_start(struct uv_loop_s *loop, uint64_t real_ms, void (*run)(void *arg), void *arg);
struct delay *__wrap_delay_start(struct uv_loop_s *loop, uint64_t real_ms, void (*run)(void *arg), void *arg);
struct delay *__wrap_delay_start(struct uv_loop_s *loop, uint64_t real_ms, void (*run)(void *arg), void *arg)
{
        if (arg != own)
                return __real_delay_start(loop, real_ms, run, arg);
        last.ms = real_ms;
        last.run = run;
        last.arg = arg;
        return has_memory ? (struct delay *)(void *)&last : NULL; // nothing fires but by the test
}

void __real_delay_cancel(struct delay *d);
void __wrap_delay_cancel(struct delay *d);
void __wrap_delay_cancel(struct delay *d)
{
        if ((void *)d == (void *)&last)
                last.run = NULL;
        else
                __real_delay_cancel(d);
}

static struct worker_task task; // the last
static char device[96];

void __real_workers_start(struct workers *workers, struct worker_job *job, const struct worker_task *t);
void __wrap_workers_start(struct workers *workers, struct worker_job *job, const struct worker_task *t);
void __wrap_workers_start(struct workers *workers, struct worker_job *job, const struct worker_task *t)
{
        task = *t;
        (void)snprintf(device, sizeof(device), "%s", t->device);
        __real_workers_start(workers, job, t);
}

static bool is_held;
static sem_t entered, let_go;

int __real_export_file_replace(const struct export_file *file, struct slice content, const char **what);
int __wrap_export_file_replace(const struct export_file *file, struct slice content, const char **what);
int __wrap_export_file_replace(const struct export_file *file, struct slice content, const char **what)
{
        if (is_held) {
                (void)sem_post(&entered);
                (void)sem_wait(&let_go);
        }
        return __real_export_file_replace(file, content, what);
}

struct fixture {
        uv_loop_t loop;
        struct clock clock;
        struct log log;
        struct vault *vault;
        struct workers *workers;
        struct scripted script, other_script;
        struct entry *entry;
        struct output_file_deps deps;
        struct output_file *file; // NULL: gone
        struct settings *settings;
        struct folder folder;
        char directory[64], path[96];
        int64_t now_s;
        bool is_closed;
};

static int64_t now_ms(void *context)
{
        return *(const int64_t *)context * 1000;
}

static uint32_t no_jitter(void *context)
{
        (void)context;
        return 0;
}

static void on_event(void *context, struct entry *entry, enum vault_event event, int64_t duration_ms,
                     const struct error *e)
{
        (void)context;
        (void)entry;
        (void)event;
        (void)duration_ms;
        (void)e;
}

static void on_gone(void *context, struct output_file *f)
{
        struct fixture *h = context;
        assert_ptr_equal(h->file, f);
        h->file = NULL;
        output_file_free(f);
}

static struct entry *add_entry(struct fixture *h, const char *name, struct scripted *script)
{
        *script = (struct scripted){
            .life_s = HOUR_S, .access_key_id = "ASIAEXAMPLE1", .token = TOKEN, .loop = &h->loop, .clock = &h->clock};
        const struct entry_options options = {.name = name};
        struct entry *entry = vault_add(h->vault, &options, fake_new(script));
        assert_non_null(entry);
        return entry;
}

static struct settings *settings_with(const struct fixture *h, const char *profile, const char *format)
{
        char text[1024];
        (void)snprintf(text, sizeof(text),
                       "{\"profiles\": {\"a\": " KEYS ", \"b\": " KEYS "}, \"files\": [{\"profile\": \"%s\", "
                       "\"format\": \"%s\", \"path\": \"%s\"}]}",
                       profile, format, h->path);
        return settings_of(text);
}

static void follow(struct fixture *h, const char *profile, const char *format, struct entry *entry)
{
        struct settings *settings = settings_with(h, profile, format);
        output_file_follow(h->file, settings, &settings->files[0], entry);
        settings_release(h->settings);
        h->settings = settings;
}

static int set_up(void **state)
{
        struct fixture *h = calloc(1, sizeof(*h));
        assert_non_null(h);
        is_held = false;
        last.run = NULL;
        has_memory = true;
        assert_int_equal(sem_init(&entered, 0, 0) | sem_init(&let_go, 0, 0), 0);
        assert_int_equal(uv_loop_init(&h->loop), 0);
        h->now_s = START_S;
        h->clock = (struct clock){.boot_ms = now_ms, .wall_ms = now_ms, .speed = 1, .context = &h->now_s};
        h->log = (struct log){.fd = memfd_create("log", MFD_CLOEXEC), .level = LOG_LEVEL_INFO, .clock = &h->clock};
        h->vault = vault_new(&(struct vault_deps){
            .loop = &h->loop, .clock = &h->clock, .random = no_jitter, .observer = {.event = on_event}});
        h->workers = workers_new(&h->loop);
        assert_true(h->log.fd >= 0 && h->vault && h->workers);
        h->entry = add_entry(h, "a", &h->script);
        h->deps = (struct output_file_deps){.on_rotate = {.loop = &h->loop, .log = &h->log},
                                            .clock = &h->clock,
                                            .workers = h->workers,
                                            .gone = on_gone,
                                            .context = h};
        folder_make(&h->folder);
        folder_name(&h->folder, "d", h->directory, sizeof(h->directory));
        folder_name(&h->folder, "d/keys", h->path, sizeof(h->path));
        assert_int_equal(mkdir(h->directory, 0700), 0);
        h->settings = settings_with(h, "a", "json");
        h->file = output_file_new(&h->deps, h->settings, &h->settings->files[0]);
        assert_non_null(h->file);
        own = h->file;
        *state = h;
        return 0;
}

static void on_vault_closed(void *arg)
{
        struct fixture *h = arg;
        h->is_closed = true;
        workers_close(h->workers);
}

static int tear_down(void **state)
{
        struct fixture *h = *state;
        if (h->file)
                output_file_close(h->file);
        vault_close(h->vault, on_vault_closed, h);
        assert_int_equal(uv_run(&h->loop, UV_RUN_DEFAULT), 0);
        assert_true(h->is_closed && !h->file);
        assert_int_equal(uv_loop_close(&h->loop), 0);
        settings_release(h->settings);
        folder_remove_all(&h->folder);
        assert_int_equal(close(h->log.fd), 0);
        free(h);
        return 0;
}

#define TURN_UNTIL(h, condition)                                                                                       \
        for (time_t start_ = time(NULL); !(condition);) {                                                              \
                (void)uv_run(&(h)->loop, UV_RUN_NOWAIT);                                                               \
                if (time(NULL) - start_ > TEST_TIMEOUT_S)                                                              \
                        fail_msg("this did not come: %s", #condition);                                                 \
        }

// The access key ID in the file; "": there is none.
static const char *key_in(const char *path)
{
        static char text[4096];
        static char key[32];
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
        if (fd >= 0)
                assert_int_equal(close(fd), 0);
        text[n] = '\0';
        const char *at = strstr(text, "ASIA");
        (void)snprintf(key, sizeof(key), "%.12s", at ? at : "");
        explicit_bzero(text, sizeof(text));
        return key;
}

static bool has_key(const struct fixture *h, const char *key)
{
        return strcmp(key_in(h->path), key) == 0;
}

// Idle: nothing is under way.
static bool is_idle(const struct fixture *h)
{
        return !h->file || !h->file->write;
}

static void done_nothing(struct vault_waiter *w, struct credentials *c, const struct error *e)
{
        (void)c;
        (void)e;
        w->after_generation = 1;
}

static void refresh(struct fixture *h, const char *key)
{
        struct vault_waiter w = {.done = done_nothing};
        h->script.access_key_id = key;
        entry_wait(h->entry, VAULT_WANT_REFRESH, &w);
        TURN_UNTIL(h, w.after_generation == 1);
}

static void fire(void)
{
        assert_non_null(last.run);
        void (*run)(void *arg) = last.run;
        last.run = NULL;
        run(last.arg);
}

static unsigned count_in_log(const struct fixture *h, const char *word)
{
        char text[16384];
        unsigned count = 0;
        ssize_t n = pread(h->log.fd, text, sizeof(text) - 1, 0);
        assert_true(n >= 0);
        text[n] = '\0';
        for (const char *at = text; (at = strstr(at, word)); at++)
                count++;
        return count;
}

static void follow_first(struct fixture *h)
{
        output_file_follow(h->file, h->settings, &h->settings->files[0], h->entry);
        TURN_UNTIL(h, has_key(h, "ASIAEXAMPLE1") && is_idle(h));
}

static void writes_each_generation(void **state)
{
        struct fixture *h = *state;
        follow_first(h);
        assert_true(h->file->status.is_current);
        assert_int_equal(h->file->status.written_s, START_S);
        refresh(h, "ASIAEXAMPLE2");
        assert_false(h->file->status.error.kind != ERROR_NONE);
        TURN_UNTIL(h, has_key(h, "ASIAEXAMPLE2") && is_idle(h));
        assert_int_equal(h->file->status.writes, 2);
        assert_int_equal(count_in_log(h, "file_written"), 1); // the others are nothing new
}

static void removes_the_file_at_the_end_of_its_credentials(void **state)
{
        struct fixture *h = *state;
        follow_first(h);
        assert_int_equal(last.ms, (HOUR_S - 5) * 1000);
        h->now_s += HOUR_S - 6; // the timer is early, or a clock was corrected
        h->script.script = SCRIPT_FAIL;
        h->script.error = denied_by_sts();
        fire();
        assert_int_equal(last.ms, 1000);
        assert_true(has_key(h, "ASIAEXAMPLE1"));
        h->now_s += 1;
        fire();
        TURN_UNTIL(h, has_key(h, "") && is_idle(h));
        assert_false(h->file->status.is_current);
        assert_int_equal(h->file->status.written_s, 0);
        assert_int_equal(count_in_log(h, "file_removed"), 1);
        h->script.script = SCRIPT_GIVE;
        refresh(h, "ASIAEXAMPLE2");
        TURN_UNTIL(h, has_key(h, "ASIAEXAMPLE2"));
}

// By an agent that has ended: whether its file has, is seen before there are others.
static void removes_what_has_ended_before_the_start(void **state)
{
        static const struct {
                const char *text;
                bool stays;
        } rows[] = {
            {"{\"Version\":1,\"AccessKeyId\":\"ASIAEXAMPLE8\",\"Expiration\":\"2026-09-01T12:00:05Z\"}\n", false},
            {"{\"Version\":1,\"AccessKeyId\":\"ASIAEXAMPLE8\",\"Expiration\":\"2026-09-01T12:00:06Z\"}\n", true},
        };
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                void *own_state;
                assert_int_equal(set_up(&own_state), 0);
                struct fixture *h = own_state;
                h->script.script = SCRIPT_HANG;
                write_file(h->path, rows[i].text);
                output_file_follow(h->file, h->settings, &h->settings->files[0], h->entry);
                assert_non_null(h->file->write);
                TURN_UNTIL(h, is_idle(h));
                assert_true(has_key(h, rows[i].stays ? "ASIAEXAMPLE8" : ""));
                TURN_UNTIL(h, h->script.starts == 1);
                h->script.script = SCRIPT_GIVE;
                script_release(&h->script);
                TURN_UNTIL(h, has_key(h, "ASIAEXAMPLE1") && is_idle(h));
                assert_int_equal(tear_down(&own_state), 0);
        }
}

static void never_ends_what_does_not_expire(void **state)
{
        struct fixture *h = *state;
        h->script.life_s = 0;
        follow_first(h);
        assert_null(last.run);
        output_file_end(h->file); // an event of before
        assert_true(is_idle(h) && has_key(h, "ASIAEXAMPLE1"));
}

static void removes_the_file_of_dropped_credentials(void **state)
{
        struct fixture *h = *state;
        follow_first(h);
        entry_drop(h->entry);
        output_file_end(h->file);
        TURN_UNTIL(h, has_key(h, "") && is_idle(h));
        refresh(h, "ASIAEXAMPLE2");
        TURN_UNTIL(h, has_key(h, "ASIAEXAMPLE2"));
}

static void removes_what_was_dropped_while_it_was_written(void **state)
{
        struct fixture *h = *state;
        is_held = true;
        output_file_follow(h->file, h->settings, &h->settings->files[0], h->entry);
        TURN_UNTIL(h, sem_trywait(&entered) == 0);
        entry_drop(h->entry);
        output_file_end(h->file);
        is_held = false;
        assert_int_equal(sem_post(&let_go), 0);
        TURN_UNTIL(h, h->file->status.writes == 1 && is_idle(h) && !h->file->must_remove);
        assert_true(has_key(h, ""));
}

static void tries_again_with_growing_pauses(void **state)
{
        struct fixture *h = *state;
        assert_int_equal(rmdir(h->directory), 0);
        output_file_follow(h->file, h->settings, &h->settings->files[0], h->entry);
        static const uint64_t pauses[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
        for (size_t i = 0; i < LENGTH(pauses); i++) {
                TURN_UNTIL(h, last.run);
                assert_int_equal(last.ms, pauses[i]);
                assert_int_equal(h->file->status.failures, i + 1);
                fire();
        }
        assert_non_null(strstr(h->file->status.error.message, "cannot open its directory: No such file or directory"));
        assert_true(h->file->status.error.hint[0]);
        assert_int_equal(count_in_log(h, "file_not_written"), 1);
        assert_int_equal(mkdir(h->directory, 0700), 0);
        TURN_UNTIL(h, last.run);
        fire();
        TURN_UNTIL(h, has_key(h, "ASIAEXAMPLE1") && is_idle(h));
        assert_int_equal(h->file->status.error.kind, ERROR_NONE);
        assert_true(h->file->status.is_current);
}

static void keeps_the_old_file_while_the_new_one_fails(void **state)
{
        struct fixture *h = *state;
        char temporary[96];
        follow_first(h);
        folder_name(&h->folder, "d/.keys.keyfob", temporary, sizeof(temporary));
        assert_int_equal(mkdir(temporary, 0700), 0);
        refresh(h, "ASIAEXAMPLE2");
        TURN_UNTIL(h, h->file->status.failures == 1);
        assert_false(h->file->status.is_current);
        assert_true(has_key(h, "ASIAEXAMPLE1"));
        h->now_s += HOUR_S - 5; // the first have ended
        output_file_end(h->file);
        TURN_UNTIL(h, has_key(h, "") && is_idle(h));
}

// The next attempt is that for the next credentials.
static void needs_no_memory_for_a_timer(void **state)
{
        struct fixture *h = *state;
        has_memory = false;
        assert_int_equal(rmdir(h->directory), 0);
        output_file_follow(h->file, h->settings, &h->settings->files[0], h->entry);
        TURN_UNTIL(h, h->file->status.failures == 1 && is_idle(h));
        assert_int_equal(mkdir(h->directory, 0700), 0);
        refresh(h, "ASIAEXAMPLE2");
        TURN_UNTIL(h, has_key(h, "ASIAEXAMPLE2") && is_idle(h));
        h->now_s += HOUR_S - 5;
        output_file_end(h->file); // the vault's event
        TURN_UNTIL(h, has_key(h, "") && is_idle(h));
}

static void leaves(void **state)
{
        struct fixture *h = *state;
        follow_first(h);
        output_file_remove(h->file);
        TURN_UNTIL(h, !h->file);
        assert_true(has_key(h, ""));
}

static void leaves_before_it_was_written(void **state)
{
        struct fixture *h = *state;
        h->script.script = SCRIPT_HANG;
        output_file_follow(h->file, h->settings, &h->settings->files[0], h->entry);
        output_file_remove(h->file);
        TURN_UNTIL(h, !h->file);
}

static void leaves_while_it_is_written(void **state)
{
        struct fixture *h = *state;
        is_held = true;
        output_file_follow(h->file, h->settings, &h->settings->files[0], h->entry);
        TURN_UNTIL(h, sem_trywait(&entered) == 0);
        output_file_remove(h->file);
        is_held = false;
        assert_int_equal(sem_post(&let_go), 0);
        TURN_UNTIL(h, !h->file);
        assert_true(has_key(h, ""));
}

// A reload removes it, and the next has it again.
static void comes_back_while_it_leaves(void **state)
{
        struct fixture *h = *state;
        follow_first(h);
        output_file_remove(h->file);
        follow(h, "a", "json", h->entry);
        TURN_UNTIL(h, h->file->status.writes == 2);
        assert_true(has_key(h, "ASIAEXAMPLE1"));
}

static void follows_the_settings(void **state)
{
        struct fixture *h = *state;
        struct stat before, after;
        struct entry *other = add_entry(h, "b", &h->other_script);
        h->other_script.access_key_id = "ASIAEXAMPLE9";
        follow_first(h);
        assert_int_equal(stat(h->path, &before), 0);
        follow(h, "a", "json", h->entry); // the same
        for (unsigned i = 0; i < 10; i++)
                (void)uv_run(&h->loop, UV_RUN_NOWAIT);
        assert_int_equal(stat(h->path, &after), 0);
        assert_int_equal(before.st_ino, after.st_ino);
        follow(h, "a", "env", h->entry);
        TURN_UNTIL(h, h->file->status.writes == 2 && is_idle(h));
        assert_string_equal(h->file->status.format, "env");
        follow(h, "b", "env", other);
        TURN_UNTIL(h, has_key(h, "ASIAEXAMPLE9"));
}

// A reload gave the profile another identity.
static void removes_what_the_next_entry_does_not_hold(void **state)
{
        struct fixture *h = *state;
        struct entry *other = add_entry(h, "b", &h->other_script);
        h->other_script.script = SCRIPT_HANG;
        follow_first(h);
        follow(h, "a", "json", other);
        TURN_UNTIL(h, has_key(h, "") && is_idle(h));
}

// On a disk that does not answer: what is in its directory waits together, and nothing else.
static void reports_a_worker_that_is_late(void **state)
{
        struct fixture *h = *state;
        char expected[96];
        is_held = true;
        output_file_follow(h->file, h->settings, &h->settings->files[0], h->entry);
        TURN_UNTIL(h, sem_trywait(&entered) == 0);
        (void)snprintf(expected, sizeof(expected), "%s/", h->directory);
        assert_string_equal(device, expected);
        assert_int_equal(task.late_ms, 10000);
        task.late(task.arg);
        assert_non_null(strstr(h->file->status.error.message, "no answer within 10000 ms"));
        assert_int_equal(count_in_log(h, "file_not_written"), 1);
        is_held = false;
        assert_int_equal(sem_post(&let_go), 0);
        TURN_UNTIL(h, has_key(h, "ASIAEXAMPLE1") && is_idle(h));
        assert_int_equal(h->file->status.error.kind, ERROR_NONE);
}

static void ends_while_it_is_written(void **state)
{
        struct fixture *h = *state;
        is_held = true;
        output_file_follow(h->file, h->settings, &h->settings->files[0], h->entry);
        TURN_UNTIL(h, sem_trywait(&entered) == 0);
        output_file_close(h->file);
        assert_null(h->file);
        is_held = false;
        assert_int_equal(sem_post(&let_go), 0);
}

#define WITH_FIXTURE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
            WITH_FIXTURE(writes_each_generation),
            WITH_FIXTURE(removes_the_file_at_the_end_of_its_credentials),
            cmocka_unit_test(removes_what_has_ended_before_the_start),
            WITH_FIXTURE(never_ends_what_does_not_expire),
            WITH_FIXTURE(removes_the_file_of_dropped_credentials),
            WITH_FIXTURE(removes_what_was_dropped_while_it_was_written),
            WITH_FIXTURE(tries_again_with_growing_pauses),
            WITH_FIXTURE(keeps_the_old_file_while_the_new_one_fails),
            WITH_FIXTURE(needs_no_memory_for_a_timer),
            WITH_FIXTURE(leaves),
            WITH_FIXTURE(leaves_before_it_was_written),
            WITH_FIXTURE(leaves_while_it_is_written),
            WITH_FIXTURE(comes_back_while_it_leaves),
            WITH_FIXTURE(follows_the_settings),
            WITH_FIXTURE(removes_what_the_next_entry_does_not_hold),
            WITH_FIXTURE(reports_a_worker_that_is_late),
            WITH_FIXTURE(ends_while_it_is_written),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
