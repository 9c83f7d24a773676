/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Configuration of an allocator.
 *
 * The program's values win over FRAMEALLOC_OPTIONS, which win over defaults.
 * The environment is read by secure_getenv(), so a privileged program ignores
 * it.
 */
#include "context/config.h"

#include "accounting/sized.h"
#include "base/bits.h"
#include "context/options.h"
#include "os/checkers.h"
#include "os/fault.h"
#include "os/pages.h"

#include <stdlib.h>
#include <string.h>

static bool
is_outside(struct fai_reporter *reporter, const char *member, uint64_t value,
           uint64_t min, uint64_t max)
{
    if (value >= min && value <= max)
        return false;
    fai_report(reporter, 10, NULL,
               "fa_allocator_config.%s is %llu, allowed are %llu to %llu",
               member, (unsigned long long)value, (unsigned long long)min,
               (unsigned long long)max);
    return true;
}

static void
complain_once(void *user, uint32_t number, const char *item, size_t length)
{
    static bool was_said;
    /* Once per process is enough; a second message would be harmless. */
    if (!fai_exchange(&was_said, true))
        fai_report(user, number, NULL, "\"%.*s\"",
                   (int)FAI_MIN(length, (size_t)80), item);
}

static void
apply_options(fa_allocator_config *config, const struct fai_options *options)
{
    if (config->guard == FA_GUARD_DEFAULT && options->guard > 0)
        config->guard = (fa_guard)options->guard;
    if (config->guard == FA_GUARD_DEFAULT && options->guard < 0 &&
        fai_checkers_watch())
        config->guard = FA_GUARD_CHECK;
    if (config->on_misuse == FA_ON_MISUSE_DEFAULT)
        config->on_misuse =
            (fa_on_misuse)(options->strict < 0 ? FA_ON_MISUSE_REPORT
                                               : options->strict + 1);
    config->counts |= options->counts > 0;
    config->report |= options->report > 0;
    if (config->behavior == 0 && options->behavior > 0)
        config->behavior = (uint32_t)options->behavior;
    if (config->huge_pages == FA_HUGE_DEFAULT && options->huge >= 0)
        config->huge_pages = (fa_huge)options->huge;
    if (config->trim_frames == 0 && options->trim > 0)
        config->trim_frames = (uint32_t)options->trim;
    if (config->guard_quarantine == 0 && options->quarantine > 0)
        config->guard_quarantine = (uint32_t)options->quarantine;
    if (config->guard_max == 0 && options->guard_max > 0)
        config->guard_max = (size_t)options->guard_max;
    if (config->guard_sample == 0 && options->sample > 0)
        config->guard_sample = (uint32_t)options->sample;
}

static void
fill_defaults(fa_allocator_config *config)
{
    if (config->frame_reserve == 0)
        config->frame_reserve = (size_t)64 << 20;
    if (config->window == 0)
        config->window = (size_t)32 << 10;
    if (config->trim_frames == 0)
        config->trim_frames = 3600;
    if (config->cache_limit == 0)
        config->cache_limit = (size_t)32 << 20;
    if (config->guard_quarantine == 0)
        config->guard_quarantine = 3;
    if (config->guard_max == 0)
        config->guard_max = (size_t)64 << 10;
    if (config->guard_sample == 0)
        config->guard_sample = 1;
    if (config->drain == FA_DRAIN_DEFAULT)
        config->drain = FA_DRAIN_FRAME_END;
    if (config->drain_count == 0)
        config->drain_count = 256;
    if (config->queue_full == FA_QUEUE_DEFAULT)
        config->queue_full = FA_QUEUE_GROW;
    if (config->guard == FA_GUARD_OFF)
        config->guard = FA_GUARD_DEFAULT; /* Resolved: 0 is level 0. */
}

static bool
is_valid(const fa_allocator_config *c, struct fai_reporter *reporter)
{
    return !is_outside(reporter, "frame_lag", c->frame_lag, 0, 7) &&
           !is_outside(reporter, "frame_reserve", c->frame_reserve, 64 << 10,
                       (uint64_t)64 << 30) &&
           !is_outside(reporter, "window", c->window, 4096, 1 << 20) &&
           (c->memory_limit == 0 ||
            !is_outside(reporter, "memory_limit", c->memory_limit, 16,
                        UINT64_MAX)) &&
           !is_outside(reporter, "guard", (uint64_t)c->guard, 0, 3) &&
           !is_outside(reporter, "on_misuse", (uint64_t)c->on_misuse, 0, 3) &&
           !is_outside(reporter, "huge_pages", (uint64_t)c->huge_pages, 0, 2) &&
           !is_outside(reporter, "behavior", c->behavior, 0, 3) &&
           !is_outside(reporter, "prefault", c->prefault, 0,
                       c->frame_reserve) &&
           !is_outside(reporter, "guard_quarantine", c->guard_quarantine, 1,
                       16) &&
           !is_outside(reporter, "guard_max", c->guard_max, 1, 1 << 20) &&
           !is_outside(reporter, "drain", (uint64_t)c->drain, 0,
                       FA_DRAIN_EXPLICIT) &&
           !is_outside(reporter, "queue_full", (uint64_t)c->queue_full, 0,
                       FA_QUEUE_FAIL);
}

static bool
is_valid_backend(const fa_heap_backend *heap, struct fai_reporter *reporter)
{
    if (heap == NULL)
        return true;
    if (heap->struct_size >= offsetof(fa_heap_backend, trim) &&
        heap->alloc != NULL && heap->free != NULL)
        return true;
    fai_report(reporter, 10, NULL,
               "fa_allocator_config.heap lacks struct_size, alloc or free");
    return false;
}

static fa_status
copy_given(const fa_allocator_config *given, fa_allocator_config *out,
           struct fai_reporter *reporter)
{
    *out = (fa_allocator_config)FA_ALLOCATOR_CONFIG_INIT;
    if (given == NULL)
        return FA_OK;
    return fai_sized_read(reporter, "fa_allocator_config", given,
                          offsetof(fa_allocator_config, frame_reserve), out,
                          sizeof(*out))
               ? FA_OK
               : FA_ERR_CONFIG;
}

fa_status
fai_config_resolve(const fa_allocator_config *given, fa_allocator_config *out,
                   struct fai_reporter *reporter)
{
    fa_status status = copy_given(given, out, reporter);
    if (status != FA_OK)
        return status;
    reporter->sink = out->diag;
    reporter->user = out->diag_user;
    struct fai_options options;
    fai_options_parse(secure_getenv("FRAMEALLOC_OPTIONS"), &options,
                      complain_once, reporter);
    if (options.fail > 0)
        fai_fault_arm((uint64_t)options.fail, false);
    apply_options(out, &options);
    reporter->is_verbose = options.verbose > 0;
    for (int64_t i = 0; i < options.suppress; i++)
        fai_report_suppress(reporter, options.suppressed[i], true);
    fill_defaults(out);
    reporter->on_misuse = out->on_misuse;
    if (!is_valid(out, reporter) || !is_valid_backend(out->heap, reporter))
        return FA_ERR_CONFIG;
    out->window = fai_round_up(out->window, FAI_PAGE);
    out->frame_reserve = fai_round_up(out->frame_reserve, FAI_PAGE);
    if (out->memory_limit != 0)
        out->memory_limit =
            FAI_MAX(out->memory_limit & ~(uint64_t)15, (uint64_t)16);
    return FA_OK;
}
