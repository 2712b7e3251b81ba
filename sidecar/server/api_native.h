// SPDX-License-Identifier: Apache-2.0
// keyfob's own API, as proto/openapi.yaml describes it.
#ifndef SIDECAR_SERVER_API_NATIVE_H
#define SIDECAR_SERVER_API_NATIVE_H

#include "sidecar/server/api.h"

extern const struct api api_native;

#endif
