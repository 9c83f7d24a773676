/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * framealloc baseline and init: not there yet.
 */
#include "check/commands.h"

#include <stdio.h>

static int
refuse(const char *command)
{
    fprintf(stderr, "framealloc %s: this build is without it\n", command);
    return 2;
}

int
baseline_main(int argc, char **argv)
{
    return refuse(argc > 0 ? argv[0] : "baseline");
}

int
init_main(int argc, char **argv)
{
    return refuse(argc > 0 ? argv[0] : "init");
}
