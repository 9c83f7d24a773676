/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Cases for framealloc check: arenas on the stack with marks, and contexts in
 * the manner of talloc. It knows both from foreign.toml alone.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct bump {
    char *next, *end;
};

void bump_init(struct bump *bump, size_t size);
void *bump_alloc(struct bump *bump, size_t size);
size_t bump_mark(struct bump *bump);
void bump_rewind(struct bump *bump, size_t mark);
void bump_drop(struct bump *bump);

void *tal_new(void *parent);
int tal_free(void *context);
void *tal_size(void *context, size_t size);
char *tal_strdup(void *context, const char *text);

struct token {
    struct token *next;
    char *text;
};

/* The cases. */

/* bad: FA606 */
int
bump_token_behind_its_arena(const char *text)
{
    struct bump bump;
    bump_init(&bump, 4096);
    struct token *token = bump_alloc(&bump, sizeof(*token));
    token->text = NULL;
    bump_drop(&bump);
    return token->text == text; /* here */
}

/* good */
int
bump_token_in_its_arena(const char *text)
{
    struct bump bump;
    bump_init(&bump, 4096);
    struct token *token = bump_alloc(&bump, sizeof(*token));
    token->text = NULL;
    int is_same = token->text == text;
    bump_drop(&bump);
    return is_same;
}

/* bad: FA606 */
size_t
bump_token_behind_a_rewind(struct bump *bump, const char *text)
{
    size_t mark = bump_mark(bump);
    char *copy = bump_alloc(bump, strlen(text) + 1);
    strcpy(copy, text);
    bump_rewind(bump, mark);
    return strlen(copy); /* here */
}

/* good */
size_t
bump_token_from_before_a_rewind(struct bump *bump, const char *text)
{
    char *copy = bump_alloc(bump, strlen(text) + 1);
    size_t mark = bump_mark(bump);
    char *upper = bump_alloc(bump, strlen(text) + 1);
    strcpy(upper, text);
    strcpy(copy, upper);
    bump_rewind(bump, mark);
    return strlen(copy);
}

/* bad: FA608 */
void
bump_token_freed(struct bump *bump)
{
    struct token *token = bump_alloc(bump, sizeof(*token));
    token->text = malloc(16);
    free(token->text);
    free(token); /* here */
}

/* good */
void
bump_text_freed(struct bump *bump)
{
    struct token *token = bump_alloc(bump, sizeof(*token));
    token->text = malloc(16);
    free(token->text);
    token->text = NULL;
}

/* bad: FA606 */
char
tal_text_behind_its_context(void *root, const char *text)
{
    void *context = tal_new(root);
    char *copy = tal_strdup(context, text);
    if (copy == NULL)
        return 0;
    tal_free(context);
    return copy[0]; /* here */
}

/* good */
char
tal_text_of_the_root(void *root, const char *text)
{
    void *context = tal_new(root);
    char *draft = tal_strdup(context, text);
    char *copy = draft != NULL ? tal_strdup(root, draft) : NULL;
    tal_free(context);
    return copy != NULL ? copy[0] : 0;
}

/* bad: FA611 FA601 */
struct token *
tal_token_with_a_text_of_a_child(void *root, const char *text)
{
    void *context = tal_new(root);
    struct token *token = tal_size(root, sizeof(*token));
    if (token != NULL)
        token->text = tal_strdup(context, text); /* here */
    tal_free(context);
    return token;
}

/* good */
struct token *
tal_token_with_a_text_of_its_own(void *root, const char *text)
{
    void *context = tal_new(root);
    struct token *token = tal_size(root, sizeof(*token));
    struct token *draft = tal_size(context, sizeof(*draft));
    if (token != NULL && draft != NULL) {
        draft->text = tal_strdup(root, text);
        token->text = draft->text;
    }
    tal_free(context);
    return token;
}
