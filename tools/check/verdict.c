/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Findings are kept by code and place; the one with the shortest path stays.
 */
#include "check/verdict.h"

#include "check/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static uint32_t
depth_of(const struct state *state, uint32_t activation)
{
    uint32_t depth = 0;
    while (activation != 0) {
        activation = state->activations[activation].parent;
        depth++;
    }
    return depth;
}

static uint32_t
common(const struct state *state, uint32_t a, uint32_t b)
{
    uint32_t depth_a = depth_of(state, a), depth_b = depth_of(state, b);
    while (depth_a > depth_b) {
        a = state->activations[a].parent;
        depth_a--;
    }
    while (depth_b > depth_a) {
        b = state->activations[b].parent;
        depth_b--;
    }
    while (a != b) {
        a = state->activations[a].parent;
        b = state->activations[b].parent;
    }
    return a;
}

/* The call in the outer activation that leads to the event. */
static struct event
lift(const struct state *state, struct event event, uint32_t activation)
{
    while (event.activation != activation) {
        const struct activation *inner = &state->activations[event.activation];
        event.insn = inner->call;
        event.activation = inner->parent;
        event.function = state->activations[event.activation].function;
    }
    return event;
}

static struct check_place
place_of(const struct program *program, struct event event)
{
    const char *file =
        program_text(program, event.function->files[event.insn->file]);
    struct check_place at = {check_strdup(file), event.insn->line,
                             event.insn->column};
    return at;
}

static struct check_note
make_note(const struct program *program, struct event at, const char *text)
{
    struct check_note note = {place_of(program, at), check_strdup(text)};
    return note;
}

static void
free_finding(struct check_finding *finding)
{
    for (size_t i = 0; i < finding->note_count; i++) {
        check_free((char *)finding->notes[i].at.file);
        check_free((char *)finding->notes[i].text);
    }
    check_free(finding->notes);
    check_free((char *)finding->fix.text);
    check_free((char *)finding->at.file);
    check_free((char *)finding->function);
    check_free((char *)finding->message);
}

/* Keeps the better of two with the same code and place. */
static void
keep(struct verdict_list *list, struct check_finding *finding)
{
    for (uint32_t i = 0; i < list->count; i++) {
        struct check_finding *old = &list->findings[i];
        if (old->code != finding->code || old->at.line != finding->at.line ||
            old->at.column != finding->at.column ||
            strcmp(old->at.file, finding->at.file) != 0)
            continue;
        bool is_better = finding->note_count < old->note_count ||
                         (finding->note_count == old->note_count &&
                          strcmp(finding->message, old->message) < 0);
        free_finding(is_better ? old : finding);
        if (is_better)
            *old = *finding;
        return;
    }
    ir_grow((void **)&list->findings, &list->room, list->count,
            sizeof(*list->findings));
    list->findings[list->count++] = *finding;
}

enum { MAX_NOTES = 24, MAX_DECISIONS = 8 };

static bool
is_same_event(struct event a, struct event b)
{
    return a.insn == b.insn && a.activation == b.activation;
}

/* Decisions of the function itself, the last ones. */
static size_t
add_decisions(const struct program *program, const struct state *state,
              uint32_t activation, struct check_note *out)
{
    size_t count = 0;
    uint32_t first = 0;
    for (uint32_t i = state->decision_count; i-- > 0;)
        if (state->decisions[i].at.activation == activation &&
            ++count == MAX_DECISIONS) {
            first = i;
            break;
        }
    count = 0;
    for (uint32_t i = first; i < state->decision_count; i++) {
        const struct decision *decision = &state->decisions[i];
        if (decision->at.activation != activation)
            continue;
        out[count++] = make_note(program, decision->at,
                                 decision->is_true ? "this condition is true"
                                                   : "this condition is false");
    }
    return count;
}

void
verdict_add(struct verdict_list *list, const struct program *program,
            const struct state *state, unsigned number, struct event use,
            const struct verdict_note *notes, size_t count, const char *message,
            ...)
{
    struct check_finding finding;
    struct check_note all[MAX_NOTES + MAX_DECISIONS];
    char text[512];
    va_list args;
    size_t used = 0;
    uint32_t activation = use.activation;
    for (size_t i = 0; i < count; i++)
        if (notes[i].at.function != NULL && notes[i].text[0] != '+')
            activation = common(state, activation, notes[i].at.activation);
    struct event at = lift(state, use, activation);
    memset(&finding, 0, sizeof(finding));
    finding.code = check_code_find(number);
    if (finding.code == NULL)
        return;
    used = add_decisions(program, state, activation, all);
    for (size_t i = 0; i < count && used + 2 < MAX_NOTES; i++) {
        if (notes[i].at.function == NULL)
            continue;
        const char *what = notes[i].text + (notes[i].text[0] == '+');
        struct event lifted =
            notes[i].at.activation == activation ? notes[i].at : notes[i].at;
        all[used++] = make_note(program, lifted, what);
    }
    if (!is_same_event(at, use))
        all[used++] = make_note(program, use, "it happens here, in the call");
    va_start(args, message);
    vsnprintf(text, sizeof(text), message, args);
    va_end(args);
    finding.level = finding.code->level;
    finding.at = place_of(program, at);
    finding.function =
        check_strdup(program_text(program, at.function->plain_name));
    finding.message = check_strdup(text);
    finding.notes = check_realloc(NULL, (used + 1) * sizeof(*all));
    memcpy(finding.notes, all, used * sizeof(*all));
    finding.note_count = used;
    keep(list, &finding);
}

