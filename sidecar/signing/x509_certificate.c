// SPDX-License-Identifier: Apache-2.0
// Reads certificates from PEM files, and a certificate's serial, subject and dates.
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <time.h>

#include "proto/mem/text.h"
#include "proto/mem/time.h"
#include "proto/wire/limits.h"
#include "sidecar/signing/pem.h"
#include "sidecar/signing/x509_internal.h"

const char *x509_reason(void)
{
        const char *reason = ERR_reason_error_string(ERR_peek_last_error());
        ERR_clear_error();
        return reason ? reason : "no reason given";
}

// Certificates are not encrypted. If OpenSSL asks for a passphrase anyway, this answers that there is none; by default,
// OpenSSL would ask on the terminal.
static int no_passphrase(char *buffer, int size, int writing, void *context)
{
        (void)buffer;
        (void)size;
        (void)writing;
        (void)context;
        return -1;
}

static int none_read(const char *path, const char *what, struct slice content, struct error *e)
{
        error_set(e, ERROR_CONFIG, "%s: no certificate in this %s file", path, what);
        if (pem_explain(content, PEM_CERTIFICATE, path, e))
                return -1;
        return error_hint(e, "write it as PEM, which begins with -----BEGIN CERTIFICATE-----");
}

// Reads to the end of the file, which OpenSSL reports as PEM_R_NO_START_LINE.
static int read_all(BIO *bio, STACK_OF(X509) * list, const char *path, struct error *e)
{
        for (;;) {
                X509 *certificate = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
                if (certificate && sk_X509_push(list, certificate) > 0)
                        continue;
                if (certificate) {
                        X509_free(certificate);
                        return error_set(e, ERROR_INTERNAL, "%s: out of memory", path);
                }
                unsigned long code = ERR_peek_last_error();
                if (ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE) {
                        ERR_clear_error();
                        return 0;
                }
                error_set(e, ERROR_CONFIG, "%s: certificate %d cannot be read: %s", path, sk_X509_num(list) + 1,
                          x509_reason());
                return error_hint(e, "write the file again: it is damaged or incomplete");
        }
}

STACK_OF(X509) * x509_certificates_parse(struct slice content, const char *path, const char *what, struct error *e)
{
        struct buffer tidy;
        buffer_init(&tidy, (size_t)2 * LIMIT_KEY_FILE);
        int tidied = pem_tidy(content, &tidy);
        ERR_clear_error();
        BIO *bio = tidied < 0 ? NULL : BIO_new_mem_buf(tidy.n > 0 ? tidy.p : (const uint8_t *)"", (int)tidy.n);
        STACK_OF(X509) *list = sk_X509_new_null();
        int r = bio && list ? read_all(bio, list, path, e) : error_set(e, ERROR_INTERNAL, "%s: out of memory", path);
        if (r == 0 && sk_X509_num(list) == 0)
                r = none_read(path, what, content, e);
        BIO_free(bio);
        buffer_free(&tidy); // a private key may stand beside the certificate
        if (r == 0)
                return list;
        sk_X509_pop_free(list, X509_free);
        return NULL;
}

STACK_OF(X509) * x509_certificates_read(const char *path, const char *what, struct error *e)
{
        struct buffer content;
        STACK_OF(X509) *list = NULL;
        if (x509_file_read(path, what, "write the certificate to it, as PEM", &content, e) == 0)
                list = x509_certificates_parse(buffer_slice(&content), path, what, e);
        buffer_free(&content); // wipes it: the file may also contain the private key
        return list;
}

static char *serial_of(X509 *certificate)
{
        BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
        char *text = number ? BN_bn2dec(number) : NULL;
        char *copy = text ? strdup(text) : NULL;
        OPENSSL_free(text);
        BN_free(number);
        return copy;
}

char *x509_subject(X509 *certificate)
{
        BIO *bio = BIO_new(BIO_s_mem());
        char *copy = NULL, *text = NULL;
        if (bio && X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) >= 0) {
                long n = BIO_get_mem_data(bio, &text); // without a NUL
                copy = n >= 0 ? calloc(1, (size_t)n + 1) : NULL;
                if (copy && n > 0)
                        memcpy(copy, text, (size_t)n);
        }
        BIO_free(bio);
        return copy;
}

int x509_describe(X509 *certificate, struct x509_identity *identity, struct error *e)
{
        identity->serial = serial_of(certificate);
        identity->subject = x509_subject(certificate);
        if (identity->serial && identity->subject)
                return 0;
        return error_set(e, ERROR_INTERNAL, "OpenSSL could not print the certificate's serial or subject");
}

static bool to_seconds(const ASN1_TIME *time, int64_t *ret)
{
        struct tm parts;
        bool good = ASN1_TIME_to_tm(time, &parts);
        *ret = good ? timegm(&parts) : 0;
        return good;
}

bool x509_dates(X509 *certificate, int64_t *ret_from_s, int64_t *ret_until_s)
{
        return to_seconds(X509_get0_notBefore(certificate), ret_from_s) &&
               to_seconds(X509_get0_notAfter(certificate), ret_until_s);
}

void x509_format_date(int64_t time_s, char out[TIME_RFC3339_SIZE])
{
        static const char unknown[TIME_RFC3339_SIZE] = "outside 1970..9999";
        if (time_format_rfc3339(time_s, out) < 0)
                memcpy(out, unknown, sizeof(unknown));
}

int x509_check_dates(X509 *certificate, const char *path, int64_t now_s, struct x509_identity *identity,
                     struct error *e)
{
        int64_t from_s = 0, until_s = 0;
        if (!x509_dates(certificate, &from_s, &until_s)) {
                error_set(e, ERROR_CONFIG, "%s: the certificate's dates cannot be read: %s", path, x509_reason());
                return error_hint(e, "ask its issuer for a new one");
        }
        identity->not_after_s = until_s;
        if (now_s >= from_s && now_s <= until_s)
                return 0;
        char date[TIME_RFC3339_SIZE], now[TIME_RFC3339_SIZE], away[TIME_DURATION_SIZE];
        bool early = now_s < from_s;
        x509_format_date(early ? from_s : until_s, date);
        x509_format_date(now_s, now);
        time_format_duration(early ? from_s - now_s : now_s - until_s, away);
        if (early) {
                error_set(e, ERROR_CONFIG, "%s: the certificate is not valid before %s, in %s (subject %s, serial %s)",
                          path, date, away, identity->subject, identity->serial);
                return error_hint(e, "wait until then, or check this machine's clock, which shows %s", now);
        }
        error_set(e, ERROR_CONFIG, "%s: the certificate expired at %s, %s ago (subject %s, serial %s)", path, date,
                  away, identity->subject, identity->serial);
        return error_hint(
            e, "renew the certificate; if it should still be valid, check this machine's clock, which shows %s", now);
}

int x509_put_base64(X509 *certificate, struct buffer *out)
{
        unsigned char *der = NULL;
        int n = i2d_X509(certificate, &der);
        if (n < 0)
                return -1;
        int r = text_base64_encode(slice_of(der, (size_t)n), out);
        OPENSSL_free(der);
        return r;
}
