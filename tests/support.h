/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What the unit tests share: an allocator whose messages are kept, figures,
 * what the kernel says about memory, and children that may die.
 *
 * Tests set the guard level themselves: under a memory checker the default is
 * not 0.
 */
#ifndef FA_TESTS_SUPPORT_H
#define FA_TESTS_SUPPORT_H

#include <framealloc/framealloc.h>

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KIB      ((size_t)1 << 10)
#define MIB      ((size_t)1 << 20)
#define PAGE     ((size_t)4096)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
/* The bit of a size_t that has so many above it. */
#define BIT_BELOW(count) (SIZE_MAX / 2 / ((size_t)1 << (count)) + 1)
#define IS_64_BIT        (SIZE_MAX > UINT32_MAX)

#define TEST_LOG_MAX 64

/* Messages in order; what does not fit is counted only. */
struct test_log {
    unsigned count;
    struct {
        uint32_t number;
        fa_severity severity;
        const void *address;
        uint64_t frame;
        char detail[256];
    } entry[TEST_LOG_MAX];
};

/* A sink; user is a struct test_log. */
void test_log_take(void *user, const fa_diag *diag);
/* Messages with this number. */
unsigned test_log_count(const struct test_log *log, uint32_t number);

/* One message, and it has this number. The log is empty afterwards. */
#define ck_assert_only_diag(log, wanted)                     \
    do {                                                     \
        ck_assert_uint_eq((log)->count, 1);                  \
        ck_assert_uint_eq((log)->entry[0].number, (wanted)); \
        (log)->count = 0;                                    \
    } while (0)

#define ck_assert_no_diag(log) ck_assert_uint_eq((log)->count, 0)

/* An allocator in a test. */
struct test_world {
    struct test_log log;
    fa_allocator_config config; /* Guard off, messages in the log. */
    fa_allocator *allocator;
    fa_ctx *ctx;     /* Of the calling thread. */
    fa_frame *frame; /* After test_begin(). */
};

/* Sets the configuration; the test may change it before test_open(). */
void test_prepare(struct test_world *world);
void test_open(struct test_world *world);
/* Both of the above with this guard level. */
void test_open_guard(struct test_world *world, fa_guard guard);
void test_begin(struct test_world *world);
void test_end(struct test_world *world);
/* Destroys the allocator, if it is still there. */
void test_close(struct test_world *world);

fa_stats test_stats(fa_allocator *allocator);
fa_usage test_tag_usage(fa_allocator *allocator, fa_tag tag);
fa_usage test_ctx_usage(fa_ctx *ctx);
/* A budget with this hard limit, or none. */
void test_limit(fa_allocator *allocator, fa_budget_scope scope, uint64_t id,
                uint64_t hard_bytes);

/* Bytes that tell blocks apart. */
void test_fill(void *block, size_t size, unsigned seed);
bool test_is_filled(const void *block, size_t size, unsigned seed);
bool test_is_byte(const void *block, size_t size, unsigned char byte);

/* The size; compilers, which know the attributes of the functions, do not. */
size_t test_size(size_t size);
/* Writes bytes, perhaps outside of a block, which compilers do not see. */
void test_write(void *at, size_t size);

/* A size that FA_TEST_SCALE divides; at least 1. */
size_t test_scaled(size_t full);
/* ASan or memcheck watches: memory must not be misused. */
bool test_is_watched(void);
/* An emulator of another machine, as qemu-user, whose memory is not that of the
 * kernel. The variable FA_TEST_EMULATED tells so. */
bool test_is_emulated(void);
/* Any of these, or another tool that makes system calls or threads different. */
bool test_is_instrumented(void);
/* check(1) runs each test in a process of its own. */
bool test_is_forking(void);

/* --- the kernel --- */

/* Pages of the range that are resident. */
size_t test_resident_pages(const void *begin, size_t size);
/* A field of /proc/self/smaps in KiB, of the mapping of the address. */
long test_smaps_kib(const void *address, const char *field);
/* Whether VmFlags of that mapping has this flag. */
bool test_smaps_flag(const void *address, const char *flag);
/* Page faults of this thread without input or output. */
long test_minor_faults(void);

/* --- children --- */

struct test_child {
    int status;      /* Of waitpid(). */
    char err[16384]; /* What it wrote to stderr. */
};

/* Runs the function in a child, which then exits with 0. Signals have their
 * default actions there. */
void test_run_child(struct test_child *child, void (*fn)(void *), void *arg);
/* Exit status, or -1 when a signal ended it. */
int test_child_exit(const struct test_child *child);
/* The signal, or 0. */
int test_child_signal(const struct test_child *child);
/* Lines of its stderr that contain the text. */
unsigned test_child_lines(const struct test_child *child, const char *text);

/* Runs the function in a thread and waits for it. */
void test_run_thread(void *(*fn)(void *), void *arg);

/* Runs the suite; the result of main(). */
int test_main(Suite *suite);

#endif
