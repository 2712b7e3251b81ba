// SPDX-License-Identifier: Apache-2.0
// What most tests of this room begin and end with. The parts: scripted.h (a provider), server.h (a server and its
// vault), client.h.
#ifndef TESTS_UNIT_SERVER_FIXTURE_H
#define TESTS_UNIT_SERVER_FIXTURE_H

#include "sidecar/server/connection.h"
#include "sidecar/server/state.h"
#include "tests/unit/server/client.h"

#define CREDENTIALS "/v1/profiles/a/credentials"
#define SIGN "/v1/profiles/a/sign"
#define PRESIGN "/v1/profiles/a/presign"
#define STS_URL "https://sts.us-east-1.amazonaws.com/"
#define BEDROCK_URL                                                                                                    \
        "https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-3-5-sonnet-20240620-v1%3A0/invoke"

// A server without profiles, and a client of it.
static inline void serve(struct fixture *f, struct client *c)
{
        fixture_start(f);
        *c = client_open(f);
}

// The same with a profile `a` that nothing has been fetched for; its script may be changed before the loop turns.
static inline struct scripted *serve_profile(struct fixture *f, struct client *c)
{
        fixture_start(f);
        struct scripted *s = fixture_add(f, "a", false);
        *c = client_open(f);
        return s;
}

// The same with its credentials.
static inline struct scripted *serve_credentials(struct fixture *f, struct client *c)
{
        struct scripted *s = serve_profile(f, c);
        fixture_fetch_all(f);
        return s;
}

static inline void stop(struct fixture *f, struct client *c)
{
        client_close(c);
        fixture_stop(f);
}

#endif
