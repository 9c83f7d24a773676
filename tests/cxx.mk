# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# Tests in C++, where the compiler knows C++17. They use the shared library, as
# programs do.

if ENABLE_TESTS
if HAVE_CXX
check_PROGRAMS += tests/check_pmr
TESTS += tests/check_pmr
endif
endif

tests_check_pmr_SOURCES = tests/check_pmr.cc
tests_check_pmr_CXXFLAGS = $(AM_CXXFLAGS) $(FA_CXX_WARNINGS)
tests_check_pmr_LDADD = libframealloc.la -lpthread

FA_CXX_WARNINGS = -Wall -Wextra -Wpedantic -Wshadow
