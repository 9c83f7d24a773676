/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The hard gate: once warm, work makes no page fault and no system call.
 *
 * Each row runs in a child of its own. Faults are what getrusage() counts. For
 * system calls the child puts itself under a seccomp filter that turns every
 * call into SIGSYS; the handler counts it and remembers the first number. Time
 * is read through the vdso and is no system call.
 *
 * The kernel may cause a fault on its own (compaction, huge pages, reclaim), so
 * a row has three attempts; work that faults by itself fails all of them.
 */
#include "bench.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define WARM_UNITS   64
#define STEADY_UNITS 200
#define ATTEMPTS     3

struct verdict {
    long faults;
    long calls;
    long first_call;
};

static volatile sig_atomic_t trapped_calls;
static volatile sig_atomic_t first_trapped;

static void
count_call(int signal, siginfo_t *info, void *context BENCH_UNUSED)
{
    if (signal != SIGSYS)
        return;
    if (trapped_calls == 0)
        first_trapped = info->si_syscall;
    trapped_calls++;
}

/* Only what the child needs to report and to leave passes the filter. */
static int
trap_system_calls(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigreturn, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {
        .len = sizeof code / sizeof code[0],
        .filter = code,
    };
    struct sigaction action = {
        .sa_sigaction = count_call,
        .sa_flags = SA_SIGINFO,
    };

    if (sigaction(SIGSYS, &action, NULL) != 0)
        return -1;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static long
faults_now(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt + usage.ru_majflt;
}

static void
run_child(struct bench_row *row, int out)
{
    struct verdict verdict = {0};

    bench_open(row);
    /* Twice: a run may be a single frame, and the first one is not like the
     * others. */
    row->run(row->state, WARM_UNITS);
    row->run(row->state, WARM_UNITS);
    long before = faults_now();
    row->run(row->state, STEADY_UNITS);
    verdict.faults = faults_now() - before;
    if (trap_system_calls() != 0)
        bench_die("cannot install the seccomp filter");
    row->run(row->state, STEADY_UNITS);
    verdict.calls = trapped_calls;
    verdict.first_call = first_trapped;
    if (write(out, &verdict, sizeof verdict) != sizeof verdict)
        _exit(EXIT_FAILURE);
    _exit(EXIT_SUCCESS);
}

static bool
try_row(struct bench_row *row, struct verdict *verdict)
{
    int ends[2];

    fflush(stdout);
    if (pipe(ends) != 0)
        bench_die("pipe failed");
    pid_t child = fork();
    if (child == 0)
        run_child(row, ends[1]);
    close(ends[1]);
    ssize_t got = read(ends[0], verdict, sizeof *verdict);
    close(ends[0]);
    waitpid(child, NULL, 0);
    return got == sizeof *verdict;
}

static bool
check_row(struct bench_row *row)
{
    struct verdict verdict = {-1, -1, -1};

    for (int attempt = 0; attempt < ATTEMPTS; attempt++)
        if (try_row(row, &verdict) && verdict.faults == 0 && verdict.calls == 0)
            break;
    bool is_steady = verdict.faults == 0 && verdict.calls == 0;
    printf("%s\t%s\t%ld\t%ld", row->workload, row->variant, verdict.faults,
           verdict.calls);
    if (verdict.calls > 0)
        printf(" (first: number %ld)", verdict.first_call);
    printf("\t%s\n", is_steady ? "ok" : "FAILED");
    return is_steady;
}

int
bench_steady(struct bench_set *set)
{
    size_t failures = 0;

    printf("# per %d units of work, after %d to warm up\n", STEADY_UNITS,
           WARM_UNITS);
    puts("workload\tvariant\tfaults\tcalls\tverdict");
    for (size_t i = 0; i < set->row_count; i++) {
        struct bench_row *row = &set->rows[i];

        if (row->is_selected && row->measure == NULL && !check_row(row))
            failures++;
    }
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
