/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Names of results, the version, and messages of modules.
 */
#include "memory/memory.h"

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
