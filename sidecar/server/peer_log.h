// SPDX-License-Identifier: Apache-2.0
// Log lines that peers cause: limited for each uid and event (log_limiter.h). The event `log_lines_dropped` counts the
// lines that were left out. Lines that the agent itself causes do not pass through here, and are not limited.
#ifndef SIDECAR_SERVER_PEER_LOG_H
#define SIDECAR_SERVER_PEER_LOG_H

#include <sys/types.h>

#include "sidecar/base/log.h"
#include "sidecar/base/log_limiter.h"

struct server;

// `event` is static. `uid` is LOG_LIMITER_OTHERS if it is not known.
void peer_log_emit(struct server *s, uid_t uid, enum log_level level, const char *event, const struct log_field *fields,
                   size_t count);

#define PEER_LOG(server, uid, level, event, ...)                                                                       \
        peer_log_emit(server, uid, level, event, (const struct log_field[]){__VA_ARGS__},                              \
                      sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))

void peer_log_init(struct server *s);
void peer_log_close(struct server *s); // reports what was left out; server_release() follows, from the loop

#endif
