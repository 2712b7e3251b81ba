/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libkeyfob: AWS credentials and SigV4 signatures from a keyfob agent, over its Unix socket.
 *
 *     struct keyfob_error error;
 *     struct keyfob_client *client = keyfob_connect(NULL, &error);
 *     struct keyfob_credentials credentials;
 *     if (client && keyfob_get_credentials(client, "default", &credentials, &error) == KEYFOB_OK) {
 *             use(credentials.access_key_id, credentials.secret_access_key, credentials.session_token);
 *             keyfob_credentials_clear(&credentials);
 *     } else {
 *             fprintf(stderr, "%s (%s)\n", error.detail, error.hint);
 *     }
 *     keyfob_disconnect(client);
 *
 * Calls block, each for at most the client's timeout, connecting included. They raise no signal (no SIGPIPE), start no
 * thread and keep no state but the client's. One client serves one thread at a time; threads have one client each.
 *
 * The agent renews credentials ahead of time and answers at once while it holds valid ones: ask it for each use
 * instead of keeping a copy. A connection that the agent has closed in between (a restart) is made anew, once, by
 * itself.
 *
 * Ownership: what a call fills in (credentials, a signature) belongs to the caller, who gives it back with the
 * matching _clear function, which wipes it. What is borrowed says so, and until when.
 *
 * Trust: whoever listens on the socket is the agent to this library. It is for the permissions of the folder that the
 * socket lies in to keep others from listening there; do not use a path in a folder where anyone may create files.
 *
 * Errors: a call gives KEYFOB_OK (0) or another enum keyfob_status, and describes the failure in *error, which the
 * caller provides (NULL: not wanted). Output arguments are then empty; clearing them is allowed and does nothing.
 */
#ifndef KEYFOB_H
#define KEYFOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KEYFOB_API __attribute__((visibility("default")))

enum keyfob_status {
        KEYFOB_OK = 0,
        KEYFOB_NO_AGENT,   /* nobody listens on the socket, or this user may not connect */
        KEYFOB_REFUSED,    /* the agent answered with an error: see code, detail and hint */
        KEYFOB_TIMED_OUT,  /* the deadline passed */
        KEYFOB_BAD_ANSWER, /* not the answer of an agent, or cut short */
        KEYFOB_INVALID,    /* an argument that no request can be made of */
        KEYFOB_NO_MEMORY
};

struct keyfob_error {
        enum keyfob_status status;
        int http_status;   /* of the agent's answer; 0 when there was none */
        int retry_after_s; /* when the agent says so, else 0 */
        char code[64];     /* the agent's stable name of the error, such as "credentials_unavailable"; may be "" */
        char detail[1024]; /* what happened; one line, no secrets */
        char hint[1024];   /* what to do about it; may be "" */
};

struct keyfob_options {
        /* NULL: $KEYFOB_SOCKET, else $XDG_RUNTIME_DIR/keyfob/keyfob.sock if it exists, else /run/keyfob/keyfob.sock. */
        const char *socket;
        /* For each call as a whole; 0: 15 seconds. (The agent itself waits up to 10 s for first credentials.) */
        int timeout_ms;
};

struct keyfob_client; /* opaque */

/* Connects. `options` may be NULL. NULL on failure; else the caller ends it with keyfob_disconnect(). */
KEYFOB_API struct keyfob_client *keyfob_connect(const struct keyfob_options *options, struct keyfob_error *error);

/* Wipes and frees everything of the client. NULL is fine. */
KEYFOB_API void keyfob_disconnect(struct keyfob_client *client);

/* The path that `socket` (may be NULL) leads to by the rule of struct keyfob_options. False: longer than a socket's
 * path may be, or than `size`. */
KEYFOB_API bool keyfob_socket_path(const char *socket, char *path, size_t size);

/* NUL-terminated, in memory that is locked if the system allows it, and left out of core dumps. */
struct keyfob_credentials {
        const char *access_key_id;
        const char *secret_access_key;
        const char *session_token; /* "": none (a long-lived key) */
        const char *account_id;    /* "": unknown */
        int64_t expires_s;         /* seconds since 1970; INT64_MAX: never */
        void *memory;              /* private */
        size_t memory_size;        /* private */
};

