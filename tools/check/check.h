/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The steps that check and baseline share. Statuses are exit statuses, with a
 * message on stderr; 0: go on.
 */
#ifndef CHECK_CHECK_H
#define CHECK_CHECK_H

#include "check/database.h"
#include "check/report.h"

/* Command line and .fa.toml; -1: go on. */
int check_settings(int argc, char **argv, struct settings *settings);
int check_read_units(const struct settings *settings,
                     struct database *database);
int check_analyse_units(const struct settings *settings,
                        const struct database *database,
                        struct check_results *results);
int check_report(struct report *report, const struct settings *settings,
                 const struct database *database,
                 const struct check_results *results);

#endif
