# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The binary interface. 0.1 has the headers of that version, which are never
# edited: programs that were built with them must go on running.

abi_tests = tests/abi/baselines.sh tests/abi/changes.sh

EXTRA_DIST += \
	$(abi_tests) \
	tests/abi/abi.sh \
	tests/abi/libframealloc.abi \
	tests/abi/libframealloc-gpu.abi \
	tests/abi/libframealloc-jemalloc.abi \
	tests/abi/libframealloc-physics.abi \
	tests/abi/0.1

# Not among the tests of "make check": what is right here is a matter of the
# release. 77 says that it cannot be tested on this machine.
check-abi: $(lib_LTLIBRARIES)
	$(AM_V_at)$(build_tests_environment) \
	for test in $(abi_tests); do \
	  $(SHELL) "$(srcdir)/$$test"; \
	  case $$?:$${CI:-} in 0:* | 77:) ;; *) exit 1 ;; esac; \
	done

update-abi: $(lib_LTLIBRARIES)
	$(AM_V_at)$(build_tests_environment) \
	  $(SHELL) '$(srcdir)/tests/abi/baselines.sh' --update

# The same suite with the headers of today and with those of 0.1; both run on
# the library of today.
if ENABLE_TESTS
check_PROGRAMS += tests/abi/check_abi tests/abi/check_abi_0_1
TESTS += tests/abi/check_abi tests/abi/check_abi_0_1
endif

tests_abi_check_abi_SOURCES = tests/abi/check_abi.c
tests_abi_check_abi_CPPFLAGS = -I$(top_srcdir)/include $(CHECK_CFLAGS)
tests_abi_check_abi_LDADD = libframealloc.la $(CHECK_LIBS)

tests_abi_check_abi_0_1_SOURCES = tests/abi/check_abi.c
tests_abi_check_abi_0_1_CPPFLAGS = -I$(srcdir)/tests/abi/0.1 $(CHECK_CFLAGS)
tests_abi_check_abi_0_1_LDADD = libframealloc.la $(CHECK_LIBS)

# Programs of the modules, with the headers of 0.1.
if ENABLE_TESTS
if WITH_PHYSICS
check_PROGRAMS += tests/abi/physics_0_1
TESTS += tests/abi/physics_0_1
endif
if WITH_GPU
check_PROGRAMS += tests/abi/gpu_0_1
TESTS += tests/abi/gpu_0_1
endif
endif

tests_abi_physics_0_1_SOURCES = tests/build/physics_consumer.c
tests_abi_physics_0_1_CPPFLAGS = -I$(srcdir)/tests/abi/0.1
tests_abi_physics_0_1_LDADD = \
	libframealloc-physics.la \
	libframealloc.la \
	$(CHIPMUNK_LIBS)

tests_abi_gpu_0_1_SOURCES = tests/build/gpu_consumer.c
tests_abi_gpu_0_1_CPPFLAGS = -I$(srcdir)/tests/abi/0.1
tests_abi_gpu_0_1_LDADD = libframealloc-gpu.la libframealloc.la

.PHONY: check-abi update-abi
