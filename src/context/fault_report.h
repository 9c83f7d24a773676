/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Explains faults in the library's memory, for guard modes.
 */
#ifndef FAI_CONTEXT_FAULT_REPORT_H
#define FAI_CONTEXT_FAULT_REPORT_H

/* Once per process; the handler that was there is called afterwards. */
void fai_fault_report_install(void);

#endif
