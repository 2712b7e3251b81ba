// SPDX-License-Identifier: Apache-2.0
// Which APIs each listening socket serves.
#ifndef SIDECAR_APP_SERVE_H
#define SIDECAR_APP_SERVE_H

#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"

struct listeners;
struct log;
struct server;
struct token_files;

// Takes every socket, has the server serve it, and logs where it listens. 0, or -1 with *e.
MUST_CHECK int serve_all(struct server *s, struct listeners *l, const struct token_files *tokens, const struct log *log,
                         struct error *e);

#endif
