# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# What framealloc check is measured with: functions with and without mistakes.
# The engine is tuned on corpus/ alone; heldout/ tells whether it has learnt
# more than those.

check_corpus = \
	tests/check/corpus/escape.c \
	tests/check/corpus/pair.c \
	tests/check/corpus/release.c \
	tests/check/corpus/use.c \
	tests/check/heldout/escape.c \
	tests/check/heldout/pair.c \
	tests/check/heldout/release.c \
	tests/check/heldout/use.c
EXTRA_DIST += $(check_corpus)
