// SPDX-License-Identifier: Apache-2.0
// Recognises files that were mixed up: by the labels of their PEM blocks, else by what OpenSSL can read of them, else
// by their first bytes.
#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <string.h>

#include "proto/mem/length.h"
#include "sidecar/signing/pem.h"

// What a file is. `key`: of the configuration, where it belongs; NULL: nowhere. `convert`: what makes it usable, with
// the path in the place of %s; NULL: nothing has to.
struct meaning {
        const char *what, *key, *convert;
};

static const struct {
        const char *label; // the beginning of it
        struct meaning meaning;
} labels[] = {
    {"CERTIFICATE REQUEST",
     {"a certificate signing request", NULL, "name the certificate that its authority issued for it"}},
    {"NEW CERTIFICATE REQUEST",
     {"a certificate signing request", NULL, "name the certificate that its authority issued for it"}},
    {"CERTIFICATE", {"a certificate", "certificate", NULL}},
    {"X509 CERTIFICATE", {"a certificate", "certificate", NULL}},
    {"TRUSTED CERTIFICATE", {"a certificate", "certificate", NULL}},
    {"ENCRYPTED PRIVATE KEY", {"an encrypted private key", "private_key", NULL}},
    {"PRIVATE KEY", {"a private key", "private_key", NULL}},
    {"RSA PRIVATE KEY", {"a private key", "private_key", NULL}},
    {"EC PRIVATE KEY", {"a private key", "private_key", NULL}},
    {"TSS2 PRIVATE KEY", {"the private key of a TPM", "private_key", NULL}},
    {"OPENSSH PRIVATE KEY",
     {"a private key in OpenSSH's own format", NULL, "convert it: ssh-keygen -p -m PKCS8 -f %s"}},
    {"PUBLIC KEY", {"a public key", NULL, "name the private key, or the certificate"}},
    {"RSA PUBLIC KEY", {"a public key", NULL, "name the private key, or the certificate"}},
    {"PKCS7", {"a PKCS#7 bundle of certificates", NULL, "convert it: openssl pkcs7 -print_certs -in %s"}},
    {"PKCS #7 SIGNED DATA", {"a PKCS#7 bundle of certificates", NULL, "convert it: openssl pkcs7 -print_certs -in %s"}},
    {"CMS", {"a PKCS#7 bundle of certificates", NULL, "convert it: openssl pkcs7 -print_certs -in %s"}},
    {"X509 CRL", {"a list of revoked certificates", NULL, "name the certificate itself"}},
    {"PGP ", {"a file of PGP", NULL, "name a PEM file with an X.509 certificate and its key"}},
};

static const struct meaning pkcs12 = {"a PKCS#12 file", "pkcs12", NULL};
static const struct meaning certificate_der = {"a certificate in DER", "certificate",
                                               "convert it to PEM: openssl x509 -inform der -in %s"};
static const struct meaning pkcs7_der = {"a PKCS#7 bundle in DER", NULL,
                                         "convert it: openssl pkcs7 -inform der -print_certs -in %s"};
static const struct meaning request_der = {"a certificate signing request", NULL,
                                           "name the certificate that its authority issued for it"};
static const struct meaning key_der = {"a private key in DER", "private_key", NULL};
static const struct meaning other_der = {"DER of another kind", NULL,
                                         "convert it to PEM with the tool that made it; openssl asn1parse -inform der "
                                         "-in %s shows what it is"};

// --- DER ---

static const struct meaning *of_der(struct slice content)
{
        const unsigned char *at;
        const struct meaning *found = NULL;
        long n = (long)content.n; // at most LIMIT_KEY_FILE
        at = content.p;
        X509 *certificate = d2i_X509(NULL, &at, n);
        at = content.p;
        PKCS12 *store = d2i_PKCS12(NULL, &at, n);
        at = content.p;
        PKCS7 *bundle = d2i_PKCS7(NULL, &at, n);
        at = content.p;
        X509_REQ *request = d2i_X509_REQ(NULL, &at, n);
        at = content.p;
        EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, n);
        at = content.p;
        X509_SIG *sealed = d2i_X509_SIG(NULL, &at, n); // an encrypted key, or what looks like one
        found = certificate     ? &certificate_der
                : store         ? &pkcs12
                : bundle        ? &pkcs7_der
                : request       ? &request_der
                : key || sealed ? &key_der
                                : &other_der;
        X509_free(certificate);
        PKCS12_free(store);
        PKCS7_free(bundle);
        X509_REQ_free(request);
        EVP_PKEY_free(key);
        X509_SIG_free(sealed);
        ERR_clear_error();
        return found;
}

// --- text ---

static bool has(struct slice content, const char *text)
{
        return content.n > 0 && memmem(content.p, content.n, text, strlen(text)) != NULL;
}

// Of the first whole block, else of what begins like one.
static const struct meaning *of_label(struct slice content)
{
        static const char begin[] = "-----BEGIN ";
        const uint8_t *at = content.n > 0 ? memmem(content.p, content.n, begin, strlen(begin)) : NULL;
        if (!at)
                return NULL;
        struct slice label = slice_from(content, (size_t)(at - content.p) + strlen(begin));
        for (size_t i = 0; i < LENGTH(labels); i++) {
                struct slice known = slice_str(labels[i].label);
                bool is_whole = labels[i].label[known.n - 1] != ' ';
                if (slice_starts_with(label, known) &&
                    (!is_whole || slice_starts_with(slice_from(label, known.n), SLICE("-----"))))
                        return &labels[i].meaning;
        }
        return NULL;
}

