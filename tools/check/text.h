/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Memory and strings of the front end: one frame that lasts as long as the
 * program, so that nothing is freed. A program that is out of memory says so
 * and ends with status 4; callers need not look.
 */
#ifndef CHECK_TEXT_H
#define CHECK_TEXT_H

#include <framealloc/framealloc.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

_Noreturn void text_out_of_memory(void);
fa_frame *text_frame(void);
/* Gives everything back; for tests and fuzzers. */
void text_reset(void);

/* Zeroed. */
void *text_alloc(size_t count, size_t size);
char *text_copy(const char *text);
char *text_copy_bytes(const char *text, size_t size);
FA_PRINTF(1, 2) char *text_format(const char *format, ...);
/* The text of a finished string. */
char *text_of(fa_string *string);

bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);
/* The word that differs least from text, if it is near; else NULL. */
const char *text_nearest(const char *text, const char *const *words,
                         size_t count);

/* The whole file with a NUL behind it, or NULL with errno set. */
char *text_read_file(const char *path, size_t *size);

/* 128 bits, for fingerprints; not against an adversary. */
struct text_hash {
    uint64_t high, low;
};
#define TEXT_HASH_INIT                                       \
    {                                                        \
        UINT64_C(0xcbf29ce484222325), UINT64_C(0x84222325cb) \
    }
void text_hash_add(struct text_hash *hash, const void *data, size_t size);
/* 32 digits. */
void text_hash_print(const struct text_hash *hash, char out[33]);

#define TEXT_VEC(type) FA_VEC(type)
#define TEXT_VEC_INIT  FA_VEC_INIT(text_frame())
#define text_push(vec, value)         \
    do {                              \
        if (!fa_vec_push(vec, value)) \
            text_out_of_memory();     \
    } while (0)
typedef TEXT_VEC(const char *) text_list;
#define TEXT_STRING_INIT FA_STRING_INIT(text_frame())

#endif
