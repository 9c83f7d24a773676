#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The examples of framealloc explain: see explain.py. Without libclang they
# are only compiled.

FA_SRCDIR=$(cd "${srcdir:-.}" && pwd)
FA_CPPFLAGS=
export FA_SRCDIR FA_CPPFLAGS
printf 'int no_frame;\n' >check-explain.c
tools/framealloc check --no-config --cache none -- cc -c check-explain.c \
    >/dev/null 2>&1
# 2: there is no libclang, or no analyser.
if [ $? -ne 2 ]; then
    FA_CHECK=tools/framealloc
    export FA_CHECK
fi
rm -f check-explain.c
exec python3 "$FA_SRCDIR/tests/check/explain.py"
