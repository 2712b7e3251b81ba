// SPDX-License-Identifier: Apache-2.0
// The sign policy against a resolver of its own: what servers make of a path, by RFC 3986 and by decoding. Input: lines
// with a host pattern, a path prefix, a host and a path. Invariants: an allowed path is below its prefix whatever a
// server decodes and in whatever order; a path that no server resolves to another is refused only outside; a host is
// allowed exactly where its name is the pattern or, under *., one with more labels in front, on the port of the pattern
// if that has one.
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "sidecar/server/sign_policy.h"
#include "tests/fuzz/fuzz.h"

enum { LINES = 4, LINE_MAX_SIZE = 1024 };

static bool is_one_of(char c, const char *set)
{
        return c != '\0' && strchr(set, c) != NULL;
}

static bool begins(const char *s, const char *with)
{
        return strncmp(s, with, strlen(with)) == 0;
}

static bool consists_of(const char *s, const char *others)
{
        for (; *s; s++)
                if (!isalnum((unsigned char)*s) && !is_one_of(*s, others))
                        return false;
        return true;
}

// --- paths ---

static int hex(char c)
{
        const char *digits = "0123456789abcdef", *at = strchr(digits, tolower((unsigned char)c));
        return c != '\0' && at ? (int)(at - digits) : -1;
}

// Decodes each %XX but for NUL and those in `not_these`, once.
static void decode_but(char *s, const char *not_these)
{
        char *to = s;
        for (; *s; s++) {
                int high = *s == '%' ? hex(s[1]) : -1;
                int low = high >= 0 ? hex(s[2]) : -1;
                int value = low >= 0 ? high * 16 + low : 0;
                bool is_encoded = value > 0 && !is_one_of((char)value, not_these);
                *to++ = is_encoded ? (char)value : *s;
                s += is_encoded ? 2 : 0;
        }
        *to = '\0';
}

static void decode(char *s)
{
        decode_but(s, "");
}

// What some servers make of "/a;b/c": "/a/c".
static void cut_parameters(char *s)
{
        char *to = s;
        bool is_cut = false;
        for (; *s; s++) {
                is_cut = *s != '/' && (is_cut || *s == ';');
                if (!is_cut)
                        *to++ = *s;
        }
        *to = '\0';
}

static void turn_backslashes(char *s)
{
        for (; *s; s++)
                if (*s == '\\')
                        *s = '/';
}

// RFC 3986, 5.2.4, for paths that begin with a slash.
static void remove_dot_segments(char *path)
{
        char in[LINE_MAX_SIZE], *rest = in;
        size_t n = 0;
        memcpy(in, path, strlen(path) + 1);
        while (*rest) {
                if (begins(rest, "/./") || strcmp(rest, "/.") == 0) {
                        rest += rest[2] ? 2 : 1;
                        *rest = '/';
                } else if (begins(rest, "/../") || strcmp(rest, "/..") == 0) {
                        rest += rest[3] ? 3 : 2;
                        *rest = '/';
                        while (n > 0 && path[--n] != '/')
                                ;
                } else {
                        do
                                path[n++] = *rest++;
                        while (*rest && *rest != '/');
                }
        }
        path[n] = '\0';
}

enum step { DECODE, TURN, CUT, RESOLVE, END };

static void resolve(const char *path, const enum step *steps, char *ret)
{
        memcpy(ret, path, strlen(path) + 1);
        for (; *steps != END; steps++) {
                if (*steps == DECODE)
                        decode(ret);
                else if (*steps == TURN)
                        turn_backslashes(ret);
                else if (*steps == CUT)
                        cut_parameters(ret);
                else
                        remove_dot_segments(ret);
        }
}

static bool is_below(const char *path, const char *prefix)
{
        size_t n = strlen(prefix);
        return begins(path, prefix) && (prefix[n - 1] == '/' || path[n] == '/' || path[n] == '\0');
}

static bool decodes(const enum step *steps)
{
        while (*steps != DECODE && *steps != END)
                steps++;
        return *steps == DECODE;
}

