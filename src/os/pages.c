/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Pages of the kernel by mmap and madvise.
 *
 * Mappings are made readable and writable at once and without reserving
 * swap: address space is cheap, and growing in place then needs no system
 * call. Where the kernel refuses a large range (RLIMIT_AS, overcommit),
 * callers ask for less.
 */
#include "os/pages.h"

#include "base/atomic.h"
#include "base/bits.h"
#include "os/fault.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#    define MADV_POPULATE_WRITE 23
#endif
#ifndef PR_SET_VMA
#    define PR_SET_VMA           0x53564d41
#    define PR_SET_VMA_ANON_NAME 0
#endif

static uint64_t mapped;
static uint64_t refused;
/* The kernel does not know names: it need not be asked again. */
static bool is_nameless;

static size_t
kernel_page(void)
{
    static size_t page;
    /* Every thread computes the same value; no pairing is needed. */
    size_t n = fai_load(&page);
    if (n == 0) {
        n = (size_t)sysconf(_SC_PAGESIZE);
        fai_store(&page, n);
    }
    return n;
}

static bool
refuse(void)
{
    fai_fetch_add(&refused, 1);
    return false;
}

static char *
map_range(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

/* Maps more and gives back what lies outside of the aligned part. */
static char *
map_aligned(size_t size, size_t align)
{
    char *p = map_range(size);
    if (p == NULL || ((uintptr_t)p & (align - 1)) == 0)
        return p;
    munmap(p, size);
    size_t more;
    if (!fai_add_size(size, align, &more))
        return NULL;
    p = map_range(more);
    if (p == NULL)
        return NULL;
    char *at = fai_align_pointer(p, align);
    if (at != p)
        munmap(p, (size_t)(at - p));
    if (at + size != p + more)
        munmap(at + size, (size_t)(p + more - (at + size)));
    return at;
}

void *
fai_pages_map(size_t size, size_t align)
{
    int saved = errno;
    char *p = NULL;
    if (size <= SIZE_MAX - kernel_page() && !fai_fault_strikes()) {
        size = fai_round_up(size, kernel_page());
        p = map_aligned(size, align);
    }
    errno = saved;
    if (p == NULL)
        refuse();
    else
        fai_fetch_add(&mapped, size);
    return p;
}

void
fai_pages_unmap(void *pages, size_t size)
{
    int saved = errno;
    size = fai_round_up(size, kernel_page());
    if (munmap(pages, size) == 0)
        fai_fetch_sub(&mapped, size);
    errno = saved;
}

bool
fai_pages_protect(void *pages, size_t size, bool is_accessible)
{
    int saved = errno;
    int access = is_accessible ? PROT_READ | PROT_WRITE : PROT_NONE;
    bool ok = !fai_fault_strikes() && mprotect(pages, size, access) == 0;
    errno = saved;
    return ok || refuse();
}

void
fai_pages_purge(void *pages, size_t size)
{
    int saved = errno;
    madvise(pages, size, MADV_DONTNEED);
    errno = saved;
}

void
fai_pages_make_huge(void *pages, size_t size)
{
    int saved = errno;
    madvise(pages, size, MADV_HUGEPAGE);
    errno = saved;
}

/* Kernels before 5.14 do not know the advice; touching does the same. */
static void
touch_pages(char *pages, size_t size)
{
    for (size_t i = 0; i < size; i += kernel_page())
        *(volatile char *)(pages + i) = pages[i];
}

bool
fai_pages_populate(void *pages, size_t size)
{
    int saved = errno;
    bool ok = !fai_fault_strikes();
    if (ok && madvise(pages, size, MADV_POPULATE_WRITE) != 0) {
        ok = errno == EINVAL;
        if (ok)
            touch_pages(pages, size);
    }
    errno = saved;
    return ok || refuse();
}

void
fai_pages_name(void *pages, size_t size, const char *name)
{
    int saved = errno;
    /* Every thread finds out the same; no pairing is needed. */
    if (!fai_load(&is_nameless) &&
        prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, pages, size, name) != 0 &&
        errno == EINVAL)
        fai_store(&is_nameless, true);
    errno = saved;
}

uint64_t
fai_pages_mapped(void)
{
    return fai_load(&mapped);
}

uint64_t
fai_pages_refused(void)
{
    return fai_load(&refused);
}
