/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Traces in files, packed and plain: the bundled ones, and what is left of
 * them when they are cut or damaged. check_trace.c has the format itself.
 */
#include "plan.h"
#include "trace.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct bundled {
    const char *name;
    uint32_t frames;
    uint32_t objects;
    uint32_t frees;
    uint32_t threads;
};

static const struct bundled bundled[] = {
    {"minetest", 1200, 2837833, 2825192, 9},
    {"neverball", 1000, 25167, 25146, 2},
    {"supertux", 1200, 226988, 225780, 1},
    {"supertuxkart", 1000, 1776939, 1776288, 2},
};

static uint8_t *packed;
static size_t packed_size;
static char copy_path[64];

static void
set_bundled_path(char *path, size_t size, const char *name)
{
    const char *top = getenv("srcdir");

    snprintf(path, size, "%s/bench/traces/%s.fatrace.xz",
             top == NULL ? "." : top, name);
}

/* The smallest bundled trace, as packed bytes. */
static void
read_packed(void)
{
    char path[512];

    set_bundled_path(path, sizeof path, "neverball");
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    packed = malloc(1 << 16);
    packed_size = fread(packed, 1, 1 << 16, file);
    fclose(file);
    ck_assert_uint_gt(packed_size, 1000);
    snprintf(copy_path, sizeof copy_path, "/tmp/check_trace_file.XXXXXX");
    close(mkstemp(copy_path));
}

static void
free_packed(void)
{
    free(packed);
    remove(copy_path);
}

static bool
read_copy(size_t size, struct trace_error *error)
{
    struct trace trace;
    FILE *file = fopen(copy_path, "wb");

    ck_assert_uint_eq(fwrite(packed, 1, size, file), size);
    fclose(file);
    bool is_read = trace_read_file(&trace, copy_path, error);
    trace_destroy(&trace);
    return is_read;
}

START_TEST(bundled_traces_are_sound)
{
    const struct bundled *expected = &bundled[_i];
    struct trace trace;
    struct trace_error error;
    char path[512];

    set_bundled_path(path, sizeof path, expected->name);
    ck_assert_msg(trace_read_file(&trace, path, &error), "byte %llu: %s",
                  (unsigned long long)error.offset, error.cause);
    ck_assert_uint_eq(trace.frame_count, expected->frames);
    ck_assert_uint_eq(trace.object_count, expected->objects);
    ck_assert_uint_eq(trace.free_count, expected->frees);
    ck_assert_uint_eq(trace.thread_count, expected->threads);
    trace_destroy(&trace);
}
END_TEST

START_TEST(a_plan_never_has_two_blocks_in_a_slot)
{
    struct trace trace;
    struct trace_error error;
    struct plan plan;
    char path[512];

    set_bundled_path(path, sizeof path, "neverball");
    ck_assert(trace_read_file(&trace, path, &error));
    ck_assert(plan_create(&plan, &trace, TRACE_MAX_FRAMES));
    uint32_t count = plan.head->event_count + plan.head->tail_count;
    bool *is_live = calloc(plan.head->slot_count, sizeof *is_live);
    ck_assert_ptr_nonnull(is_live);
    for (uint32_t i = 0; i < count; i++) {
        const struct plan_event *event = &plan.events[i];
        ck_assert_uint_lt(event->slot, plan.head->slot_count);
        ck_assert(is_live[event->slot] == (event->step != TRACE_ALLOC));
        is_live[event->slot] = event->step != TRACE_FREE;
    }
    for (uint32_t i = 0; i < plan.head->slot_count; i++)
        ck_assert(!is_live[i]);
    free(is_live);
    plan_destroy(&plan);
    trace_destroy(&trace);
}
END_TEST

START_TEST(a_packed_file_cut_anywhere_is_refused)
{
    struct trace_error error;
    uint64_t last = 0;

    for (size_t size = 0; size < packed_size; size += 37) {
        ck_assert(!read_copy(size, &error));
        ck_assert(error.has_offset);
        ck_assert_uint_ge(error.offset, size < 6 ? 0 : last);
        ck_assert_ptr_nonnull(error.cure);
        last = size < 6 ? 0 : error.offset;
    }
    ck_assert(!read_copy(packed_size - 1, &error));
    ck_assert_ptr_nonnull(strstr(error.cause, ".xz file ends"));
    ck_assert(read_copy(packed_size, &error));
}
END_TEST

START_TEST(a_damaged_packed_file_is_refused)
{
    struct trace_error error;

    for (size_t i = 6; i < packed_size; i += 101) {
        packed[i] ^= 0x10;
        ck_assert_msg(!read_copy(packed_size, &error),
                      "byte %zu does not matter", i);
        packed[i] ^= 0x10;
    }
}
END_TEST

START_TEST(bytes_behind_the_packed_stream_are_refused)
{
    struct trace_error error;

    packed[packed_size] = 'x';
    ck_assert(!read_copy(packed_size + 1, &error));
    ck_assert_ptr_nonnull(strstr(error.cause, ".xz file"));
}
END_TEST

START_TEST(a_missing_file_is_refused_without_an_offset)
{
    struct trace trace;
    struct trace_error error;

    ck_assert(!trace_read_file(&trace, "/nowhere/at/all", &error));
    ck_assert(!error.has_offset);
    ck_assert_ptr_nonnull(strstr(error.cause, "cannot open"));
}
END_TEST

START_TEST(a_directory_is_refused)
{
    struct trace trace;
    struct trace_error error;

    ck_assert(!trace_read_file(&trace, "/", &error));
    ck_assert_ptr_nonnull(strstr(error.cause, "could not be read"));
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("trace files");
    TCase *contract = tcase_create("contract");
    TCase *packed_files = tcase_create("packed");
    TCase *misuse = tcase_create("misuse");

    tcase_set_timeout(contract, 60);
    tcase_add_loop_test(contract, bundled_traces_are_sound, 0,
                        sizeof bundled / sizeof *bundled);
    tcase_add_test(contract, a_plan_never_has_two_blocks_in_a_slot);
    tcase_add_checked_fixture(packed_files, read_packed, free_packed);
    tcase_set_timeout(packed_files, 60);
    tcase_add_test(packed_files, a_packed_file_cut_anywhere_is_refused);
    tcase_add_test(packed_files, a_damaged_packed_file_is_refused);
    tcase_add_test(packed_files, bytes_behind_the_packed_stream_are_refused);
    tcase_add_test(misuse, a_missing_file_is_refused_without_an_offset);
    tcase_add_test(misuse, a_directory_is_refused);
    suite_add_tcase(suite, contract);
    suite_add_tcase(suite, packed_files);
    suite_add_tcase(suite, misuse);
    return suite;
}

int
main(void)
{
    SRunner *runner = srunner_create(make_suite());

    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
