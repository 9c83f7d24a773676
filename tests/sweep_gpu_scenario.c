/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The scenario of the sweep: frames, lifetimes, transfers both ways, budgets
 * and unified buffers. Whatever is refused leaves everything as it was, and
 * what depends on it is left out; what is done is done right.
 */
#include "sweep_gpu.h"

#include <string.h>

enum { FRAMES = 5, BYTES = 3000 };

/* More than tables have room for at first, and than a chunk of the ring has. */
enum { CROWD = 100, LARGE = 20000 };

enum { MESH_TAG = 5, SPARE_TAG = 6 };

/* What the scenario has between frames. */
struct things {
    fa_gpu_slice mesh;
    fa_gpu_slice copy;
    fa_gpu_slice view;
    fa_gpu_slice large;
    fa_unified_buffer *cpu;
    fa_unified_buffer *gpu;
    fa_unified_buffer *staging;
};

/* What one frame has queued. */
struct sent {
    fa_gpu_ticket upload;
    fa_gpu_ticket result;
    unsigned seed;
    bool is_cpu_queued;
    bool is_gpu_queued;
    bool is_dropped;
};

/* --- making and freeing --- */

/* Told without a lock: otherwise this would not return. */
static void
feel_pressure(void *user, fa_gpu *gpu, fa_gpu_level level)
{
    fa_gpu_usage usage = FA_GPU_USAGE_INIT;
    (void)user;
    (void)level;
    world.told++;
    ck_assert_int_eq(fa_gpu_usage_read(gpu, &usage), FA_OK);
}

static void
set_budgets(void)
{
    fa_gpu_budget budget = FA_GPU_BUDGET_INIT;
    budget.gpu_bytes = 384 * KIB;
    budget.combined_bytes = 512 * MIB;
    budget.pressure = feel_pressure;
    ck_assert_int_eq(fa_gpu_budget_set(world.gpu, &budget), FA_OK);
    ck_assert_int_eq(fa_gpu_tag_budget_set(world.gpu, MESH_TAG, 128 * KIB),
                     FA_OK);
}

static fa_gpu_request
request_of(fa_gpu_intent intent, uint64_t size, fa_tag tag)
{
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    request.intent = intent;
    request.size = size;
    request.tag = tag;
    return request;
}

/* Figures of what is handed out. */
struct handed {
    uint64_t tag_bytes;
    uint32_t slices;
};

static struct handed
handed_out(fa_tag tag)
{
    struct handed handed;
    fa_gpu_stats stats = FA_GPU_STATS_INIT;
    ck_assert_int_eq(fa_gpu_stats_read(world.gpu, &stats), FA_OK);
    ck_assert_int_eq(
        fa_gpu_tag_usage_read(world.gpu, tag, &handed.tag_bytes, NULL), FA_OK);
    handed.slices = stats.slices;
    return handed;
}

static fa_gpu_slice
take(const fa_gpu_request *request, fa_status other)
{
    struct handed before = handed_out(request->tag);
    fa_gpu_slice slice;
    if (sweep_is_done_or(fa_gpu_alloc(world.gpu, request, &slice), other))
        return slice;
    struct handed after = handed_out(request->tag);
    ck_assert_uint_eq(slice.id, 0);
    ck_assert_uint_eq(after.tag_bytes, before.tag_bytes);
    ck_assert_uint_eq(after.slices, before.slices);
    return slice;
}

static fa_gpu_slice
keep(fa_gpu_intent intent, uint64_t size, unsigned flags)
{
    fa_gpu_request request = request_of(intent, size, MESH_TAG);
    request.flags = flags;
    return take(&request, FA_OK);
}

static void
give(fa_gpu_slice *slice)
{
    ck_assert_int_eq(fa_gpu_free(world.gpu, slice), FA_OK);
    ck_assert_uint_eq(slice->id, 0);
}

static fa_unified_buffer *
buffer_make(fa_unified_kind kind)
{
    fa_unified_request request = FA_UNIFIED_REQUEST_INIT;
    fa_unified_buffer *buffer;
    request.kind = kind;
    request.size = BYTES;
    if (!sweep_is_done(fa_unified_buffer_new(world.unified, &request, &buffer)))
        ck_assert_ptr_null(buffer);
    return buffer;
}

