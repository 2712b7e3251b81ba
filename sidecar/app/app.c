// SPDX-License-Identifier: Apache-2.0
// Owns the loop and every layer above it. Start: settings, sockets (so that clients can already queue), then the layers
// from the bottom up. End: the same in reverse, each step begun by the completion of the one before, until the loop has
// nothing left and uv_loop_close() must succeed.
#include "sidecar/app/app.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include <uv.h>

#include "sidecar/app/asking_commands.h"
#include "sidecar/app/check.h"
#include "sidecar/app/event_log.h"
#include "sidecar/app/heap.h"
#include "sidecar/app/idle_exit.h"
#include "sidecar/app/listeners.h"
#include "sidecar/app/log_open.h"
#include "sidecar/app/notify.h"
#include "sidecar/app/options.h"
#include "sidecar/app/output_files.h"
#include "sidecar/app/own_commands.h"
#include "sidecar/app/passphrases.h"
#include "sidecar/app/profile_set.h"
#include "sidecar/app/profile_table.h"
#include "sidecar/app/reload.h"
#include "sidecar/app/report.h"
#include "sidecar/app/serve.h"
#include "sidecar/app/signals.h"
#include "sidecar/app/sts_tokens.h"
#include "sidecar/app/token_files.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/descriptors.h"
#include "sidecar/base/env.h"
#include "sidecar/base/file_trust.h"
#include "sidecar/config/faults.h"
#include "sidecar/config/settings.h"
#include "sidecar/io/http_client.h"
#include "sidecar/io/watch.h"
#include "sidecar/io/workers.h"
#include "sidecar/providers/running_commands.h"
#include "sidecar/server/metrics.h"
#include "sidecar/server/server.h"
#include "sidecar/signing/sigv4.h"

enum { EXIT_OK = 0, EXIT_FAILED = 1 }; // see report_exit_status()

// Responses in progress get this long after SIGTERM; service managers give at least three seconds in practice.
#define GRACE_MS 2000
// The whole shutdown gets this long, also where a thread is stuck or a call with a one-time token is not over yet.
#define END_MS 2600

// How often to check shared files for changes that the kernel does not report.
#define POLL_EVERY_MS 15000

struct app {
        const struct options *options;
        const struct env *env;
        const struct clock *clock;
        struct log log;
        struct log_file log_file;
        struct file_trust trust;
        uv_loop_t loop;
        struct signals signals;
        uv_timer_t end;
        bool is_closing;
        struct passphrases passphrases;

        struct running_commands commands; // the providers enter them, the server looks them up
        struct event_log event_log;
        struct notify notify;
        struct listeners *listeners;
        struct token_files *tokens;
        struct output_files *files;
        struct metrics *metrics;
        struct signer *signer;
        struct http_client *http;
        struct workers *workers;
        struct vault *vault;
        struct sts_tokens_deps sts_tokens;
        struct own_commands own_commands;
        struct server *server;
        struct profile_set *profile_set;
        struct reload *reload;
        struct idle_exit idle_exit;
        size_t descriptors_max;
        int64_t read_ns; // watch_moment() before the settings were first read
};

static uint32_t random_bits(void *context)
{
        uint32_t bits = 0;
        (void)context;
        // For jitter only: without entropy (the call fails) there is none.
        (void)!getrandom(&bits, sizeof(bits), GRND_NONBLOCK);
        return bits;
}

// Any thread may call it once the passphrases are sealed: it changes nothing in *app then.
static int load_settings(struct app *app, struct faults *faults, struct settings **ret, struct error *e)
{
        char host_name[256] = "";
        if (gethostname(host_name, sizeof(host_name) - 1) < 0)
                host_name[0] = '\0';
        struct settings_input input = {.config_path = app->options->config_path,
                                       .socket_path = app->options->socket_path,
                                       .env = app->env,
                                       .host_name = host_name,
                                       .trust = &app->trust,
                                       .faults = faults};
        if (settings_load(&input, ret, e) < 0)
                return -1;
        if (passphrases_give(&app->passphrases, *ret, e) == 0)
                return 0;
        settings_release(*ret);
        *ret = NULL;
        return -1;
}