static void check_path(const char *prefix, const char *path)
{
        static const enum step servers[][6] = {{END},
                                               {RESOLVE, END},
                                               {DECODE, END},
                                               {DECODE, RESOLVE, END},
                                               {RESOLVE, DECODE, END},
                                               {TURN, RESOLVE, END},
                                               {DECODE, TURN, RESOLVE, END},
                                               {TURN, RESOLVE, DECODE, END},
                                               {DECODE, DECODE, RESOLVE, END},
                                               {DECODE, DECODE, DECODE, TURN, RESOLVE, END},
                                               {DECODE, CUT, RESOLVE, END},
                                               {CUT, RESOLVE, DECODE, END}};
        char *const paths[] = {(char *)(uintptr_t)prefix};
        const struct sign_limits limits = {.paths = paths, .paths_count = 1};
        char plain[LINE_MAX_SIZE];
        bool is_allowed = sign_policy_allows_path(&limits, slice_str(path));
        for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
                resolve(path, servers[i], plain);
                if (!decodes(servers[i])) // the same resource in another spelling, but a slash is none
                        decode_but(plain, "/\\");
                must(!is_allowed || is_below(plain, prefix));
        }
        resolve(path, (const enum step[]){DECODE, END}, plain);
        if (strstr(plain, "%00")) { // where some servers end the text
                must(!is_allowed);
                return;
        }
        static const enum step segments[] = {DECODE, TURN, CUT, END}, resolved[] = {DECODE, TURN, CUT, RESOLVE, END},
                               again[] = {DECODE, DECODE, TURN, CUT, RESOLVE, END};
        char same[LINE_MAX_SIZE], twice[LINE_MAX_SIZE];
        resolve(path, segments, plain);
        resolve(path, resolved, same);
        resolve(path, again, twice);
        if (strcmp(plain, same) != 0 || strcmp(plain, twice) != 0)
                return;
        memcpy(plain, path, strlen(path) + 1);
        decode_but(plain, "/\\+");
        must(is_allowed == is_below(plain, prefix));
}

// --- hosts ---

// Behind the colon; 443 without one.
static unsigned port_of(const char *host)
{
        unsigned port = 0;
        const char *colon = strchr(host, ':');
        if (!colon)
                return 443;
        for (const char *c = colon + 1; *c; c++)
                port = port * 10 + (unsigned)(*c - '0');
        return port;
}

// `host` in lower case, with a port or without one, which is 443 then.
static void check_host(const char *pattern, const char *host)
{
        char *const hosts[] = {(char *)(uintptr_t)pattern};
        const struct sign_limits limits = {.hosts = hosts, .hosts_count = 1};
        char name[LINE_MAX_SIZE], wanted[LINE_MAX_SIZE];
        memcpy(name, host, strlen(host) + 1);
        name[strcspn(name, ":")] = '\0';
        memcpy(wanted, pattern, strlen(pattern) + 1);
        wanted[strcspn(wanted, ":")] = '\0';
        size_t n = strlen(name), suffix = strlen(wanted) - 1;
        bool is_right = strcmp(name, wanted) == 0;
        if (begins(wanted, "*."))
                is_right = n > suffix && strcmp(name + n - suffix, wanted + 1) == 0;
        if (strchr(pattern, ':'))
                is_right = is_right && port_of(pattern) == port_of(host);
        must(sign_policy_allows_host(&limits, slice_str(name), port_of(host)) == is_right);
}

static bool is_host(const char *s)
{
        const char *colon = strchr(s, ':');
        size_t n = colon ? strlen(colon + 1) : 0;
        for (const char *c = s; *c; c++)
                if (isupper((unsigned char)*c))
                        return false;
        return *s && *s != ':' && consists_of(s, "-.:") &&
               (!colon || (n > 0 && n < 6 && strspn(colon + 1, "0123456789") == n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char lines[LINES][LINE_MAX_SIZE];
        struct slice rest = slice_of(data, size);
        for (size_t i = 0; i < LINES; i++) {
                struct slice line = slice_head(rest, slice_find(rest, '\n'));
                if (line.n >= LINE_MAX_SIZE || slice_find(line, '\0') < line.n)
                        return 0;
                if (line.n > 0)
                        memcpy(lines[i], line.p, line.n);
                lines[i][line.n] = '\0';
                rest = slice_from(rest, line.n < rest.n ? line.n + 1 : rest.n);
        }
        // As the configuration takes them, and as a URL has them.
        const char *pattern = lines[0], *prefix = lines[1], *host = lines[2], *path = lines[3];
        char same[LINE_MAX_SIZE];
        resolve(prefix, (const enum step[]){RESOLVE, END}, same);
        if (prefix[0] == '/' && path[0] == '/' && consists_of(prefix, "/-._~") && strcmp(prefix, same) == 0)
                check_path(prefix, path);
        if (is_host(begins(pattern, "*.") ? pattern + 2 : pattern) && is_host(host))
                check_host(pattern, host);
        return 0;
}
