# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# Tests of the tools, and the fuzzer of the trace reader.

FA_TRACE_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tools

if ENABLE_TESTS
check_PROGRAMS += tests/check_trace tests/fuzz/fuzz_trace
TESTS += tests/check_trace tests/fuzz/trace-corpus.sh tests/replay.sh
TESTS += tests/completion.sh tests/doctor.sh
if HAVE_LZMA
check_PROGRAMS += tests/check_trace_file
TESTS += tests/check_trace_file
endif
endif

tests_check_trace_SOURCES = tests/check_trace.c
tests_check_trace_CPPFLAGS = $(FA_TRACE_CPPFLAGS) $(CHECK_CFLAGS)
tests_check_trace_LDADD = tools/libtrace.la $(CHECK_LIBS)

tests_check_trace_file_SOURCES = tests/check_trace_file.c
tests_check_trace_file_CPPFLAGS = $(FA_TRACE_CPPFLAGS) $(CHECK_CFLAGS)
tests_check_trace_file_LDADD = tools/libtrace.la $(CHECK_LIBS)

tests_fuzz_fuzz_trace_SOURCES = tests/fuzz/fuzz_trace.c
tests_fuzz_fuzz_trace_CPPFLAGS = $(FA_TRACE_CPPFLAGS)
tests_fuzz_fuzz_trace_LDADD = tools/libtrace.la

EXTRA_DIST += \
	tests/completion.sh \
	tests/doctor.sh \
	tests/fuzz/corpus/trace \
	tests/fuzz/trace-corpus.sh \
	tests/replay.sh
