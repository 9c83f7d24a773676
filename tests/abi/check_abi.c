/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What programs have in their own code: the frozen beginnings of objects, the
 * inline paths, macros, and the sizes of structures.
 *
 * Built twice, with the headers of today and with those of 0.1; so nothing
 * stands here that came later, and nothing of tests/support.h.
 */
#include <framealloc.h>

#include <check.h>
#include <stdlib.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define WORD     sizeof(void *)

static struct {
    fa_allocator *allocator;
    fa_ctx *ctx;
    fa_frame *frame;
} w;

static void
open_world(void)
{
    fa_allocator_config config = FA_ALLOCATOR_CONFIG_INIT;
    config.guard = FA_GUARD_OFF;
    ck_assert_int_eq(fa_allocator_create(&config, &w.allocator), FA_OK);
    w.ctx = fa_ctx_current(w.allocator);
    w.frame = fa_begin_frame(w.allocator);
}

static void
close_world(void)
{
    fa_end_frame(w.allocator);
    fa_allocator_destroy(w.allocator);
}

START_TEST(the_beginning_of_a_frame_is_frozen)
{
    ck_assert_uint_eq(offsetof(fa_frame, cursor), 0);
    ck_assert_uint_eq(offsetof(fa_frame, limit), WORD);
    ck_assert_uint_eq(offsetof(fa_frame, floor), 2 * WORD);
    ck_assert_uint_eq(offsetof(fa_frame, high), 3 * WORD);
    ck_assert_uint_eq(offsetof(fa_frame, release_from), 4 * WORD);
    ck_assert_uint_eq(FA_FRAME_GRANULE, 16);
    ck_assert_uint_eq(FA_FRAME_SMALL, 4096);
}
END_TEST

START_TEST(the_beginning_of_a_pool_is_frozen)
{
    ck_assert_uint_eq(offsetof(fa_pool, top), 0);
    ck_assert_uint_eq(offsetof(fa_pool, base), WORD);
    ck_assert_uint_eq(offsetof(fa_pool, end), 2 * WORD);
    ck_assert_uint_eq(offsetof(fa_pool, block_size), 3 * WORD);
    ck_assert_uint_eq(offsetof(fa_pool, pages), 4 * WORD);
    ck_assert_uint_eq(COUNT(((fa_pool *)0)->pages), 256);
    ck_assert_uint_eq(FA_POOL_PAGE_SHIFT, 16);
}
END_TEST

START_TEST(the_beginning_of_a_context_is_frozen)
{
    ck_assert_uint_eq(offsetof(fa_ctx_pages, entry), 0);
    ck_assert_uint_eq(COUNT(((fa_ctx_pages *)0)->entry), 1024);
    ck_assert_uint_eq(sizeof(fa_page_entry), 2 * WORD);
    ck_assert_uint_eq(offsetof(fa_page_entry, page), 0);
    ck_assert_uint_eq(offsetof(fa_page_entry, pool), WORD);
}
END_TEST

START_TEST(the_library_is_of_the_series_of_the_headers)
{
    ck_assert_int_eq(atoi(fa_version_string()), FA_VERSION_MAJOR);
}
END_TEST

START_TEST(blocks_of_a_frame_follow_one_another)
{
    char *one = fa_frame_alloc(w.frame, 24, 8);
    char *two = fa_frame_alloc(w.frame, 1, 1);
    uint64_t *zeroes = fa_frame_array(w.frame, uint64_t, 100);
    ck_assert_ptr_eq(two, one + 32);
    ck_assert_ptr_eq(zeroes, two + 16);
    ck_assert_ptr_eq(w.frame->cursor, zeroes + 100);
    ck_assert_uint_eq(zeroes[99], 0);
    ck_assert_ptr_null(fa_frame_array_raw(w.frame, uint64_t, SIZE_MAX / 2));
}
END_TEST

START_TEST(the_last_block_of_a_frame_is_taken_back)
{
    (void)fa_frame_alloc(w.frame, 64, 16);
    void *last = fa_frame_alloc(w.frame, 64, 16);
    fa_frame_release(w.frame, last, 64);
    ck_assert_ptr_eq(fa_frame_alloc(w.frame, 64, 16), last);
    fa_mark mark = fa_frame_checkpoint(w.frame);
    void *after = fa_frame_alloc(w.frame, 64, 16);
    fa_frame_release(w.frame, last, 64);
    ck_assert_int_eq(fa_frame_rollback(w.frame, mark), FA_OK);
    ck_assert_ptr_eq(fa_frame_alloc(w.frame, 64, 16), after);
}
END_TEST

