# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The libraries. Sources stand in layer order: a file may include headers of
# its own or an earlier layer (dev/check-layers).

include_HEADERS += include/framealloc.h

publicdir = $(includedir)/framealloc
public_HEADERS = \
	include/framealloc/framealloc.h \
	include/framealloc/version.h \
	include/framealloc/attr.h \
	include/framealloc/status.h \
	include/framealloc/allocator.h \
	include/framealloc/ctx.h \
	include/framealloc/frame.h \
	include/framealloc/vec.h \
	include/framealloc/map.h \
	include/framealloc/string.h \
	include/framealloc/pool.h \
	include/framealloc/phase.h \
	include/framealloc/scope.h \
	include/framealloc/scratch.h \
	include/framealloc/retain.h \
	include/framealloc/handle.h \
	include/framealloc/heap.h \
	include/framealloc/hooks.h \
	include/framealloc/pmr.hpp \
	include/framealloc/group.h \
	include/framealloc/rc.h \
	include/framealloc/barrier.h \
	include/framealloc/remote.h \
	include/framealloc/transfer.h \
	include/framealloc/stream.h \
	include/framealloc/tag.h \
	include/framealloc/task.h \
	include/framealloc/uv.h \
	include/framealloc/sdl.h \
	include/framealloc/budget.h \
	include/framealloc/event.h \
	include/framealloc/behavior.h \
	include/framealloc/stats.h \
	include/framealloc/snapshot.h \
	include/framealloc/profile.h \
	include/framealloc/diag.h \
	include/framealloc/jemalloc.h

lib_LTLIBRARIES += libframealloc.la

base_sources = \
	src/base/atomic.h \
	src/base/base.h \
	src/base/bits.h \
	src/base/date.c \
	src/base/date.h \
	src/base/hash.h \
	src/base/stack.h \
	src/base/text.c \
	src/base/text.h

os_sources = \
	src/os/checkers.c \
	src/os/checkers.h \
	src/os/clock.c \
	src/os/clock.h \
	src/os/fault.c \
	src/os/fault.h \
	src/os/futex.c \
	src/os/futex.h \
	src/os/pages.c \
	src/os/pages.h \
	src/os/probe.h \
	src/os/thread.c \
	src/os/thread.h

accounting_sources = \
	src/accounting/behavior.h \
	src/accounting/budget.c \
	src/accounting/budget.h \
	src/accounting/diag.c \
	src/accounting/diag.h \
	src/accounting/event.h \
	src/accounting/figures.h \
	src/accounting/sized.c \
	src/accounting/sized.h \
	src/accounting/tag.c \
	src/accounting/tag.h

memory_sources = \
	src/memory/arena.c \
	src/memory/arena.h \
	src/memory/block.c \
	src/memory/block.h \
	src/memory/capacity.c \
	src/memory/capacity.h \
	src/memory/charge.c \
	src/memory/charge.h \
	src/memory/event.c \
	src/memory/event.h \
	src/memory/frame.c \
	src/memory/frame.h \
	src/memory/free.c \
	src/memory/guard.c \
	src/memory/guard.h \
	src/memory/heap.c \
	src/memory/heap.h \
	src/memory/jemalloc.c \
	src/memory/jemalloc.h \
	src/memory/magazine.c \
	src/memory/magazine.h \
	src/memory/mark.c \
	src/memory/memory.h \
	src/memory/meta.c \
	src/memory/meta.h \
	src/memory/outlive.h \
	src/memory/page.c \
	src/memory/page.h \
	src/memory/pool.c \
	src/memory/pool.h \
	src/memory/print.c \
	src/memory/promote.c \
	src/memory/queue.c \
	src/memory/queue.h \
	src/memory/queue_record.h \
	src/memory/remote.c \
	src/memory/remote.h \
	src/memory/section.c \
	src/memory/span.c \
	src/memory/span.h \
	src/memory/table.c \
	src/memory/table.h

context_sources = \
	src/context/allocator.c \
	src/context/config.c \
	src/context/config.h \
	src/context/ctx.c \
	src/context/ctx.h \
	src/context/fault_report.c \
	src/context/fault_report.h \
	src/context/hooks.c \
	src/context/limit.c \
	src/context/options.c \
	src/context/options.h \
	src/context/stats.c \
	src/context/status.c \
	src/context/twins.c

collections_sources = \
	src/collections/items.c \
	src/collections/items.h \
	src/collections/map.c \
	src/collections/string.c \
	src/collections/vec.c

