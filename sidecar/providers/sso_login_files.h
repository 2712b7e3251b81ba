// SPDX-License-Identifier: Apache-2.0
// What a login reads and writes in the cache that it shares with the AWS CLI, in a worker (file_task.h).
#ifndef SIDECAR_PROVIDERS_SSO_LOGIN_FILES_H
#define SIDECAR_PROVIDERS_SSO_LOGIN_FILES_H

#include <stdbool.h>

#include "sidecar/providers/file_task.h"
#include "sidecar/providers/sso_client.h"

enum sso_login_work {
        SSO_LOGIN_READ_CLIENT,  // always succeeds: has_client
        SSO_LOGIN_WRITE_CLIENT, // always succeeds
        SSO_LOGIN_WRITE_TOKEN   // or why it cannot be written, and `seen`
};

// The work of the task.
struct sso_login_files {
        enum sso_login_work what;
        const struct profile *profile;
        char *path;               // of the token
        int64_t now_s;            // for a client that is read
        struct sso_client client; // that was read; may be taken
        bool has_client;
        struct buffer text; // to be written
        struct buffer seen; // what the file of the token has, where it could not be written
};

// Begins; `text` is copied. NULL with *e, and `done` does not follow: out of memory, or there is no cache.
MUST_CHECK struct file_task *sso_login_files_start(const struct provider *p, enum sso_login_work what, int64_t now_s,
                                                   struct slice text, void (*done)(void *owner, const struct error *e),
                                                   void *owner, struct error *e);

#endif
