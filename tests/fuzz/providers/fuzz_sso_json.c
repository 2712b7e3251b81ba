// SPDX-License-Identifier: Apache-2.0
// Any bytes as the file of a cached token, as what a token is written into, and as an answer of the portal: refused, or
// slices inside the scratch buffer.
#include "proto/mem/length.h"
#include "proto/wire/limits.h"
#include "sidecar/providers/members.h"
#include "sidecar/providers/sso_answer.h"
#include "sidecar/providers/sso_client.h"
#include "sidecar/providers/sso_token.h"
#include "tests/fuzz/fuzz.h"

static void check_token(struct slice text)
{
        struct sso_token t;
        struct error e = {.kind = ERROR_NONE};
        if (sso_token_read(text, &t, &e) < 0) {
                must(e.kind == ERROR_PROTOCOL && t.access_token.n == 0);
                return;
        }
        const struct slice all[] = {t.access_token, t.refresh_token, t.client_id, t.client_secret, t.start_url};
        for (size_t i = 0; i < LENGTH(all); i++)
                must(is_within(all[i], &t.text));
        must(t.access_token.n > 0 && t.expires_s != 0);
        sso_token_clear(&t);
}

// What is written can be read again, whatever was there before.
static void check_written(struct slice text)
{
        static const struct member members[] = {
            {"accessToken", SLICE_INIT("new")}, {"expiresAt", SLICE_INIT("2026-09-01T20:00:00Z")},
            {"refreshToken", SLICE_INIT("")},   {"clientId", SLICE_INIT("")},
            {"clientSecret", SLICE_INIT("")},   {"registrationExpiresAt", SLICE_INIT("")},
            {"startUrl", SLICE_INIT("u")}};
        struct buffer out;
        struct sso_token t;
        struct error e = {.kind = ERROR_NONE};
        buffer_init(&out, (size_t)2 * LIMIT_UPSTREAM_BODY);
        if (members_replace(text, members, LENGTH(members), &out) == 0 && out.n <= LIMIT_TOKEN_FILE) {
                must(sso_token_read(buffer_slice(&out), &t, &e) == 0);
                must(slice_eq(t.access_token, SLICE("new")) && t.refresh_token.n == 0);
                sso_token_clear(&t);
        }
        buffer_free(&out);
}

static void check_role(struct slice text)
{
        struct buffer scratch;
        struct answer a;
        struct error e = {.kind = ERROR_NONE};
        buffer_init(&scratch, (size_t)4 * LIMIT_UPSTREAM_BODY);
        if (sso_answer_read(text, &scratch, &a, &e) == 0) {
                const struct slice all[] = {a.access_key_id, a.secret_access_key, a.session_token,
                                            a.document,      a.refresh_token,     a.code,
                                            a.message};
                for (size_t i = 0; i < LENGTH(all); i++)
                        must(is_within(all[i], &scratch));
        } else {
                must(e.kind == ERROR_PROTOCOL && slice_is_empty(a.access_key_id));
        }
        buffer_free(&scratch);
}

static void check_client(struct slice text)
{
        struct sso_client c;
        struct error e = {.kind = ERROR_NONE};
        sso_client_init(&c);
        if (text.n <= LIMIT_TOKEN_FILE && sso_client_read(text, &c, &e) == 0)
                must(c.id.n > 0 && is_within(c.id, &c.text) && is_within(c.secret, &c.text) && c.expires_s > 0);
        sso_client_clear(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct slice text = slice_of(data, size);
        if (size > LIMIT_UPSTREAM_BODY)
                return 0;
        check_token(text);
        check_written(text);
        check_role(text);
        check_client(text);
        return 0;
}
