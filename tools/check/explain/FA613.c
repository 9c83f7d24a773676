/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The function keeps what it is given, for a callback or a table, and what it is
 * given is frame memory. It looks at it again when the frame is over.
 */
#include <framealloc/framealloc.h>

struct widget;
FA_RETAINS_IN(2, 1)
void widget_set_text(struct widget *widget, const char *text);

/* bad */

void
show_score(struct widget *widget, fa_frame *frame, int score)
{
    char *text = fa_frame_printf(frame, "%d points", score);
    if (text != NULL)
        widget_set_text(widget, text);
}

/* good */

void
show_rank(struct widget *widget, int score)
{
    widget_set_text(widget, score > 100 ? "master" : "novice");
}
