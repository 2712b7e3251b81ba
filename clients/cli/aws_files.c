// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/aws_files.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/mem/buffer.h"
#include "proto/mem/length.h"
#include "proto/wire/limits.h"

static const struct {
        const char *variable;
        const char *paths[2]; // without the variable; in the home folder unless absolute
} files[] = {
    [AWS_FILE_CONFIG] = {"AWS_CONFIG_FILE", {".aws/config"}},
    [AWS_FILE_CREDENTIALS] = {"AWS_SHARED_CREDENTIALS_FILE", {".aws/credentials"}},
    [AWS_FILE_BOTO] = {"BOTO_CONFIG", {"/etc/boto.cfg", ".boto"}},
};

static const char keys[][24] = {
    "aws_access_key_id", "aws_secret_access_key",   "credential_process", "credential_source", "login_session",
    "role_arn",          "source_profile",          "sso_account_id",     "sso_role_name",     "sso_session",
    "sso_start_url",     "web_identity_token_file",
};

const char *aws_files_variable(enum aws_file file)
{
        return files[file].variable;
}

// --- the text ---

// "[profile 'default']" is "default". Of "[default" too, which some parsers take.
static bool is_default_section(enum aws_file file, struct slice line)
{
        static const struct slice prefix = SLICE_INIT("profile");
        struct slice name = slice_from(line, 1);
        name = slice_trim(slice_head(name, slice_find(name, ']')));
        if (file == AWS_FILE_BOTO)
                return slice_eq_ignore_case(name, SLICE("credentials"));
        if (name.n > prefix.n && slice_eq_ignore_case(slice_head(name, prefix.n), prefix) &&
            strchr(" \t\"'", name.p[prefix.n]))
                name = slice_trim(slice_from(name, prefix.n));
        if (name.n >= 2 && (name.p[0] == '"' || name.p[0] == '\'') && name.p[name.n - 1] == name.p[0])
                name = slice_trim((struct slice){name.p + 1, name.n - 2});
        return slice_eq_ignore_case(name, SLICE("default"));
}

static bool is_credentials_key(struct slice line)
{
        size_t equals = slice_find(line, '='), colon = slice_find(line, ':');
        size_t n = equals < colon ? equals : colon;
        struct slice name = slice_trim(slice_head(line, n));
        for (size_t i = 0; n < line.n && i < LENGTH(keys); i++)
                if (slice_eq_ignore_case(name, slice_str(keys[i])))
                        return true;
        return false;
}

bool aws_files_text_has_default(enum aws_file file, struct slice text)
{
        bool is_inside = false;
        if (slice_starts_with(text, SLICE("\xef\xbb\xbf"))) // a byte order mark
                text = slice_from(text, 3);
        while (text.n > 0) {
                struct slice whole = slice_head(text, slice_find(text, '\n')), line = slice_trim(whole);
                text = slice_from(text, whole.n + 1);
                if (line.n > 0 && line.p[0] == '[')
                        // An indented one may be the value of the key before it.
                        is_inside = is_default_section(file, line) || (is_inside && whole.p[0] != '[');
                else if (is_inside && is_credentials_key(line))
                        return true;
        }
        return false;
}

// --- the file ---

// Reads at most `size` bytes. -1 on failure.
static ssize_t read_up_to(int fd, uint8_t *to, size_t size)
{
        size_t n = 0;
        while (n < size) {
                ssize_t r = read(fd, to + n, size - n);
                if (r < 0)
                        return -1;
                if (r == 0)
                        break;
                n += (size_t)r;
        }
        return (ssize_t)n;
}

static bool has_default(enum aws_file file, int fd, size_t size)
{
        struct buffer b;
        if (size > LIMIT_SHARED_FILE)
                return true; // unread
        buffer_init(&b, LIMIT_SHARED_FILE);
        uint8_t *p = buffer_reserve(&b, size);
        ssize_t n = p ? read_up_to(fd, p, size) : -1;
        if (n > 0)
                buffer_commit(&b, (size_t)n);
        bool found = !p || aws_files_text_has_default(file, buffer_slice(&b));
        buffer_free(&b);
        return found;
}

static bool path_has_default(enum aws_file file, const char *path)
{
        struct stat about;
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0)
                return false;
        bool found = fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && about.st_size > 0 &&
                     has_default(file, fd, (size_t)about.st_size);
        (void)close(fd);
        return found;
}

static bool home_has_default(enum aws_file file, const char *path)
{
        char whole[LIMIT_CONFIG_PATH];
        const char *home = getenv("HOME");
        if (path[0] == '/')
                return path_has_default(file, path);
        if (!home || !home[0])
                return true; // SDKs look it up among the users
        int n = snprintf(whole, sizeof(whole), "%s/%s", home, path);
        return n < 0 || (size_t)n >= sizeof(whole) || path_has_default(file, whole);
}

bool aws_files_have_default(enum aws_file file)
{
        const char *path = getenv(files[file].variable);
        if (path && path[0] == '~' && path[1] == '/')
                return home_has_default(file, path + 2);
        if (path && path[0])
                return path_has_default(file, path);
        for (size_t i = 0; i < LENGTH(files[file].paths) && files[file].paths[i]; i++)
                if (home_has_default(file, files[file].paths[i]))
                        return true;
        return false;
}
