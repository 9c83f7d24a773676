/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Cases for framealloc check: arenas in the manner of APR's pools, which it
 * knows from foreign.toml alone.
 */
#include <stddef.h>
#include <string.h>

typedef struct apr_pool_t apr_pool_t;
typedef struct apr_table_t apr_table_t;

int apr_pool_create(apr_pool_t **out, apr_pool_t *parent);
void apr_pool_clear(apr_pool_t *pool);
void apr_pool_destroy(apr_pool_t *pool);
void *apr_palloc(apr_pool_t *pool, size_t size);
void *apr_pcalloc(apr_pool_t *pool, size_t size);
char *apr_pstrdup(apr_pool_t *pool, const char *text);
char *apr_psprintf(apr_pool_t *pool, const char *format, ...);
apr_table_t *apr_table_make(apr_pool_t *pool, int count);
void apr_table_set(apr_table_t *table, const char *key, const char *value);
void apr_table_setn(apr_table_t *table, const char *key, const char *value);

struct entry {
    struct entry *next;
    const char *path;
    size_t size;
};

/* The cases. */

/* bad: FA606 */
size_t
apr_entry_behind_its_pool(apr_pool_t *parent, const char *path)
{
    apr_pool_t *pool;
    if (apr_pool_create(&pool, parent) != 0)
        return 0;
    struct entry *entry = apr_pcalloc(pool, sizeof(*entry));
    entry->path = apr_pstrdup(pool, path);
    entry->size = strlen(path);
    apr_pool_destroy(pool);
    return entry->size; /* here */
}

/* good */
size_t
apr_entry_in_its_pool(apr_pool_t *parent, const char *path)
{
    apr_pool_t *pool;
    if (apr_pool_create(&pool, parent) != 0)
        return 0;
    struct entry *entry = apr_pcalloc(pool, sizeof(*entry));
    entry->path = apr_pstrdup(parent, path);
    entry->size = strlen(path);
    size_t size = entry->size;
    path = entry->path;
    apr_pool_destroy(pool);
    return size + (path[0] == '/');
}

/* bad: FA606 */
const char *
apr_iteration_pool_that_is_cleared(apr_pool_t *parent, const char **paths,
                                   size_t count)
{
    apr_pool_t *iteration;
    const char *longest = "";
    apr_pool_create(&iteration, parent);
    for (size_t i = 0; i < count; i++) {
        apr_pool_clear(iteration);
        char *full = apr_psprintf(iteration, "/%s", paths[i]);
        if (strlen(full) > strlen(longest)) /* here */
            longest = full;
    }
    apr_pool_destroy(iteration);
    return NULL;
}

/* good */
const char *
apr_iteration_pool_whose_result_is_copied(apr_pool_t *parent,
                                          const char **paths, size_t count)
{
    apr_pool_t *iteration;
    const char *longest = "";
    apr_pool_create(&iteration, parent);
    for (size_t i = 0; i < count; i++) {
        apr_pool_clear(iteration);
        char *full = apr_psprintf(iteration, "/%s", paths[i]);
        if (strlen(full) > strlen(longest))
            longest = apr_pstrdup(parent, full);
    }
    apr_pool_destroy(iteration);
    return longest;
}

/* bad: FA611 */
struct entry *
apr_result_with_a_part_of_scratch(const char *path, apr_pool_t *result_pool,
                                  apr_pool_t *scratch_pool)
{
    struct entry *entry = apr_pcalloc(result_pool, sizeof(*entry));
    entry->path = apr_psprintf(scratch_pool, "file:%s", path); /* here */
    entry->size = strlen(entry->path);
    return entry;
}

/* good */
struct entry *
apr_result_without_scratch(const char *path, apr_pool_t *result_pool,
                           apr_pool_t *scratch_pool)
{
    struct entry *entry = apr_pcalloc(result_pool, sizeof(*entry));
    char *url = apr_psprintf(scratch_pool, "file:%s", path);
    entry->size = strlen(url);
    entry->path = apr_pstrdup(result_pool, url);
    return entry;
}

/* bad: FA613 FA611 */
apr_table_t *
apr_table_that_keeps_a_key(apr_pool_t *pool, const char *name)
{
    apr_pool_t *scratch;
    apr_table_t *table = apr_table_make(pool, 4);
    apr_pool_create(&scratch, pool);
    char *key = apr_psprintf(scratch, "x-%s", name);
    apr_table_setn(table, key, "1"); /* here */
    apr_pool_destroy(scratch);
    return table;
}

/* good */
apr_table_t *
apr_table_that_copies_a_key(apr_pool_t *pool, const char *name)
{
    apr_pool_t *scratch;
    apr_table_t *table = apr_table_make(pool, 4);
    apr_pool_create(&scratch, pool);
    char *key = apr_psprintf(scratch, "x-%s", name);
    apr_table_set(table, key, "1");
    apr_pool_destroy(scratch);
    return table;
}

/* bad: FA611 FA601 */
void
apr_child_in_its_parent(apr_pool_t *parent, struct entry **list)
{
    apr_pool_t *child;
    struct entry *head = apr_pcalloc(parent, sizeof(*head));
    apr_pool_create(&child, parent);
    head->next = apr_pcalloc(child, sizeof(*head)); /* here */
    apr_pool_destroy(child);
    *list = head;
}

/* good */
size_t
apr_parent_in_its_child(apr_pool_t *parent, struct entry **list)
{
    apr_pool_t *child;
    struct entry *head = apr_pcalloc(parent, sizeof(*head));
    apr_pool_create(&child, parent);
    struct entry *view = apr_pcalloc(child, sizeof(*head));
    view->next = head;
    size_t size = view->next->size;
    apr_pool_destroy(child);
    *list = head;
    return size;
}

/* bad: FA606 */
const char *
apr_grandchild_behind_its_grandparent(apr_pool_t *root)
{
    apr_pool_t *request, *part;
    if (apr_pool_create(&request, root) != 0)
        return NULL;
    apr_pool_create(&part, request);
    char *name = apr_pstrdup(part, "part");
    apr_pool_destroy(request);
    return name[0] == 'p' ? "part" : NULL; /* here */
}

/* good */
const char *
apr_child_behind_its_sibling(apr_pool_t *root)
{
    apr_pool_t *request, *part;
    if (apr_pool_create(&request, root) != 0)
        return NULL;
    apr_pool_create(&part, root);
    char *name = apr_pstrdup(part, "part");
    apr_pool_destroy(request);
    const char *result = name[0] == 'p' ? "part" : NULL;
    apr_pool_destroy(part);
    return result;
}
