/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Strings under construction: vectors of bytes.
 *
 * Room for a piece includes room for the final NUL, so that a string that has
 * taken its pieces can be ended.
 */
#include <framealloc/string.h>

#include "base/bits.h"
#include "collections/items.h"

#include <stdio.h>
#include <string.h>

static fa_status
cut(fa_string *string, fa_status status)
{
    string->is_cut = true;
    return string->base.status = status;
}

/* Room for so many bytes and the NUL. */
static fa_status
make_room(fa_string *string, size_t size)
{
    fa_vec *base = &string->base;
    size_t with_nul;
    base->status = FA_OK;
    if (!fai_add_size(size, 1, &with_nul))
        return cut(string, FA_ERR_NOMEM);
    if (with_nul > base->capacity - string->count)
        string->items = fa_vec_reserve_slow(base, string->items, string->count,
                                            with_nul, 1, 1);
    return base->status == FA_OK ? FA_OK : cut(string, base->status);
}

fa_status
fa_string_append_bytes(fa_string *string, const void *data, size_t size)
{
    if (size == 0)
        return FA_OK;
    fa_status status = make_room(string, size);
    if (status != FA_OK)
        return status;
    memcpy(string->items + string->count, data, size);
    string->count += size;
    return FA_OK;
}

fa_status
fa_string_append(fa_string *string, const char *text)
{
    return text == NULL ? FA_OK
                        : fa_string_append_bytes(string, text, strlen(text));
}

static int print(const fa_string *string, size_t room, const char *format,
                 va_list args) FA_PRINTF(3, 0);

/* The length that is needed, or less than 0. */
static int
print(const fa_string *string, size_t room, const char *format, va_list args)
{
    va_list copy;
    va_copy(copy, args);
    char *end = room == 0 ? NULL : string->items + string->count;
    int length = vsnprintf(end, room, format, copy);
    va_end(copy);
    return length;
}

fa_status
fa_string_vprintf(fa_string *string, const char *format, va_list args)
{
    if (!fai_items_may_change(&string->base))
        return cut(string, FA_ERR_STALE);
    size_t room = string->base.capacity - string->count;
    int length = print(string, room, format, args);
    if (length < 0)
        return cut(string, FA_ERR_USAGE);
    if ((size_t)length >= room) {
        fa_status status = make_room(string, (size_t)length);
        if (status != FA_OK)
            return status;
        print(string, (size_t)length + 1, format, args);
    }
    string->count += (size_t)length;
    return FA_OK;
}

fa_status
fa_string_printf(fa_string *string, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fa_status status = fa_string_vprintf(string, format, args);
    va_end(args);
    return status;
}

fa_status
fa_string_reserve(fa_string *string, size_t size)
{
    return make_room(string, size);
}

char *
fa_string_end(fa_string *string)
{
    fa_vec *base = &string->base;
    if (!fai_items_may_change(base) || string->is_cut ||
        make_room(string, 0) != FA_OK)
        return NULL;
    string->items[string->count] = '\0';
    fa_vec_trim_slow(base, string->items, string->count + 1, 1, 1);
    return string->items;
}

void
fa_string_reset(fa_string *string)
{
    string->count = 0;
    string->is_cut = false;
}
