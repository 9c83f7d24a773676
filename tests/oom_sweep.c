/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Out of memory, everywhere: each scenario runs again and again with the n-th
 * system call failing, for n = 1, 2, 3 ... until none is left; once with that
 * call alone, once with all later ones, too.
 *
 * Whatever fails must say why, leave everything as it was, and leave the
 * allocator usable: afterwards the same world serves one request of each
 * kind, holds exactly what it is charged for, and unmaps every byte.
 */
#include "stress.h"

#include "memory/memory.h"
#include "os/fault.h"

#include <pthread.h>

struct world {
    fa_allocator *allocator;
    fa_ctx *ctx;
    unsigned failed; /* Requests that were refused. */
};

static struct world world;
static fa_allocator_config given; /* Of the scenario. */

/* --- what a request may answer --- */

static void *
got(void *block)
{
    if (block == NULL) {
        fa_status status = fa_ctx_status(world.ctx);
        CHECK(status == FA_ERR_NOMEM, "NULL says %s", fa_status_name(status));
        world.failed++;
    }
    return block;
}

static bool
is_done(fa_status status)
{
    CHECK(status == FA_OK || status == FA_ERR_NOMEM, "the status is %s",
          fa_status_name(status));
    world.failed += status != FA_OK;
    return status == FA_OK;
}

static void
fill(void *block, size_t size)
{
    if (block != NULL)
        memset(block, 0x5a, size);
}

static void *
take_frame(fa_frame *frame, size_t size, size_t align)
{
    void *block = got(fa_frame_alloc(frame, size, align));
    fill(block, size);
    return block;
}

static void *
take_heap(size_t size, size_t align)
{
    void *block = got(fa_heap_alloc(world.ctx, size, align));
    fill(block, size);
    return block;
}

static fa_frame *
begin(void)
{
    return fa_begin_frame(world.allocator);
}

static void
end(void)
{
    fa_end_frame(world.allocator);
}

#include "oom_scenarios.h"

/* --- the sweep --- */

static void
run_defer(void *argument)
{
    ++*(unsigned *)argument;
}

/* One request of each kind; none may fail now. */
static void
use_all(void)
{
    unsigned runs = 0;
    fa_ctx *ctx = world.ctx = fa_ctx_current(world.allocator);
    CHECK(fa_ctx_id(ctx) != 0, "there is a context again");
    fa_frame *frame = begin();
    world.failed = 0;
    take_frame(frame, 100, 16);
    fa_mark mark = fa_frame_checkpoint(frame);
    size_t used = fa_frame_used(frame);
    take_frame(frame, 30000, 64);
    take_frame(frame, 200000, 4096);
    fa_tag tag = fa_tag_register(world.allocator, "again");
    CHECK(tag != FA_TAG_NONE, "a tag");
    fa_tag_push(ctx, tag);
    take_frame(frame, 1000, 16);
    is_done(fa_frame_defer(frame, run_defer, &runs));
    fa_tag_pop(ctx);
    CHECK(fa_frame_rollback(frame, mark) == FA_OK && runs == 1, "rollback");
    CHECK(fa_frame_used(frame) == used || given.guard > 0, "is exact");
    void *small = take_heap(100, 16), *large = take_heap(300000, 16);
    fa_free(ctx, small);
    fa_free(ctx, large);
    end();
    CHECK(world.failed == 0, "all requests are served again");
}

/* Bytes that the contexts hold when all is freed and trimmed: arenas. */
static uint64_t
bytes_of_arenas(void)
{
    uint64_t bytes = 0;
    for (fa_ctx *ctx = world.allocator->ctxs; ctx != NULL; ctx = ctx->next)
        for (uint32_t i = 0; i < ctx->arena_count; i++)
            for (uint32_t j = 0; j < ctx->arenas[i].chunk_count; j++)
                bytes += ctx->arenas[i].chunk[j].touched;
    return bytes;
}

static void
check_budgets(void)
{
    uint64_t sum = 0;
    for (fa_ctx *ctx = world.allocator->ctxs; ctx != NULL; ctx = ctx->next)
        sum += ctx->budget.used;
    CHECK(sum == world.allocator->budget.used, "contexts add up");
    CHECK(sum == bytes_of_arenas(), "%llu bytes are charged, %llu are held",
          (unsigned long long)sum, (unsigned long long)bytes_of_arenas());
    for (size_t i = 0; i < FA_TAG_MAX; i++)
        CHECK(world.allocator->tags.tag[i].budget.used == 0,
              "a tag holds nothing in the end");
}

