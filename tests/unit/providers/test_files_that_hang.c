// SPDX-License-Identifier: Apache-2.0
// Files with secrets that never answer: stands in for open(2), which a test holds as a file system would. No source
// opens its files on the loop.
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "sidecar/io/delay.h"
#include "sidecar/providers/sso_cache.h"
#include "tests/unit/providers/harness.h"
#include "tests/unit/providers/login_file.h"
#include "tests/unit/providers/sts.h"

#define TOKEN_TEXT "e30.bbbb.cccc"

static struct {
        pthread_t loop;
        char folder[96];            // whose files are watched
        atomic_uint opens, on_loop; // the latter: by the thread of the loop
        atomic_bool holds;
        sem_t entered, leave; // a held call posts the first and waits for the second
} gate;

int open(const char *path, int flags, ...)
{
        int (*next)(const char *, int, mode_t);
        va_list args;
        va_start(args, flags);
        mode_t mode = flags & O_CREAT ? (mode_t)va_arg(args, int) : 0;
        va_end(args);
        *(void **)&next = dlsym(RTLD_NEXT, "open");
        if (gate.folder[0] && strncmp(path, gate.folder, strlen(gate.folder)) == 0) {
                atomic_fetch_add(&gate.opens, 1);
                if (pthread_equal(pthread_self(), gate.loop))
                        atomic_fetch_add(&gate.on_loop, 1);
                else if (atomic_load(&gate.holds)) {
                        (void)sem_post(&gate.entered);
                        (void)sem_wait(&gate.leave);
                }
        }
        return next(path, flags, mode);
}

static void write_in(struct folder *folder, const char *name, const char *text, char *path, size_t size)
{
        folder_name(folder, name, path, size);
        FILE *file = fopen(path, "we"); // not by way of open()
        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(chmod(path, 0600), 0);
}

struct setup {
        struct harness *h;
        struct folder folder;
        char path[128], other[128];
};

static void make_web_identity(struct setup *s)
{
        write_in(&s->folder, "token", TOKEN_TEXT, s->path, sizeof(s->path));
        s->h->profile = (struct profile){
            .type = PROFILE_WEB_IDENTITY,
            .endpoint_url = s->h->upstream.url,
            .web_identity_token_file = s->path,
            .role = {.role_arn = (char *)"arn:aws:iam::123456789012:role/x", .role_session_name = (char *)"s"}};
}

static void make_static(struct setup *s)
{
        write_in(&s->folder, "key", "secret/secret+secret", s->path, sizeof(s->path));
        write_in(&s->folder, "id", "AKIAIOSFODNN7EXAMPLE", s->other, sizeof(s->other));
        s->h->profile = (struct profile){.type = PROFILE_STATIC,
                                         .keys = {.access_key_id_file = s->other, .secret_access_key_file = s->path}};
}

static void make_container(struct setup *s)
{
        write_in(&s->folder, "token", "a token", s->path, sizeof(s->path));
        snprintf(s->h->text, sizeof(s->h->text), "%s/x", s->h->upstream.url);
        s->h->profile = (struct profile){.type = PROFILE_CONTAINER,
                                         .container = {.url = s->h->text, .authorization_token_file = s->path}};
}

static void make_sso(struct setup *s)
{
        char *path = NULL;
        struct error e;
        s->h->profile = (struct profile){.name = (char *)"dev",
                                         .type = PROFILE_SSO,
                                         .endpoint_url = s->h->upstream.url,
                                         .sso = {.session = (char *)"my-sso",
                                                 .start_url = (char *)"https://x/start",
                                                 .region = (char *)"us-east-1",
                                                 .account_id = (char *)"123456789012",
                                                 .role_name = (char *)"Dev",
                                                 .cache_directory = s->folder.path,
                                                 .oidc_endpoint_url = s->h->upstream.url}};
        assert_int_equal(sso_cache_path(&s->h->profile, SLICE("my-sso"), &path, &e), 0);
        write_in(
            &s->folder, strrchr(path, '/') + 1,
            "{\"accessToken\":\"aoa-1\",\"expiresAt\":\"2026-12-31T23:00:00Z\",\"clientId\":\"c\",\"clientSecret\":"
            "\"s\",\"registrationExpiresAt\":\"2027-02-01T00:00:00Z\",\"refreshToken\":\"aor-1\"}",
            s->path, sizeof(s->path));
        free(path);
}

