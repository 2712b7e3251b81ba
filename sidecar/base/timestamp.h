// SPDX-License-Identifier: Apache-2.0
// Points in time as sources of credentials write them: RFC 3339, and whatever else botocore reads (it uses dateutil),
// if it says which zone it is in. For machines' own formats see proto/mem/time.h.
#ifndef SIDECAR_BASE_TIMESTAMP_H
#define SIDECAR_BASE_TIMESTAMP_H

#include <stdint.h>

#include "proto/mem/must_check.h"
#include "proto/mem/slice.h"

// Seconds since 1970, a fraction of a second cut off. Date, time and zone may come in any order and in most of the
// usual forms: "2026-12-01T03:11:08Z", "2026-12-01 03:11:08+00:00", "20261201T031108Z", "Tue, 01 Dec 2026 03:11:08
// GMT", "12/1/2026 3:11:08 AM UTC". The zone is UTC, GMT, Z or an offset; as in botocore, "UTC+3" is POSIX's (3 hours
// behind UTC). Numbers that could be in another order are read as botocore reads them: month, day, year. 0, or -EINVAL:
// in another form, without a zone, no such time, or outside the years 1970 to 9999.
MUST_CHECK int timestamp_parse(struct slice text, int64_t *ret_s);

#endif
