// SPDX-License-Identifier: Apache-2.0
// Any text, as either file, is refused with a line of its own, or gives sections whose names and keys have the form
// that others rely on. The first byte says which file it is.
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "sidecar/config/aws_ini.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_section(const struct aws_section *s, enum aws_file file)
{
        assert(s->name[0] && s->line > 0 && s->file == file);
        assert(!strpbrk(s->name, "\n\"'[]#;"));
        assert(file == AWS_FILE_CONFIG || s->kind == AWS_SECTION_PROFILE);
        for (const struct aws_property *p = s->properties; p; p = p->next) {
                assert(p->key[0] && p->line > s->line);
                for (const char *c = p->key; *c; c++)
                        assert((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '_' || *c == '-');
                assert(p->value[0] != ' ' && p->value[0] != '\t');
                (void)aws_property_get(p, SLICE("endpoint_url"));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct arena strings, secrets;
        struct error e = {.kind = ERROR_NONE};
        struct slice text = slice_of(data, size);
        enum aws_file file = size > 0 && data[0] == 'c' ? AWS_FILE_CREDENTIALS : AWS_FILE_CONFIG;
        arena_init(&strings, false);
        arena_init(&secrets, true);
        struct aws_ini ini = {.strings = &strings, .secrets = &secrets};
        if (aws_ini_parse(&ini, file, "f", slice_from(text, 1), &e) == 0)
                for (size_t i = 0; i < ini.count; i++)
                        check_section(&ini.sections[i], file);
        else
                assert(e.kind == ERROR_CONFIG && e.hint[0] && strncmp(e.message, "f:", 2) == 0);
        aws_ini_free(&ini);
        arena_free(&strings);
        arena_free(&secrets);
        return 0;
}
