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
EXTRA_DIST += \
	$(check_corpus) \
	tests/check/corpus.py \
	tests/check/corpus.sh \
	tests/check/corpus.toml

# Needs libchipmunk and libuv, which some cases use.
check-corpus: tools/framealloc
	FA_SRCDIR="$$(cd '$(srcdir)' && pwd)" FA_CHECK='tools/framealloc' \
	FA_CPPFLAGS='$(CHIPMUNK_CFLAGS) $(LIBUV_CFLAGS)' \
	  $(srcdir)/tests/check/corpus.sh

.PHONY: check-corpus
