/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * check --profile: what a snapshot of the running program shows to be costly,
 * by code. See fa_snapshot(3).
 */
#ifndef CHECK_PROFILE_H
#define CHECK_PROFILE_H

#include "check/settings.h"

/* False with a message. */
bool profile_read(struct settings *settings);
/* Why findings of the code count, or NULL. */
const char *profile_cost(const struct check_profile *profile, unsigned number);

#endif
