// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/own_commands.h"

#include <stdio.h>

#include "proto/mem/secret.h"
#include "proto/mem/text.h"
#include "proto/wire/credentials.h"
#include "proto/wire/json_write.h"
#include "sidecar/base/log.h"
#include "sidecar/config/settings.h"
#include "sidecar/config/settings_parse.h"
#include "sidecar/providers/registry.h"
#include "sidecar/vault/vault.h"

enum { NAME_SIZE = 64, KEEP_S = 3600, COMMAND_SIZE = 256 * 1024 }; // KEEP_S: of credentials that do not end

struct own_command {
        TAILQ_ENTRY(own_command) link;
        struct settings *settings; // with the profile alone
        struct server_profile row;
        size_t line_n;
        uint8_t line[]; // the command, as credential_process has it
};

void own_commands_init(struct own_commands *commands, struct vault *vault, const struct log *log,
                       const struct provider_deps *providers)
{
        *commands = (struct own_commands){.vault = vault, .log = log, .providers = providers};
        TAILQ_INIT(&commands->list);
}

static void forget(struct own_commands *commands, struct own_command *c)
{
        TAILQ_REMOVE(&commands->list, c, link);
        settings_release(c->settings);
        wiping_free(c);
}

static void retire(struct own_commands *commands, struct own_command *c)
{
        struct error reason;
        error_set(&reason, ERROR_CANCELLED, "the command was forgotten in favour of others");
        entry_retire(c->row.entry, &reason);
        forget(commands, c);
}

// --- the command as one text ---

// In single quotes, which every word may be, also where its name has no need of them.
static void put_word(struct slice word, struct buffer *line)
{
        (void)buffer_put_str(line, line->n > 0 ? " '" : "'");
        while (word.n > 0) {
                size_t n = slice_find(word, '\'');
                (void)buffer_put(line, slice_head(word, n));
                if (n < word.n)
                        (void)buffer_put_str(line, "'\\''");
                word = slice_from(word, n + 1);
        }
        (void)buffer_put_str(line, "'");
}

// "command-BASE-7", for messages and the log.
static void write_name(struct slice path, unsigned number, char out[NAME_SIZE])
{
        size_t n = (size_t)snprintf(out, NAME_SIZE, "command-");
        for (size_t i = path.n; i > 0; i--) {
                if (path.p[i - 1] == '/') {
                        path = slice_from(path, i);
                        break;
                }
        }
        for (size_t i = 0; i < path.n && n < NAME_SIZE - sizeof("-4294967295"); i++)
                out[n++] = (char)(text_is_unreserved(path.p[i]) && path.p[i] != '~' ? path.p[i] : '_');
        (void)snprintf(out + n, NAME_SIZE - n, "-%u", number);
}

static int make_settings(const struct own_commands *commands, const char *name, struct slice line,
                         struct settings **ret, struct error *e)
{
        struct buffer text;
        const struct settings_source source = {.file = "POST /v1/commands",
                                               .directory = "/",
                                               .working_directory = "/",
                                               .socket_path = "/", // of no listener
                                               .env = commands->providers->env};
        buffer_init(&text, (size_t)6 * COMMAND_SIZE);
        json_begin_object(&text);
        json_key(&text, "profiles");
        json_begin_object(&text);
        json_key(&text, name);
        json_begin_object(&text);
        json_member(&text, "type", SLICE("process"));
        json_member(&text, "refresh", SLICE("on_demand"));
        json_member(&text, "credential_process", line);
        json_end_object(&text);
        json_end_object(&text);
        json_end_object(&text);
        int r = text.failed ? error_set(e, ERROR_INTERNAL, "out of memory")
                            : settings_parse(&source, buffer_slice(&text), ret, e);
        buffer_free(&text);
        return r;
}

// --- the list ---

static struct own_command *find(const struct own_commands *commands, struct slice line)
{
        struct own_command *c;
        TAILQ_FOREACH(c, &commands->list, link)
        if (slice_eq(slice_of(c->line, c->line_n), line))
                return c;
        return NULL;
}

