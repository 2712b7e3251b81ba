// SPDX-License-Identifier: Apache-2.0
// link: signing
// What keyfob makes of hosts, so that botocore can be held against it. Reads lines "HOST" or "HOST PATH", and prints
// "SERVICE REGION" for each, "-" for what is not determined; a region that is only the default begins with "~".
#include <stdio.h>
#include <string.h>

#include "sidecar/signing/hosts.h"

static void print(const char *before, struct slice s, const char *after)
{
        if (s.n > 0)
                printf("%s%.*s%s", before, (int)s.n, (const char *)s.p, after);
        else
                printf("-%s", after);
}

int main(void)
{
        char line[1024];
        while (fgets(line, sizeof(line), stdin)) {
                struct slice text = slice_head(slice_str(line), strcspn(line, "\n"));
                struct slice host = slice_head(text, slice_find(text, ' '));
                struct host_scope scope = host_scope(host, slice_from(text, host.n + 1));
                print("", scope.service, " ");
                print(scope.is_any_region ? "~" : "", scope.region, "\n");
        }
        return 0;
}
