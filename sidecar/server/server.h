// SPDX-License-Identifier: Apache-2.0
// Serves APIs on sockets: listener -> connection -> exchange -> router -> handlers.
#ifndef SIDECAR_SERVER_SERVER_H
#define SIDECAR_SERVER_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"
#include "sidecar/base/allow.h"
#include "sidecar/base/chain_link.h"
#include "sidecar/base/error.h"
#include "sidecar/base/sign_limits.h"
#include "sidecar/base/sso_list_request.h"
#include "sidecar/base/web_identity_request.h"
#include "sidecar/server/event_ring.h"

struct api;
struct clock;
struct entry;
struct file_status;
struct log;
struct metrics;
struct profile;
struct provider;
struct secret;
struct server;
struct signer;
struct uv_loop_s;

// A profile as the server needs it. Strings are borrowed and must live as long as the table.
struct server_profile {
        const char *name, *type, *role_arn, *region; // the last two may be NULL
        const struct profile *profile;               // for struct server_commands
        struct entry *entry;
        struct entry *mfa_entry,
            *login_entry; // the entry, its own or a source profile's, whose fetches may need a user; or NULL
        const struct allow_rule *allow;
        size_t allow_count;
        bool on_demand;
        const struct chain_link *chain; // of default_chain, shared_config: the sources tried, the one in use last
        size_t chain_count;
        const struct server_profile *source; // the profile whose name its errors may contain; NULL: none
        const char *fault, *fault_hint;      // why it cannot be used; NULL: it can
        struct sign_limits sign;
        const struct file_status *files; // that the agent keeps current, a list; NULL: none
};

// The commands that the agent runs for credentials, which may themselves send requests to it. All NULL: there are none.
struct server_commands {
        pid_t (*find)(void *context, pid_t pid); // the command that a process belongs to; 0: none
        // False: it must not wait for this profile, which needs the command.
        bool (*may_ask)(void *context, pid_t command, const struct server_profile *profile);
        void *context;
};

// The web identity tokens of profiles (web_identity_tokens.h). All NULL: there are none.
enum { SERVER_COMMAND_WORDS_N = 256 };

// Commands that clients have run for credentials.
struct server_own_commands {
        // The profile that runs this command, made if there is none; borrowed until control returns to the loop. NULL
        // with *e: ERROR_THROTTLED where too many are running, ERROR_CONFIG, ERROR_INTERNAL.
        const struct server_profile *(*get)(void *context, const struct slice *words, size_t count, struct error *e);
        void *context;
};

struct server_web_identity {
        // Which STS signs them. `region`: empty for the profile's. 0, or -1 with *e (ERROR_CONFIG).
        int (*find_endpoint)(const struct server_profile *p, struct slice region, struct web_identity_endpoint *ret,
                             struct error *e);
        // Adds an entry that fetches the token with the credentials of *p, and holds it as a session token. NULL with
        // *e.
        struct entry *(*add)(void *context, const struct server_profile *p, const struct web_identity_endpoint *at,
                             const struct web_identity_request *request, struct provider **ret_provider,
                             struct error *e);
        void (*update)(struct provider *provider, const struct server_profile *p); // after a reload
        void *context;
};

// Lists of IAM Identity Center, a page at a time.
struct server_sso {
        // `done` is called once, from the loop: with JSON text, borrowed, or with an error. NULL with *e: it is not
        // called.
        void *(*start)(void *context, const struct server_profile *p, const struct sso_list_request *request,
                       void (*done)(void *arg, struct slice json, const struct error *e), void *arg, struct error *e);
        void (*cancel)(void *job); // `done` is not called any more
        void *context;
};

struct server_deps {
        struct uv_loop_s *loop;
        const struct clock *clock;
        const struct log *log;
        struct signer *signer;
        struct metrics *metrics;
        size_t connections_max; // of all peers; 0: LIMIT_CONNECTIONS_N
        uint32_t run;           // part of entity tags, different after each start of the agent. 0: not used
        struct server_commands commands;
        // Writes the base URL of STS in a region, without a path. 0, or negative: there is no such region.
        int (*sts_url)(struct slice region, char *out, size_t out_size);
        struct server_web_identity web_identity;
        struct server_own_commands own_commands; // `get` NULL: nobody may
};

MUST_CHECK struct server *server_new(const struct server_deps *deps);

enum { SERVER_LISTENER_APIS_MAX = 4 };

// What a listening socket serves. The texts are copied; the token is borrowed for as long as the server lives, and may
// change (empty: nobody is admitted).
struct server_listener {
        const struct api *apis[SERVER_LISTENER_APIS_MAX]; // api.h; the first answers what is no request
        size_t apis_count;                                // at least one
        const char *profile;                              // that the path "/" stands for; NULL: none
        const struct secret *token;                       // that clients of `container` send; NULL: a Unix socket
        const char *path;                                 // of a Unix socket, for GET /v1/profiles; NULL: not known
        bool any_time; // requests may be signed for times that are far from the clock's
};

// Before it listens: who lists what users of IAM Identity Center may use.
void server_set_sso(struct server *s, const struct server_sso *sso);

// Serves on a listening Unix or TCP socket; takes over `fd`, also on failure. 0, or -1 with *e.
MUST_CHECK int server_listen(struct server *s, int fd, const struct server_listener *options, struct error *e);

// Milliseconds of the clock since the last connection was closed, or since the start; -1: there is a connection.
int64_t server_idle_ms(const struct server *s);

// Replaces all profiles at once (sorted by name by the caller, borrowed until the next call has returned or the end).
// The caller must retire entries that are not in the new table before it returns to the loop.
void server_set_profiles(struct server *s, const struct server_profile *profiles, size_t count);

// What GET /v1/events reports to clients that may see the profile.
struct server_event {
        enum event_kind kind;
        const char *profile;   // NULL: it is about the agent. One that is not in the table is not reported
        uint64_t generation;   // of the credentials held
        int64_t expires_s;     // likewise; 0: none; CREDENTIALS_NEVER_EXPIRE
        enum error_kind error; // of EVENT_REFRESH_FAILED
};
// Writes nothing by itself: streams get it in their turns of the loop.
void server_publish(struct server *s, const struct server_event *event);

// Stops accepting, lets answers in flight finish (waits end with 503 shutting_down, streams of
// events are ended, then the connection closes), at
// most `grace_ms`; then `closed` is called, with every handle closed and all memory gone.
void server_close(struct server *s, int64_t grace_ms, void (*closed)(void *arg), void *arg);

#endif
