// SPDX-License-Identifier: Apache-2.0
// What a field of HTTP ("Name: value") may be made of (RFC 9110, section 5).
#ifndef PROTO_WIRE_FIELD_H
#define PROTO_WIRE_FIELD_H

#include "proto/mem/slice.h"

// A token: not empty, letters, digits and !#$%&'*+-.^_`|~.
bool field_is_name(struct slice name);

// No control byte but the tab, so no end of the line. Bytes above ASCII are not looked at.
bool field_is_value(struct slice value);

#endif
