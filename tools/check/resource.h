/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Headers such as stddef.h belong to a compiler, and libclang may be there
 * without them.
 */
#ifndef CHECK_RESOURCE_H
#define CHECK_RESOURCE_H

#include "check/clang.h"

/* An argument that lets it find them: of clang itself, of another clang or of
 * gcc; NULL: nothing is needed. Found once. */
const char *check_resource_flag(const struct clang *clang);

#endif
