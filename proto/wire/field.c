// SPDX-License-Identifier: Apache-2.0
#include "proto/wire/field.h"

#include "proto/mem/text.h"

bool field_is_name(struct slice name)
{
        for (size_t i = 0; i < name.n; i++) {
                uint8_t c = name.p[i];
                if (!text_is_unreserved(c) && (c == 0 || strchr("!#$%&'*+^`|", c) == NULL))
                        return false;
        }
        return name.n > 0;
}

bool field_is_value(struct slice value)
{
        for (size_t i = 0; i < value.n; i++)
                if ((value.p[i] < ' ' && value.p[i] != '\t') || value.p[i] == 0x7f)
                        return false;
        return true;
}