// --- the end, step by step ---

static void on_vault_closed(void *arg)
{
        struct app *app = arg;
        app->vault = NULL;
        workers_close(app->workers);
        if (app->http)
                http_client_close(app->http, NULL, NULL);
        if (app->metrics)
                metrics_close(app->metrics);
}

static void on_server_closed(void *arg)
{
        struct app *app = arg;
        app->server = app->event_log.server = NULL;
        if (app->vault)
                vault_close(app->vault, on_vault_closed, app);
        else
                on_vault_closed(app);
}

// Nothing can stop a thread, but the process can end: sockets and connections are closed by now. Not with exit(), which
// would tear down OpenSSL while the thread uses it.
static void on_end_overdue(uv_timer_t *timer)
{
        const struct app *app = timer->data;
        LOG_EVENT(&app->log, LOG_LEVEL_WARN, "stopped", LOG_INT("pid", getpid()),
                  LOG_STR("hint", "a thread or a call did not end in time: check the token or disk that holds a key"));
        _exit(EXIT_OK);
}

static void close_all(struct app *app)
{
        if (app->is_closing)
                return;
        app->is_closing = true;
        (void)uv_timer_init(&app->loop, &app->end); // cannot fail, nor can starting it
        app->end.data = app;
        (void)uv_timer_start(&app->end, on_end_overdue, END_MS, 0);
        uv_unref((uv_handle_t *)&app->end); // does not keep the loop alive
        signals_close(&app->signals);
        idle_exit_stop(&app->idle_exit);
        reload_close(app->reload);
        app->reload = NULL;
        listeners_close(app->listeners);
        app->listeners = NULL;
        token_files_close(app->tokens);
        output_files_close(app->files);
        if (app->server)
                server_close(app->server, GRACE_MS, on_server_closed, app);
        else
                on_server_closed(app);
}

// --- signals ---

static const char *config_name(const struct settings *settings)
{
        return settings->path ? settings->path : "environment";
}

// In a thread of the pool.
static int load_again(void *context, struct profile_table **ret, struct error *e)
{
        struct app *app = context;
        struct settings *settings = NULL;
        struct faults faults = {.count = 0};
        if (load_settings(app, &faults, &settings, e) < 0) {
                if (faults.count > 1)
                        (void)error_hint(e, "%zu faults were found: run keyfobd --check to see all", faults.count);
                return -1;
        }
        *ret = profile_table_new(profile_set_now(app->profile_set), settings);
        return *ret ? 0 : error_set(e, ERROR_INTERNAL, "out of memory for the table of profiles");
}

static int apply_table(struct app *app, struct profile_table *table, struct profile_table **ret_before, struct error *e)
{
        if (output_files_prepare(app->files, table->settings) < 0)
                return error_set(e, ERROR_INTERNAL, "out of memory for the files");
        if (profile_set_apply(app->profile_set, table, ret_before, e) < 0)
                return -1;
        output_files_apply(app->files, table);
        return 0;
}

static int apply(void *context, struct profile_table *table, struct profile_table **ret_before, struct error *e)
{
        struct app *app = context;
        if (apply_table(app, table, ret_before, e) < 0)
                return -1;
        if (!listeners_are_as(app->listeners, table->settings))
                LOG_EVENT(&app->log, LOG_LEVEL_WARN, "listeners_not_reloaded",
                          LOG_STR("hint", "restart the agent: listeners do not change on a reload"));
        return 0;
}

static void on_signal(void *arg, int number)
{
        struct app *app = arg;
        if (number == SIGHUP) {
                reload_run(app->reload, "signal");
                return;
        }
        LOG_EVENT(&app->log, LOG_LEVEL_INFO, "stopping", LOG_STR("signal", number == SIGTERM ? "SIGTERM" : "SIGINT"));
        notify_stopping(&app->notify);
        close_all(app);
}