/* Through windows, into blocks of the cache, and back. */
START_TEST(frames_of_mebibytes_are_filled_and_used_again)
{
    for (int round = 0; round < 3; round++) {
        for (size_t size = 1; size < (size_t)300 << 10; size += size / 3 + 1) {
            char *block = fa_frame_alloc(w.frame, size, 16);
            ck_assert_ptr_nonnull(block);
            memset(block, round, size);
            if (size % 3 == 0)
                fa_frame_release(w.frame, block, size);
        }
        fa_end_frame(w.allocator);
        w.frame = fa_begin_frame(w.allocator);
        ck_assert_uint_eq(fa_frame_used(w.frame), 0);
    }
}
END_TEST

START_TEST(objects_of_a_pool_come_back_newest_first)
{
    fa_pool *pool = fa_ctx_pool(w.ctx, 48, 16);
    ck_assert_uint_ge(pool->block_size, 48);
    void *block[1000];
    for (size_t i = 0; i < COUNT(block); i++)
        ck_assert_ptr_nonnull(block[i] = fa_pool_alloc(pool));
    for (size_t i = 0; i < COUNT(block); i++)
        if (i % 2 == 0)
            fa_pool_free(pool, block[i]);
        else
            fa_free(w.ctx, block[i]);
    for (size_t i = COUNT(block); i-- > 0;)
        ck_assert_ptr_eq(fa_pool_alloc(pool), block[i]);
    for (size_t i = 0; i < COUNT(block); i++)
        fa_free(w.ctx, block[i]);
}
END_TEST

START_TEST(objects_and_heap_blocks_are_freed_by_one_function)
{
    struct item {
        int values[10];
    } *item = fa_pool_new(w.ctx, struct item);
    ck_assert_int_eq(item->values[9], 0);
    fa_pool_delete(w.ctx, struct item, item);
    fa_free(w.ctx, fa_heap_alloc(w.ctx, (size_t)1 << 20, 16));
    fa_free(w.ctx, NULL);
    fa_stats stats = FA_STATS_INIT;
    ck_assert_int_eq(fa_stats_read(w.allocator, &stats), FA_OK);
    ck_assert_uint_eq(stats.heap_bytes, 0);
}
END_TEST

START_TEST(vectors_grow_and_keep_their_items)
{
    FA_VEC(int) vec = FA_VEC_INIT(w.frame);
    for (int i = 0; i < 5000; i++)
        ck_assert(fa_vec_push(&vec, i));
    ck_assert(fa_vec_insert(&vec, 0, -1));
    ck_assert(fa_vec_remove(&vec, 1));
    ck_assert(fa_vec_remove_swap(&vec, 1));
    ck_assert_uint_eq(vec.count, 4999);
    ck_assert_int_eq(vec.items[0], -1);
    ck_assert_int_eq(vec.items[1], 4999);
    ck_assert_int_eq(*fa_vec_pop(&vec), 4998);
    ck_assert(fa_vec_is_live(&vec));
}
END_TEST

START_TEST(maps_find_what_was_set)
{
    FA_MAP(uint32_t, double) map = FA_MAP_INIT(w.frame);
    for (uint32_t i = 0; i < 3000; i++)
        ck_assert(fa_map_set(&map, i, i / 2.0));
    ck_assert(fa_map_remove(&map, 7));
    ck_assert_ptr_null(fa_map_find(&map, 7));
    ck_assert_double_eq(*fa_map_find(&map, 2999), 1499.5);
    ck_assert_uint_eq(map.count, 2999);
    FA_MAP(const char *, int) names = FA_MAP_TEXT_INIT(w.frame);
    ck_assert(fa_map_insert(&names, "one", 1));
    ck_assert(!fa_map_insert(&names, "one", 2));
}
END_TEST

START_TEST(strings_are_built)
{
    fa_string text = FA_STRING_INIT(w.frame);
    ck_assert_int_eq(fa_string_append(&text, "frame "), FA_OK);
    ck_assert_int_eq(fa_string_printf(&text, "%d", 7), FA_OK);
    ck_assert_str_eq(fa_string_end(&text), "frame 7");
}
END_TEST

