#!/usr/bin/perl
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# guides.pl GUIDE PREFIX: the code of a guide as PREFIX-<line>.c for each whole
# program, and PREFIX-pieces.c for the rest; see guides.sh.

use strict;
use warnings;

my ($guide, $prefix) = @ARGV;
my $pieces = "#include <framealloc.h>\n\n#include <stdio.h>\n"
  . "#include <stdlib.h>\n#include <string.h>\n";
my $calls = '';
my $last = '';
my $gap = 1;

sub write_file {
    my ($name, $text) = @_;
    open my $out, '>', $name or die "$name: $!\n";
    print $out $text;
    close $out or die "$name: $!\n";
}

sub take {
    my ($kind, $line, $code) = @_;
    my $at = "#line $line \"$guide\"\n";
    if ($kind eq 'c') {
        $last = "$prefix-$line";
        write_file("$last.c", "$at$code");
    } elsif ($kind eq 'c file') {
        $pieces .= "$at$code";
    } elsif ($kind eq 'c frame') {
        my $function = "run_$line";
        $pieces .= "\nstatic int\n$function(fa_allocator *allocator, "
          . "fa_ctx *ctx, fa_frame *frame)\n{\n(void)allocator, (void)ctx, "
          . "(void)frame;\n$at$code\nreturn 0;\n}\n";
        $calls .= "    if ($function(allocator, ctx, "
          . "fa_begin_frame(allocator)) != 0)\n        return "
          . "puts(\"the block at line $line failed\"), 1;\n"
          . "    fa_end_frame(allocator);\n";
    } elsif ($kind eq 'text' && $last ne '' && !$gap) {
        write_file("$last.expected", $code);
    } elsif ($kind =~ /^c\b/) {
        die "$guide:$line: a block \"$kind\" is not known\n";
    }
    $last = '' if $kind ne 'c';
}

open my $in, '<', $guide or die "$guide: $!\n";
while (defined(my $text = <$in>)) {
    if ($text !~ /^```(.*)$/) {
        $gap = 1 if $text =~ /\S/;
        next;
    }
    my ($kind, $line, $code) = ($1, $. + 1, '');
    while (defined($text = <$in>) && $text !~ /^```$/) {
        $code .= $text;
    }
    die "$guide:$line: the block does not end\n" if !defined $text;
    take($kind, $line, $code);
    $gap = 0;
}
if ($calls ne '') {
    write_file("$prefix-pieces.c", $pieces
          . "\nint\nmain(void)\n{\n    fa_allocator *allocator;\n"
          . "    if (fa_allocator_create(NULL, &allocator) != FA_OK)\n"
          . "        return 1;\n"
          . "    fa_ctx *ctx = fa_ctx_current(allocator);\n$calls"
          . "    fa_allocator_destroy(allocator);\n    return 0;\n}\n");
}
