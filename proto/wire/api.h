// SPDX-License-Identifier: Apache-2.0
// The fixed names of the socket API: default paths, error codes with their status and title. See proto/README.md and
// proto/openapi.yaml.
#ifndef PROTO_WIRE_API_H
#define PROTO_WIRE_API_H

#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"

#define API_VERSION "v1"
#define API_DEFAULT_SOCKET "/run/keyfob/keyfob.sock"
#define API_DEFAULT_CONFIG "/etc/keyfob/config.json"

enum api_error {
        API_INVALID_REQUEST,         // 400: body, query or header cannot be read or has an unknown member
        API_INVALID_URL,             // 400
        API_METADATA_TOKEN_REQUIRED, // 401: of the instance metadata service
        API_PEER_NOT_ALLOWED,        // 403: uid and gid are in no rule
        API_SCOPE_DENIED,            // 403: a rule exists, but not for this scope
        API_TOKEN_REQUIRED,          // 403: the header Authorization is missing or wrong
        API_ORIGIN_NOT_ALLOWED,      // 403: a header says that a browser or a proxy sends this
        API_TARGET_NOT_ALLOWED,      // 403: host or path is outside the profile's `sign`
        API_UNSIGNED_NOT_ALLOWED,    // 403
        API_NOT_FOUND,               // 404: no such path
        API_PROFILE_NOT_FOUND,       // 404
        API_METHOD_NOT_ALLOWED,      // 405
        API_REQUEST_TIMEOUT,         // 408
        API_GENERATION_GONE,         // 409: an event stream began with credentials that were renewed since
        API_BODY_TOO_LARGE,          // 413
        API_UNSUPPORTED_MEDIA_TYPE,  // 415
        API_MISDIRECTED_REQUEST,     // 421: the header Host does not name the listener
        API_HEADERS_TOO_LARGE,       // 431
        API_INTERNAL_ERROR,          // 500
        API_UPSTREAM_ERROR,          // 502: AWS refused permanently, and there are no valid credentials
        API_CREDENTIALS_UNAVAILABLE, // 503: none yet, or expired; the agent retries
        API_MFA_REQUIRED,            // 503: a user has to enter an MFA code: POST …/login
        API_LOGIN_REQUIRED,          // 503: a user has to log in: POST …/login
        API_TOO_MANY_CONNECTIONS,    // 503
        API_TOO_MANY_REQUESTS,       // 503: of one uid
        API_SHUTTING_DOWN,           // 503
        API_UPSTREAM_TIMEOUT,        // 504
        API_LOOP_DETECTED,           // 508: a credential_process requests credentials that need it
        API_ERROR_COUNT
};

struct api_error_text {
        const char *code;  // "credentials_unavailable"
        const char *title; // "Credentials unavailable"
        int status;
};

// Never NULL for a value below API_ERROR_COUNT.
const struct api_error_text *api_error_text(enum api_error error);

// The path of the socket: `flag` (--socket), else $KEYFOB_SOCKET, else $XDG_RUNTIME_DIR/keyfob/keyfob.sock, else
// API_DEFAULT_SOCKET; each argument may be NULL or empty. With `exists`, a path in $XDG_RUNTIME_DIR is skipped if that
// returns false, so that a client finds an agent that runs elsewhere. Writes a NUL-terminated path; 0, or
// -ENAMETOOLONG.
MUST_CHECK int api_socket_path(const char *flag, const char *keyfob_socket, const char *xdg_runtime_dir,
                               bool (*exists)(const char *path), char *out, size_t out_size);

// A profile name: 1 to LIMIT_PROFILE_NAME of A-Z a-z 0-9 _ . @ + - and inner spaces.
bool api_is_profile_name(struct slice name);

#endif