START_TEST(budgets_refuse_and_tell)
{
    fa_budget budget = FA_BUDGET_INIT;
    budget.hard_bytes = (uint64_t)1 << 20;
    ck_assert_int_eq(fa_budget_set(w.allocator, FA_BUDGET_CTX_FRAME,
                                   fa_ctx_id(w.ctx), &budget),
                     FA_OK);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 1000, 16));
    ck_assert_ptr_null(fa_frame_alloc(w.frame, (size_t)1 << 20, 16));
    ck_assert_int_eq(fa_frame_status(w.frame), FA_ERR_BUDGET);
    fa_budget_usage usage = FA_BUDGET_USAGE_INIT;
    ck_assert_int_eq(fa_budget_read(w.allocator, FA_BUDGET_CTX_FRAME,
                                    fa_ctx_id(w.ctx), &usage),
                     FA_OK);
    ck_assert_uint_eq(usage.refused, 1);
    ck_assert_uint_eq(usage.hard_bytes, budget.hard_bytes);
}
END_TEST

START_TEST(scopes_take_their_memory_back)
{
    char *inside = NULL;
    FA_SCRATCH_SCOPE(scratch, fa_scratch_begin(w.ctx, NULL, 0))
    inside = fa_frame_alloc(scratch, 100, 16);
    FA_SCRATCH_SCOPE(scratch, fa_scratch_begin(w.ctx, NULL, 0))
    ck_assert_ptr_eq(fa_frame_alloc(scratch, 100, 16), inside);
}
END_TEST

/*
 * Sizes. More is behind the structure than any library knows.
 */
#define MORE 64

static union {
    size_t struct_size;
    unsigned char bytes[4096];
    max_align_t align;
} sized;

/* A structure of this size, with this in each byte behind what is known. */
static void
fill(const void *init, size_t known, size_t size, unsigned char tail)
{
    memset(sized.bytes, tail, sizeof(sized.bytes));
    memcpy(sized.bytes, init, known);
    sized.struct_size = size;
}

static const fa_allocator_config allocator_config = FA_ALLOCATOR_CONFIG_INIT;
static const fa_ctx_config ctx_config = FA_CTX_CONFIG_INIT;
static const fa_budget budget_config = FA_BUDGET_INIT;
static const fa_scratch_config scratch_config = FA_SCRATCH_CONFIG_INIT;
static const fa_group_config group_config = FA_GROUP_CONFIG_INIT;
static const fa_handle_space_config space_config = FA_HANDLE_SPACE_CONFIG_INIT;

static fa_status
make_allocator(const void *config)
{
    fa_allocator *made;
    fa_status status = fa_allocator_create(config, &made);
    fa_allocator_destroy(made);
    return status;
}

static fa_status
make_ctx(const void *config)
{
    fa_ctx *made;
    fa_status status = fa_ctx_create(w.allocator, config, &made);
    fa_ctx_destroy(made);
    return status;
}

static fa_status
make_budget(const void *config)
{
    return fa_budget_set(w.allocator, FA_BUDGET_ALLOCATOR, 0, config);
}

static fa_status
make_scratch(const void *config)
{
    fa_scratch made;
    return fa_scratch_create(w.allocator, "scratch", config, &made);
}

static fa_status
make_group(const void *config)
{
    fa_group made;
    return fa_group_create(w.ctx, config, &made);
}

static fa_status
make_space(const void *config)
{
    fa_handle_space *made;
    fa_status status = fa_handle_space_create(w.allocator, config, &made);
    fa_handle_space_destroy(made);
    return status;
}

/* least: the smallest size that a header has ever had, or could have had. */
static const struct {
    const void *init;
    size_t size, least;
    fa_status (*make)(const void *config);
} given[] = {
    {&allocator_config, sizeof(allocator_config),
     offsetof(fa_allocator_config, frame_reserve), make_allocator},
    {&ctx_config, sizeof(ctx_config), offsetof(fa_ctx_config, own_frames),
     make_ctx},
    {&budget_config, sizeof(budget_config), offsetof(fa_budget, decide),
     make_budget},
    {&scratch_config, sizeof(scratch_config),
     offsetof(fa_scratch_config, capacity), make_scratch},
    {&group_config, sizeof(group_config), offsetof(fa_group_config, name),
     make_group},
    {&space_config, sizeof(space_config),
     offsetof(fa_handle_space_config, name), make_space},
};

START_TEST(structures_of_older_programs_are_taken)
{
    size_t least = given[_i].least;
    fill(given[_i].init, least, least, 0xff);
    ck_assert_int_eq(given[_i].make(sized.bytes), FA_OK);
}
END_TEST

START_TEST(structures_of_newer_programs_are_taken)
{
    size_t size = given[_i].size;
    fill(given[_i].init, size, size + MORE, 0);
    ck_assert_int_eq(given[_i].make(sized.bytes), FA_OK);
}
END_TEST

START_TEST(what_only_newer_programs_know_is_passed_over)
{
    size_t size = given[_i].size;
    fill(given[_i].init, size, size + MORE, 0xff);
    ck_assert_int_eq(given[_i].make(sized.bytes), FA_OK);
}
END_TEST

