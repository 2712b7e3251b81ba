// SPDX-License-Identifier: Apache-2.0
// The passphrase of a private key, or the PIN of a token. Comes from a file or from a descriptor that the agent read at
// its start. No terminal is ever asked.
#include <openssl/ui.h>

#include "proto/wire/limits.h"
#include "sidecar/base/file.h"
#include "sidecar/signing/x509_internal.h"

// OpenSSL calls this when it needs a passphrase.
static int answer(char *buffer, int size, int writing, void *context)
{
        struct x509_passphrase *passphrase = context;
        (void)writing;
        passphrase->asked = true;
        if (!passphrase->given)
                return -1;
        if (passphrase->text.n > (size_t)size) {
                passphrase->too_long = true;
                return -1;
        }
        if (passphrase->text.n > 0)
                memcpy(buffer, passphrase->text.p, passphrase->text.n);
        return (int)passphrase->text.n;
}

UI_METHOD *x509_passphrase_ui(void)
{
        return UI_UTIL_wrap_read_pem_callback(answer, 0);
}

static int from_file(const char *path, struct x509_passphrase *ret, struct error *e)
{
        if (file_read(path, "passphrase", &ret->text, e) < 0)
                return -1;
        struct slice line = x509_passphrase_line(buffer_slice(&ret->text));
        ret->text.n = line.n;
        ret->given = true;
        if (line.n > 0)
                return 0;
        error_set(e, ERROR_CONFIG, "%s: this passphrase file is empty", path);
        return error_hint(e, "write the passphrase to it, or remove private_key_passphrase_file");
}

struct slice x509_passphrase_line(struct slice text)
{
        if (text.n > 0 && text.p[text.n - 1] == '\n')
                text.n--;
        if (text.n > 0 && text.p[text.n - 1] == '\r')
                text.n--;
        return text;
}

int x509_passphrase_read(const struct x509_paths *paths, struct x509_passphrase *ret, struct error *e)
{
        *ret = (struct x509_passphrase){.key = "private_key_passphrase_file"};
        buffer_init(&ret->text, LIMIT_SECRET_FILE);
        if (paths->passphrase_file)
                return from_file(paths->passphrase_file, ret, e);
        if (paths->passphrase.n == 0)
                return 0;
        ret->key = "private_key_passphrase_fd";
        ret->given = true;
        return buffer_put(&ret->text, paths->passphrase) < 0 ? error_set(e, ERROR_INTERNAL, "out of memory") : 0;
}

void x509_passphrase_free(struct x509_passphrase *passphrase)
{
        buffer_free(&passphrase->text);
}
