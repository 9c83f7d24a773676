# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# Stress and reliability: the model test, failures of the system everywhere,
# threads, forks, loading, the steady state, limits; and what runs outside of
# "make check": check-long, check-fuzz, check-models.
#
# Sizes are divided by FA_TEST_SCALE. At full size all of this takes about two
# minutes on two cores. What takes more than three belongs to LONG_TESTS.

stress_programs = \
	tests/model_core \
	tests/oom_sweep \
	tests/stress_barrier \
	tests/stress_dlopen \
	tests/stress_exit \
	tests/stress_fork \
	tests/stress_limits \
	tests/stress_steady \
	tests/stress_threads
stress_fuzzers = tests/fuzz/fuzz_ops tests/fuzz/fuzz_options

if WITH_JEMALLOC
stress_programs += tests/stress_fork_jemalloc
endif

if ENABLE_TESTS
check_PROGRAMS += $(stress_programs) $(stress_fuzzers)
check_LTLIBRARIES += tests/plugin_core.la
TESTS += \
	$(stress_programs) \
	tests/fuzz/ops-corpus.sh \
	tests/fuzz/options-corpus.sh
endif

STRESS_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
STRESS_LIBS = libfai.la -lpthread

tests_model_core_SOURCES = \
	tests/model.h \
	tests/model_core.c \
	tests/model_frame.c \
	tests/model_heap.c \
	tests/model_tag.c \
	tests/stress.h
tests_model_core_CPPFLAGS = $(STRESS_CPPFLAGS)
tests_model_core_LDADD = $(STRESS_LIBS)

tests_oom_sweep_SOURCES = \
	tests/oom_configs.h \
	tests/oom_lifetime.h \
	tests/oom_scenarios.h \
	tests/oom_sweep.c \
	tests/stress.h
tests_oom_sweep_CPPFLAGS = $(STRESS_CPPFLAGS)
tests_oom_sweep_LDADD = $(STRESS_LIBS)

tests_stress_barrier_SOURCES = tests/stress_barrier.c tests/stress.h
tests_stress_barrier_CPPFLAGS = $(STRESS_CPPFLAGS)
tests_stress_barrier_LDADD = $(STRESS_LIBS)

tests_stress_exit_SOURCES = tests/stress_exit.c tests/stress.h
tests_stress_exit_CPPFLAGS = $(STRESS_CPPFLAGS)
tests_stress_exit_LDADD = $(STRESS_LIBS)

tests_stress_fork_SOURCES = tests/stress_fork.c tests/stress.h
tests_stress_fork_CPPFLAGS = $(STRESS_CPPFLAGS)
tests_stress_fork_LDADD = $(STRESS_LIBS)

# jemalloc is in the process, so the library finds it.
tests_stress_fork_jemalloc_SOURCES = tests/stress_fork.c tests/stress.h
tests_stress_fork_jemalloc_CPPFLAGS = \
	$(STRESS_CPPFLAGS) -DFA_FORK_HEAP='"jemalloc"'
tests_stress_fork_jemalloc_LDFLAGS = $(AM_LDFLAGS) -Wl,--no-as-needed
tests_stress_fork_jemalloc_LDADD = $(STRESS_LIBS) -ljemalloc

tests_stress_limits_SOURCES = tests/stress_limits.c tests/stress.h
tests_stress_limits_CPPFLAGS = $(STRESS_CPPFLAGS)
tests_stress_limits_LDADD = $(STRESS_LIBS)

tests_stress_steady_SOURCES = tests/stress_steady.c tests/stress.h
tests_stress_steady_CPPFLAGS = $(STRESS_CPPFLAGS)
tests_stress_steady_LDADD = $(STRESS_LIBS)

tests_stress_threads_SOURCES = tests/stress_threads.c tests/stress.h
tests_stress_threads_CPPFLAGS = $(STRESS_CPPFLAGS)
tests_stress_threads_LDADD = $(STRESS_LIBS)

