// SPDX-License-Identifier: Apache-2.0
// The JSON object that describes a profile: its state and its history, no secrets.
#ifndef SIDECAR_SERVER_PROFILE_JSON_H
#define SIDECAR_SERVER_PROFILE_JSON_H

struct buffer;
struct peer;
struct server_profile;

// Appends one object, for a peer that may see the profile.
void profile_json_write(struct buffer *b, const struct server_profile *profile, const struct peer *peer);

#endif