static fa_status
read_stats(void *out)
{
    return fa_stats_read(w.allocator, out);
}

static fa_status
read_ctx(void *out)
{
    return fa_ctx_usage_read(w.ctx, out);
}

static fa_status
read_budget(void *out)
{
    fa_status status = make_budget(&budget_config);
    if (status != FA_OK)
        return status;
    return fa_budget_read(w.allocator, FA_BUDGET_ALLOCATOR, 0, out);
}

static fa_status
read_scratch(void *out)
{
    fa_scratch made;
    fa_status status = fa_scratch_create(w.allocator, "scratch", NULL, &made);
    return status == FA_OK ? fa_scratch_stats_read(made, out) : status;
}

static fa_status
read_group(void *out)
{
    fa_group made;
    fa_status status = fa_group_create(w.ctx, NULL, &made);
    return status == FA_OK ? fa_group_stats_read(made, out) : status;
}

static const struct {
    size_t size;
    fa_status (*read)(void *out);
} taken[] = {
    {sizeof(fa_stats), read_stats},
    {sizeof(fa_usage), read_ctx},
    {sizeof(fa_budget_usage), read_budget},
    {sizeof(fa_scratch_stats), read_scratch},
    {sizeof(fa_group_stats), read_group},
};

static void
expect_untouched_from(size_t size)
{
    for (size_t i = size; i < sizeof(sized.bytes); i++)
        ck_assert_msg(sized.bytes[i] == 0xee, "byte %zu was written", i);
}

START_TEST(figures_are_cut_to_the_structure_of_older_programs)
{
    fill("", 0, 24, 0xee);
    ck_assert_int_eq(taken[_i].read(sized.bytes), FA_OK);
    ck_assert_uint_eq(sized.struct_size, 24);
    expect_untouched_from(24);
}
END_TEST

START_TEST(figures_of_newer_programs_keep_what_is_not_known)
{
    size_t size = taken[_i].size;
    fill("", 0, sizeof(sized.bytes), 0xee);
    ck_assert_int_eq(taken[_i].read(sized.bytes), FA_OK);
    ck_assert_uint_eq(sized.struct_size, sizeof(sized.bytes));
    /* A library of today may know more than the headers of this program. */
    expect_untouched_from(size + 1024);
    ck_assert_uint_ne(sized.bytes[8], 0xee);
}
END_TEST

static void
add_inline(Suite *suite)
{
    TCase *tc = tcase_create("inline");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, blocks_of_a_frame_follow_one_another);
    tcase_add_test(tc, the_last_block_of_a_frame_is_taken_back);
    tcase_add_test(tc, frames_of_mebibytes_are_filled_and_used_again);
    tcase_add_test(tc, objects_of_a_pool_come_back_newest_first);
    tcase_add_test(tc, objects_and_heap_blocks_are_freed_by_one_function);
    tcase_add_test(tc, vectors_grow_and_keep_their_items);
    tcase_add_test(tc, maps_find_what_was_set);
    tcase_add_test(tc, strings_are_built);
    tcase_add_test(tc, budgets_refuse_and_tell);
    tcase_add_test(tc, scopes_take_their_memory_back);
    suite_add_tcase(suite, tc);
}

static void
add_sizes(Suite *suite)
{
    TCase *tc = tcase_create("sizes");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_loop_test(tc, structures_of_older_programs_are_taken, 0,
                        COUNT(given));
    tcase_add_loop_test(tc, structures_of_newer_programs_are_taken, 0,
                        COUNT(given));
    tcase_add_loop_test(tc, what_only_newer_programs_know_is_passed_over, 0,
                        COUNT(given));
    tcase_add_loop_test(tc, figures_are_cut_to_the_structure_of_older_programs,
                        0, COUNT(taken));
    tcase_add_loop_test(tc, figures_of_newer_programs_keep_what_is_not_known, 0,
                        COUNT(taken));
    suite_add_tcase(suite, tc);
}

int
main(void)
{
    Suite *suite = suite_create("abi " FA_VERSION);
    TCase *frozen = tcase_create("frozen");
    tcase_add_test(frozen, the_beginning_of_a_frame_is_frozen);
    tcase_add_test(frozen, the_beginning_of_a_pool_is_frozen);
    tcase_add_test(frozen, the_beginning_of_a_context_is_frozen);
    tcase_add_test(frozen, the_library_is_of_the_series_of_the_headers);
    suite_add_tcase(suite, frozen);
    add_inline(suite);
    add_sizes(suite);

    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
