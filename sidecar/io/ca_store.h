// SPDX-License-Identifier: Apache-2.0
// The certificate authorities of one PEM file, parsed in libuv's pool, because a system's whole bundle takes 20 ms.
// Kept until the file changes.
#ifndef SIDECAR_IO_CA_STORE_H
#define SIDECAR_IO_CA_STORE_H

#include <stdbool.h>

#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"

struct ca_store;
struct uv_loop_s;
struct x509_store_st; // OpenSSL's X509_STORE

// Called when a load has ended; `error` is NULL when it went well, else of kind ERROR_CONFIG and names the file.
typedef void ca_store_loaded_fn(void *arg, const struct error *error);

// NULL: out of memory.
MUST_CHECK struct ca_store *ca_store_new(struct uv_loop_s *loop, const char *path, ca_store_loaded_fn *loaded,
                                         void *arg);

// `loaded` is not called any more. A load under way ends by itself, while the loop runs. NULL is fine.
void ca_store_free(struct ca_store *store);

// True: ca_store_get() is what the file says now. False: it is being loaded, `loaded` will be called, never from here.
MUST_CHECK bool ca_store_check(struct ca_store *store);

// What was loaded last, borrowed; NULL before.
struct x509_store_st *ca_store_get(const struct ca_store *store);

#endif
