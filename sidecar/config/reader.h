// SPDX-License-Identifier: Apache-2.0
// The schema walk: objects are read by tables of keys, each with its typed getter. The first fault ends it, with
// file, line, column, JSON path, what was found and what is expected. Values of secrets never enter a message.
#ifndef SIDECAR_CONFIG_READER_H
#define SIDECAR_CONFIG_READER_H

#include "proto/wire/json_read.h"
#include "sidecar/base/error.h"
#include "sidecar/config/accounts.h"
#include "sidecar/config/arena.h"

struct reader {
        const char *file;      // for messages
        const char *directory; // what relative paths are relative to; absolute
        struct json_doc *doc;  // NULL in zero configuration, where every node is JSON_NONE
        struct arena *strings; // where results go
        struct arena *secrets;
        struct buffer scratch; // for decoding; wiped
        struct account_memo accounts;
        bool check_files;
        struct error *e;
};

// The file that is read.
struct reader_place {
        const char *file, *directory;
        struct json_doc *doc;
};

struct key_rule;

// Reads `value` into the record at the rule's offset. 0, or -1 with r->e.
typedef int key_read_fn(struct reader *r, size_t value, const struct key_rule *rule, void *record);

// Types of fields that decide which credentials a profile obtains: see profile_same_identity().
enum field_type { FIELD_IGNORED, FIELD_TEXT, FIELD_NUMBER, FIELD_SECRET, FIELD_TEXTS, FIELD_PAIRS };

struct key_rule {
        const char *key;
        unsigned types;                           // bits of what it belongs to; 0: belongs to every type
        key_read_fn *read;                        // NULL: a key of the format that this version does not support
        size_t offset;                            // of its field in the record
        size_t count_offset;                      // of the field that counts it, for lists
        bool (*is_valid)(struct slice text);      // of the string, of each element, of each value
        bool (*is_valid_name)(struct slice text); // of each name in an object of strings
        const char *expected;                     // says what is_valid accepts
        int64_t min, max;                         // of an integer, or of the count of a list
        enum field_type identity;
};

struct key_table {
        const struct key_rule *rules;
        size_t count;
        const char *what; // whose keys: "a static profile's"
        unsigned type;    // which of the types is being read; 0: there is one only
};

void reader_init(struct reader *r, const char *file, const char *directory, struct error *e);
void reader_free(struct reader *r);

// Goes on in another file: messages and relative paths are those of it.
void reader_move(struct reader *r, const struct reader_place *place);

// Parses `text` (borrowed as long as r->doc is used) into r->doc.
int reader_parse(struct reader *r, struct slice text);

// Reads every key of the object `node` into `record`; refuses keys that the table does not have, and suggests.
int reader_object(struct reader *r, size_t node, const struct key_table *table, void *record);

// The value of `key` in the object `node` for a message: the object itself when the key is absent.
size_t reader_at(const struct reader *r, size_t node, const char *key);

// Sets r->e: "<file>:<line>:<column>: <path>: <text>", and a general hint. Returns -1.
__attribute__((format(printf, 3, 4))) int reader_fail(struct reader *r, size_t node, const char *format, ...);
// "found <what is there>, expected <expected>".
int reader_expected(struct reader *r, size_t node, const char *expected);
// The same, but of what is there only its kind is told.
int reader_expected_secret(struct reader *r, size_t node, const char *expected);
int reader_no_memory(struct reader *r);

// Decodes a string into the scratch buffer: borrowed until the next use of it.
int reader_text(struct reader *r, size_t node, struct slice *ret);
// Keeps a copy for as long as the settings live.
int reader_keep(struct reader *r, struct slice text, char **ret);
// Makes a path absolute and keeps it.
int reader_keep_path(struct reader *r, struct slice text, char **ret);
// That a regular file is there and may be read; `name` is what the message calls it.
int reader_check_file(struct reader *r, size_t node, const char *path);

// Getters. Fields: char *, int64_t, char ** with a count, struct name_value * with a count, struct secret.
key_read_fn reader_string;
key_read_fn reader_path;     // a file that must exist
key_read_fn reader_new_path; // one that may appear later
key_read_fn reader_integer;
key_read_fn reader_strings;
key_read_fn reader_pairs;
key_read_fn reader_secret;
key_read_fn reader_hidden_string; // one in whose place a secret may have been put: never shown
key_read_fn reader_nothing;       // accepted and left to others

#endif
