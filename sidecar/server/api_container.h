// SPDX-License-Identifier: Apache-2.0
// The container credentials endpoint, which every AWS SDK reads (AWS_CONTAINER_CREDENTIALS_FULL_URI).
#ifndef SIDECAR_SERVER_API_CONTAINER_H
#define SIDECAR_SERVER_API_CONTAINER_H

#include "sidecar/server/api.h"

extern const struct api api_container;

#endif
