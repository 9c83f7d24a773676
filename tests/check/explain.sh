#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The examples of framealloc explain: see explain.py.

FA_SRCDIR=$(cd "${srcdir:-.}" && pwd)
export FA_SRCDIR
exec python3 "$FA_SRCDIR/tests/check/explain.py"
