/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Streams against a model that sorts all assets for each reservation, and
 * with many threads.
 */
#include "support.h"

#include "lifetime/stream.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define BUDGET  ((uint64_t)1000)
#define ASSETS  40
#define THREADS 8

static struct test_world w;
static fa_stream *stream;

static void
open_with(fa_stream_evict_fn may_evict, fa_stream_evicted_fn evicted)
{
    fa_stream_config config = FA_STREAM_CONFIG_INIT;
    test_open_guard(&w, FA_GUARD_OFF);
    fa_diag_suppress_add(w.allocator, 402);
    config.budget = BUDGET;
    config.may_evict = may_evict;
    config.evicted = evicted;
    ck_assert_int_eq(fa_stream_create(w.allocator, &config, &stream), FA_OK);
}

static void
check_stream(void)
{
    const char *wrong = fai_stream_check(stream);
    ck_assert_msg(wrong == NULL, "%s", wrong);
}

static void
close_stream(void)
{
    check_stream();
    fa_stream_destroy(stream);
    test_close(&w);
}

static fa_stream_stats
stats(void)
{
    fa_stream_stats out = FA_STREAM_STATS_INIT;
    ck_assert_int_eq(fa_stream_stats_read(stream, &out), FA_OK);
    return out;
}

/* --- the model --- */

struct model {
    fa_stream_asset name; /* None: free. */
    size_t size;
    unsigned priority;
    unsigned pins;
    fa_stream_state state;
    uint64_t used_at;
};

static struct model model[ASSETS];
static uint64_t uses;
static uint64_t vetoes; /* Bit: that asset may not go. */
static uint64_t eviction_count;

static unsigned
model_of(fa_stream_asset name)
{
    unsigned i = 0;
    while (i < ASSETS && model[i].name != name)
        i++;
    ck_assert_uint_lt(i, ASSETS);
    return i;
}

static bool
ask_model(void *user, const fa_stream_eviction *what)
{
    (void)user;
    return (vetoes >> model_of(what->asset) & 1) == 0;
}

static void
count_eviction(void *user, const fa_stream_eviction *what)
{
    (void)user;
    ck_assert(test_is_filled(what->memory, what->size, (unsigned)what->size));
    eviction_count++;
}

static uint64_t
model_used(void)
{
    uint64_t used = 0;
    for (unsigned i = 0; i < ASSETS; i++)
        used += model[i].name == 0 ? 0 : model[i].size;
    return used;
}

static int
compare(const void *a, const void *b)
{
    const struct model *x = &model[*(const unsigned *)a];
    const struct model *y = &model[*(const unsigned *)b];
    if (x->priority != y->priority)
        return x->priority < y->priority ? -1 : 1;
    return x->used_at < y->used_at ? -1 : 1;
}

/* Who may go, in this order. */
static unsigned
list_candidates(unsigned priority, uint64_t excluded, unsigned *out)
{
    unsigned n = 0;
    for (unsigned i = 0; i < ASSETS; i++)
        if (model[i].name != 0 && model[i].state == FA_STREAM_READY &&
            model[i].pins == 0 && model[i].priority <= priority &&
            model[i].priority != FA_STREAM_CRITICAL && (excluded >> i & 1) == 0)
            out[n++] = i;
    qsort(out, n, sizeof(*out), compare);
    return n;
}

/* Bits of the victims; false when there is no plan. */
static bool
plan_model(uint64_t missing, unsigned priority, uint64_t excluded,
           uint64_t *victims)
{
    unsigned order[ASSETS];
    unsigned n = list_candidates(priority, excluded, order);
    uint64_t sum = 0;
    unsigned taken = 0;
    *victims = 0;
    while (taken < n && sum < missing)
        sum += model[order[taken++]].size;
    if (sum < missing)
        return false;
    while (taken > 0) {
        unsigned i = order[--taken];
        if (sum - model[i].size >= missing) {
            sum -= model[i].size;
            continue;
        }
        *victims |= (uint64_t)1 << i;
    }
    return true;
}

/* The one that is asked first of those with a veto, or ASSETS. */
static unsigned
first_veto(unsigned priority, uint64_t victims)
{
    unsigned order[ASSETS];
    unsigned n = list_candidates(priority, ~victims, order);
    while (n > 0)
        if (vetoes >> order[--n] & 1)
            return order[n];
    return ASSETS;
}

