#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The suites that look at public functions only, built with installed headers
# and libraries, and run. For installed systems, with FA_ROOT and FA_LIBDIR
# empty. Suites of modules that pkg-config does not find are passed over.

. "$(dirname "$0")/common.sh"
need "${CC%% *}" "$PKG_CONFIG" make
cd "$here/../.."

modules='UNIT'
names='framealloc-core'
for module in gpu physics; do
    ! pkg --exists framealloc-$module || {
        modules="$modules $(echo $module | tr '[:lower:]' '[:upper:]')"
        names="$names framealloc-$module"
    }
done

# The system's own, also where FA_ROOT is not empty.
system() {
    env -u PKG_CONFIG_LIBDIR -u PKG_CONFIG_SYSROOT_DIR \
        -u PKG_CONFIG_ALLOW_SYSTEM_CFLAGS -u PKG_CONFIG_ALLOW_SYSTEM_LIBS \
        "$PKG_CONFIG" "$@" check jansson
}

# shellcheck disable=SC2086 # a list of modules
cflags=$(pkg --cflags $names) core=$(pkg --libs framealloc-core) \
    libs=$(pkg --libs $names)
system_cflags=$(system --cflags)
system_libs=$(system --libs)

# The lists are automake's, and make's but for the conditionals.
sed -E '/^(if|else|endif|include)( |$)/d' tests/*.mk |
    cat - "$here/installed.mk" >"$work/Makefile"
make -f "$work/Makefile" -j"$(nproc)" all WORK="$work" MODULES="$modules" \
    CC="$CC" abs_top_srcdir="$PWD" \
    AM_CPPFLAGS="-D_GNU_SOURCE -DFRAMEALLOC_NO_DEALLOC $cflags" \
    CHECK_CFLAGS="$system_cflags" FA_UNIT_LDADD="$core $system_libs" \
    FA_GPU_LDADD="$libs $system_libs" \
    FA_PHYSICS_LDADD="$libs $system_libs -lm" \
    >"$work/make.log" 2>&1 || fail "$(cat "$work/make.log")"
grep '^Not from outside' "$work/make.log"

: "${FA_TEST_SCALE:=20}"
export FA_TEST_SCALE
count=0
failed=
for suite in "$work"/check_* "$work"/model_*; do
    [ -e "$suite" ] || continue
    name=${suite##*/}
    count=$((count + 1))
    status=0
    run "$suite" >"$suite.log" 2>&1 || status=$?
    case $status in
    0) ;;
    77) echo "$name: $(tail -n 1 "$suite.log")" ;;
    *)
        tail -n 20 "$suite.log"
        failed="$failed $name"
        ;;
    esac
done
[ -z "$failed" ] || fail "$failed"
echo "$count suites"
