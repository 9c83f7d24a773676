#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The committed inputs of the trace fuzzer, once each.

exec tests/fuzz/fuzz_trace "${srcdir:-.}"/tests/fuzz/corpus/trace/*
