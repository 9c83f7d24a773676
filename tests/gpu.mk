# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# Tests of the GPU module. They are linked to the shared libraries: the module
# has no hidden objects of its own here.

EXTRA_DIST += \
	tests/fuzz/corpus/offset \
	tests/fuzz/offset-corpus.sh \
	tests/gpu_demo.sh

FA_GPU_LDADD = \
	tests/libsupport.la \
	libframealloc-gpu.la \
	libframealloc.la \
	$(CHECK_LIBS)

# They need a driver, which memcheck cannot follow.
FA_GPU_DRIVER_TESTS = \
	tests/check_gpu_failure \
	tests/check_gpu_limits \
	tests/check_gpu_long \
	tests/check_gpu_profile \
	tests/check_gpu_shim \
	tests/check_gpu_vulkan

if ENABLE_TESTS
if WITH_GPU
FA_GPU_TESTS = \
	$(FA_GPU_DRIVER_TESTS) \
	tests/check_gpu_backend \
	tests/check_gpu_budget \
	tests/check_gpu_copy \
	tests/check_gpu_frame \
	tests/check_gpu_slice \
	tests/check_gpu_transfer \
	tests/check_gpu_transfer_failure \
	tests/check_gpu_unified \
	tests/check_gpu_vulkan_host \
	tests/check_offset \
	tests/model_offset \
	tests/sweep_gpu
if HAVE_JANSSON
FA_GPU_TESTS += tests/check_gpu_dump
endif
check_PROGRAMS += $(FA_GPU_TESTS) tests/fuzz/fuzz_offset
TESTS += $(FA_GPU_TESTS) tests/fuzz/offset-corpus.sh
if HAVE_GLSLANG
TESTS += tests/gpu_demo.sh
endif
endif
endif

tests_check_offset_SOURCES = tests/check_offset.c
tests_check_offset_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_offset_LDADD = $(FA_GPU_LDADD)

tests_model_offset_SOURCES = \
	tests/model_offset.c \
	tests/offset_model.c \
	tests/offset_model.h
tests_model_offset_CPPFLAGS = $(STRESS_CPPFLAGS)
tests_model_offset_LDADD = $(FA_GPU_LDADD)

tests_fuzz_fuzz_offset_SOURCES = \
	tests/fuzz/fuzz_offset.c \
	tests/fuzz/standalone.h \
	tests/offset_model.c \
	tests/offset_model.h
tests_fuzz_fuzz_offset_CPPFLAGS = $(STRESS_CPPFLAGS)
tests_fuzz_fuzz_offset_LDADD = $(FA_GPU_LDADD)

tests_check_gpu_backend_SOURCES = tests/check_gpu_backend.c
tests_check_gpu_backend_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_gpu_backend_LDADD = $(FA_GPU_LDADD)

tests_check_gpu_budget_SOURCES = tests/check_gpu_budget.c tests/gpu_world.h
tests_check_gpu_budget_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_gpu_budget_LDADD = $(FA_GPU_LDADD)

tests_check_gpu_dump_SOURCES = tests/check_gpu_dump.c tests/gpu_world.h
tests_check_gpu_dump_CPPFLAGS = $(FA_UNIT_CPPFLAGS) $(JANSSON_CFLAGS)
tests_check_gpu_dump_LDADD = $(FA_GPU_LDADD) $(JANSSON_LIBS)

tests_check_gpu_copy_SOURCES = \
	tests/check_gpu_copy.c \
	tests/gpu_transfer.h \
	tests/gpu_world.h
tests_check_gpu_copy_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_gpu_copy_LDADD = $(FA_GPU_LDADD) -lpthread

tests_check_gpu_frame_SOURCES = tests/check_gpu_frame.c tests/gpu_world.h
tests_check_gpu_frame_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_gpu_frame_LDADD = $(FA_GPU_LDADD) -lpthread

tests_check_gpu_slice_SOURCES = tests/check_gpu_slice.c tests/gpu_world.h
tests_check_gpu_slice_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_gpu_slice_LDADD = $(FA_GPU_LDADD)

tests_check_gpu_transfer_SOURCES = \
	tests/check_gpu_transfer.c \
	tests/gpu_transfer.h \
	tests/gpu_world.h
tests_check_gpu_transfer_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_gpu_transfer_LDADD = $(FA_GPU_LDADD) -lpthread

tests_check_gpu_transfer_failure_SOURCES = \
	tests/check_gpu_transfer_failure.c \
	tests/gpu_transfer.h \
	tests/gpu_world.h
tests_check_gpu_transfer_failure_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_gpu_transfer_failure_LDADD = $(FA_GPU_LDADD) -lpthread

