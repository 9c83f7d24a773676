/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The peers of C++: std::pmr (a monotonic buffer over 16 MiB, released once
 * per frame, and the unsynchronized pool) and boost::pool.
 */
#include "../harness/limit.h"

#include <memory_resource>
#include <vector>

#ifdef BENCH_BOOST
#    include <boost/pool/pool.hpp>
#endif

namespace
{

constexpr std::size_t buffer_size = std::size_t(16) << 20;

struct monotonic {
    std::vector<char> buffer = std::vector<char>(buffer_size);
    std::pmr::monotonic_buffer_resource resource{buffer.data(), buffer.size()};
};

struct pool_resource {
    std::pmr::unsynchronized_pool_resource resource;
};

void
close_frame(std::pmr::monotonic_buffer_resource *resource)
{
    resource->release();
}

/* What a container does that is given a memory_resource. */
#define LOOP(name)                    frame_##name
#define LOOP_STATE                    monotonic
#define LOOP_ARENA                    std::pmr::monotonic_buffer_resource
#define LOOP_BEGIN(state)             (&(state)->resource)
#define LOOP_ALLOC(a, i, size, align) ((a)->allocate(size, align))
#define LOOP_END(state, a, count)     close_frame(a)
#include "../harness/loops_frame.h"

#define LOOP(name)        pmr_##name
#define LOOP_STATE        pool_resource
#define LOOP_POOL         std::pmr::unsynchronized_pool_resource
#define LOOP_OPEN(state)  (&(state)->resource)
#define LOOP_GET(pool)    (pool)->allocate(BENCH_OBJECT_SIZE, 16)
#define LOOP_PUT(pool, p) (pool)->deallocate(p, BENCH_OBJECT_SIZE, 16)
#include "../harness/loops_pool.h"

#ifdef BENCH_BOOST
struct boost_pool {
    boost::pool<> pool{BENCH_OBJECT_SIZE};
};

#    define LOOP(name)        boost_##name
#    define LOOP_STATE        boost_pool
#    define LOOP_POOL         boost::pool<>
#    define LOOP_OPEN(state)  (&(state)->pool)
#    define LOOP_GET(pool)    (pool)->malloc()
#    define LOOP_PUT(pool, p) (pool)->free(p)
#    include "../harness/loops_pool.h"
#endif

} // namespace

int
main(int argc, char **argv)
{
    static bench_set set;
    static monotonic buffered;
    static pool_resource pools[3];

    set.process = "cxx";
    bench_add_limits(&set);
    frame_add_frames(&set, "pmr", nullptr, &buffered);
    bench_add(&set, "frame-empty", "pmr", nullptr, frame_empty, &buffered, 1);
    pmr_add_pools(&set, "pmr", nullptr, pools);
#ifdef BENCH_BOOST
    static boost_pool boosts[3];
    boost_add_pools(&set, "boost", nullptr, boosts);
#endif
    return bench_main(&set, argc, argv);
}
