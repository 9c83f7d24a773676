/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Cases for framealloc check: arenas in the manner of nginx, which it knows
 * from foreign.toml alone.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct ngx_pool_t ngx_pool_t;

ngx_pool_t *ngx_create_pool(size_t size);
void ngx_destroy_pool(ngx_pool_t *pool);
void ngx_reset_pool(ngx_pool_t *pool);
void *ngx_palloc(ngx_pool_t *pool, size_t size);
void *ngx_pcalloc(ngx_pool_t *pool, size_t size);
void *ngx_alloc(size_t size);
void ngx_free(void *block);

struct header {
    char *name;
    size_t length;
};

struct request {
    ngx_pool_t *pool;
    struct header *headers;
    size_t count;
};

struct connection {
    ngx_pool_t *pool;
    struct request *request;
    int requests;
};

/* The cases. */

/* bad: FA606 */
size_t
ngx_header_behind_the_request(size_t count)
{
    ngx_pool_t *pool = ngx_create_pool(4096);
    if (pool == NULL)
        return 0;
    struct header *headers = ngx_pcalloc(pool, count * sizeof(*headers));
    if (headers == NULL) {
        ngx_destroy_pool(pool);
        return 0;
    }
    headers[0].length = count;
    ngx_destroy_pool(pool);
    return headers[0].length; /* here */
}

/* good */
size_t
ngx_header_in_the_request(size_t count)
{
    ngx_pool_t *pool = ngx_create_pool(4096);
    size_t length = 0;
    if (pool == NULL)
        return 0;
    struct header *headers = ngx_pcalloc(pool, count * sizeof(*headers));
    if (headers != NULL) {
        headers[0].length = count;
        length = headers[0].length;
    }
    ngx_destroy_pool(pool);
    return length;
}

static void
request_close(struct connection *connection)
{
    connection->requests--;
    ngx_destroy_pool(connection->request->pool);
    connection->request = NULL;
}

/* bad: FA606 */
void
ngx_request_behind_its_close(struct connection *connection)
{
    struct request *request = connection->request;
    struct header *header = ngx_palloc(request->pool, sizeof(*header));
    if (header == NULL)
        return;
    request_close(connection);
    header->length = 0; /* here */
}

static void
request_reset(struct connection *connection)
{
    connection->requests++;
    connection->request->count = 0;
}

/* good */
void
ngx_request_behind_its_reset(struct connection *connection)
{
    struct request *request = connection->request;
    struct header *header = ngx_palloc(request->pool, sizeof(*header));
    if (header == NULL)
        return;
    request_reset(connection);
    header->length = 0;
}

/* bad: FA608 */
void
ngx_free_of_pool_memory(struct request *request, size_t size)
{
    char *line = ngx_palloc(request->pool, size);
    if (line == NULL)
        return;
    memset(line, ' ', size);
    free(line); /* here */
}

/* good */
void
ngx_free_of_other_memory(struct request *request, size_t size)
{
    char *line = ngx_palloc(request->pool, size);
    char *copy = ngx_alloc(size);
    if (line != NULL && copy != NULL)
        memcpy(line, memset(copy, ' ', size), size);
    ngx_free(copy);
}

/* bad: FA601 FA611 */
void
ngx_header_of_a_pool_that_ends(struct request *request)
{
    ngx_pool_t *temporary = ngx_create_pool(1024);
    if (temporary == NULL)
        return;
    request->headers = ngx_pcalloc(temporary, 4 * sizeof(struct header));
    request->count = request->headers != NULL ? 4 : 0; /* here */
    ngx_destroy_pool(temporary);
}

/* good */
void
ngx_header_of_the_request(struct request *request)
{
    ngx_pool_t *temporary = ngx_create_pool(1024);
    if (temporary == NULL)
        return;
    struct header *draft = ngx_pcalloc(temporary, 4 * sizeof(*draft));
    request->headers = ngx_pcalloc(request->pool, 4 * sizeof(*draft));
    if (request->headers != NULL && draft != NULL)
        memcpy(request->headers, draft, 4 * sizeof(*draft));
    ngx_destroy_pool(temporary);
}

/* bad: FA609 */
int
ngx_line_freed_twice(size_t size, const char *from)
{
    int status = -1;
    char *line = ngx_alloc(size);
    if (line == NULL)
        return status;
    strncpy(line, from, size - 1);
    if (line[0] == '#')
        goto done;
    status = line[0];
    ngx_free(line);
done:
    ngx_free(line); /* here */
    return status;
}

/* good */
int
ngx_line_freed_once(size_t size, const char *from)
{
    int status = -1;
    char *line = ngx_alloc(size);
    if (line == NULL)
        return status;
    strncpy(line, from, size - 1);
    if (line[0] == '#')
        goto done;
    status = line[0];
done:
    ngx_free(line);
    return status;
}
