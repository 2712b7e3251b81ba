// SPDX-License-Identifier: Apache-2.0
// Probes and metrics, for Prometheus and kubelet: nothing that has a secret in it.
#ifndef SIDECAR_SERVER_API_HEALTH_H
#define SIDECAR_SERVER_API_HEALTH_H

#include "sidecar/server/api.h"

extern const struct api api_health;

#endif