static void
things_make(struct things *things)
{
    things->mesh = keep(FA_GPU_DEVICE_ONLY, BYTES, 0);
    things->copy = keep(FA_GPU_DEVICE_ONLY, BYTES, 0);
    things->view = keep(FA_GPU_HOST_VISIBLE, 5000, FA_GPU_WITHIN_BUDGET);
    things->large = keep(FA_GPU_HOST_CACHED, 40000, FA_GPU_DEDICATED);
    things->cpu = buffer_make(FA_UNIFIED_CPU);
    things->gpu = buffer_make(FA_UNIFIED_GPU);
    things->staging = buffer_make(FA_UNIFIED_STAGING);
    fa_gpu_request request = request_of(FA_GPU_DEVICE_ONLY, MIB, MESH_TAG);
    fa_gpu_slice refused = take(&request, FA_ERR_BUDGET);
    ck_assert_uint_eq(refused.id, 0);
    request.tag = SPARE_TAG;
    refused = take(&request, FA_ERR_BUDGET);
    ck_assert_uint_eq(refused.id, 0);
}

static void
things_free(struct things *things)
{
    give(&things->mesh);
    give(&things->copy);
    give(&things->view);
    give(&things->large);
    fa_unified_buffer *buffers[] = {things->cpu, things->gpu, things->staging};
    for (size_t i = 0; i < COUNT(buffers); i++)
        ck_assert_int_eq(fa_unified_buffer_free(world.unified, buffers[i]),
                         FA_OK);
    fa_unified_usage usage = FA_UNIFIED_USAGE_INIT;
    ck_assert_int_eq(fa_unified_usage_read(world.unified, &usage), FA_OK);
    ck_assert_uint_eq(usage.cpu_bytes + usage.gpu_bytes + usage.buffers, 0);
}

/* --- a frame's memory --- */

static void
frame_take(fa_gpu_intent intent, uint64_t size)
{
    fa_gpu_slice slice;
    fa_status status = fa_gpu_frame_alloc(world.gpu, intent, size, 0, &slice);
    if (!sweep_is_done(status))
        ck_assert_uint_eq(slice.id, 0);
    else if (slice.ptr != NULL)
        memset(slice.ptr, 0x5a, size);
}

static void
use_arenas(void)
{
    for (unsigned i = 0; i < FA_GPU_INTENTS; i++)
        frame_take((fa_gpu_intent)i, BYTES);
    frame_take(FA_GPU_HOST_VISIBLE, 9000);
    frame_take(FA_GPU_DEVICE_ONLY, 2000);
}

static void
use_lifetimes(unsigned frame)
{
    fa_gpu_request request = request_of(FA_GPU_HOST_VISIBLE, 2000, SPARE_TAG);
    request.frames = 3;
    if (frame < 2)
        take(&request, FA_OK);
    request.frames = FA_GPU_PERSISTENT;
    request.flags = FA_GPU_NO_GROW;
    fa_gpu_slice slice = take(&request, FA_NOT_READY);
    give(&slice);
}

static void
use_views(const struct things *things, unsigned seed)
{
    unsigned char bytes[BYTES];
    test_fill(bytes, sizeof(bytes), seed);
    if (things->view.id != 0)
        sweep_is_done(fa_gpu_slice_write(world.gpu, &things->view, 100, bytes,
                                         sizeof(bytes)));
    const fa_gpu_slice *large = &things->large;
    if (large->id == 0 || !sweep_is_done(fa_gpu_slice_write(
                              world.gpu, large, 100, bytes, sizeof(bytes))))
        return;
    memset(bytes, 0, sizeof(bytes));
    if (sweep_is_done(
            fa_gpu_slice_read(world.gpu, large, 100, bytes, sizeof(bytes))))
        ck_assert(test_is_filled(bytes, sizeof(bytes), seed));
}

/* --- transfers --- */