tests_check_gpu_unified_SOURCES = tests/check_gpu_unified.c tests/gpu_world.h
tests_check_gpu_unified_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_gpu_unified_LDADD = $(FA_GPU_LDADD)

# The module's own sources, with a heap that can refuse.
tests_sweep_gpu_SOURCES = \
	gpu/block.c \
	gpu/budget.c \
	gpu/copy.c \
	gpu/device.c \
	gpu/frame.c \
	gpu/null.c \
	gpu/offset.c \
	gpu/retire.c \
	gpu/ring.c \
	gpu/slice.c \
	gpu/state.h \
	gpu/ticket.c \
	gpu/transfer.c \
	gpu/transfer.h \
	gpu/unified.c \
	tests/sweep_gpu.c \
	tests/sweep_gpu.h \
	tests/sweep_gpu_fault.c \
	tests/sweep_gpu_scenario.c
tests_sweep_gpu_CPPFLAGS = \
	$(FA_UNIT_CPPFLAGS) \
	-Dfa_heap_alloc=sweep_heap_alloc \
	-Dfa_heap_realloc=sweep_heap_realloc \
	-Dfa_heap_free=sweep_heap_free
tests_sweep_gpu_LDADD = \
	tests/libsupport.la \
	libframealloc.la \
	$(CHECK_LIBS) \
	-lpthread

# On a driver. They skip without one, unless FA_GPU_REQUIRE_VULKAN=1.
gpu_vulkan_sources = tests/gpu_vulkan_world.c tests/gpu_vulkan_world.h
FA_GPU_VULKAN_CPPFLAGS = $(FA_UNIT_CPPFLAGS) $(VULKAN_CFLAGS) -DVK_NO_PROTOTYPES
FA_GPU_VULKAN_LDADD = $(FA_GPU_LDADD) -lpthread -ldl

tests_check_gpu_vulkan_SOURCES = tests/check_gpu_vulkan.c $(gpu_vulkan_sources)
tests_check_gpu_vulkan_CPPFLAGS = $(FA_GPU_VULKAN_CPPFLAGS)
tests_check_gpu_vulkan_LDADD = $(FA_GPU_VULKAN_LDADD)

# On simulated GPUs above the driver.
gpu_simulated_sources = \
	$(gpu_vulkan_sources) \
	tests/gpu_profile.c \
	tests/gpu_profile.h \
	tests/gpu_shim.c \
	tests/gpu_shim.h \
	tests/gpu_shim_memory.c \
	tests/gpu_shim_queue.c \
	tests/gpu_shim_state.h \
	tests/gpu_simulated.h

tests_check_gpu_long_SOURCES = \
	tests/check_gpu_long.c \
	$(gpu_simulated_sources)
tests_check_gpu_long_CPPFLAGS = $(FA_GPU_VULKAN_CPPFLAGS)
tests_check_gpu_long_LDADD = $(FA_GPU_VULKAN_LDADD)

tests_check_gpu_profile_SOURCES = \
	tests/check_gpu_profile.c \
	$(gpu_simulated_sources)
tests_check_gpu_profile_CPPFLAGS = $(FA_GPU_VULKAN_CPPFLAGS)
tests_check_gpu_profile_LDADD = $(FA_GPU_VULKAN_LDADD)

tests_check_gpu_vulkan_host_SOURCES = tests/check_gpu_vulkan_host.c
tests_check_gpu_vulkan_host_CPPFLAGS = $(FA_UNIT_CPPFLAGS) $(VULKAN_CFLAGS)
tests_check_gpu_vulkan_host_LDADD = $(FA_GPU_LDADD) -lpthread

tests_check_gpu_failure_SOURCES = \
	tests/check_gpu_failure.c \
	$(gpu_simulated_sources)
tests_check_gpu_failure_CPPFLAGS = $(FA_GPU_VULKAN_CPPFLAGS)
tests_check_gpu_failure_LDADD = $(FA_GPU_VULKAN_LDADD)

tests_check_gpu_limits_SOURCES = \
	tests/check_gpu_limits.c \
	$(gpu_simulated_sources)
tests_check_gpu_limits_CPPFLAGS = $(FA_GPU_VULKAN_CPPFLAGS)
tests_check_gpu_limits_LDADD = $(FA_GPU_VULKAN_LDADD)

tests_check_gpu_shim_SOURCES = tests/check_gpu_shim.c $(gpu_simulated_sources)
tests_check_gpu_shim_CPPFLAGS = $(FA_GPU_VULKAN_CPPFLAGS)
tests_check_gpu_shim_LDADD = $(FA_GPU_VULKAN_LDADD)
