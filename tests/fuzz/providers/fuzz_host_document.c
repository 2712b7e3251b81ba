// SPDX-License-Identifier: Apache-2.0
// Any bytes as what a container endpoint, the instance metadata service or a credential_process says: refused, or
// slices inside the scratch buffer, and from them sound credentials that have not ended, or an error that names a
// cause.
#include "proto/mem/length.h"
#include "proto/wire/credentials.h"
#include "proto/wire/limits.h"
#include "sidecar/providers/host_document.h"
#include "tests/fuzz/fuzz.h"

enum { NOW_S = 1798761600 }; // 2027-01-01T00:00:00Z

static int64_t now_ms(void *context)
{
        (void)context;
        return (int64_t)NOW_S * 1000;
}

static void check_inside(const struct host_document *d, struct slice whole)
{
        const struct slice all[] = {d->access_key_id, d->secret_access_key, d->session_token, d->expiration,
                                    d->account_id,    d->role_arn,          d->code,          d->message};
        for (size_t i = 0; i < LENGTH(all); i++)
                must(all[i].n == 0 || (all[i].p >= whole.p && all[i].p + all[i].n <= whole.p + whole.n));
}

static void check_credentials(enum host_kind kind, const struct host_document *document)
{
        const struct clock clock = {now_ms, now_ms, 1, NULL};
        const struct upstream_clock time = {.known = false};
        struct credentials *c = NULL;
        struct error e = {.kind = ERROR_NONE};
        if (host_document_credentials(kind, document, &time, &clock, &c, &e) < 0) {
                must(!c && e.kind != ERROR_NONE && e.message[0] != '\0' && e.hint[0] != '\0');
                return;
        }
        must(credentials_are_sound(c) && c->expires_s > NOW_S);
        must(kind == HOST_PROCESS || (c->session_token.n > 0 && c->expires_s != CREDENTIALS_NEVER_EXPIRE));
        credentials_unref(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const enum host_kind kinds[] = {HOST_CONTAINER, HOST_IMDS, HOST_PROCESS};
        struct slice text = slice_of(data, size);
        struct host_document document;
        for (size_t i = 0; i < LENGTH(kinds); i++) {
                struct buffer scratch;
                const char *what = NULL;
                buffer_init(&scratch, LIMIT_UPSTREAM_BODY);
                if (host_document_read(kinds[i], text, &scratch, &document, &what) == 0) {
                        must(!what);
                        check_inside(&document, buffer_slice(&scratch));
                        (void)host_document_is_refusal(&document);
                        check_credentials(kinds[i], &document);
                } else {
                        must(what != NULL);
                }
                buffer_free(&scratch);
        }
        if (host_document_read_agent_error(text, &document) == 0)
                check_inside(&document, text);
        return 0;
}
