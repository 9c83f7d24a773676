/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Names of results, the version, and messages of modules.
 */
#include "context/ctx.h"

const char *
fa_status_name(fa_status status)
{
    switch (status) {
    case FA_OK:
        return "FA_OK";
    case FA_NOT_READY:
        return "FA_NOT_READY";
    case FA_TIMEOUT:
        return "FA_TIMEOUT";
    case FA_ERR_NOMEM:
        return "FA_ERR_NOMEM";
    case FA_ERR_BUDGET:
        return "FA_ERR_BUDGET";
    case FA_ERR_CONFIG:
        return "FA_ERR_CONFIG";
    case FA_ERR_USAGE:
        return "FA_ERR_USAGE";
    case FA_ERR_STATE:
        return "FA_ERR_STATE";
    case FA_ERR_STALE:
        return "FA_ERR_STALE";
    case FA_ERR_THREAD:
        return "FA_ERR_THREAD";
    case FA_ERR_UNSUPPORTED:
        return "FA_ERR_UNSUPPORTED";
    case FA_ERR_INTERNAL:
        return "FA_ERR_INTERNAL";
    case FA_ERR_DEVICE_LOST:
        return "FA_ERR_DEVICE_LOST";
    case FA_ERR_BACKEND:
        return "FA_ERR_BACKEND";
    }
    return "FA_ERR_UNKNOWN";
}

const char *
fa_version_string(void)
{
    return FA_VERSION;
}

void
fa_diag_send(fa_allocator *allocator, uint32_t number, const void *address,
             const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fai_report_list(&allocator->reporter, number, address, format, args);
    va_end(args);
}

/* A context that the thread does not have yet is not made for a message. */
void
fai_ctx_describe(const struct fai_reporter *reporter, fa_diag *diag)
{
    const fa_allocator *allocator =
        FAI_CONTAINER((char *)(uintptr_t)reporter, fa_allocator, reporter);
    if (fai_tls.id != allocator->id || fai_tls.ctx == NULL)
        return;
    diag->ctx = fai_tls.ctx->id;
    diag->ctx_name = fai_tls.ctx->name;
    diag->tag_name = allocator->tags.tag[fai_tls.ctx->tag].name;
}

fa_on_misuse
fa_diag_strict_set(fa_allocator *allocator, fa_on_misuse on_misuse)
{
    if (allocator == NULL || (unsigned)on_misuse > FA_ON_MISUSE_ABORT_WARNING)
        return FA_ON_MISUSE_DEFAULT;
    if (on_misuse == FA_ON_MISUSE_DEFAULT)
        on_misuse = FA_ON_MISUSE_REPORT;
    /* Acts at the next message; no pairing is needed. */
    return fai_exchange(&allocator->reporter.on_misuse, on_misuse);
}

void
fa_diag_verbose_set(fa_allocator *allocator, unsigned level)
{
    if (allocator != NULL)
        /* As above. */
        fai_store(&allocator->reporter.is_verbose, level != 0);
}

static fa_status
suppress(fa_allocator *allocator, uint32_t number, bool is_suppressed)
{
    return allocator != NULL && fai_report_suppress(&allocator->reporter,
                                                    number, is_suppressed)
               ? FA_OK
               : FA_ERR_USAGE;
}

fa_status
fa_diag_suppress_add(fa_allocator *allocator, uint32_t number)
{
    return suppress(allocator, number, true);
}

fa_status
fa_diag_suppress_remove(fa_allocator *allocator, uint32_t number)
{
    return suppress(allocator, number, false);
}
