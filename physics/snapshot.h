/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Canonical stepping and snapshots.
 */
#ifndef FA_PHYSICS_SNAPSHOT_H
#define FA_PHYSICS_SNAPSHOT_H

#include "world.h"

/* Makes the next cpSpaceStep() canonical. */
void canonical_before(fa_physics *world);
/* The lowest id of a body's shapes + 1; 0: it has none. */
uint64_t body_id(const cpBody *body);

#endif
