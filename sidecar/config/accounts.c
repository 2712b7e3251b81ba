// SPDX-License-Identifier: Apache-2.0
#include "sidecar/config/accounts.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "proto/mem/text.h"

#define RECORD_FIRST ((size_t)4096)
#define RECORD_LARGEST ((size_t)1024 * 1024)

static int ask(enum account_kind kind, const char *name, char *memory, size_t size, uint32_t *ret)
{
        if (kind == ACCOUNT_USER) {
                struct passwd record, *found = NULL;
                int r = getpwnam_r(name, &record, memory, size, &found);
                if (found)
                        *ret = record.pw_uid;
                return found ? 0 : (r ? -r : -ENOENT);
        }
        struct group record, *found = NULL;
        int r = getgrnam_r(name, &record, memory, size, &found);
        if (found)
                *ret = record.gr_gid;
        return found ? 0 : (r ? -r : -ENOENT);
}

int accounts_lookup_system(enum account_kind kind, const char *name, uint32_t *ret)
{
        int r = -ERANGE;
        for (size_t size = RECORD_FIRST; r == -ERANGE && size <= RECORD_LARGEST; size *= 4) {
                char *memory = malloc(size);
                if (!memory)
                        return -ENOMEM;
                r = ask(kind, name, memory, size, ret);
                free(memory);
        }
        // the manual lists these, too, for a name that is not there
        return r == -ESRCH || r == -EBADF || r == -EPERM ? -ENOENT : r;
}

int account_find(struct account_memo *memo, enum account_kind kind, struct slice name, uint32_t *ret)
{
        uint64_t number;
        if (text_parse_u64(name, &number) == 0) {
                if (number >= UINT32_MAX) // -1 means "nobody in particular" to the kernel
                        return -EINVAL;
                *ret = (uint32_t)number;
                return 0;
        }
        if (name.n < 1 || name.n >= ACCOUNT_NAME_SIZE || memchr(name.p, '\0', name.n))
                return -EINVAL;
        for (size_t i = 0; i < ACCOUNT_MEMO_N; i++) {
                if (memo->known[i].kind == kind && slice_eq(slice_str(memo->known[i].name), name)) {
                        *ret = memo->known[i].id;
                        return 0;
                }
        }
        char text[ACCOUNT_NAME_SIZE] = "";
        memcpy(text, name.p, name.n);
        int r = memo->lookup(kind, text, ret);
        if (r == 0) {
                memcpy(memo->known[memo->next].name, text, sizeof(text));
                memo->known[memo->next].kind = kind;
                memo->known[memo->next].id = *ret;
                memo->next = (memo->next + 1) % ACCOUNT_MEMO_N;
        }
        return r;
}