static bool
upload(const fa_gpu_slice *slice, uint64_t offset, size_t size, unsigned seed,
       fa_gpu_ticket *ticket)
{
    unsigned char bytes[BYTES];
    test_fill(bytes, size, seed);
    fa_status status =
        fa_gpu_transfer_to_gpu(world.gpu, slice, offset, bytes, size, ticket);
    if (sweep_is_done(status))
        return true;
    ck_assert(ticket == NULL || ticket->id == 0);
    return false;
}

static void
upload_in_place(const fa_gpu_slice *slice, uint64_t size, unsigned seed)
{
    void *bytes;
    fa_status status =
        fa_gpu_transfer_reserve(world.gpu, slice, 0, size, &bytes, NULL);
    if (sweep_is_done(status))
        test_fill(bytes, size, seed);
    else
        ck_assert_ptr_null(bytes);
}

/* The copy is of the mesh before its second upload, so epochs are needed. */
static void
queue_transfers(const struct things *things, struct sent *sent)
{
    const fa_gpu_slice *mesh = &things->mesh;
    const fa_gpu_slice *copy = &things->copy;
    if (things->view.id != 0)
        upload_in_place(&things->view, BYTES, sent->seed);
    if (mesh->id == 0 || copy->id == 0 ||
        !upload(mesh, 0, BYTES, sent->seed, &sent->upload) ||
        !sweep_is_done(
            fa_gpu_transfer_copy(world.gpu, mesh, 0, copy, 0, BYTES, NULL)))
        return;
    upload(mesh, 1000, 500, sent->seed + 1, NULL);
    fa_status status =
        fa_gpu_transfer_to_cpu(world.gpu, copy, 0, BYTES, &sent->result);
    if (!sweep_is_done(status))
        ck_assert_uint_eq(sent->result.id, 0);
}

/* What a shader would do. */
static bool
device_write(fa_unified_buffer *buffer, unsigned seed)
{
    fa_gpu_slice slice = fa_unified_buffer_slice(buffer);
    void *bytes =
        fa_gpu_null_memory(world.null, slice.buffer, slice.offset, slice.size);
    ck_assert_ptr_nonnull(bytes);
    test_fill(bytes, BYTES, seed);
    return fa_unified_buffer_set_gpu(buffer) == FA_OK;
}

/* No copy of the buffer is on its way. */
static bool
is_at_rest(fa_unified_buffer *buffer)
{
    return buffer != NULL &&
           sweep_is_done(fa_unified_wait(world.unified, buffer, 1000));
}

static void
queue_buffers(const struct things *things, struct sent *sent)
{
    if (is_at_rest(things->cpu)) {
        test_fill(fa_unified_buffer_write(things->cpu), BYTES, sent->seed);
        sent->is_cpu_queued =
            sweep_is_done(fa_unified_to_gpu(world.unified, things->cpu));
    }
    if (is_at_rest(things->gpu) && device_write(things->gpu, sent->seed))
        sent->is_gpu_queued =
            sweep_is_done(fa_unified_to_cpu(world.unified, things->gpu));
    if (is_at_rest(things->staging)) {
        fa_unified_buffer *staging = things->staging;
        test_fill(fa_unified_buffer_write(staging), BYTES, sent->seed);
        bool is_there =
            sweep_is_done(fa_unified_to_gpu(world.unified, staging));
        if (is_there && device_write(staging, sent->seed + 1) &&
            sweep_is_done(fa_unified_to_cpu(world.unified, staging)))
            ck_assert(test_is_filled(fa_unified_buffer_read(staging), BYTES,
                                     sent->seed + 1));
    }
}

static fa_status
send_once(unsigned frame)
{
    uint64_t serial = world.serial + 1;
    return frame % 2 == 0 ? fa_gpu_transfer_record(world.gpu, &serial)
                          : fa_gpu_transfer_submit(world.gpu, NULL);
}

/* What could not be sent is queued still, so it can be sent again. */
static void
send_transfers(struct sent *sent, unsigned frame)
{
    if (sweep_is_done(send_once(frame)))
        return;
    if (sent->upload.id != 0 && !world.is_lost)
        sweep_is_done_or(fa_gpu_transfer_status(world.gpu, sent->upload),
                         FA_NOT_READY);
    if (sweep_is_done(send_once(frame)))
        return;
    ck_assert_int_eq(fa_gpu_transfer_drop(world.gpu), FA_OK);
    sent->is_dropped = true;
}

