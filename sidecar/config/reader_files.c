// SPDX-License-Identifier: Apache-2.0
// Owns what is asked of files that the configuration names: they are there, nobody else could have written them, an
// included file may name them, and secrets in them are for us alone.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sidecar/base/file_trust.h"
#include "sidecar/config/include.h"
#include "sidecar/config/reader.h"
#include "sidecar/config/values.h"

#define FAULT_SIZE 128

// NULL: none. The result may be in `text`.
static const char *open_fault(const char *path, char text[FAULT_SIZE])
{
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return strerror_r(errno, text, FAULT_SIZE);
        struct stat about;
        const char *fault = NULL;
        if (fstat(fd, &about) < 0)
                fault = strerror_r(errno, text, FAULT_SIZE);
        else if (S_ISDIR(about.st_mode))
                fault = "it is a directory";
        else if (!S_ISREG(about.st_mode))
                fault = "it is not a regular file";
        (void)close(fd);
        return fault;
}

// The path as a whole as it was given, or its last name.
static bool looks_secret(const struct reader *r, const char *path)
{
        struct slice given = slice_str(path);
        struct slice directory = slice_str(r->directory);
        const char *name = strrchr(path, '/');
        if (slice_starts_with(given, directory)) {
                given = slice_from(given, directory.n);
                if (slice_starts_with(given, SLICE("/")))
                        given = slice_from(given, 1);
        }
        return values_is_like_secret(given) || (name && values_is_like_secret(slice_str(name + 1)));
}

static int refuse_secret(const struct reader *r, size_t node)
{
        reader_fail(r, node, "found what looks like a secret, expected the path of a file that contains it");
        return error_hint(r->e, "write the secret to a file and set the path of that file here");
}

int reader_check_file(const struct reader *r, size_t node, const char *path)
{
        if (!r->check_files)
                return 0;
        char text[FAULT_SIZE];
        const char *fault = open_fault(path, text);
        if (!fault)
                return 0;
        if (looks_secret(r, path))
                return refuse_secret(r, node);
        reader_fail(r, node, "found \"%s\" (%s), expected a readable file", path, fault);
        return error_hint(r->e, "this process runs with uid %lu; relative paths are relative to %s",
                          (unsigned long)geteuid(), r->directory);
}

// What the environment or an AWS file names, which no included file can choose.
static struct reader reader_of_place(const struct reader *r, const char *place)
{
        struct reader there = *r;
        there.file = place;
        there.directory = r->working_directory;
        there.doc = NULL;
        there.grant = NULL;
        return there;
}

int reader_check_file_of(const struct reader *r, const char *place, const char *path)
{
        struct reader there = reader_of_place(r, place);
        if (reader_check_file(&there, JSON_NONE, path) < 0)
                return -1;
        return reader_judge_file(&there, JSON_NONE, path, false);
}

int reader_judge_file_of(const struct reader *r, const char *place, const char *path)
{
        struct reader there = reader_of_place(r, place);
        return reader_judge_file(&there, JSON_NONE, path, true);
}

// --- who may write them, who may read them ---

static int refuse_place(const struct reader *r, size_t node, const char *path)
{
        reader_fail(r, node, "found \"%s\", expected a file below %s, as this is an included file", path,
                    r->grant->main_directory);
        return error_hint(r->e, "permit it in the configuration file: \"include\": [{\"path\": …, "
                                "\"allow_directories\": [\"/run/secrets\"]}]");
}

static bool is_permitted(const struct include_grant *grant, const char *path)
{
        bool is_below = file_trust_is_below(path, grant->main_directory);
        for (size_t i = 0; i < grant->directories_count && !is_below; i++)
                is_below = file_trust_is_below(path, grant->directories[i]);
        return is_below;
}

int reader_judge_file(const struct reader *r, size_t node, const char *path, bool is_secret)
{
        struct error why = {.kind = ERROR_NONE};
        if (!r->check_files)
                return 0;
        bool is_outside = r->grant && !is_permitted(r->grant, path);
        if (!is_outside && file_trust_check(r->trust, path, "file", &why) == 0)
                return is_secret ? reader_warn_if_open(r, path) : 0;
        if (looks_secret(r, path))
                return refuse_secret(r, node);
        if (is_outside)
                return refuse_place(r, node, path);
        reader_fail(r, node, "found %s", why.message);
        return error_hint(r->e, "%s", why.hint);
}

int reader_warn_if_open(const struct reader *r, const char *path)
{
        if (!r->check_files || !r->warnings || !file_trust_is_open(r->trust, path))
                return 0;
        return reader_warn_of(r, path, "insecure_file_mode",
                              "run chmod o-rwx, or trust its directory (\"trusted_directories\")",
                              "every user may read this file, which contains a secret");
}
