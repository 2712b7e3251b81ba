// SPDX-License-Identifier: Apache-2.0
// All limits, in bytes unless the name says otherwise.
#ifndef PROTO_WIRE_LIMITS_H
#define PROTO_WIRE_LIMITS_H

enum {
        // the socket API
        LIMIT_HTTP_HEAD = 64 * 1024,        // request line and headers of one request
        LIMIT_HTTP_TARGET = 8 * 1024,       // path and query of a request to the API
        LIMIT_HTTP_HEADERS_N = 64,          // header lines of one request
        LIMIT_HTTP_BODY = 1024 * 1024,      // body of one API request
        LIMIT_HTTP_REPLY = 256 * 1024,      // a rendered reply that is not a list
        LIMIT_HTTP_LIST = 64 * 1024 * 1024, // lists and metrics of many profiles
        LIMIT_CONNECTIONS_N = 4096,
        LIMIT_WAIT_S = 60,           // longest ?wait=
        LIMIT_EVENTS = 1024 * 1024,  // recent events, for clients that come back
        LIMIT_EVENT_PROFILES_N = 64, // ?profile= of one stream of events
        LIMIT_SSE = 64 * 1024,       // a line, or the data, of an event that a client reads

        // signing
        LIMIT_SIGN_URL = 64 * 1024,
        LIMIT_SIGN_HEADERS_N = 64,
        LIMIT_SIGN_CANONICAL = 512 * 1024,
        LIMIT_PRESIGN_EXPIRES_S = 604800, // AWS's own: seven days
        LIMIT_SIGN_TIME_S = 900,          // AWS's own: how far the time of a signature may be from the clock

        // files and upstream answers
        LIMIT_CONFIG_FILE = 16 * 1024 * 1024,
        LIMIT_SHARED_FILE = 4 * 1024 * 1024, // ~/.aws/config, ~/.aws/credentials
        LIMIT_CONFIG_PATH = 4096,
        LIMIT_INCLUDE_PATTERNS_N = 64,
        LIMIT_INCLUDE_FILES_N = 20000,
        LIMIT_INCLUDE_TOTAL = 64 * 1024 * 1024, // of all included files
        LIMIT_TOKEN_FILE = 64 * 1024,
        LIMIT_AUTHORIZATION_TOKEN = 4096, // of a container endpoint
        LIMIT_KEY_FILE = 1024 * 1024,
        LIMIT_SECRET_FILE = 16 * 1024,
        LIMIT_UPSTREAM_BODY = 1024 * 1024,
        LIMIT_UPSTREAM_HEADER = 64 * 1024,
        LIMIT_PROCESS_OUTPUT = 64 * 1024, // of a credential_process

        // JSON
        LIMIT_JSON_DEPTH_N = 32,
        LIMIT_JSON_NODES_N = 1024 * 1024,

        // credentials
        LIMIT_ACCESS_KEY_ID = 128,
        LIMIT_SECRET_ACCESS_KEY = 1024,
        LIMIT_SESSION_TOKEN = 64 * 1024,
        LIMIT_PROFILE_NAME = 128,

        LIMIT_UNIX_PATH = 107 // sun_path without its NUL
};

// Credentials that expire in less than this (seconds) are served only if the source gives no newer ones.
#define LIMIT_MIN_LIFE_S 60
// … and never if they expire in less than this.
#define LIMIT_LAST_LIFE_S 5

#endif
