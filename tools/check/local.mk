# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The static analyser: codes and findings first, then what finds, then what
# writes.

CHECK_SOURCES = \
	tools/check/code.h \
	tools/check/codes.h \
	tools/check/engine.h \
	tools/check/finding.h \
	tools/check/role.h
EXTRA_DIST += $(CHECK_SOURCES)
