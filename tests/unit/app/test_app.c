// SPDX-License-Identifier: Apache-2.0
// The agent's whole life in this process, ended by a signal as a service manager does. The linker sends here what sets
// a time-out, which is recorded.
#include "sidecar/app/app.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "sidecar/app/options.h"
#include "sidecar/app/reload.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/env.h"
#include "sidecar/server/server.h"
#include "tests/unit/folder.h"

#define PROFILE(type)                                                                                                  \
        "{\"profiles\": {\"p\": {\"type\": \"" type "\", \"access_key_id\": \"AKIDEXAMPLE00001\","                     \
        " \"secret_access_key\": \"wJalrXUtnFEMIxK7\"}}}"

static int64_t grace_ms;
static uint64_t poll_every_ms, last_timer_ms;
static bool is_ending;

void __real_server_close(struct server *s, int64_t grace, void (*closed)(void *arg), void *arg);
void __wrap_server_close(struct server *s, int64_t grace, void (*closed)(void *arg), void *arg);
void __wrap_server_close(struct server *s, int64_t grace, void (*closed)(void *arg), void *arg)
{
        grace_ms = grace;
        is_ending = true;
        __real_server_close(s, 0, closed, arg);
}

struct reload *__real_reload_new(const struct reload_deps *deps);
struct reload *__wrap_reload_new(const struct reload_deps *deps);
struct reload *__wrap_reload_new(const struct reload_deps *deps)
{
        poll_every_ms = deps->poll_every_ms;
        return __real_reload_new(deps);
}

int __real_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t timeout_ms, uint64_t repeat_ms);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t timeout_ms, uint64_t repeat_ms);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t timeout_ms, uint64_t repeat_ms)
{
        if (!is_ending) // the last one before the server closes bounds the end
                last_timer_ms = timeout_ms;
        return __real_uv_timer_start(timer, callback, timeout_ms, repeat_ms);
}

struct fixture {
        struct folder folder;
        char config[64], socket[64];
        struct options options;
        struct env env;
        struct clock clock;
        mode_t mode; // of the socket while the agent ran
};

static int set_up(void **state)
{
        static struct fixture h;
        static char *no_environment[] = {NULL};
        h = (struct fixture){.options = {.log_level = LOG_LEVEL_ERROR}};
        folder_make(&h.folder);
        folder_name(&h.folder, "config.json", h.config, sizeof(h.config));
        folder_name(&h.folder, "keyfob.sock", h.socket, sizeof(h.socket));
        h.options.config_path = h.config;
        h.options.socket_path = h.socket;
        env_init(&h.env, no_environment);
        clock_init_system(&h.clock);
        *state = &h;
        return 0;
}

static int tear_down(void **state)
{
        struct fixture *h = *state;
        folder_remove_all(&h->folder);
        return 0;
}

// In a thread: ends the agent once it answers.
static void *end_when_it_serves(void *arg)
{
        struct fixture *h = arg;
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        const struct timespec pause = {.tv_nsec = 5000000};
        struct stat about;
        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", h->socket);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        while (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
                (void)nanosleep(&pause, NULL);
        char answer[4096];
        static const char request[] = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        if (write(fd, request, sizeof(request) - 1) > 0)
                while (read(fd, answer, sizeof(answer)) > 0)
                        ;
        (void)close(fd);
        h->mode = stat(h->socket, &about) == 0 ? about.st_mode & 07777 : 0;
        (void)kill(getpid(), SIGTERM);
        return NULL;
}

static void ends_on_sigterm_within_its_time(void **state)
{
        struct fixture *h = *state;
        pthread_t thread;
        write_file(h->config, PROFILE("static"));
        assert_int_equal(pthread_create(&thread, NULL, end_when_it_serves, h), 0);
        assert_int_equal(app_run(&h->options, &h->env, &h->clock), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(h->mode, 0600);
        assert_int_equal(access(h->socket, F_OK), -1);
        assert_int_equal(grace_ms, 2000);      // for responses in progress
        assert_int_equal(last_timer_ms, 2600); // for all of the end
        assert_int_equal(poll_every_ms, 15000);
}

static void refuses_a_bad_configuration(void **state)
{
        struct fixture *h = *state;
        write_file(h->config, PROFILE("dynamic"));
        assert_int_equal(app_run(&h->options, &h->env, &h->clock), 78);
        h->options.check = true;
        assert_int_equal(app_run(&h->options, &h->env, &h->clock), 78);
        write_file(h->config, PROFILE("static"));
        assert_int_equal(app_run(&h->options, &h->env, &h->clock), 0); // which starts nothing
        assert_int_equal(access(h->socket, F_OK), -1);
}

static void refuses_a_socket_that_it_cannot_make(void **state)
{
        struct fixture *h = *state;
        write_file(h->config, PROFILE("static"));
        write_file(h->socket, "not a socket");
        assert_int_equal(app_run(&h->options, &h->env, &h->clock), 78);
        assert_int_equal(access(h->socket, F_OK), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(ends_on_sigterm_within_its_time, set_up, tear_down),
            cmocka_unit_test_setup_teardown(refuses_a_bad_configuration, set_up, tear_down),
            cmocka_unit_test_setup_teardown(refuses_a_socket_that_it_cannot_make, set_up, tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