lifetime_sources = \
	src/lifetime/annex.c \
	src/lifetime/annex.h \
	src/lifetime/barrier.c \
	src/lifetime/boundary.c \
	src/lifetime/boundary.h \
	src/lifetime/end.c \
	src/lifetime/group.c \
	src/lifetime/phase.c \
	src/lifetime/phase.h \
	src/lifetime/rc.c \
	src/lifetime/leak.c \
	src/lifetime/leak.h \
	src/lifetime/retain.c \
	src/lifetime/retain.h \
	src/lifetime/handle.c \
	src/lifetime/handle.h \
	src/lifetime/handle_check.c \
	src/lifetime/handle_compact.c \
	src/lifetime/handle_region.c \
	src/lifetime/handle_space.c \
	src/lifetime/scope.c \
	src/lifetime/scope.h \
	src/lifetime/scratch.c \
	src/lifetime/scratch.h \
	src/lifetime/settle.c \
	src/lifetime/settle.h \
	src/lifetime/stamp.c \
	src/lifetime/stream.c \
	src/lifetime/stream.h \
	src/lifetime/stream_evict.c \
	src/lifetime/stream_record.c \
	src/lifetime/stream_space.c \
	src/lifetime/task.c \
	src/lifetime/task.h \
	src/lifetime/transfer.c \
	src/lifetime/transfer.h \
	src/lifetime/trim.c \
	src/lifetime/trim.h

observe_sources = \
	src/observe/behavior.c \
	src/observe/history.c \
	src/observe/json.c \
	src/observe/json.h \
	src/observe/profile.c \
	src/observe/snapshot.c \
	src/observe/snapshot.h \
	src/observe/snapshot_file.c \
	src/observe/tracy.c

libframealloc_la_SOURCES = \
	$(base_sources) \
	$(os_sources) \
	$(accounting_sources) \
	$(memory_sources) \
	$(context_sources) \
	$(collections_sources) \
	$(lifetime_sources) \
	$(observe_sources)

# The core needs libc only. -z defs makes a forgotten library an error here
# instead of a crash in a program.
libframealloc_la_CPPFLAGS = $(AM_CPPFLAGS)
libframealloc_la_CFLAGS = $(AM_CFLAGS) $(FA_FLAGS)
libframealloc_la_LDFLAGS = \
	$(AM_LDFLAGS) \
	$(FA_LDFLAGS) \
	-version-info $(FA_LTVERSION) \
	-Wl,--version-script=$(top_srcdir)/src/libframealloc.map
EXTRA_libframealloc_la_DEPENDENCIES = src/libframealloc.map

EXTRA_DIST += src/libframealloc.map src/libframealloc-jemalloc.map

# The same objects for tests that look inside: the shared library hides all but
# its interface.
check_LTLIBRARIES += libfai.la
libfai_la_SOURCES = $(libframealloc_la_SOURCES)
libfai_la_CPPFLAGS = $(AM_CPPFLAGS)
libfai_la_CFLAGS = $(AM_CFLAGS) $(FA_FLAGS)

# The module is linked to jemalloc so that the core needs not be: a library
# with jemalloc among its dependencies cannot be loaded by dlopen(), and the
# one that names it decides whose malloc a program gets.
#
# The order of its NEEDED entries matters: core, libc, libstdc++, jemalloc.
# jemalloc exports operator new too. Were it found before libstdc++, a C++
# plugin in a C host would allocate from jemalloc and free with libc.
#
# The libraries are given as linker options, and not as LIBADD, because libtool
# moves all libraries before all options, so that --no-as-needed would come too
# late; and because libtool would link what it knows as a dependency into each
# program of this tree, which would replace malloc there.
if WITH_JEMALLOC
lib_LTLIBRARIES += libframealloc-jemalloc.la

libframealloc_jemalloc_la_SOURCES = src/jemalloc/heap_jemalloc.c
libframealloc_jemalloc_la_CPPFLAGS = $(AM_CPPFLAGS)
libframealloc_jemalloc_la_CFLAGS = $(AM_CFLAGS) $(FA_FLAGS)
libframealloc_jemalloc_la_LDFLAGS = \
	$(AM_LDFLAGS) \
	$(FA_LDFLAGS) \
	-version-info $(FA_JEMALLOC_LTVERSION) \
	-Wl,--version-script=$(top_srcdir)/src/libframealloc-jemalloc.map \
	$(FA_JEMALLOC_LDFLAGS)
EXTRA_libframealloc_jemalloc_la_DEPENDENCIES = \
	libframealloc.la \
	src/libframealloc-jemalloc.map

pkgconfig_DATA += pkgconfig/framealloc-jemalloc.pc
endif

pkgconfig_DATA += pkgconfig/framealloc.pc pkgconfig/framealloc-core.pc

# One package of CMake for all libraries: it looks which ones are installed.
cmakedir = $(libdir)/cmake/framealloc
cmake_DATA = \
	cmake/framealloc-config.cmake \
	cmake/framealloc-config-version.cmake
