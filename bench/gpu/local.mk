# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
#     make bench-gpu        figures on the device that is found, with limits
#     make bench-gate-gpu   instructions, for CI; needs no device

bench_bench_gpu_SOURCES = \
	bench/gpu/loops.c \
	bench/gpu/loops.h \
	bench/gpu/main.c
bench_bench_gpu_CPPFLAGS = $(bench_cppflags) $(VULKAN_CFLAGS) -DVK_NO_PROTOTYPES
bench_bench_gpu_CFLAGS = $(bench_cflags)
bench_bench_gpu_LDFLAGS = $(bench_ldflags)
bench_bench_gpu_LDADD = libframealloc-gpu.la libframealloc.la -lm

EXTRA_DIST += bench/gpu/gate.tsv

if WITH_GPU
EXTRA_PROGRAMS += bench/bench-gpu
CLEANFILES += bench/bench-gpu

bench-gpu: bench/bench-gpu
	$(AM_V_at)bench/bench-gpu

bench-gate-gpu: bench/bench-gpu
	$(AM_V_at)test -n '$(VALGRIND)' \
	  || { echo 'bench-gate-gpu needs valgrind' >&2; exit 1; }
	$(AM_V_at)'$(srcdir)/bench/gate' --bin bench --valgrind '$(VALGRIND)' \
	  --program bench-gpu --table '$(srcdir)/bench/gpu/gate.tsv'
else
bench-gpu bench-gate-gpu:
	@echo 'configured without the GPU module' >&2; exit 1
endif

.PHONY: bench-gpu bench-gate-gpu
