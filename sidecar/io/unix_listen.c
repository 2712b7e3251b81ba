// SPDX-License-Identifier: Apache-2.0
// Synchronous, at start and reload only. All steps but binding and connecting use a descriptor of the directory, so
// that they affect the same directory. Every mode is set explicitly, whatever the umask.
#include "sidecar/io/unix_listen.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "proto/mem/slice.h"
#include "proto/wire/limits.h"

enum {
        TRIES = 8,         // attempts to take the name, as other agents may start at the same time
        LOCK_TRIES = 40,   // attempts to lock the directory; then continues without the lock
        LOCK_PAUSE_MS = 5, // between two of these
        TEMPORARY_SIZE = sizeof(".keyfob-01234567")
};

static_assert(LIMIT_UNIX_PATH < sizeof(((struct sockaddr_un *)0)->sun_path), "a whole path and its NUL fit");

struct place {
        const char *path;
        const char *name; // the last part of `path`
        char directory_path[LIMIT_UNIX_PATH + 1];
        int directory;                  // its descriptor (O_PATH)
        char temporary[TEMPORARY_SIZE]; // the socket's name until it is renamed
};

// --- the directory ---

static int split_path(const char *path, struct place *ret, struct error *e)
{
        size_t n = strlen(path);
        if (n > LIMIT_UNIX_PATH) {
                error_set(e, ERROR_CONFIG, "socket %s: the path has %zu bytes, at most %d are possible", path, n,
                          (int)LIMIT_UNIX_PATH);
                (void)error_hint(e, "choose a shorter path: it is the kernel's limit");
                return -1;
        }
        const char *slash = strrchr(path, '/');
        ret->path = path;
        ret->name = slash ? slash + 1 : path;
        if (ret->name[0] == '\0' || strcmp(ret->name, ".") == 0 || strcmp(ret->name, "..") == 0) {
                (void)error_set(e, ERROR_CONFIG, "socket \"%s\": not the path of a file", path);
                return -1;
        }
        int directory_n = slash && slash != path ? (int)(slash - path) : 1;
        (void)snprintf(ret->directory_path, sizeof(ret->directory_path), "%.*s", directory_n, slash ? path : ".");
        return 0;
}

// Private, except below /run: there root creates it for a service, whose clients must be able to enter.
static int make_directory(const char *path, struct error *e)
{
        bool is_shared = geteuid() == 0 && slice_starts_with(slice_str(path), SLICE("/run/"));
        if (mkdir(path, 0700) < 0) {
                if (errno == EEXIST)
                        return 0;
                bool is_closed = errno == EACCES || errno == EPERM;
                error_set_errno(e, ERROR_CONFIG, "cannot make the socket's directory %s", path);
                if (is_closed)
                        return error_hint(
                            e,
                            "uid %u may not: choose another path (--socket, KEYFOB_SOCKET), as `keyfob agent "
                            "start` does, or make the directory as root",
                            (unsigned)geteuid());
                return error_hint(e, "make it beforehand, or choose another path (--socket, KEYFOB_SOCKET)");
        }
        if (is_shared && chmod(path, 0755) < 0)
                return error_set_errno(e, ERROR_CONFIG, "open the socket's directory %s to its clients", path);
        return 0;
}

static int open_directory(struct place *place, struct error *e)
{
        const int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
        place->directory = open(place->directory_path, flags);
        if (place->directory < 0 && errno == ENOENT) {
                if (make_directory(place->directory_path, e) < 0)
                        return -1;
                place->directory = open(place->directory_path, flags);
        }
        if (place->directory < 0) {
                error_set_errno(e, ERROR_CONFIG, "the socket's directory %s", place->directory_path);
                return error_hint(e, "check it, or choose another path (--socket, KEYFOB_SOCKET)");
        }
        return 0;
}

