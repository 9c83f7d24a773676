/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Strings that are built in a frame, piece by piece.
 *
 *     fa_string s = FA_STRING_INIT(frame);
 *     fa_string_append(&s, "score ");
 *     fa_string_printf(&s, "%d", score);
 *     const char *text = fa_string_end(&s);
 *
 * The pieces need not be checked one by one: fa_string_end() returns NULL when
 * any of them was refused, so a text is complete or there is none. A string
 * that is the last block of its frame grows where it is.
 */
#ifndef FRAMEALLOC_STRING_H
#define FRAMEALLOC_STRING_H

#include <framealloc/vec.h>

#include <stdarg.h>

FA_BEGIN_DECLS

/** A string under construction. Read it; the functions change it. */
typedef struct fa_string {
    char *items;  /**< The text; no final NUL before fa_string_end(). */
    size_t count; /**< Bytes, without the NUL. */
    fa_vec base;  /**< As of a vector. */
    bool is_cut;  /**< A piece was refused since the last reset. */
} fa_string;

/** An empty string; allocates at the first piece. */
#define FA_STRING_INIT(frame)                                    \
    {                                                            \
        NULL, 0, {0, 0, SIZE_MAX, (frame), {0, 0}, FA_OK}, false \
    }
/** The same of at most max bytes and the NUL; what does not fit is refused. */
#define FA_STRING_FIXED_INIT(frame, max)                          \
    {                                                             \
        NULL, 0, {0, 0, (max) + 1, (frame), {0, 0}, FA_OK}, false \
    }

/**
 * Appends text.
 *
 * When to use: for pieces that are strings.
 * @param string the string.
 * @param text NUL-terminated, outside of the string; NULL is a string of none.
 * @return FA_OK, or as fa_string_append_bytes().
 * Valid until: - Owner: the frame. Thread: the context's own.
 * Cost: strlen and a copy. Since: 0.1.
 */
FA_API FA_GROWS(*1) FA_BORROWS(2) fa_status
    fa_string_append(fa_string *string, const char *text);

/**
 * Appends bytes.
 *
 * When to use: for pieces of known length.
 * @param string the string.
 * @param data the bytes, outside of the string; may be NULL for none.
 * @param size how many.
 * @return FA_OK; FA_ERR_STALE with FA606 when the frame has ended,
 *         FA_ERR_BUDGET at the maximum, else as fa_frame_alloc(). The text is
 *         as it was, and fa_string_end() will return NULL.
 * Valid until: - Owner: the frame. Thread: the context's own.
 * Cost: a copy. Since: 0.1.
 */
FA_API FA_GROWS(*1) FA_BORROWS(2) fa_status
    fa_string_append_bytes(fa_string *string, const void *data, size_t size);

/**
 * Appends formatted text.
 *
 * When to use: for numbers and the like.
 * @param string the string.
 * @param format as printf(3); arguments outside of the string.
 * @return as fa_string_append_bytes(); FA_ERR_USAGE for a bad format.
 * Valid until: - Owner: the frame. Thread: the context's own.
 * Cost: one vsnprintf, two when the string has to grow. Since: 0.1.
 */
FA_API FA_GROWS(*1) FA_PRINTF(2, 3) fa_status
    fa_string_printf(fa_string *string, const char *format, ...);

/**
 * As fa_string_printf(), with a list of arguments.
 *
 * When to use: in functions of the program that take a format.
 * @param string the string.
 * @param format as vprintf(3).
 * @param args the arguments.
 * @return as fa_string_printf().
 * Valid until: - Owner: the frame. Thread: the context's own.
 * Cost: as fa_string_printf(). Since: 0.1.
 */
FA_API FA_GROWS(*1) FA_PRINTF(2, 0) fa_status
    fa_string_vprintf(fa_string *string, const char *format, va_list args);

/**
 * Room for more bytes and the NUL.
 *
 * When to use: before many small pieces.
 * @param string the string.
 * @param size bytes.
 * @return as fa_string_append_bytes().
 * Valid until: - Owner: the frame. Thread: the context's own.
 * Cost: constant in place, else a copy. Since: 0.1.
 */
FA_API FA_GROWS(*1) fa_status fa_string_reserve(fa_string *string, size_t size);

/**
 * The text, with a final NUL; unused room goes back to the frame.
 *
 * When to use: when the text is complete. Further pieces may follow; they
 * change the text that was returned.
 * @param string the string.
 * @return the text, "" without pieces; NULL when a piece was refused, or when
 *         there is no room for the NUL.
 * Valid until: as fa_frame_alloc(). Owner: the frame.
 * Thread: the context's own. Cost: constant. Since: 0.1.
 */
FA_API FA_RETURNS_FRAME(1) FA_CHECKED char *fa_string_end(fa_string *string);

/**
 * Empties the string and keeps its room; refusals are forgotten.
 *
 * When to use: to build the next text. What fa_string_end() has returned is
 * overwritten.
 * @param string the string.
 * Valid until: - Owner: - Thread: the context's own. Cost: constant.
 * Since: 0.1.
 */
FA_API FA_BORROWS(1) void fa_string_reset(fa_string *string);

FA_END_DECLS

#endif
