/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/* A process without framealloc. */
#include "startup.h"

int
main(int argc, char **argv BENCH_UNUSED)
{
    return argc > 1 ? startup_report() : 0;
}
