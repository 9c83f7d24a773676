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

/* bad: FA606 */
float
cxx_use_behind_the_frame(fa_allocator *allocator)
{
    fa_frame *frame = fa_begin_frame(allocator);
    point *place = fa_frame_new(frame, point);
    fa_end_frame(allocator);
    return place != nullptr ? place->x : 0; /* here */
}

/* good */
float
cxx_use_of_a_value_behind_a_guard(fa_allocator *allocator)
{
    point value = {0, 0};
    {
        frame_owner owner(allocator);
        point *place = fa_frame_new(owner.frame(), point);
        if (place != nullptr)
            value = *place;
    }
    return value.y;
}

/* bad: FA607 */
int
cxx_end_that_is_not_reached(fa_allocator *allocator, int count)
{
    fa_frame *frame = fa_begin_frame(allocator);
    int *values = fa_frame_array(frame, int, 16);
    if (values == nullptr)
        throw std::runtime_error("no memory"); /* here */
    values[0] = count;
    int first = values[0];
    fa_end_frame(allocator);
    return first;
}

/* good */
bool
cxx_end_by_a_scope(fa_allocator *allocator, const std::string &text)
{
    FA_FRAME_SCOPE(frame, allocator)
    {
        if (text.empty())
            return false;
        char *copy = fa_frame_strdup(frame, text.c_str());
        return copy != nullptr && copy[0] == '#';
    }
    return false;
}

/* bad: FA608 */
void
cxx_delete_of_frame_memory(fa_frame *frame)
{
    point *place = fa_frame_new(frame, point);
    if (place != nullptr)
        place->x = 1;
    delete place; /* here */
}

/* good */
void
cxx_free_of_pool_memory(fa_ctx *ctx)
{
    point *place = fa_pool_new(ctx, point);
    if (place != nullptr)
        place->x = 1;
    fa_free(ctx, place);
}

/* bad: FA614 */
std::string *
cxx_string_in_the_frame(fa_frame *frame, const char *text)
{
    void *room =
        fa_frame_alloc(frame, sizeof(std::string), alignof(std::string));
    if (room == nullptr)
        return nullptr;
    return new (room) std::string(text); /* here */
}

/* good */
void
cxx_object_that_is_destroyed(fa_frame *frame, const char *text)
{
    void *room =
        fa_frame_alloc(frame, sizeof(std::string), alignof(std::string));
    if (room == nullptr)
        return;
    auto *string = new (room) std::string(text);
    string->push_back('!');
    string->~basic_string();
}
