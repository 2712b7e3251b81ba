// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/user.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/wire/limits.h"

void users_init(struct users *users, size_t connections_max)
{
        static const size_t max[USER_POOL_COUNT] = {
            [USER_CONNECTIONS] = LIMIT_CONNECTIONS_N,
            [USER_WAITS] = LIMIT_CONNECTIONS_N,
            [USER_INPUT] = (size_t)48 * 1024 * 1024,
            [USER_OUTPUT] = (size_t)32 * 1024 * 1024,
        };
        *users = (struct users){0};
        for (size_t i = 0; i < USER_POOL_COUNT; i++)
                users->max[i] = max[i];
        if (connections_max > 0 && connections_max < LIMIT_CONNECTIONS_N)
                users->max[USER_CONNECTIONS] = users->max[USER_WAITS] = connections_max;
}

int account_open(struct account *a, struct users *users, uid_t uid)
{
        struct user *u = users->first;
        while (u && u->uid != uid)
                u = u->next;
        if (!u) {
                u = calloc(1, sizeof(*u));
                if (!u)
                        return -1;
                u->uid = uid;
                TAILQ_INIT(&u->ready);
                u->next = users->first;
                users->first = u;
        }
        u->accounts++;
        *a = (struct account){.users = users, .user = u};
        return 0;
}

static void change(struct account *a, enum user_pool pool, size_t n)
{
        size_t before = a->held[pool];
        a->held[pool] = n;
        a->user->used[pool] += n - before; // unsigned arithmetic: also right if n < before
        a->users->used[pool] += n - before;
}

bool account_set(struct account *a, enum user_pool pool, size_t n)
{
        size_t before = a->held[pool];
        size_t all_after = a->users->used[pool] - before + n;
        size_t max = a->users->max[pool];
        if (n > before && (all_after > max || a->user->used[pool] - before + n > max - all_after))
                return false;
        change(a, pool, n);
        return true;
}

void account_lower(struct account *a, enum user_pool pool, size_t n)
{
        assert(n <= a->held[pool]);
        change(a, pool, n);
}

static void remove_user(struct users *users, struct user *u)
{
        struct user **link = &users->first;
        while (*link != u)
                link = &(*link)->next;
        *link = u->next;
        for (size_t i = 0; i < USER_POOL_COUNT; i++)
                assert(u->used[i] == 0);
        assert(TAILQ_EMPTY(&u->ready));
        free(u);
}

void account_close(struct account *a)
{
        if (!a->user)
                return;
        for (enum user_pool pool = 0; pool < USER_POOL_COUNT; pool++)
                account_lower(a, pool, 0);
        if (--a->user->accounts == 0)
                remove_user(a->users, a->user);
        a->user = NULL;
}
