/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The trace reader of the tool: what it reads, and what it refuses, where and
 * why. Traces are made here byte by byte, so that every rule of the format can
 * be broken alone.
 */
#include "plan.h"
#include "trace.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum tag {
    TAG_END,
    TAG_FRAME,
    TAG_ALLOC,
    TAG_FREE,
    TAG_REALLOC,
    TAG_OLDFREE,
    TAG_THREAD
};

/* A stream in the making. */
struct stream {
    uint8_t bytes[512];
    size_t size;
};

static void
put_byte(struct stream *stream, uint8_t byte)
{
    ck_assert_uint_lt(stream->size, sizeof stream->bytes);
    stream->bytes[stream->size++] = byte;
}

static void
put_number(struct stream *stream, uint64_t value)
{
    for (; value > 0x7f; value >>= 7)
        put_byte(stream, (uint8_t)(value | 0x80));
    put_byte(stream, (uint8_t)value);
}

static void
put(struct stream *stream, uint8_t tag, uint64_t first)
{
    put_byte(stream, tag);
    put_number(stream, first);
}

static void
put_pair(struct stream *stream, uint8_t tag, uint64_t first, uint64_t second)
{
    put(stream, tag, first);
    put_number(stream, second);
}

static void
start(struct stream *stream)
{
    static const char header[] = "name=small\nprogram=Small \x1b[1m 1.0\n";

    stream->size = 0;
    for (const char *p = "FATRACE1"; *p != '\0'; p++)
        put_byte(stream, (uint8_t)*p);
    put_number(stream, sizeof header - 1);
    for (size_t i = 0; i < sizeof header - 1; i++)
        put_byte(stream, (uint8_t)header[i]);
}

static void
put_crc(struct stream *stream)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < stream->size; i++) {
        crc ^= stream->bytes[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320u : 0);
    }
    for (unsigned i = 0; i < 4; i++)
        put_byte(stream, (uint8_t)(~crc >> (8 * i)));
}

static void
finish(struct stream *stream, uint64_t frames, uint64_t allocs, uint64_t frees,
       uint64_t old_frees)
{
    put_pair(stream, TAG_END, frames, allocs);
    put_number(stream, frees);
    put_number(stream, old_frees);
    put_crc(stream);
}

/* Every kind of record once or more. Objects: 0 lives in frame 0, 1 is
 * resized twice and lives from frame 0 to 2, 2 is not freed, 3 is aligned. */
static void
make_small(struct stream *stream)
{
    start(stream);
    put(stream, TAG_ALLOC | TRACE_CXX_NEW, 24);
    put(stream, TAG_ALLOC, 100);
    put(stream, TAG_FREE, 2);
    put_byte(stream, TAG_OLDFREE);
    put_byte(stream, TAG_FRAME);
    put(stream, TAG_THREAD, 1);
    put_pair(stream, TAG_REALLOC | TRACE_LIBRARY, 1, 3000);
    put(stream, TAG_ALLOC | TRACE_ZEROED | TRACE_FROM_OLD, 0);
    put_pair(stream, TAG_ALLOC | TRACE_ALIGNED, 70000, 12);
    put_byte(stream, TAG_FRAME);
    put(stream, TAG_THREAD, 0);
    put_pair(stream, TAG_REALLOC, 3, 50);
    put(stream, TAG_FREE, 1);
    put(stream, TAG_FREE, 2);
    put_byte(stream, TAG_FRAME);
    finish(stream, 3, 6, 3, 1);
}

static bool
read_stream(const struct stream *stream, struct trace *trace,
            struct trace_error *error)
{
    return trace_read_memory(trace, stream->bytes, stream->size, error);
}

static void
expect_refused(const struct stream *stream, uint64_t offset, const char *cause)
{
    struct trace trace;
    struct trace_error error;

    ck_assert(!read_stream(stream, &trace, &error));
    ck_assert(error.has_offset);
    ck_assert_uint_eq(error.offset, offset);
    ck_assert_msg(strstr(error.cause, cause) != NULL, "the cause is \"%s\"",
                  error.cause);
    ck_assert_ptr_nonnull(error.cure);
    ck_assert_uint_gt(strlen(error.cure), 0);
    ck_assert_ptr_null(trace.events);
}

