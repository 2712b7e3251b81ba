// SPDX-License-Identifier: Apache-2.0
// Walks a path name by name, as the kernel does, so that the directories that links lead through are seen, too.
#include "sidecar/base/file_trust.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { LINKS_MAX = 40, ACCOUNT_SIZE = 16 * 1024 };

struct walk {
        const struct file_trust *trust; // NULL: nothing is judged
        const char *path, *what;
        struct error *e;
        char at[FILE_TRUST_PATH_SIZE];   // where it is, without links; "" for the root
        char rest[FILE_TRUST_PATH_SIZE]; // what is still to be walked
        unsigned links;
        bool is_missing; // from `at` on nothing exists
        bool has_failed; // the rest could not be walked
};

// --- who may write ---

// A group that was made for one user alone (Debian's USERGROUPS), of whom the file is.
static bool is_private_group(const struct stat *about)
{
        char text[ACCOUNT_SIZE];
        struct passwd user, *found_user = NULL;
        if (about->st_uid == 0 || getpwuid_r(about->st_uid, &user, text, sizeof(text), &found_user) != 0 ||
            !found_user || user.pw_gid != about->st_gid)
                return false;
        char name[256];
        if (snprintf(name, sizeof(name), "%s", user.pw_name) >= (int)sizeof(name))
                return false;
        struct group group, *found_group = NULL;
        if (getgrgid_r(about->st_gid, &group, text, sizeof(text), &found_group) != 0 || !found_group)
                return false;
        for (char **member = group.gr_mem; *member; member++)
                if (strcmp(*member, name) != 0)
                        return false;
        return strcmp(group.gr_name, name) == 0;
}

static bool is_ours(const struct stat *about)
{
        return about->st_uid == 0 || about->st_uid == geteuid();
}

static const char *other_writer(const struct stat *about)
{
        if (about->st_mode & S_IWOTH)
                return "every user";
        return (about->st_mode & S_IWGRP) && !is_private_group(about) ? "its group" : NULL;
}

// As volumes of ConfigMaps are, whose directories have mode 0777.
static bool is_read_only(const char *at)
{
        struct statvfs about;
        return statvfs(at[0] ? at : "/", &about) == 0 && (about.f_flag & ST_RDONLY);
}

// `path` as in messages: a directory or a link on the way is named, too.
static int refuse(const struct walk *w, const char *at, const char *why, struct error *e)
{
        bool is_itself = strcmp(at, w->path) == 0;
        return error_set(e, ERROR_CONFIG, "%s %s%s%s: %s", w->what, w->path, is_itself ? "" : ": ", is_itself ? "" : at,
                         why);
}

static int judge(const struct walk *w, const char *at, const struct stat *about)
{
        if (!S_ISREG(about->st_mode) && !S_ISDIR(about->st_mode) && !S_ISLNK(about->st_mode))
                return 0; // a device or a pipe: its reader refuses it
        char why[128];
        const char *writer = S_ISLNK(about->st_mode) ? NULL : other_writer(about);
        bool is_sticky = S_ISDIR(about->st_mode) && (about->st_mode & S_ISVTX);
        if (!is_ours(about)) {
                (void)snprintf(why, sizeof(why), "belongs to uid %lu, expected root or uid %lu",
                               (unsigned long)about->st_uid, (unsigned long)geteuid());
                (void)refuse(w, at, why, w->e);
                return error_hint(w->e, "change its owner; or, if it comes from a mounted volume, trust its directory: "
                                        "\"trusted_directories\", or keyfobd --trusted-directory");
        }
        if (!writer || is_sticky || is_read_only(at))
                return 0;
        (void)snprintf(why, sizeof(why), "can be written by %s (mode %04o)", writer, (unsigned)about->st_mode & 07777);
        (void)refuse(w, at, why, w->e);
        return error_hint(w->e,
                          "run chmod go-w %s; or, if it comes from a mounted volume, trust its directory: "
                          "\"trusted_directories\", or keyfobd --trusted-directory",
                          at);
}

// --- the walk ---

