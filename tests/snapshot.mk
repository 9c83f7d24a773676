# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The command framealloc snapshot, on files of a program and changed ones.

check_PROGRAMS += tests/snapshot_writer
tests_snapshot_writer_SOURCES = tests/snapshot_writer.c
tests_snapshot_writer_LDADD = libframealloc.la

TESTS += tests/snapshot.sh
EXTRA_DIST += tests/snapshot.sh tests/snapshot_schema.py