START_TEST(a_small_trace_is_read_as_it_was_written)
{
    struct stream stream;
    struct trace trace;
    struct trace_error error;

    make_small(&stream);
    ck_assert_msg(read_stream(&stream, &trace, &error), "byte %llu: %s",
                  (unsigned long long)error.offset, error.cause);
    ck_assert_uint_eq(trace.frame_count, 3);
    ck_assert_uint_eq(trace.event_count, 9);
    ck_assert_uint_eq(trace.object_count, 4);
    ck_assert_uint_eq(trace.resize_count, 2);
    ck_assert_uint_eq(trace.free_count, 3);
    ck_assert_uint_eq(trace.foreign_free_count, 1);
    ck_assert_uint_eq(trace.old_free_count, 1);
    ck_assert_uint_eq(trace.thread_count, 2);
    trace_destroy(&trace);
}
END_TEST

START_TEST(objects_know_their_life_and_largest_size)
{
    struct stream stream;
    struct trace trace;
    struct trace_error error;

    make_small(&stream);
    ck_assert(read_stream(&stream, &trace, &error));
    ck_assert_uint_eq(trace_lifetime(&trace.objects[0]), 0);
    ck_assert_uint_eq(trace_lifetime(&trace.objects[1]), 2);
    ck_assert_uint_eq(trace_lifetime(&trace.objects[2]), TRACE_NEVER);
    ck_assert_uint_eq(trace_lifetime(&trace.objects[3]), 1);
    ck_assert_uint_eq(trace.objects[1].first_size, 100);
    ck_assert_uint_eq(trace.objects[1].largest_size, 3000);
    ck_assert_uint_eq(trace.objects[1].last_size, 50);
    ck_assert_uint_eq(trace.objects[1].resizes, 2);
    ck_assert_uint_eq(trace.objects[3].align_log2, 12);
    trace_destroy(&trace);
}
END_TEST

START_TEST(events_carry_the_sizes_of_what_they_end)
{
    struct stream stream;
    struct trace trace;
    struct trace_error error;

    make_small(&stream);
    ck_assert(read_stream(&stream, &trace, &error));
    const struct trace_event *events = trace.events;
    ck_assert_uint_eq(trace.frame_ends[0], 3);
    ck_assert_uint_eq(trace.frame_ends[1], 6);
    ck_assert_uint_eq(trace.frame_ends[2], 9);
    ck_assert_uint_eq(events[2].op, TRACE_FREE);
    ck_assert_uint_eq(events[2].size, 24);
    ck_assert_uint_eq(events[3].op, TRACE_RESIZE);
    ck_assert_uint_eq(events[3].old_size, 100);
    ck_assert_uint_eq(events[3].size, 3000);
    ck_assert_uint_eq(events[7].object, 1);
    ck_assert_uint_eq(events[7].size, 50);
    trace_destroy(&trace);
}
END_TEST

START_TEST(header_values_are_safe_to_print)
{
    struct stream stream;
    struct trace trace;
    struct trace_error error;
    char text[64], two[3];

    make_small(&stream);
    ck_assert(read_stream(&stream, &trace, &error));
    trace_header_value(&trace, "program", text, sizeof text);
    ck_assert_str_eq(text, "Small ?[1m 1.0");
    trace_header_value(&trace, "name", two, sizeof two);
    ck_assert_str_eq(two, "sm");
    trace_header_value(&trace, "gram", text, sizeof text);
    ck_assert_str_eq(text, "");
    trace_destroy(&trace);
}
END_TEST

