// SPDX-License-Identifier: Apache-2.0
// Which files "include" means: names and patterns relative to the configuration file. Wildcards (* ? [ ]) are allowed
// in the last part of a path only, so that a pattern means files of one directory. A missing directory is a fault, an
// empty one is not.
#ifndef SIDECAR_CONFIG_INCLUDE_H
#define SIDECAR_CONFIG_INCLUDE_H

#include "proto/wire/limits.h"
#include "sidecar/config/reader.h"

// What included files may do that the configuration file may.
struct include_grant {
        const char *main_directory; // of the configuration file: files below it may be named
        char **directories;         // … and below these; absolute
        size_t directories_count;
        bool allow_process; // profiles that run a command
};

struct include_file {
        char *path; // absolute; owned
        size_t pattern;
};

struct include_list {
        struct include_file *files; // sorted by path, none twice: the first pattern that means it counts
        size_t count, capacity;
        struct include_grant grants[LIMIT_INCLUDE_PATTERNS_N]; // of each pattern
        size_t patterns;
};

extern const struct key_table include_keys; // of a pattern that is an object

// Adds what each pattern of the array `node` of r->doc means. 0, or -1 with r->e. Free it in any case.
MUST_CHECK int include_find(struct reader *r, size_t node, struct include_list *list);
void include_free(struct include_list *list);

#endif
