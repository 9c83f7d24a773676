# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# What framealloc check is measured with: functions with and without mistakes.
# The engine is tuned on corpus/ alone; heldout/ tells whether it has learnt
# more than those.

check_corpus = \
	tests/check/corpus/async.c \
	tests/check/corpus/cxx.cc \
	tests/check/corpus/escape.c \
	tests/check/corpus/far.c \
	tests/check/corpus/far.h \
	tests/check/corpus/gpu.c \
	tests/check/corpus/keep.c \
	tests/check/corpus/leak.c \
	tests/check/corpus/near.c \
	tests/check/corpus/open.c \
	tests/check/corpus/order.c \
	tests/check/corpus/pair.c \
	tests/check/corpus/physics.c \
	tests/check/corpus/release.c \
	tests/check/corpus/role.c \
	tests/check/corpus/tags.c \
	tests/check/corpus/threads.c \
	tests/check/corpus/twice.c \
	tests/check/corpus/usage.c \
	tests/check/corpus/use.c \
	tests/check/heldout/async.c \
	tests/check/heldout/cxx.cc \
	tests/check/heldout/escape.c \
	tests/check/heldout/far.c \
	tests/check/heldout/far.h \
	tests/check/heldout/gpu.c \
	tests/check/heldout/keep.c \
	tests/check/heldout/leak.c \
	tests/check/heldout/near.c \
	tests/check/heldout/open.c \
	tests/check/heldout/order.c \
	tests/check/heldout/pair.c \
	tests/check/heldout/physics.c \
	tests/check/heldout/release.c \
	tests/check/heldout/tags.c \
	tests/check/heldout/threads.c \
	tests/check/heldout/twice.c \
	tests/check/heldout/usage.c \
	tests/check/heldout/use.c
check_foreign = \
	tests/check/foreign/apr.c \
	tests/check/foreign/bump.c \
	tests/check/foreign/foreign.toml \
	tests/check/foreign/ngx.c \
	tests/check/foreign/others.py \
	tests/check/foreign/others.sh \
	tests/check/foreign/others.toml
EXTRA_DIST += \
	$(check_corpus) \
	$(check_foreign) \
	tests/check/corpus.py \
	tests/check/corpus.sh \
	tests/check/corpus.toml

# What framealloc explain prints, and whether it is true.
TESTS += tests/check/engine.sh tests/check/explain.sh
EXTRA_DIST += \
	tests/check/explain.py \
	tests/check/engine.sh \
	tests/check/explain.sh

# Needs libchipmunk and libuv, which some cases use.
check-corpus: tools/framealloc tools/framealloc-check
	FA_SRCDIR="$$(cd '$(srcdir)' && pwd)" FA_CHECK='tools/framealloc' \
	FA_CPPFLAGS='$(CHIPMUNK_CFLAGS) $(LIBUV_CFLAGS)' \
	  $(srcdir)/tests/check/corpus.sh

# Broken examples: a few minutes.
EXTRA_DIST += tests/check/example_mutants.py
mutant_examples = \
	01-frames \
	03-pools \
	04-workers \
	05-budgets \
	06-tracking-heap \
	07-batches \
	10-groups \
	11-handles \
	12-ecs
if WITH_PHYSICS
mutant_examples += 16-physics-sounds 17-physics-rollback
endif
mutant_physics = libframealloc-physics.la libframealloc.la $(CHIPMUNK_LIBS) -lm
mutant_libs = *=libframealloc.la \
	-lpthread;16-physics-sounds=$(mutant_physics);17-physics-rollback=$(mutant_physics)

check-examples-mutants: tools/framealloc tools/framealloc-check
	FA_SRCDIR="$$(cd '$(srcdir)' && pwd)" FA_CHECK=tools/framealloc \
	FA_COMPILE="$(CC) $(CPPFLAGS) -I$$(cd '$(srcdir)' && pwd)/include -O1" \
	FA_LINK='$(mutant_link)' FA_EXAMPLES='$(mutant_examples)' \
	FA_LIBS='$(mutant_libs)' \
	  $(srcdir)/tests/check/example_mutants.py $(MUTANTS)

# Broken sources of others: they are fetched, so without network it is
# skipped.
check-others: tools/framealloc tools/framealloc-check
	FA_SRCDIR="$$(cd '$(srcdir)' && pwd)" FA_CHECK=tools/framealloc \
	  $(srcdir)/tests/check/foreign/others.sh || test $$? = 77

# The analyser on this project's own sources: it must have nothing to say.
compile_commands.json: config.status $(srcdir)/dev/compile-commands
	$(AM_V_GEN)FA_GPU=$(if $(WITH_GPU_TRUE),no,yes) \
	FA_PHYSICS=$(if $(WITH_PHYSICS_TRUE),no,yes) \
	FA_CPPFLAGS='$(CHIPMUNK_CFLAGS) $(JANSSON_CFLAGS) $(LIBUV_CFLAGS) $(SDL_CFLAGS) $(VULKAN_CFLAGS)' \
	  $(srcdir)/dev/compile-commands >$@.tmp && mv $@.tmp $@

check-self: all compile_commands.json
	tools/framealloc check -p . --cache none -W $(FA_CHECK_FLAGS)

clean-check:
	rm -rf check-corpus.dir check-others.dir
	rm -f compile_commands.json
CLEAN_TARGETS += clean-check

EXTRA_DIST += dev/compile-commands

.PHONY: check-self check-corpus check-examples-mutants check-others clean-check
