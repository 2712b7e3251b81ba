// SPDX-License-Identifier: Apache-2.0
#include <openssl/conf.h>
#include <openssl/err.h>
#include <stdio.h>

#include "sidecar/signing/x509_internal.h"

bool x509_context_open(struct x509_context *context, const char *provider)
{
        ERR_clear_error();
        *context = (struct x509_context){.library = OSSL_LIB_CTX_new()};
        if (!context->library)
                return false;
        context->first = OSSL_PROVIDER_load(context->library, "default");
        // Where a provider finds its module or its device may be written there; that there is nothing is no fault.
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
