/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Snapshots: what is in them. Whether the text is right as a whole is for
 * tests/snapshot.sh.
 */
#include "support.h"

#include "os/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct test_world w;
static char text[MIB];

/* --- counting malloc --- */

#if defined(__has_feature)
#    if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#        define HAS_OTHER_MALLOC
#    endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#    define HAS_OTHER_MALLOC
#endif

static unsigned mallocs;

#ifndef HAS_OTHER_MALLOC
void *__libc_malloc(size_t size);

void *
malloc(size_t size)
{
    __atomic_fetch_add(&mallocs, 1, __ATOMIC_RELAXED);
    return __libc_malloc(size);
}
#endif

/* --- the text --- */

static void
read_text(int fd)
{
    ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
    ck_assert_int_gt(n, 0);
    text[n] = '\0';
}

static void
take_text(void)
{
    FILE *file = tmpfile();
    ck_assert_int_eq(fa_snapshot_write(w.allocator, fileno(file)), FA_OK);
    read_text(fileno(file));
    fclose(file);
}

/* What follows the key, behind the first occurrence of the place. */
static const char *
value_of(const char *place, const char *key)
{
    char quoted[64];
    const char *at = strstr(text, place);
    ck_assert_msg(at != NULL, "no %s in %s", place, text);
    snprintf(quoted, sizeof(quoted), "\"%s\": ", key);
    at = strstr(at, quoted);
    ck_assert_msg(at != NULL, "no %s behind %s in %s", key, place, text);
    return at + strlen(quoted);
}

static uint64_t
number_of(const char *place, const char *key)
{
    char *end;
    const char *value = value_of(place, key);
    uint64_t n = strtoull(value, &end, 10);
    ck_assert_msg(end != value, "%s is no number: %.20s", key, value);
    return n;
}

static bool
is_null(const char *place, const char *key)
{
    return strncmp(value_of(place, key), "null", 4) == 0;
}

/* --- contents --- */

START_TEST(a_snapshot_is_filled_from_the_live_state)
{
    fa_tag tag = fa_tag_register(w.allocator, "bullets");
    test_begin(&w);
    fa_tag_push(w.ctx, tag);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 1600, 16));
    void *block = fa_heap_alloc(w.ctx, 20000, 16);
    void *object = fa_heap_alloc(w.ctx, 64, 16);
    fa_tag_pop(w.ctx);
    test_limit(w.allocator, FA_BUDGET_CTX, fa_ctx_id(w.ctx), 64 * MIB);
    test_end(&w);
    take_text();
    fa_stats stats = test_stats(w.allocator);
    fa_usage usage = test_ctx_usage(w.ctx);
    ck_assert_uint_eq(number_of("{", "version"), 1);
    ck_assert_uint_eq(number_of("{", "frame"), 1);
    ck_assert_uint_eq(number_of("summary", "frame_bytes"), 1600);
    ck_assert_uint_eq(number_of("summary", "heap_bytes"), 20000);
    ck_assert_uint_eq(number_of("summary", "pool_bytes"), stats.pool_bytes);
    ck_assert_uint_eq(number_of("summary", "total_bytes"), stats.held_bytes);
    ck_assert_uint_eq(number_of("summary", "peak_bytes"), stats.held_peak);
    ck_assert_uint_eq(number_of("\"context 1\"", "frame_bytes"), 1600);
    ck_assert_uint_eq(number_of("\"context 1\"", "heap_bytes"), 20000);
    ck_assert_uint_eq(number_of("\"context 1\"", "limit"), 64 * MIB);
    ck_assert_uint_eq(number_of("\"context 1\"", "used"), usage.bytes);
    ck_assert_uint_eq(number_of("\"bullets\"", "bytes"), 1600);
    ck_assert_uint_eq(number_of("bullets\", \"thread\": null, \"alloc_kind\": "
                                "\"heap",
                                "bytes"),
                      20000);
    fa_free(w.ctx, block);
    fa_free(w.ctx, object);
}
END_TEST