// Agents that start together over a stale socket take turns, by a lock on the directory. Anybody who may read the
// directory can hold that lock for ever, so the wait is short. Without it two agents still do not take the name from
// each other (replace_stale()); three could. A descriptor to close, or -1.
static int lock_directory(const char *path)
{
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        for (unsigned i = 0; fd >= 0 && i < LOCK_TRIES; i++) {
                if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
                        break;
                (void)poll(NULL, 0, LOCK_PAUSE_MS);
        }
        return fd;
}

// --- a file that has the name already ---

enum holder { HOLDER_NONE, HOLDER_STALE, HOLDER_ALIVE, HOLDER_OTHER, HOLDER_UNKNOWN };

// An address for `name` in the directory. If the path is too long, it goes through the descriptor.
static void address_of(const struct place *place, const char *name, struct sockaddr_un *ret)
{
        *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
        int n = snprintf(ret->sun_path, sizeof(ret->sun_path), "%s/%s", place->directory_path, name);
        if (n >= (int)sizeof(ret->sun_path))
                (void)snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/%s", place->directory, name);
}

// Whether a process listens there.
static enum holder probe(const struct place *place, const char *name)
{
        struct sockaddr_un address;
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return HOLDER_UNKNOWN;
        address_of(place, name, &address);
        int number = connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? errno : 0;
        (void)close(fd);
        errno = number;
        switch (number) {
        case 0:
        case EAGAIN:     // its queue is full
        case EPROTOTYPE: // it is of another type
                return HOLDER_ALIVE;
        case ECONNREFUSED:
                return HOLDER_STALE;
        case ENOENT:
                return HOLDER_NONE;
        default:
                return HOLDER_UNKNOWN;
        }
}

