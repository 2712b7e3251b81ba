// SPDX-License-Identifier: Apache-2.0
#include "proto/wire/api.h"

#include <assert.h>
#include <errno.h>

#include "proto/mem/length.h"
#include "proto/mem/text.h"
#include "proto/wire/limits.h"

static const struct api_error_text error_texts[] = {
    [API_INVALID_REQUEST] = {"invalid_request", "Invalid request", 400},
    [API_INVALID_URL] = {"invalid_url", "Invalid URL", 400},
    [API_METADATA_TOKEN_REQUIRED] = {"metadata_token_required", "Metadata token required", 401},
    [API_PEER_NOT_ALLOWED] = {"peer_not_allowed", "Peer not allowed", 403},
    [API_SCOPE_DENIED] = {"scope_denied", "Scope denied", 403},
    [API_TOKEN_REQUIRED] = {"token_required", "Token required", 403},
    [API_ORIGIN_NOT_ALLOWED] = {"origin_not_allowed", "Origin not allowed", 403},
    [API_TARGET_NOT_ALLOWED] = {"target_not_allowed", "Target not allowed", 403},
    [API_UNSIGNED_NOT_ALLOWED] = {"unsigned_not_allowed", "Unsigned payload not allowed", 403},
    [API_NOT_FOUND] = {"not_found", "Not found", 404},
    [API_PROFILE_NOT_FOUND] = {"profile_not_found", "Profile not found", 404},
    [API_METHOD_NOT_ALLOWED] = {"method_not_allowed", "Method not allowed", 405},
    [API_REQUEST_TIMEOUT] = {"request_timeout", "Request timeout", 408},
    [API_GENERATION_GONE] = {"generation_gone", "Generation gone", 409},
    [API_BODY_TOO_LARGE] = {"body_too_large", "Body too large", 413},
    [API_UNSUPPORTED_MEDIA_TYPE] = {"unsupported_media_type", "Unsupported media type", 415},
    [API_MISDIRECTED_REQUEST] = {"misdirected_request", "Misdirected request", 421},
    [API_HEADERS_TOO_LARGE] = {"headers_too_large", "Headers too large", 431},
    [API_INTERNAL_ERROR] = {"internal_error", "Internal error", 500},
    [API_UPSTREAM_ERROR] = {"upstream_error", "Upstream error", 502},
    [API_CREDENTIALS_UNAVAILABLE] = {"credentials_unavailable", "Credentials unavailable", 503},
    [API_MFA_REQUIRED] = {"mfa_required", "MFA code required", 503},
    [API_LOGIN_REQUIRED] = {"login_required", "Login required", 503},
    [API_TOO_MANY_CONNECTIONS] = {"too_many_connections", "Too many connections", 503},
    [API_TOO_MANY_REQUESTS] = {"too_many_requests", "Too many requests", 503},
    [API_SHUTTING_DOWN] = {"shutting_down", "Shutting down", 503},
    [API_UPSTREAM_TIMEOUT] = {"upstream_timeout", "Upstream timeout", 504},
    [API_LOOP_DETECTED] = {"loop_detected", "Loop detected", 508},
};

_Static_assert(LENGTH(error_texts) == API_ERROR_COUNT, "name every enum api_error");

const struct api_error_text *api_error_text(enum api_error error)
{
        assert(error < API_ERROR_COUNT);
        return &error_texts[error];
}

// Joins two texts and a NUL.
static int join(struct slice head, struct slice tail, char *out, size_t out_size)
{
        if (head.n >= out_size || tail.n >= out_size - head.n)
                return -ENAMETOOLONG;
        memcpy(out, head.p, head.n);
        memcpy(out + head.n, tail.p, tail.n);
        out[head.n + tail.n] = 0;
        return 0;
}

static bool is_given(const char *s)
{
        return s && s[0] != 0;
}

int api_socket_path(const char *flag, const char *keyfob_socket, const char *xdg_runtime_dir,
                    bool (*exists)(const char *path), char *out, size_t out_size)
{
        if (is_given(flag))
                return join(slice_str(flag), SLICE(""), out, out_size);
        if (is_given(keyfob_socket))
                return join(slice_str(keyfob_socket), SLICE(""), out, out_size);
        if (is_given(xdg_runtime_dir)) {
                int r = join(slice_str(xdg_runtime_dir), SLICE("/keyfob/keyfob.sock"), out, out_size);
                if (!exists || (r == 0 && exists(out)))
                        return r;
        }
        return join(SLICE(API_DEFAULT_SOCKET), SLICE(""), out, out_size);
}

bool api_is_profile_name(struct slice name)
{
        return name.n > 0 && name.n <= LIMIT_PROFILE_NAME && name.p[0] != ' ' && name.p[name.n - 1] != ' ' &&
               text_is_all_of(name, "_.@+- ");
}
