# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The static analyser: codes and findings first, then what finds, then what
# writes.

# What the engine and the front end agree on.
CHECK_SOURCES = \
	tools/check/code.c \
	tools/check/code.h \
	tools/check/codes.h \
	tools/check/engine.h \
	tools/check/finding.h \
	tools/check/role.h

# The front end: a library of its own, for its tests and fuzzers.
CHECK_FRONT_SOURCES = \
	tools/check/baseline.c \
	tools/check/baseline.h \
	tools/check/check.c \
	tools/check/check.h \
	tools/check/command.c \
	tools/check/command.h \
	tools/check/commands.h \
	tools/check/config.c \
	tools/check/config.h \
	tools/check/database.c \
	tools/check/database.h \
	tools/check/emit.c \
	tools/check/emit.h \
	tools/check/examples.h \
	tools/check/explain.c \
	tools/check/fix.c \
	tools/check/fix.h \
	tools/check/init.c \
	tools/check/options.c \
	tools/check/options.h \
	tools/check/path.c \
	tools/check/path.h \
	tools/check/profile.c \
	tools/check/profile.h \
	tools/check/report.c \
	tools/check/report.h \
	tools/check/settings.c \
	tools/check/settings.h \
	tools/check/source.c \
	tools/check/source.h \
	tools/check/suppress.c \
	tools/check/suppress.h \
	tools/check/text.c \
	tools/check/text.h \
	tools/check/toml.c \
	tools/check/toml.h \
	tools/check/write.c \
	tools/check/write.h \
	tools/check/write_forge.c \
	tools/check/write_html.c \
	tools/check/write_json.c \
	tools/check/write_junit.c \
	tools/check/write_sarif.c \
	tools/check/write_text.c

# The engine: libclang, what it lowers to, and what runs that.
CHECK_ENGINE_SOURCES = \
	tools/check/clang.c \
	tools/check/clang.h \
	tools/check/crew.c \
	tools/check/crew.h \
	tools/check/engine.c \
	tools/check/exec.c \
	tools/check/exec.h \
	tools/check/exec_arena.c \
	tools/check/exec_call.c \
	tools/check/exec_compute.c \
	tools/check/exec_exit.c \
	tools/check/exec_memory.c \
	tools/check/exec_name.c \
	tools/check/exec_protocol.c \
	tools/check/exec_role.c \
	tools/check/exec_role.h \
	tools/check/exec_use.c \
	tools/check/ir.c \
	tools/check/ir.h \
	tools/check/lower.c \
	tools/check/lower.h \
	tools/check/lower_call.c \
	tools/check/lower_cxx.c \
	tools/check/lower_expr.c \
	tools/check/lower_insn.c \
	tools/check/lower_statement.c \
	tools/check/lower_type.c \
	tools/check/memory.c \
	tools/check/memory.h \
	tools/check/program.c \
	tools/check/program.h \
	tools/check/resource.c \
	tools/check/resource.h \
	tools/check/role.c \
	tools/check/role_table.c \
	tools/check/rules.c \
	tools/check/rules.h \
	tools/check/state.c \
	tools/check/state.h \
	tools/check/store.c \
	tools/check/store.h \
	tools/check/syntax.c \
	tools/check/value.c \
	tools/check/value.h \
	tools/check/verdict.c \
	tools/check/verdict.h

CHECK_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) -I$(top_srcdir)/tools

if HAVE_JANSSON
noinst_LTLIBRARIES += tools/check/libfront.la
pkglibexec_PROGRAMS += tools/framealloc-check
endif
tools_check_libfront_la_SOURCES = $(CHECK_SOURCES) $(CHECK_FRONT_SOURCES)
tools_check_libfront_la_CPPFLAGS = $(CHECK_CPPFLAGS)

tools_framealloc_check_SOURCES = \
	$(CHECK_ENGINE_SOURCES) \
	tools/check/main.c
tools_framealloc_check_CPPFLAGS = $(CHECK_CPPFLAGS)
tools_framealloc_check_LDADD = \
	tools/check/libfront.la \
	libframealloc.la \
	$(JANSSON_LIBS)

# What explain prints, as C.
CHECK_EXAMPLES = \
	tools/check/explain/FA091.c \
	tools/check/explain/FA092.c \
	tools/check/explain/FA093.c \
	tools/check/explain/FA101.c \
	tools/check/explain/FA102.c \
	tools/check/explain/FA103.c \
	tools/check/explain/FA104.c \
	tools/check/explain/FA201.c \
	tools/check/explain/FA202.c \
	tools/check/explain/FA203.c \
	tools/check/explain/FA204.c \
	tools/check/explain/FA205.c \
	tools/check/explain/FA206.c \
	tools/check/explain/FA301.c \
	tools/check/explain/FA302.c \
	tools/check/explain/FA303.c \
	tools/check/explain/FA551.c \
	tools/check/explain/FA552.c \
	tools/check/explain/FA553.c \
	tools/check/explain/FA554.c \
	tools/check/explain/FA555.c \
	tools/check/explain/FA601.c \
	tools/check/explain/FA602.c \
	tools/check/explain/FA603.c \
	tools/check/explain/FA604.c \
	tools/check/explain/FA605.c \
	tools/check/explain/FA606.c \
	tools/check/explain/FA607.c \
	tools/check/explain/FA608.c \
	tools/check/explain/FA609.c \
	tools/check/explain/FA610.c \
	tools/check/explain/FA611.c \
	tools/check/explain/FA612.c \
	tools/check/explain/FA613.c \
	tools/check/explain/FA614.c \
	tools/check/explain/FA620.c \
	tools/check/explain/FA701.c \
	tools/check/explain/FA702.c \
	tools/check/explain/FA703.c \
	tools/check/explain/FA801.c \
	tools/check/explain/FA802.c \
	tools/check/explain/FA803.c \
	tools/check/explain/FA804.c \
	tools/check/explain/FA903.c \
	tools/check/explain/FA904.c \
	tools/check/explain/FA912.c \
	tools/check/explain/FA915.c

nodist_tools_check_libfront_la_SOURCES = tools/check/examples.c
tools/check/examples.c: $(CHECK_EXAMPLES) tools/check/examples.awk
	$(AM_V_GEN)$(MKDIR_P) tools/check && cd '$(srcdir)' && \
	  $(AWK) -f tools/check/examples.awk $(CHECK_EXAMPLES) \
	  >'$(abs_builddir)/$@.new'
	$(AM_V_at)mv '$@.new' $@
CLEANFILES += tools/check/examples.c

EXTRA_DIST += \
	$(CHECK_EXAMPLES) \
	tools/check/examples.awk \
	tools/check/explain/explain.toml
dist_man_MANS += tools/framealloc-check.1
