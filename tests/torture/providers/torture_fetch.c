// SPDX-License-Identifier: Apache-2.0
// Every provider, made and asked for credentials, with what AWS would answer. The transport stands still: its two
// functions are defined here (the linker sends the calls), so that what fails is the provider's own, and after it a
// second fetch by the same provider must succeed.
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "proto/mem/buffer.h"
#include "proto/wire/credentials.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/env.h"
#include "sidecar/base/provider_facts.h"
#include "sidecar/config/profile.h"
#include "sidecar/io/delay.h"
#include "sidecar/io/http_client.h"
#include "sidecar/io/workers.h"
#include "sidecar/providers/cache_file.h"
#include "sidecar/providers/get_web_identity_token.h"
#include "sidecar/providers/login_session.h"
#include "sidecar/providers/provider.h"
#include "sidecar/providers/registry.h"
#include "sidecar/providers/sso_cache.h"
#include "sidecar/providers/sso_list.h"
#include "sidecar/signing/sigv4.h"
#include "tests/torture/providers/fetch_cases.h"
#include "tests/torture/torture.h"

enum { NOW_S = 1798761600 }; // 2027-01-01T00:00:00Z
#define DATE_NOW "Fri, 01 Jan 2027 00:00:00 GMT"

struct world {
        uv_loop_t loop;
        struct clock clock;
        struct env env;
        struct provider_deps deps;
        const struct fetch_case *row;
        // of a fetch
        bool is_over;
        struct credentials *c;
        struct error e;
        unsigned moves;
};

// --- a transport ---

struct http_call {
        const struct answer_row *answer;
        http_done_fn *done;
        void *arg;
        bool is_cancelled;
};

static struct world *the_world; // http_client_start() has no other way to it

struct http_call *__wrap_http_client_start(struct http_client *client, const struct http_request *request,
                                           http_done_fn *done, void *arg, struct error *e);
void __wrap_http_call_cancel(struct http_call *call);

static void answer(void *arg)
{
        struct http_call *call = arg;
        const struct answer_row *a = call->answer;
        const struct http_field fields[] = {{SLICE("date"), SLICE(DATE_NOW)},
                                            {SLICE("x-aws-ec2-metadata-token-ttl-seconds"), SLICE("21600")},
                                            {SLICE("x-amzn-errortype"), slice_str(a->code)}};
        const struct http_response response = {.status = a->status,
                                               .body = slice_str(a->body),
                                               .fields = fields,
                                               .fields_count = a->code ? 3 : 2,
                                               .boot_ms = 5000000};
        const struct error cancelled = {.kind = ERROR_CANCELLED, .message = "cancelled"};
        call->done(call->arg, call->is_cancelled ? NULL : &response, call->is_cancelled ? &cancelled : NULL);
        free(call);
}

static const struct answer_row *answer_to(const char *url)
{
        for (size_t i = 0; i < ANSWERS_MAX && the_world->row->answers[i].status > 0; i++) {
                const struct answer_row *a = &the_world->row->answers[i];
                if (!a->to || slice_ends_with(slice_str(url), slice_str(a->to)))
                        return a;
        }
        fail_msg("nothing answers at %s", url);
        return NULL;
}

// Its allocations are some of those that fail.
struct http_call *__wrap_http_client_start(struct http_client *client, const struct http_request *request,
                                           http_done_fn *done, void *arg, struct error *e)
{
        struct http_call *call = malloc(sizeof(*call));
        (void)client;
        if (call && delay_start(&the_world->loop, 0, answer, call)) {
                *call = (struct http_call){answer_to(request->url), done, arg, false};
                return call;
        }
        free(call);
        (void)error_set(e, ERROR_INTERNAL, "out of memory");
        return NULL;
}

void __wrap_http_call_cancel(struct http_call *call)
{
        call->is_cancelled = true;
}

// --- base credentials ---

struct base_call {
        provider_done_fn *done;
        void *arg;
};

static void base_due(void *arg)
{
        struct base_call *call = arg;
        const struct credentials fields = {.access_key_id = SLICE("ASIABASE"),
                                           .secret_access_key = SLICE("CANARY-base-secret"),
                                           .session_token = SLICE("base-token"),
                                           .expires_s = NOW_S + 1800};
        const struct error e = {.kind = ERROR_INTERNAL, .message = "out of memory for the base"};
        struct credentials *c = credentials_new(&fields);
        call->done(call->arg, c, c ? NULL : &e);
        free(call);
}

