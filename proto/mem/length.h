// SPDX-License-Identifier: Apache-2.0
// How long a table is.
#ifndef PROTO_MEM_LENGTH_H
#define PROTO_MEM_LENGTH_H

// The number of elements of an array, a constant. Of an array, not of a pointer: compilers warn of that.
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#endif
