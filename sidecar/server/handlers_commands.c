// SPDX-License-Identifier: Apache-2.0
// POST /v1/commands: credentials from a command that the client names, as of a credential_process. Whoever may have a
// command run could run it as well, so it is for the agent's own user alone, and only where the agent was started for
// that user: elsewhere the same uid may live in another container.
#include <unistd.h>

#include "proto/wire/http_whole.h"
#include "proto/wire/json_read.h"
#include "sidecar/server/access.h"
#include "sidecar/server/body_reader.h"
#include "sidecar/server/credentials_reply.h"
#include "sidecar/server/exchange.h"
#include "sidecar/server/handlers.h"
#include "sidecar/server/listener.h"
#include "sidecar/server/problem.h"
#include "sidecar/server/sign_work.h"
#include "sidecar/server/state.h"
#include "sidecar/server/wait_query.h"

static int read_words(const struct body_reader *in, size_t node, struct slice *words, size_t *ret_count)
{
        *ret_count = 0;
        if (json_kind(in->doc, node) != JSON_ARRAY)
                return body_refuse(in, "command", "an array of strings", node);
        for (size_t at = json_first(in->doc, node); at != JSON_NONE; at = json_next(in->doc, at)) {
                struct slice *word = &words[*ret_count];
                if (*ret_count == SERVER_COMMAND_WORDS_N)
                        return error_set(in->e, ERROR_CONFIG, "\"command\" has more than %d words",
                                         (int)SERVER_COMMAND_WORDS_N);
                if (body_read_string(in, "command", at, word) < 0)
                        return -1;
                if (slice_find(*word, '\0') < word->n || (*ret_count == 0 && word->n == 0))
                        return error_set(in->e, ERROR_CONFIG, "\"command\" has %s",
                                         word->n == 0 ? "an empty name" : "a NUL in it");
                ++*ret_count;
        }
        return *ret_count > 0 ? 0 : error_set(in->e, ERROR_CONFIG, "\"command\" is empty");
}

// 0, or -1 with *e.
static int read_body(struct exchange *x, struct slice body, struct slice *words, size_t *ret_count, struct error *e)
{
        struct body_reader in;
        struct json_doc *doc = &x->server->json;
        bool has_command = false;
        if (body_open(&in, body.n > 0 ? body : SLICE("{}"), doc, &x->server->text, e) < 0)
                return -1;
        for (size_t key = json_first(doc, JSON_ROOT); key != JSON_NONE; key = json_next(doc, key)) {
                if (!json_string_is(doc, key, SLICE("command")))
                        return body_refuse_unknown(&in, key, "", "command");
                if (read_words(&in, json_value(doc, key), words, ret_count) < 0)
                        return -1;
                has_command = true;
        }
        return has_command ? 0 : error_set(e, ERROR_CONFIG, "\"command\" is missing");
}

// NULL: answered.
static const struct server_profile *find_command(struct exchange *x, struct slice body)
{
        struct error e = {.kind = ERROR_NONE};
        struct slice words[SERVER_COMMAND_WORDS_N];
        size_t count = 0;
        const struct server_own_commands *own = &x->server->deps.own_commands;
        const struct server_profile *p = NULL;
        if (read_body(x, body, words, &count, &e) == 0)
                p = own->get(own->context, words, count, &e);
        if (p)
                return p;
        if (e.kind == ERROR_THROTTLED)
                problem_send_too_many(x, e.message);
        else if (e.kind == ERROR_INTERNAL)
                problem_send_no_memory(x);
        else
                sign_work_send_error(x, API_INVALID_REQUEST, &e);
        return NULL;
}

static bool may_run(struct exchange *x)
{
        bool is_own = !listener_is_tcp(x->listener) && x->peer->uid == geteuid();
        if (x->server->deps.own_commands.get && is_own)
                return true;
        access_refuse_peer(x,
                           "commands are run by an agent that keyfob agent start or --autostart has started, for its "
                           "own user");
        return false;
}

static bool may_ask(struct exchange *x, const struct server_profile *p)
{
        const struct server_commands *commands = &x->server->deps.commands;
        if (x->command == 0 || commands->may_ask(commands->context, x->command, p))
                return true;
        problem_sendf(x, API_LOOP_DETECTED, "let the command obtain the credentials by itself",
                      "the command needs the credentials that it is to provide (process %d)", (int)x->command);
        return false;
}

static void send_credentials(struct exchange *x, struct entry *entry, const struct credentials *c)
{
        const struct entry_rendering *reply = credentials_reply(entry, c, x->server->deps.run);
        if (!reply) {
                problem_send_no_memory(x);
                return;
        }
        credentials_reply_check_life(x, entry, c);
        exchange_answer(x, &(struct answer){.status = 200,
                                            .content_type = "application/json",
                                            .headers = "Cache-Control: no-store\r\n",
                                            .body = slice_from(secret_expose(&reply->text), reply->mark)});
}

static void wait_for_command(struct exchange *x, struct entry *entry, int64_t wait_ms)
{
        // Kept for the end of the wait, when the command is looked up again.
        struct slice *kept = exchange_alloc_state(x, sizeof(*kept));
        if (!kept)
                return;
        *kept = x->body;
        if (request_arena_keep(&x->arena, kept) < 0) {
                problem_send_no_memory(x);
                return;
        }
        exchange_wait(x, entry, &(struct wait){.want = VAULT_WANT_REFRESH, .ms = wait_query_or_default(x, wait_ms)});
}

void handle_commands(struct exchange *x)
{
        int64_t wait_ms;
        if (!may_run(x) || wait_query_read(x, &wait_ms) < 0)
                return;
        if (!sign_work_is_json(http_head_get(x->head, SLICE("content-type")))) {
                problem_sendf(x, API_UNSUPPORTED_MEDIA_TYPE, "send it as application/json", "the body is not JSON");
                return;
        }
        const struct server_profile *p = find_command(x, x->body);
        if (!p || !may_ask(x, p))
                return;
        const struct credentials *c = entry_peek(p->entry);
        if (c)
                send_credentials(x, p->entry, c);
        else
                wait_for_command(x, p->entry, wait_ms);
}

void resume_commands(struct exchange *x, const struct outcome *o)
{
        const struct slice *kept = x->handler_state;
        const struct server_profile *p = find_command(x, *kept);
        if (!p)
                return;
        const struct credentials *c = entry_last_resort(p->entry);
        if (c) {
                send_credentials(x, p->entry, c);
                return;
        }
        x->profile = p; // for this answer, which ends the exchange: the profile is not in the server's table
        problem_send_unavailable(x, o);
}
