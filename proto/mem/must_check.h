// SPDX-License-Identifier: Apache-2.0
// Put before the declaration of every function that can fail: the compiler warns where a caller drops its result.
#ifndef PROTO_MEM_MUST_CHECK_H
#define PROTO_MEM_MUST_CHECK_H

#define MUST_CHECK __attribute__((warn_unused_result))

#endif
