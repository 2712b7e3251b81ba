// SPDX-License-Identifier: Apache-2.0
// Puts the parts of a canonical request together.
#include "sidecar/signing/canonical.h"

#include "sidecar/signing/put.h"

size_t canonical_request_bound(const struct canonical_request *request)
{
        const size_t line_ends = 8;
        return request->method.n + canonical_path_bound(request->path) +
               canonical_query_bound(request->query, request->query_form) + canonical_headers_bound(request->headers) +
               request->payload_hash.n + line_ends;
}

uint8_t *canonical_request_put(uint8_t *p, const struct canonical_request *request, struct slice *ret_names)
{
        for (size_t i = 0; i < request->method.n; i++)
                p = put_byte(p, (char)ascii_upper(request->method.p[i]));
        p = put_byte(p, '\n');
        p = canonical_path_put(p, request->path, request->path_form);
        p = put_byte(p, '\n');
        p = canonical_query_put(p, request->query, request->query_form);
        if (!p)
                return NULL;
        p = put_byte(p, '\n');
        // The names are collected where only the payload hash will be, and moved up behind the lines.
        uint8_t *names = p + 2 * canonical_headers_bound(request->headers) / 3, *names_end = names;
        p = canonical_headers_put(p, request->headers, &names_end);
        p = put_byte(p, '\n');
        *ret_names = slice_of(p, (size_t)(names_end - names));
        p = put_slice(p, slice_of(names, ret_names->n));
        p = put_byte(p, '\n');
        return put_slice(p, request->payload_hash);
}
