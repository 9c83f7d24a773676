/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Files that libuv's threads read while the main loop runs frames.
 *
 * Each file is a piece of work with a task: its buffer and what is made of it
 * come from the task and die when the main thread has looked at the result.
 * The main thread turns the loop once per frame and never waits for a file.
 */
#include <framealloc.h>
#include <framealloc/uv.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FILES 16
#define LINES 5000

struct file {
    char path[64];
    int number;
    long lines; /* As the thread of the pool has counted them. */
    size_t bytes;
};

static struct file files[FILES];
static int done, wrong;

/* File number i has LINES + i lines. */
static int
write_file(struct file *file, const char *folder, int number)
{
    file->number = number;
    snprintf(file->path, sizeof(file->path), "%s/%d", folder, number);
    FILE *out = fopen(file->path, "w");
    if (out == NULL)
        return 0;
    for (int line = 0; line < LINES + number; line++)
        fprintf(out, "line %d of file %d\n", line, number);
    return fclose(out) == 0;
}

/* On a thread of the pool; the text is the task's. */
static void
count_lines(fa_uv_work *work, fa_ctx *ctx)
{
    struct file *file = work->user;
    const char *text =
        fa_uv_file_read(ctx, work->task, file->path, &file->bytes);
    for (size_t i = 0; i < file->bytes; i++)
        file->lines += text[i] == '\n';
}

/* On the main thread; the task ends afterwards, and the text with it. */
static void
take_result(fa_uv_work *work, fa_ctx *ctx, int status)
{
    const struct file *file = work->user;
    fa_task_stats stats = FA_TASK_STATS_INIT;
    wrong += status != 0 || file->lines != LINES + file->number;
    wrong += fa_task_stats_read(ctx, work->task, &stats) != FA_OK ||
             stats.bytes < file->bytes;
    done++;
}

/* One frame of the main loop, with scratch memory of its own. */
static int
run_frame(uv_loop_t *loop, fa_allocator *allocator, int frame_number)
{
    fa_frame *frame = fa_begin_frame(allocator);
    int *values = fa_frame_array(frame, int, 1000);
    for (int i = 0; values != NULL && i < 1000; i++)
        values[i] = frame_number;
    uv_run(loop, UV_RUN_NOWAIT);
    int is_intact = values != NULL && values[999] == frame_number;
    fa_end_frame(allocator);
    return is_intact;
}

static int
run_loop(fa_allocator *allocator)
{
    uv_loop_t loop;
    int is_well = uv_loop_init(&loop) == 0;
    for (int i = 0; is_well && i < FILES; i++)
        is_well = fa_uv_work_begin(&loop, allocator, count_lines, take_result,
                                   &files[i]) != NULL;
    for (int frame = 0; is_well && done < FILES; frame++) {
        is_well = run_frame(&loop, allocator, frame);
        usleep(1000); /* A display would make it wait. */
    }
    return is_well && uv_loop_close(&loop) == 0;
}

int
main(void)
{
    char folder[] = "/tmp/uv_files.XXXXXX";
    fa_allocator *allocator;
    fa_stats stats = FA_STATS_INIT;
    if (mkdtemp(folder) == NULL ||
        fa_allocator_create(NULL, &allocator) != FA_OK)
        return 1;
    int is_well = 1;
    for (int i = 0; i < FILES; i++)
        is_well &= write_file(&files[i], folder, i);
    is_well = is_well && run_loop(allocator);
    is_well &= fa_stats_read(allocator, &stats) == FA_OK && stats.tasks == 0 &&
               stats.tasks_begun == FILES;
    printf("%d files, %d wrong, %d tasks left\n", done, wrong,
           (int)stats.tasks);
    for (int i = 0; i < FILES; i++)
        remove(files[i].path);
    rmdir(folder);
    fa_allocator_destroy(allocator);
    return is_well && done == FILES && wrong == 0 ? 0 : 1;
}
