/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Delivery of diagnostics: registry, rate, sink, and what happens after.
 */
#ifndef FAI_ACCOUNTING_DIAG_H
#define FAI_ACCOUNTING_DIAG_H

#include "base/atomic.h"

#include <framealloc/diag.h>

#include <stdarg.h>

/* Bytes of a detail; the rest is cut. */
#define FAI_DETAIL_MAX 1280

enum {
#define FAI_DIAG_INDEX(number, severity, text, cure) FAI_DIAG_##number,
    FA_DIAG_LIST(FAI_DIAG_INDEX)
#undef FAI_DIAG_INDEX
        FAI_DIAG_COUNT
};

/* One per allocator. */
struct fai_reporter {
    fa_diag_fn sink; /* NULL: stderr. */
    void *user;
    fa_on_misuse on_misuse; /* Resolved: never the default. */
    const uint64_t *word;   /* The allocator's frame word, or NULL. */
    /* Frame number + 1 in which each code was printed last. */
    uint64_t printed[FAI_DIAG_COUNT];
    bool is_suppressed[FAI_DIAG_COUNT];
    bool is_verbose;
    /* Fills in who it is, or NULL: nobody knows yet. */
    void (*describe)(const struct fai_reporter *reporter, fa_diag *diag);
};

/* From now on, the number is not delivered, or is. False when there is none. */
bool fai_report_suppress(struct fai_reporter *reporter, uint32_t number,
                         bool is_suppressed);

/* The next message about a budget is printed, whatever was before. */
void fai_report_forget(struct fai_reporter *reporter);
/* Delivers FA<number>. Call it without any lock held. */
void fai_report(struct fai_reporter *reporter, uint32_t number,
                const void *address, const char *format, ...)
    __attribute__((__format__(__printf__, 4, 5), __cold__));
/* The same; numbers that are not in the registry are dropped. */
void fai_report_list(struct fai_reporter *reporter, uint32_t number,
                     const void *address, const char *format, va_list args)
    __attribute__((__format__(__printf__, 4, 0), __cold__));

#endif
