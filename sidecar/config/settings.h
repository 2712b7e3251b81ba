// SPDX-License-Identifier: Apache-2.0
// The configuration file: JSON by proto/config.schema.json, read into plain data, checked whole. Refuses unknown and
// duplicate keys, wrong types, values out of AWS's limits, missing files, circles of source profiles; names file,
// line, JSON path, what it found and what it expects.
#ifndef SIDECAR_CONFIG_SETTINGS_H
#define SIDECAR_CONFIG_SETTINGS_H

#include <stdatomic.h>

#include "proto/mem/must_check.h"
#include "proto/wire/export.h"
#include "sidecar/base/error.h"
#include "sidecar/base/inet_address.h"
#include "sidecar/config/profile.h"
#include "sidecar/config/warnings.h"

struct env;
struct faults;
struct file_trust;

enum listener_api { // bits
        LISTENER_NATIVE = 1,
        LISTENER_CONTAINER = 2,
        LISTENER_IMDS = 4,
        LISTENER_HEALTH = 8,
};

// The name in the configuration of the n-th of them, counted from 0; NULL: there are no more.
const char *listener_api_name(unsigned n);

struct listener_settings {
        char *unix_path; // NULL: TCP
        mode_t mode;     // of the socket file
        bool has_gid;    // of the socket file, else its group stays; or of the token file
        gid_t gid;
        struct inet_address tcp;        // AF_UNSPEC: a Unix socket
        bool allow_remote;              // `tcp` may be other than loopback
        unsigned apis;                  // of enum listener_api, at least one
        char *profile;                  // that "/" stands for, and the role of imds; NULL: none
        char *authorization_token_file; // of container over TCP
        bool any_time;                  // signs for any "time" that a request asks for
};

// Whether `tcp` may be an address that other hosts reach.
bool listener_may_be_remote(const struct listener_settings *l);

// A file that the agent keeps current.
struct file_settings {
        char *path;
        char *profile; // one that can be asked for
        enum export_format format;
        mode_t mode;
        bool has_gid;
        gid_t gid;
        char **on_rotate;       // the command that follows each new file, its words; not NULL-terminated
        size_t on_rotate_count; // 0: none
};

// Of each service that issues credentials; 0: the vault's default.
struct upstream_settings {
        int64_t calls_per_second; // in any second
        int64_t burst;            // of these, at once
        int64_t concurrency;      // under way
};

struct settings {
        atomic_uint references;
        char *path;                          // of the file; NULL in zero configuration
        char *region;                        // of the top level, else the environment's; NULL: none
        struct listener_settings *listeners; // at least one
        size_t listeners_count;
        struct file_settings *files;
        size_t files_count;
        struct upstream_settings upstream;
        struct profile *profiles; // in order of refresh: sources first
        size_t profiles_count;
        size_t *by_name; // their indexes, sorted by name
        char **watched;  // shared files that profiles come from, whether they are there or not: read again when changed
        size_t watched_count;
        struct settings_warnings warnings;
        const struct file_trust *trust; // how files with secrets are judged when they are read; NULL: they are not
};

struct settings_input {
        const char *config_path; // --config, or NULL: $KEYFOB_CONFIG, $XDG_CONFIG_HOME/keyfob/config.json (of
                                 // ~/.config where it is not set), /etc/keyfob/config.json
        const char *socket_path; // --socket, or NULL
        const struct env *env;
        struct faults *faults; // empty; filled on failure with all that is wrong in the file, the error first, if the
                               // file can be read at all. NULL: only the error is wanted
        const char *host_name; // for default session names
        const struct file_trust *trust; // --trusted-directory; outlives the settings. NULL: none
};

// 0 and *ret with one reference, or -1 and *e (ERROR_CONFIG). The file, what it includes, files with secrets and AWS's
// must be such that no other user could have written them (file_trust.h). With no file at all: a profile `default` by
// the default chain (default_chain.h), and every profile of ~/.aws/config and ~/.aws/credentials under its own name, on
// demand; of those, one that cannot be used has a fault. Region, endpoints and CA bundle that a profile does not name
// come from AWS_REGION, AWS_DEFAULT_REGION, AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL
// (AWS_IGNORE_CONFIGURED_ENDPOINT_URLS), AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT, AWS_STS_REGIONAL_ENDPOINTS
// and AWS_CA_BUNDLE.
MUST_CHECK int settings_load(const struct settings_input *input, struct settings **ret, struct error *e);

// From any thread. The last reference takes the memory with it, which is wiped. settings_release(NULL) is fine.
void settings_hold(struct settings *settings);
void settings_release(struct settings *settings);

// Profiles that can be asked for: all but the implied ones.
size_t settings_shown_count(const struct settings *settings);

// The profile of that name, or NULL.
const struct profile *settings_find(const struct settings *settings, const char *name);

#endif
