# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The command-line tool, and the traces that it replays.

# The trace reader is a library of its own, for the tests and the fuzzer.
noinst_LTLIBRARIES += tools/libtrace.la
tools_libtrace_la_SOURCES = \
	tools/intent.c \
	tools/intent.h \
	tools/plan.c \
	tools/plan.h \
	tools/trace.c \
	tools/trace.h \
	tools/trace_source.c \
	tools/trace_source.h \
	tools/trace_unpack.h
if HAVE_LZMA
tools_libtrace_la_SOURCES += tools/trace_unpack_xz.c
else
tools_libtrace_la_SOURCES += tools/trace_unpack_none.c
endif
tools_libtrace_la_CPPFLAGS = $(AM_CPPFLAGS) $(LIBLZMA_CFLAGS)
tools_libtrace_la_LIBADD = $(LIBLZMA_LIBS)

bin_PROGRAMS += tools/framealloc
tools_framealloc_SOURCES = \
	tools/doctor.c \
	tools/doctor.h \
	tools/doctor_library.c \
	tools/doctor_memory.c \
	tools/doctor_others.c \
	tools/doctor_report.c \
	tools/figures.c \
	tools/figures.h \
	tools/framealloc.c \
	tools/replay.c \
	tools/replay.h \
	tools/replay_child.c \
	tools/replay_fa.c \
	tools/replay_loop.h \
	tools/replay_malloc.c \
	tools/replay_spawn.c \
	tools/report.h \
	tools/report_json.c \
	tools/report_text.c \
	tools/snapshot_main.h
if HAVE_JANSSON
tools_framealloc_SOURCES += \
	tools/snapshot.c \
	tools/snapshot.h \
	tools/snapshot_check.c \
	tools/snapshot_show.c
else
tools_framealloc_SOURCES += tools/snapshot_none.c
endif
if WITH_GPU
tools_framealloc_SOURCES += tools/doctor_vulkan.c
else
tools_framealloc_SOURCES += tools/doctor_vulkan_none.c
endif
tools_framealloc_CPPFLAGS = \
	$(AM_CPPFLAGS) \
	$(VULKAN_CFLAGS) \
	$(JANSSON_CFLAGS) \
	-DFA_LIBEXEC_DIR='"$(pkglibexecdir)"'
# No library of ours but the core: the process's malloc must be the one that
# is measured.
tools_framealloc_LDADD = tools/libtrace.la libframealloc.la $(JANSSON_LIBS)

# For gdb, which loads it together with the library: its name is that of the
# library's file, in a folder that has the library's path.
gdb_dir = $(datadir)/gdb/auto-load$(libdir)
gdb_name = $$(sed -n "s/^library_names='\([^ ]*\).*/\1/p" libframealloc.la)
EXTRA_DIST += tools/framealloc-gdb.py

install-data-hook: install-gdb-script
uninstall-hook: uninstall-gdb-script

install-gdb-script: libframealloc.la
	$(MKDIR_P) '$(DESTDIR)$(gdb_dir)'
	$(INSTALL_DATA) '$(srcdir)/tools/framealloc-gdb.py' \
	  '$(DESTDIR)$(gdb_dir)'/"$(gdb_name)-gdb.py"

uninstall-gdb-script: libframealloc.la
	rm -f '$(DESTDIR)$(gdb_dir)'/"$(gdb_name)-gdb.py"

.PHONY: install-gdb-script uninstall-gdb-script

# framealloc physics-demo: a program of its own that framealloc starts. It
# counts malloc calls, and it is linked to Chipmunk.
if WITH_PHYSICS
pkglibexec_PROGRAMS += tools/framealloc-physics-demo
endif
tools_framealloc_physics_demo_SOURCES = \
	tools/physics_demo.c \
	tools/physics_picture.c \
	tools/physics_picture.h \
	$(bench_physics_sources)
tools_framealloc_physics_demo_LDADD = \
	libframealloc-physics.la \
	libframealloc.la \
	$(CHIPMUNK_LIBS) \
	-lm

# framealloc gpu-demo: the same, with Vulkan's headers. The shader becomes a
# header.
EXTRA_DIST += tools/gpu_demo.comp
if WITH_GPU
if HAVE_GLSLANG
pkglibexec_PROGRAMS += tools/framealloc-gpu-demo
endif
endif
tools_framealloc_gpu_demo_SOURCES = \
	tools/gpu_demo.c \
	tools/gpu_pipeline.c \
	tools/gpu_pipeline.h
nodist_tools_framealloc_gpu_demo_SOURCES = tools/gpu_demo_shader.h
tools_framealloc_gpu_demo_CPPFLAGS = \
	$(AM_CPPFLAGS) \
	$(VULKAN_CFLAGS) \
	-DVK_NO_PROTOTYPES \
	-I$(builddir)/tools
tools_framealloc_gpu_demo_LDADD = libframealloc-gpu.la libframealloc.la

tools/gpu_demo_shader.h: tools/gpu_demo.comp
	$(AM_V_GEN)$(MKDIR_P) tools && \
	  $(GLSLANG) -V --vn gpu_demo_shader -o $@ '$(srcdir)/tools/gpu_demo.comp' \
	  >/dev/null
tools/framealloc_gpu_demo-gpu_pipeline.$(OBJEXT): tools/gpu_demo_shader.h
CLEANFILES += tools/gpu_demo_shader.h

dist_man_MANS += tools/framealloc.1

bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = tools/completion/framealloc

EXTRA_DIST += \
	bench/traces/README \
	bench/traces/minetest.fatrace.xz \
	bench/traces/neverball.fatrace.xz \
	bench/traces/supertux.fatrace.xz \
	bench/traces/supertuxkart.fatrace.xz

# A recorded game's frames, on libframealloc and on malloc: ten seconds.
DEMO_TRACE = $(top_srcdir)/bench/traces/supertuxkart.fatrace.xz
# Before installation, the program is known by its path only.
demo_end = @printf '\nOther traces, as those in %s:\n%s replay TRACE\n' \
	'$(abs_top_srcdir)/bench/traces' \
	'$(abs_top_builddir)/tools/framealloc$(EXEEXT)'
if HAVE_LZMA
demo: tools/framealloc$(EXEEXT)
	$(AM_V_at)tools/framealloc$(EXEEXT) replay $(DEMO_TRACE)
	$(demo_end)
else
demo: tools/framealloc$(EXEEXT)
	$(AM_V_at)xz -dc $(DEMO_TRACE) | \
	  tools/framealloc$(EXEEXT) replay /dev/stdin
	$(demo_end)
endif

# framealloc check: a program of its own that framealloc starts.
include tools/check/local.mk
