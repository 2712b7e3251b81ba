// SPDX-License-Identifier: Apache-2.0
// The handlers of the native API (api_native.c).
#ifndef SIDECAR_SERVER_HANDLERS_H
#define SIDECAR_SERVER_HANDLERS_H

struct exchange;
struct outcome;

// handlers_profiles.c
void handle_profile(struct exchange *x);
void handle_credentials(struct exchange *x);
void resume_credentials(struct exchange *x, const struct outcome *o);
void handle_drop(struct exchange *x);
void handle_refresh(struct exchange *x);
void resume_refresh(struct exchange *x, const struct outcome *o);

// handlers_login.c
void handle_login_status(struct exchange *x);
void handle_login(struct exchange *x);
void resume_login(struct exchange *x, const struct outcome *o);
void handle_logout(struct exchange *x);
void resume_logout(struct exchange *x, const struct outcome *o);

// handlers_sso.c
void handle_sso_accounts(struct exchange *x);
void handle_sso_roles(struct exchange *x);
void drain_sso_list(struct exchange *x);
void abort_sso_list(struct exchange *x);

// handlers_sign.c
void handle_sign(struct exchange *x);
void resume_sign(struct exchange *x, const struct outcome *o);
void handle_presign(struct exchange *x);
void resume_presign(struct exchange *x, const struct outcome *o); // of tokens, too
void handle_token(struct exchange *x);

// handlers_commands.c
void handle_commands(struct exchange *x);
void resume_commands(struct exchange *x, const struct outcome *o);

// handlers_web_identity.c
void handle_web_identity(struct exchange *x);
void resume_web_identity(struct exchange *x, const struct outcome *o);

// handlers_eventstream.c
void handle_eventstream(struct exchange *x);
void resume_eventstream(struct exchange *x, const struct outcome *o);

// handlers_status.c
void handle_livez(struct exchange *x);
void handle_version(struct exchange *x);
void handle_readyz(struct exchange *x);
void drain_readyz(struct exchange *x);

// handlers_lists.c
void handle_profiles(struct exchange *x);
void drain_profiles(struct exchange *x);
void handle_metrics(struct exchange *x);
void drain_metrics(struct exchange *x);

// handlers_events.c
void handle_events(struct exchange *x);
void drain_events(struct exchange *x);
void shut_down_events(struct exchange *x);
void abort_events(struct exchange *x);

#endif
