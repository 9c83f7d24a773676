/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What a snapshot shows. A file has one snapshot, or a list of them; the
 * worst row of all is what is told.
 */
#include "check/profile.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

struct reader {
    struct check_profile *profile;
    const struct settings *settings;
    double most_objects, most_promoted;
};

static double
figure(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static const char *
name(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "?" : text;
}

static void
read_tag(struct reader *reader, const json_t *tag, double frames)
{
    double objects = frames > 0 ? figure(tag, "alloc_count") / frames : 0;
    double promoted = figure(tag, "promotion_rate");
    bool is_frame = strcmp(name(tag, "alloc_kind"), "frame") == 0;
    if (is_frame && objects > reader->most_objects &&
        objects > reader->settings->loop_allocation_limit) {
        reader->most_objects = objects;
        reader->profile->hot_loops =
            text_format("tag \"%s\" allocates %.0f objects per frame",
                        name(tag, "path"), objects);
    }
    if (promoted > reader->most_promoted &&
        promoted > reader->settings->promotion_churn) {
        reader->most_promoted = promoted;
        reader->profile->much_promoted =
            text_format("tag \"%s\" retains %.2f of its objects",
                        name(tag, "path"), promoted);
    }
}

static void
read_thread(struct reader *reader, const json_t *thread)
{
    if (reader->profile->no_budget == NULL &&
        json_is_null(json_object_get(thread, "budget")))
        reader->profile->no_budget =
            text_format("thread \"%s\" runs without one", name(thread, "name"));
}

static void
read_snapshot(struct reader *reader, const json_t *root)
{
    const json_t *summary = json_object_get(root, "summary");
    const json_t *item;
    size_t i;
    double spills = figure(summary, "spills");
    double refusals = figure(summary, "budget_refusals");
    json_array_foreach(json_object_get(root, "tags"), i, item)
        read_tag(reader, item, figure(root, "frame"));
    json_array_foreach(json_object_get(root, "threads"), i, item)
        read_thread(reader, item);
    if (spills + refusals > 0)
        reader->profile->no_bound =
            text_format("frames outgrew their arena %.0f times, and %.0f "
                        "requests were refused",
                        spills, refusals);
}

static bool
is_snapshot(const json_t *root)
{
    return json_is_object(json_object_get(root, "summary")) &&
           json_is_array(json_object_get(root, "tags"));
}

static bool
read_all(struct reader *reader, const json_t *root)
{
    if (!json_is_array(root)) {
        if (is_snapshot(root))
            read_snapshot(reader, root);
        return is_snapshot(root);
    }
    for (size_t i = 0; i < json_array_size(root); i++) {
        if (!is_snapshot(json_array_get(root, i)))
            return false;
        read_snapshot(reader, json_array_get(root, i));
    }
    return json_array_size(root) > 0;
}

bool
profile_read(struct settings *settings)
{
    struct reader reader = {&settings->cost, settings, 0, 0};
    json_error_t error;
    size_t size;
    const char *file = settings->profile;
    const char *text = text_read_file(file, &size);
    if (text == NULL) {
        fprintf(stderr, "framealloc check: %s: %s\n", file, strerror(errno));
        return false;
    }
    json_t *root = json_loadb(text, size, 0, &error);
    if (root == NULL) {
        fprintf(stderr, "%s:%d:%d: %s\n", file, error.line, error.column,
                error.text);
        return false;
    }
    bool is_read = read_all(&reader, root);
    json_decref(root);
    if (!is_read)
        fprintf(stderr, "framealloc check: %s: is no snapshot\n", file);
    return is_read;
}

const char *
profile_cost(const struct check_profile *profile, unsigned number)
{
    return number == 602   ? profile->hot_loops
           : number == 301 ? profile->no_bound
           : number == 203 ? profile->no_budget
           : number == 620 ? profile->much_promoted
                           : NULL;
}
