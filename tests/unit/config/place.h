// SPDX-License-Identifier: Apache-2.0
// For tests of what is read from files: a folder of the test's own that it works in.
#ifndef TESTS_UNIT_CONFIG_PLACE_H
#define TESTS_UNIT_CONFIG_PLACE_H

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/config/support.h"
#include "tests/unit/folder.h"

struct place {
        struct folder root;
        char old[4096]; // where we were
};

static inline int place_enter(void **state)
{
        struct place *place = calloc(1, sizeof(*place));
        assert_non_null(place);
        folder_make(&place->root);
        assert_non_null(getcwd(place->old, sizeof(place->old)));
        assert_int_equal(chdir(place->root.path), 0);
        *state = place;
        return 0;
}

static inline int place_leave(void **state)
{
        struct place *place = *state;
        assert_int_equal(chdir(place->old), 0);
        folder_remove_all(&place->root);
        free(place);
        return 0;
}

#define IN_PLACE(function) cmocka_unit_test_setup_teardown(function, place_enter, place_leave)

#endif