START_TEST(a_trace_without_frames_is_sound)
{
    struct stream stream;
    struct trace trace;
    struct trace_error error;

    start(&stream);
    finish(&stream, 0, 0, 0, 0);
    ck_assert(read_stream(&stream, &trace, &error));
    ck_assert_uint_eq(trace.frame_count, 0);
    trace_destroy(&trace);
}
END_TEST

START_TEST(a_trace_cut_at_any_byte_is_refused_with_its_length)
{
    struct stream stream;
    struct trace trace;
    struct trace_error error;

    make_small(&stream);
    for (size_t size = 0; size < stream.size; size++) {
        ck_assert(!trace_read_memory(&trace, stream.bytes, size, &error));
        ck_assert_uint_eq(error.offset, size);
        ck_assert_ptr_nonnull(strstr(error.cause, "ends here"));
        ck_assert_ptr_nonnull(strstr(error.cure, "cut short"));
    }
}
END_TEST

START_TEST(a_changed_bit_is_found_anywhere)
{
    struct stream stream;
    struct trace trace;
    struct trace_error error;

    make_small(&stream);
    for (size_t bit = 0; bit < stream.size * 8; bit++) {
        stream.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert_msg(!read_stream(&stream, &trace, &error),
                      "bit %zu does not matter", bit);
        ck_assert_uint_le(error.offset, stream.size);
        stream.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}
END_TEST

START_TEST(a_wrong_crc_is_refused_at_the_crc)
{
    struct stream stream;

    make_small(&stream);
    stream.bytes[stream.size - 1] ^= 1;
    expect_refused(&stream, stream.size - 4, "CRC-32");
}
END_TEST

START_TEST(a_foreign_file_is_refused_at_the_first_other_byte)
{
    struct stream stream;

    make_small(&stream);
    stream.bytes[7] = '2';
    expect_refused(&stream, 7, "not a fatrace v1 file");
}
END_TEST

START_TEST(a_distance_to_no_block_is_refused)
{
    struct stream stream;

    start(&stream);
    put(&stream, TAG_ALLOC, 16);
    size_t offset = stream.size;
    put(&stream, TAG_FREE, 2);
    put_byte(&stream, TAG_FRAME);
    finish(&stream, 1, 1, 1, 0);
    expect_refused(&stream, offset, "never was");
    stream.bytes[offset + 1] = 0;
    expect_refused(&stream, offset, "never was");
}
END_TEST

START_TEST(a_distance_of_more_than_32_bits_is_refused)
{
    struct stream stream;

    start(&stream);
    put(&stream, TAG_ALLOC, 16);
    size_t offset = stream.size;
    put(&stream, TAG_FREE, (UINT64_C(1) << 32) + 1);
    put_byte(&stream, TAG_FRAME);
    finish(&stream, 1, 1, 1, 0);
    expect_refused(&stream, offset, "never was");
}
END_TEST

START_TEST(a_second_free_is_refused)
{
    struct stream stream;

    start(&stream);
    put(&stream, TAG_ALLOC, 16);
    put(&stream, TAG_FREE, 1);
    size_t offset = stream.size;
    put(&stream, TAG_FREE, 1);
    expect_refused(&stream, offset, "second time");
}
END_TEST

START_TEST(a_free_of_a_replaced_block_is_refused)
{
    struct stream stream;

    start(&stream);
    put(&stream, TAG_ALLOC, 16);
    put_pair(&stream, TAG_REALLOC, 1, 32);
    size_t offset = stream.size;
    put(&stream, TAG_FREE, 2);
    expect_refused(&stream, offset, "second time");
}
END_TEST

START_TEST(a_block_of_4_gib_is_refused)
{
    struct stream stream;
    struct trace trace;
    struct trace_error error;

    start(&stream);
    size_t offset = stream.size;
    put(&stream, TAG_ALLOC, UINT64_C(1) << 32);
    expect_refused(&stream, offset, "4 GiB");

    start(&stream);
    put(&stream, TAG_ALLOC, UINT32_MAX);
    put_byte(&stream, TAG_FRAME);
    finish(&stream, 1, 1, 0, 0);
    ck_assert(read_stream(&stream, &trace, &error));
    trace_destroy(&trace);
}
END_TEST

START_TEST(a_number_of_more_than_64_bits_is_refused)
{
    struct stream stream;

    start(&stream);
    size_t offset = stream.size;
    put_byte(&stream, TAG_ALLOC);
    for (int i = 0; i < 9; i++)
        put_byte(&stream, 0xff);
    put_byte(&stream, 0x02);
    expect_refused(&stream, offset, "64 bits");
    stream.bytes[stream.size - 1] = 0x81;
    expect_refused(&stream, offset, "64 bits");
}
END_TEST

START_TEST(an_alignment_out_of_range_is_refused)
{
    static const uint64_t bad[] = {0, 4, 32, UINT64_MAX};
    struct stream stream;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        start(&stream);
        size_t offset = stream.size;
        put_pair(&stream, TAG_ALLOC | TRACE_ALIGNED, 64, bad[i]);
        expect_refused(&stream, offset, "alignment");
    }
}
END_TEST

