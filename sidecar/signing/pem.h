// SPDX-License-Identifier: Apache-2.0
// PEM as people's tools leave it: with "\n" in letters for line ends (environments, JSON), indented (YAML), with the
// line ends of other systems, with a byte order mark, on one line, with text around it. And what else a file holds that
// is not what was expected.
#ifndef SIDECAR_SIGNING_PEM_H
#define SIDECAR_SIGNING_PEM_H

#include "proto/mem/buffer.h"
#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"

// Appends every whole PEM block of `content` to `out` in its usual form, and what has begun and is not whole as it is;
// no text around them. What stands between BEGIN and END is not judged, only its blanks and line ends. `out` has to
// take twice the content, and may hold secrets. 0, or -1: out of memory.
MUST_CHECK int pem_tidy(struct slice content, struct buffer *out);

enum pem_wanted { PEM_CERTIFICATE, PEM_PRIVATE_KEY, PEM_PKCS12 };

// Where `content`, of the file at `path`, is recognised as something other than what was wanted: adds that to the
// message of *e, and sets the hint. False: it is not, and *e stays as it is.
bool pem_explain(struct slice content, enum pem_wanted wanted, const char *path, struct error *e);

#endif
