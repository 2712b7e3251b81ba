// SPDX-License-Identifier: Apache-2.0
// Getters of who may use a file that the agent makes.
#include <sys/types.h>

#include "sidecar/config/reader.h"

int reader_mode(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        struct slice text = {NULL, 0};
        if (json_kind(r->doc, value) == JSON_STRING && reader_text(r, value, &text) < 0)
                return -1;
        if (text.n == 4 && text.p[0] == '0')
                text = slice_from(text, 1);
        mode_t mode = 0;
        bool is_octal = text.n == 3;
        for (size_t i = 0; i < text.n && is_octal; i++) {
                is_octal = text.p[i] >= '0' && text.p[i] <= '7';
                mode = mode * 8 + (mode_t)(text.p[i] - '0');
        }
        if (!is_octal)
                return reader_expected(r, value, "an octal mode in quotes, such as \"0660\"");
        *(mode_t *)reader_field(record, rule->offset) = mode;
        return 0;
}

int reader_group(struct reader *r, size_t value, const struct key_rule *rule, void *record)
{
        struct slice text = {NULL, 0};
        if (json_kind(r->doc, value) != JSON_STRING)
                return reader_expected(r, value, "a group's name or number, in quotes");
        if (reader_text(r, value, &text) < 0)
                return -1;
        *(bool *)reader_field(record, rule->count_offset) = true;
        return reader_account(r, value, ACCOUNT_GROUP, text, reader_field(record, rule->offset));
}