# Not linked to the library: it is loaded at run time.
tests_stress_dlopen_SOURCES = tests/stress_dlopen.c tests/stress.h
tests_stress_dlopen_CPPFLAGS = $(STRESS_CPPFLAGS)
tests_stress_dlopen_LDADD = -ldl -lpthread

# With a path, libtool makes it a shared library although nobody installs it.
tests_plugin_core_la_SOURCES = tests/plugin_core.c
tests_plugin_core_la_CPPFLAGS = $(STRESS_CPPFLAGS)
tests_plugin_core_la_LDFLAGS = \
	$(AM_LDFLAGS) -module -avoid-version -rpath /nowhere
tests_plugin_core_la_LIBADD = libframealloc.la

tests_fuzz_fuzz_ops_SOURCES = \
	tests/fuzz/fuzz_ops.c \
	tests/fuzz/standalone.h \
	tests/model.h \
	tests/model_frame.c \
	tests/model_heap.c \
	tests/model_tag.c \
	tests/stress.h
tests_fuzz_fuzz_ops_CPPFLAGS = $(STRESS_CPPFLAGS)
tests_fuzz_fuzz_ops_LDADD = $(STRESS_LIBS)

tests_fuzz_fuzz_options_SOURCES = \
	tests/fuzz/fuzz_options.c \
	tests/fuzz/standalone.h
tests_fuzz_fuzz_options_CPPFLAGS = $(STRESS_CPPFLAGS)
tests_fuzz_fuzz_options_LDADD = $(STRESS_LIBS)

EXTRA_DIST += \
	tests/fuzz/corpus/ops \
	tests/fuzz/corpus/options \
	tests/fuzz/ops-corpus.sh \
	tests/fuzz/options-corpus.sh \
	tests/fuzz/run.sh \
	tests/models/barrier.pml \
	tests/models/queue.pml \
	tests/models/remote.pml \
	tests/models/run.sh \
	tests/models/transfer.pml \
	tests/promises.tsv

# 30 s for each fuzzer, with clang's libFuzzer and AddressSanitizer.
check-fuzz:
	$(SHELL) $(top_srcdir)/tests/fuzz/run.sh '$(top_srcdir)' \
	  $(libframealloc_la_SOURCES)

# The models, and the bugs that can be seeded in them.
check-models:
	$(SHELL) $(top_srcdir)/tests/models/run.sh '$(top_srcdir)' '$(CC)'

# Whether the tests that are named for each promise can fail: about two minutes
# on two cores. Part of check-long, not of CI.
check-mutants: $(FA_UNIT_TESTS)
	$(AM_V_at)FA_SRCDIR='$(top_srcdir)' FA_LINK='$(mutant_link)' \
	  FA_COMPILE='$(mutant_compile)' FA_LIBS='$(FA_UNIT_LDADD) $(LIBS)' \
	  $(top_srcdir)/dev/mutants $(MUTANTS)

mutant_compile = \
	$(CC) $(DEFS) $(DEFAULT_INCLUDES) $(FA_UNIT_CPPFLAGS) $(CPPFLAGS) \
	$(AM_CFLAGS) $(FA_FLAGS) $(CFLAGS)
mutant_link = \
	$(LIBTOOL) --silent --tag=CC --mode=link $(CC) $(AM_CFLAGS) $(CFLAGS) \
	$(AM_LDFLAGS) $(LDFLAGS)

# The same programs, ten million generations of barriers, and ten random seeds
# of the model.
check-long: $(stress_programs) check-mutants \
	check-examples-mutants check-others
	for program in $(stress_programs); do \
	  echo "== $$program"; $$program || test $$? = 77 || exit 1; \
	done
	tests/stress_barrier 10000000
	for i in 1 2 3 4 5 6 7 8 9 10; do \
	  FA_TEST_SEED=$$(od -An -N4 -tu4 /dev/urandom | tr -d ' ') \
	    tests/model_core || exit 1; \
	done

clean-stress:
	rm -rf _fuzz _models
CLEAN_TARGETS += clean-stress

.PHONY: check-fuzz check-models check-long clean-stress
