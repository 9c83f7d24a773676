/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Structures of the program, which begin with their own size.
 */
#include "accounting/sized.h"

#include "base/bits.h"

#include <string.h>

/* More than any structure will grow to; what was not initialised is larger. */
#define SIZE_LIMIT 4096

static bool
take_size(struct fai_reporter *reporter, const char *name, const void *given,
          size_t least, size_t *size)
{
    memcpy(size, given, sizeof(*size));
    if (*size >= least && *size <= SIZE_LIMIT)
        return true;
    fai_report(reporter, 10, NULL, "%s.struct_size is %zu", name, *size);
    return false;
}

bool
fai_sized_read(struct fai_reporter *reporter, const char *name,
               const void *given, size_t least, void *out, size_t size)
{
    size_t theirs;
    if (!take_size(reporter, name, given, least, &theirs))
        return false;
    memcpy(out, given, FAI_MIN(theirs, size));
    memcpy(out, &size, sizeof(size));
    return true;
}

bool
fai_sized_write(struct fai_reporter *reporter, const char *name,
                const void *from, size_t size, void *out)
{
    size_t theirs;
    if (!take_size(reporter, name, out, sizeof(theirs), &theirs))
        return false;
    memcpy(out, from, FAI_MIN(theirs, size));
    memcpy(out, &theirs, sizeof(theirs));
    return true;
}
