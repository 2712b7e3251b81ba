// SPDX-License-Identifier: Apache-2.0
// link: signing
// Which certificates are sent with a leaf, so that openssl verify can be held against it. Reads lines from standard
// input: paths of certificate, chain and private key, and the time in seconds since 1970, with tabs between them.
// Prints for each the chain as it is sent (base64 DER, with commas), or "!" and the message.
#include <stdio.h>
#include <stdlib.h>

#include "sidecar/signing/x509.h"

static void show(const struct x509_paths *paths, int64_t now_s)
{
        struct x509_identity *identity = NULL;
        struct error e = {.kind = ERROR_NONE};
        if (x509_identity_load(paths, now_s, &identity, &e) == 0)
                printf("%.*s\n", (int)identity->chain.n, identity->chain.n ? (const char *)identity->chain.p : "");
        else
                printf("!%s\n", e.message);
        x509_identity_free(identity);
}

int main(void)
{
        char certificate[512], chain[512], key[512], now[32];
        while (scanf("%511[^\t]\t%511[^\t]\t%511[^\t]\t%31[^\n]\n", certificate, chain, key, now) == 4)
                show(&(struct x509_paths){.certificate = certificate, .certificate_chain = chain, .private_key = key},
                     strtoll(now, NULL, 10));
        return 0;
}
