// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/policy_read.h"

#include "sidecar/config/values.h"

#define EXPECTED "an IAM policy: a JSON object, or a string that holds one, in characters up to U+00FF"

enum verdict { GOOD, BAD, NO_MEMORY };

static enum verdict judge(struct slice text)
{
        struct json_doc doc;
        struct json_fault fault;
        if (!values_is_policy_text(text))
                return BAD;
        json_doc_init(&doc);
        enum verdict verdict = BAD;
        if (json_parse(&doc, text, &fault) < 0)
                verdict = fault.no_memory ? NO_MEMORY : BAD;
        else if (json_kind(&doc, JSON_ROOT) == JSON_OBJECT)
                verdict = GOOD;
        json_doc_free(&doc);
        return verdict;
}

bool policy_is_valid(struct slice text)
{
        return judge(text) == GOOD;
}

int policy_read(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        struct slice text = {NULL, 0};
        enum json_kind kind = json_kind(r->doc, value);
        char **target = reader_field(record, rule->offset);
        if (kind == JSON_OBJECT) {
                text = json_raw(r->doc, value);
                if (!values_is_policy_text(text))
                        return reader_expected(r, value, EXPECTED);
                return reader_keep(r, text, target);
        }
        if (kind != JSON_STRING)
                return reader_expected(r, value, EXPECTED);
        if (reader_text(r, value, &text) < 0)
                return -1;
        enum verdict verdict = judge(text);
        if (verdict != GOOD)
                return verdict == NO_MEMORY ? reader_no_memory(r) : reader_expected(r, value, EXPECTED);
        return reader_keep(r, text, target);
}
