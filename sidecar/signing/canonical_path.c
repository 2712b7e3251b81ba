// SPDX-License-Identifier: Apache-2.0
// The canonical path. Segments are normalised first and encoded second: the path is the one on the wire, so what is
// encoded there is encoded a second time ("%3A" gives "%253A").
#include "sidecar/signing/canonical.h"

#include "sidecar/signing/put.h"
#include "sidecar/signing/scan.h"

// Unreserved in RFC 3986, section 2.3, and the slash between segments.
static const bool stays[256] = {
    ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['0' ... '9'] = true, ['-'] = true,
    ['.'] = true,         ['_'] = true,         ['~'] = true,         ['/'] = true,
};

size_t canonical_path_bound(struct slice path)
{
        return 3 * path.n + 1 + sizeof(scan_block);
}

static scan_block stays_truth(scan_block block)
{
        return scan_plain(block) | (scan_block)(block == '~') | (scan_block)(block == '/');
}

static uint8_t *put_encoded_byte(uint8_t *p, uint8_t byte)
{
        static const char digits[] = "0123456789ABCDEF";
        if (stays[byte])
                return put_byte(p, (char)byte);
        p[0] = '%';
        p[1] = (uint8_t)digits[byte >> 4];
        p[2] = (uint8_t)digits[byte & 15];
        return p + 3;
}

// Whole blocks are stored as they come and count only as far as they stay as they are: the bound has room for one.
static uint8_t *put_encoded(uint8_t *p, struct slice text)
{
        const uint8_t *at = text.p, *end = text.p + text.n;
        scan_block block;
        while ((size_t)(end - at) >= sizeof(block)) {
                memcpy(&block, at, sizeof(block));
                memcpy(p, &block, sizeof(block));
                size_t n = scan_block_count(stays_truth(block));
                p += n;
                at += n;
                if (n < sizeof(block))
                        p = put_encoded_byte(p, *at++);
        }
        struct slice rest = slice_of(at, (size_t)(end - at));
        if (rest.n >= 4 && scan_all(rest, stays_truth))
                return put_slice(p, rest);
        while (at < end)
                p = put_encoded_byte(p, *at++);
        return p;
}

static scan_block dot_pair_truth(const uint8_t *p)
{
        scan_block here, next;
        memcpy(&here, p, sizeof(here));
        memcpy(&next, p + 1, sizeof(next));
        return (scan_block)(here == '/') & (scan_block)((next == '/') | (next == '.'));
}

// Whether a segment may be empty, "." or "..": then the path is taken apart.
static bool needs_normalising(struct slice path)
{
        if (path.p[0] != '/')
                return true;
        size_t pairs = path.n - 1;
        if (pairs >= sizeof(scan_block)) {
                scan_block found = dot_pair_truth(path.p + pairs - sizeof(found));
                for (size_t i = 0; i + sizeof(found) < pairs; i += sizeof(found))
                        found |= dot_pair_truth(path.p + i);
                return !scan_block_is_all(~found);
        }
        for (size_t i = 0; i < pairs; i++) {
                if (path.p[i] == '/' && (path.p[i + 1] == '/' || path.p[i + 1] == '.'))
                        return true;
        }
        return false;
}

// Takes back the last segment and its slash, never more than there is.
static uint8_t *pop_segment(const uint8_t *start, uint8_t *p)
{
        while (p > start && *--p != '/')
                ;
        return p;
}

uint8_t *canonical_path_put(uint8_t *p, struct slice path, enum canonical_path_form form)
{
        if (path.n == 0)
                return put_byte(p, '/');
        if (form == CANONICAL_PATH_VERBATIM)
                return put_slice(p, path);
        if (!needs_normalising(path))
                return put_encoded(p, path);
        uint8_t *start = p;
        const uint8_t *at = path.p, *end = path.p + path.n;
        while (at < end) {
                const uint8_t *slash = memchr(at, '/', (size_t)(end - at));
                struct slice segment = slice_of(at, (size_t)((slash ? slash : end) - at));
                at += segment.n + 1;
                if (segment.n == 0 || (segment.n == 1 && segment.p[0] == '.'))
                        continue;
                if (segment.n == 2 && segment.p[0] == '.' && segment.p[1] == '.') {
                        p = pop_segment(start, p);
                        continue;
                }
                p = put_encoded(put_byte(p, '/'), segment);
        }
        if (p == start || path.p[path.n - 1] == '/')
                p = put_byte(p, '/');
        return p;
}
