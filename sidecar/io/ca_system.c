// SPDX-License-Identifier: Apache-2.0
#include "sidecar/io/ca_system.h"

#include <dirent.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// "5ed36f99.0": eight hexadecimal digits of the subject's hash, a dot, a number (openssl-rehash(1)).
static bool is_hash_link(const char *name)
{
        size_t digits = strspn(name, "0123456789abcdef");
        if (digits != 8 || name[8] != '.')
                return false;
        const char *number = name + 9;
        return number[0] != '\0' && number[strspn(number, "0123456789")] == '\0';
}

static bool holds_hash_links(const char *path)
{
        bool found = false;
        DIR *directory = opendir(path);
        if (!directory)
                return false;
        const struct dirent *entry;
        while (!found && (entry = readdir(directory)) != NULL)
                found = is_hash_link(entry->d_name);
        (void)closedir(directory);
        return found;
}

// `paths` is one directory or several with colons between them; one with links is enough.
static bool any_holds_hash_links(const char *paths)
{
        while (*paths != '\0') {
                char path[4096];
                size_t n = strcspn(paths, ":");
                if (n > 0 && n < sizeof(path)) {
                        (void)snprintf(path, sizeof(path), "%.*s", (int)n, paths);
                        if (holds_hash_links(path))
                                return true;
                }
                paths += n + (paths[n] == ':');
        }
        return false;
}

int ca_system_find(const struct env *env, const char *fallback, struct ca_system *ret, struct error *e)
{
        const char *file = env_get(env, X509_get_default_cert_file_env());
        const char *directory = env_get(env, X509_get_default_cert_dir_env());
        *ret = (struct ca_system){0};
        if (file) {
                ret->file = file;
                return 0;
        }
        if (directory) {
                ret->directory = directory;
                if (any_holds_hash_links(directory))
                        return 0;
                // Continuing with the built-in places would trust authorities that SSL_CERT_DIR excludes.
                error_set(e, ERROR_CONFIG, "SSL_CERT_DIR=%s: holds no certificates under their hash names", directory);
                return error_hint(e, "run \"openssl rehash\" on that directory, or set SSL_CERT_FILE to a bundle");
        }
        if (any_holds_hash_links(X509_get_default_cert_dir()))
                ret->directory = X509_get_default_cert_dir();
        else if (access(X509_get_default_cert_file(), R_OK) == 0)
                ret->file = X509_get_default_cert_file();
        else if (fallback && access(fallback, R_OK) == 0)
                ret->file = fallback;
        if (ret->directory || ret->file)
                return 0;
        error_set(e, ERROR_CONFIG, "this system has no CA certificates in %s", X509_get_default_cert_dir());
        return error_hint(e, "install the package ca-certificates, or set ca_bundle or SSL_CERT_FILE");
}
