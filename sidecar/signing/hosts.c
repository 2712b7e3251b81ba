// SPDX-License-Identifier: Apache-2.0
// The table says what each form of a host stands for; script/host-table writes it and describes its rows. A form that
// is not in it gives no signing name: a guess could sign for the wrong service without an error.
#include "sidecar/signing/hosts.h"

#include "proto/mem/length.h"
#include "sidecar/signing/hosts_table.h"

// Cuts the last label off *names, with its dot, and returns it.
static struct slice pop_label(struct slice *names)
{
        size_t start = names->n;
        while (start > 0 && names->p[start - 1] != '.')
                start--;
        struct slice label = slice_from(*names, start);
        *names = slice_head(*names, start > 0 ? start - 1 : 0);
        return label;
}

static struct slice first_label(struct slice names)
{
        return slice_head(names, slice_find(names, '.'));
}

// --- regions ---

// "east-1", which \w+-\d+ matches.
static bool is_place(struct slice s)
{
        size_t n = 0;
        while (n < s.n && ((s.p[n] >= 'a' && s.p[n] <= 'z') || (s.p[n] >= '0' && s.p[n] <= '9') || s.p[n] == '_'))
                n++;
        struct slice number = slice_from(s, n + 1);
        if (n == 0 || number.n == 0 || s.p[n] != '-')
                return false;
        for (size_t i = 0; i < number.n; i++)
                if (number.p[i] < '0' || number.p[i] > '9')
                        return false;
        return true;
}

// By the patterns of the partitions, not by a list: new regions come.
static bool is_region(struct slice label)
{
        for (size_t i = 0; i < LENGTH(host_regions); i++) {
                struct slice prefix = slice_of(host_regions[i].name, host_regions[i].n);
                if (slice_starts_with(label, prefix) && is_place(slice_from(label, prefix.n)))
                        return true;
        }
        return false;
}

// The last label that is a region; empty: there is none.
static struct slice find_region(struct slice names)
{
        while (names.n > 0) {
                struct slice label = pop_label(&names);
                if (is_region(label))
                        return label;
        }
        return names;
}

// "s3-us-west-2", "s3-fips-us-gov-west-1": the old form, one label. Empty: it is another.
static struct slice region_of_s3_label(struct slice label)
{
        struct slice region = slice_from(label, 3);
        if (!slice_starts_with(label, SLICE("s3-")))
                return slice_of(NULL, 0);
        if (slice_starts_with(region, SLICE("fips-")))
                region = slice_from(region, 5);
        return is_region(region) ? region : slice_of(NULL, 0);
}

// --- the key of a row ---

struct key {
        size_t n;
        uint8_t p[2 * HOST_SCOPE_MAX]; // no label gets longer
};

static void put(struct key *key, struct slice s)
{
        memcpy(key->p + key->n, s.p, s.n);
        key->n += s.n;
}

// A label without what only says which of the endpoints of one service it is.
static struct slice strip_label(struct slice label)
{
        if (slice_starts_with(label, SLICE("s3express-"))) // with a zone: s3express-usw2-az1
                return slice_head(label, 9);
        if (slice_starts_with(label, SLICE("dsql-"))) // with a cell: dsql-fnh4
                return slice_head(label, 4);
        if (slice_ends_with(label, SLICE("-fips")))
                return slice_head(label, label.n - 5);
        return label;
}

// `region` is one of the labels, or empty. False: a label is empty.
static bool make_key(struct slice names, struct slice region, struct key *key)
{
        key->n = 0;
        for (struct slice rest = names, label; rest.n > 0; rest = slice_from(rest, label.n + 1)) {
                label = first_label(rest);
                if (label.n == 0 || label.n + 1 == rest.n)
                        return false;
                if (slice_eq(label, SLICE("dualstack")) || slice_eq(label, SLICE("fips")))
                        continue;
                if (key->n > 0)
                        put(key, SLICE("."));
                if (region.n > 0 && label.p == region.p)
                        put(key, SLICE("+"));
                else
                        put(key, region.n > 0 ? strip_label(label) : label);
        }
        return true;
}

// --- the table ---

// The row of `pattern`, without the pattern; empty: there is none.
static struct slice find_row(struct slice pattern)
{
        size_t low = 0, high = LENGTH(host_row_starts) - 1;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                size_t start = host_row_starts[middle], n = host_row_starts[middle + 1] - start - 1U;
                int order = memcmp(pattern.p, host_rows + start, pattern.n < n ? pattern.n : n);
                if (order == 0 && pattern.n < n && host_rows[start + pattern.n] == ' ')
                        return slice_of(host_rows + start + pattern.n + 1, n - pattern.n - 1);
                if (order > 0) // a blank is before every byte of a pattern
                        low = middle + 1;
                else
                        high = middle;
        }
        return slice_of(NULL, 0);
}

