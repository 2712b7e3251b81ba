// SPDX-License-Identifier: Apache-2.0
// Replaces a file with credentials as one step: a reader finds the old content or the new one, whole, and one that has
// the old file open keeps it. The new file is written under a name beside it (".NAME.keyfob") that is always the same:
// what a killed process left there is written over the next time. A lock on it keeps two processes apart. Blocking.
#ifndef PROTO_WIRE_EXPORT_FILE_H
#define PROTO_WIRE_EXPORT_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"

struct export_file {
        const char *path;
        mode_t mode;
        bool has_gid; // else the group that the system gives a new file
        gid_t gid;
        bool keeps_others; // leaves alone what is there if keyfob has not written it: people edit files of that kind
};

// What is at the path must be a regular file, or nothing: links, directories and devices are refused. Of the file that
// is there, only the name is changed. 0, or -errno with *what, a static text: "write it: %s" for the message of errno.
MUST_CHECK int export_file_replace(const struct export_file *file, struct slice content, const char **what);

// Removes the file, if it is a regular one, and what is left of a replacement. 0, also if there is none, or as above.
MUST_CHECK int export_file_remove(const struct export_file *file, const char **what);

// Whether the file is one that keyfob has written, and the credentials in it end at `now_s` or before. False also if it
// cannot be read.
bool export_file_has_ended(const char *path, int64_t now_s);

#endif
