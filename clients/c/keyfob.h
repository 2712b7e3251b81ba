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
 * thread and keep no state outside the client. Use a client from one thread at a time, and one client for each thread.
 *
 * The agent renews credentials ahead of time and answers at once while it holds valid ones: ask it for each use instead
 * of keeping a copy. If the agent closed the connection since the last call (it restarted), the call connects again,
 * once.
 *
 * Ownership: what a call fills in (credentials, a signature) belongs to the caller, who releases it with the matching
 * _clear function, which wipes it. Borrowed memory is marked as such, with its lifetime.
 *
 * Trust: the library trusts any process that listens on the socket. The permissions of the socket's folder must keep
 * other users from listening there; do not use a path in a folder where anyone may create files.
 *
 * Errors: a call returns KEYFOB_OK (0) or another enum keyfob_status, and describes the failure in *error, which the
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

/* On every function that can fail: the compiler warns where the result is ignored. */
#define KEYFOB_MUST_CHECK __attribute__((warn_unused_result))

enum keyfob_status {
        KEYFOB_OK = 0,
        KEYFOB_NO_AGENT,   /* no process listens on the socket, or this user may not connect */
        KEYFOB_REFUSED,    /* the agent answered with an error: see code, detail and hint */
        KEYFOB_TIMED_OUT,  /* the client's timeout passed */
        KEYFOB_BAD_ANSWER, /* the answer is incomplete or not an agent's */
        KEYFOB_INVALID,    /* an argument is invalid: no request was sent */
        KEYFOB_NO_MEMORY
};

struct keyfob_error {
        enum keyfob_status status;
        int http_status;   /* of the agent's answer; 0: no answer */
        int retry_after_s; /* seconds; 0: not given */
        char code[64];     /* the agent's stable name of the error, such as "credentials_unavailable"; may be "" */
        char detail[1024]; /* what failed; one line, no secrets */
        char hint[1024];   /* what to do about it; may be "" */
};

struct keyfob_options {
        /* NULL: $KEYFOB_SOCKET, else $XDG_RUNTIME_DIR/keyfob/keyfob.sock if it exists, else /run/keyfob/keyfob.sock, or
         * if that does not exist the user's own agent's in /run/user/UID or /tmp/keyfob-UID (a private directory). */
        const char *socket;
        /* Milliseconds for each call as a whole; 0: 15 seconds. The agent itself waits up to 10 seconds for the first
         * credentials of a profile. */
        int timeout_ms;
};

struct keyfob_client; /* opaque */

/* Connects to the agent. `options` may be NULL. NULL on failure; otherwise end the client with keyfob_disconnect(). */
KEYFOB_API KEYFOB_MUST_CHECK struct keyfob_client *keyfob_connect(const struct keyfob_options *options,
                                                                  struct keyfob_error *error);

/* Closes the connection, wipes and frees all memory of the client. NULL is allowed. */
KEYFOB_API void keyfob_disconnect(struct keyfob_client *client);

/* Writes the path of the socket by the rule of struct keyfob_options, where `socket` may be NULL, with a NUL. False: it
 * does not fit into `size` bytes, or is longer than 107 bytes. */
KEYFOB_API KEYFOB_MUST_CHECK bool keyfob_socket_path(const char *socket, char *path, size_t size);

/* Texts end with a NUL. The memory is locked if the system allows it, and left out of core dumps. */
struct keyfob_credentials {
        const char *access_key_id;
        const char *secret_access_key;
        const char *session_token; /* "": none (a long-term key) */
        const char *account_id;    /* "": unknown */
        int64_t expires_s;         /* seconds since 1970; INT64_MAX: never */
        void *memory;              /* private */
        size_t memory_size;        /* private */
};

/* Gets the current credentials of a profile. They are valid for minutes, or, if the source gives no newer ones, for at
 * least 5 seconds. */
KEYFOB_API KEYFOB_MUST_CHECK enum keyfob_status keyfob_get_credentials(struct keyfob_client *client,
                                                                       const char *profile,
                                                                       struct keyfob_credentials *credentials,
                                                                       struct keyfob_error *error);

/* Wipes and frees the credentials, and sets *credentials to zero. */
KEYFOB_API void keyfob_credentials_clear(struct keyfob_credentials *credentials);