static bool
reserve_model(size_t size, unsigned priority, uint64_t *victims)
{
    uint64_t room = BUDGET - model_used();
    uint64_t excluded = 0;
    *victims = 0;
    if (size <= room)
        return true;
    while (plan_model(size - room, priority, excluded, victims)) {
        unsigned veto = first_veto(priority, *victims);
        if (veto == ASSETS)
            return true;
        excluded |= (uint64_t)1 << veto;
    }
    return false;
}

/* --- operations --- */

static uint64_t seed;

static unsigned
draw(unsigned below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % below;
}

static void
try_reserve(struct model *m)
{
    size_t size = 1 + draw(draw(4) == 0 ? 900 : 150);
    unsigned priority = draw(8) == 0 ? 3u : draw(3);
    uint64_t victims = 0;
    vetoes = draw(3) == 0 ? (uint64_t)draw(1u << 20) << draw(21) : 0;
    bool is_possible = reserve_model(size, priority, &victims);
    fa_stream_asset name = fa_stream_reserve(
        stream, size, (fa_stream_priority)priority, FA_TAG_NONE);
    ck_assert_int_eq(name != FA_STREAM_ASSET_NONE, is_possible);
    if (!is_possible)
        return;
    for (unsigned i = 0; i < ASSETS; i++)
        if (victims >> i & 1) {
            ck_assert_int_eq(fa_stream_asset_state(stream, model[i].name),
                             FA_STREAM_GONE);
            model[i].name = 0;
        }
    *m = (struct model){name, size, priority, 0, FA_STREAM_RESERVED, ++uses};
}

static void
try_fill(struct model *m)
{
    void *memory = fa_stream_fill_begin(stream, m->name);
    ck_assert_int_eq(memory != NULL, m->state == FA_STREAM_RESERVED);
    if (memory != NULL) {
        test_fill(memory, m->size, (unsigned)m->size);
        m->state = FA_STREAM_LOADING;
    } else if (m->state == FA_STREAM_LOADING) {
        bool is_filled = draw(4) != 0;
        ck_assert_int_eq(
            fa_stream_fill_end(stream, m->name, is_filled ? FA_OK : FA_TIMEOUT),
            FA_OK);
        m->state = is_filled ? FA_STREAM_READY : FA_STREAM_RESERVED;
        m->used_at = ++uses;
    }
}

static void
try_pin(struct model *m)
{
    if (m->pins != 0 && draw(4) != 0) {
        ck_assert_int_eq(fa_stream_unpin(stream, m->name), FA_OK);
        m->pins--;
        m->used_at = ++uses;
        return;
    }
    const void *memory = fa_stream_pin(stream, m->name);
    ck_assert_int_eq(memory != NULL, m->state == FA_STREAM_READY);
    if (memory == NULL)
        return;
    ck_assert(test_is_filled(memory, m->size, (unsigned)m->size));
    m->pins++;
    m->used_at = ++uses;
}

static void
try_free(struct model *m)
{
    if (m->pins != 0)
        return;
    ck_assert_int_eq(fa_stream_free(stream, m->name), FA_OK);
    if (m->state == FA_STREAM_LOADING)
        ck_assert_int_eq(fa_stream_fill_end(stream, m->name, FA_OK),
                         FA_ERR_STALE);
    m->name = 0;
}

static void
run_operation(void)
{
    struct model *m = &model[draw(ASSETS)];
    unsigned what = draw(20);
    if (what == 0) {
        test_begin(&w);
        test_end(&w);
    } else if (m->name == 0)
        try_reserve(m);
    else if (what < 9)
        try_fill(m);
    else if (what < 18)
        try_pin(m);
    else
        try_free(m);
}

static void
compare_all(void)
{
    check_stream();
    ck_assert_uint_eq(stats().used_bytes, model_used());
    ck_assert_uint_eq(stats().eviction_count, eviction_count);
    for (unsigned i = 0; i < ASSETS; i++)
        if (model[i].name != 0)
            ck_assert_int_eq(fa_stream_asset_state(stream, model[i].name),
                             model[i].state);
}

START_TEST(a_stream_does_what_the_model_does)
{
    const char *given = getenv("FA_TEST_SEED");
    seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)_i;
    memset(model, 0, sizeof(model));
    eviction_count = 0;
    open_with(ask_model, count_eviction);
    for (size_t n = test_scaled(20000); n > 0; n--) {
        run_operation();
        compare_all();
    }
    /* All of it has happened. */
    fa_stream_stats now = stats();
    if (test_scaled(20000) == 20000)
        ck_assert(now.eviction_count > 50 && now.veto_count > 5 &&
                  now.refusal_count > 50);
    for (unsigned i = 0; i < ASSETS; i++)
        if (model[i].name != 0) {
            while (model[i].pins-- != 0)
                fa_stream_unpin(stream, model[i].name);
            model[i].pins = 0;
            try_free(&model[i]);
        }
    ck_assert_uint_eq(stats().used_bytes, 0);
    ck_assert_no_diag(&w.log);
    close_stream();
}
END_TEST

