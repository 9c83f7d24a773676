# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# Example programs; the tests compile and run them. Each checks what it shows.

examples = \
	examples/01-frames \
	examples/03-pools \
	examples/04-workers \
	examples/05-budgets \
	examples/06-tracking-heap \
	examples/07-batches \
	examples/09-streaming \
	examples/10-groups \
	examples/11-handles \
	examples/12-ecs

# Run by tests/gpu_demo.sh, which knows what drivers leak.
gpu_examples = examples/08-gpu-engine

physics_examples = \
	examples/16-physics-sounds \
	examples/17-physics-rollback
if WITH_PHYSICS
examples += $(physics_examples)
endif

if WITH_LIBUV
examples += examples/13-uv-files
endif
if HAVE_CJSON
examples += examples/14-hooks-cjson
endif
if HAVE_EXPAT
examples += examples/15-hooks-expat
endif

if ENABLE_TESTS
if WITH_GPU
check_PROGRAMS += $(gpu_examples)
endif
check_PROGRAMS += $(examples)
TESTS += $(examples)
if WITH_SDL
check_PROGRAMS += examples/02-sdl-loop
endif
endif

# The core, so that the process's malloc stays that of libc.
examples_01_frames_SOURCES = examples/01-frames.c
examples_01_frames_LDADD = libframealloc.la

examples_02_sdl_loop_SOURCES = examples/02-sdl-loop.c
examples_02_sdl_loop_CPPFLAGS = $(AM_CPPFLAGS) $(SDL_CFLAGS)
examples_02_sdl_loop_LDADD = libframealloc.la $(SDL_LIBS)

examples_03_pools_SOURCES = examples/03-pools.c
examples_03_pools_LDADD = libframealloc.la

examples_04_workers_SOURCES = examples/04-workers.c
examples_04_workers_LDADD = libframealloc.la -lpthread

examples_05_budgets_SOURCES = examples/05-budgets.c
examples_05_budgets_LDADD = libframealloc.la

examples_06_tracking_heap_SOURCES = examples/06-tracking-heap.c
examples_06_tracking_heap_LDADD = libframealloc.la -lpthread

examples_07_batches_SOURCES = examples/07-batches.c
examples_07_batches_LDADD = libframealloc.la

examples_08_gpu_engine_SOURCES = examples/08-gpu-engine.c
examples_08_gpu_engine_CPPFLAGS = $(AM_CPPFLAGS) $(VULKAN_CFLAGS) -DVK_NO_PROTOTYPES
examples_08_gpu_engine_LDADD = libframealloc-gpu.la libframealloc.la

examples_09_streaming_SOURCES = examples/09-streaming.c
examples_09_streaming_LDADD = libframealloc.la -lpthread

examples_10_groups_SOURCES = examples/10-groups.c
examples_10_groups_LDADD = libframealloc.la

examples_11_handles_SOURCES = examples/11-handles.c
examples_11_handles_LDADD = libframealloc.la

examples_12_ecs_SOURCES = examples/12-ecs.c
examples_12_ecs_LDADD = libframealloc.la -lpthread

examples_13_uv_files_SOURCES = examples/13-uv-files.c
examples_13_uv_files_CPPFLAGS = $(AM_CPPFLAGS) $(LIBUV_CFLAGS)
examples_13_uv_files_LDADD = libframealloc.la $(LIBUV_LIBS)

examples_14_hooks_cjson_SOURCES = examples/14-hooks-cjson.c
examples_14_hooks_cjson_CPPFLAGS = $(AM_CPPFLAGS) $(CJSON_CFLAGS)
examples_14_hooks_cjson_LDADD = libframealloc.la $(CJSON_LIBS)

examples_15_hooks_expat_SOURCES = examples/15-hooks-expat.c
examples_15_hooks_expat_CPPFLAGS = $(AM_CPPFLAGS) $(EXPAT_CFLAGS)
examples_15_hooks_expat_LDADD = libframealloc.la $(EXPAT_LIBS)

examples_16_physics_sounds_SOURCES = examples/16-physics-sounds.c
examples_16_physics_sounds_LDADD = $(physics_example_libs)

examples_17_physics_rollback_SOURCES = examples/17-physics-rollback.c
examples_17_physics_rollback_LDADD = $(physics_example_libs)

physics_example_libs = \
	libframealloc-physics.la \
	libframealloc.la \
	$(CHIPMUNK_LIBS) \
	-lm