static void
ignore(void *user, const fa_diag *diag)
{
    (void)user;
    CHECK(diag->number != 8 && diag->number != 9 && diag->number != 16 &&
              diag->number < 600,
          "FA%03u: %s", diag->number, diag->detail);
}

static void
configure(const struct scenario *scenario)
{
    given = (fa_allocator_config)FA_ALLOCATOR_CONFIG_INIT;
    given.guard = FA_GUARD_OFF;
    given.diag = ignore;
    if (scenario->configure != NULL)
        scenario->configure(&given);
}

/* False when nothing was struck any more. */
static bool
run_once(const struct scenario *scenario, uint64_t n, bool for_ever)
{
    uint64_t before = fai_pages_mapped();
    world = (struct world){0};
    configure(scenario);
    if (scenario->is_cold)
        fai_fault_arm(n, for_ever);
    fa_status status = fa_allocator_create(&given, &world.allocator);
    if (status != FA_OK) {
        CHECK(status == FA_ERR_NOMEM && world.allocator == NULL,
              "create says %s", fa_status_name(status));
        world.failed++;
        fai_fault_arm(0, false);
        CHECK(fai_pages_mapped() == before, "nothing is left mapped");
        return true;
    }
    if (!scenario->is_cold)
        fai_fault_arm(n, for_ever);
    world.ctx = fa_ctx_current(world.allocator);
    scenario->run();
    bool was_struck = fai_fault_asked() >= n;
    fai_fault_arm(0, false);
    CHECK(was_struck || world.failed == 0, "it works without failures");
    use_all();
    fa_allocator_trim(world.allocator);
    check_budgets();
    fa_allocator_destroy(world.allocator);
    CHECK(fai_pages_mapped() == before, "%lld bytes are left mapped",
          (long long)(fai_pages_mapped() - before));
    return was_struck;
}

static uint64_t
sweep(const struct scenario *scenario, bool for_ever)
{
    uint64_t strikes = 0;
    /* 1 at full size; checkers leave some out. */
    uint64_t step = 1 + 100 / stress_size(1000, 1);
    for (uint64_t n = 1; run_once(scenario, n, for_ever); n += step)
        strikes++;
    return strikes;
}

/* --- the first use in a process --- */

static void
use_first(uint64_t n, bool for_ever)
{
    fai_fault_arm(n, for_ever);
    fa_status status = fa_allocator_create(NULL, &world.allocator);
    if (status == FA_OK) {
        world.ctx = fa_ctx_current(world.allocator);
        fa_free(world.ctx, take_heap(100, 16));
    }
    bool was_struck = fai_fault_asked() >= n;
    fai_fault_arm(0, false);
    if (status != FA_OK)
        CHECK(fa_allocator_create(NULL, &world.allocator) == FA_OK, "create");
    use_all();
    fa_allocator_destroy(world.allocator);
    _Exit(was_struck ? 3 : EXIT_SUCCESS);
}

/* The key of the process and the record of its first thread. */
static uint64_t
sweep_first_use(bool for_ever)
{
    for (uint64_t n = 1;; n++) {
        fflush(NULL);
        pid_t child = fork();
        CHECK(child >= 0, "fork");
        if (child == 0)
            use_first(n, for_ever);
        int status = stress_wait(child, 60);
        CHECK(WIFEXITED(status), "status %#x", (unsigned)status);
        if (WEXITSTATUS(status) == EXIT_SUCCESS)
            return n - 1;
        CHECK(WEXITSTATUS(status) == 3, "the %llu-th failure",
              (unsigned long long)n);
    }
}

static void
tell(const char *name, uint64_t once, uint64_t for_ever)
{
    printf("%-36s %4llu once, %4llu for ever\n", name, (unsigned long long)once,
           (unsigned long long)for_ever);
    fflush(stdout);
}

int
main(void)
{
    uint64_t once = sweep_first_use(false), ever = sweep_first_use(true);
    uint64_t strikes = once + ever;
    tell("first use in a process", once, ever);
    /* What the library keeps for this thread stays for ever. */
    CHECK(fa_allocator_create(NULL, &world.allocator) == FA_OK, "create");
    fa_ctx_current(world.allocator);
    fa_allocator_destroy(world.allocator);
    for (size_t i = 0; i < STRESS_COUNT(scenarios); i++) {
        once = sweep(&scenarios[i], false);
        ever = sweep(&scenarios[i], true);
        tell(scenarios[i].name, once, ever);
        strikes += once + ever;
    }
    printf("oom_sweep: %zu scenarios, %llu strikes\n",
           STRESS_COUNT(scenarios) + 1, (unsigned long long)strikes);
    return EXIT_SUCCESS;
}
