/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Prints a snapshot, or what has changed between two. They were checked
 * before: members that the format requires are there.
 */
#include "snapshot.h"

#include <stdio.h>
#include <string.h>

#define NAME_WIDTH 28

/* Names come from the file; a terminal must not obey them. */
static void
print_name(const char *name, int width)
{
    for (; *name != '\0'; name++) {
        unsigned char c = (unsigned char)*name;
        putchar(c < 0x20 || c == 0x7f ? '?' : c);
        /* Bytes that continue a character of UTF-8 take no room. */
        width -= (c & 0xc0) != 0x80;
    }
    while (width-- > 0)
        putchar(' ');
}

static const char *
string_of(json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s != NULL ? s : "-";
}

static void
print_bytes(json_t *object, const char *key)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    json_t *value = json_object_get(object, key);
    double n = json_number_value(value);
    size_t unit = 0;
    if (!json_is_number(value)) {
        printf(" %10s", "-");
        return;
    }
    for (; n >= 1024 && unit < 4; unit++)
        n /= 1024;
    printf(unit == 0 ? " %6.0f %3s" : " %6.1f %3s", n, units[unit]);
}

static void
print_count(json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    if (json_is_integer(value))
        printf(" %10lld", (long long)json_integer_value(value));
    else
        printf(" %10s", "-");
}

/* --- show --- */

static void
show_object(json_t *root, const char *key)
{
    const char *name;
    json_t *value;
    printf("\n%s\n", key);
    json_object_foreach(json_object_get(root, key), name, value)
    {
        printf("  ");
        print_name(name, NAME_WIDTH);
        if (strstr(name, "bytes") != NULL || strncmp(name, "to_", 3) == 0)
            print_bytes(json_object_get(root, key), name);
        else
            print_count(json_object_get(root, key), name);
        putchar('\n');
    }
}

static void
show_budget(json_t *budget)
{
    if (json_is_null(budget)) {
        printf("  -\n");
        return;
    }
    printf("  %.1f %% of",
           json_number_value(json_object_get(budget, "percent")));
    print_bytes(budget, "limit");
    putchar('\n');
}

static void
show_threads(json_t *root)
{
    size_t i;
    json_t *thread;
    printf("\n%-30s %10s %10s %10s %10s  %s\n", "threads", "frame", "pool",
           "heap", "peak", "budget");
    json_array_foreach(json_object_get(root, "threads"), i, thread)
    {
        printf("  ");
        print_name(string_of(thread, "name"), NAME_WIDTH);
        print_bytes(thread, "frame_bytes");
        print_bytes(thread, "pool_bytes");
        print_bytes(thread, "heap_bytes");
        print_bytes(thread, "peak_bytes");
        show_budget(json_object_get(thread, "budget"));
    }
}

static void
show_tags(json_t *root)
{
    size_t i, j;
    json_t *tag, *code;
    printf("\n%-30s %-7s %10s %10s %10s  %s\n", "tags", "kind", "bytes",
           "allocs", "frees", "advice");
    json_array_foreach(json_object_get(root, "tags"), i, tag)
    {
        printf("  ");
        print_name(string_of(tag, "path"), NAME_WIDTH);
        printf(" %-7s", string_of(tag, "alloc_kind"));
        print_bytes(tag, "bytes");
        print_count(tag, "alloc_count");
        print_count(tag, "free_count");
        putchar(' ');
        json_array_foreach(json_object_get(tag, "diagnostics"), j, code)
            printf(" %s", json_string_value(code));
        putchar('\n');
    }
}

static void
show_advice(json_t *root)
{
    size_t i;
    json_t *issue;
    json_array_foreach(json_object_get(root, "diagnostics"), i, issue)
    {
        printf("%s%s ", i == 0 ? "\nadvice\n  " : "  ",
               string_of(issue, "code"));
        print_name(string_of(issue, "tag"), 0);
        printf(": ");
        print_name(string_of(issue, "message"), 0);
        putchar('\n');
    }
}

