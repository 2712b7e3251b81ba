// SPDX-License-Identifier: Apache-2.0
// What all of loading shares: where messages point, where results go, what the process was given. Objects are read by
// tables of keys, each with its typed getter. A fault has file, line, column, JSON path, what was found and what is
// expected; the reading goes on after it where others may follow. Values of secrets never enter a message.
#ifndef SIDECAR_CONFIG_READER_H
#define SIDECAR_CONFIG_READER_H

#include <stdarg.h>

#include "proto/mem/must_check.h"
#include "proto/mem/secret.h"
#include "proto/wire/json_read.h"
#include "sidecar/base/error.h"
#include "sidecar/config/accounts.h"
#include "sidecar/config/arena.h"
#include "sidecar/config/faults.h"
#include "sidecar/config/warnings.h"

struct env;
struct file_trust;
struct include_grant;

enum { READER_PATH_LONGEST = 4095 };

struct reader {
        const char *file;              // for messages
        const char *directory;         // what relative paths in the file are relative to; absolute
        const char *working_directory; // the same for paths in the environment and on the command line
        const char *host_name;         // for default session names
        const struct env *env;
        struct json_doc *doc;  // NULL in zero configuration, where every node is JSON_NONE
        struct arena *strings; // where results go
        struct arena *secrets;
        struct buffer scratch; // for decoding; wiped
        struct account_memo accounts;
        bool check_files;
        struct faults *faults;              // NULL: the first ends the reading
        const struct file_trust *trust;     // NULL: owner and mode of files are not judged
        const struct include_grant *grant;  // of an included file; NULL: the configuration file, which may do all
        struct settings_warnings *warnings; // NULL: there are none
        struct error *e;
};

// The file that is read.
struct reader_place {
        const char *file, *directory;
        struct json_doc *doc;
        const struct include_grant *grant;
};

struct key_rule;

// Reads `value` into the record at the rule's offset. 0, or -1 with r->e.
typedef int key_read_fn(struct reader *r, size_t value, const struct key_rule *rule, void *record);

// Types of fields that decide which credentials a profile obtains: see profile_same_identity().
enum field_type { FIELD_IGNORED, FIELD_TEXT, FIELD_NUMBER, FIELD_SECRET, FIELD_TEXTS, FIELD_PAIRS };

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): rows read best in this order
struct key_rule {
        const char *key;
        unsigned types;                           // bits of what it belongs to; 0: belongs to every type
        key_read_fn *read;                        // NULL: a key of the format that this version does not support
        size_t offset;                            // of its field in the record
        size_t count_offset;                      // of the field that counts it, for lists
        bool (*is_valid)(struct slice text);      // of the string, of each element, of each value
        bool (*is_valid_name)(struct slice text); // of each name in an object of strings
        const char *expected;                     // what is_valid accepts, for messages
        int64_t min, max;                         // of an integer, or of the count of a list
        enum field_type identity;
        bool is_secret; // the file at the path contains a secret
};

struct key_table {
        const struct key_rule *rules;
        size_t count;
        const char *what, *which; // whose keys, for messages: "a profile of type ", "static"; the second may be NULL
        unsigned type;            // which of the types is being read; 0: there is one only
};

// *r, of which all but `scratch` is set (`accounts.lookup`: NULL for the system's), is ready for use.
void reader_init(struct reader *r);
void reader_free(struct reader *r);

// Goes on in another file: messages and relative paths are those of it.
void reader_move(struct reader *r, const struct reader_place *place);

// The fault in r->e is one of perhaps many: it is kept, and the reading goes on. 0, or -1: it must end with r->e.
MUST_CHECK int reader_go_on(const struct reader *r);
size_t reader_faults_count(const struct reader *r);

// Parses `text` (borrowed as long as r->doc is used) into r->doc. Of a duplicate key the first is kept.
MUST_CHECK int reader_parse(struct reader *r, struct slice text);

// Reads every key of the object `node` into `record`; refuses keys that the table does not have, and suggests. 0 also
// after faults that were kept: then fields may be missing.
MUST_CHECK int reader_object(struct reader *r, size_t node, const struct key_table *table, void *record);

// The value of `key` in the object `node` for a message: the object itself when the key is absent.
size_t reader_at(const struct reader *r, size_t node, const char *key);

