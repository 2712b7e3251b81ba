// SPDX-License-Identifier: Apache-2.0
// How long each source is waited for, where its profile says nothing and where it does. Seen at the functions of `io`,
// so that no test has to wait.
#include "sidecar/base/env.h"
#include "sidecar/io/child.h"
#include "sidecar/providers/cache_file.h"
#include "sidecar/providers/sso_cache.h"
#include "tests/unit/providers/harness.h"
#include "tests/unit/providers/sts.h"

#define JWT "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJzdHMuYW1hem9uYXdzLmNvbSJ9.c2lnbmF0dXJl"
enum { CALLS_MAX = 4 };

struct waits {
        int64_t connect_ms, total_ms;
};

static struct waits calls[CALLS_MAX]; // of one run
static size_t calls_count;

static void note(int64_t connect_ms, int64_t total_ms)
{
        assert_true(calls_count < CALLS_MAX);
        calls[calls_count++] = (struct waits){connect_ms, total_ms};
}

// The linker sends calls here, see cmake/tests.cmake.
struct http_call *__real_http_client_start(struct http_client *client, const struct http_request *request,
                                           http_done_fn *done, void *arg, struct error *e);
struct http_call *__wrap_http_client_start(struct http_client *client, const struct http_request *request,
                                           http_done_fn *done, void *arg, struct error *e);
struct http_call *__wrap_http_client_start(struct http_client *client, const struct http_request *request,
                                           http_done_fn *done, void *arg, struct error *e)
{
        note(request->connect_timeout_ms, request->total_timeout_ms);
        return __real_http_client_start(client, request, done, arg, e);
}

struct child *__real_child_start(struct uv_loop_s *loop, const struct child_options *options, child_done_fn *done,
                                 void *arg, struct error *e);
struct child *__wrap_child_start(struct uv_loop_s *loop, const struct child_options *options, child_done_fn *done,
                                 void *arg, struct error *e);
struct child *__wrap_child_start(struct uv_loop_s *loop, const struct child_options *options, child_done_fn *done,
                                 void *arg, struct error *e)
{
        note(0, options->timeout_ms);
        return __real_child_start(loop, options, done, arg, e);
}

static char role_arn[] = ROLE_ARN, session[] = "s", region[] = "us-east-1", actions[] = "github_actions",
            audience[] = "sts.amazonaws.com", command[] = "false";
static uint8_t request_token[] = "CANARY-request-token";

static void ask_container(struct harness *h)
{
        h->profile = (struct profile){.type = PROFILE_CONTAINER, .container.url = h->upstream.url};
}

static void ask_imds(struct harness *h)
{
        h->profile = (struct profile){.type = PROFILE_IMDS, .imds.endpoint = h->upstream.url};
}

static void ask_github_and_sts(struct harness *h)
{
        (void)snprintf(h->text, sizeof(h->text), "%s/?a=b", h->upstream.url);
        h->profile = (struct profile){.type = PROFILE_WEB_IDENTITY,
                                      .issuer_region = region,
                                      .endpoint_url = h->upstream.url,
                                      .web_identity = {.token_source = actions,
                                                       .audience = audience,
                                                       .request_url = h->text,
                                                       .request_token = {request_token, sizeof(request_token) - 1}},
                                      .role = {.role_arn = role_arn, .role_session_name = session}};
}

static void ask_command(struct harness *h)
{
        static char path[] = "PATH=/usr/bin:/bin";
        static char *variables[] = {path, NULL};
        static struct env env;
        env_init(&env, variables);
        h->deps.env = &env;
        h->profile = (struct profile){.type = PROFILE_PROCESS, .credential_process = command};
}

static struct folder cache;

static void ask_portal(struct harness *h)
{
        struct error e;
        char *path = NULL;
        folder_make(&cache);
        h->profile = (struct profile){.name = session,
                                      .type = PROFILE_SSO,
                                      .endpoint_url = h->upstream.url,
                                      .sso = {.session = session,
                                              .start_url = (char *)"https://x/start",
                                              .region = region,
                                              .account_id = (char *)"123456789012",
                                              .role_name = (char *)"Dev",
                                              .cache_directory = cache.path,
                                              .oidc_endpoint_url = h->upstream.url}};
        assert_int_equal(sso_cache_path(&h->profile, slice_str(session), &path, &e), 0);
        assert_int_equal(cache_file_write(path, SSO_CACHE_WHAT,
                                          SLICE("{\"accessToken\":\"t\",\"expiresAt\":\"2027-01-01T08:00:00Z\"}"), &e),
                         0);
        free(path);
}

static void each_source_has_its_own(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                void (*ask)(struct harness *h);
                struct waits wanted[CALLS_MAX]; // where the profile says nothing
        } rows[] = {
            {"container", ask_container, {{2000, 7000}}},
            {"imds", ask_imds, {{1000, 2000}, {1000, 2000}}},
            {"GitHub Actions, STS", ask_github_and_sts, {{3000, 10000}, {3000, 10000}}},
            {"IAM Identity Center", ask_portal, {{3000, 10000}}},
            {"command", ask_command, {{0, 60000}}},
        };
        for (size_t i = 0; i < 2 * LENGTH(rows); i++) {
                bool is_said = i % 2 == 1;
                const struct waits *wanted = rows[i / 2].wanted;
                struct harness *h = harness_new(ANSWERS({200, DATE_NOW, "{\"value\":\"" JWT "\"}"},
                                                        {403, DATE_NOW, STS_REFUSAL("AccessDenied", "m")}));
                rows[i / 2].ask(h);
                h->profile.connect_timeout_ms = is_said ? 40000 : 0;
                h->profile.read_timeout_ms = is_said ? 50000 : 0;
                harness_make(h, &h->profile, NULL);
                calls_count = 0;
                harness_run(h);
                assert_true(calls_count > 0);
                for (size_t j = 0; j < calls_count; j++) {
                        int64_t connect_ms = is_said && wanted[j].connect_ms > 0 ? 40000 : wanted[j].connect_ms;
                        int64_t total_ms = is_said ? connect_ms + 50000 : wanted[j].total_ms;
                        if (calls[j].connect_ms != connect_ms || calls[j].total_ms != total_ms)
                                fail_msg("%s: call %zu waits %lld ms to connect, %lld ms in all", rows[i / 2].name, j,
                                         (long long)calls[j].connect_ms, (long long)calls[j].total_ms);
                }
                harness_free(h);
                if (cache.path[0])
                        folder_remove_all(&cache);
                cache.path[0] = '\0';
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(each_source_has_its_own)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
