// SPDX-License-Identifier: Apache-2.0
// Tokens of listeners, as their files are and as they become. Workers do what the test says: the linker sends
// workers_start() here, see cmake/tests.cmake.
#include "sidecar/app/token_files.h"

#include <sys/stat.h>
#include <time.h>
#include <uv.h>

#include "proto/mem/secret.h"
#include "sidecar/app/listeners.h"
#include "sidecar/io/watch.h"
#include "sidecar/io/workers.h"
#include "tests/unit/app/log_pipe.h"
#include "tests/unit/app/settings_text.h"
#include "tests/unit/folder.h"

enum { TEST_TIMEOUT_S = 60 };

static struct worker_task task; // the last one
static unsigned starts;

void __wrap_workers_start(struct workers *workers, struct worker_job *job, const struct worker_task *t);
void __wrap_workers_start(struct workers *workers, struct worker_job *job, const struct worker_task *t)
{
        (void)workers;
        (void)job;
        task = *t;
        starts++;
}

struct fixture {
        struct folder folder;
        char path[64], socket[64];
        struct listeners *listeners;
        struct token_files *files;
        struct log_pipe log;
        uv_loop_t loop;
};

static void load(struct fixture *f, const char *token)
{
        char text[1024];
        static char *no_entries[] = {NULL};
        struct env env;
        struct error e = {0};
        folder_make(&f->folder);
        folder_name(&f->folder, "token", f->path, sizeof(f->path));
        folder_name(&f->folder, "socket", f->socket, sizeof(f->socket));
        write_file(f->path, token);
        (void)snprintf(text, sizeof(text),
                       "{\"listeners\": [{\"unix\": \"%s\"}, {\"tcp\": \"127.0.0.1:0\", \"api\": [\"container\"],"
                       " \"authorization_token_file\": \"%s\"}], \"profiles\": {\"base\": {\"type\": \"static\","
                       " \"access_key_id\": \"AKIAIOSFODNN7EXAMPLE\", \"secret_access_key\": \"secret\"}}}",
                       f->socket, f->path);
        struct settings *settings = settings_of(text);
        env_init(&env, no_entries);
        f->listeners = listeners_open(settings, &env, &e);
        settings_release(settings);
        assert_non_null(f->listeners);
        log_pipe_open(&f->log);
        assert_int_equal(uv_loop_init(&f->loop), 0);
        f->files = token_files_load(f->listeners, &e);
        assert_non_null(f->files);
        starts = 0;
}

static void watch(struct fixture *f)
{
        const struct token_files_deps deps = {
            .loop = &f->loop, .log = &f->log.log, .poll_every_ms = 10, .read_ns = watch_moment()};
        assert_int_equal(token_files_watch(f->files, &deps), 0);
}

static void end(struct fixture *f)
{
        token_files_close(f->files);
        uv_run(&f->loop, UV_RUN_DEFAULT);
        assert_int_equal(uv_loop_close(&f->loop), 0);
        token_files_free(f->files);
        listeners_close(f->listeners);
        log_pipe_close(&f->log);
        folder_remove_all(&f->folder);
}

static void write_and_wait(struct fixture *f, const char *token)
{
        unsigned before = starts;
        time_t start = time(NULL);
        write_file(f->path, token);
        while (starts == before) {
                if (time(NULL) - start > TEST_TIMEOUT_S)
                        fail_msg("the change was not noticed");
                uv_run(&f->loop, UV_RUN_ONCE);
        }
        assert_int_equal(starts, before + 1);
}

// More of the loop than the watch takes to report a change.
static void pass_time(struct fixture *f)
{
        uint64_t end_ms = uv_now(&f->loop) + 1000;
        while (uv_now(&f->loop) < end_ms)
                uv_run(&f->loop, UV_RUN_ONCE);
}

static void run(void)
{
        struct worker_job job = {0};
        task.run(&job, task.arg);
}

static void belong_to_their_listeners(void **state)
{
        (void)state;
        struct fixture f;
        load(&f, "CANARY-first\n");
        assert_null(token_files_get(f.files, 0));
        assert_slice(secret_expose(token_files_get(f.files, 1)), "CANARY-first");
        end(&f);
}

