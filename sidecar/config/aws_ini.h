// SPDX-License-Identifier: Apache-2.0
// The grammar of ~/.aws/config and ~/.aws/credentials, as the AWS SDKs have it in common. Where all of them differ from
// it in the same way, so does this: ":" separates as "=" does, an indented comment is one, names may be quoted and have
// any characters, a whole section may be indented (a line continues a setting when it is indented further), names in
// the credentials file may contain blanks, a byte order mark is skipped. Only the form is checked here; no message
// repeats a line, which may contain a secret.
#ifndef SIDECAR_CONFIG_AWS_INI_H
#define SIDECAR_CONFIG_AWS_INI_H

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"
#include "sidecar/base/error.h"
#include "sidecar/config/arena.h"

enum aws_file { AWS_FILE_CONFIG, AWS_FILE_CREDENTIALS, AWS_FILE_COUNT };
enum aws_section_kind {
        AWS_SECTION_PROFILE,
        AWS_SECTION_SSO_SESSION,
        AWS_SECTION_SERVICES,
        AWS_SECTION_IGNORED, // by AWS tools, in the config file: a profile without the word "profile", for one
        AWS_SECTION_ODD      // its line cannot be read as one of these, though it begins like one; it has no properties
};

struct aws_property {
        struct aws_property *next; // one that came before it
        char *key;                 // in lower case
        char *value; // without blanks at its ends; continued lines follow a line feed each. Keys' secrets and session
                     // tokens lie in secret memory.
        enum aws_file file;
        unsigned line;
};

struct aws_section_fault {
        const char *what; // is wrong; static
        unsigned at;      // which character of the line, from 1
};

struct aws_section {
        const char *name;
        enum aws_section_kind kind;
        bool is_plain_default; // [default] of a config file, which [profile default] puts out of force
        enum aws_file file;    // where it begins
        unsigned line;
        struct aws_section_fault fault;  // AWS_SECTION_ODD
        struct aws_property *properties; // the latest first: the first of a key is the one that counts
};

struct aws_ini {
        struct arena *strings, *secrets; // where results go
        struct aws_section *sections;    // malloc'ed
        size_t count, capacity;
};

// Appends the sections of `text` in the order of the file, repeated ones as well, but not those of other kinds or
// without names. A section line that cannot be read costs its own section alone. 0, or -1 and *e: ERROR_CONFIG with
// `path` and line.
MUST_CHECK int aws_ini_parse(struct aws_ini *ini, enum aws_file file, const char *path, struct slice text,
                             struct error *e);

// Releases the list, not what is in the arenas.
void aws_ini_free(struct aws_ini *ini);

// The value of `key`, or NULL when it is absent or empty; so too for no section at all.
const struct aws_property *aws_section_get(const struct aws_section *section, const char *key);

// The value of `key` among the indented "key = value" lines below a property without a value of its own.
struct slice aws_property_get(const struct aws_property *property, struct slice key);

#endif
