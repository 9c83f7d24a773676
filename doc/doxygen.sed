# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# For Doxygen: the comment at the top of a header is about the file, the parts
# of a documentation block are paragraphs, and the program of README is code as
# the rest of its code. Lines stay where they are.

/^\[first program: begin\]/,/^\[first program: end\]/s/^/    /
s/^ *\[[a-z/ ]*: \(begin\|end\).*\]$//
3s:^/\*$:/** @file:
/^ \*/s/: - *$/: none/
/^ \*/s/: - \([A-Z]\)/: none \1/g
/^ \*/s/\(When to use\|Valid until\|Owner\|Thread\|Cost\|Since\): */@part{\1} /g
