// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/query.h"

bool query_next(struct slice *rest, struct query_parameter *ret)
{
        while (rest->n > 0) {
                struct slice pair = slice_head(*rest, slice_find(*rest, '&'));
                *rest = slice_from(*rest, pair.n + 1);
                if (pair.n == 0)
                        continue;
                ret->name = slice_head(pair, slice_find(pair, '='));
                ret->value = slice_from(pair, ret->name.n + 1);
                return true;
        }
        return false;
}
