// SPDX-License-Identifier: Apache-2.0
// Any text of a certificate file is either refused with a reason and a hint, or gives at least one certificate, which
// can be described; and a chain of them is built or refused, and stays within its bounds.
#include <assert.h>
#include <stdlib.h>

#include "proto/wire/limits.h"
#include "sidecar/signing/x509_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void describe(X509 *certificate)
{
        struct error e = {.kind = ERROR_NONE};
        struct x509_identity identity = {.not_after_s = 0};
        if (x509_describe(certificate, &identity, &e) == 0) {
                assert(identity.serial[0] && identity.subject);
                if (x509_check_dates(certificate, "c.pem", 1788264000, &identity, &e) < 0)
                        assert(e.kind == ERROR_CONFIG && e.message[0] && e.hint[0]);
        } else {
                assert(e.message[0]);
        }
        free(identity.serial);
        free(identity.subject);
}

static void build_chain(STACK_OF(X509) * certificates)
{
        struct error e = {.kind = ERROR_NONE};
        struct x509_identity identity = {.serial = NULL};
        struct buffer *chain = &identity.chain;
        buffer_init(chain, LIMIT_UPSTREAM_HEADER);
        const struct x509_candidates in = {certificates, certificates, "c.pem", 1788264000};
        if (x509_describe(sk_X509_value(certificates, 0), &identity, &e) < 0 ||
            x509_chain_build(&in, &identity, &e) < 0)
                assert(e.message[0]);
        int commas = 0;
        for (size_t i = 0; i < chain->n; i++)
                commas += chain->p[i] == ',';
        assert(e.message[0] || commas < X509_CHAIN_MAX);
        buffer_free(chain);
        free(identity.serial);
        free(identity.intermediate);
        free(identity.subject);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct error e = {.kind = ERROR_NONE};
        if (size > LIMIT_KEY_FILE)
                return 0;
        STACK_OF(X509) *list = x509_certificates_parse(slice_of(data, size), "c.pem", "certificate", &e);
        if (!list) {
                assert(e.kind == ERROR_CONFIG && e.message[0] && e.hint[0]);
                return 0;
        }
        assert(sk_X509_num(list) > 0);
        for (int i = 0; i < sk_X509_num(list); i++)
                describe(sk_X509_value(list, i));
        build_chain(list);
        sk_X509_pop_free(list, X509_free);
        return 0;
}
