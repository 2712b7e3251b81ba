// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/exec_credential.h"

#include "proto/mem/length.h"
#include "proto/wire/json_read.h"
#include "proto/wire/json_write.h"

#define API "client.authentication.k8s.io/"

static const char *version_for(const char *exec_info)
{
        static const char *const versions[] = {API "v1", API "v1beta1", API "v1alpha1"};
        struct json_doc doc;
        struct json_fault fault;
        const char *version = API "v1beta1";
        if (!exec_info)
                return version;
        json_doc_init(&doc);
        if (json_parse(&doc, slice_str(exec_info), &fault) == 0) {
                size_t node = json_get(&doc, JSON_ROOT, SLICE("apiVersion"));
                for (size_t i = 0; node != JSON_NONE && i < LENGTH(versions); i++)
                        if (json_string_is(&doc, node, slice_str(versions[i])))
                                version = versions[i];
        }
        json_doc_free(&doc);
        return version;
}

void exec_credential_put(struct slice token, struct slice expiration, const char *exec_info, struct buffer *out)
{
        json_begin_object(out);
        json_member(out, "kind", SLICE("ExecCredential"));
        json_member(out, "apiVersion", slice_str(version_for(exec_info)));
        json_key(out, "spec");
        json_begin_object(out);
        json_end_object(out);
        json_key(out, "status");
        json_begin_object(out);
        json_member(out, "expirationTimestamp", expiration);
        json_member(out, "token", token);
        json_end_object(out);
        json_end_object(out);
}
