/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Fault injection: makes the n-th system call of the library fail.
 *
 * Every function of os/ that may fail asks here first. Armed by tests and by
 * the option fail=N; costs one load otherwise.
 */
#ifndef FAI_OS_FAULT_H
#define FAI_OS_FAULT_H

#include "base/base.h"

/* The n-th question from now is answered with true; 0 disarms. With
 * for_ever, all later ones are, too. */
void fai_fault_arm(uint64_t n, bool for_ever);
/* Questions asked since the last arming. */
uint64_t fai_fault_asked(void);
bool fai_fault_strikes(void);

#endif
