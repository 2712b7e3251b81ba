// SPDX-License-Identifier: Apache-2.0
// A provider that keeps alive the settings which it borrows from. An entry may outlive the configuration that it came
// with: while a call of it is under way at a reload, or its last call is being cancelled.
#ifndef SIDECAR_APP_HELD_PROVIDER_H
#define SIDECAR_APP_HELD_PROVIDER_H

struct profile;
struct provider;
struct settings;

struct settings_ref {
        struct settings *settings;
        unsigned references;
};

struct settings_ref *settings_ref_new(struct settings *settings); // one reference; NULL: out of memory
struct settings_ref *settings_ref_take(struct settings_ref *ref);
void settings_ref_drop(struct settings_ref *ref); // frees the settings at the last; NULL is fine

// Takes over `inner` (also on failure) and one new reference on `ref`. NULL: out of memory.
struct provider *held_provider_new(struct provider *inner, struct settings_ref *ref);

// `p` is one of these. From now on, or from the end of the call under way, it borrows from `profile` of the settings of
// `ref`, of which it takes a new reference, and lets go of those before. The identity is the same. What the provider
// has learned stays: clocks, tokens, a PIN that was refused, a login that a person is busy with.
void held_provider_move(struct provider *p, const struct profile *profile, struct settings_ref *ref);

#endif
