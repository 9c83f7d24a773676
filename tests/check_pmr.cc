/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Containers of the standard library on frames, pools and the heap. libcheck
 * is not used: an exception must not cross its C functions.
 */
#include <framealloc/framealloc.h>
#include <framealloc/pmr.hpp>

#include <cstdio>
#include <list>
#include <map>
#include <memory_resource>
#include <string>
#include <thread>
#include <type_traits>
#include <unordered_map>
#include <vector>

static int failures;
static const char *current;

#define EXPECT(fact)                                                       \
    do {                                                                   \
        if (!(fact)) {                                                     \
            std::printf("%s:%d: in %s: %s\n", __FILE__, __LINE__, current, \
                        #fact);                                            \
            failures++;                                                    \
        }                                                                  \
    } while (0)

#define EXPECT_THROW(statement, exception) \
    do {                                   \
        bool has_thrown = false;           \
        try {                              \
            statement;                     \
        } catch (const exception &) {      \
            has_thrown = true;             \
        }                                  \
        EXPECT(has_thrown);                \
    } while (0)

struct world {
    fa_allocator *allocator = nullptr;
    fa_ctx *ctx = nullptr;
    fa_frame *frame = nullptr;
    unsigned messages = 0;
};

static void
count_message(void *user, const fa_diag *)
{
    static_cast<world *>(user)->messages++;
}

/* --- what containers are made to do, with any allocator --- */

template <class String>
static String
long_text(int i, const String &empty)
{
    String text(empty);
    text += "a text that is too long for the string object itself, number ";
    text += std::to_string(i).c_str();
    return text;
}

template <class Vector>
static void
use_vector(Vector vector)
{
    for (int i = 0; i < 20000; i++)
        vector.push_back(i);
    vector.erase(vector.begin(), vector.begin() + 1000);
    vector.shrink_to_fit();
    Vector copy(vector);
    EXPECT(copy.size() == 19000 && copy[0] == 1000 && copy[18999] == 19999);
    Vector moved(std::move(vector));
    EXPECT(moved == copy);
}

template <class Map>
static void
use_map(Map map)
{
    for (int i = 0; i < 2000; i++)
        map.emplace(i * 7919 % 2003, i);
    for (int i = 0; i < 2000; i += 2)
        map.erase(i * 7919 % 2003);
    long sum = 0;
    for (const auto &entry : map)
        sum += entry.second;
    EXPECT(map.size() == 1000 && sum == 1000000);
    Map copy(map);
    map.clear();
    EXPECT(copy.size() == 1000 && copy.find(7919 % 2003)->second == 1);
}

template <class List>
static void
use_list(List list)
{
    for (int i = 0; i < 1000; i++)
        list.push_front(i);
    list.sort();
    list.remove_if([](int i) { return i % 3 == 0; });
    EXPECT(list.size() == 666 && list.front() == 1 && list.back() == 998);
}

template <class String>
static void
use_string(String string)
{
    String text = long_text(7, string);
    for (int i = 0; i < 100; i++)
        string += text;
    EXPECT(string.size() == 100 * text.size());
    EXPECT(string.compare(99 * text.size(), text.size(), text) == 0);
}

/* --- the three sources, as resources and as allocators --- */

static void
use_resource(std::pmr::memory_resource &resource)
{
    use_vector(std::pmr::vector<int>(&resource));
    use_map(std::pmr::map<int, int>(&resource));
    use_map(std::pmr::unordered_map<int, int>(&resource));
    use_list(std::pmr::list<int>(&resource));
    use_string(std::pmr::string(&resource));
    /* The elements take the memory of their container. */
    std::pmr::vector<std::pmr::string> texts(&resource);
    for (int i = 0; i < 100; i++)
        texts.emplace_back(long_text(i, std::string()));
    EXPECT(texts[42] == long_text(42, std::string()).c_str());
    EXPECT(texts[42].get_allocator().resource() == &resource);
}

template <class Source>
static void
use_allocator(Source source)
{
    using fa::allocator;
    using pair = std::pair<const int, int>;
    allocator<int, Source> ints(source);
    use_vector(std::vector<int, allocator<int, Source>>(ints));
    use_map(std::map<int, int, std::less<int>, allocator<pair, Source>>(ints));
    use_map(std::unordered_map<int, int, std::hash<int>, std::equal_to<int>,
                               allocator<pair, Source>>(
        8, std::hash<int>(), std::equal_to<int>(), ints));
    use_list(std::list<int, allocator<int, Source>>(ints));
    use_string(std::basic_string<char, std::char_traits<char>,
                                 allocator<char, Source>>(ints));
}

static void
containers_live_in_a_frame(world &w)
{
    fa::frame_resource resource(w.frame);
    std::size_t used = fa_frame_used(w.frame);
    use_resource(resource);
    use_allocator(fa::frame_source(w.frame));
    EXPECT(fa_frame_used(w.frame) > used);
}

static void
containers_live_in_pools(world &w)
{
    fa::pool_resource resource(w.ctx), any(w.allocator);
    use_resource(resource);
    use_resource(any);
    use_allocator(fa::pool_source(w.ctx));
}

static void
containers_live_on_the_heap(world &w)
{
    fa::heap_resource resource(w.ctx), any(w.allocator);
    use_resource(resource);
    use_resource(any);
    use_allocator(fa::heap_source(w.allocator));
}

/* --- details --- */

static void
the_last_block_of_a_frame_is_used_again(world &w)
{
    fa::frame_resource resource(w.frame);
    void *first = resource.allocate(100, 16);
    resource.deallocate(first, 100, 16);
    EXPECT(resource.allocate(50, 8) == first);
    fa::frame_allocator<long> longs(w.frame);
    long *block = longs.allocate(10);
    longs.deallocate(block, 10);
    EXPECT(longs.allocate(5) == block);
}

static void
pool_blocks_come_from_the_pool_of_their_size(world &w)
{
    fa::pool_resource resource(w.ctx);
    void *block = resource.allocate(48, 8);
    resource.deallocate(block, 48, 8);
    fa_pool *pool = fa_ctx_pool(w.ctx, 48, 8);
    void *again = fa_pool_alloc(pool);
    EXPECT(again == block);
    fa_pool_free(pool, again);
}

static void
large_blocks_are_on_the_heap(world &w)
{
    fa::pool_resource pool(w.ctx);
    fa::heap_resource heap(w.ctx);
    for (std::pmr::memory_resource *resource :
         {static_cast<std::pmr::memory_resource *>(&pool),
          static_cast<std::pmr::memory_resource *>(&heap)}) {
        void *block = resource->allocate(100000, 16);
        EXPECT(fa_heap_usable_size(block) >= 100000);
        resource->deallocate(block, 100000, 16);
    }
}

static void
alignments_are_kept(world &w)
{
    struct alignas(64) line {
        char bytes[64];
    };
    fa::frame_resource frame(w.frame);
    fa::pool_resource pool(w.ctx);
    fa::heap_resource heap(w.ctx);
    for (std::pmr::memory_resource *resource :
         {static_cast<std::pmr::memory_resource *>(&frame),
          static_cast<std::pmr::memory_resource *>(&pool),
          static_cast<std::pmr::memory_resource *>(&heap)}) {
        std::pmr::list<line> lines(resource);
        for (int i = 0; i < 10; i++)
            EXPECT(reinterpret_cast<std::uintptr_t>(&lines.emplace_back()) %
                       64 ==
                   0);
    }
    std::vector<line, fa::heap_allocator<line>> lines(3, line(), w.ctx);
    EXPECT(reinterpret_cast<std::uintptr_t>(lines.data()) % 64 == 0);
}

static void
resources_of_equal_sources_are_equal(world &w)
{
    fa::heap_resource one(w.ctx), two(w.ctx), any(w.allocator);
    fa::pool_resource pool(w.ctx);
    EXPECT(one.is_equal(two) && !one.is_equal(any) && !one.is_equal(pool));
    EXPECT(fa::heap_allocator<int>(w.ctx) == fa::heap_allocator<long>(w.ctx));
    EXPECT(fa::heap_allocator<int>(w.ctx) !=
           fa::heap_allocator<int>(w.allocator));
}

static void
assignment_keeps_each_container_at_its_source(world &w)
{
    using ints = std::vector<int, fa::frame_allocator<int>>;
    fa_scratch scratch;
    EXPECT(fa_scratch_create(w.allocator, "other", nullptr, &scratch) == FA_OK);
    ints one(fa::frame_source(w.frame)), two(fa_scratch_frame(scratch));
    two.assign(1000, 7);
    one = std::move(two);
    EXPECT(one.size() == 1000 && one[999] == 7);
    EXPECT(one.get_allocator() == fa::frame_allocator<int>(w.frame));
    two = ints(fa::frame_source(w.frame));
}

static void
without_memory_a_container_throws(world &w)
{
    fa_ctx_config config = FA_CTX_CONFIG_INIT;
    config.own_frames = true;
    fa_ctx *ctx = nullptr;
    EXPECT(fa_ctx_create(w.allocator, &config, &ctx) == FA_OK);
    fa_budget budget = FA_BUDGET_INIT;
    budget.hard_bytes = 100000;
    EXPECT(fa_budget_set(w.allocator, FA_BUDGET_CTX, fa_ctx_id(ctx), &budget) ==
           FA_OK);
    {
        fa::heap_resource heap(ctx);
        std::pmr::vector<char> bytes(10, 'x', &heap);
        EXPECT_THROW(bytes.resize(1000000), std::bad_alloc);
        EXPECT(bytes.size() == 10 && bytes[9] == 'x');
    }
    fa::heap_allocator<long> longs(ctx);
    EXPECT_THROW((void)longs.allocate(1000000), std::bad_alloc);
    EXPECT_THROW((void)longs.allocate(SIZE_MAX / 2), std::bad_array_new_length);
    fa_ctx_destroy(ctx);
    EXPECT(w.messages > 0); /* Of the budget. */
    w.messages = 0;
}

static void
other_threads_free_what_this_one_made(world &w)
{
    fa::heap_resource heap(w.allocator);
    auto map = new std::pmr::map<int, std::pmr::string>(&heap);
    for (int i = 0; i < 100; i++)
        map->emplace(i, long_text(i, std::string()));
    std::thread([&] {
        for (int i = 100; i < 200; i++)
            map->emplace(i, long_text(i, std::string()));
        EXPECT(map->size() == 200);
        delete map;
    }).join();
}

static_assert(!std::allocator_traits<
                  fa::allocator<int>>::propagate_on_container_swap::value,
              "containers keep their source");

static void
run(void (*test)(world &), const char *name, fa_guard guard)
{
    world w;
    fa_allocator_config config = FA_ALLOCATOR_CONFIG_INIT;
    config.guard = guard;
    config.diag = count_message;
    config.diag_user = &w;
    current = name;
    if (fa_allocator_create(&config, &w.allocator) != FA_OK)
        std::exit(99);
    w.ctx = fa_ctx_current(w.allocator);
    w.frame = fa_begin_frame(w.allocator);
    try {
        test(w);
    } catch (const std::bad_alloc &) {
        EXPECT(!"out of memory");
    }
    fa_end_frame(w.allocator);
    /* Blocks that were not given back would be reported here. */
    fa_allocator_destroy(w.allocator);
    EXPECT(w.messages == 0);
}

/* Under a memory checker, the default is level 1. */
#define RUN(test)           run(test, #test, FA_GUARD_DEFAULT)
#define RUN_UNGUARDED(test) run(test, #test, FA_GUARD_OFF)

int
main()
{
    RUN(containers_live_in_a_frame);
    RUN(containers_live_in_pools);
    RUN(containers_live_on_the_heap);
    RUN_UNGUARDED(the_last_block_of_a_frame_is_used_again);
    RUN_UNGUARDED(pool_blocks_come_from_the_pool_of_their_size);
    RUN(large_blocks_are_on_the_heap);
    RUN(alignments_are_kept);
    RUN(resources_of_equal_sources_are_equal);
    RUN(assignment_keeps_each_container_at_its_source);
    RUN(without_memory_a_container_throws);
    RUN(other_threads_free_what_this_one_made);
    return failures == 0 ? 0 : 1;
}
