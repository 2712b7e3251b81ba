// SPDX-License-Identifier: Apache-2.0
// NO_PROXY, as both curl and Python read it: names separated by commas (or blanks), each of which exempts itself and
// all names below it, with or without a leading dot; addresses, and blocks of them ("10.0.0.0/8"); "*" alone exempts
// all hosts. After a name or an address, a port restricts the entry to that port.
#ifndef SIDECAR_IO_NO_PROXY_H
#define SIDECAR_IO_NO_PROXY_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/mem/slice.h"

// Whether `list` exempts the host: a name, or an address without brackets. Entries of another form exempt nothing.
bool no_proxy_exempts(struct slice list, struct slice host, uint16_t port);

#endif
