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
keep_of_frame_user_data(struct shell *shell)
{
    fa_frame *frame = fa_begin_frame(shell->allocator);
    struct player *player = fa_frame_new(frame, struct player);
    if (player != NULL)
        bus_subscribe(shell->bus, "hit", on_hit, player); /* here */
    fa_end_frame(shell->allocator);
}

/* good */
void
keep_of_pool_user_data(struct shell *shell)
{
    fa_frame *frame = fa_begin_frame(shell->allocator);
    struct player *player = fa_pool_new(shell->ctx, struct player);
    struct player *shown = fa_frame_new(frame, struct player);
    if (player != NULL)
        bus_subscribe(shell->bus, "hit", on_hit, player);
    if (shown != NULL)
        bus_publish(shell->bus, "shown", shown);
    fa_end_frame(shell->allocator);
}

/* bad: FA613 */
void
keep_of_topics_in_a_loop(struct shell *shell, struct player *player,
                         const char *const *names, size_t count)
{
    fa_frame *frame = fa_begin_frame(shell->allocator);
    for (size_t i = 0; i < count; i++) {
        char *topic = fa_frame_printf(frame, "player/%s", names[i]);
        if (topic == NULL)
            continue;
        bus_subscribe(shell->bus, topic, on_hit, player); /* here */
    }
    fa_end_frame(shell->allocator);
}

/* good */
void
keep_of_older_topics_in_a_loop(struct shell *shell, struct player *player,
                               const char *const *names, size_t count)
{
    fa_frame *frame = fa_begin_frame(shell->allocator);
    for (size_t i = 0; i < count; i++) {
        char *topic = fa_frame_printf(frame, "player/%s", names[i]);
        if (topic == NULL)
            continue;
        bus_publish(shell->bus, topic, player);
        bus_subscribe(shell->bus, names[i], on_hit, player);
    }
    fa_end_frame(shell->allocator);
}

/* bad: FA613 */
struct widget *
keep_of_scratch_memory(fa_ctx *ctx, struct bus *bus)
{
    fa_scratch_scope scope = fa_scratch_begin(ctx, NULL, 0);
    struct player *draft = fa_frame_new(scope.frame, struct player);
    struct widget *widget = NULL;
    if (draft != NULL)
        widget = widget_new(bus, draft); /* here */
    fa_scratch_end(scope);
    return widget;
}

/* good */
struct widget *
keep_of_heap_memory(fa_ctx *ctx, struct bus *bus)
{
    fa_scratch_scope scope = fa_scratch_begin(ctx, NULL, 0);
    struct player *draft = fa_frame_new(scope.frame, struct player);
    struct player *player =
        fa_heap_alloc(ctx, sizeof(*player), _Alignof(struct player));
    struct widget *widget = NULL;
    if (player != NULL) {
        *player = (struct player){"", draft != NULL ? draft->health : 1};
        widget = widget_new(bus, player);
    }
    fa_scratch_end(scope);
    return widget;
}

/* bad: FA613 */
bool
keep_in_the_thread(fa_allocator *allocator, pthread_key_t key)
{
    fa_frame *frame = fa_begin_frame(allocator);
    struct player *player = fa_frame_new(frame, struct player);
    bool is_ok =
        player != NULL && pthread_setspecific(key, player) == 0; /* here */
    fa_end_frame(allocator);
    return is_ok;
}

/* good */
bool
keep_in_the_thread_of_pool_memory(fa_allocator *allocator, pthread_key_t key)
{
    fa_ctx *ctx = fa_ctx_current(allocator);
    struct player *player = fa_pool_new(ctx, struct player);
    fa_frame *frame = fa_begin_frame(allocator);
    char *name = fa_frame_strdup(frame, "local");
    bool is_ok =
        player != NULL && name != NULL && pthread_setspecific(key, player) == 0;
    if (!is_ok)
        fa_free(ctx, player);
    fa_end_frame(allocator);
    return is_ok;
}

static const char *console_prompt = "> ";

static void
console_set_prompt(const char *text)
{
    console_prompt = text;
}

/* bad: FA613 FA601 */
const char *
keep_by_a_function_that_is_seen(fa_allocator *allocator, int level)
{
    const char *before = console_prompt;
    fa_frame *frame = fa_begin_frame(allocator);
    char *prompt = fa_frame_printf(frame, "%d> ", level);
    if (prompt != NULL)
        console_set_prompt(prompt); /* here */
    fa_end_frame(allocator);
    return before;
}

static char console_line[80];

static void
console_set_line(const char *text)
{
    snprintf(console_line, sizeof(console_line), "%s", text);
}

/* good */
const char *
keep_of_a_copy_by_a_function_that_is_seen(fa_allocator *allocator, int level)
{
    fa_frame *frame = fa_begin_frame(allocator);
    char *prompt = fa_frame_printf(frame, "%d> ", level);
    if (prompt != NULL)
        console_set_line(prompt);
    fa_end_frame(allocator);
    return console_line;
}

struct label {
    struct widget *widget;
    char *text;
};

/* bad: FA613 */
void
keep_of_what_a_local_holds(struct shell *shell, int number)
{
    struct label label = {shell->title, NULL};
    label.text = fa_frame_printf(fa_ctx_frame(shell->ctx), "no %d", number);
    struct label *place = &label;
    if (place->text != NULL)
        widget_set_text(place->widget, place->text); /* here */
}

struct note {
    struct widget *widget;
    char *text;
};

/* good */
void
keep_of_what_a_local_held(struct shell *shell, char *text)
{
    struct note note = {shell->title, NULL};
    note.text = fa_frame_printf(fa_ctx_frame(shell->ctx), "no %s", text);
    struct note *place = &note;
    if (place->text != NULL)
        puts(place->text);
    place->text = text;
    if (note.text != NULL)
        widget_set_text(note.widget, note.text);
}

static void
frame_over(void *user)
{
    struct player *player = user;
    printf("%d\n", player->health);
}

/* good */
bool
keep_until_the_frame_ends(fa_frame *frame)
{
    struct player *player = fa_frame_new(frame, struct player);
    if (player == NULL)
        return false;
    return fa_frame_defer(frame, frame_over, player) == FA_OK;
}
