/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What the parts of `framealloc replay` share: the rows, what a child reports
 * about one replay, and the way from options to results.
 *
 *     replay.c          options, the order of things
 *     replay_spawn.c    parent's side: one child process per replay
 *     replay_child.c    child's side: measures one replay of one row
 *     replay_loop.h     the loop, the same for every row
 *     replay_malloc.c   rows `none` and every malloc
 *     replay_fa.c       the two rows of ours
 *     figures.c         medians, percentiles, ratios
 *     report_*.c        text and JSON
 */
#ifndef FRAMEALLOC_TOOLS_REPLAY_H
#define FRAMEALLOC_TOOLS_REPLAY_H

#include "intent.h"
#include "plan.h"

enum row {
    ROW_NONE, /* the replayer's own cost: no allocation */
    ROW_LIBC,
    ROW_JEMALLOC,
    ROW_MIMALLOC,
    ROW_FRAMEALLOC,
    ROW_FRAMES_ONLY,
    ROW_COUNT
};

#define ROW_BIT(row) (1u << (row))

struct row_info {
    const char *name;  /* on the command line and in JSON */
    const char *title; /* in tables */
    /* Names to try with LD_PRELOAD, NULL-terminated; none for no peer. */
    const char *preloads[4];
    const char *library; /* start of the peer's file name */
    const char *package; /* that has it, for the note when it is missing */
};

extern const struct row_info row_infos[ROW_COUNT];

/* Where the bytes asked for came from. */
struct byte_shares {
    uint64_t arena;
    uint64_t pool;
    uint64_t cache;
    uint64_t backend;
};

enum child_status {
    CHILD_OK,
    CHILD_SETUP,    /* no memory or no /proc: not a fault of the row */
    CHILD_NO_MEMORY /* the row's allocator returned NULL */
};

#define CHILD_MAGIC UINT32_C(0x66617231)

/* A child's answer; struct frame_time times follow, one per frame. */
struct child_result {
    uint32_t magic;
    uint32_t status; /* enum child_status */
    uint32_t frame_count;
    uint32_t failed_frame; /* CHILD_NO_MEMORY: where */
    uint64_t failed_size;  /* CHILD_NO_MEMORY: how much was asked for */
    uint64_t faults;
    uint64_t peak_rss; /* bytes above what it was before the first frame */
    struct byte_shares shares;
};

/* Answer of a probe: whose malloc a child would measure. */
struct probe_result {
    uint32_t magic;
    char library[256]; /* file name that malloc comes from */
    char version[64];
};

struct frame_time {
    uint32_t events_ns; /* begin of the frame and its requests */
    uint32_t end_ns;    /* end of the frame */
};

/* The frame after which percentiles are taken, when there are enough. */
#define WARM_UP_FRAMES 60u

struct replay_options {
    const char *trace_path;
    uint32_t frames;  /* at most so many of the trace */
    uint32_t replays; /* of each row */
    uint32_t rows;    /* ROW_BITs that were asked for */
    bool is_json;
    bool is_help;
};

/* All replays of one row. */
struct row_results {
    bool is_run;
    struct probe_result probe;
    const char *preload; /* NULL: none */
    char note[256];      /* why it was not run, or what is odd about it */
    struct child_result *results; /* by replay */
    struct frame_time *times;     /* by replay, then frame */
};

/* Driver of a row, run in the child. */
struct driver {
    /* Makes what the row needs; measured for faults and peak RSS. */
    void *(*create)(void);
    void (*begin)(void *state);
    /* The requests from event to end; NULL, or the request that failed. */
    const struct plan_event *(*run)(void *state, void **blocks,
                                    const struct plan_event *event,
                                    const struct plan_event *end);
    void (*end)(void *state);
    void (*read_shares)(void *state, const struct plan *plan,
                        struct byte_shares *shares);
    void (*destroy)(void *state);
    enum intent_row intent_row;
};

extern const struct driver none_driver;
extern const struct driver malloc_driver;
extern const struct driver framealloc_driver;
extern const struct driver frames_only_driver;

/* `framealloc replay ...`; argv[0] is the subcommand. Returns the status that
 * the program exits with. */
int replay_main(int argc, char **argv);

/* The internal subcommand that children run; see replay_child.c. */
#define REPLAY_CHILD_NAME "internal-replay-child"
int replay_child_main(int argc, char **argv);

/* Asks a child whose malloc it has. False if it did not answer. */
bool replay_probe(const char *preload, struct probe_result *result);

/* Replays the plan once in a fresh process. False with row->note set. */
bool replay_once(enum row row, struct row_results *results,
                 const struct plan *plan, uint32_t replay);

#endif
