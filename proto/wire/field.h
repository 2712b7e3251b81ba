// SPDX-License-Identifier: Apache-2.0
// Checks HTTP fields ("Name: value") by RFC 9110, section 5.
#ifndef PROTO_WIRE_FIELD_H
#define PROTO_WIRE_FIELD_H

#include "proto/mem/slice.h"

// A token: not empty, letters, digits and !#$%&'*+-.^_`|~.
bool field_is_name(struct slice name);

// No control characters except the tab, so no line end. Bytes above ASCII are allowed.
bool field_is_value(struct slice value);

#endif
