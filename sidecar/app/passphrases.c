// SPDX-License-Identifier: Apache-2.0
#include "sidecar/app/passphrases.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "proto/mem/buffer.h"
#include "proto/wire/limits.h"
#include "sidecar/config/settings.h"
#include "sidecar/signing/x509.h"

enum { READ_TIMEOUT_MS = 10000, READ_SIZE = 1024 };

static int64_t now_ms(void)
{
        struct timespec now = {0};
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int check_descriptor(int descriptor, struct error *e)
{
        struct stat st;
        int listens = 0;
        socklen_t size = sizeof(listens);
        if (fstat(descriptor, &st) < 0) {
                error_set(e, ERROR_CONFIG, "descriptor %d is not open", descriptor);
                return error_hint(e, "start the agent with it open: keyfobd … %d<FILE, or OpenFile= in a systemd unit",
                                  descriptor);
        }
        bool is_socket = S_ISSOCK(st.st_mode);
        (void)getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size);
        if (S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode) || (is_socket && !listens))
                return 0;
        error_set(e, ERROR_CONFIG, "descriptor %d is not a file, pipe or connected socket", descriptor);
        return error_hint(e, "count past the sockets: systemd passes them first, from descriptor 3 on");
}

static int read_all(int descriptor, struct buffer *text, struct error *e)
{
        int64_t until_ms = now_ms() + READ_TIMEOUT_MS;
        for (;;) {
                struct pollfd fd = {.fd = descriptor, .events = POLLIN};
                int64_t left_ms = until_ms - now_ms();
                int ready = poll(&fd, 1, left_ms > 0 ? (int)left_ms : 0);
                if (ready == 0) {
                        error_set(e, ERROR_CONFIG, "descriptor %d: the passphrase has no end after %d s", descriptor,
                                  READ_TIMEOUT_MS / 1000);
                        return error_hint(e, "close the other end of the pipe after writing the passphrase");
                }
                uint8_t *to = buffer_reserve(text, READ_SIZE);
                if (!to && text->no_memory)
                        return error_set(e, ERROR_INTERNAL, "out of memory");
                if (!to) {
                        error_set(e, ERROR_CONFIG, "descriptor %d: longer than a passphrase can be", descriptor);
                        return error_hint(e, "write the passphrase alone, on one line");
                }
                ssize_t n = ready < 0 ? -1 : read(descriptor, to, READ_SIZE);
                if (n < 0 && (errno == EINTR || errno == EAGAIN))
                        continue;
                if (n < 0)
                        return error_set_errno(e, ERROR_CONFIG, "descriptor %d", descriptor);
                if (n == 0)
                        return 0;
                buffer_commit(text, (size_t)n);
        }
}

static int take(struct passphrases *p, int descriptor, struct error *e)
{
        struct buffer text;
        if (p->count == PASSPHRASES_MAX)
                return error_set(e, ERROR_CONFIG, "more than %d descriptors", PASSPHRASES_MAX);
        if (check_descriptor(descriptor, e) < 0)
                return -1;
        buffer_init(&text, LIMIT_SECRET_FILE);
        int result = read_all(descriptor, &text, e);
        (void)close(descriptor);
        struct slice line = x509_passphrase_line(buffer_slice(&text));
        if (result == 0 && line.n == 0) {
                error_set(e, ERROR_CONFIG, "descriptor %d: the passphrase is empty", descriptor);
                result = error_hint(e, "let nothing read it before the agent does: it can be read once only");
        }
        if (result == 0 && secret_copy(&p->list[p->count].text, line) < 0)
                result = error_set(e, ERROR_INTERNAL, "out of memory");
        if (result == 0)
                p->list[p->count++].descriptor = descriptor;
        buffer_free(&text);
        return result;
}

static const struct secret *find(const struct passphrases *p, int descriptor)
{
        for (unsigned i = 0; i < p->count; i++)
                if (p->list[i].descriptor == descriptor)
                        return &p->list[i].text;
        return NULL;
}

static int give(struct passphrases *p, struct profile *profile, struct error *e)
{
        int descriptor = (int)profile->roles_anywhere.private_key_passphrase_fd; // at most 1023
        if (descriptor == 0)
                return 0;
        if (!find(p, descriptor) && p->is_sealed) {
                error_set(e, ERROR_CONFIG, "descriptor %d was not read when the agent started", descriptor);
                return error_hint(e, "restart the agent with it open: descriptors are inherited at the start only");
        }
        if (!find(p, descriptor) && take(p, descriptor, e) < 0)
                return -1;
        profile->roles_anywhere.private_key_passphrase = *find(p, descriptor);
        return 0;
}

int passphrases_give(struct passphrases *p, struct settings *settings, struct error *e)
{
        for (size_t i = 0; i < settings->profiles_count; i++)
                if (give(p, &settings->profiles[i], e) < 0)
                        return error_context(e, "profile %s: private_key_passphrase_fd", settings->profiles[i].name);
        return 0;
}

void passphrases_seal(struct passphrases *p)
{
        p->is_sealed = true;
}

void passphrases_free(struct passphrases *p)
{
        for (unsigned i = 0; i < p->count; i++)
                secret_clear(&p->list[i].text);
        p->count = 0;
}
