// SPDX-License-Identifier: Apache-2.0
// Reads key files, and keys and certificates from OpenSSL's stores within a library context.
#include <openssl/conf.h>
#include <openssl/err.h>
#include <stdio.h>

#include "proto/wire/limits.h"
#include "sidecar/base/file.h"
#include "sidecar/signing/x509_internal.h"

enum { OBJECTS_MAX = 64 }; // of a store that are checked for one of the wanted type

bool x509_context_open(struct x509_context *context, const char *provider)
{
        ERR_clear_error();
        *context = (struct x509_context){.library = OSSL_LIB_CTX_new()};
        if (!context->library)
                return false;
        context->first = OSSL_PROVIDER_load(context->library, "default");
        // OpenSSL's configuration may set the provider's module or device. It need not: a missing file is no error.
        bool is_configured = context->first && CONF_modules_load_file_ex(context->library, NULL, NULL,
                                                                         CONF_MFLAGS_IGNORE_MISSING_FILE) > 0;
        if (is_configured)
                context->other = OSSL_PROVIDER_load(context->library, provider);
        (void)snprintf(context->query, sizeof(context->query), "?provider=%s", provider);
        if (context->other)
                return true;
        x509_context_close(context);
        return false;
}

void x509_context_close(struct x509_context *context)
{
        if (context->other)
                (void)OSSL_PROVIDER_unload(context->other);
        if (context->first)
                (void)OSSL_PROVIDER_unload(context->first);
        OSSL_LIB_CTX_free(context->library);
        *context = (struct x509_context){.library = NULL};
}

OSSL_STORE_INFO *x509_store_load(OSSL_STORE_CTX *store, int type)
{
        OSSL_STORE_INFO *found = NULL;
        if (!store)
                return NULL;
        OSSL_STORE_expect(store, type);
        for (int i = 0; i < OBJECTS_MAX && !found && !OSSL_STORE_eof(store); i++) {
                found = OSSL_STORE_load(store);
                if (found && OSSL_STORE_INFO_get_type(found) != type) {
                        OSSL_STORE_INFO_free(found);
                        found = NULL;
                }
        }
        OSSL_STORE_close(store);
        return found;
}

EVP_PKEY *x509_store_key(OSSL_STORE_CTX *store)
{
        OSSL_STORE_INFO *info = x509_store_load(store, OSSL_STORE_INFO_PKEY);
        EVP_PKEY *key = info ? OSSL_STORE_INFO_get1_PKEY(info) : NULL;
        OSSL_STORE_INFO_free(info);
        return key;
}

int x509_file_read(const char *path, const char *what, const char *hint, struct buffer *content, struct error *e)
{
        buffer_init(content, LIMIT_KEY_FILE);
        if (file_read(path, what, content, e) < 0)
                return -1;
        if (content->n > 0)
                return 0;
        error_set(e, ERROR_CONFIG, "%s: this %s file is empty", path, what);
        return error_hint(e, "%s", hint);
}
