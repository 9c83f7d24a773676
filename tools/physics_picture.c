/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Pictures of a physics scene.
 *
 * The SVG is drawn from what the module gives: shapes by fa_physics_draw(),
 * contacts from the events of a step.
 */
#include "physics_picture.h"

#define COLUMNS 64
#define LINES   20
#define REACH   270.0

void
picture_text(FILE *file, const struct scene *scene, bool is_over)
{
    static const char shades[] = " .:-=+*#%@";
    int full[LINES][COLUMNS] = {{0}};
    for (int i = 0; i < scene->count; i++) {
        cpVect at = cpBodyGetPosition(scene->body[i]);
        int x = (int)((at.x + REACH) / (2 * REACH) * COLUMNS);
        int y = (int)((REACH - at.y) / (2 * REACH) * LINES);
        if (x >= 0 && x < COLUMNS && y >= 0 && y < LINES)
            full[y][x]++;
    }
    if (is_over)
        fprintf(file, "\033[%dA", LINES + 1);
    for (int y = 0; y < LINES; y++) {
        char line[COLUMNS + 1] = "";
        for (int x = 0; x < COLUMNS; x++)
            line[x] = shades[full[y][x] > 9 ? 9 : full[y][x]];
        fprintf(file, "%s\n", line);
    }
}

static void
draw_item(FILE *file, const fa_physics_draw_item *item)
{
    int red = (int)(item->fill.r * 255), green = (int)(item->fill.g * 255);
    int blue = (int)(item->fill.b * 255);
    if (item->kind == FA_PHYSICS_DRAW_CIRCLE)
        fprintf(file,
                "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"%.2f\" fill=\"#%02x%02x"
                "%02x\" stroke=\"#222\" stroke-width=\".3\"/>\n",
                item->a.x, item->a.y, item->radius, red, green, blue);
    else if (item->kind == FA_PHYSICS_DRAW_FAT_SEGMENT ||
             item->kind == FA_PHYSICS_DRAW_SEGMENT)
        fprintf(file,
                "<line x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" y2=\"%.2f\" "
                "stroke=\"#%02x%02x%02x\" stroke-width=\"%.2f\" "
                "stroke-linecap=\"round\"/>\n",
                item->a.x, item->a.y, item->b.x, item->b.y, red, green, blue,
                item->radius > 0 ? 2 * item->radius : 0.5);
}

static void
draw_contacts(FILE *file, const fa_physics_contact *contacts, uint32_t count,
              const char *color)
{
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < contacts[i].point_count; k++) {
            cpVect at = contacts[i].point[k].a;
            cpFloat length = 1 + contacts[i].impulse * 0.02;
            cpVect to = cpvadd(
                at, cpvmult(contacts[i].normal, length < 12 ? length : 12));
            fprintf(file,
                    "<line x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" y2=\"%.2f\" "
                    "stroke=\"%s\" stroke-width=\".8\"/>\n",
                    at.x, at.y, to.x, to.y, color);
        }
}

static bool
draw_scene(FILE *file, struct subject *s)
{
    const fa_physics_events *events;
    const fa_physics_draw_item *items;
    uint32_t count;
    fa_begin_frame(s->allocator);
    bool is_good =
        fa_physics_step(s->world, s->scene.kind->dt, &events) == FA_OK &&
        fa_physics_draw(s->world, CP_SPACE_DEBUG_DRAW_SHAPES, NULL, NULL,
                        &items, &count) == FA_OK;
    if (is_good) {
        fprintf(file, "<g transform=\"translate(300 300) scale(1 -1)\">\n");
        for (uint32_t i = 0; i < count; i++)
            draw_item(file, &items[i]);
        draw_contacts(file, events->persist, events->persist_count, "#d33");
        draw_contacts(file, events->begin, events->begin_count, "#fa0");
        fprintf(file, "</g>\n");
    }
    fa_end_frame(s->allocator);
    return is_good;
}

static float
highest(const float *const *times, int rows, int frames)
{
    float most = 1;
    for (int i = 0; i < rows; i++)
        for (int k = frames / 10; k < frames; k++)
            most = times[i][k] > most ? times[i][k] : most;
    return most;
}

static void
draw_times(FILE *file, const char *const *names, const float *const *times,
           int rows, int frames)
{
    static const char *const colors[] = {"#888", "#d33", "#37c"};
    /* A plot is as wide as the picture; one frame that was interrupted does
     * not flatten it. */
    float top = highest(times, rows, frames);
    top = top > 4 * times[0][frames / 2] ? 4 * times[0][frames / 2] : top;
    for (int i = 0; i < rows; i++) {
        fprintf(file, "<polyline fill=\"none\" stroke=\"%s\" points=\"",
                colors[i]);
        for (int k = 0; k < frames; k++) {
            float time = times[i][k] < top ? times[i][k] : top;
            fprintf(file, "%.1f,%.1f ", 20 + 560.0 * k / frames,
                    780 - 150 * (double)(time / top));
        }
        fprintf(file,
                "\"/>\n<text x=\"%d\" y=\"620\" fill=\"%s\" "
                "font-size=\"13\">%s</text>\n",
                20 + 180 * i, colors[i], names[i]);
    }
    fprintf(file,
            "<text x=\"20\" y=\"796\" font-size=\"11\">CPU time of %d frames, "
            "0 to %.0f us</text>\n",
            frames, (double)top);
}

bool
picture_svg(FILE *file, struct subject *subject, const char *const *names,
            const float *const *times, int rows, int frames)
{
    fprintf(file, "<svg xmlns=\"http://www.w3.org/2000/svg\" "
                  "viewBox=\"0 0 600 800\" font-family=\"sans-serif\">\n"
                  "<rect width=\"600\" height=\"800\" fill=\"#fff\"/>\n");
    bool is_good = draw_scene(file, subject);
    draw_times(file, names, times, rows, frames);
    fprintf(file, "</svg>\n");
    return is_good && !ferror(file);
}
