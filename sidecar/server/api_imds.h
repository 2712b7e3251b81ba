// SPDX-License-Identifier: Apache-2.0
// The instance metadata service, version 2, for one profile: what AWS SDKs read of it.
#ifndef SIDECAR_SERVER_API_IMDS_H
#define SIDECAR_SERVER_API_IMDS_H

#include "sidecar/server/api.h"

extern const struct api api_imds;

#endif