static void on_idle(void *arg)
{
        struct app *app = arg;
        LOG_EVENT(&app->log, LOG_LEVEL_INFO, "stopping", LOG_INT("idle_seconds", app->idle_exit.limit_s));
        notify_stopping(&app->notify);
        close_all(app);
}

// --- the start ---

static int make_layers(struct app *app, struct error *e)
{
        notify_init(&app->notify, &app->loop, env_get(app->env, "NOTIFY_SOCKET"));
        app->metrics = metrics_new(&app->loop);
        app->signer = signer_new();
        struct http_client_deps http = {
            .loop = &app->loop, .clock = app->clock, .env = app->env, .user_agent = "keyfob/" KEYFOB_VERSION};
        app->http = http_client_new(&http);
        app->workers = workers_new(&app->loop);
        app->event_log = (struct event_log){.log = &app->log, .metrics = app->metrics};
        const struct output_files_deps files = {.loop = &app->loop,
                                                .clock = app->clock,
                                                .log = &app->log,
                                                .env = app->env,
                                                .workers = app->workers,
                                                .observer = event_log_observer(&app->event_log)};
        app->files = output_files_new(&files);
        struct vault_deps vault = {.loop = &app->loop,
                                   .clock = app->clock,
                                   .random = random_bits,
                                   .observer = output_files_observer(app->files)};
        app->vault = app->files ? vault_new(&vault) : NULL;
        app->sts_tokens = (struct sts_tokens_deps){.vault = app->vault,
                                                   .providers = {.loop = &app->loop,
                                                                 .clock = app->clock,
                                                                 .http = app->http,
                                                                 .signer = app->signer,
                                                                 .workers = app->workers,
                                                                 .commands = &app->commands,
                                                                 .env = app->env}};
        own_commands_init(&app->own_commands, app->vault, &app->log, &app->sts_tokens.providers);
        struct server_deps server = {
            .loop = &app->loop,
            .clock = app->clock,
            .log = &app->log,
            .signer = app->signer,
            .metrics = app->metrics,
            .connections_max = descriptors_for_peers(app->descriptors_max),
            .commands = asking_commands(&app->commands),
            .sts_url = sts_tokens_url,
            .web_identity = sts_tokens_web_identity(&app->sts_tokens),
            .own_commands = own_commands_for_server(app->options->runs_commands ? &app->own_commands : NULL),
            .run = random_bits(NULL) | 1}; // never 0
        if (app->metrics && app->signer)
                app->server = app->event_log.server = server_new(&server);
        app->profile_set =
            profile_set_new(&(struct profile_set_deps){app->vault, app->server, app->sts_tokens.providers});
        struct reload_deps reload = {.loop = &app->loop,
                                     .log = &app->log,
                                     .manager = &app->notify,
                                     .poll_every_ms = POLL_EVERY_MS,
                                     .load = load_again,
                                     .apply = apply,
                                     .context = app};
        app->reload = reload_new(&reload);
        if (!app->signer) {
                (void)error_set(e, ERROR_INTERNAL, "OpenSSL has no SHA-256 or HMAC, or out of memory");
                return error_hint(e, "check OpenSSL's configuration (openssl.cnf, OPENSSL_CONF): if it activates a "
                                     "provider, it must also activate the provider \"default\"");
        }
        if (!app->http || !app->workers || !app->vault || !app->server || !app->profile_set || !app->reload)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        return 0;
}

static int apply_first(struct app *app, struct profile_table *table, struct error *e)
{
        struct profile_table *before; // there is none
        if (!table)
                return error_set(e, ERROR_INTERNAL, "out of memory for the table of profiles");
        if (apply_table(app, table, &before, e) == 0)
                return 0;
        profile_table_free(table);
        return -1;
}

