/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * framealloc snapshot: reads, compares and checks snapshots.
 */
#ifndef FRAMEALLOC_TOOLS_SNAPSHOT_H
#define FRAMEALLOC_TOOLS_SNAPSHOT_H

#include <jansson.h>
#include <stdbool.h>

/* True when the snapshot is as doc/snapshot.schema.json says; else the first
 * violation, as "$.tags[3].bytes: ...", goes to stderr behind the name. */
bool snapshot_is_valid(const char *file, json_t *root);
/* To stdout. */
void snapshot_show(const char *file, json_t *root);
/* To stdout; true when there are differences. */
bool snapshot_diff(json_t *before, json_t *after);

#endif
