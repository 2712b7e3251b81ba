// SPDX-License-Identifier: Apache-2.0
// The registration of a client with the token service, which is good for months: kept in the file in which the AWS CLI
// keeps its own for the same session.
#ifndef SIDECAR_PROVIDERS_SSO_CLIENT_H
#define SIDECAR_PROVIDERS_SSO_CLIENT_H

#include "proto/mem/must_check.h"
#include "sidecar/providers/members.h"

struct profile;

struct sso_client {
        struct buffer text; // what the slices point into: secrets
        struct slice id, secret;
        int64_t expires_s;
};

void sso_client_init(struct sso_client *c);
void sso_client_clear(struct sso_client *c);

// Bodies of RegisterClient, and what names the file. 0, or -1: the buffer is full.
MUST_CHECK int sso_client_body(const struct profile *p, int64_t now_s, struct buffer *out);
MUST_CHECK int sso_client_key(const struct profile *p, struct buffer *out);

// The registration that is kept, if it can be used for a while: true. Reads a file: in a worker.
bool sso_client_load(const struct profile *p, int64_t now_s, struct sso_client *ret);

// Reads an answer of RegisterClient. 0, or -1 with *e, and *ret is then empty.
MUST_CHECK int sso_client_read(struct slice body, struct sso_client *ret, struct error *e);

// The text of its file. 0, or -1: the buffer is full, or the client ends after the year 9999.
MUST_CHECK int sso_client_render(const struct profile *p, const struct sso_client *c, struct buffer *out);

// Keeps that text, unless there is one of a client that was made for another way to log in. Writes a file: in a worker.
void sso_client_save(const struct profile *p, struct slice text);

#endif
