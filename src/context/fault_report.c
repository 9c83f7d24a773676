/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The report of a fault: a handler for SIGSEGV and SIGBUS that says which
 * frame an address belonged to, and then lets the old handler run.
 *
 * Only async-signal-safe calls. Lists are read without locks: the process is
 * about to die, and a wrong word is better than none.
 */
#include "context/fault_report.h"

#include "base/text.h"
#include "context/ctx.h"
#include "memory/arena.h"
#include "memory/guard.h"
#include "os/probe.h"

#include <signal.h>
#include <unistd.h>

static struct sigaction old_segv, old_bus;

static const struct fai_arena *
arena_of_address(const fa_ctx *ctx, const char *p)
{
    for (uint32_t i = 0; i < ctx->arena_count; i++)
        for (uint32_t j = 0; j < ctx->arenas[i].chunk_count; j++) {
            const struct fai_chunk *chunk = &ctx->arenas[i].chunk[j];
            if (p >= chunk->base && p < fai_chunk_end(chunk))
                return &ctx->arenas[i];
        }
    return NULL;
}

static void
describe_site(struct fai_text *text, const fa_ctx *ctx,
              const struct fai_site *site)
{
    if (site == NULL)
        return;
    fai_text_string(text, "; nearest allocation: ");
    fai_text_address(text, site->address);
    fai_text_string(text, " of ");
    fai_text_decimal(text, site->size);
    fai_text_string(text, " bytes in frame ");
    fai_text_decimal(text, site->number);
    fai_text_string(text, ", tag ");
    fai_text_string(text, ctx->allocator->tags.tag[site->tag].name);
    fai_text_string(text, ", made at ");
    fai_text_address(text, site->caller);
}

/* A live block of this frame with a guard page behind it. */
static bool
is_overrun(const fa_ctx *ctx, const struct fai_arena *arena)
{
    return arena == NULL && (fai_load(ctx->frames) & 1) != 0;
}

static void
describe(const fa_ctx *ctx, const struct fai_arena *arena, const char *p)
{
    char buffer[640];
    struct fai_text text = fai_text_begin(buffer, sizeof(buffer) - 1);
    const struct fai_site *site = fai_guard_site(ctx, p);
    bool is_live = site != NULL && is_overrun(ctx, arena) &&
                   site->number == fai_load(ctx->frames) >> 1;
    FAI_PROBE2(guard_hit, is_live ? 9 : 2, p);
    fai_text_string(&text, is_live
                               ? "framealloc: FA009: error: memory past the "
                                 "end of a block was touched at "
                               : "framealloc: FA002: error: memory of a frame "
                                 "that is gone was touched at ");
    fai_text_address(&text, p);
    fai_text_string(&text, ": arena of ");
    fai_text_string(&text, ctx->name);
    if (arena != NULL) {
        fai_text_string(&text, ", of frame ");
        fai_text_decimal(&text, arena->number);
    }
    fai_text_string(&text, ", frame now ");
    fai_text_decimal(&text, fai_load(ctx->frames) >> 1);
    describe_site(&text, ctx, site);
    fai_text_string(&text, is_live ? ". Ask for the size that is used."
                                   : ". Do not keep pointers past their frame; "
                                     "copy to a pool or the heap.");
    *text.at++ = '\n';
    ssize_t ignored = write(STDERR_FILENO, buffer, (size_t)(text.at - buffer));
    (void)ignored;
}

static void
look_for(const char *p)
{
    for (const fa_allocator *a = fai_process_first(); a != NULL; a = a->next)
        for (const fa_ctx *ctx = a->ctxs; ctx != NULL; ctx = ctx->next) {
            const struct fai_arena *arena = arena_of_address(ctx, p);
            if (arena != NULL || fai_guard_has(ctx, p)) {
                describe(ctx, arena, p);
                return;
            }
        }
}

static void
on_fault(int number, siginfo_t *info, void *context)
{
    (void)context;
    look_for(info->si_addr);
    /* The instruction runs again and meets the old handler. */
    sigaction(number, number == SIGSEGV ? &old_segv : &old_bus, NULL);
}

static void
install(void)
{
    struct sigaction action = {0};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigaction(SIGSEGV, &action, &old_segv);
    sigaction(SIGBUS, &action, &old_bus);
}

void
fai_fault_report_install(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install);
}
