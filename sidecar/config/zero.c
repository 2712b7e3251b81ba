// SPDX-License-Identifier: Apache-2.0
// Owns settings_zero(): without a file of ours, what AWS tools would use is the profile `default`, and each profile of
// the AWS files is one under its own name.
#include <stdlib.h>

#include "sidecar/config/draft.h"
#include "sidecar/config/settings_parse.h"

static int load(struct draft *d)
{
        d->profiles = calloc(1, sizeof(*d->profiles));
        if (!d->profiles)
                return reader_no_memory(d->reader);
        d->profiles[0] = (struct profile){.type = PROFILE_DEFAULT_CHAIN, .declared_type = PROFILE_DEFAULT_CHAIN};
        d->count = 1;
        if (reader_keep(d->reader, SLICE("default"), &d->profiles[0].name) < 0)
                return -1;
        return draft_finish(d);
}

int settings_zero(const struct settings_source *source, struct settings **ret, struct error *e)
{
        struct settings_store *store = settings_store_new();
        if (!store)
                return error_set(e, ERROR_INTERNAL, "environment: out of memory");
        struct reader reader;
        reader_init(&reader, "environment", source->working_directory, e);
        reader.strings = &store->strings;
        reader.secrets = &store->secrets;
        reader.check_files = source->check_files;
        struct draft draft = {.reader = &reader,
                              .store = store,
                              .env = source->env,
                              .socket_path = source->socket_path,
                              .host_name = source->host_name,
                              .working_directory = source->working_directory,
                              .is_zero = true};
        int r = load(&draft);
        draft_free(&draft);
        reader_free(&reader);
        if (r == 0)
                *ret = &store->settings;
        else
                settings_release(&store->settings);
        return r;
}