START_TEST(what_is_not_known_is_null)
{
    test_begin(&w);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 16, 16));
    test_end(&w);
    take_text();
    ck_assert(is_null("{", "duration_us"));
    ck_assert(is_null("summary", "frame_count"));
    ck_assert(is_null("\"context 1\"", "budget"));
    ck_assert(is_null("\"untagged\"", "alloc_count"));
    ck_assert(is_null("\"untagged\"", "avg_lifetime_frames"));
    ck_assert(is_null("\"untagged\"", "promotion_rate"));
    ck_assert(is_null("transfers", "completed_this_frame"));
    ck_assert(is_null("deferred", "processed_this_frame"));
}
END_TEST

START_TEST(tags_have_counts_while_objects_are_counted)
{
    test_close(&w);
    test_prepare(&w);
    w.config.counts = true;
    test_open(&w);
    test_begin(&w);
    for (int i = 0; i < 3; i++)
        ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 16, 16));
    for (int i = 0; i < 5; i++)
        fa_free(w.ctx, fa_heap_alloc(w.ctx, 64, 16));
    test_end(&w);
    take_text();
    ck_assert_uint_eq(number_of("\"frame\", \"alloc", "alloc_count"), 3);
    ck_assert_uint_eq(number_of("\"pool\", \"alloc", "alloc_count"), 5);
    ck_assert_uint_eq(number_of("\"pool\", \"alloc", "free_count"), 5);
    ck_assert_uint_eq(number_of("tags", "promotion_rate"), 0);
}
END_TEST

START_TEST(advice_of_the_behaviour_filter_is_in_it)
{
    fa_behavior strict = FA_BEHAVIOR_STRICT;
    ck_assert_int_eq(fa_behavior_set(w.allocator, &strict), FA_OK);
    for (int frame = 0; frame < 3; frame++) {
        test_begin(&w);
        for (int i = 0; i < 50; i++)
            fa_free(w.ctx, fa_heap_alloc(w.ctx, 64, 16));
        test_end(&w);
    }
    take_text();
    const char *list = value_of("\"pool\", \"alloc", "diagnostics");
    ck_assert_int_eq(strncmp(list, "[\"FA510\"]", 9), 0);
    ck_assert_uint_eq(number_of("\"pool\", \"alloc", "avg_lifetime_frames"), 0);
    ck_assert_ptr_nonnull(strstr(text, "{\"code\": \"FA510\", \"tag\": "
                                       "\"untagged\""));
}
END_TEST

START_TEST(transfers_and_frees_by_others_are_in_it)
{
    fa_ctx *other;
    ck_assert_int_eq(fa_ctx_create(w.allocator, NULL, &other), FA_OK);
    void *sent = fa_heap_alloc(w.ctx, 64, 16);
    void *freed = fa_heap_alloc(w.ctx, 20000, 16);
    fa_transfer transfer;
    ck_assert_int_eq(fa_transfer_send(w.ctx, sent, 64, &transfer), FA_OK);
    fa_free(other, freed);
    take_text();
    ck_assert_uint_eq(number_of("transfers", "pending"), 1);
    ck_assert_uint_eq(number_of("transfers", "sent"), 1);
    ck_assert_uint_eq(number_of("deferred", "queue_depth"), 1);
    ck_assert_uint_eq(number_of("\"context 1\"", "queue_depth"), 1);
}
END_TEST

START_TEST(names_cannot_break_the_text)
{
    (void)fa_tag_register(w.allocator, "a\"b\\c\nd\xff\xc3\xa9\xed\xa0\x80");
    take_text();
    ck_assert_ptr_nonnull(
        strstr(text, "\"a\\u0022b\\u005cc\\u000ad\xef\xbf\xbd\xc3\xa9"
                     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""));
}
END_TEST

/* --- limits --- */

