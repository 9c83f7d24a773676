#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The committed inputs of the fuzzer of the analyser's front end, once each.

exec tests/fuzz/fuzz_front "${srcdir:-.}"/tests/fuzz/corpus/front/*
