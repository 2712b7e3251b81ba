// SPDX-License-Identifier: Apache-2.0
// The canonical path. Segments are normalised first and encoded second: the path is the one on the wire, so what is
// encoded there is encoded a second time ("%3A" gives "%253A"). S3 decodes the path instead, and does not normalise it.
#include "sidecar/signing/canonical.h"

#include "sidecar/signing/put.h"
#include "sidecar/signing/scan.h"
#include "sidecar/signing/uri_encode.h"

size_t canonical_path_bound(struct slice path)
{
        return 5 * path.n + 1;
}

// Encodes a byte of the wire once more. Clients send "%C3" for a byte beyond ASCII, see sigv4_put_url().
static uint8_t *put_escaped(uint8_t *p, uint8_t byte)
{
        uint8_t sent[3];
        if (byte < 0x80)
                return uri_put_escape(p, byte);
        (void)uri_put_escape(sent, byte);
        return put_slice(put_slice(p, SLICE("%25")), slice_of(sent + 1, 2));
}

static uint8_t *put_encoded(uint8_t *p, struct slice text)
{
        for (;;) {
                size_t run = scan_span(text, uri_unreserved_or_slash);
                p = put_slice(p, slice_head(text, run));
                if (run == text.n)
                        return p;
                p = put_escaped(p, text.p[run]);
                text = slice_from(text, run + 1);
        }
}

// Whether a segment may be empty, "." or "..": then the path is taken apart.
static bool needs_normalising(struct slice path)
{
        const uint8_t *last = path.p + path.n - 1;
        const uint8_t *at = path.p[0] == '/' ? path.p : NULL;
        while (at && at < last && at[1] != '/' && at[1] != '.')
                at = memchr(at + 1, '/', (size_t)(last - at));
        return path.p[0] != '/' || (at && at < last);
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
        if (form == CANONICAL_PATH_DECODED)
                return uri_put_recoded(p, path, uri_unreserved_or_slash);
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
