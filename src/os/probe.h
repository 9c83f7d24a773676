/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Static probes of the provider framealloc, for bpftrace, perf, SystemTap and
 * gdb. A probe is one nop and a note that says where its arguments are; it is
 * no call, and what an argument needs to be computed is paid by everybody. So
 * arguments are values that the place has anyway. framealloc(7) lists them.
 */
#ifndef FAI_OS_PROBE_H
#define FAI_OS_PROBE_H

#ifdef HAVE_CONFIG_H
#    include "config.h"
#endif

#ifdef HAVE_USDT
#    include <sys/sdt.h>
#    define FAI_PROBE2(name, a, b)    DTRACE_PROBE2(framealloc, name, a, b)
#    define FAI_PROBE3(name, a, b, c) DTRACE_PROBE3(framealloc, name, a, b, c)
#    define FAI_PROBE4(name, a, b, c, d) \
        DTRACE_PROBE4(framealloc, name, a, b, c, d)
#    define FAI_PROBE6(name, a, b, c, d, e, f) \
        DTRACE_PROBE6(framealloc, name, a, b, c, d, e, f)
#else
#    define FAI_PROBE2(name, a, b)    ((void)(a), (void)(b))
#    define FAI_PROBE3(name, a, b, c) ((void)(a), (void)(b), (void)(c))
#    define FAI_PROBE4(name, a, b, c, d) \
        (FAI_PROBE2(name, a, b), FAI_PROBE2(name, c, d))
#    define FAI_PROBE6(name, a, b, c, d, e, f) \
        (FAI_PROBE3(name, a, b, c), FAI_PROBE3(name, d, e, f))
#endif

#endif
