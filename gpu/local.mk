# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The GPU module: uses the core's public headers only, and the headers of
# Vulkan, but none of its libraries.

gpu_sources = \
	gpu/block.c \
	gpu/budget.c \
	gpu/copy.c \
	gpu/device.c \
	gpu/dump.c \
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
	gpu/vk.h \
	gpu/vk_copy.c \
	gpu/vk_device.c \
	gpu/vk_headless.c \
	gpu/vk_host.c \
	gpu/vk_memory.c \
	gpu/vk_sync.c

gpu_headers = \
	include/framealloc/gpu.h \
	include/framealloc/gpu-backend.h \
	include/framealloc/gpu-budget.h \
	include/framealloc/gpu-transfer.h \
	include/framealloc/gpu-unified.h \
	include/framealloc/gpu-vulkan.h \
	include/framealloc/gpu-vulkan-host.h \
	include/framealloc/offset.h

EXTRA_DIST += gpu/libframealloc-gpu.map $(gpu_headers)

if WITH_GPU
public_HEADERS += $(gpu_headers)
lib_LTLIBRARIES += libframealloc-gpu.la
pkgconfig_DATA += pkgconfig/framealloc-gpu.pc
endif

libframealloc_gpu_la_SOURCES = $(gpu_sources)
libframealloc_gpu_la_CPPFLAGS = $(AM_CPPFLAGS) $(VULKAN_CFLAGS) -DVK_NO_PROTOTYPES
libframealloc_gpu_la_CFLAGS = $(AM_CFLAGS) $(FA_FLAGS)
libframealloc_gpu_la_LIBADD = libframealloc.la -lpthread -ldl
libframealloc_gpu_la_LDFLAGS = \
	$(AM_LDFLAGS) \
	$(FA_LDFLAGS) \
	-version-info $(FA_GPU_LTVERSION) \
	-Wl,--version-script=$(top_srcdir)/gpu/libframealloc-gpu.map
EXTRA_libframealloc_gpu_la_DEPENDENCIES = gpu/libframealloc-gpu.map
