// SPDX-License-Identifier: Apache-2.0
#include "sidecar/io/unix_group.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>

#include "proto/mem/text.h"

enum {
        RECORD_SIZE = 4096, // enough for most groups; those with very many members need more
        RECORD_MAX = 4 * 1024 * 1024
};

static int look_up(const char *name, gid_t *ret, struct error *e)
{
        for (size_t size = RECORD_SIZE; size <= RECORD_MAX; size *= 4) {
                struct group record;
                struct group *found = NULL;
                char *room = malloc(size);
                if (!room)
                        return error_set(e, ERROR_INTERNAL, "out of memory");
                int number = getgrnam_r(name, &record, room, size, &found);
                gid_t gid = found ? found->gr_gid : 0;
                free(room);
                if (found) {
                        *ret = gid;
                        return 0;
                }
                if (number != ERANGE)
                        break;
        }
        error_set(e, ERROR_CONFIG, "there is no group \"%s\" here", name);
        return error_hint(e, "check with: getent group %s; in a container, give the group's number", name);
}

int unix_group_find(const char *group, gid_t *ret, struct error *e)
{
        uint64_t number = 0;
        int r = text_parse_u64(slice_str(group), &number);
        if (r == 0 && number < UINT32_MAX) { // the largest means "no change" to chown(2)
                *ret = (gid_t)number;
                return 0;
        }
        if (r == 0 || r == -ERANGE)
                return error_set(e, ERROR_CONFIG, "\"%s\" is not the number of a group", group);
        return look_up(group, ret, e);
}
