/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The parser of FRAMEALLOC_OPTIONS. It never fails: what it cannot use is
 * named and skipped.
 */
#include "context/options.h"

#include "accounting/diag.h"

#include <string.h>

struct key {
    const char *name;
    size_t offset;
    int64_t max;
};

#define KEY(name, max)                                 \
    {                                                  \
#        name, offsetof(struct fai_options, name), max \
    }

static const struct key keys[] = {
    KEY(guard, 3),        KEY(strict, 2),
    KEY(counts, 1),       KEY(report, 1),
    KEY(huge, 2),         KEY(trim, UINT32_MAX),
    KEY(quarantine, 16),  KEY(guard_max, 1 << 20),
    KEY(sample, 1000000), KEY(fail, INT64_MAX),
    KEY(behavior, 3),     KEY(verbose, 1),
    KEY(suppress, 999),
};

static const char separators[] = ",: \t\n";

static const struct key *
find_key(const char *name, size_t length)
{
    for (size_t i = 0; i < FAI_COUNT(keys); i++)
        if (strlen(keys[i].name) == length &&
            memcmp(keys[i].name, name, length) == 0)
            return &keys[i];
    return NULL;
}

static bool
parse_number(const char *text, size_t length, int64_t max, int64_t *value)
{
    int64_t n = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9' || n > (INT64_MAX - 9) / 10)
            return false;
        n = n * 10 + (text[i] - '0');
    }
    *value = n;
    return length > 0 && n <= max;
}

/* The one key that may be given several times. */
static uint32_t
add_suppressed(struct fai_options *options, int64_t number)
{
    if (options->suppress < 0)
        options->suppress = 0;
    if (options->suppress == FAI_SUPPRESS_MAX ||
        fa_diag_text((uint32_t)number) == NULL)
        return 12;
    options->suppressed[options->suppress++] = (uint32_t)number;
    return 0;
}

/* The diagnostic to give, or 0. */
static uint32_t
parse_item(const char *item, size_t length, struct fai_options *options)
{
    const char *equals = memchr(item, '=', length);
    if (equals == NULL)
        return find_key(item, length) == NULL ? 11 : 12;
    size_t name_length = (size_t)(equals - item);
    const struct key *key = find_key(item, name_length);
    if (key == NULL)
        return 11;
    int64_t value;
    if (!parse_number(equals + 1, length - name_length - 1, key->max, &value))
        return 12;
    if (key->offset == offsetof(struct fai_options, suppress))
        return add_suppressed(options, value);
    memcpy((char *)options + key->offset, &value, sizeof(value));
    return 0;
}

void
fai_options_parse(const char *text, struct fai_options *options,
                  fai_options_fn complain, void *user)
{
    memset(options, 0xff, sizeof(*options));
    while (text != NULL && *text != '\0') {
        size_t length = strcspn(text, separators);
        uint32_t number = length == 0 ? 0 : parse_item(text, length, options);
        if (number != 0)
            complain(user, number, text, length);
        text += length;
        text += strspn(text, separators);
    }
}
