# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# Tests of the analyser's front end, with an engine that finds what the
# sources tell it to.

FA_FRONT_CPPFLAGS = $(CHECK_CPPFLAGS) $(CHECK_CFLAGS)
FA_FRONT_LDADD = \
	tools/check/libfront.la \
	libframealloc.la \
	$(JANSSON_LIBS) \
	$(CHECK_LIBS)

if HAVE_JANSSON
check_PROGRAMS += tests/front
TESTS += \
	tests/front.sh \
	tests/front-config.sh \
	tests/front-fix.sh \
	tests/front-formats.sh
if ENABLE_TESTS
FA_FRONT_TESTS = \
	tests/check_front_config \
	tests/check_front_database \
	tests/check_front_suppress
check_PROGRAMS += $(FA_FRONT_TESTS) tests/fuzz/fuzz_front
TESTS += $(FA_FRONT_TESTS) tests/fuzz/front-corpus.sh
endif
endif

tests_front_SOURCES = tests/front_engine.c tools/check/main.c
tests_front_CPPFLAGS = $(CHECK_CPPFLAGS)
tests_front_LDADD = $(FA_FRONT_LDADD)

tests_check_front_config_SOURCES = \
	tests/check_front_config.c \
	tests/front_engine.c
tests_check_front_config_CPPFLAGS = $(FA_FRONT_CPPFLAGS)
tests_check_front_config_LDADD = $(FA_FRONT_LDADD)

tests_check_front_database_SOURCES = \
	tests/check_front_database.c \
	tests/front_engine.c
tests_check_front_database_CPPFLAGS = $(FA_FRONT_CPPFLAGS)
tests_check_front_database_LDADD = $(FA_FRONT_LDADD)

tests_check_front_suppress_SOURCES = \
	tests/check_front_suppress.c \
	tests/front_engine.c
tests_check_front_suppress_CPPFLAGS = $(FA_FRONT_CPPFLAGS)
tests_check_front_suppress_LDADD = $(FA_FRONT_LDADD)

tests_fuzz_fuzz_front_SOURCES = \
	tests/front_engine.c \
	tests/fuzz/fuzz_front.c
tests_fuzz_fuzz_front_CPPFLAGS = $(CHECK_CPPFLAGS)
tests_fuzz_fuzz_front_LDADD = $(FA_FRONT_LDADD)

EXTRA_DIST += \
	tests/front-config.sh \
	tests/front-fix.sh \
	tests/front-formats.sh \
	tests/front-lib.sh \
	tests/front.sh \
	tests/fuzz/corpus/front \
	tests/fuzz/front-corpus.sh \
	tests/sarif-2.1.0.json