// Sets r->e: "<file>:<line>:<column>: <path>: <text>", and a general hint. Returns -1.
__attribute__((format(printf, 3, 4))) int reader_fail(const struct reader *r, size_t node, const char *format, ...);
// Adds a warning about `node` (JSON_NONE: about the file): event, hint and the format's text; the first two are static.
// A text that is there already is not added. 0, or -1: out of memory.
MUST_CHECK __attribute__((format(printf, 5, 6))) int reader_warn(const struct reader *r, size_t node, const char *event,
                                                                 const char *hint, const char *format, ...);
// The same about a line of another file.
MUST_CHECK int reader_warn_of(const struct reader *r, const char *place, const char *event, const char *hint,
                              const char *text);

// "found <what is there>, expected <expected>".
int reader_expected(const struct reader *r, size_t node, const char *expected);
// The same, but the message names only the kind of what is there.
int reader_expected_secret(const struct reader *r, size_t node, const char *expected);
// Of a variable: "environment: <variable>: found <found>, expected <expected>". NULL for `found`: it is not shown, as
// it may be a secret.
int reader_refuse_variable(const struct reader *r, const char *variable, const char *found, const char *expected);
int reader_no_memory(const struct reader *r);

// Decodes a string into the scratch buffer: borrowed until the next use of it.
MUST_CHECK int reader_text(struct reader *r, size_t node, struct slice *ret);

// The id of a user or group, by its name or number.
MUST_CHECK int reader_account(struct reader *r, size_t node, enum account_kind kind, struct slice name, uint32_t *ret);

// Copies that live as long as the settings. 0, or -1 with r->e.
MUST_CHECK int reader_keep(const struct reader *r, struct slice text, char **ret);
MUST_CHECK int reader_keep_secret(const struct reader *r, struct slice text, struct secret *ret);
MUST_CHECK __attribute__((format(printf, 3, 4))) int reader_keep_print(const struct reader *r, char **ret,
                                                                       const char *format, ...);
MUST_CHECK __attribute__((format(printf, 3, 0))) int reader_keep_print_args(const struct reader *r, char **ret,
                                                                            const char *format, va_list args);
// Without slashes at its end.
MUST_CHECK int reader_keep_url(const struct reader *r, struct slice url, char **ret);
// In absolute form: of the file, and of the environment or the command line.
MUST_CHECK int reader_keep_path(const struct reader *r, struct slice path, char **ret);
MUST_CHECK int reader_keep_env_path(const struct reader *r, const char *path, char **ret);
// Where the AWS tools have a file: at what `variable` says (a leading "~/" is HOME's), else at `in_home` below HOME.
// `variable` may be NULL. *ret stays as it is where the environment has neither.
MUST_CHECK int reader_keep_home_path(const struct reader *r, const char *variable, const char *in_home, char **ret);

// That a regular file is there and may be read; the message is about `node`, or about `place` ("environment: NAME").
MUST_CHECK int reader_check_file(const struct reader *r, size_t node, const char *path);
MUST_CHECK int reader_check_file_of(const struct reader *r, const char *place, const char *path);

// That nobody else could have written the file, and an included file may name it; it need not be there. Warns where
// every user may read a secret. The second is for what comes from the environment or an AWS file, and is secret.
MUST_CHECK int reader_judge_file(const struct reader *r, size_t node, const char *path, bool is_secret);
MUST_CHECK int reader_judge_file_of(const struct reader *r, const char *place, const char *path);
MUST_CHECK int reader_warn_if_open(const struct reader *r, const char *path);

static inline void *reader_field(void *record, size_t offset)
{
        return (char *)record + offset;
}

// Getters. Fields: char *, int64_t, char ** with a count, struct name_value * with a count, struct secret.
key_read_fn reader_string;
key_read_fn reader_path;     // a file that must exist
key_read_fn reader_new_path; // one that may appear later
key_read_fn reader_mode;     // of a file, in octal digits: mode_t
key_read_fn reader_group;    // gid_t, and at count_offset a bool that there is one
key_read_fn reader_integer;
key_read_fn reader_strings;
key_read_fn reader_pairs;
key_read_fn reader_secret;
key_read_fn reader_hidden_string; // one in whose place a secret may have been put: never shown
key_read_fn reader_nothing;       // accepted and left to others

#endif
