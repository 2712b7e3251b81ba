// SPDX-License-Identifier: Apache-2.0
#include "clients/c/client.h"
#include "clients/c/errors.h"
#include "proto/mem/secret.h"
#include "proto/wire/documents.h"
#include "proto/wire/limits.h"

enum { DOCUMENT_MAX = 256 * 1024 };

// Copies a text and a NUL to *at, and advances it.
static const char *put(char **at, struct slice s)
{
        char *start = *at;
        if (s.n > 0)
                memcpy(start, s.p, s.n);
        start[s.n] = 0;
        *at = start + s.n + 1;
        return start;
}

static enum keyfob_status copy_out(const struct credentials *c, struct keyfob_credentials *ret,
                                   struct keyfob_error *error)
{
        size_t size = c->access_key_id.n + c->secret_access_key.n + c->session_token.n + c->account_id.n + 4;
        char *memory = secret_alloc(size);
        if (!memory)
                return errors_no_memory(error);
        char *at = memory;
        ret->access_key_id = put(&at, c->access_key_id);
        ret->secret_access_key = put(&at, c->secret_access_key);
        ret->session_token = put(&at, c->session_token);
        ret->account_id = put(&at, c->account_id);
        ret->expires_s = c->expires_s;
        ret->memory = memory;
        ret->memory_size = size;
        return KEYFOB_OK;
}

enum keyfob_status client_read_credentials(struct slice body, struct keyfob_credentials *ret,
                                           struct keyfob_error *error)
{
        struct json_doc doc;
        struct json_fault fault;
        struct buffer scratch;
        struct credentials fields;
        const char *what = NULL;
        enum keyfob_status status;
        json_doc_init(&doc);
        buffer_init(&scratch, DOCUMENT_MAX);
        if (json_parse(&doc, body, &fault) == 0 && documents_read_process(&doc, &scratch, &fields, &what) == 0)
                status = copy_out(&fields, ret, error);
        else if (fault.no_memory || scratch.no_memory)
                status = errors_no_memory(error);
        else
                status = errors_set(error, KEYFOB_BAD_ANSWER, "",
                                    "the agent's answer is not a credentials document: %s", what ? what : fault.what);
        buffer_free(&scratch);
        json_doc_free(&doc);
        return status;
}

enum keyfob_status keyfob_get_credentials(struct keyfob_client *client, const char *profile,
                                          struct keyfob_credentials *credentials, struct keyfob_error *error)
{
        struct slice answer;
        *credentials = (struct keyfob_credentials){0};
        enum keyfob_status status =
            client_call(client, "GET", profile, "/credentials", slice_of(NULL, 0), &answer, error);
        return status == KEYFOB_OK ? client_read_credentials(answer, credentials, error) : status;
}

void keyfob_credentials_clear(struct keyfob_credentials *credentials)
{
        secret_release(credentials->memory, credentials->memory_size);
        *credentials = (struct keyfob_credentials){0};
}
