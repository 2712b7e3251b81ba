// SPDX-License-Identifier: Apache-2.0
// Files and directories of several owners and modes. Other owners need root; the rest runs for everybody.
#include "sidecar/base/file_trust.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/folder.h"
#include "tests/unit/unit.h"

enum { OTHER_UID = 54321, SELF = -1 };

static const struct file_trust nothing = {NULL, 0};

struct node {
        const char *path; // below the folder
        const char *link; // its target; NULL: none
        mode_t mode;
        int uid;
        bool is_directory;
};

#define DIRECTORY(name, mode_)                                                                                         \
        {                                                                                                              \
                .path = (name), .mode = (mode_), .uid = SELF, .is_directory = true                                     \
        }
#define REGULAR(name, mode_)                                                                                           \
        {                                                                                                              \
                .path = (name), .mode = (mode_), .uid = SELF                                                           \
        }
#define LINK(name, target)                                                                                             \
        {                                                                                                              \
                .path = (name), .link = (target), .uid = SELF                                                          \
        }

static void make(const struct folder *folder, const struct node *node)
{
        char path[512];
        snprintf(path, sizeof(path), "%s/%s", folder->path, node->path);
        if (node->link) {
                char target[512];
                bool is_absolute = node->link[0] == '/';
                snprintf(target, sizeof(target), "%s%s", is_absolute ? folder->path : "", node->link);
                assert_int_equal(symlink(target, path), 0);
        } else if (node->is_directory) {
                assert_int_equal(mkdir(path, 0700), 0);
        } else {
                int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
                assert_true(fd >= 0);
                close(fd);
        }
        if (!node->link)
                assert_int_equal(chmod(path, node->mode), 0);
        if (node->uid != SELF)
                assert_int_equal(lchown(path, (uid_t)node->uid, (gid_t)-1), 0);
}

enum { NODES_MAX = 5 };

static const struct row {
        const char *why; // in the message; NULL: good
        bool needs_root;
        struct node nodes[NODES_MAX];
        const char *file; // that is judged; NULL: the last node
} rows[] = {
    {NULL, false, {REGULAR("f", 0600)}, NULL},
    {NULL, false, {REGULAR("f", 0644)}, NULL},
    {"/f: can be written by every user (mode 0666)", false, {REGULAR("f", 0666)}, NULL},
    {"/f: can be written by every user (mode 0602)", false, {REGULAR("f", 0602)}, NULL},
    {"/f: can be written by its group (mode 0660)", true, {REGULAR("f", 0660)}, NULL},
    {"/f: belongs to uid 54321", true, {{.path = "f", .mode = 0600, .uid = OTHER_UID}}, NULL},
    // what leads there
    {NULL, false, {DIRECTORY("d", 0755), REGULAR("d/f", 0600)}, NULL},
    {"/d: can be written by every user (mode 0777)", false, {DIRECTORY("d", 0777), REGULAR("d/f", 0600)}, NULL},
    {"/d: can be written by its group (mode 0770)", true, {DIRECTORY("d", 0770), REGULAR("d/f", 0600)}, NULL},
    {"/d: can be written by every user (mode 0777)",
     false,
     {DIRECTORY("d", 0777), DIRECTORY("d/e", 0700), REGULAR("d/e/f", 0600)},
     NULL},
    {"/d: belongs to uid 54321",
     true,
     {{.path = "d", .mode = 0755, .uid = OTHER_UID, .is_directory = true}, REGULAR("d/f", 0600)},
     NULL},
    // as /tmp, and the root of a volume in memory
    {NULL, false, {DIRECTORY("d", 01777), REGULAR("d/f", 0600)}, NULL},
    {"/f: belongs to uid 54321", true, {DIRECTORY("d", 01777), {.path = "d/f", .mode = 0600, .uid = OTHER_UID}}, NULL},
    {"/d: belongs to uid 54321",
     true,
     {{.path = "d", .mode = 01777, .uid = OTHER_UID, .is_directory = true}, REGULAR("d/f", 0600)},
     NULL},
    // what is not there yet
    {NULL, false, {DIRECTORY("d", 0755)}, "d/f"},
    {NULL, false, {DIRECTORY("d", 0755)}, "d/e/f"},
    {NULL, false, {DIRECTORY("d", 01777)}, "d/f"}, // judged again when it is read
    {"/d: can be written by every user (mode 0777)", false, {DIRECTORY("d", 0777)}, "d/e/f"},
    // links: a projected volume, and those that can be replaced
    {NULL,
     false,
     {DIRECTORY("v", 01777), DIRECTORY("v/..1", 0755), REGULAR("v/..1/f", 0644), LINK("v/..data", "..1"),
      LINK("v/f", "..data/f")},
     NULL},
    {"/d: can be written by every user", false, {DIRECTORY("d", 0777), REGULAR("d/f", 0600), LINK("f", "d/f")}, NULL},
    {"/d: can be written by every user", false, {REGULAR("f", 0600), DIRECTORY("d", 0777), LINK("d/l", "/f")}, NULL},
    {"/d: can be written by every user",
     false,
     {REGULAR("f", 0600), DIRECTORY("d", 0777), LINK("d/m", "/f"), LINK("l", "d/m")},
     NULL},
    {"/l: belongs to uid 54321",
     true,
     {REGULAR("f", 0600), DIRECTORY("d", 01777), {.path = "d/l", .link = "/f", .uid = OTHER_UID}},
     NULL},
    {"/d: can be written by every user", false, {DIRECTORY("d", 0777), LINK("d/l", "/none")}, NULL},
    {NULL, false, {LINK("a", "b"), LINK("b", "a")}, NULL}, // whoever opens it reports that
    {NULL, false, {REGULAR("f", 0600), DIRECTORY("d", 0700)}, "d/../f"},
    {NULL, false, {REGULAR("f", 0600)}, "./f"},
    {NULL, false, {REGULAR("f", 0600)}, "f/g"},
};