static bool starts_with_directory(const char *path, const char *directory)
{
        size_t n = strlen(directory);
        while (n > 0 && directory[n - 1] == '/')
                n--;
        return strncmp(path, directory, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

// In the form without links as well as in that in which it was configured.
static bool is_trusted(const struct walk *w, const char *at)
{
        if (!w->trust)
                return true;
        bool is_plain = !strstr(w->path, "/..");
        for (size_t i = 0; i < w->trust->count; i++)
                if (starts_with_directory(at, w->trust->directories[i]) ||
                    (is_plain && starts_with_directory(w->path, w->trust->directories[i])))
                        return true;
        return false;
}

// Takes the next name off the rest. False: there is none.
static bool next_name(struct walk *w, char name[FILE_TRUST_PATH_SIZE])
{
        size_t start = strspn(w->rest, "/");
        size_t n = strcspn(w->rest + start, "/");
        if (n == 0)
                return false;
        memcpy(name, w->rest + start, n);
        name[n] = '\0';
        memmove(w->rest, w->rest + start + n, strlen(w->rest + start + n) + 1);
        return true;
}

// 0, or -1: it gets too long.
static int append(char path[FILE_TRUST_PATH_SIZE], const char *name)
{
        size_t n = strlen(path);
        return snprintf(path + n, FILE_TRUST_PATH_SIZE - n, "/%s", name) < (int)(FILE_TRUST_PATH_SIZE - n) ? 0 : -1;
}

// 1: `name` was a link, and its target is before the rest; 0: it is not one; -1: the walk ends.
static int follow(struct walk *w, const char *link)
{
        char target[FILE_TRUST_PATH_SIZE], rest[FILE_TRUST_PATH_SIZE];
        ssize_t n = readlink(link, target, sizeof(target) - 1);
        if (n < 0 || w->links++ >= LINKS_MAX)
                return -1;
        target[n] = '\0';
        if (snprintf(rest, sizeof(rest), "%s%s", target, w->rest) >= (int)sizeof(rest))
                return -1;
        memcpy(w->rest, rest, sizeof(rest));
        if (target[0] == '/')
                w->at[0] = '\0';
        return 1;
}

// One name further. 0; 1: it cannot be walked; -1 with *e.
static int step(struct walk *w, const char *name)
{
        char next[FILE_TRUST_PATH_SIZE];
        struct stat about;
        if (strcmp(name, ".") == 0)
                return 0;
        if (strcmp(name, "..") == 0) {
                char *slash = strrchr(w->at, '/');
                w->at[slash ? slash - w->at : 0] = '\0';
                return 0;
        }
        memcpy(next, w->at, sizeof(next));
        if (append(next, name) < 0)
                return 1;
        if (!w->is_missing && lstat(next, &about) < 0) {
                w->is_missing = errno == ENOENT;
                if (!w->is_missing)
                        return 1;
        }
        if (!w->is_missing && !is_trusted(w, next) && judge(w, next, &about) < 0)
                return -1;
        if (!w->is_missing && S_ISLNK(about.st_mode))
                return follow(w, next) < 0;
        memcpy(w->at, next, sizeof(next));
        return 0;
}

static int walk(struct walk *w)
{
        char name[FILE_TRUST_PATH_SIZE];
        struct stat root;
        int r = snprintf(w->rest, sizeof(w->rest), "%s", w->path) >= (int)sizeof(w->rest) || stat("/", &root) < 0;
        if (r == 0 && !is_trusted(w, "/") && judge(w, "/", &root) < 0)
                return -1;
        while (r == 0 && next_name(w, name))
                r = step(w, name);
        w->has_failed = r > 0;
        return r < 0 ? -1 : 0;
}

int file_trust_check(const struct file_trust *trust, const char *path, const char *what, struct error *e)
{
        struct walk w = {.trust = trust, .path = path, .what = what, .e = e};
        return walk(&w);
}

bool file_trust_is_open(const struct file_trust *trust, const char *path)
{
        struct stat about;
        struct walk w = {.path = path};
        if (stat(path, &about) < 0 || !S_ISREG(about.st_mode) || !(about.st_mode & S_IROTH) || walk(&w) < 0)
                return false;
        w.trust = trust;
        return !is_trusted(&w, w.at);
}

bool file_trust_is_below(const char *path, const char *directory)
{
        struct walk of_path = {.path = path}, of_directory = {.path = directory};
        if (walk(&of_path) < 0 || walk(&of_directory) < 0 || of_path.has_failed || of_directory.has_failed)
                return false;
        return starts_with_directory(of_path.at, of_directory.at);
}
