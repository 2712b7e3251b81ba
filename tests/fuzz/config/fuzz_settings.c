// SPDX-License-Identifier: Apache-2.0
// Any text is either refused with a whole error, or gives settings in which everything that others rely on holds.
//
// An input is the configuration file; after each byte 0 that of another file, which is /d/t/a.json, then /d/t/b.json.
// There are no files but these: the linker puts the functions below in the place of the system's.
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/wire/api.h"
#include "proto/wire/limits.h"
#include "sidecar/base/env.h"
#include "sidecar/config/endpoints.h"
#include "sidecar/config/session_name.h"
#include "sidecar/config/settings_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILES_N = 2 };

static struct {
        bool is_on; // else the calls are those of the program around
        struct slice files[FILES_N];
        size_t count, listed; // of them: that are there, that readdir() has told of
} closed;

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_stat(const char *path, struct stat *ret);
int __wrap_stat(const char *path, struct stat *ret);
DIR *__real_opendir(const char *path);
DIR *__wrap_opendir(const char *path);
struct dirent *__real_readdir(DIR *d);
struct dirent *__wrap_readdir(DIR *d);
int __real_closedir(DIR *d);
int __wrap_closedir(DIR *d);

static int open_file(struct slice text)
{
        int fd = memfd_create("file", MFD_CLOEXEC);
        assert(fd >= 0);
        assert(write(fd, text.p, text.n) == (ssize_t)text.n && lseek(fd, 0, SEEK_SET) == 0);
        return fd;
}

int __wrap_open(const char *path, int flags, ...)
{
        static const char *const paths[FILES_N] = {"/d/t/a.json", "/d/t/b.json"};
        va_list arguments;
        va_start(arguments, flags);
        mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
        va_end(arguments);
        if (!closed.is_on)
                return __real_open(path, flags, mode);
        for (size_t i = 0; i < closed.count; i++)
                if (strcmp(path, paths[i]) == 0)
                        return open_file(closed.files[i]);
        errno = ENOENT;
        return -1;
}

int __wrap_stat(const char *path, struct stat *ret)
{
        if (!closed.is_on)
                return __real_stat(path, ret);
        errno = ENOENT;
        return -1;
}

DIR *__wrap_opendir(const char *path)
{
        if (!closed.is_on)
                return __real_opendir(path);
        closed.listed = 0;
        errno = ENOENT;
        return strcmp(path, "/d/t") == 0 ? (DIR *)&closed : NULL;
}

struct dirent *__wrap_readdir(DIR *d)
{
        static struct dirent found;
        if (!closed.is_on)
                return __real_readdir(d);
        if (closed.listed == closed.count)
                return NULL;
        memcpy(found.d_name, closed.listed++ == 0 ? "a.json" : "b.json", sizeof("a.json"));
        return &found;
}

int __wrap_closedir(DIR *d)
{
        return closed.is_on ? 0 : __real_closedir(d);
}

static struct slice take_text(struct slice *rest)
{
        struct slice text = slice_head(*rest, slice_find(*rest, '\0'));
        *rest = slice_from(*rest, text.n < rest->n ? text.n + 1 : text.n);
        return text;
}

static int no_account(enum account_kind kind, const char *name, uint32_t *ret)
{
        (void)kind;
        *ret = 1;
        return strcmp(name, "alice") == 0 ? 0 : -ENOENT;
}

static void check_profile(const struct settings *s, const struct profile *p)
{
        assert(api_is_profile_name(slice_str(p->name)) != p->is_implied);
        assert(settings_find(s, p->name) == p);
        assert(profile_same_identity(p, p));
        if (p->type == PROFILE_ASSUME_ROLE) {
                const struct profile *source = settings_find(s, p->source_profile);
                assert(source && source < p);
        }
        assert(p->type != PROFILE_SHARED_CONFIG && p->type != PROFILE_DEFAULT_CHAIN && !p->fault);
        bool asks_sts = p->type == PROFILE_WEB_IDENTITY || p->type == PROFILE_ASSUME_ROLE;
        if (asks_sts || p->type == PROFILE_ROLES_ANYWHERE) {
                assert(endpoints_is_region(slice_str(p->issuer_region)));
                assert(strncasecmp(p->endpoint_url, "http", 4) == 0);
                assert(p->endpoint_url[strlen(p->endpoint_url) - 1] != '/');
                assert(p->role.role_arn);
        }
        if (asks_sts)
                assert(session_name_is_valid(slice_str(p->role.role_session_name)));
        if (p->type == PROFILE_WEB_IDENTITY)
                assert(p->web_identity.token_source || p->web_identity_token_file[0] == '/');
        if (p->type == PROFILE_ROLES_ANYWHERE)
                assert(p->roles_anywhere.pkcs12 || p->roles_anywhere.certificate[0] == '/');
        assert(p->role.duration_seconds == 0 || (p->role.duration_seconds >= 900 && p->role.duration_seconds <= 43200));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char region[] = "AWS_REGION=us-east-1";
        char *environment[] = {region, NULL};
        struct env env;
        struct settings *s = NULL;
        struct error e = {.kind = ERROR_NONE};
        env_init(&env, environment);
        const struct settings_source source = {.file = "f",
                                               .directory = "/d",
                                               .working_directory = "/w",
                                               .host_name = "h",
                                               .env = &env,
                                               .lookup = no_account};
        struct slice rest = slice_of(data, size), text = take_text(&rest);
        for (closed.count = 0; closed.count < FILES_N && rest.n > 0; closed.count++)
                closed.files[closed.count] = take_text(&rest);
        closed.is_on = true;
        int r = settings_parse(&source, text, &s, &e);
        closed.is_on = false;
        if (r < 0) {
                bool names_file = strncmp(e.message, "f:", 2) == 0 || strncmp(e.message, "/d/", 3) == 0 ||
                                  strncmp(e.message, "included file /", 15) == 0;
                assert(e.kind == ERROR_CONFIG && e.hint[0] && names_file);
                assert(!s);
                return 0;
        }
        assert(s->listeners_count >= 1 && s->profiles_count >= 1);
        for (size_t i = 0; i < s->listeners_count; i++) {
                assert(s->listeners[i].unix_path[0] == '/' && strlen(s->listeners[i].unix_path) <= LIMIT_UNIX_PATH);
                assert(s->listeners[i].mode <= 0777);
        }
        for (size_t i = 0; i < s->profiles_count; i++)
                check_profile(s, &s->profiles[i]);
        settings_release(s);
        return 0;
}