static void follow_their_files(void **state)
{
        (void)state;
        struct fixture f;
        load(&f, "CANARY-first");
        watch(&f);
        write_and_wait(&f, "CANARY-second");
        assert_string_equal(task.device, f.path);
        assert_int_equal(task.late_ms, 10000);
        run();
        assert_slice(secret_expose(token_files_get(f.files, 1)), "CANARY-first"); // the loop takes it, not the worker
        task.done(task.arg, WORKER_RAN);
        assert_slice(secret_expose(token_files_get(f.files, 1)), "CANARY-second");
        const char *line = log_pipe_read(&f.log);
        assert_non_null(strstr(line, "level=info event=authorization_token_changed "));
        assert_non_null(strstr(line, f.path));
        assert_null(strstr(line, "CANARY"));
        // the same again is no change
        write_and_wait(&f, "CANARY-second\n");
        run();
        task.done(task.arg, WORKER_RAN);
        assert_slice(secret_expose(token_files_get(f.files, 1)), "CANARY-second");
        assert_string_equal(log_pipe_read(&f.log), "");
        end(&f);
}

static void stay_when_their_files_cannot_be_read(void **state)
{
        (void)state;
        static const struct {
                const char *text; // of the file
                enum worker_end end;
                bool is_late;
                const char *error, *hint;
        } rows[] = {
            {"", WORKER_RAN, false, "empty", ""},
            {"CANARY-two\nlines", WORKER_RAN, false, "authorization_token_failed", ""},
            {"CANARY-other", WORKER_STUCK, true, "the file cannot be read in time", "check the disk or network"},
            {"CANARY-third", WORKER_NO_THREAD, false, NULL, NULL},
            {"CANARY-fourth", WORKER_CANCELLED, false, NULL, NULL},
        };
        struct fixture f;
        load(&f, "CANARY-first");
        watch(&f);
        for (size_t i = 0; i < LENGTH(rows); i++) {
                write_and_wait(&f, rows[i].text);
                if (rows[i].is_late)
                        task.late(task.arg);
                if (rows[i].end == WORKER_RAN)
                        run();
                task.done(task.arg, rows[i].end);
                assert_slice(secret_expose(token_files_get(f.files, 1)), "CANARY-first");
                const char *line = log_pipe_read(&f.log);
                if (!rows[i].error) {
                        assert_string_equal(line, "");
                        continue;
                }
                if (!strstr(line, "level=warn event=authorization_token_failed ") || !strstr(line, f.path) ||
                    !strstr(line, rows[i].error) || !strstr(line, rows[i].hint) || strstr(line, "CANARY"))
                        fail_msg("row %zu: %s", i, line);
        }
        end(&f);
}

// What was read may be older than the file: it is read once more, after the first has ended.
static void are_read_again_if_they_change_meanwhile(void **state)
{
        (void)state;
        struct fixture f;
        load(&f, "CANARY-first");
        watch(&f);
        write_and_wait(&f, "CANARY-second");
        run();
        write_file(f.path, "CANARY-third");
        pass_time(&f); // the watch reports it, and no second job begins beside the first
        assert_int_equal(starts, 1);
        task.done(task.arg, WORKER_RAN);
        assert_int_equal(starts, 2);
        run();
        task.done(task.arg, WORKER_RAN);
        assert_int_equal(starts, 2);
        assert_slice(secret_expose(token_files_get(f.files, 1)), "CANARY-third");
        (void)log_pipe_read(&f.log);
        // … unless it is the end
        write_and_wait(&f, "CANARY-fourth");
        run();
        write_file(f.path, "CANARY-fifth");
        pass_time(&f);
        token_files_close(f.files);
        task.done(task.arg, WORKER_RAN);
        assert_int_equal(starts, 3);
        (void)log_pipe_read(&f.log);
        end(&f);
}

// The end comes while what a worker has read waits to be taken. The canary in it would be found.
static void are_forgotten_in_the_end(void **state)
{
        (void)state;
        struct fixture f;
        load(&f, "CANARY-first");
        watch(&f);
        write_and_wait(&f, "CANARY-second");
        run();
        end(&f);
}

static void must_be_good_at_the_start(void **state)
{
        (void)state;
        struct fixture f;
        struct error e = {0};
        load(&f, "CANARY-first");
        write_file(f.path, "");
        assert_null(token_files_load(f.listeners, &e));
        assert_int_equal(e.kind, ERROR_CONFIG);
        token_files_close(NULL);
        token_files_free(NULL);
        end(&f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(belong_to_their_listeners),
            cmocka_unit_test(follow_their_files),
            cmocka_unit_test(stay_when_their_files_cannot_be_read),
            cmocka_unit_test(are_read_again_if_they_change_meanwhile),
            cmocka_unit_test(are_forgotten_in_the_end),
            cmocka_unit_test(must_be_good_at_the_start),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
