// SPDX-License-Identifier: Apache-2.0
// A session of `aws login`: where its file is, and what is known of the endpoint. The file may name a region of its own
// for that, so its reader completes the endpoint.
#include "sidecar/config/derive.h"

int derive_login(const struct reader *r, size_t node, struct profile *p)
{
        struct derive_choice choice;
        p->issuer_region = p->region; // which of STS it would ask has no part in this
        const struct derive_endpoint of = {ENDPOINTS_SIGNIN, "region", &p->issuer_region, p->shared_endpoint_url,
                                           &p->endpoint_url};
        if (reader_keep_home_path(r, "AWS_LOGIN_CACHE_DIRECTORY", "/.aws/login/cache", &p->login.cache_directory) < 0 ||
            derive_endpoint(r, node, p, &of, &choice) < 0)
                return -1;
        p->login.has_custom_endpoint = choice.is_custom;
        p->login.variant = choice.variant;
        p->aws_partition = choice.partition;
        return 0;
}