static enum holder examine(const struct place *place, const char *name)
{
        struct stat st;
        if (fstatat(place->directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? HOLDER_NONE : HOLDER_UNKNOWN;
        return S_ISSOCK(st.st_mode) ? probe(place, name) : HOLDER_OTHER;
}

// 0 if the name may be used.
static int refuse_holder(enum holder holder, const char *path, struct error *e)
{
        switch (holder) {
        case HOLDER_NONE:
        case HOLDER_STALE:
                return 0;
        case HOLDER_ALIVE:
                error_set(e, ERROR_CONFIG, "socket %s: another agent is running", path);
                return error_hint(e, "stop it, or give this one another socket (--socket, KEYFOB_SOCKET)");
        case HOLDER_OTHER:
                error_set(e, ERROR_CONFIG, "socket %s: a file of that name exists, and it is not a socket", path);
                return error_hint(e, "move it away, or choose another path; it is never replaced");
        case HOLDER_UNKNOWN:
                break;
        }
        error_set_errno(e, ERROR_CONFIG, "socket %s: cannot find out whether another agent uses it", path);
        return error_hint(e, "it may belong to another user (this is uid %u); choose another path, or remove it",
                          (unsigned)geteuid());
}

// --- the socket ---

static int bind_temporary(struct place *place, int fd, struct error *e)
{
        struct sockaddr_un address;
        uint32_t bits = 0;
        if (getrandom(&bits, sizeof(bits), 0) != (ssize_t)sizeof(bits))
                return error_set_errno(e, ERROR_INTERNAL, "socket %s: no random bits", place->path);
        (void)snprintf(place->temporary, sizeof(place->temporary), ".keyfob-%08x", bits);
        address_of(place, place->temporary, &address);
        // The new file gets the mode of the socket itself, less the umask: 0600 from its first moment.
        if (fchmod(fd, 0600) == 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
                return 0;
        error_set_errno(e, ERROR_CONFIG, "cannot make the socket %s", place->path);
        return error_hint(e, "uid %u needs write permission in %s", (unsigned)geteuid(), place->directory_path);
}

static int set_access(const struct place *place, const struct unix_listen *options, struct error *e)
{
        if (options->has_gid &&
            fchownat(place->directory, place->temporary, (uid_t)-1, options->gid, AT_SYMLINK_NOFOLLOW) < 0) {
                error_set_errno(e, ERROR_CONFIG, "socket %s: give it to gid %u", place->path, (unsigned)options->gid);
                return error_hint(e,
                                  "only root may give files to a group that it is not a member of; add uid %u to "
                                  "the group, or start the agent with it",
                                  (unsigned)geteuid());
        }
        if (fchmodat(place->directory, place->temporary, options->mode & 0777, 0) < 0)
                return error_set_errno(e, ERROR_CONFIG, "socket %s: set its mode", place->path);
        return 0;
}

// --- its name ---

static int rename_with(const struct place *place, unsigned flags)
{
        return renameat2(place->directory, place->temporary, place->directory, place->name, flags);
}

// Exchanges the names of the stale socket and ours in one step, then checks the file that now has the temporary name:
// if another agent has replaced the stale socket meanwhile, that agent gets its name back. 0: done, 1: not done.
static int replace_stale(const struct place *place)
{
        if (rename_with(place, RENAME_EXCHANGE) < 0)
                return 1;
        enum holder replaced = examine(place, place->temporary);
        if (replaced == HOLDER_STALE || replaced == HOLDER_NONE) {
                (void)unlinkat(place->directory, place->temporary, 0);
                return 0;
        }
        (void)rename_with(place, RENAME_EXCHANGE);
        return 1;
}

static int take_name(const struct place *place, struct error *e)
{
        for (unsigned i = 0; i < TRIES; i++) {
                if (rename_with(place, RENAME_NOREPLACE) == 0)
                        return 0;
                // The file system does not support this: only the lock keeps other agents away.
                bool is_plain = errno == EINVAL || errno == ENOSYS;
                if (errno != EEXIST && !is_plain)
                        return error_set_errno(e, ERROR_CONFIG, "socket %s", place->path);
                enum holder holder = examine(place, place->name);
                if (refuse_holder(holder, place->path, e) < 0)
                        return -1;
                if (is_plain && rename_with(place, 0) == 0)
                        return 0;
                if (holder == HOLDER_STALE && replace_stale(place) == 0)
                        return 0;
        }
        return error_set(e, ERROR_CONFIG, "socket %s: another agent is being started", place->path);
}

static int publish(struct place *place, int fd, const struct unix_listen *options, ino_t *ret_inode, struct error *e)
{
        struct stat st;
        if (set_access(place, options, e) < 0)
                return -1;
        if (listen(fd, SOMAXCONN) < 0 || fstatat(place->directory, place->temporary, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return error_set_errno(e, ERROR_INTERNAL, "listen on %s", place->path);
        if (take_name(place, e) < 0)
                return -1;
        if (ret_inode)
                *ret_inode = st.st_ino;
        return 0;
}

static int open_socket(struct place *place, const struct unix_listen *options, ino_t *ret_inode, struct error *e)
{
        // Checks before anything is created, so that the common mistakes leave no trace.
        if (refuse_holder(examine(place, place->name), place->path, e) < 0)
                return -1;
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return error_set_errno(e, ERROR_INTERNAL, "socket %s", place->path);
        int r = bind_temporary(place, fd, e);
        if (r == 0 && (r = publish(place, fd, options, ret_inode, e)) < 0)
                (void)unlinkat(place->directory, place->temporary, 0);
        if (r == 0)
                return fd;
        (void)close(fd);
        return -1;
}

int unix_listen_open(const struct unix_listen *options, ino_t *ret_inode, struct error *e)
{
        struct place place = {.directory = -1};
        if (split_path(options->path, &place, e) < 0 || open_directory(&place, e) < 0)
                return -1;
        int lock = lock_directory(place.directory_path);
        int fd = open_socket(&place, options, ret_inode, e);
        if (lock >= 0)
                (void)close(lock);
        (void)close(place.directory);
        return fd;
}

void unix_listen_unlink(const char *path, ino_t inode)
{
        struct stat st;
        if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_ino == inode)
                (void)unlink(path);
}