void
snapshot_show(const char *file, json_t *root)
{
    json_t *duration = json_object_get(root, "duration_us");
    printf("%s\nframe %lld, %s", file,
           (long long)json_integer_value(json_object_get(root, "frame")),
           string_of(root, "timestamp"));
    if (!json_is_null(duration))
        printf(", %lld us", (long long)json_integer_value(duration));
    putchar('\n');
    show_object(root, "summary");
    show_threads(root);
    show_tags(root);
    show_object(root, "promotions");
    show_object(root, "transfers");
    show_object(root, "deferred");
    show_advice(root);
}

/* --- diff --- */

/* "-" where it is not known. */
static void
print_value(json_t *value)
{
    if (json_is_integer(value))
        printf(" %lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        printf(" %.2f", json_real_value(value));
    else if (json_is_boolean(value))
        printf(" %s", json_is_true(value) ? "true" : "false");
    else
        printf(" -");
}

/* Members with one value each that differ; name stands before them. */
static bool
diff_members(const char *name, const char *kind, json_t *before, json_t *after)
{
    bool differ = false;
    const char *key;
    json_t *value;
    json_object_foreach(after, key, value)
    {
        json_t *old = json_object_get(before, key);
        bool is_unknown = old == NULL && json_is_null(value);
        if (is_unknown || json_equal(old, value) || json_is_object(value) ||
            json_is_array(value) || json_is_string(value))
            continue;
        differ = true;
        print_name(name, 0);
        printf("%s%s ", kind[0] != '\0' ? " " : "", kind);
        print_name(key, 0);
        putchar(':');
        print_value(old);
        printf(" ->");
        print_value(value);
        if (json_is_integer(old) && json_is_integer(value))
            printf(" (%+lld)", (long long)(json_integer_value(value) -
                                           json_integer_value(old)));
        putchar('\n');
    }
    return differ;
}

/* The element of the list that is of the same thing, or NULL. */
static json_t *
find_same(json_t *list, json_t *wanted, const char *key1, const char *key2)
{
    size_t i;
    json_t *element;
    json_array_foreach(list, i, element)
    {
        if (json_equal(json_object_get(element, key1),
                       json_object_get(wanted, key1)) &&
            json_equal(json_object_get(element, key2),
                       json_object_get(wanted, key2)))
            return element;
    }
    return NULL;
}

struct list {
    const char *key;
    const char *name; /* Of an element. */
    const char *key2; /* Makes it the same one. */
    const char *kind; /* Is printed behind the name. */
};

static bool
tell(const char *sign, const struct list *list, json_t *element)
{
    printf("%s ", sign);
    print_name(string_of(element, list->name), 0);
    if (list->kind != NULL)
        printf(" %s", string_of(element, list->kind));
    putchar('\n');
    return true;
}

static bool
diff_list(const struct list *list, json_t *before, json_t *after)
{
    bool differ = false;
    size_t i;
    json_t *element, *old = json_object_get(before, list->key);
    json_t *new = json_object_get(after, list->key);
    json_array_foreach(old, i, element)
    {
        if (find_same(new, element, list->name, list->key2) == NULL)
            differ |= tell("gone:", list, element);
    }
    json_array_foreach(new, i, element)
    {
        json_t *same = find_same(old, element, list->name, list->key2);
        if (same == NULL)
            differ |= tell("new:", list, element);
        differ |= diff_members(
            string_of(element, list->name),
            list->kind != NULL ? string_of(element, list->kind) : "", same,
            element);
        differ |= same != NULL &&
                  diff_members(string_of(element, list->name), "budget",
                               json_object_get(same, "budget"),
                               json_object_get(element, "budget"));
    }
    return differ;
}

bool
snapshot_diff(json_t *before, json_t *after)
{
    static const char *const objects[] = {"summary", "promotions", "transfers",
                                          "deferred"};
    static const struct list lists[] = {
        {"threads", "name", "id", NULL},
        {"tags", "path", "alloc_kind", "alloc_kind"}};
    bool differ = diff_members("snapshot", "", before, after);
    for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++)
        differ |=
            diff_members(objects[i], "", json_object_get(before, objects[i]),
                         json_object_get(after, objects[i]));
    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
        differ |= diff_list(&lists[i], before, after);
    return differ;
}
