// SPDX-License-Identifier: Apache-2.0
// Which service and region a request is signed for, and whether the profile allows that for this peer.
#ifndef SIDECAR_SERVER_SIGN_TARGET_H
#define SIDECAR_SERVER_SIGN_TARGET_H

#include "proto/mem/must_check.h"

struct exchange;
struct sign_work;

// By w->request and w->url, sets w->service, w->region and w->max_expires_in_s. 0, or -1: answered.
MUST_CHECK int sign_target_decide(struct exchange *x, struct sign_work *w);

#endif
