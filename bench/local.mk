# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The benchmarks. They are built when one of their targets is asked for:
#
#     make bench          run all, then show the tables
#     make bench-gate     instructions, page faults, system calls: for CI
#     make bench-ratio    times as ratios to the limit rows
#     make bench-publish  bench into bench/results, then the documents
#
# Peers that are not installed are left out. What configure must know is listed
# in bench/configure-needs.txt.

# No PLT, so that a call through the library costs what it must; loops and
# functions aligned, so that no row wins by where it happens to lie.
bench_flags = -O2 -fno-plt -falign-loops=32 -falign-functions=64
bench_cflags = $(AM_CFLAGS) $(bench_flags)
bench_cppflags = $(AM_CPPFLAGS) -DBENCH_FLAGS='"$(CFLAGS) $(bench_flags)"'
# Never installed: real programs, not scripts that start them.
bench_ldflags = $(AM_LDFLAGS) -no-install
bench_libs = bench/libbench.a -lpthread

bench_programs = \
	bench/bench-framealloc \
	bench/bench-malloc \
	bench/bench-obstack \
	bench/bench-latency \
	bench/bench-latency-malloc \
	bench/bench-facts \
	bench/bench-startup \
	bench/startup-plain \
	bench/startup-linked

EXTRA_LIBRARIES = bench/libbench.a

bench_libbench_a_SOURCES = \
	bench/harness/bench.h \
	bench/harness/clock.c \
	bench/harness/limit.c \
	bench/harness/limit.h \
	bench/harness/limit_remote.c \
	bench/harness/loops_big.h \
	bench/harness/loops_frame.h \
	bench/harness/loops_pool.h \
	bench/harness/loops_profile.h \
	bench/harness/loops_remote.h \
	bench/harness/main.c \
	bench/harness/malloc_name.h \
	bench/harness/measure.c \
	bench/harness/output.c \
	bench/harness/profile.h \
	bench/harness/remote.c \
	bench/harness/remote.h \
	bench/harness/steady.c \
	bench/harness/tables.c
bench_libbench_a_CPPFLAGS = $(bench_cppflags)
bench_libbench_a_CFLAGS = $(bench_cflags)

bench_bench_framealloc_SOURCES = \
	bench/rows/framealloc.c \
	bench/rows/framealloc_call.c \
	bench/rows/world.c \
	bench/rows/world.h
bench_bench_framealloc_CFLAGS = $(bench_cflags)
bench_bench_framealloc_LDFLAGS = $(bench_ldflags)
bench_bench_framealloc_LDADD = $(bench_libs) libframealloc.la

# The compiler must not pair malloc with free by itself.
bench_bench_malloc_SOURCES = bench/peers/peer_malloc.c
bench_bench_malloc_CFLAGS = $(bench_cflags) -fno-builtin-malloc
bench_bench_malloc_LDFLAGS = $(bench_ldflags)
bench_bench_malloc_LDADD = $(bench_libs) -ldl

bench_bench_obstack_SOURCES = bench/peers/peer_obstack.c
bench_bench_obstack_CFLAGS = $(bench_cflags)
bench_bench_obstack_LDFLAGS = $(bench_ldflags)
bench_bench_obstack_LDADD = $(bench_libs)

bench_bench_latency_SOURCES = \
	bench/latency/latency.c \
	bench/latency/latency.h \
	bench/latency/latency_framealloc.c \
	bench/latency/loops_latency.h
bench_bench_latency_CFLAGS = $(bench_cflags)
bench_bench_latency_LDFLAGS = $(bench_ldflags)
bench_bench_latency_LDADD = $(bench_libs) libframealloc.la

bench_bench_latency_malloc_SOURCES = \
	bench/latency/latency.c \
	bench/latency/latency.h \
	bench/latency/latency_malloc.c \
	bench/latency/loops_latency.h
bench_bench_latency_malloc_CFLAGS = $(bench_cflags) -fno-builtin-malloc
bench_bench_latency_malloc_LDFLAGS = $(bench_ldflags)
bench_bench_latency_malloc_LDADD = $(bench_libs) -ldl