/* --- results --- */

static void
check_tickets(const struct sent *sent)
{
    const void *bytes = NULL;
    uint64_t size = 0;
    if (sent->is_dropped) {
        if (sent->upload.id != 0)
            ck_assert_int_eq(fa_gpu_transfer_wait(world.gpu, sent->upload, 1),
                             FA_ERR_STALE);
    } else if (sent->result.id != 0 &&
               sweep_is_done(
                   fa_gpu_transfer_wait(world.gpu, sent->upload, 1000)) &&
               sweep_is_done(
                   fa_gpu_transfer_wait(world.gpu, sent->result, 1000)) &&
               sweep_is_done(fa_gpu_transfer_result(world.gpu, sent->result,
                                                    &bytes, &size))) {
        ck_assert_uint_eq(size, BYTES);
        ck_assert(test_is_filled(bytes, BYTES, sent->seed));
    }
    ck_assert_int_eq(fa_gpu_transfer_release(world.gpu, sent->upload), FA_OK);
    ck_assert_int_eq(fa_gpu_transfer_release(world.gpu, sent->result), FA_OK);
}

/* The buffer's copy has been done, or it is where it was. */
static bool
has_arrived(fa_unified_buffer *buffer, const struct sent *sent,
            fa_unified_location before)
{
    fa_unified *unified = world.unified;
    fa_status status = fa_unified_wait(unified, buffer, 1000);
    bool is_there = false;
    if (sent->is_dropped)
        ck_assert_int_eq(status, FA_ERR_STALE);
    else
        is_there = sweep_is_done(status);
    fa_unified_location location = fa_unified_buffer_location(unified, buffer);
    if (is_there)
        ck_assert_int_eq(location, FA_UNIFIED_SYNCHRONIZED);
    else if (fault.is_lasting || sent->is_dropped)
        ck_assert_int_eq(location, before);
    return is_there;
}

static void
check_buffers(const struct things *things, const struct sent *sent)
{
    if (sent->is_cpu_queued &&
        has_arrived(things->cpu, sent, FA_UNIFIED_CPU_ONLY)) {
        fa_gpu_slice slice = fa_unified_buffer_slice(things->cpu);
        ck_assert(test_is_filled(fa_gpu_null_memory(world.null, slice.buffer,
                                                    slice.offset, slice.size),
                                 BYTES, sent->seed));
    }
    if (sent->is_gpu_queued &&
        has_arrived(things->gpu, sent, FA_UNIFIED_GPU_ONLY))
        ck_assert(test_is_filled(fa_unified_buffer_read(things->gpu), BYTES,
                                 sent->seed));
}

/* --- the scenario --- */

static bool
begin_once(void)
{
    uint64_t cpu = fa_frame_number(world.core.allocator);
    uint64_t gpu = fa_gpu_frame_number(world.gpu);
    fa_frame *frame;
    if (sweep_is_done(fa_unified_begin_frame(world.unified, 1000, &frame)))
        return fa_frame_alloc(frame, 100, 16) != NULL;
    ck_assert_ptr_null(frame);
    ck_assert_uint_eq(fa_frame_number(world.core.allocator), cpu);
    ck_assert_uint_eq(fa_gpu_frame_number(world.gpu), gpu);
    return false;
}

/* Once begun, a frame always ends. */
static void
run_frame(const struct things *things, unsigned frame)
{
    if (!begin_once() && !begin_once())
        return;
    struct sent sent = {.seed = frame * 2 + 1};
    use_arenas();
    use_lifetimes(frame);
    use_views(things, sent.seed);
    queue_transfers(things, &sent);
    queue_buffers(things, &sent);
    send_transfers(&sent, frame);
    sweep_is_done(fa_gpu_frame_commit(world.gpu));
    ck_assert_int_eq(fa_unified_end_frame(world.unified, ++world.serial),
                     FA_OK);
    check_tickets(&sent);
    check_buffers(things, &sent);
}

