// SPDX-License-Identifier: Apache-2.0
// The certificate authorities of one PEM file. Parsed in libuv's pool, as a system's bundle takes 20 ms, and kept until
// the file changes.
#ifndef SIDECAR_IO_CA_STORE_H
#define SIDECAR_IO_CA_STORE_H

#include <stdbool.h>

#include "proto/mem/must_check.h"
#include "sidecar/base/error.h"

struct ca_store;
struct uv_loop_s;
struct x509_store_st; // OpenSSL's X509_STORE

// Called when a load has ended. `error` is NULL, or of kind ERROR_CONFIG and names the file.
typedef void ca_store_loaded_fn(void *arg, const struct error *error);

// NULL: out of memory.
MUST_CHECK struct ca_store *ca_store_new(struct uv_loop_s *loop, const char *path, ca_store_loaded_fn *loaded,
                                         void *arg);

// `loaded` is not called any more. If a load is under way, the memory is freed at its end, while the loop runs. NULL is
// fine.
void ca_store_free(struct ca_store *store);

// True: ca_store_get() matches the file. False: the file is being loaded, and `loaded` will be called, never from here.
MUST_CHECK bool ca_store_check(struct ca_store *store);

// What was loaded last, borrowed; NULL before.
struct x509_store_st *ca_store_get(const struct ca_store *store);

#endif
