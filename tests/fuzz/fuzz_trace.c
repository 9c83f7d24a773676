/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Fuzzer of the trace reader and of the plan that is made from a trace.
 *
 * A random stream would nearly always fail at its CRC, so each input is read
 * twice: as it is, and with a CRC-32 that is right. What the reader accepts
 * must keep its promises: every event names an object, every slot of the plan
 * holds one block at a time.
 *
 * With libFuzzer:  clang -DFA_LIBFUZZER -fsanitize=fuzzer,address,undefined ...
 * Without it, the program runs the files that are given as arguments once.
 */
#include "plan.h"
#include "trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool is_right, const char *promise)
{
    if (is_right)
        return;
    fprintf(stderr, "fuzz_trace: not kept: %s\n", promise);
    abort();
}

static void
check_events(const struct trace *trace)
{
    uint32_t first = 0;

    for (uint32_t i = 0; i < trace->event_count; i++)
        check(trace->events[i].object < trace->object_count,
              "an event names an object");
    for (uint32_t i = 0; i < trace->frame_count; i++) {
        check(trace->frame_ends[i] >= first, "frames are in order");
        first = trace->frame_ends[i];
    }
    check(first == trace->event_count, "the last frame is whole");
    for (uint32_t i = 0; i < trace->object_count; i++)
        check(trace->objects[i].death_frame == TRACE_NEVER ||
                  (trace->objects[i].death_frame < trace->frame_count &&
                   trace->objects[i].birth_frame <=
                       trace->objects[i].death_frame),
              "an object dies after its birth");
}

static void
check_plan(const struct trace *trace, uint32_t frames)
{
    struct plan plan;

    if (!plan_create(&plan, trace, frames))
        return;
    uint32_t count = plan.head->event_count + plan.head->tail_count;
    bool *is_live = calloc(plan.head->slot_count + 1, sizeof *is_live);
    check(is_live != NULL, "there is memory");
    for (uint32_t i = 0; i < count; i++) {
        const struct plan_event *event = &plan.events[i];
        check(event->slot < plan.head->slot_count, "a slot is in range");
        check(is_live[event->slot] == (event->step != TRACE_ALLOC),
              "a slot holds one block");
        is_live[event->slot] = event->step != TRACE_FREE;
    }
    for (uint32_t i = 0; i < plan.head->slot_count; i++)
        check(!is_live[i], "the tail frees all");
    free(is_live);
    plan_destroy(&plan);
}

static void
read_bytes(const uint8_t *data, size_t size)
{
    struct trace trace;
    struct trace_error error;
    char text[16];

    if (!trace_read_memory(&trace, data, size, &error)) {
        check(error.offset <= size, "the offset is in the stream");
        check(error.cause[0] != '\0' && error.cure[0] != '\0',
              "a cause and a cure are given");
        return;
    }
    trace_header_value(&trace, "name", text, sizeof text);
    check_events(&trace);
    check_plan(&trace, TRACE_MAX_FRAMES);
    check_plan(&trace, trace.frame_count / 2);
    trace_destroy(&trace);
}

static void
set_crc(uint8_t *data, size_t size)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320u : 0);
    }
    for (unsigned i = 0; i < 4; i++)
        data[size + i] = (uint8_t)(~crc >> (8 * i));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_bytes(data, size);
    if (size < 4)
        return 0;
    uint8_t *copy = malloc(size);
    if (copy == NULL)
        return 0;
    memcpy(copy, data, size);
    set_crc(copy, size - 4);
    read_bytes(copy, size);
    free(copy);
    return 0;
}

/* libFuzzer has a main of its own. */
#ifndef FA_LIBFUZZER
#    define INPUT_MAX ((size_t)1 << 20)

static bool
run_file(const char *path)
{
    uint8_t *data = malloc(INPUT_MAX);
    FILE *file = fopen(path, "rb");

    if (data == NULL || file == NULL) {
        perror(path);
        free(data);
        return false;
    }
    size_t size = fread(data, 1, INPUT_MAX, file);
    fclose(file);
    /* A copy of the exact size, so that a checker sees reads behind it. */
    uint8_t *exact = malloc(size + 1);
    if (exact != NULL) {
        memcpy(exact + 1, data, size);
        LLVMFuzzerTestOneInput(exact + 1, size);
    }
    free(exact);
    free(data);
    return true;
}

int
main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!run_file(argv[i]))
            return EXIT_FAILURE;
    printf("fuzz_trace: %d inputs\n", argc - 1);
    return EXIT_SUCCESS;
}
#endif