static void
make_ctxs_and_tags(void)
{
    char name[16];
    test_begin(&w);
    for (int i = 1; i < 64; i++) {
        snprintf(name, sizeof(name), "tag %d", i);
        (void)fa_tag_register(w.allocator, name);
    }
    for (int i = 1; i < 64; i++) {
        fa_ctx *ctx;
        ck_assert_int_eq(fa_ctx_create(w.allocator, NULL, &ctx), FA_OK);
        fa_frame *frame = fa_ctx_frame(ctx);
        for (fa_tag tag = 1; tag < 64; tag++) {
            fa_tag_push(ctx, tag);
            ck_assert_ptr_nonnull(fa_frame_alloc(frame, 64, 16));
            fa_tag_pop(ctx);
        }
        fa_ctx_end_frame(ctx);
    }
    test_end(&w);
}

START_TEST(a_snapshot_of_64_contexts_and_64_tags_allocates_nothing)
{
    make_ctxs_and_tags();
    FILE *file = tmpfile();
    uint64_t mapped = fai_pages_mapped();
    unsigned before = mallocs;
    fa_status status = fa_snapshot_write(w.allocator, fileno(file));
    unsigned after = mallocs;
    ck_assert_int_eq(status, FA_OK);
    ck_assert_uint_eq(after, before);
    ck_assert_uint_eq(fai_pages_mapped(), mapped);
    read_text(fileno(file));
    fclose(file);
    unsigned contexts = 0, rows = 0;
    for (const char *at = text; (at = strstr(at, "\"id\": ")) != NULL; at++)
        contexts++;
    for (const char *at = text; (at = strstr(at, "\"path\": ")) != NULL; at++)
        rows++;
    ck_assert_uint_eq(contexts, 64);
    ck_assert_uint_eq(rows, 64);
    ck_assert_uint_eq(number_of("\"tag 63\"", "bytes"), 63 * 64);
}
END_TEST

/* Any system call but these ends the process. */
static void
allow_only_writing(void)
{
#define ALLOW(name)                                        \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), /* The number. */
        ALLOW(write),
        ALLOW(futex),
        ALLOW(clock_gettime),
        ALLOW(exit_group),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
#undef ALLOW
    struct sock_fprog program = {(unsigned short)COUNT(rules), rules};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        _exit(77);
}

static void
write_with_few_calls(void *arg)
{
    int fd = *(int *)arg;
    allow_only_writing();
    _exit(fa_snapshot_write(w.allocator, fd) == FA_OK ? 0 : 1);
}

START_TEST(a_snapshot_makes_no_system_calls_but_writes)
{
    struct test_child child;
    int fd = open("/dev/null", O_WRONLY);
    if (test_is_instrumented())
        return;
    make_ctxs_and_tags();
    test_run_child(&child, write_with_few_calls, &fd);
    close(fd);
    ck_assert_int_eq(test_child_signal(&child), 0);
    ck_assert(test_child_exit(&child) == 0 || test_child_exit(&child) == 77);
}
END_TEST

/* --- failure --- */

START_TEST(a_full_device_is_reported_and_errno_kept)
{
    int fd = open("/dev/full", O_WRONLY);
    errno = 42;
    ck_assert_int_eq(fa_snapshot_write(w.allocator, fd), FA_ERR_STATE);
    ck_assert_int_eq(errno, 42);
    close(fd);
}
END_TEST

/* --- misuse --- */

START_TEST(wrong_arguments_are_refused)
{
    char longest[1024 + 1];
    fa_snapshot_config config = FA_SNAPSHOT_CONFIG_INIT;
    ck_assert_int_eq(fa_snapshot_write(NULL, 1), FA_ERR_USAGE);
    ck_assert_int_eq(fa_snapshot_write(w.allocator, -1), FA_ERR_USAGE);
    ck_assert_int_eq(fa_snapshot_set(NULL, &config), FA_ERR_USAGE);
    ck_assert_int_eq(fa_snapshot_set(w.allocator, NULL), FA_OK);
    ck_assert_no_diag(&w.log);
    ck_assert_int_eq(fa_snapshot_set(w.allocator, &config), FA_ERR_CONFIG);
    ck_assert_only_diag(&w.log, 10);
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    config.folder = longest;
    ck_assert_int_eq(fa_snapshot_set(w.allocator, &config), FA_ERR_CONFIG);
    ck_assert_only_diag(&w.log, 10);
    config.folder = "/tmp";
    config.struct_size = 0;
    ck_assert_int_eq(fa_snapshot_set(w.allocator, &config), FA_ERR_CONFIG);
    ck_assert_only_diag(&w.log, 10);
}
END_TEST