static void make_login(struct setup *s)
{
        s->h->profile = (struct profile){
            .name = (char *)"dev",
            .type = PROFILE_LOGIN,
            .endpoint_url = s->h->upstream.url,
            .login = {.session = (char *)LOGIN_ME, .cache_directory = s->folder.path, .has_custom_endpoint = true}};
        write_in(&s->folder, LOGIN_NAME ".json", LOGIN_FILE("2026-12-31T23:00:00Z"), s->path, sizeof(s->path));
}

#define SSO_RENEWED "{\"accessToken\":\"aoa-2\",\"tokenType\":\"Bearer\",\"expiresIn\":3600,\"refreshToken\":\"aor-2\"}"
#define SSO_ROLE                                                                                                       \
        "{\"roleCredentials\":{\"accessKeyId\":\"ASIAEXAMPLE\",\"secretAccessKey\":\"secret\",\"sessionToken\":"       \
        "\"token\",\"expiration\":1798765200999}}"

static const struct row {
        const char *name;
        void (*make)(struct setup *s);
        struct upstream_answer answers[2];
        unsigned opens; // of a run that succeeds
} rows[] = {
    {"web identity",
     make_web_identity,
     {{200, DATE_NOW, STS_SESSION("AssumeRoleWithWebIdentity", ONE_O_CLOCK)}, {SILENCE}},
     1},
    {"static", make_static, {{SILENCE}, {SILENCE}}, 2},
    {"container",
     make_container,
     {{200, DATE_NOW,
       "{\"AccessKeyId\":\"ASIAEXAMPLE\",\"SecretAccessKey\":\"secret\",\"Token\":\"token\",\"Expiration\":"
       "\"" ONE_O_CLOCK "\"}"},
      {SILENCE}},
     1},
    // renewals: read, locked, read again and written
    {"sso", make_sso, {{200, DATE_NOW, SSO_RENEWED}, {200, DATE_NOW, SSO_ROLE}}, 4},
    {"login", make_login, {{200, DATE_NOW, LOGIN_GRANT}, {SILENCE}}, 4},
};

static void begin(struct setup *s, const struct row *row)
{
        folder_make(&s->folder);
        s->h = harness_new(row->answers, 2);
        row->make(s);
        harness_make(s->h, &s->h->profile, NULL);
        gate.loop = pthread_self();
        atomic_store(&gate.opens, 0);
        atomic_store(&gate.on_loop, 0);
        snprintf(gate.folder, sizeof(gate.folder), "%s", s->folder.path);
}

static void end(struct setup *s)
{
        gate.folder[0] = '\0';
        harness_free(s->h);
        folder_remove_all(&s->folder);
}

static void opens_files_in_workers_only(void **state)
{
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct setup s;
                begin(&s, &rows[i]);
                harness_run_to_credentials(s.h);
                if (atomic_load(&gate.on_loop) > 0 || atomic_load(&gate.opens) < rows[i].opens)
                        fail_msg("%s: %u opens, %u on the loop", rows[i].name, atomic_load(&gate.opens),
                                 atomic_load(&gate.on_loop));
                end(&s);
        }
}

static void tick(void *arg)
{
        ++*(unsigned *)arg;
}

static void hold(struct harness *h)
{
        atomic_store(&gate.holds, true);
        assert_int_equal(harness_start(h), 0);
        while (sem_trywait(&gate.entered) < 0)
                (void)uv_run(&h->loop, UV_RUN_NOWAIT);
}

static void let_go(void)
{
        atomic_store(&gate.holds, false);
        (void)sem_post(&gate.leave);
}

static void find_latest_timer(uv_handle_t *handle, void *ret_due_ms)
{
        uint64_t *latest = ret_due_ms;
        bool is_timer = uv_handle_get_type(handle) == UV_TIMER && uv_is_active(handle);
        uint64_t due_ms = is_timer ? uv_timer_get_due_in((uv_timer_t *)handle) : 0;
        if (due_ms > *latest)
                *latest = due_ms;
}