static int check(const struct folder *folder, const struct row *row, const struct file_trust *trust, struct error *e)
{
        char path[512];
        size_t last = 0;
        while (last + 1 < NODES_MAX && row->nodes[last + 1].path)
                last++;
        snprintf(path, sizeof(path), "%s/%s", folder->path, row->file ? row->file : row->nodes[last].path);
        *e = (struct error){.kind = ERROR_NONE};
        return file_trust_check(trust, path, "token file", e);
}

static void judges_the_file_and_what_leads_to_it(void **state)
{
        (void)state;
        for (size_t i = 0; i < LENGTH(rows); i++) {
                const struct row *row = &rows[i];
                struct folder folder;
                struct error e;
                if (row->needs_root && geteuid() != 0)
                        continue;
                folder_make(&folder);
                for (size_t k = 0; k < NODES_MAX && row->nodes[k].path; k++)
                        make(&folder, &row->nodes[k]);
                int r = check(&folder, row, &nothing, &e);
                if (r != (row->why ? -1 : 0) || (row->why && !strstr(e.message, row->why)))
                        fail_msg("row %zu: %d %s", i, r, e.message);
                if (row->why) {
                        assert_int_equal(e.kind, ERROR_CONFIG);
                        assert_int_equal(strncmp(e.message, "token file /", 12), 0);
                        assert_non_null(strstr(e.hint, "trusted_directories"));
                }
                // What the operator vouches for is not judged.
                const char *directories[] = {"/nowhere", folder.path};
                const struct file_trust all = {directories, LENGTH(directories)};
                assert_int_equal(check(&folder, row, &all, &e), 0);
                assert_int_equal(check(&folder, row, NULL, &e), 0);
                folder_remove_all(&folder);
        }
}

