// SPDX-License-Identifier: Apache-2.0
// Any bytes as the file of a session of `aws login`, as what a refreshed one is written into, and as an answer of AWS
// Sign-In: refused, or slices inside the scratch buffer.
#include "proto/mem/length.h"
#include "proto/wire/limits.h"
#include "sidecar/providers/login_refresh.h"
#include "sidecar/providers/login_session.h"
#include "tests/fuzz/fuzz.h"

static void check_session(const struct login_session *s)
{
        const struct slice needed[] = {s->access_key_id, s->secret_access_key, s->session_token,
                                       s->refresh_token, s->client_id,         s->dpop_key};
        for (size_t i = 0; i < LENGTH(needed); i++)
                must(needed[i].n > 0 && is_within(needed[i], &s->text));
        must(is_within(s->account_id, &s->text) && is_within(s->region, &s->text) && s->expires_s != 0);
}

// What is written over a session can be read again, and all else of it is as before.
static void check_written(struct slice text, const struct login_session *before)
{
        static const struct answer grant = {.access_key_id = SLICE_INIT("ASIANEW"),
                                            .secret_access_key = SLICE_INIT("new"),
                                            .session_token = SLICE_INIT("new token"),
                                            .refresh_token = SLICE_INIT("r-new")};
        enum { EXPIRES_S = 1798765200 };
        struct buffer out;
        struct login_session after;
        struct error e = {.kind = ERROR_NONE};
        buffer_init(&out, (size_t)2 * LIMIT_UPSTREAM_BODY);
        must(login_session_renew(text, &grant, EXPIRES_S, &out) == 0);
        if (out.n <= LIMIT_TOKEN_FILE) {
                must(login_session_read(buffer_slice(&out), &after, &e) == 0);
                must(slice_eq(after.access_key_id, grant.access_key_id) &&
                     slice_eq(after.session_token, grant.session_token) &&
                     slice_eq(after.refresh_token, grant.refresh_token) && after.expires_s == EXPIRES_S);
                must(slice_eq(after.account_id, before->account_id) && slice_eq(after.client_id, before->client_id) &&
                     slice_eq(after.dpop_key, before->dpop_key) && slice_eq(after.region, before->region));
                login_session_clear(&after);
        }
        buffer_free(&out);
}

static void check_file(struct slice text)
{
        struct login_session s;
        struct error e = {.kind = ERROR_NONE};
        if (login_session_read(text, &s, &e) < 0) {
                must(e.kind == ERROR_PROTOCOL && s.access_key_id.n == 0 && s.refresh_token.n == 0);
                return;
        }
        check_session(&s);
        check_written(text, &s);
        login_session_clear(&s);
}

static void check_answer(struct slice text)
{
        struct buffer scratch;
        struct answer a;
        struct error e = {.kind = ERROR_NONE};
        buffer_init(&scratch, LIMIT_UPSTREAM_BODY);
        if (login_refresh_read(text, &scratch, &a, &e) == 0) {
                const struct slice all[] = {
                    a.access_key_id, a.secret_access_key, a.session_token, a.refresh_token, a.code, a.message};
                for (size_t i = 0; i < LENGTH(all); i++)
                        must(is_within(all[i], &scratch));
        } else {
                must(slice_is_empty(a.access_key_id) && slice_is_empty(a.code));
        }
        buffer_free(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct slice text = slice_of(data, size);
        if (size > LIMIT_UPSTREAM_BODY)
                return 0;
        check_file(text);
        check_answer(text);
        return 0;
}