START_TEST(flags_where_none_belong_are_refused)
{
    static const uint8_t tags[] = {TAG_END, TAG_FRAME, TAG_FREE, TAG_OLDFREE,
                                   TAG_THREAD};
    struct stream stream;

    for (size_t i = 0; i < sizeof tags; i++) {
        for (unsigned flag = 0x08; flag <= 0x80; flag <<= 1) {
            start(&stream);
            size_t offset = stream.size;
            put(&stream, (uint8_t)(tags[i] | flag), 1);
            expect_refused(&stream, offset, "flag");
        }
    }
    start(&stream);
    put(&stream, TAG_ALLOC, 16);
    size_t offset = stream.size;
    put_pair(&stream, TAG_REALLOC | TRACE_ZEROED, 1, 16);
    expect_refused(&stream, offset, "flag");
}
END_TEST

START_TEST(a_record_of_unknown_kind_is_refused)
{
    struct stream stream;

    start(&stream);
    size_t offset = stream.size;
    put_byte(&stream, 7);
    expect_refused(&stream, offset, "unknown");
}
END_TEST

START_TEST(a_thread_number_above_255_is_refused)
{
    struct stream stream;

    start(&stream);
    size_t offset = stream.size;
    put(&stream, TAG_THREAD, 256);
    expect_refused(&stream, offset, "thread");
}
END_TEST

START_TEST(a_header_above_64_kib_is_refused)
{
    struct stream stream = {.size = 0};

    for (const char *p = "FATRACE1"; *p != '\0'; p++)
        put_byte(&stream, (uint8_t)*p);
    put_number(&stream, UINT64_MAX);
    expect_refused(&stream, 8, "header");
}
END_TEST

START_TEST(totals_that_do_not_agree_are_refused)
{
    static const char *const causes[] = {"other frames", "other allocations",
                                         "other frees than",
                                         "frees of old blocks"};
    struct stream stream;

    for (size_t i = 0; i < 4; i++) {
        start(&stream);
        put_byte(&stream, TAG_FRAME);
        size_t offset = stream.size;
        finish(&stream, 1 + (i == 0), i == 1, i == 2, i == 3);
        expect_refused(&stream, offset, causes[i]);
    }
}
END_TEST

START_TEST(an_end_in_the_middle_of_a_frame_is_refused)
{
    struct stream stream;

    start(&stream);
    put_byte(&stream, TAG_FRAME);
    put(&stream, TAG_ALLOC, 16);
    size_t offset = stream.size;
    finish(&stream, 1, 1, 0, 0);
    expect_refused(&stream, offset, "does not follow a FRAME");
}
END_TEST

START_TEST(bytes_behind_the_end_are_refused)
{
    struct stream stream;

    make_small(&stream);
    size_t offset = stream.size;
    put_byte(&stream, 0);
    expect_refused(&stream, offset, "follow the END");
}
END_TEST

