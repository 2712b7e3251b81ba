// SPDX-License-Identifier: Apache-2.0
#include "sidecar/providers/json_answer.h"

#include "proto/mem/length.h"
#include "proto/wire/limits.h"
#include "sidecar/providers/members.h"

void json_answer_error(const struct json_doc *doc, struct buffer *scratch, struct answer *ret)
{
        static const struct slice codes[] = {SLICE_INIT("code"), SLICE_INIT("__type")};
        static const struct slice messages[] = {SLICE_INIT("message"), SLICE_INIT("Message")};
        for (size_t i = 0; i < LENGTH(codes) && slice_is_empty(ret->code); i++)
                (void)members_text(doc, JSON_ROOT, codes[i], scratch, &ret->code);
        for (size_t i = 0; i < LENGTH(messages) && slice_is_empty(ret->message); i++)
                (void)members_text(doc, JSON_ROOT, messages[i], scratch, &ret->message);
        ret->code = json_answer_code(ret->code);
}

struct slice json_answer_code(struct slice type)
{
        type = slice_head(type, slice_find(type, ':'));
        size_t hash = slice_find(type, '#');
        if (hash < type.n)
                type = slice_from(type, hash + 1);
        return slice_trim(type);
}

int json_answer_read(struct slice body, json_answer_root_fn *read_root, struct buffer *scratch, struct answer *ret,
                     const char **what)
{
        *what = NULL;
        if (slice_is_empty(body) || body.n > LIMIT_UPSTREAM_BODY) {
                *what = slice_is_empty(body) ? "empty" : "too large";
                return -1;
        }
        // No decoded text is longer than its source, so with room for all of it the slices never move.
        if (!buffer_reserve(scratch, body.n)) {
                *what = members_no_memory;
                return -1;
        }
        struct json_doc doc;
        struct json_fault fault;
        json_doc_init(&doc);
        struct answer answer = {0};
        int r = json_parse(&doc, body, &fault);
        if (r < 0) {
                *what = fault.no_memory ? members_no_memory : "not JSON, or cut short";
        } else if (json_kind(&doc, JSON_ROOT) != JSON_OBJECT) {
                *what = "no JSON object";
                r = -1;
        } else {
                r = read_root(&doc, scratch, &answer, what);
        }
        json_doc_free(&doc);
        if (r < 0)
                return -1;
        *ret = answer;
        return 0;
}
