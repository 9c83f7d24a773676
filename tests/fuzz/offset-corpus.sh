#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The committed inputs of the fuzzer of offsets, once each.

exec tests/fuzz/fuzz_offset "${srcdir:-.}"/tests/fuzz/corpus/offset/*