static void
crowd_check(const struct sent *sent, fa_gpu_ticket *tickets)
{
    for (unsigned i = 0; i < CROWD; i++) {
        fa_gpu_ticket ticket = tickets[i];
        if (ticket.id == 0)
            continue;
        fa_status status = fa_gpu_transfer_wait(world.gpu, ticket, 1000);
        if (sent->is_dropped)
            ck_assert_int_eq(status, FA_ERR_STALE);
        else
            sweep_is_done(status);
        ck_assert_int_eq(fa_gpu_transfer_release(world.gpu, ticket), FA_OK);
    }
}

static bool
are_apart(const fa_gpu_slice *a, const fa_gpu_slice *b)
{
    return a->id == 0 || b->id == 0 || a->buffer != b->buffer ||
           a->offset >= b->offset + b->size || b->offset >= a->offset + a->size;
}

static void
crowd_check_apart(const fa_gpu_slice *slices)
{
    bool is_right = true;
    for (unsigned i = 0; i < CROWD; i++)
        for (unsigned j = 0; j < i; j++)
            is_right &= are_apart(&slices[i], &slices[j]);
    ck_assert_msg(is_right, "slices overlap");
}

/* A frame in which all tables grow. */
static void
run_crowd(const struct things *things)
{
    fa_gpu_slice slices[CROWD];
    fa_gpu_ticket tickets[CROWD] = {FA_GPU_TICKET_NONE};
    struct sent sent = {.seed = 1};
    if (!begin_once() && !begin_once())
        return;
    for (unsigned i = 0; i < CROWD; i++) {
        slices[i] = keep(FA_GPU_DEVICE_ONLY, 200, 0);
        if (slices[i].id != 0)
            upload(&slices[i], 0, 200, i, &tickets[i]);
    }
    crowd_check_apart(slices);
    if (things->large.id != 0)
        upload_in_place(&things->large, LARGE, sent.seed);
    send_transfers(&sent, 0);
    ck_assert_int_eq(fa_unified_end_frame(world.unified, ++world.serial),
                     FA_OK);
    crowd_check(&sent, tickets);
    for (unsigned i = 0; i < CROWD; i++)
        give(&slices[i]);
}

/* What is counted is what the driver gave; without failures only the arenas of
 * frames are left. */
static void
check_end(void)
{
    fa_gpu_stats stats = FA_GPU_STATS_INIT;
    fa_gpu_usage usage = FA_GPU_USAGE_INIT;
    ck_assert_int_eq(fa_gpu_stats_read(world.gpu, &stats), FA_OK);
    ck_assert_int_eq(fa_gpu_usage_read(world.gpu, &usage), FA_OK);
    ck_assert_uint_eq(stats.blocks, world.blocks);
    ck_assert_uint_eq(stats.held_bytes, world.held_bytes);
    ck_assert_uint_eq(usage.combined_bytes,
                      world.held_bytes +
                          test_stats(world.core.allocator).held_bytes);
    if (world.failed != 0)
        return;
    ck_assert_uint_eq(stats.held_bytes, stats.arena_bytes);
    ck_assert_uint_eq(stats.slices, 0);
    ck_assert_uint_eq(handed_out(MESH_TAG).tag_bytes, 0);
    ck_assert_uint_eq(handed_out(SPARE_TAG).tag_bytes, 0);
}

void
sweep_scenario(void)
{
    struct things things;
    world.failed = 0;
    set_budgets();
    if (!sweep_is_done(fa_unified_create(world.core.allocator, world.gpu,
                                         &world.unified))) {
        ck_assert_ptr_null(world.unified);
        return;
    }
    things_make(&things);
    for (unsigned i = 0; i < FRAMES; i++)
        run_frame(&things, i);
    run_crowd(&things);
    things_free(&things);
    sweep_is_done(fa_unified_frame_wait(
        world.unified, fa_unified_frame_number(world.unified), 1000));
    fa_unified_destroy(world.unified);
    sweep_is_done(fa_gpu_trim(world.gpu));
    check_end();
}