/* The current credentials of a profile, with at least a minute to live. */
KEYFOB_API enum keyfob_status keyfob_get_credentials(struct keyfob_client *client, const char *profile,
                                                     struct keyfob_credentials *credentials,
                                                     struct keyfob_error *error);
KEYFOB_API void keyfob_credentials_clear(struct keyfob_credentials *credentials);

/* What a person has to do before a profile has credentials. */
enum keyfob_login_kind {
        KEYFOB_LOGIN_NONE,
        KEYFOB_LOGIN_MFA, /* give the code that an MFA device shows */
        KEYFOB_LOGIN_SSO, /* confirm a code in a browser */
        KEYFOB_LOGIN_AWS  /* run "aws login": the agent cannot begin it, and its refusal says how */
};

enum keyfob_login_state {
        KEYFOB_LOGIN_IDLE,    /* nothing was begun, or what was is over: it is needed anew, or was not needed */
        KEYFOB_LOGIN_PENDING, /* the person is waited for; the agent goes on by itself */
        KEYFOB_LOGIN_COMPLETE,
        KEYFOB_LOGIN_FAILED /* see detail and hint */
};

/* Texts that do not apply are "". */
struct keyfob_login {
        enum keyfob_login_kind kind;
        enum keyfob_login_state state;
        char profile[129]; /* the profile asked for, or the one it stands on that needs the person */
        char mfa_serial[257];
        char verification_uri[1024];          /* to be opened in a browser, there to enter user_code; */
        char verification_uri_complete[2048]; /* or this one, which has it in it */
        char user_code[64];
        int expires_in_s, interval_s; /* how long it can be confirmed; how often to ask for the status */
        char detail[1024], hint[1024];
};

/* How far it is. */
KEYFOB_API enum keyfob_status keyfob_login_status(struct keyfob_client *client, const char *profile,
                                                  struct keyfob_login *login, struct keyfob_error *error);

/* Begins: KEYFOB_LOGIN_MFA with `token_code`, six digits, which AWS has taken when this gives KEYFOB_OK (refused with
 * the code "mfa_required": it was wrong or used before); KEYFOB_LOGIN_SSO with NULL, which shows what the person needs
 * in *login; KEYFOB_LOGIN_AWS with NULL, which is refused, and the hint is the command to run. The agent calls AWS
 * first: give the client a timeout of more than 30 seconds. */
KEYFOB_API enum keyfob_status keyfob_login_begin(struct keyfob_client *client, const char *profile,
                                                 const char *token_code, struct keyfob_login *login,
                                                 struct keyfob_error *error);

struct keyfob_header {
        const char *name, *value;
};

/* A request to sign. Unset members are zero. */
struct keyfob_sign_request {
        const char *method; /* "POST" */
        const char *url;    /* absolute, as it will be sent: it is signed verbatim */
        const struct keyfob_header *headers;
        size_t headers_count;
        /* The payload: its SHA-256 (64 hexadecimal digits) if the caller knows it; or unsigned; or the bytes. */
        const char *payload_sha256;
        bool unsigned_payload;
        const void *payload;
        size_t payload_size;
        const char *service, *region; /* NULL: from the host name */
};

struct keyfob_signature {
        const struct keyfob_header *headers; /* to add to the request, in place of ones of the same name */
        size_t headers_count;
        void *memory;       /* private */
        size_t memory_size; /* private */
};

/* Signs for a profile (SigV4). The headers hold a session token: as secret as credentials. */
KEYFOB_API enum keyfob_status keyfob_sign(struct keyfob_client *client, const char *profile,
                                          const struct keyfob_sign_request *request, struct keyfob_signature *signature,
                                          struct keyfob_error *error);
KEYFOB_API void keyfob_signature_clear(struct keyfob_signature *signature);

/* Borrowed from the client until its next call; wiped then. */
struct keyfob_response {
        int status; /* 200 to 399; other answers are KEYFOB_REFUSED */
        const char *body;
        size_t body_size;
};

/* Any request of the API but HEAD. `path` begins with "/" and is percent-encoded; `body` is JSON text or NULL. */
KEYFOB_API enum keyfob_status keyfob_request(struct keyfob_client *client, const char *method, const char *path,
                                             const char *body, struct keyfob_response *response,
                                             struct keyfob_error *error);

/* The version of this library, "0.1.0". */
KEYFOB_API const char *keyfob_version(void);

#ifdef __cplusplus
}
#endif

#endif
