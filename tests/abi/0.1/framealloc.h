/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/* Shim: the whole public interface under the shortest name. */
#include <framealloc/framealloc.h>
