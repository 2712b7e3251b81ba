// SPDX-License-Identifier: Apache-2.0
#include "sidecar/server/query.h"

#include "proto/mem/length.h"
#include "proto/mem/text.h"

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

int query_seconds(struct slice value, int64_t *ret_s)
{
        static const struct {
                uint8_t unit;
                int64_t seconds;
        } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
        int64_t unit_s = 1;
        for (size_t i = 0; value.n > 0 && i < LENGTH(units); i++) {
                if (value.p[value.n - 1] == units[i].unit) {
                        unit_s = units[i].seconds;
                        value.n--;
                        break;
                }
        }
        uint64_t number = 0;
        if (text_parse_u64(value, &number) < 0 || number > UINT32_MAX)
                return -1;
        *ret_s = (int64_t)number * unit_s;
        return 0;
}
