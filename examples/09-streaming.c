/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Tiles of a world that is larger than its memory: threads read them from
 * files while the main loop runs frames.
 *
 * A traveller walks over the tiles, there and back. Each frame asks for the
 * tile that it is on and the next ones. What is not there is reserved, which
 * evicts the tiles used the longest ago, and put into the queue of the
 * readers. The traveller goes on when its tile was drawn.
 */
#include <framealloc.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define TILES     12
#define TILE_SIZE ((size_t)256 << 10)
#define PART_SIZE ((size_t)64 << 10)
#define BUDGET    (4 * TILE_SIZE)
#define AHEAD     2 /* Tiles that are loaded before they are reached. */
#define READERS   2
#define QUEUE_MAX 64

struct job {
    fa_stream_asset asset;
    unsigned tile;
};

struct world {
    fa_allocator *allocator;
    fa_stream *stream;
    fa_tag tag;
    fa_stream_asset asset[TILES];
    char folder[64];
    /* The queue of the readers. */
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct job job[QUEUE_MAX];
    unsigned begin, end; /* Of the jobs; both only grow. */
    bool is_over;
};

/* --- files --- */

static unsigned char
byte_of(unsigned tile, size_t offset)
{
    return (unsigned char)(tile * 31 + offset * 7 + offset / 251);
}

static void
path_of(const struct world *world, unsigned tile, char path[96])
{
    snprintf(path, 96, "%s/tile-%u", world->folder, tile);
}

static bool
write_tile(const struct world *world, unsigned tile)
{
    char path[96];
    path_of(world, tile, path);
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        return false;
    for (size_t i = 0; i < TILE_SIZE; i++)
        putc(byte_of(tile, i), file);
    bool ok = !ferror(file);
    return fclose(file) == 0 && ok;
}

static bool
write_tiles(struct world *world)
{
    const char *parent = getenv("TMPDIR");
    int length =
        snprintf(world->folder, sizeof(world->folder), "%s/fa-streaming-XXXXXX",
                 parent == NULL ? "/tmp" : parent);
    if (length >= (int)sizeof(world->folder))
        snprintf(world->folder, sizeof(world->folder),
                 "/tmp/fa-streaming-XXXXXX");
    bool ok = mkdtemp(world->folder) != NULL;
    for (unsigned tile = 0; ok && tile < TILES; tile++)
        ok = write_tile(world, tile);
    return ok;
}

static void
remove_tiles(const struct world *world)
{
    char path[96];
    if (world->folder[0] == '\0')
        return;
    for (unsigned tile = 0; tile < TILES; tile++) {
        path_of(world, tile, path);
        unlink(path);
    }
    rmdir(world->folder);
}

/* --- readers --- */

/* Part by part, until it is complete or cancelled. */
static fa_status
read_tile(struct world *world, const struct job *job, char *memory)
{
    char path[96];
    path_of(world, job->tile, path);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    size_t done = 0;
    fa_status status = file < 0 ? FA_ERR_STATE : FA_OK;
    while (status == FA_OK && done < TILE_SIZE) {
        ssize_t n = pread(file, memory + done, PART_SIZE, (off_t)done);
        if (n <= 0) {
            status = FA_ERR_STATE;
            break;
        }
        done += (size_t)n;
        status = fa_stream_progress_set(world->stream, job->asset, done);
    }
    if (file >= 0)
        close(file);
    return status;
}

/* False when there will be none any more. */
static bool
take_job(struct world *world, struct job *job)
{
    pthread_mutex_lock(&world->lock);
    while (world->begin == world->end && !world->is_over)
        pthread_cond_wait(&world->more, &world->lock);
    bool has_job = world->begin != world->end;
    if (has_job)
        *job = world->job[world->begin++ % QUEUE_MAX];
    pthread_mutex_unlock(&world->lock);
    return has_job;
}

static void *
run_reader(void *arg)
{
    struct world *world = arg;
    struct job job;
    while (take_job(world, &job)) {
        char *memory = fa_stream_fill_begin(world->stream, job.asset);
        if (memory == NULL)
            continue; /* Cancelled before it began. */
        fa_status status = read_tile(world, &job, memory);
        /* Says that it was cancelled, if so: the memory is gone now. */
        (void)fa_stream_fill_end(world->stream, job.asset, status);
    }
    return NULL;
}

/* --- the main loop --- */

static void
load(struct world *world, unsigned tile)
{
    fa_stream_asset asset = fa_stream_reserve(world->stream, TILE_SIZE,
                                              FA_STREAM_NORMAL, world->tag);
    world->asset[tile] = asset;
    if (asset == FA_STREAM_ASSET_NONE)
        return; /* Tried again in the next frame. */
    pthread_mutex_lock(&world->lock);
    world->job[world->end++ % QUEUE_MAX] = (struct job){asset, tile};
    pthread_cond_signal(&world->more);
    pthread_mutex_unlock(&world->lock);
}

