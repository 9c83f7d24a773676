/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Reads lists of roles.
 */
#include "check/role.h"

#include "check/engine.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum role_verb verb;
    int least, most; /* numbers in parentheses */
} verbs[] = {{"arena", ROLE_ARENA, 1, 1},
             {"begins", ROLE_BEGINS, 1, 1},
             {"ends", ROLE_ENDS, 1, 1},
             {"resets", ROLE_RESETS, 1, 1},
             {"creates", ROLE_CREATES, 1, 2},
             {"scope", ROLE_SCOPE, 1, 1},
             {"mark", ROLE_MARK, 1, 1},
             {"rollback", ROLE_ROLLBACK, 2, 2},
             {"frame", ROLE_FRAME, 1, 1},
             {"out_frame", ROLE_OUT_FRAME, 2, 2},
             {"pool", ROLE_POOL, 0, 1},
             {"heap", ROLE_HEAP, 0, 1},
             {"malloc", ROLE_MALLOC, 0, 0},
             {"task", ROLE_TASK, 0, 1},
             {"frees_pool", ROLE_FREES_POOL, 1, 1},
             {"frees_heap", ROLE_FREES_HEAP, 1, 1},
             {"frees_any", ROLE_FREES_ANY, 1, 1},
             {"frees_malloc", ROLE_FREES_MALLOC, 1, 1},
             {"frees_task", ROLE_FREES_TASK, 1, 1},
             {"reallocs", ROLE_REALLOCS, 1, 1},
             {"grows", ROLE_GROWS, 1, 1},
             {"out_persistent", ROLE_OUT_PERSISTENT, 1, 1},
             {"retains", ROLE_RETAINS, 1, 2},
             {"borrows", ROLE_BORROWS, 0, 1},
             {"copies", ROLE_COPIES, 2, 2},
             {"thread", ROLE_THREAD, 2, 2},
             {"thread_entry", ROLE_THREAD_ENTRY, 0, 0},
             {"async", ROLE_ASYNC, 2, 2},
             {"async_callback", ROLE_ASYNC_CALLBACK, 0, 0},
             {"joins", ROLE_JOINS, 0, 0},
             {"suspends", ROLE_SUSPENDS, 0, 0},
             {"pins", ROLE_PINS, 1, 1},
             {"unpins", ROLE_UNPINS, 1, 1},
             {"sends", ROLE_SENDS, 1, 2},
             {"receives", ROLE_RECEIVES, 1, 1},
             {"pushes", ROLE_PUSHES, 1, 1},
             {"pops", ROLE_POPS, 1, 1},
             {"noreturn", ROLE_NORETURN, 0, 0}};

static const char *
skip_blanks(const char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    return text;
}

/* "3" or "*3"; false: it is neither. */
static bool
read_number(const char **text, int8_t *out, bool *is_out)
{
    const char *at = skip_blanks(*text);
    *is_out = *at == '*';
    if (*is_out)
        at++;
    if (!isdigit((unsigned char)*at))
        return false;
    char *end;
    long number = strtol(at, &end, 10);
    if (number > 63)
        return false;
    *out = (int8_t)number;
    *text = skip_blanks(end);
    return true;
}

static int
read_numbers(const char **text, struct role *role)
{
    const char *at = skip_blanks(*text);
    role->a = role->b = -1;
    if (*at != '(')
        return 0;
    at++;
    if (!read_number(&at, &role->a, &role->is_out_a))
        return -1;
    int count = 1;
    if (*at == ',') {
        at++;
        if (!read_number(&at, &role->b, &role->is_out_b))
            return -1;
        count++;
    }
    if (*at != ')')
        return -1;
    *text = at + 1;
    return count;
}

static size_t
word_size(const char *text)
{
    size_t size = 0;
    while (isalnum((unsigned char)text[size]) || text[size] == '_')
        size++;
    return size;
}

static bool
read_renamed(const char **text, struct role *role,
             char *(*keep)(void *user, const char *text, size_t size),
             void *user)
{
    const char *at = skip_blanks(*text);
    if (*at != '(')
        return false;
    at = skip_blanks(at + 1);
    size_t size = word_size(at);
    const char *end = skip_blanks(at + size);
    if (size == 0 || *end != ')')
        return false;
    role->verb = ROLE_RENAMED;
    role->a = role->b = -1;
    role->name = keep == NULL ? "" : keep(user, at, size);
    *text = end + 1;
    return true;
}

static bool
read_role(const char **text, struct role *role, const char **why,
          char *(*keep)(void *user, const char *text, size_t size), void *user)
{
    const char *at = *text;
    size_t size = word_size(at);
    memset(role, 0, sizeof(*role));
    if (size == strlen("renamed") && strncmp(at, "renamed", size) == 0) {
        *text = at + size;
        *why = "renamed(NAME) needs a name";
        return read_renamed(text, role, keep, user);
    }
    for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
        if (strlen(verbs[i].name) != size ||
            strncmp(verbs[i].name, at, size) != 0)
            continue;
        *text = at + size;
        int count = read_numbers(text, role);
        role->verb = (uint8_t)verbs[i].verb;
        *why = "the numbers in parentheses do not fit the word";
        return count >= verbs[i].least && count <= verbs[i].most;
    }
    *why = "a word is not one of the roles";
    return false;
}

bool
roles_parse(const char *text, struct roles *out, const char **why,
            char *(*keep)(void *user, const char *text, size_t size),
            void *user)
{
    memset(out, 0, sizeof(*out));
    for (text = skip_blanks(text); *text != '\0';) {
        if (out->count == ROLE_MAX) {
            *why = "there are more than 8 roles";
            return false;
        }
        if (!read_role(&text, &out->list[out->count++], why, keep, user))
            return false;
        text = skip_blanks(text);
        if (*text == ',')
            text = skip_blanks(text + 1);
    }
    *why = "there is no role";
    return out->count != 0;
}

bool
check_roles_valid(const char *roles, const char **why)
{
    struct roles parsed;
    return roles_parse(roles, &parsed, why, NULL, NULL);
}

const struct role *
roles_find(const struct roles *roles, enum role_verb verb)
{
    for (size_t i = 0; roles != NULL && i < roles->count; i++)
        if (roles->list[i].verb == verb)
            return &roles->list[i];
    return NULL;
}
