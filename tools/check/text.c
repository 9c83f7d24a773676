/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Memory and strings of the front end.
 */
#include "check/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_STEP = 1 << 16, WORD_MAX = 48 };

static fa_allocator *allocator;
static fa_frame *frame;

void
text_out_of_memory(void)
{
    fputs("framealloc check: out of memory\n", stderr);
    exit(4);
}

fa_frame *
text_frame(void)
{
    if (frame != NULL)
        return frame;
    fa_allocator_config config = FA_ALLOCATOR_CONFIG_INIT;
    if (allocator == NULL && fa_allocator_create(&config, &allocator) != FA_OK)
        text_out_of_memory();
    frame = fa_begin_frame(allocator);
    return frame;
}

void
text_reset(void)
{
    if (frame != NULL)
        fa_end_frame(allocator);
    if (allocator != NULL)
        fa_allocator_destroy(allocator);
    frame = NULL;
    allocator = NULL;
}

void *
text_alloc(size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        text_out_of_memory();
    void *p = fa_frame_alloc(text_frame(), total + (total == 0), 16);
    if (p == NULL)
        text_out_of_memory();
    return memset(p, 0, total);
}

char *
text_copy_bytes(const char *text, size_t size)
{
    char *copy = text_alloc(size + 1, 1);
    if (size > 0)
        memcpy(copy, text, size);
    return copy;
}

char *
text_copy(const char *text)
{
    return text_copy_bytes(text, strlen(text));
}

char *
text_of(fa_string *string)
{
    char *text = fa_string_end(string);
    if (text == NULL)
        text_out_of_memory();
    return text;
}

char *
text_format(const char *format, ...)
{
    fa_string string = TEXT_STRING_INIT;
    va_list args;
    va_start(args, format);
    fa_string_vprintf(&string, format, args);
    va_end(args);
    return text_of(&string);
}

bool
text_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool
text_ends(const char *text, const char *suffix)
{
    size_t size = strlen(text), end = strlen(suffix);
    return size >= end && memcmp(text + size - end, suffix, end) == 0;
}

static unsigned
least(unsigned a, unsigned b, unsigned c)
{
    unsigned ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Levenshtein's distance, row by row. */
static unsigned
distance(const char *a, const char *b)
{
    unsigned row[WORD_MAX + 1];
    size_t size = strlen(b);
    if (size > WORD_MAX || strlen(a) > WORD_MAX)
        return WORD_MAX;
    for (unsigned i = 0; i <= size; i++)
        row[i] = i;
    for (unsigned i = 0; a[i] != '\0'; i++) {
        unsigned diagonal = row[0];
        row[0] = i + 1;
        for (size_t k = 0; k < size; k++) {
            unsigned swapped = diagonal + (a[i] != b[k]);
            diagonal = row[k + 1];
            row[k + 1] = least(swapped, row[k] + 1, row[k + 1] + 1);
        }
    }
    return row[size];
}

const char *
text_nearest(const char *text, const char *const *words, size_t count)
{
    const char *best = NULL;
    unsigned least_distance = (unsigned)strlen(text) / 3 + 2;
    for (size_t i = 0; i < count; i++) {
        unsigned d = distance(text, words[i]);
        if (d >= least_distance)
            continue;
        least_distance = d;
        best = words[i];
    }
    return best;
}

/* Of unknown size: pipes, /dev/stdin. */
static char *
read_all(int fd, size_t *size)
{
    fa_string string = TEXT_STRING_INIT;
    char buffer[READ_STEP];
    ssize_t n;
    while ((n = read(fd, buffer, sizeof(buffer))) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return NULL;
        fa_string_append_bytes(&string, buffer, (size_t)n);
    }
    *size = string.count;
    return text_of(&string);
}

char *
text_read_file(const char *path, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    char *text = read_all(fd, size);
    int error = errno;
    close(fd);
    errno = error;
    return text;
}

/* FNV-1a twice, over the bytes and over the bytes that it leaves. */
void
text_hash_add(struct text_hash *hash, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++) {
        hash->high = (hash->high ^ bytes[i]) * UINT64_C(0x100000001b3);
        hash->low = (hash->low ^ bytes[i] ^ (hash->high >> 32)) *
                    UINT64_C(0x9e3779b97f4a7c15);
    }
}

void
text_hash_print(const struct text_hash *hash, char out[33])
{
    snprintf(out, 33, "%016" PRIx64 "%016" PRIx64, hash->high, hash->low);
}