static bool
draw(const unsigned char *memory, unsigned tile)
{
    for (size_t i = 0; i < TILE_SIZE; i++)
        if (memory[i] != byte_of(tile, i))
            return false;
    return true;
}

/* Tile by tile, there and back. */
static unsigned
tile_at(unsigned step)
{
    return step < TILES ? step : 2 * TILES - 1 - step;
}

/* One frame. Whether the tile of the traveller was drawn. */
static bool
run_frame(struct world *world, unsigned step, bool *ok)
{
    bool is_drawn = false;
    fa_begin_frame(world->allocator);
    for (unsigned i = 0; i <= AHEAD && step + i < 2 * TILES; i++) {
        unsigned tile = tile_at(step + i);
        /* Touches it, so that what is near is not evicted. */
        const void *memory = fa_stream_pin(world->stream, world->asset[tile]);
        if (memory == NULL) {
            if (fa_stream_asset_state(world->stream, world->asset[tile]) ==
                FA_STREAM_GONE)
                load(world, tile);
            continue;
        }
        if (i == 0) {
            *ok &= draw(memory, tile);
            is_drawn = true;
        }
        *ok &= fa_stream_unpin(world->stream, world->asset[tile]) == FA_OK;
    }
    fa_end_frame(world->allocator);
    return is_drawn;
}

static bool
travel(struct world *world)
{
    const struct timespec pause = {0, 1000000}; /* Other work of a frame. */
    bool ok = true;
    unsigned drawn = 0;
    for (unsigned frame = 0; frame < 10000 && drawn < 2 * TILES && ok; frame++)
        if (run_frame(world, drawn, &ok))
            drawn++;
        else
            nanosleep(&pause, NULL);
    printf("%u of %u tiles drawn, %s\n", drawn, 2u * TILES,
           ok ? "every byte right" : "with errors");
    return ok && drawn == 2 * TILES;
}

/* The traveller turns away before a tile is there. */
static bool
cancel_one(struct world *world)
{
    unsigned tile = TILES - 1;
    if (fa_stream_asset_state(world->stream, world->asset[tile]) ==
        FA_STREAM_GONE)
        load(world, tile);
    return fa_stream_free(world->stream, world->asset[tile]) == FA_OK;
}

static bool
run_with_readers(struct world *world)
{
    pthread_t reader[READERS];
    unsigned count = 0;
    while (count < READERS &&
           pthread_create(&reader[count], NULL, run_reader, world) == 0)
        count++;
    bool ok = count == READERS && travel(world) && cancel_one(world);
    pthread_mutex_lock(&world->lock);
    world->is_over = true;
    pthread_cond_broadcast(&world->more);
    pthread_mutex_unlock(&world->lock);
    while (count > 0)
        pthread_join(reader[--count], NULL);
    return ok;
}

static bool
report(struct world *world)
{
    fa_stream_stats stats = FA_STREAM_STATS_INIT;
    bool ok = fa_stream_stats_read(world->stream, &stats) == FA_OK;
    printf("%zu KiB of tiles in %llu KiB at most, %llu evictions\n",
           TILES * TILE_SIZE / 1024,
           (unsigned long long)stats.peak_bytes / 1024,
           (unsigned long long)stats.eviction_count);
    for (unsigned tile = 0; tile < TILES; tile++)
        fa_stream_free(world->stream, world->asset[tile]);
    return ok && stats.peak_bytes <= BUDGET && stats.eviction_count > 0 &&
           fa_stream_stats_read(world->stream, &stats) == FA_OK &&
           stats.used_bytes == 0;
}

int
main(void)
{
    static struct world world = {.lock = PTHREAD_MUTEX_INITIALIZER,
                                 .more = PTHREAD_COND_INITIALIZER};
    fa_stream_config config = FA_STREAM_CONFIG_INIT;
    config.name = "tiles";
    config.budget = BUDGET;
    if (fa_allocator_create(NULL, &world.allocator) != FA_OK)
        return 1;
    world.tag = fa_tag_register(world.allocator, "tiles");
    bool ok =
        fa_stream_create(world.allocator, &config, &world.stream) == FA_OK;
    ok =
        ok && write_tiles(&world) && run_with_readers(&world) && report(&world);
    remove_tiles(&world);
    fa_stream_destroy(world.stream);
    fa_allocator_destroy(world.allocator);
    return ok ? 0 : 1;
}
