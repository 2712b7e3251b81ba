// SPDX-License-Identifier: Apache-2.0
#include "sidecar/signing/service_rules.h"

// S3 and its family (Amazon S3 API Reference, "Authenticating Requests").
#define S3_RULES                                                                                                       \
        .decodes_path = true, .wants_content_sha256 = true, .takes_unsigned_payload = true,                            \
        .presigns_unsigned_payload = true
// VPC Lattice User Guide, "SIGv4 authenticated requests": payload signing is not supported.
#define LATTICE_RULES                                                                                                  \
        .wants_content_sha256 = true, .takes_unsigned_payload = true, .never_signs_payload = true,                     \
        .presigns_unsigned_payload = true
// OpenSearch Service Developer Guide, "Signing HTTP requests to Amazon OpenSearch Serverless".
#define AOSS_RULES .wants_content_sha256 = true, .takes_unsigned_payload = true, .leaves_length_unsigned = true

enum { LENGTHS = 17, OF_LENGTH = 3 };

// Rows by the length of the name, as every signature needs a lookup. An empty name ends each row.
static const struct service_rules rules[LENGTHS][OF_LENGTH + 1] = {
    [2] = {{SLICE_INIT("s3"), S3_RULES}},
    [4] = {{SLICE_INIT("aoss"), AOSS_RULES}},
    [6] = {{SLICE_INIT("lambda"), .takes_unsigned_payload = true}},
    [9] = {{SLICE_INIT("s3express"), S3_RULES}},
    [11] = {{SLICE_INIT("s3-outposts"), S3_RULES}},
    [16] = {{SLICE_INIT("s3-object-lambda"), S3_RULES},
            {SLICE_INIT("vpc-lattice-svcs"), LATTICE_RULES},
            // IoT Core Developer Guide, "Device communication protocols": MQTT over WebSocket.
            {SLICE_INIT("iotdevicegateway"), .appends_token = true}},
};

const struct service_rules *service_rules_of(struct slice service)
{
        static const struct service_rules of_most = {.appends_token = false};
        if (service.n >= LENGTHS)
                return &of_most;
        const struct service_rules *row = rules[service.n];
        while (row->service.n > 0 && !slice_eq(service, row->service))
                row++;
        return row->service.n > 0 ? row : &of_most;
}
