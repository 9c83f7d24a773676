# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# How tests/build/installed.sh builds the suites. It puts the lists of
# tests/*.mk in front, gives the variables that they use, and names MODULES and
# WORK.

programs = $(foreach module,$(MODULES),$(FA_$(module)_TESTS))
sources = $(tests_$(notdir $(1))_SOURCES)

# With sources elsewhere, or with a header of a folder, it looks inside.
looks_inside = $(filter-out tests/%,$(sources)) \
	$(shell grep -l '^#include ".*/' $(sources))
suites := $(foreach program,$(programs), \
	$(if $(strip $(call looks_inside,$(program))),,$(notdir $(program))))
others = $(filter-out $(suites),$(notdir $(programs)))

all: $(suites:%=$(WORK)/%)
	@echo 'Not from outside: $(others)'

$(WORK)/%: tests/%.c
	@$(CC) -O1 $(tests_$*_CPPFLAGS) -o $@ \
	  $(filter %.c,$(tests_$*_SOURCES)) tests/support.c $(tests_$*_LDADD)
