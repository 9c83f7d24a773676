# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# Tests of what is built and installed: linking, loading, headers, style. They
# look at libraries in .libs, and at a copy of the installation in a stage.

build_tests = \
	tests/build/style.sh \
	tests/build/headers.sh \
	tests/build/attributes.sh \
	tests/build/exports.sh \
	tests/build/tls.sh \
	tests/build/probes.sh \
	tests/build/needed.sh \
	tests/build/loader.sh \
	tests/build/consumer.sh \
	tests/build/cmake.sh \
	tests/build/meson.sh \
	tests/build/manual.sh \
	tests/build/readme.sh \
	tests/build/guides.sh \
	tests/build/malloc-owner.sh \
	tests/build/plugin.sh \
	tests/build/dlopen.sh \
	tests/build/startup.sh \
	tests/build/names.sh \
	tests/build/gdb.sh

EXTRA_DIST += \
	$(build_tests) \
	tests/build/common.sh \
	tests/build/guides.pl \
	tests/build/CMakeLists.txt \
	tests/build/attributes_bad.c \
	tests/build/attributes_good.c \
	tests/build/consumer.c \
	tests/build/example.sh \
	tests/build/gdb.c \
	tests/build/gpu_consumer.c \
	tests/build/physics_consumer.c \
	tests/build/installed.mk \
	tests/build/installed.sh \
	tests/build/malloc_owner.c \
	tests/build/names.c \
	tests/build/dlopen.c \
	tests/build/plugin.cc \
	tests/build/plugin_host.c \
	tests/build/startup.c

TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = $(SHELL)

AM_TESTS_ENVIRONMENT += $(build_tests_environment)
build_tests_environment = \
	FA_SRCDIR='$(abs_top_srcdir)'; \
	FA_BUILDDIR='$(abs_top_builddir)'; \
	FA_ROOT='$(abs_top_builddir)/$(stage)'; \
	FA_LIBDIR='$(libdir)'; \
	FA_DATADIR='$(datadir)'; \
	FA_SANITIZERS='$(FA_SANITIZERS)'; \
	FA_SANITIZER_FLAGS='$(FA_SANITIZER_FLAGS)'; \
	FA_JEMALLOC='$(jemalloc_is_built)'; \
	FA_USDT='$(usdt_is_built)'; \
	CC='$(CC)'; CXX='$(CXX)'; PKG_CONFIG='$(PKG_CONFIG)'; \
	export FA_SRCDIR FA_BUILDDIR FA_ROOT FA_LIBDIR FA_DATADIR FA_SANITIZERS \
	  FA_SANITIZER_FLAGS FA_JEMALLOC FA_USDT CC CXX PKG_CONFIG;

if WITH_JEMALLOC
jemalloc_is_built = yes
else
jemalloc_is_built = no
endif

if WITH_USDT
usdt_is_built = yes
else
usdt_is_built = no
endif

# The stage: a copy of the installation that programs are built against.
stage = tests/build/stage

if ENABLE_TESTS
TESTS += $(build_tests)
check_DATA += $(stage).stamp

$(stage).stamp: $(lib_LTLIBRARIES) $(include_HEADERS) $(public_HEADERS) \
    $(pkgconfig_DATA) $(cmake_DATA) tools/framealloc-gdb.py
	$(AM_V_GEN)rm -rf $(stage) \
	  && $(MKDIR_P) tests/build \
	  && $(MAKE) $(AM_MAKEFLAGS) DESTDIR='$(abs_top_builddir)/$(stage)' \
	       install-libLTLIBRARIES install-includeHEADERS \
	       install-publicHEADERS install-pkgconfigDATA \
	       install-cmakeDATA install-gdb-script >$@.log 2>&1 \
	  || { cat $@.log >&2; exit 1; }
	$(AM_V_at)touch $@
endif

clean-stage:
	rm -rf $(stage) $(stage).stamp $(stage).stamp.log
CLEAN_TARGETS += clean-stage

# The same test programs against what "make install" has put in place.
installcheck-consumer:
	$(AM_V_at)$(build_tests_environment) FA_ROOT='$(DESTDIR)'; \
	for test in consumer cmake meson; do \
	  $(SHELL) "$(top_srcdir)/tests/build/$$test.sh" \
	    || test $$? -eq 77 || exit 1; \
	done
INSTALLCHECK_TARGETS += installcheck-consumer

# Every libcheck program without a driver under memcheck; tests that must die
# are skipped.
check-valgrind: $(check_PROGRAMS)
	$(AM_V_at)test -n '$(VALGRIND)' \
	  || { echo 'check-valgrind needs valgrind' >&2; exit 1; }
	CK_FORK=no $(MAKE) $(AM_MAKEFLAGS) check-TESTS \
	  TESTS='$(filter-out %.sh $(FA_GPU_DRIVER_TESTS), \
	    $(filter tests/check_%,$(TESTS)))' \
	  LOG_COMPILER='$(LIBTOOL) --mode=execute $(VALGRIND) $(valgrind_flags)'

valgrind_flags = --quiet --error-exitcode=99 --leak-check=full

.PHONY: clean-stage installcheck-consumer check-valgrind
