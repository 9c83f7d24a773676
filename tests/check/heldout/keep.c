/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Cases for framealloc check: functions that keep what they are given. Some
 * are annotated, of some the body is seen, some are of libc.
 */
#include <framealloc/framealloc.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bus;
struct widget;

FA_RETAINS_IN(2, 1)
FA_RETAINS_IN(4, 1)
void bus_subscribe(struct bus *bus, const char *topic, void (*fn)(void *user),
                   void *user);
FA_BORROWS(2)
FA_BORROWS(3)
void bus_publish(struct bus *bus, const char *topic, const void *data);
FA_RETAINS(2)
struct widget *widget_new(struct bus *bus, void *user);
FA_RETAINS_IN(2, 1)
void widget_set_text(struct widget *widget, const char *text);
FA_BORROWS(2)
void widget_draw(const struct widget *widget, const char *text);
FA_RETAINS(1)
FA_RETAINS(2) void console_register(const char *name, const void *variable);

struct player {
    char *name;
    int health;
};

struct shell {
    fa_allocator *allocator;
    fa_ctx *ctx;
    struct bus *bus;
    struct widget *title;
};

void on_hit(void *user);

/* The cases. */

/* bad: FA613 */
void
keep_of_a_formatted_text(struct shell *shell, int score)
{
    fa_frame *frame = fa_ctx_frame(shell->ctx);
    char *text = fa_frame_printf(frame, "%d points", score);
    if (text == NULL)
        return;
    widget_set_text(shell->title, text); /* here */
}

/* good */
void
keep_of_no_formatted_text(struct shell *shell, int score)
{
    fa_frame *frame = fa_ctx_frame(shell->ctx);
    char *text = fa_frame_printf(frame, "%d points", score);
    if (text == NULL)
        return;
    widget_draw(shell->title, text);
    widget_set_text(shell->title, score > 9 ? "many points" : "points");
}

static void
show_title(struct shell *shell, const char *text)
{
    if (text[0] != 0)
        widget_set_text(shell->title, text);
}

/* bad: FA613 */
void
keep_behind_a_helper(struct shell *shell, const char *map)
{
    char *line = fa_frame_printf(fa_ctx_frame(shell->ctx), "map: %s", map);
    if (line != NULL)
        show_title(shell, line); /* here */
}

static void
draw_title(struct shell *shell, const char *text)
{
    if (text[0] != 0)
        widget_draw(shell->title, text);
}

/* good */
void
keep_not_behind_a_helper(struct shell *shell, const char *map)
{
    char *line = fa_frame_printf(fa_ctx_frame(shell->ctx), "map: %s", map);
    if (line != NULL)
        draw_title(shell, line);
}

/* bad: FA613 */
bool
keep_in_the_environment(fa_frame *frame, int width)
{
    char *setting = fa_frame_printf(frame, "GAME_WIDTH=%d", width);
    return setting != NULL && putenv(setting) == 0; /* here */
}

/* good */
bool
keep_of_a_copy_in_the_environment(fa_frame *frame, int width)
{
    char *setting = fa_frame_printf(frame, "%d", width);
    return setting != NULL && setenv("GAME_WIDTH", setting, 1) == 0;
}

/* bad: FA613 */
size_t
keep_in_a_stream(FILE *log, fa_allocator *allocator)
{
    fa_frame *frame = fa_begin_frame(allocator);
    char *buffer = fa_frame_alloc(frame, BUFSIZ, 16);
    if (buffer != NULL)
        setvbuf(log, buffer, _IOFBF, BUFSIZ); /* here */
    size_t written = fwrite("frame\n", 6, 1, log);
    fa_end_frame(allocator);
    return written;
}

/* good */
size_t
keep_not_in_a_stream(FILE *log, fa_allocator *allocator)
{
    fa_frame *frame = fa_begin_frame(allocator);
    char *line = fa_frame_alloc(frame, BUFSIZ, 16);
    size_t written = 0;
    if (line != NULL) {
        memset(line, '-', BUFSIZ);
        written = fwrite(line, 80, 1, log);
    }
    fa_end_frame(allocator);
    return written;
}

/* bad: FA613 */
void
keep_of_a_field_of_the_frame(fa_frame *frame)
{
    struct player *players = fa_frame_array(frame, struct player, 4);
    if (players == NULL)
        return;
    players[2].health = 100;
    console_register("player.health", &players[2].health); /* here */
}

/* good */
void
keep_of_a_static_field(fa_frame *frame)
{
    static struct player players[4];
    struct player *start = fa_frame_array(frame, struct player, 4);
    if (start == NULL)
        return;
    memcpy(players, start, sizeof(players));
    players[2].health = 100;
    console_register("player.health", &players[2].health);
}

FA_RETAINS_IN(2, 1)
void list_add(struct player **list, struct player *item);

/* good */
int
keep_by_a_list_of_the_frame(fa_frame *frame)
{
    struct player **list = fa_frame_new(frame, struct player *);
    struct player *player = fa_frame_new(frame, struct player);
    if (list == NULL || player == NULL)
        return 0;
    list_add(list, player);
    return (*list)->health;
}
