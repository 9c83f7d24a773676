/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/* The version of the library. Every other place is checked against this. */
#ifndef FRAMEALLOC_VERSION_H
#define FRAMEALLOC_VERSION_H

#define FA_VERSION_MAJOR 0
#define FA_VERSION_MINOR 1
#define FA_VERSION_PATCH 0
#define FA_VERSION       "0.1.0"

#endif
