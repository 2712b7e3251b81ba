// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/profile_json.h"

#include "proto/wire/credentials.h"
#include "proto/wire/json_write.h"
#include "sidecar/base/file_status.h"
#include "sidecar/base/provider_facts.h"
#include "sidecar/server/access.h"
#include "sidecar/server/json_answer.h"
#include "sidecar/server/server.h"
#include "sidecar/vault/vault.h"

static void put_text(struct buffer *b, const char *key, struct slice text)
{
        json_key(b, key);
        if (text.n > 0)
                json_put_string(b, text);
        else
                json_put_null(b);
}

static void put_upstream(struct buffer *b, const struct error *e)
{
        json_key(b, "upstream");
        if (!e->upstream.code[0] && e->upstream.status == 0) {
                json_put_null(b);
                return;
        }
        json_begin_object(b);
        put_text(b, "service", slice_str(e->upstream.service));
        put_text(b, "code", slice_str(e->upstream.code));
        put_text(b, "message", slice_str(e->upstream.message));
        put_text(b, "request_id", slice_str(e->upstream.request_id));
        json_key(b, "status");
        if (e->upstream.status)
                json_put_i64(b, e->upstream.status);
        else
                json_put_null(b);
        json_end_object(b);
}

static void put_error(struct buffer *b, const struct server_profile *p, const struct peer *peer, const struct error *e)
{
        char text[sizeof(e->message)], hint[sizeof(e->hint)];
        json_key(b, "last_error");
        if (!e) {
                json_put_null(b);
                return;
        }
        json_begin_object(b);
        json_member(b, "kind", slice_str(error_kind_name(e->kind)));
        json_member(b, "detail", slice_str(access_hide_sources(p, peer, e->message, text, sizeof(text))));
        put_text(b, "hint", slice_str(access_hide_sources(p, peer, e->hint, hint, sizeof(hint))));
        put_upstream(b, e);
        json_end_object(b);
}

static void put_chain(struct buffer *b, const struct server_profile *p)
{
        if (p->chain_count == 0)
                return;
        put_text(b, "source", slice_str(p->chain[p->chain_count - 1].name));
        json_key(b, "chain");
        json_begin_array(b);
        for (size_t i = 0; i < p->chain_count; i++) {
                json_begin_object(b);
                json_member(b, "link", slice_str(p->chain[i].name));
                json_member(b, "outcome", slice_str(p->chain[i].outcome));
                json_end_object(b);
        }
        json_end_array(b);
}

static void put_certificate(struct buffer *b, const struct provider_facts *facts)
{
        if (!facts)
                return;
        json_key(b, "certificate");
        if (!facts->certificate.subject) {
                json_put_null(b);
                return;
        }
        json_begin_object(b);
        put_text(b, "subject", slice_str(facts->certificate.subject));
        put_text(b, "serial", slice_str(facts->certificate.serial));
        json_answer_put_time(b, "not_after", facts->certificate.not_after_s);
        put_text(b, "problem", slice_str(facts->certificate.problem));
        if (facts->certificate.intermediate) {
                json_key(b, "intermediate");
                json_begin_object(b);
                put_text(b, "subject", slice_str(facts->certificate.intermediate));
                json_answer_put_time(b, "not_after", facts->certificate.intermediate_ends_s);
                json_end_object(b);
        }
        json_end_object(b);
}

static void put_files(struct buffer *b, const struct file_status *f)
{
        if (!f)
                return;
        json_key(b, "files");
        json_begin_array(b);
        for (; f; f = f->next) {
                json_begin_object(b);
                json_member(b, "path", slice_str(f->path));
                json_member(b, "format", slice_str(f->format));
                json_member_bool(b, "current", f->is_current);
                json_answer_put_time(b, "written", f->written_s);
                put_text(b, "error", slice_str(f->error.message));
                put_text(b, "hint", slice_str(f->error.hint));
                json_end_object(b);
        }
        json_end_array(b);
}

// A profile with a fault is shown as failed before its first fetch, and even if it still has credentials.
static void report_fault(const struct server_profile *p, struct entry_status *status, struct error *e)
{
        bool is_fresh = status->state == ENTRY_FRESH;
        if (!p->fault || (!is_fresh && status->state != ENTRY_EMPTY))
                return;
        (void)error_set(e, ERROR_CONFIG, "%s", p->fault);
        (void)error_hint(e, "%s", p->fault_hint ? p->fault_hint : "");
        status->state = is_fresh ? ENTRY_STALE : ENTRY_FAILED;
        status->last_error = e;
}

void profile_json_write(struct buffer *b, const struct server_profile *p, const struct peer *peer)
{
        struct entry_status status;
        struct error fault = {.kind = ERROR_NONE};
        entry_status(p->entry, &status);
        report_fault(p, &status, &fault);
        struct slice role_arn = p->role_arn ? slice_str(p->role_arn) : status.assumed_role_arn;
        struct slice account_id = status.account_id;
        if (account_id.n == 0)
                account_id = credentials_account_of_arn(role_arn);
        json_begin_object(b);
        json_member(b, "name", slice_str(p->name));
        json_member(b, "type", slice_str(p->type));
        json_member(b, "state", slice_str(entry_state_name(status.state)));
        json_answer_put_time(b, "expiration", status.expires_s);
        json_answer_put_time(b, "next_refresh", status.next_refresh_s);
        json_member_i64(b, "generation", (int64_t)status.generation);
        put_text(b, "role_arn", role_arn);
        put_text(b, "account_id", account_id);
        put_text(b, "region", slice_str(p->region));
        json_member_bool(b, "on_demand", p->on_demand);
        put_chain(b, p);
        put_certificate(b, entry_facts(p->entry));
        put_files(b, p->files);
        put_error(b, p, peer, status.last_error);
        json_answer_put_time(b, "last_success", status.last_success_s);
        json_member_i64(b, "refreshes", (int64_t)status.successes);
        json_member_i64(b, "failures", (int64_t)status.failures);
        json_end_object(b);
}