static int base_get(void *context, int64_t min_life_s, provider_done_fn *done, void *arg, struct error *e)
{
        struct base_call *call = malloc(sizeof(*call));
        (void)min_life_s;
        if (call && delay_start(&((struct world *)context)->loop, 0, base_due, call)) {
                *call = (struct base_call){done, arg};
                return 0;
        }
        free(call);
        return error_set(e, ERROR_INTERNAL, "out of memory for the base");
}

static void base_cancel(void *context, void *arg)
{
        (void)context;
        (void)arg;
}

// --- a fetch ---

static int64_t boot_ms(void *context)
{
        (void)context;
        return 5000000;
}

static int64_t wall_ms(void *context)
{
        (void)context;
        return (int64_t)NOW_S * 1000;
}

static void write_file(const char *path, const char *text)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        assert_int_equal(close(fd), 0);
}

// The file that the profile shares with others, or NULL. The caller frees it.
static char *cache_of(const struct profile *p)
{
        char *path = NULL;
        if (p->login.cache_directory)
                assert_int_equal(login_session_path(p, &path, NULL), 0);
        else if (p->sso.cache_directory)
                assert_int_equal(sso_cache_path(p, slice_str(p->sso.session), &path, NULL), 0);
        return path;
}

static void write_files(const struct fetch_case *row)
{
        if (row->token_file)
                write_file(token_path, row->token_file);
        char *path = cache_of(row->profile);
        if (row->cached)
                write_file(path, row->cached);
        else if (path)
                (void)unlink(path);
        free(path);
}

static void has_fetched(void *arg, struct credentials *c, const struct error *e)
{
        struct world *w = arg;
        assert_true((c == NULL) != (e == NULL) && !w->is_over);
        w->is_over = true;
        w->c = c;
        if (e)
                w->e = *e;
}

static void login_moved(void *arg)
{
        ((struct world *)arg)->moves++;
}

// 0, or -1 with w->e.
static int log_in(struct world *w, struct provider *p)
{
        struct login_status status = {.state = LOGIN_IDLE};
        if (w->row->profile->role.mfa_serial)
                return provider_login(p, SLICE("123456"), &w->e);
        if (provider_login(p, SLICE(""), &w->e) < 0)
                return -1;
        p->login_moved = login_moved;
        p->login_arg = w;
        do {
                (void)uv_run(&w->loop, UV_RUN_ONCE);
                provider_login_status(p, &status);
        } while (status.state == LOGIN_STARTING || status.state == LOGIN_PENDING);
        if (status.state == LOGIN_COMPLETE)
                return 0;
        w->e = *status.error;
        return -1;
}

// w->is_over, or w->e.
static void log_out(struct world *w, struct provider *p)
{
        struct login_status status;
        w->is_over = false;
        w->e = (struct error){.kind = ERROR_NONE};
        if (provider_logout(p, &w->e) < 0)
                return;
        for (;;) {
                provider_login_status(p, &status);
                if (status.state != LOGIN_ENDING)
                        break;
                (void)uv_run(&w->loop, UV_RUN_ONCE);
        }
        w->is_over = status.state == LOGIN_IDLE && !status.error;
        if (status.error)
                w->e = *status.error;
}

static void has_listed(void *arg, struct slice json, const struct error *e)
{
        struct world *w = arg;
        w->is_over = true;
        if (e)
                w->e = *e;
        else
                assert_true(slice_eq(json, SLICE("{\"accounts\":[{\"account_id\":\"1\",\"account_name\":\"\xc3\xa4\"}],"
                                                 "\"next_token\":\"n\"}")));
}

// w->is_over without w->e.
static void list_accounts(struct world *w)
{
        static const struct sso_list_request request = {.account_id = {NULL, 0}};
        w->is_over = false;
        w->e = (struct error){.kind = ERROR_NONE};
        if (!sso_list_start(&w->deps, w->row->profile, &request, has_listed, w, &w->e))
                return;
        while (!w->is_over)
                (void)uv_run(&w->loop, UV_RUN_ONCE);
}

// w->c or w->e.
static void fetch(struct world *w, struct provider *p)
{
        if (w->row->lists) {
                list_accounts(w);
                return;
        }
        if (w->row->logs_out) {
                log_out(w, p);
                return;
        }
        w->is_over = false;
        w->c = NULL;
        w->e = (struct error){.kind = ERROR_NONE};
        if ((w->row->logs_in && log_in(w, p) < 0) || provider_start(p, has_fetched, w, &w->e) < 0)
                return;
        while (!w->is_over)
                (void)uv_run(&w->loop, UV_RUN_ONCE);
}

