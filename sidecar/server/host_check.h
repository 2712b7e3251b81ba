// SPDX-License-Identifier: Apache-2.0
// Whom a request over TCP is meant for. A page in a browser can send requests to any address under a name of its own
// (DNS rebinding), but it cannot choose the header Host.
#ifndef SIDECAR_SERVER_HOST_CHECK_H
#define SIDECAR_SERVER_HOST_CHECK_H

#include <stdbool.h>

struct exchange;

// Whether Host, and the target where that names a host, are the listener's: its address with or without the port; on
// loopback also localhost and the other loopback address; if it listens on all addresses, any of them. A listener that
// serves nothing but health on other than loopback has names that it does not know, and nothing to protect by them: it
// takes any. False: the request was answered with 421.
bool host_check_admit(struct exchange *x);

#endif