// BEGIN is there, but PEM it is not.
static const char *of_damage(struct slice content)
{
        if (has(content, "-----BEGIN ") && !has(content, "-----END "))
                return "-----BEGIN …----- is there, but no -----END …----- after it: the file was written only in part";
        if (has(content, "-----BEGIN "))
                return "-----BEGIN …----- is there, but the -----END …----- after it does not belong to it";
        if (has(content, "BEGIN ") && has(content, "END "))
                return "BEGIN is there, but not between five hyphens on each side: -----BEGIN CERTIFICATE-----";
        return NULL;
}

static const struct meaning *of_first_bytes(struct slice content)
{
        static const struct {
                const char *bytes;
                size_t n;
                struct meaning meaning;
        } known[] = {
            {"\xfe\xed\xfe\xed",
             4,
             {"a Java keystore (JKS)", NULL,
              "convert it: keytool -importkeystore -srckeystore %s -deststoretype PKCS12 -destkeystore client.p12, and "
              "name "
              "that in pkcs12"}},
            {"\xce\xce\xce\xce",
             4,
             {"a Java keystore (JCEKS)", NULL,
              "convert it: keytool -importkeystore -srckeystore %s -deststoretype PKCS12 -destkeystore client.p12, and "
              "name "
              "that in pkcs12"}},
            {"\xff\xfe", 2, {"text in UTF-16", NULL, "write it as ASCII or UTF-8: iconv -f UTF-16 -t UTF-8 %s"}},
            {"\xfe\xff", 2, {"text in UTF-16", NULL, "write it as ASCII or UTF-8: iconv -f UTF-16 -t UTF-8 %s"}},
            {"PuTTY-User-Key-File",
             19,
             {"a private key in PuTTY's own format", NULL,
              "convert it: puttygen %s -O private-openssh-new, then ssh-keygen"}},
            {"ssh-", 4, {"a public key of SSH", NULL, "name a PEM file with an X.509 certificate and its key"}},
            {"ecdsa-sha2-", 11, {"a public key of SSH", NULL, "name a PEM file with an X.509 certificate and its key"}},
            {"MII",
             3,
             {"base64 without a BEGIN line", NULL,
              "put -----BEGIN CERTIFICATE----- before it and -----END CERTIFICATE----- after it, or decode it: it may "
              "be DER"}},
        };
        for (size_t i = 0; i < LENGTH(known); i++)
                if (content.n >= known[i].n && memcmp(content.p, known[i].bytes, known[i].n) == 0)
                        return &known[i].meaning;
        return NULL;
}

// --- what to say ---

static void set_hint(const struct meaning *found, enum pem_wanted wanted, const char *path, struct error *e)
{
        const char *convert = found->convert, *at = convert ? strstr(convert, "%s") : NULL;
        if (found == &pkcs12)
                (void)error_hint(e, "name it in pkcs12, instead of certificate and private_key");
        else if (at)
                (void)error_hint(e, "%.*s%s%s", (int)(at - convert), convert, path, at + 2);
        else if (convert)
                (void)error_hint(e, "%s", convert);
        else if (wanted == PEM_PKCS12)
                (void)error_hint(e, "set certificate and private_key instead: it looks like PEM");
        else if (wanted == PEM_PRIVATE_KEY)
                (void)error_hint(
                    e, "set private_key to the file with the certificate's private key (PKCS#8, PKCS#1 or SEC1)");
        else
                (void)error_hint(e, "set certificate to the file with the certificate, and private_key to this one");
}

// Whether it is of the kind that was wanted: then something else is wrong with it.
static bool is_as_wanted(const struct meaning *found, enum pem_wanted wanted, struct slice text)
{
        static const char *const keys[] = {
            [PEM_CERTIFICATE] = "certificate", [PEM_PRIVATE_KEY] = "private_key", [PEM_PKCS12] = "pkcs12"};
        if (!found || !found->key || found->convert)
                return false;
        bool has_key_too = wanted == PEM_PRIVATE_KEY && has(text, " PRIVATE KEY-----");
        return strcmp(found->key, keys[wanted]) == 0 || has_key_too;
}

bool pem_explain(struct slice content, enum pem_wanted wanted, const char *path, struct error *e)
{
        struct error named = *e;
        struct slice text = slice_starts_with(content, SLICE("\xef\xbb\xbf")) ? slice_from(content, 3) : content;
        bool is_der = content.n > 1 && content.p[0] == 0x30 && (content.p[1] & 0x80);
        const struct meaning *found = is_der ? of_der(content) : of_label(text);
        bool is_damaged_store = found == &other_der && wanted == PEM_PKCS12;
        if (is_as_wanted(found, wanted, text) || is_damaged_store)
                found = NULL;
        const char *damage = found || is_der ? NULL : of_damage(text);
        if (!found && !is_der && !damage)
                found = of_first_bytes(text);
        if (!found && !damage)
                return false;
        (void)error_set(e, named.kind, "%s: %s%s", named.message, found ? "it is " : "", found ? found->what : damage);
        if (found)
                set_hint(found, wanted, path, e);
        else
                (void)error_hint(e, "write the file again: -----BEGIN CERTIFICATE-----, lines of base64, -----END "
                                    "CERTIFICATE-----");
        return true;
}