static bool is_running(const struct own_command *c)
{
        struct entry_status status;
        entry_status(c->row.entry, &status);
        return status.is_fetching;
}

// Credentials that do not end are not kept for ever: the command may give others by now.
static bool is_outdated(const struct own_command *c)
{
        struct entry_status status;
        entry_status(c->row.entry, &status);
        return status.expires_s == CREDENTIALS_NEVER_EXPIRE && !status.is_fetching &&
               entry_now_s(c->row.entry) - status.last_success_s > KEEP_S;
}

// False: all that could go are running.
static bool make_room(struct own_commands *commands)
{
        size_t count = 0;
        struct own_command *c, *oldest = NULL;
        TAILQ_FOREACH(c, &commands->list, link)
        {
                count++;
                oldest = is_running(c) ? oldest : c;
        }
        if (count < LIMIT_OWN_COMMANDS_N)
                return true;
        if (oldest)
                retire(commands, oldest);
        return oldest;
}

static int make_entry(const struct own_commands *commands, struct own_command *c, const char *name, struct error *e)
{
        const struct profile *profile = settings_find(c->settings, name);
        struct provider *provider = NULL;
        if (!profile)
                return error_set(e, ERROR_INTERNAL, "out of memory");
        if (registry_make(commands->providers, profile, NULL, &provider, e) < 0)
                return -1;
        const struct entry_options options = {.name = profile->name, .on_demand = true, .needs_interaction = true};
        c->row = (struct server_profile){.name = profile->name,
                                         .type = "process",
                                         .profile = profile,
                                         .entry = vault_add(commands->vault, &options, provider),
                                         .on_demand = true};
        return c->row.entry ? 0 : error_set(e, ERROR_INTERNAL, "out of memory");
}

static struct own_command *add(struct own_commands *commands, struct slice program, struct slice line, struct error *e)
{
        char name[NAME_SIZE];
        if (!make_room(commands)) {
                (void)error_set(e, ERROR_THROTTLED, "%d commands are running", (int)LIMIT_OWN_COMMANDS_N);
                return NULL;
        }
        struct own_command *c = wiping_calloc(1, sizeof(*c) + line.n);
        if (!c) {
                (void)error_set(e, ERROR_INTERNAL, "out of memory");
                return NULL;
        }
        c->line_n = line.n;
        memcpy(c->line, line.p, line.n);
        write_name(program, ++commands->made, name);
        TAILQ_INSERT_HEAD(&commands->list, c, link);
        if (make_settings(commands, name, line, &c->settings, e) < 0 || make_entry(commands, c, name, e) < 0) {
                forget(commands, c);
                return NULL;
        }
        LOG_EVENT(commands->log, LOG_LEVEL_INFO, "command_added", LOG_STR("profile", name));
        return c;
}

static const struct server_profile *get(void *context, const struct slice *words, size_t count, struct error *e)
{
        struct own_commands *commands = context;
        struct own_command *c = NULL;
        struct buffer line;
        buffer_init(&line, COMMAND_SIZE);
        for (size_t i = 0; i < count; i++)
                put_word(words[i], &line);
        if (line.failed) {
                bool is_too_long = !line.no_memory;
                (void)error_set(e, is_too_long ? ERROR_CONFIG : ERROR_INTERNAL,
                                is_too_long ? "\"command\" is too long" : "out of memory");
        } else {
                c = find(commands, buffer_slice(&line));
                if (c && is_outdated(c)) {
                        retire(commands, c);
                        c = NULL;
                }
                if (!c)
                        c = add(commands, words[0], buffer_slice(&line), e);
        }
        buffer_free(&line);
        if (!c)
                return NULL;
        TAILQ_REMOVE(&commands->list, c, link);
        TAILQ_INSERT_HEAD(&commands->list, c, link);
        return &c->row;
}

struct server_own_commands own_commands_for_server(struct own_commands *commands)
{
        return (struct server_own_commands){.get = commands ? get : NULL, .context = commands};
}

void own_commands_free(struct own_commands *commands)
{
        struct own_command *c;
        while ((c = TAILQ_FIRST(&commands->list)))
                forget(commands, c);
}
