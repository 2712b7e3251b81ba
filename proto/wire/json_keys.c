// SPDX-License-Identifier: Apache-2.0
#include "proto/mem/length.h"
#include "proto/wire/json_node.h"
#include "proto/wire/json_text.h"

enum { PAIRWISE_KEYS = 12 }; // up to this many, comparing all pairs is faster than sorting

// While the keys of a large object are sorted, `type` is the link of their lists (0, the root, ends one).
static size_t link_of(const struct json_node *node)
{
        return (size_t)node->type;
}

static void set_link(struct json_node *node, size_t to)
{
        node->type = (int)to;
}

static int compare(const struct json_doc *doc, const struct json_node *left, const struct json_node *right)
{
        return json_text_compare(json_node_text(doc, left), left->size != 0, json_node_text(doc, right),
                                 right->size != 0);
}

static bool is_equal(const struct json_doc *doc, const struct json_node *left, const struct json_node *right)
{
        bool has_escapes = left->size != 0 || right->size != 0;
        if (!has_escapes && left->end - left->start != right->end - right->start) // nearly always
                return false;
        return compare(doc, left, right) == 0;
}

static size_t pairwise_duplicate(const struct json_doc *doc, size_t object)
{
        int first = doc->nodes[object].size > 0 ? (int)object + 1 : -1;
        for (int a = first; a >= 0; a = doc->nodes[a].next)
                for (int b = doc->nodes[a].next; b >= 0; b = doc->nodes[b].next)
                        if (is_equal(doc, &doc->nodes[a], &doc->nodes[b]))
                                return (size_t)b;
        return JSON_NONE;
}

// Merges two sorted lists; where two keys are equal, *duplicate is set to the later one.
static size_t merge(struct json_doc *doc, size_t a, size_t b, size_t *duplicate)
{
        size_t head = 0;
        size_t tail = 0;
        while (a != 0 && b != 0) {
                int order = compare(doc, &doc->nodes[a], &doc->nodes[b]);
                if (order == 0)
                        *duplicate = a > b ? a : b;
                size_t least = order <= 0 ? a : b;
                *(order <= 0 ? &a : &b) = link_of(&doc->nodes[least]);
                if (tail == 0)
                        head = least;
                else
                        set_link(&doc->nodes[tail], least);
                tail = least;
        }
        size_t rest = a != 0 ? a : b;
        if (tail == 0)
                return rest;
        set_link(&doc->nodes[tail], rest);
        return head;
}

// Sorts the keys in place. Equal keys always meet in one of the merges.
static size_t sorted_duplicate(struct json_doc *doc, size_t object)
{
        size_t runs[32] = {0}; // runs[i] is empty or holds 2^i keys
        size_t duplicate = 0;
        for (size_t key = json_first(doc, object); key != JSON_NONE; key = json_next(doc, key)) {
                size_t run = key;
                size_t i = 0;
                set_link(&doc->nodes[key], 0);
                for (; runs[i] != 0; i++) {
                        run = merge(doc, runs[i], run, &duplicate);
                        runs[i] = 0;
                }
                runs[i] = run;
        }
        size_t all = 0;
        for (size_t i = 0; i < LENGTH(runs); i++)
                all = merge(doc, runs[i], all, &duplicate);
        for (size_t key = json_first(doc, object); key != JSON_NONE; key = json_next(doc, key))
                doc->nodes[key].type = NODE_STRING;
        return duplicate != 0 ? duplicate : JSON_NONE;
}

void json_remove_key(struct json_doc *doc, size_t object, size_t key)
{
        size_t before = JSON_NONE;
        for (size_t at = json_first(doc, object); at != JSON_NONE && at != key; at = json_next(doc, at))
                before = at;
        if (before == JSON_NONE) // an object's first key is the node after it, and no duplicate
                return;
        doc->nodes[before].next = doc->nodes[key].next;
        doc->nodes[object].size--;
}

size_t json_duplicate_key(struct json_doc *doc, size_t object)
{
        if (doc->nodes[object].size <= PAIRWISE_KEYS)
                return pairwise_duplicate(doc, object);
        return sorted_duplicate(doc, object);
}