/* --- threads --- */

static pthread_barrier_t barrier;
static _Atomic fa_stream_asset shared[16]; /* Assets that all use. */
static atomic_uint asked_count;

static bool
refuse_some(void *user, const fa_stream_eviction *what)
{
    (void)user;
    (void)what;
    return atomic_fetch_add(&asked_count, 1) % 5 != 0;
}

static void
check_evicted(void *user, const fa_stream_eviction *what)
{
    (void)user;
    ck_assert(test_is_filled(what->memory, what->size, (unsigned)what->size));
}

/* By its own thread, and perhaps cancelled by another one meanwhile. */
static void
load(fa_stream_asset asset, size_t size)
{
    char *memory = fa_stream_fill_begin(stream, asset);
    if (memory == NULL)
        return;
    test_fill(memory, size, (unsigned)size);
    fa_status status = fa_stream_progress_set(stream, asset, size);
    ck_assert(status == FA_OK || status == FA_ERR_STALE);
    fa_status end = fa_stream_fill_end(stream, asset, FA_OK);
    ck_assert(end == FA_OK || end == FA_ERR_STALE);
}

static void
use_or_replace(unsigned round, unsigned thread)
{
    unsigned slot = (round * 7 + thread * 3) % COUNT(shared);
    fa_stream_asset asset = atomic_load(&shared[slot]);
    const void *memory = fa_stream_pin(stream, asset);
    if (memory != NULL) {
        fa_stream_info info = FA_STREAM_INFO_INIT;
        ck_assert_int_eq(fa_stream_info_read(stream, asset, &info), FA_OK);
        ck_assert(test_is_filled(memory, info.size, (unsigned)info.size));
        ck_assert_int_eq(fa_stream_unpin(stream, asset), FA_OK);
        return;
    }
    size_t size = 50 + (round * 31 + thread * 17) % 200;
    fa_stream_asset next = fa_stream_reserve(
        stream, size, (fa_stream_priority)(round % 3), FA_TAG_NONE);
    /* Whoever it was is freed, perhaps while it is loading or evicting. */
    asset = atomic_exchange(&shared[slot], next);
    fa_status status = fa_stream_free(stream, asset);
    ck_assert(status == FA_OK || status == FA_ERR_STALE ||
              status == FA_ERR_STATE);
    if (status == FA_ERR_STATE) { /* Pinned by another thread. */
        while (fa_stream_free(stream, asset) == FA_ERR_STATE)
            sched_yield();
    }
    if (next != FA_STREAM_ASSET_NONE)
        load(next, size);
}

static void *
work(void *arg)
{
    unsigned thread = *(unsigned *)arg;
    /* Enough for the least of evictions at any scale. */
    size_t rounds = 50 + test_scaled(test_is_instrumented() ? 400 : 4000);
    pthread_barrier_wait(&barrier);
    for (unsigned round = 0; round < rounds; round++) {
        use_or_replace(round, thread);
        if (round % 16 == 0)
            ck_assert_uint_le(stats().used_bytes, BUDGET);
    }
    return NULL;
}

START_TEST(eight_threads_reserve_fill_pin_evict_and_free)
{
    pthread_t thread[THREADS];
    unsigned number[THREADS];
    open_with(refuse_some, check_evicted);
    fa_diag_suppress_add(w.allocator, 404);
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (unsigned i = 0; i < THREADS; i++) {
        number[i] = i;
        pthread_create(&thread[i], NULL, work, &number[i]);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    pthread_barrier_destroy(&barrier);
    check_stream();
    ck_assert_uint_le(stats().peak_bytes, BUDGET);
    ck_assert_uint_gt(stats().eviction_count, 0);
    ck_assert_uint_eq(stats().pinned_count, 0);
    for (unsigned i = 0; i < COUNT(shared); i++)
        fa_stream_free(stream, atomic_load(&shared[i]));
    ck_assert_uint_eq(stats().used_bytes, 0);
    ck_assert_no_diag(&w.log);
    close_stream();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("stream_model");
    TCase *tc = tcase_create("model");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, a_stream_does_what_the_model_does, 1, 5);
    suite_add_tcase(suite, tc);
    tc = tcase_create("threads");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, eight_threads_reserve_fill_pin_evict_and_free);
    suite_add_tcase(suite, tc);
    return test_main(suite);
}