void
verdict_plain(struct verdict_list *list, unsigned number, const char *file,
              unsigned line, unsigned column, const char *function,
              const char *message)
{
    struct check_finding finding;
    memset(&finding, 0, sizeof(finding));
    finding.code = check_code_find(number);
    if (finding.code == NULL)
        return;
    finding.level = finding.code->level;
    finding.at = (struct check_place){check_strdup(file), line, column};
    finding.function = check_strdup(function);
    finding.message = check_strdup(message);
    keep(list, &finding);
}

/* Where a line begins; -1: it cannot be found. */
static long
find_line(const char *path, unsigned line)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return -1;
    int c = '\n';
    while (line > 1 && (c = fgetc(file)) != EOF)
        line -= c == '\n';
    long at = c == EOF ? -1 : ftell(file);
    fclose(file);
    return at;
}

void
verdict_fix(struct verdict_list *list, size_t size, const char *text)
{
    struct check_finding *finding = &list->findings[list->count - 1];
    long at = find_line(finding->at.file, finding->at.line);
    if (at < 0 || finding->fix.file != NULL)
        return;
    finding->fix.file = finding->at.file;
    finding->fix.offset = (size_t)at + finding->at.column - 1;
    finding->fix.length = size;
    finding->fix.text = check_strdup(text);
}

static void
write_text(const char *text, FILE *file)
{
    uint32_t size = (uint32_t)strlen(text);
    fwrite(&size, sizeof(size), 1, file);
    fwrite(text, 1, size, file);
}

static void
write_place(const struct check_place *at, FILE *file)
{
    uint32_t numbers[2] = {at->line, at->column};
    fwrite(numbers, sizeof(numbers), 1, file);
    write_text(at->file, file);
}

void
verdict_write(const struct verdict_list *list, uint32_t number, FILE *file)
{
    uint32_t head[2] = {number, list->count};
    fwrite(head, sizeof(head), 1, file);
    for (uint32_t i = 0; i < list->count; i++) {
        const struct check_finding *finding = &list->findings[i];
        uint32_t numbers[2] = {finding->code->number,
                               (uint32_t)finding->note_count};
        fwrite(numbers, sizeof(numbers), 1, file);
        write_place(&finding->at, file);
        write_text(finding->function, file);
        write_text(finding->message, file);
        for (size_t k = 0; k < finding->note_count; k++) {
            write_place(&finding->notes[k].at, file);
            write_text(finding->notes[k].text, file);
        }
    }
}

static char *
read_text(FILE *file)
{
    uint32_t size;
    if (fread(&size, sizeof(size), 1, file) != 1)
        return NULL;
    char *text = check_zalloc(size + 1, 1);
    if (fread(text, 1, size, file) == size)
        return text;
    check_free(text);
    return NULL;
}

static bool
read_place(struct check_place *at, FILE *file)
{
    uint32_t numbers[2];
    if (fread(numbers, sizeof(numbers), 1, file) != 1)
        return false;
    at->line = numbers[0];
    at->column = numbers[1];
    at->file = read_text(file);
    return at->file != NULL;
}

static bool
read_finding(struct check_finding *finding, FILE *file)
{
    uint32_t numbers[2];
    memset(finding, 0, sizeof(*finding));
    if (fread(numbers, sizeof(numbers), 1, file) != 1 ||
        !read_place(&finding->at, file))
        return false;
    finding->code = check_code_find(numbers[0]);
    finding->function = read_text(file);
    finding->message = read_text(file);
    if (finding->code == NULL || finding->function == NULL ||
        finding->message == NULL)
        return false;
    finding->level = finding->code->level;
    finding->notes = check_zalloc(numbers[1] + 1, sizeof(*finding->notes));
    for (uint32_t i = 0; i < numbers[1]; i++) {
        struct check_note *note = &finding->notes[i];
        if (!read_place(&note->at, file))
            return false;
        note->text = read_text(file);
        if (note->text == NULL)
            return false;
        finding->note_count++;
    }
    return true;
}

bool
verdict_read(struct verdict_list *list, uint32_t *number, FILE *file)
{
    uint32_t head[2];
    if (fread(head, sizeof(head), 1, file) != 1)
        return false;
    *number = head[0];
    for (uint32_t i = 0; i < head[1]; i++) {
        struct check_finding finding;
        if (!read_finding(&finding, file))
            return false;
        keep(list, &finding);
    }
    return true;
}

void
verdict_free(struct verdict_list *list)
{
    for (uint32_t i = 0; i < list->count; i++)
        free_finding(&list->findings[i]);
    check_free(list->findings);
}
