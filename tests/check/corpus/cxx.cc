/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Cases for framealloc check in C++: guards, exceptions, new and delete.
 */
#include <framealloc/framealloc.h>
#include <framealloc/pmr.hpp>

#include <new>
#include <stdexcept>
#include <string>
#include <vector>

struct point {
    float x, y;
};

struct actor {
    std::string name;
    point at;
};

class frame_owner
{
  public:
    explicit frame_owner(fa_allocator *allocator)
        : allocator_(allocator), frame_(fa_begin_frame(allocator))
    {
    }
    frame_owner(const frame_owner &) = delete;
    frame_owner &operator=(const frame_owner &) = delete;
    ~frame_owner()
    {
        fa_end_frame(allocator_);
    }
    fa_frame *
    frame() const
    {
        return frame_;
    }

  private:
    fa_allocator *allocator_;
    fa_frame *frame_;
};

/* The cases. */

/* good */
float
cxx_use_in_the_frame(fa_allocator *allocator)
{
    frame_owner owner(allocator);
    point *place = fa_frame_new(owner.frame(), point);
    if (place == nullptr)
        return 0;
    place->x = 2;
    return place->x;
}

/* bad: FA606 */
float
cxx_use_behind_a_guard(fa_allocator *allocator)
{
    point *place = nullptr;
    {
        frame_owner owner(allocator);
        place = fa_frame_new(owner.frame(), point);
    }
    return place != nullptr ? place->y : 0; /* here */
}

/* good */
int
cxx_end_by_a_guard(fa_allocator *allocator, int count)
{
    frame_owner owner(allocator);
    int *values = fa_frame_array(owner.frame(), int, 16);
    if (values == nullptr)
        throw std::runtime_error("no memory");
    values[0] = count;
    return values[0];
}

/* bad: FA607 */
bool
cxx_end_missed_by_a_return(fa_allocator *allocator, const std::string &text)
{
    fa_frame *frame = fa_begin_frame(allocator);
    if (text.empty())
        return false; /* here */
    char *copy = fa_frame_strdup(frame, text.c_str());
    bool is_ok = copy != nullptr && copy[0] == '#';
    fa_end_frame(allocator);
    return is_ok;
}

/* good */
void
cxx_delete_of_new_memory(fa_frame *frame)
{
    point *place = fa_frame_new(frame, point);
    point *copy = new point();
    if (place != nullptr)
        copy->x = place->x;
    delete copy;
}

/* bad: FA608 */
void
cxx_free_of_new_memory(fa_ctx *ctx)
{
    point *place = new point();
    place->x = 1;
    fa_free(ctx, place); /* here */
}

/* bad: FA614 */
actor *
cxx_object_with_a_destructor(fa_frame *frame)
{
    void *room = fa_frame_alloc(frame, sizeof(actor), alignof(actor));
    return room != nullptr ? new (room) actor() : nullptr; /* here */
}

/* good */
point *
cxx_object_without_a_destructor(fa_frame *frame)
{
    void *room = fa_frame_alloc(frame, sizeof(point), alignof(point));
    return room != nullptr ? new (room) point() : nullptr;
}

/* good */
size_t
cxx_vector_of_the_frame(fa_allocator *allocator, int count)
{
    fa_frame *frame = fa_begin_frame(allocator);
    size_t size = 0;
    {
        std::vector<int, fa::frame_allocator<int>> values(frame);
        for (int i = 0; i < count; i++)
            values.push_back(i);
        size = values.size();
    }
    fa_end_frame(allocator);
    return size;
}