// A directory is trusted with what is in it, under the name without links, too, but nothing with a name like it.
static void trusts_a_directory_and_nothing_beside_it(void **state)
{
        (void)state;
        struct folder folder;
        struct error e;
        char trusted[256], path[300];
        folder_make(&folder);
        static const struct node nodes[] = {DIRECTORY("v", 0777), REGULAR("v/f", 0666), DIRECTORY("vv", 0777),
                                            REGULAR("vv/f", 0666), LINK("l", "v")};
        for (size_t i = 0; i < LENGTH(nodes); i++)
                make(&folder, &nodes[i]);
        static const struct {
                const char *file;
                int result;
        } files[] = {{"v/f", 0}, {"v/none", 0}, {"l/f", 0}, {"vv/f", -1}, {"v/../vv/f", -1}, {"v//f", 0}};
        for (int slashes = 0; slashes < 3; slashes++) {
                snprintf(trusted, sizeof(trusted), "%s/v%.*s", folder.path, slashes, "//");
                const char *directories[] = {trusted};
                const struct file_trust trust = {directories, 1};
                for (size_t i = 0; i < LENGTH(files); i++) {
                        snprintf(path, sizeof(path), "%s/%s", folder.path, files[i].file);
                        if (file_trust_check(&trust, path, "file", &e) != files[i].result)
                                fail_msg("%s", path);
                        assert_int_equal(file_trust_is_open(&trust, path), files[i].result != 0);
                        assert_int_equal(file_trust_is_open(&nothing, path), strcmp(files[i].file, "v/none") != 0);
                }
        }
        folder_remove_all(&folder);
}

static void tells_what_every_user_may_read(void **state)
{
        (void)state;
        static const struct {
                mode_t mode;
                bool is_open;
        } modes[] = {{0600, false}, {0640, false}, {0660, false}, {0604, true}, {0644, true}, {0004, true}};
        struct folder folder;
        char path[128];
        folder_make(&folder);
        static const struct node file = REGULAR("f", 0600);
        make(&folder, &file);
        folder_name(&folder, "f", path, sizeof(path));
        for (size_t i = 0; i < LENGTH(modes); i++) {
                assert_int_equal(chmod(path, modes[i].mode), 0);
                assert_int_equal(file_trust_is_open(&nothing, path), modes[i].is_open);
        }
        assert_false(file_trust_is_open(&nothing, folder.path)); // a directory has no secrets of its own
        assert_false(file_trust_is_open(&nothing, "/nowhere"));
        folder_remove_all(&folder);
}

static void finds_what_is_below_a_directory(void **state)
{
        (void)state;
        static const struct {
                const char *path, *directory;
                bool is_below;
        } cases[] = {
            {"d/f", "d", true},
            {"d/none", "d", true},
            {"d/none/x", "d", true},
            {"d", "d", true},
            {"d/f", "", true},
            {"f", "d", false},
            {"d/../f", "d", false},
            {"d/e/../f", "d", true},
            {"d/none/../../f", "d", false},
            {"dd/f", "d", false},
            {"d/out", "d", false},
            {"l/f", "d", true},
            {"d/f", "l", true},
            {"d/out/x", "d", false},
            {"d/loop", "d", false},
            {"d/f", "d/loop", false},
            {"d/none/../../f", "", true},
            {"d/dangling", "d", false},
            {"d/f", "none", false},
        };
        static const struct node nodes[] = {DIRECTORY("d", 0700),       DIRECTORY("d/e", 0700), REGULAR("d/f", 0600),
                                            REGULAR("f", 0600),         DIRECTORY("dd", 0700),  REGULAR("dd/f", 0600),
                                            LINK("d/out", "../f"),      LINK("l", "d"),         LINK("d/loop", "loop"),
                                            LINK("d/dangling", "/none")};
        struct folder folder;
        folder_make(&folder);
        for (size_t i = 0; i < LENGTH(nodes); i++)
                make(&folder, &nodes[i]);
        for (size_t i = 0; i < LENGTH(cases); i++) {
                char path[256], directory[256];
                snprintf(path, sizeof(path), "%s/%s", folder.path, cases[i].path);
                snprintf(directory, sizeof(directory), "%s/%s", folder.path, cases[i].directory);
                if (file_trust_is_below(path, directory) != cases[i].is_below)
                        fail_msg("%s in %s", cases[i].path, cases[i].directory);
        }
        assert_true(file_trust_is_below("/etc/passwd", "/"));
        folder_remove_all(&folder);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(judges_the_file_and_what_leads_to_it),
            cmocka_unit_test(trusts_a_directory_and_nothing_beside_it),
            cmocka_unit_test(tells_what_every_user_may_read),
            cmocka_unit_test(finds_what_is_below_a_directory),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
