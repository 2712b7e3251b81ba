// SPDX-License-Identifier: Apache-2.0
// AWS's UriEncode (IAM User Guide, "Create a signed AWS API request"): A-Z a-z 0-9 - . _ ~ stay, every other byte
// becomes %XX in capitals. The put functions write at a cursor without checking its capacity, and return the cursor
// behind what they wrote.
#ifndef SIDECAR_SIGNING_URI_ENCODE_H
#define SIDECAR_SIGNING_URI_ENCODE_H

#include "proto/mem/slice.h"

extern const bool uri_unreserved[256];
extern const bool uri_unreserved_or_slash[256]; // as in paths

// "%XX": three bytes.
uint8_t *uri_put_escape(uint8_t *p, uint8_t byte);

// Decodes `text` once ("%XX", and "+" as a blank) and encodes it again; what is in `stays` is not escaped. A "%" that
// is not followed by two hexadecimal digits stands for itself. At most 3 * text.n bytes.
uint8_t *uri_put_recoded(uint8_t *p, struct slice text, const bool stays[256]);

#endif
