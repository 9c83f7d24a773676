/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Bad programs: every cell of the table in doc/misuse.md.
 *
 * Each program runs in a process of its own, once per guard level, with the
 * default sink. The table tells what must happen: one line on stderr with that
 * number and exit status 0, a fault, or nothing. In strict mode whatever is
 * reported ends by abort().
 */
#include "misuse.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef FA_SRCDIR
#    define FA_SRCDIR "."
#endif

#define ROWS_MAX 128

/* A row of the table in doc/misuse.md. */
struct row {
    char name[80];
    char cell[4][16];
};

static struct row rows[ROWS_MAX];
static unsigned row_count;

/* The next field between bars, without blanks around it. */
static const char *
take_field(const char *line, char *field, size_t size)
{
    line += strspn(line, "| ");
    size_t length = strcspn(line, "|");
    const char *next = line + length;
    while (length > 0 && line[length - 1] == ' ')
        length--;
    snprintf(field, size, "%.*s", (int)length, line);
    return next;
}

static void
read_row(const char *line)
{
    struct row *row = &rows[row_count];
    line = take_field(line, row->name, sizeof(row->name));
    if (strcmp(row->name, "mistake") == 0 || row->name[0] == '-')
        return;
    for (int i = 0; i < 4; i++)
        line = take_field(line, row->cell[i], sizeof(row->cell[i]));
    row_count++;
}

static void
read_table(void)
{
    char line[256];
    FILE *file = fopen(FA_SRCDIR "/doc/misuse.md", "r");
    if (file == NULL)
        return;
    while (row_count < ROWS_MAX && fgets(line, sizeof(line), file) != NULL)
        if (line[0] == '|')
            read_row(line);
    fclose(file);
}

static const struct misuse *
find_in(const struct misuse *misuse, const char *name)
{
    while (misuse->name != NULL && strcmp(misuse->name, name) != 0)
        misuse++;
    return misuse->name == NULL ? NULL : misuse;
}

static const struct misuse *
find_misuse(const char *name)
{
    const struct misuse *misuse = find_in(misuses_of_calls, name);
    if (misuse == NULL)
        misuse = find_in(misuses_of_memory, name);
    return misuse != NULL ? misuse : find_in(misuses_of_lifetimes, name);
}

static unsigned
count_misuses(const struct misuse *misuse)
{
    unsigned count = 0;
    for (; misuse->name != NULL; misuse++)
        count++;
    return count;
}

/* What a child is to do. */
struct order {
    const struct misuse *misuse;
    fa_guard guard;
    fa_on_misuse on_misuse;
};

static void
run_misuse(void *arg)
{
    const struct order *order = arg;
    struct test_world w;
    if (order->misuse->options != NULL)
        setenv("FRAMEALLOC_OPTIONS", order->misuse->options, 1);
    test_prepare(&w);
    w.config.guard = order->guard;
    w.config.on_misuse = order->on_misuse;
    w.config.diag = NULL;
    w.config.memory_limit = 4 * MIB;
    test_open(&w);
    order->misuse->run(&w);
    test_close(&w);
}

static struct test_child child;

static void
run(const char *name, int level, fa_on_misuse on_misuse)
{
    struct order order = {find_misuse(name),
                          level == 0 ? FA_GUARD_OFF : (fa_guard)level,
                          on_misuse};
    ck_assert_msg(order.misuse != NULL, "no program for \"%s\"", name);
    test_run_child(&child, run_misuse, &order);
}

static bool
is_message(const char *cell)
{
    return strncmp(cell, "FA", 2) == 0;
}

/* --- the cells --- */

START_TEST(each_cell_of_the_table_holds)
{
    const struct row *row = &rows[_i / 4];
    const char *cell = row->cell[_i % 4];
    run(row->name, _i % 4, FA_ON_MISUSE_REPORT);
    unsigned lines = test_child_lines(&child, "framealloc: FA");
    if (strcmp(cell, "fault") == 0) {
        ck_assert_msg(test_child_signal(&child) == SIGSEGV,
                      "%s, level %d: status %x, %s", row->name, _i % 4,
                      (unsigned)child.status, child.err);
        return;
    }
    ck_assert_msg(test_child_exit(&child) == 0, "%s, level %d: status %x, %s",
                  row->name, _i % 4, (unsigned)child.status, child.err);
    ck_assert_msg(lines == is_message(cell), "%s, level %d: %s", row->name,
                  _i % 4, child.err);
    if (is_message(cell))
        ck_assert_msg(test_child_lines(&child, cell) == 1, "%s, level %d: %s",
                      row->name, _i % 4, child.err);
}
END_TEST

START_TEST(in_strict_mode_each_message_ends_the_program)
{
    const struct row *row = &rows[_i];
    const struct misuse *misuse = find_misuse(row->name);
    /* Options are read before the mode is known, and never end a program. */
    if (misuse != NULL && misuse->options != NULL)
        return;
    for (int level = 0; level < 4; level++) {
        if (!is_message(row->cell[level]))
            continue;
        run(row->name, level, FA_ON_MISUSE_ABORT_WARNING);
        ck_assert_msg(test_child_signal(&child) == SIGABRT,
                      "%s, level %d: status %x, %s", row->name, level,
                      (unsigned)child.status, child.err);
    }
}
END_TEST

/* --- the table itself --- */

START_TEST(the_table_has_a_row_for_each_program_and_no_other)
{
    ck_assert_uint_eq(row_count, count_misuses(misuses_of_calls) +
                                     count_misuses(misuses_of_memory) +
                                     count_misuses(misuses_of_lifetimes));
    for (unsigned i = 0; i < row_count; i++)
        ck_assert_msg(find_misuse(rows[i].name) != NULL, "%s", rows[i].name);
}
END_TEST

START_TEST(cells_are_numbers_of_the_registry_or_fault_or_no)
{
    for (unsigned i = 0; i < row_count; i++)
        for (int level = 0; level < 4; level++) {
            const char *cell = rows[i].cell[level];
            if (is_message(cell))
                ck_assert_ptr_nonnull(
                    fa_diag_text((uint32_t)strtoul(cell + 2, NULL, 10)));
            else
                ck_assert_msg(strcmp(cell, "no") == 0 ||
                                  strcmp(cell, "fault") == 0,
                              "%s: %s", rows[i].name, cell);
        }
}
END_TEST

int
main(void)
{
    read_table();
    Suite *suite = suite_create("misuse");
    TCase *table = tcase_create("contract");
    tcase_add_test(table, the_table_has_a_row_for_each_program_and_no_other);
    tcase_add_test(table, cells_are_numbers_of_the_registry_or_fault_or_no);
    suite_add_tcase(suite, table);
    /* A checker would find these programs itself. */
    if (!test_is_instrumented()) {
        TCase *tc = tcase_create("misuse");
        tcase_add_loop_test(tc, each_cell_of_the_table_holds, 0,
                            (int)row_count * 4);
        tcase_add_loop_test(tc, in_strict_mode_each_message_ends_the_program, 0,
                            (int)row_count);
        suite_add_tcase(suite, tc);
    }
    return test_main(suite);
}
