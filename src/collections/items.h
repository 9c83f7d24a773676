/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Whether the items of a collection are still there.
 */
#ifndef FAI_COLLECTIONS_ITEMS_H
#define FAI_COLLECTIONS_ITEMS_H

#include <framealloc/vec.h>

/* Whether the frame of the items is open, so that they may change and grow.
 * False with the status set and FA606. True without items. */
bool fai_items_may_change(fa_vec *vec);
/* The same for reading: the lag counts. */
bool fai_items_may_be_read(fa_vec *vec);

#endif
