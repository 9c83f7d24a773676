/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Containers of C++17 in frames, pools and the heap.
 *
 * A source is a small value that names where memory comes from. Two templates
 * make it fit the standard library: fa::resource<Source> for std::pmr, and
 * fa::allocator<T, Source>, whose calls are inlined. A container keeps its
 * source for life: it is not passed on by assignment or swap, so that what
 * lives on the heap never moves into a frame unseen. Containers with unequal
 * sources must not be swapped, as the standard says.
 *
 * Failure throws std::bad_alloc; compiled without exceptions, it aborts.
 */
#ifndef FRAMEALLOC_PMR_HPP
#define FRAMEALLOC_PMR_HPP

#include <framealloc/allocator.h>
#include <framealloc/ctx.h>
#include <framealloc/frame.h>
#include <framealloc/heap.h>
#include <framealloc/pool.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory_resource>
#include <new>
#include <type_traits>

namespace fa
{

namespace detail
{

#ifdef __cpp_exceptions
template <class Exception>
[[noreturn]] inline void
fail()
{
    throw Exception();
}
#else
template <class Exception>
[[noreturn]] inline void
fail()
{
    std::abort();
}
#endif

/* Whose pools and heap: a context's, or those of each thread that calls. */
class owner
{
  public:
    explicit owner(fa_ctx *ctx) noexcept : ctx_(ctx)
    {
    }

    explicit owner(fa_allocator *allocator) noexcept : allocator_(allocator)
    {
    }

    fa_ctx *
    ctx() const noexcept
    {
        return ctx_ != nullptr ? ctx_ : fa_ctx_current(allocator_);
    }

    friend bool
    operator==(const owner &a, const owner &b) noexcept
    {
        return a.ctx_ == b.ctx_ && a.allocator_ == b.allocator_;
    }

  private:
    fa_ctx *ctx_ = nullptr;
    fa_allocator *allocator_ = nullptr;
};

} // namespace detail

/**
 * Memory of a frame. Containers must be gone when the frame ends, also those
 * whose destructors do nothing but free: a block that is given back later may
 * be another's. What is given back last is used again at once, as by
 * fa_frame_release(); a vector that grows as the frame's last block leaves no
 * copies behind.
 */
class frame_source
{
  public:
    frame_source(fa_frame *frame) noexcept : frame_(frame)
    {
    }

    void *
    alloc(std::size_t size, std::size_t align) const noexcept
    {
        return fa_frame_alloc(frame_, size, align);
    }

    void
    free(void *block, std::size_t size) const noexcept
    {
        fa_frame_release(frame_, block, size);
    }

    friend bool
    operator==(const frame_source &a, const frame_source &b) noexcept
    {
        return a.frame_ == b.frame_;
    }

  private:
    fa_frame *frame_;
};

/**
 * Memory of pools, one per size class, and of the heap above
 * FA_POOL_BLOCK_MAX: for nodes. From a context it serves that context's
 * thread; from an allocator, every thread.
 */
class pool_source
{
  public:
    pool_source(fa_ctx *ctx) noexcept : owner_(ctx)
    {
    }

    pool_source(fa_allocator *allocator) noexcept : owner_(allocator)
    {
    }

    void *
    alloc(std::size_t size, std::size_t align) const noexcept
    {
        fa_ctx *ctx = owner_.ctx();
        if (size > FA_POOL_BLOCK_MAX)
            return fa_heap_alloc(ctx, size, align);
        return fa_pool_alloc(fa_ctx_pool(ctx, size, align));
    }

    void
    free(void *block, std::size_t) const noexcept
    {
        fa_free(owner_.ctx(), block);
    }

    friend bool
    operator==(const pool_source &a, const pool_source &b) noexcept
    {
        return a.owner_ == b.owner_;
    }

  private:
    detail::owner owner_;
};

/** Memory of the heap: for what is large. As pool_source otherwise. */
class heap_source
{
  public:
    heap_source(fa_ctx *ctx) noexcept : owner_(ctx)
    {
    }

    heap_source(fa_allocator *allocator) noexcept : owner_(allocator)
    {
    }

    void *
    alloc(std::size_t size, std::size_t align) const noexcept
    {
        return fa_heap_alloc(owner_.ctx(), size, align);
    }

    void
    free(void *block, std::size_t) const noexcept
    {
        fa_heap_free(owner_.ctx(), block);
    }

    friend bool
    operator==(const heap_source &a, const heap_source &b) noexcept
    {
        return a.owner_ == b.owner_;
    }

  private:
    detail::owner owner_;
};

/**
 * A source as a std::pmr::memory_resource. It must live as long as what was
 * made with it. Resources of equal sources are equal; without run-time type
 * information, each is equal to itself only.
 */
template <class Source> class resource final : public std::pmr::memory_resource
{
  public:
    explicit resource(Source source) noexcept : source_(source)
    {
    }

    Source
    source() const noexcept
    {
        return source_;
    }

  private:
    void *
    do_allocate(std::size_t size, std::size_t align) override
    {
        void *block = source_.alloc(size, align);
        if (FA_UNLIKELY(block == nullptr))
            detail::fail<std::bad_alloc>();
        return block;
    }

    void
    do_deallocate(void *block, std::size_t size, std::size_t) override
    {
        source_.free(block, size);
    }

#ifdef __cpp_rtti
    bool
    do_is_equal(const std::pmr::memory_resource &other) const noexcept override
    {
        auto same = dynamic_cast<const resource *>(&other);
        return same != nullptr && source_ == same->source_;
    }
#else
    bool
    do_is_equal(const std::pmr::memory_resource &other) const noexcept override
    {
        return this == &other;
    }
#endif

    Source source_;
};

using frame_resource = resource<frame_source>;
using pool_resource = resource<pool_source>;
using heap_resource = resource<heap_source>;

/** A source as an allocator of the standard library. */
template <class T, class Source = frame_source> class allocator
{
  public:
    using value_type = T;

    template <class U> struct rebind {
        using other = allocator<U, Source>;
    };

    /* From a source and from what makes one: a frame, a context. */
    template <class Origin,
              class = std::enable_if_t<std::is_convertible_v<Origin, Source>>>
    allocator(Origin origin) noexcept : source_(origin)
    {
    }

    template <class U>
    allocator(const allocator<U, Source> &other) noexcept
        : source_(other.source())
    {
    }

    Source
    source() const noexcept
    {
        return source_;
    }

    T *
    allocate(std::size_t count)
    {
        if (FA_UNLIKELY(count > SIZE_MAX / sizeof(T)))
            detail::fail<std::bad_array_new_length>();
        void *block = source_.alloc(count * sizeof(T), alignof(T));
        if (FA_UNLIKELY(block == nullptr))
            detail::fail<std::bad_alloc>();
        return static_cast<T *>(block);
    }

    void
    deallocate(T *block, std::size_t count) noexcept
    {
        source_.free(block, count * sizeof(T));
    }

  private:
    Source source_;
};

template <class T, class U, class Source>
bool
operator==(const allocator<T, Source> &a,
           const allocator<U, Source> &b) noexcept
{
    return a.source() == b.source();
}

template <class T, class U, class Source>
bool
operator!=(const allocator<T, Source> &a,
           const allocator<U, Source> &b) noexcept
{
    return !(a == b);
}

template <class T> using frame_allocator = allocator<T, frame_source>;
template <class T> using pool_allocator = allocator<T, pool_source>;
template <class T> using heap_allocator = allocator<T, heap_source>;

} // namespace fa

#endif