// The time of the file is over.
static void expire(uv_handle_t *handle, void *due_ms)
{
        uv_timer_t *timer = (uv_timer_t *)handle;
        if (uv_handle_get_type(handle) == UV_TIMER && uv_is_active(handle) &&
            uv_timer_get_due_in(timer) == *(uint64_t *)due_ms)
                assert_int_equal(uv_timer_start(timer, timer->timer_cb, 0, 0), 0);
}

// The loop goes on, and the call ends as late, while the file still hangs; afterwards it is read as ever.
static void gives_up_a_file_that_hangs_for_ten_seconds(void **state)
{
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct setup s;
                unsigned ticks = 0;
                uint64_t due_ms = 0;
                begin(&s, &rows[i]);
                hold(s.h);
                uv_walk(&s.h->loop, find_latest_timer, &due_ms);
                assert_in_range(due_ms, 5000, 10000);
                uv_walk(&s.h->loop, expire, &due_ms);
                assert_non_null(delay_start(&s.h->loop, 0, tick, &ticks));
                harness_finish(s.h);
                assert_int_equal(ticks, 1);
                assert_null(s.h->c);
                harness_expect_error(s.h, i, ERROR_TRANSIENT, s.path, "check the file system");
                assert_true(s.h->e.timed_out);
                let_go();
                harness_run_to_credentials(s.h);
                end(&s);
        }
}

static void ends_at_once_when_it_is_cancelled_meanwhile(void **state)
{
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct setup s;
                begin(&s, &rows[i]);
                hold(s.h);
                provider_cancel(s.h->provider);
                harness_finish_cancelled(s.h);
                let_go();
                harness_run_to_credentials(s.h);
                end(&s);
        }
}

// A pipe that nobody writes to is an error, not a wait.
static void refuses_a_pipe(void **state)
{
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                struct setup s;
                begin(&s, &rows[i]);
                assert_int_equal(remove(s.path), 0);
                assert_int_equal(mkfifo(s.path, 0600), 0);
                harness_run_to_error(s.h, ERROR_CONFIG);
                assert_non_null(strstr(s.h->e.message, "is not a regular file"));
                end(&s);
        }
}

// --- what is sent ---

static void sends_only_what_looks_like_a_token(void **state)
{
        (void)state;
        static const char *const texts[] = {
            "root:$6$abc:19000:0:99999:7:::\ndaemon:*:19000::",
            "AKIAIOSFODNN7EXAMPLE",
            "a.b.c",
            "e30.bbbb",
            "e30.bbbb.cccc.dddd",
            "e30..cccc",
            "e30.bbbb.",
            ".bbbb.cccc",
            "..",
            "e30.bb bb.cccc",
            "e30.bbbb.cc\ncc",
            "W10.bbbb.cccc", // an array
            "MQ.bbbb.cccc",  // a number
            "e30=.bbbb.cccc",
            "e30.bb+b.cccc",
            "e30.bbbb.c", // no bytes have this length
            "{\"token\": \"e30.bbbb.cccc\"}",
        };
        for (size_t i = 0; i < LENGTH(texts); i++) {
                struct setup s;
                begin(&s, &rows[0]);
                write_in(&s.folder, "token", texts[i], s.path, sizeof(s.path));
                harness_run_to_error(s.h, ERROR_CONFIG);
                harness_expect_error(s.h, i, ERROR_CONFIG, s.path, "three parts in base64url");
                assert_non_null(strstr(s.h->e.message, "does not contain a JSON Web Token"));
                harness_expect_unreported(s.h, texts[i]);
                (void)harness_requests(s.h, 0);
                end(&s);
        }
}

int main(void)
{
        (void)sem_init(&gate.entered, 0, 0);
        (void)sem_init(&gate.leave, 0, 0);
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(opens_files_in_workers_only),
            cmocka_unit_test(gives_up_a_file_that_hangs_for_ten_seconds),
            cmocka_unit_test(ends_at_once_when_it_is_cancelled_meanwhile),
            cmocka_unit_test(refuses_a_pipe),
            cmocka_unit_test(sends_only_what_looks_like_a_token),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
