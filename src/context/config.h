/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Configuration: defaults, environment and limits made one.
 */
#ifndef FAI_CONTEXT_CONFIG_H
#define FAI_CONTEXT_CONFIG_H

#include "accounting/diag.h"

#include <framealloc/allocator.h>

/* Fills out without any default left. given may be NULL. On failure reports
 * which member is wrong. The reporter's sink and policy are set, too. */
fa_status fai_config_resolve(const fa_allocator_config *given,
                             fa_allocator_config *out,
                             struct fai_reporter *reporter);

#endif