static bool is_right(const struct world *w)
{
        if (w->row->lists)
                return w->is_over && w->e.kind == ERROR_NONE;
        if (w->row->logs_out)
                return w->is_over;
        if (w->row->refusal != ERROR_NONE)
                return !w->c && w->e.kind == w->row->refusal;
        if (!w->c)
                return false;
        if (w->row->is_token) {
                assert_true(slice_eq(w->c->session_token, SLICE(JWT)));
                return true;
        }
        assert_true(slice_eq(w->c->access_key_id, SLICE("ASIAEXAMPLE")));
        assert_true(slice_eq(w->c->secret_access_key, SLICE("CANARY-secret")));
        assert_true(w->c->session_token.n == 0 || slice_eq(w->c->session_token, SLICE("CANARY-token")));
        assert_true(w->c->expires_s == CREDENTIALS_NEVER_EXPIRE || w->c->expires_s == NOW_S + 3600);
        return true;
}

// The shared file is what it was, or holds all of what was renewed.
static void check_cached(const struct fetch_case *row)
{
        struct buffer text;
        if (!row->cached || row->logs_out)
                return;
        char *path = cache_of(row->profile);
        buffer_init(&text, 65536);
        assert_int_equal(cache_file_read(path, "cache file", &text, NULL), 0);
        if (!slice_eq(buffer_slice(&text), slice_str(row->cached))) {
                const char *all = buffer_c_str(&text);
                for (size_t i = 0; i < LENGTH(row->renewed); i++)
                        assert_true(row->renewed[i] && strstr(all, row->renewed[i]));
        }
        free(path);
        buffer_free(&text);
}

static int make(struct world *w, const struct credentials_source *source, struct provider **ret)
{
        static const struct web_identity_endpoint at = {.url = "https://s", .region = "us-east-1"};
        static const struct web_identity_request request = {
            .audiences = {SLICE_INIT("a")}, .audiences_count = 1, .signing_algorithm = SLICE_INIT("RS256")};
        if (w->row->is_token)
                return get_web_identity_token_new(&w->deps, w->row->profile, source, &at, &request, ret, &w->e);
        return registry_make(&w->deps, w->row->profile, source, ret, &w->e);
}

static bool fetch_round(const void *arg)
{
        static char path[] = "PATH=/usr/bin:/bin";
        char *variables[] = {path, NULL};
        struct world w = {.row = arg, .clock = {boot_ms, wall_ms, 1, NULL}};
        const struct credentials_source source = {base_get, base_cancel, &w};
        struct provider *p = NULL;
        if (w.row->speed > 0)
                w.clock.speed = w.row->speed;
        the_world = &w;
        env_init(&w.env, variables);
        assert_int_equal(uv_loop_init(&w.loop), 0);
        w.deps = (struct provider_deps){
            .loop = &w.loop, .clock = &w.clock, .signer = signer_new(), .workers = workers_new(&w.loop), .env = &w.env};
        assert_non_null(w.deps.signer);
        assert_non_null(w.deps.workers);
        write_files(w.row);
        torture_begin();
        if (make(&w, &source, &p) == 0)
                fetch(&w, p);
        torture_end();
        bool is_done = is_right(&w);
        check_cached(w.row);
        if (!is_done)
                (void)torture_refused(&w.e);
        credentials_unref(w.c);
        if (p) { // usable again
                write_files(w.row);
                fetch(&w, p);
                if (!is_right(&w))
                        fail_msg("the next fetch: %s (%s)", w.e.message, w.e.hint);
                credentials_unref(w.c);
        }
        provider_free(p);
        workers_close(w.deps.workers);
        assert_int_equal(uv_run(&w.loop, UV_RUN_DEFAULT), 0);
        assert_int_equal(uv_loop_close(&w.loop), 0);
        signer_free(w.deps.signer);
        return is_done;
}

static int remove_one(const char *path, const struct stat *about, int flag, struct FTW *ftw)
{
        (void)about;
        (void)flag;
        (void)ftw;
        return remove(path);
}

int main(void)
{
        struct torture_row rows[LENGTH(cases)];
        for (size_t i = 0; i < LENGTH(cases); i++)
                rows[i] = (struct torture_row){cases[i].name, fetch_round, &cases[i], cases[i].survives};
        (void)snprintf(folder, sizeof(folder), "/tmp/keyfob-torture-XXXXXX");
        if (!mkdtemp(folder))
                return 1;
        (void)snprintf(token_path, sizeof(token_path), "%s/token", folder);
        int failed = torture_main(rows, LENGTH(rows));
        if (nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0)
                return 1;
        return failed;
}
