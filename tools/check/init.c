/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * framealloc init: a .fa.toml with all keys at their defaults, commented.
 */
#include "check/commands.h"
#include "check/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char config_template[] =
    "# Settings of `framealloc check`; see framealloc-check(1).\n"
    "# This file is found from the folders below it, too. Paths and patterns\n"
    "# are relative to it.\n"
    "\n"
    "# extends = \"../common.fa.toml\"\n"
    "\n"
    "[global]\n"
    "# min_severity = \"hint\"     # hint, warning or error\n"
    "# fail_on = \"error\"         # the level that makes the exit status 1\n"
    "# deny_warnings = false     # make warnings errors\n"
    "# require_reason = false    # fa-ignore comments must say why\n"
    "# exclude = [\"third_party\", \"**/generated/*.c\"]\n"
    "# build = \"build\"           # folder with compile_commands.json\n"
    "# baseline = \".fa-baseline.json\"\n"
    "# cache = \"none\"            # or a folder\n"
    "# libclang = \"/usr/lib/llvm-19/lib/libclang.so.1\"\n"
    "# jobs = 4\n"
    "\n"
    "[lints]\n"
    "# disabled = [\"FA604\"]\n"
    "# FA610 = \"error\"           # off, hint, warning or error\n"
    "# physics = \"off\"           # a category\n"
    "\n"
    "[tags]\n"
    "# known_tags = [\"physics\", \"rendering\", \"ai\", \"audio\", \"ui\", "
    "\"network\"]\n"
    "# warn_unknown_tags = false # FA802 becomes a warning\n"
    "# module_tags = { \"src/physics\" = \"physics\" }\n"
    "\n"
    "[thresholds]\n"
    "# loop_allocation_limit = 100   # allocations per frame that cost, for\n"
    "#                               # check --profile\n"
    "\n"
    "[limits]\n"
    "# frame_lag = 0             # frames that memory stays readable\n"
    "# steps = 20000             # most work per function\n"
    "\n"
    "# What functions that cannot be annotated do with memory.\n"
    "[roles]\n"
    "# apr_palloc = \"frame(1)\"\n"
    "# apr_pool_clear = \"resets(1)\"\n"
    "# apr_pool_destroy = \"ends(1)\"\n"
    "\n"
    "# Functions that have a new name; FA104 tells, and --fix changes it.\n"
    "[renamed]\n"
    "# old_name = \"new_name\"\n";

int
init_main(int argc, char **argv)
{
    bool is_forced = argc == 2 && strcmp(argv[1], "--force") == 0;
    bool wants_help = argc == 2 && strcmp(argv[1], "--help") == 0;
    if (wants_help || (argc > 1 && !is_forced)) {
        fputs("Usage: framealloc init [--force]\n",
              wants_help ? stdout : stderr);
        return wants_help ? 0 : 2;
    }
    FILE *out = fopen(".fa.toml", is_forced ? "we" : "wxe");
    if (out == NULL) {
        fprintf(stderr, "framealloc init: .fa.toml: %s%s\n", strerror(errno),
                errno == EEXIST ? "; --force replaces it" : "");
        return 2;
    }
    fputs(config_template, out);
    if (fclose(out) != 0) {
        fprintf(stderr, "framealloc init: .fa.toml: %s\n", strerror(errno));
        return 2;
    }
    puts(".fa.toml is written; all of it is commented out.");
    return 0;
}