// The whole key; then with any first label; then with any labels in front, as few as can be.
static struct slice look_up(struct key *key)
{
        struct slice whole = slice_of(key->p, key->n);
        struct slice row = find_row(whole);
        size_t end = slice_find(whole, '+'); // a region is no label of any content
        size_t dot = slice_find(whole, '.');
        if (row.n == 0 && dot > 0 && dot < end) {
                uint8_t last = key->p[dot - 1];
                key->p[dot - 1] = '*';
                row = find_row(slice_from(whole, dot - 1));
                key->p[dot - 1] = last;
        }
        while (row.n == 0 && dot < end) {
                row = find_row(slice_from(whole, dot));
                dot += 1 + slice_find(slice_from(whole, dot + 1), '.');
        }
        return row;
}

static bool apply(struct slice row, struct host_scope *scope)
{
        if (row.n == 0)
                return false;
        struct slice service = slice_head(row, slice_find(row, ' '));
        struct slice region = slice_from(row, service.n + 1);
        if (!slice_eq(service, SLICE("-")))
                scope->service = service;
        if (region.n == 0)
                return true;
        scope->is_any_region = region.p[0] == '~';
        scope->region = slice_from(region, scope->is_any_region ? 1 : 0);
        return true;
}

// --- hosts ---

// Cuts the domain off *host, with its dot, and returns its number. LENGTH(host_domains): it is none of AWS's.
static size_t cut_domain(struct slice *host)
{
        size_t i = 0;
        while (i < LENGTH(host_domains) && !slice_ends_with(*host, slice_of(host_domains[i].name, host_domains[i].n)))
                i++;
        if (i < LENGTH(host_domains))
                *host = slice_head(*host, host->n - host_domains[i].n);
        return i;
}

// PrivateLink's names: vpce-0123-abcd.sts.us-west-2.vpce, with a bucket or an API in front. Leaves sts.us-west-2.
static struct slice without_vpce(struct slice names)
{
        struct slice rest = names, label = pop_label(&rest);
        if (!slice_eq(label, SLICE("vpce")))
                return names;
        struct slice inner = rest;
        while (rest.n > 0) {
                label = pop_label(&rest);
                if (slice_starts_with(label, SLICE("vpce-")))
                        return slice_from(inner, (size_t)(label.p - inner.p) + label.n + 1);
        }
        return inner;
}

// maps.geo, places.geo and routes.geo are hosts of two APIs of Amazon Location Service: geo-maps, geo-places and
// geo-routes, and the older one, whose signing name is geo and whose paths are /maps/v0/...
static bool is_of_geo(struct slice service, struct slice path)
{
        struct slice topic = slice_from(service, 4);
        return slice_starts_with(service, SLICE("geo-")) && slice_starts_with(slice_from(path, 1), topic) &&
               slice_starts_with(slice_from(path, 1 + topic.n), SLICE("/v0/"));
}

static struct host_scope scope_of_name(struct slice host)
{
        struct host_scope scope = {.is_any_region = false};
        struct key key;
        host = slice_head(host, slice_find(host, ':'));
        if (slice_ends_with(host, SLICE(".")))
                host.n--;
        if (host.n > HOST_SCOPE_MAX)
                return scope;
        size_t domain = cut_domain(&host);
        if (domain == LENGTH(host_domains) || host.n == 0)
                return scope;

        struct slice names = without_vpce(host), before = names;
        struct slice tail = slice_str(host_domains[domain].tail);
        struct slice region = region_of_s3_label(pop_label(&before));
        if (region.n > 0 && tail.n == 0) { // one label for two
                scope.region = region;
                scope.service = SLICE("s3");
                return scope;
        }
        region = find_region(names);
        if (!make_key(names, region, &key))
                return scope;
        scope.region = region;
        put(&key, tail);
        if (key.n > 1 && key.p[key.n - 2] == '.' && key.p[key.n - 1] == '+')
                key.n -= 2; // right before the domain, as nearly always
        if (region.n > 0 && apply(look_up(&key), &scope))
                return scope;
        (void)make_key(host, slice_of(NULL, 0), &key);
        put(&key, slice_of(host_domains[domain].name, host_domains[domain].n));
        (void)apply(look_up(&key), &scope);
        return scope;
}

struct host_scope host_scope(struct slice host, struct slice path)
{
        struct host_scope scope = scope_of_name(host);
        if (is_of_geo(scope.service, path))
                scope.service = SLICE("geo");
        return scope;
}