bench_bench_facts_SOURCES = bench/rows/facts.c
bench_bench_facts_CFLAGS = $(bench_cflags)
bench_bench_facts_LDFLAGS = $(bench_ldflags)
bench_bench_facts_LDADD = $(bench_libs) libframealloc.la

bench_bench_startup_SOURCES = \
	bench/startup/startup.c \
	bench/startup/startup.h
bench_bench_startup_LDFLAGS = $(bench_ldflags)
bench_bench_startup_LDADD = $(bench_libs)

# These two differ in nothing but the library.
bench_startup_plain_SOURCES = bench/startup/plain.c bench/startup/startup.h
bench_startup_plain_LDFLAGS = $(bench_ldflags)
bench_startup_plain_LDADD = bench/libbench.a
bench_startup_linked_SOURCES = bench/startup/linked.c bench/startup/startup.h
bench_startup_linked_LDFLAGS = $(bench_ldflags)
bench_startup_linked_LDADD = bench/libbench.a libframealloc.la

if HAVE_APR
bench_programs += bench/bench-apr
endif
bench_bench_apr_SOURCES = bench/peers/peer_apr.c
bench_bench_apr_CFLAGS = $(bench_cflags) $(APR_CFLAGS)
bench_bench_apr_LDFLAGS = $(bench_ldflags)
bench_bench_apr_LDADD = $(bench_libs) $(APR_LIBS)

if HAVE_CXX
bench_programs += bench/bench-cxx
endif
if HAVE_BOOST_POOL
bench_boost = -DBENCH_BOOST
endif
bench_bench_cxx_SOURCES = bench/peers/peer_cxx.cc
bench_bench_cxx_CPPFLAGS = $(AM_CPPFLAGS) $(bench_boost)
bench_bench_cxx_CXXFLAGS = $(AM_CXXFLAGS) $(bench_flags)
bench_bench_cxx_LDFLAGS = $(bench_ldflags)
bench_bench_cxx_LDADD = $(bench_libs)

EXTRA_PROGRAMS += $(bench_programs)
CLEANFILES += $(bench_programs) bench/libbench.a

EXTRA_DIST += \
	bench/figure_blocks.py \
	bench/figures \
	bench/gate \
	bench/gate.tsv \
	bench/parity.tsv \
	bench/ratio \
	bench/ratio.tsv \
	bench/results \
	bench/results.py \
	bench/run

bench: $(bench_programs)
	$(AM_V_at)'$(srcdir)/bench/run' --bin bench --out bench-results
	$(AM_V_at)'$(srcdir)/bench/figures' --results bench-results --show

bench-gate: bench/bench-framealloc
	$(AM_V_at)test -n '$(VALGRIND)' \
	  || { echo 'bench-gate needs valgrind' >&2; exit 1; }
	$(AM_V_at)'$(srcdir)/bench/gate' --bin bench --valgrind '$(VALGRIND)'

bench-ratio: $(bench_programs)
	$(AM_V_at)'$(srcdir)/bench/ratio' --bin bench --out bench-ratio-results

bench-publish: $(bench_programs) tools/framealloc
	$(AM_V_at)'$(srcdir)/bench/run' --bin bench --out '$(srcdir)/bench/results'
	$(AM_V_at)for trace in minetest neverball supertux supertuxkart; do \
	  tools/framealloc replay --replays 15 --json \
	    "$(srcdir)/bench/traces/$$trace.fatrace.xz" \
	    >replay.json && \
	  sed 's,"path": ".*/bench/,"path": "bench/,' replay.json \
	    >"$(srcdir)/bench/results/replay-$$trace.json" || exit 1; \
	  rm -f replay.json; \
	done
	$(AM_V_at)'$(srcdir)/bench/gate' --bin bench --update
	$(AM_V_at)'$(srcdir)/bench/figures'

clean-bench:
	rm -rf bench-results bench-ratio-results
CLEAN_TARGETS += clean-bench

.PHONY: bench-ratio bench-publish clean-bench