/* What a user must do before a profile has credentials. */
enum keyfob_login_kind {
        KEYFOB_LOGIN_NONE,
        KEYFOB_LOGIN_MFA, /* enter the code of an MFA device */
        KEYFOB_LOGIN_SSO, /* confirm a code in a browser */
        KEYFOB_LOGIN_AWS  /* run "aws login": the agent cannot begin it, and its refusal says how */
};

enum keyfob_login_state {
        KEYFOB_LOGIN_IDLE,     /* no login is under way: none was begun, or it is over */
        KEYFOB_LOGIN_PENDING,  /* waits for the user; the agent continues by itself */
        KEYFOB_LOGIN_COMPLETE, /* done */
        KEYFOB_LOGIN_FAILED    /* see detail and hint */
};

/* Texts that do not apply are "". */
struct keyfob_login {
        enum keyfob_login_kind kind;
        enum keyfob_login_state state;
        char profile[129]; /* the profile to log in to: the one asked for, or its source profile */
        char mfa_serial[257];
        char verification_uri[1024];          /* open this address in a browser, and enter user_code there; */
        char verification_uri_complete[2048]; /* or open this one, which contains it */
        char user_code[64];
        int expires_in_s; /* how long the user can confirm the code */
        int interval_s;   /* how often to ask for the status */
        char detail[1024];
        char hint[1024];
};

/* Gets the state of a profile's login. */
KEYFOB_API KEYFOB_MUST_CHECK enum keyfob_status keyfob_login_status(struct keyfob_client *client, const char *profile,
                                                                    struct keyfob_login *login,
                                                                    struct keyfob_error *error);

/* Begins a login, by its kind:
 *   KEYFOB_LOGIN_MFA  with `token_code`, six digits. KEYFOB_OK: AWS accepted it. Refused with the code "mfa_required":
 *                     it was wrong or used before.
 *   KEYFOB_LOGIN_SSO  with NULL. *login is what to show to the user.
 *   KEYFOB_LOGIN_AWS  with NULL. Always refused; the hint is the command to run.
 * The agent calls AWS first: give the client a timeout of more than 30 seconds. */
KEYFOB_API KEYFOB_MUST_CHECK enum keyfob_status keyfob_login_begin(struct keyfob_client *client, const char *profile,
                                                                   const char *token_code, struct keyfob_login *login,
                                                                   struct keyfob_error *error);

struct keyfob_header {
        const char *name, *value;
};

/* A request to sign. Members that are not set are zero. */
struct keyfob_sign_request {
        const char *method;                  /* "POST" */
        const char *url;                     /* absolute, as you send it */
        const struct keyfob_header *headers; /* a name may occur several times */
        size_t headers_count;
        /* The payload, in one of three ways: its SHA-256 (64 hexadecimal digits), unsigned, or its bytes. */
        const char *payload_sha256;
        bool unsigned_payload;
        const void *payload;
        size_t payload_size;
        const char *service, *region; /* NULL: from the host name */
};

struct keyfob_signature {
        const struct keyfob_header *headers; /* add them to the request, in place of headers of the same name */
        size_t headers_count;
        const char *url;    /* send the request to it; NULL: to the URL that you gave */
        void *memory;       /* private */
        size_t memory_size; /* private */
};

/* Signs a request with a profile's credentials (SigV4). The headers contain a session token: keep them as secret as
 * credentials. */
KEYFOB_API KEYFOB_MUST_CHECK enum keyfob_status keyfob_sign(struct keyfob_client *client, const char *profile,
                                                            const struct keyfob_sign_request *request,
                                                            struct keyfob_signature *signature,
                                                            struct keyfob_error *error);

/* Wipes and frees the signature, and sets *signature to zero. */
KEYFOB_API void keyfob_signature_clear(struct keyfob_signature *signature);

/* Borrowed from the client until its next call, which wipes it. */
struct keyfob_response {
        int status; /* 200 to 399; other answers are KEYFOB_REFUSED */
        const char *body;
        size_t body_size;
};

/* Sends any request of the API except HEAD. `path` begins with "/" and is percent-encoded; `body` is JSON text or
 * NULL. */
KEYFOB_API KEYFOB_MUST_CHECK enum keyfob_status keyfob_request(struct keyfob_client *client, const char *method,
                                                               const char *path, const char *body,
                                                               struct keyfob_response *response,
                                                               struct keyfob_error *error);

/* Returns the version of this library, "0.1.0". */
KEYFOB_API const char *keyfob_version(void);

#ifdef __cplusplus
}
#endif

#endif