START_TEST(a_plan_reuses_slots_and_frees_what_outlives_the_trace)
{
    struct stream stream;
    struct trace trace;
    struct trace_error error;
    struct plan plan;

    make_small(&stream);
    ck_assert(read_stream(&stream, &trace, &error));
    ck_assert(plan_create(&plan, &trace, TRACE_MAX_FRAMES));
    ck_assert_uint_eq(plan.head->frame_count, 3);
    ck_assert_uint_eq(plan.head->event_count, 9);
    ck_assert_uint_eq(plan.head->tail_count, 1);
    ck_assert_uint_eq(plan.head->slot_count, 3);
    ck_assert_uint_eq(plan.head->peak_bytes, 73000);
    ck_assert_uint_eq(plan.events[9].step, TRACE_FREE);
    ck_assert_uint_eq(plan.events[9].slot, plan.events[4].slot);
    ck_assert_uint_eq(plan.frame_ends[2], 9);
    plan_destroy(&plan);
    trace_destroy(&trace);
}
END_TEST

START_TEST(a_plan_of_fewer_frames_frees_more_in_its_tail)
{
    struct stream stream;
    struct trace trace;
    struct trace_error error;
    struct plan plan;

    make_small(&stream);
    ck_assert(read_stream(&stream, &trace, &error));
    ck_assert(plan_create(&plan, &trace, 2));
    ck_assert_uint_eq(plan.head->frame_count, 2);
    ck_assert_uint_eq(plan.head->event_count, 6);
    ck_assert_uint_eq(plan.head->tail_count, 3);
    ck_assert_uint_eq(plan.events[6].size, 3000);
    plan_destroy(&plan);
    trace_destroy(&trace);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("trace");
    TCase *contract = tcase_create("contract");
    TCase *limits = tcase_create("limits");
    TCase *misuse = tcase_create("misuse");

    tcase_add_test(contract, a_small_trace_is_read_as_it_was_written);
    tcase_add_test(contract, objects_know_their_life_and_largest_size);
    tcase_add_test(contract, events_carry_the_sizes_of_what_they_end);
    tcase_add_test(contract, header_values_are_safe_to_print);
    tcase_add_test(contract, a_trace_without_frames_is_sound);
    tcase_add_test(contract,
                   a_plan_reuses_slots_and_frees_what_outlives_the_trace);
    tcase_add_test(contract, a_plan_of_fewer_frames_frees_more_in_its_tail);
    tcase_add_test(limits, a_distance_of_more_than_32_bits_is_refused);
    tcase_add_test(limits, a_block_of_4_gib_is_refused);
    tcase_add_test(limits, a_number_of_more_than_64_bits_is_refused);
    tcase_add_test(limits, an_alignment_out_of_range_is_refused);
    tcase_add_test(limits, a_thread_number_above_255_is_refused);
    tcase_add_test(limits, a_header_above_64_kib_is_refused);
    tcase_add_test(misuse, a_trace_cut_at_any_byte_is_refused_with_its_length);
    tcase_add_test(misuse, a_changed_bit_is_found_anywhere);
    tcase_add_test(misuse, a_wrong_crc_is_refused_at_the_crc);
    tcase_add_test(misuse, a_foreign_file_is_refused_at_the_first_other_byte);
    tcase_add_test(misuse, a_distance_to_no_block_is_refused);
    tcase_add_test(misuse, a_second_free_is_refused);
    tcase_add_test(misuse, a_free_of_a_replaced_block_is_refused);
    tcase_add_test(misuse, flags_where_none_belong_are_refused);
    tcase_add_test(misuse, a_record_of_unknown_kind_is_refused);
    tcase_add_test(misuse, totals_that_do_not_agree_are_refused);
    tcase_add_test(misuse, an_end_in_the_middle_of_a_frame_is_refused);
    tcase_add_test(misuse, bytes_behind_the_end_are_refused);
    suite_add_tcase(suite, contract);
    suite_add_tcase(suite, limits);
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