/* --- threads --- */

static bool is_over;

static void *
work(void *arg)
{
    for (unsigned i = 0; !__atomic_load_n(&is_over, __ATOMIC_RELAXED); i++) {
        fa_ctx_config config = FA_CTX_CONFIG_INIT;
        fa_ctx *ctx;
        config.name = i % 2 != 0 ? "odd" : "a longer name";
        config.own_frames = true;
        ck_assert_int_eq(fa_ctx_create(w.allocator, &config, &ctx), FA_OK);
        fa_tag_push(ctx, (fa_tag)(uintptr_t)arg);
        fa_frame *frame = fa_ctx_begin_frame(ctx);
        (void)fa_frame_alloc(frame, 100 + i % 1000, 16);
        fa_free(ctx, fa_heap_alloc(ctx, 64, 16));
        fa_ctx_end_frame(ctx);
        fa_ctx_destroy(ctx);
    }
    return NULL;
}

START_TEST(snapshots_are_taken_while_threads_work)
{
    pthread_t thread[3];
    int fd = open("/dev/null", O_WRONLY);
    is_over = false;
    for (unsigned i = 0; i < COUNT(thread); i++) {
        char name[] = "tag 0";
        name[4] = (char)('0' + i);
        fa_tag tag = fa_tag_register(w.allocator, name);
        pthread_create(&thread[i], NULL, work, (void *)(uintptr_t)tag);
    }
    for (size_t i = 0; i < test_scaled(300); i++)
        ck_assert_int_eq(fa_snapshot_write(w.allocator, fd), FA_OK);
    __atomic_store_n(&is_over, true, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < COUNT(thread); i++)
        pthread_join(thread[i], NULL);
    close(fd);
}
END_TEST

/* --- */

static void
open_world(void)
{
    test_open_guard(&w, FA_GUARD_OFF);
}

static void
close_world(void)
{
    test_close(&w);
}

static TCase *
add_case(Suite *suite, const char *name, void (*open)(void),
         void (*close)(void))
{
    TCase *tc = tcase_create(name);
    tcase_add_checked_fixture(tc, open, close);
    suite_add_tcase(suite, tc);
    return tc;
}

int
main(void)
{
    Suite *suite = suite_create("snapshot");
    TCase *tc = add_case(suite, "contract", open_world, close_world);
    tcase_add_test(tc, a_snapshot_is_filled_from_the_live_state);
    tcase_add_test(tc, what_is_not_known_is_null);
    tcase_add_test(tc, tags_have_counts_while_objects_are_counted);
    tcase_add_test(tc, advice_of_the_behaviour_filter_is_in_it);
    tcase_add_test(tc, transfers_and_frees_by_others_are_in_it);
    tcase_add_test(tc, names_cannot_break_the_text);
    tc = add_case(suite, "limits", open_world, close_world);
    tcase_add_test(tc, a_snapshot_of_64_contexts_and_64_tags_allocates_nothing);
    tcase_add_test(tc, a_snapshot_makes_no_system_calls_but_writes);
    tc = add_case(suite, "failure", open_world, close_world);
    tcase_add_test(tc, a_full_device_is_reported_and_errno_kept);
    tc = add_case(suite, "misuse", open_world, close_world);
    tcase_add_test(tc, wrong_arguments_are_refused);
    tc = add_case(suite, "threads", open_world, close_world);
    tcase_add_test(tc, snapshots_are_taken_while_threads_work);
    return test_main(suite);
}
