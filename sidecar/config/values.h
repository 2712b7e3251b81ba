// SPDX-License-Identifier: Apache-2.0
// What single values may look like: AWS's limits on parameters, and the forms of our own settings. Pure predicates.
#ifndef SIDECAR_CONFIG_VALUES_H
#define SIDECAR_CONFIG_VALUES_H

#include <stdbool.h>

#include "proto/mem/slice.h"

// Characters in UTF-8 text.
size_t values_length(struct slice text);

bool values_is_external_id(struct slice text);   // 2 to 1224 of A-Z a-z 0-9 _ + = , . @ : / -
bool values_is_tag_key(struct slice text);       // 1 to 128 letters, digits, blanks and _ . : / = + - @
bool values_is_tag_value(struct slice text);     // 0 to 256 of the same
bool values_is_policy_text(struct slice text);   // U+0020 to U+00FF, tab, line feed, carriage return; not empty
bool values_is_access_key_id(struct slice text); // 1 to 128 of A-Z a-z 0-9 _; AWS's own have 16 and more
bool values_is_secret_access_key(struct slice text);
bool values_is_session_token(struct slice text);
bool values_is_service(struct slice text);           // of a signature: a-z 0-9 -
bool values_is_method(struct slice text);            // of a request: a token of RFC 9110
bool values_is_host_pattern(struct slice text);      // "host", "host:port", or either after "*."
bool values_is_url_path(struct slice text);          // begins with "/", no query
bool values_is_any(struct slice text);               // not empty
bool values_is_account_id(struct slice text);        // 12 digits
bool values_is_mfa_serial(struct slice text);        // 9 to 256 of A-Z a-z 0-9 _ + = / : , . @ -
bool values_is_authorization(struct slice text);     // 1 to 16384 visible characters and blanks: one header's value
bool values_is_path_and_query(struct slice text);    // begins with "/"; visible ASCII
bool values_is_credential_source(struct slice text); // "Environment", "EcsContainer", "Ec2InstanceMetadata"
bool values_is_token_source(struct slice text);      // "github_actions"
bool values_is_endpoint_mode(struct slice text);     // "IPv4", "IPv6", in any case

// An endpoint: https://host[:port][/path]; http only to loopback and link-local hosts.
enum values_url { VALUES_URL_GOOD, VALUES_URL_BAD, VALUES_URL_PLAIN };
enum values_url values_check_endpoint(struct slice url);

// "pkcs11:...", "file:...": a scheme of two characters or more before the first colon.
bool values_is_uri(struct slice text);

// Bytes that are a key or a token rather than the name of a file that holds one: not to be repeated in a message.
bool values_is_like_secret(struct slice text);

#endif