static int start(struct app *app, struct settings *settings, struct error *e)
{
        app->listeners = listeners_open(settings, app->env, e);
        int64_t read_ns = watch_moment();
        // After the sockets: what is wrong with their directory is also wrong with a log beside them.
        bool is_open = app->listeners && log_open(&app->log, e) == 0;
        app->tokens = is_open ? token_files_load(app->listeners, e) : NULL;
        if (!app->tokens || make_layers(app, e) < 0) {
                settings_release(settings);
                return -1;
        }
        if (apply_first(app, profile_table_new(NULL, settings), e) < 0)
                return -1;
        sts_tokens_serve_sso(&app->sts_tokens, app->server);
        LOG_EVENT(&app->log, LOG_LEVEL_INFO, "started", LOG_STR("version", KEYFOB_VERSION),
                  LOG_STR("config", config_name(settings)), LOG_INT("profiles", settings_shown_count(settings)),
                  LOG_INT("pid", getpid()));
        event_log_warnings(&app->log, &settings->warnings);
        reload_watch(app->reload, settings, app->read_ns);
        const struct token_files_deps tokens = {.loop = &app->loop,
                                                .log = &app->log,
                                                .workers = app->workers,
                                                .poll_every_ms = POLL_EVERY_MS,
                                                .read_ns = read_ns};
        if (token_files_watch(app->tokens, &tokens) < 0)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        if (serve_all(app->server, app->listeners, app->tokens, &app->log, e) < 0)
                return -1;
        app->idle_exit = (struct idle_exit){.limit_s = settings->files_count > 0 ? 0 : app->options->idle_exit_s,
                                            .loop = &app->loop,
                                            .clock = app->clock,
                                            .server = app->server,
                                            .vault = app->vault,
                                            .end = on_idle,
                                            .arg = app};
        idle_exit_start(&app->idle_exit);
        notify_ready(&app->notify);
        log_detach(&app->log);
        return 0;
}

static int run(struct app *app, struct settings *settings)
{
        struct error e = {0};
        int status = EXIT_OK;
        app->descriptors_max = descriptors_raise(); // service managers start services with 1024
        int rc = uv_loop_init(&app->loop);
        if (rc < 0) {
                error_set(&e, ERROR_INTERNAL, "event loop: %s", uv_strerror(rc));
                report_failure(&app->log, &e);
                settings_release(settings);
                return EXIT_FAILED;
        }
        if (signals_watch(&app->signals, &app->loop, on_signal, app, &e) < 0) {
                settings_release(settings);
                status = EXIT_FAILED;
        } else if (start(app, settings, &e) < 0) {
                status = report_exit_status(&e);
        }
        if (status != EXIT_OK) {
                report_failure(&app->log, &e);
                close_all(app);
        }
        uv_run(&app->loop, UV_RUN_DEFAULT);
        uv_close((uv_handle_t *)&app->end, NULL);
        uv_run(&app->loop, UV_RUN_DEFAULT);
        profile_set_free(app->profile_set);
        own_commands_free(&app->own_commands);
        token_files_free(app->tokens);
        output_files_free(app->files);
        signer_free(app->signer);
        rc = uv_loop_close(&app->loop);
        assert(rc == 0); // a handle that nobody closed is a bug
        if (status == EXIT_OK)
                LOG_EVENT(&app->log, LOG_LEVEL_INFO, "stopped", LOG_INT("pid", getpid()));
        return status;
}

int app_run(const struct options *options, const struct env *env, const struct clock *clock)
{
        struct app app = {.options = options, .env = env, .clock = clock};
        struct error e = {0};
        struct settings *settings = NULL;
        struct faults faults = {.count = 0};
        int status;
        app.trust = (struct file_trust){options->trusted, options->trusted_count};
        app.read_ns = watch_moment();
        heap_configure();
        log_init(options, clock, &app.log, &app.log_file);
        int loaded = load_settings(&app, &faults, &settings, &e);
        passphrases_seal(&app.passphrases);
        if (loaded < 0 && faults.count > 0)
                report_faults(&faults);
        else if (loaded < 0)
                report_error(&e);
        if (loaded < 0)
                status = report_exit_status(&e);
        else
                status = options->check ? check_run(settings, env, clock_wall_s(clock)) : run(&app, settings);
        event_log_deinit(&app.event_log);
        passphrases_free(&app.passphrases);
        log_file_close(&app.log_file);
        return status;
}
