// SPDX-License-Identifier: Apache-2.0
// link: config
// What the configuration makes of endpoints, so that a reference implementation can be held against it. Without
// arguments: reads lines "SERVICE REGION FIPS DUALSTACK" (a number of enum endpoints_service, a region, 0 or 1 each)
// and prints a URL for each. With a configuration file: prints "PROFILE REGION URL" for each profile of it, where the
// region is the one that requests are signed for; the environment counts.
#include <stdio.h>
#include <unistd.h>

#include "proto/mem/text.h"
#include "sidecar/base/env.h"
#include "sidecar/config/endpoints.h"
#include "sidecar/config/settings.h"

static int resolve_lines(void)
{
        char service[4], region[64], fips[2], dualstack[2], url[ENDPOINTS_URL_SIZE];
        while (scanf("%3s %63s %1s %1s", service, region, fips, dualstack) == 4) {
                uint64_t number;
                unsigned variant =
                    (fips[0] == '1' ? ENDPOINTS_FIPS : 0U) | (dualstack[0] == '1' ? ENDPOINTS_DUALSTACK : 0U);
                if (text_parse_u64(slice_str(service), &number) < 0 || number > ENDPOINTS_SIGNIN ||
                    endpoints_resolve((enum endpoints_service)number, slice_str(region), variant, url, sizeof(url)) < 0)
                        return 2;
                puts(url);
        }
        return 0;
}

int main(int argc, char **argv)
{
        struct env env;
        struct settings *settings = NULL;
        struct error e = {0};
        if (argc < 2)
                return resolve_lines();
        env_init(&env, environ);
        const struct settings_input input = {.config_path = argv[1], .env = &env, .host_name = "judge"};
        if (settings_load(&input, &settings, &e) < 0) {
                fprintf(stderr, "%s\n%s\n", e.message, e.hint);
                return 1;
        }
        for (size_t i = 0; i < settings->profiles_count; i++) {
                const struct profile *p = &settings->profiles[i];
                printf("%s %s %s\n", p->name, p->issuer_region ? p->issuer_region : "-",
                       p->endpoint_url ? p->endpoint_url : "-");
        }
        settings_release(settings);
        return 0;
}
