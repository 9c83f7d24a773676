/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * How often the loop runs is not bounded by anything, and each round takes memory
 * that comes back only with the frame. On the day of the large level the frame
 * outgrows its reservation. It speaks where a profile shows much memory in the
 * frame, or when it is asked for.
 */
#include <framealloc/framealloc.h>

struct event {
    struct event *next;
    int kind;
};

bool read_event(struct event *out);

/* bad */

struct event *
read_all_events(fa_frame *frame)
{
    struct event *list = NULL, next;
    while (read_event(&next)) {
        struct event *event = fa_frame_new(frame, struct event);
        if (event == NULL)
            break;
        *event = next;
        event->next = list;
        list = event;
    }
    return list;
}

/* good */

struct event *
read_some_events(fa_frame *frame)
{
    struct event *events = fa_frame_array(frame, struct event, 64);
    for (int i = 0; i < 64 && events != NULL; i++)
        if (!read_event(&events[i]))
            break;
    return events;
}
