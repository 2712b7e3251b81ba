// SPDX-License-Identifier: Apache-2.0
// The canonical request of Signature Version 4 (AWS IAM User Guide, "Create a canonical request"), byte by byte.
//
// The put functions write at a cursor and return the cursor behind what they wrote. They check no room: the caller
// reserves what the matching bound function says, once for the whole text, so that a signature allocates nothing.
#ifndef SIDECAR_SIGNING_CANONICAL_H
#define SIDECAR_SIGNING_CANONICAL_H

#include "proto/mem/slice.h"
#include "proto/wire/limits.h"
#include "sidecar/signing/scan.h"

#include <endian.h>

// How the path becomes canonical. S3 decodes it once ("+" is a blank, as in a query) and encodes it again, without
// normalising it. Every other service normalises what is on the wire and encodes it once more.
enum canonical_path_form { CANONICAL_PATH_ENCODED, CANONICAL_PATH_DECODED };

size_t canonical_path_bound(struct slice path);
uint8_t *canonical_path_put(uint8_t *p, struct slice path, enum canonical_path_form form);

// Whether names and values are still to be decoded and encoded again.
enum canonical_query_form { CANONICAL_QUERY_WIRE, CANONICAL_QUERY_ENCODED };

// The query is split at "&" and at the first "=", empty pairs are left out, each name and value is encoded by AWS's
// UriEncode, and pairs are sorted by name and then by value. NULL: out of memory (only for very many parameters).
size_t canonical_query_bound(struct slice query, enum canonical_query_form form);
uint8_t *canonical_query_put(uint8_t *p, struct slice query, enum canonical_query_form form);

// Headers to sign: those of the request and the few that are made here.
#define CANONICAL_HEADERS_MAX (LIMIT_SIGN_HEADERS_N + 8)

enum canonical_value {
        CANONICAL_VALUE_BLANKS, // blanks at the ends and runs of them inside are to be squeezed
        CANONICAL_VALUE_CLEAN   // known to need nothing
};

// Whether a value holds no bytes that headers may not have (controls, but for the blanks of folded lines), and whether
// its blanks need squeezing.
bool canonical_value_scan(struct slice value, bool *ret_blanks);

struct canonical_header {
        struct slice name;  // any case; ASCII
        struct slice value; // borrowed
        enum canonical_value form;
        uint64_t order; // first eight bytes of the name in lower case, big endian: settles most comparisons
};

struct canonical_headers {
        size_t count;
        size_t bytes; // of all names and values
        struct canonical_header items[CANONICAL_HEADERS_MAX];
};

static inline void canonical_headers_init(struct canonical_headers *headers)
{
        headers->count = 0;
        headers->bytes = 0;
}

// First eight bytes of a name, as a number in the order of names in lower case.
static inline uint64_t canonical_order(struct slice name)
{
        uint64_t word = 0;
        memcpy(&word, name.p, name.n < 8 ? name.n : 8);
        return be64toh(scan_lower(word));
}

// For canonical_headers_add(): finds the place of the item that was added last.
void canonical_headers_sink(struct canonical_headers *headers);

// Keeps the list sorted by name; equal names stay in the order in which they came. 0, or -1 when it is full.
static inline int canonical_headers_add(struct canonical_headers *headers, struct slice name, struct slice value,
                                        enum canonical_value form)
{
        if (headers->count == CANONICAL_HEADERS_MAX)
                return -1;
        struct canonical_header *added = &headers->items[headers->count++];
        *added = (struct canonical_header){name, value, form, canonical_order(name)};
        headers->bytes += name.n + value.n;
        if (headers->count > 1 && added[-1].order >= added->order)
                canonical_headers_sink(headers);
        return 0;
}

// Room for the lines and, twice, for the list of names.
size_t canonical_headers_bound(const struct canonical_headers *headers);
// "name:value\n" for each name, values of one name joined with ",". The list of names ("host;x-amz-date") goes to
// *names, which is moved behind it.
uint8_t *canonical_headers_put(uint8_t *p, const struct canonical_headers *headers, uint8_t **names);

struct canonical_request {
        struct slice method;
        struct slice path;
        struct slice query;
        const struct canonical_headers *headers;
        struct slice payload_hash;
        enum canonical_path_form path_form;
        enum canonical_query_form query_form;
};

size_t canonical_request_bound(const struct canonical_request *request);
// The whole text. *ret_names is the list of signed headers within it. NULL: out of memory.
uint8_t *canonical_request_put(uint8_t *p, const struct canonical_request *request, struct slice *ret_names);

#endif
