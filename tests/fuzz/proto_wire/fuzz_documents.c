// SPDX-License-Identifier: Apache-2.0
// A process document that is read and makes credentials is written in a form that reads back as the same.
#include <assert.h>
#include <stdlib.h>

#include "proto/wire/documents.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_document(struct slice text, struct buffer *scratch, struct credentials *fields)
{
        struct json_doc doc;
        struct json_fault fault;
        const char *what = NULL;
        json_doc_init(&doc);
        int r = json_parse(&doc, text, &fault);
        if (r == 0) {
                r = documents_read_process(&doc, scratch, fields, &what);
                assert((r == 0) == (what == NULL));
        }
        json_doc_free(&doc);
        return r;
}

static void check_round_trip(const struct credentials *c)
{
        struct buffer text;
        struct buffer scratch;
        struct credentials again;
        buffer_init(&text, 1 << 20);
        buffer_init(&scratch, 1 << 20);
        if (documents_write_process(c, &text) == 0) {
                assert(read_document(buffer_slice(&text), &scratch, &again) == 0);
                assert(slice_eq(again.access_key_id, c->access_key_id));
                assert(slice_eq(again.secret_access_key, c->secret_access_key));
                assert(slice_eq(again.session_token, c->session_token));
                assert(slice_eq(again.account_id, c->account_id));
                assert(again.expires_s == c->expires_s);
        } else {
                assert(c->expires_s < 0 || c->expires_s > 253402300799); // a year that has no text
        }
        buffer_free(&scratch);
        buffer_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct buffer scratch;
        struct credentials fields;
        if (size > 128 * 1024)
                return 0;
        buffer_init(&scratch, 1 << 20);
        if (read_document(slice_of(data, size), &scratch, &fields) == 0) {
                assert(!credentials_unsound_member(&fields));
                struct credentials *c = credentials_new(&fields);
                if (c)
                        check_round_trip(c);
                credentials_unref(c);
        }
        buffer_free(&scratch);
        return 0;
}
