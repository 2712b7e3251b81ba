// SPDX-License-Identifier: Apache-2.0
// The handlers of router.c's table.
#ifndef SIDECAR_SERVER_HANDLERS_H
#define SIDECAR_SERVER_HANDLERS_H

struct outcome;
struct request;

// handlers_profiles.c
void handle_profiles(struct request *r, const struct outcome *o);
void handle_profile(struct request *r, const struct outcome *o);
void handle_credentials(struct request *r, const struct outcome *o);
void handle_drop(struct request *r, const struct outcome *o);
void handle_refresh(struct request *r, const struct outcome *o);

// handlers_login.c
void handle_login(struct request *r, const struct outcome *o);
void handle_login_status(struct request *r, const struct outcome *o);

// handlers_sign.c
void handle_sign(struct request *r, const struct outcome *o);
void handle_presign(struct request *r, const struct outcome *o);

// handlers_status.c
void handle_livez(struct request *r, const struct outcome *o);
void handle_readyz(struct request *r, const struct outcome *o);
void handle_version(struct request *r, const struct outcome *o);
void handle_metrics(struct request *r, const struct outcome *o);

#endif
