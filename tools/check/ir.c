/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Modules: their tables, their strings, and their form in files.
 */
#include "check/ir.h"

#include "check/memory.h"

#include <string.h>

/* Of the file form; other numbers are refused. */
#define FORM "fa-check-ir 1\n"

/* An open hash table of offsets into text. */
struct ir_names {
    uint32_t *slots;
    uint32_t slot_count; /* a power of two */
    uint32_t used;
};

void
ir_grow(void **list, uint32_t *room, uint32_t count, size_t size)
{
    if (count == *room) {
        *room = count == 0 ? 16 : count * 2;
        *list = check_realloc(*list, *room * size);
    }
    memset((char *)*list + count * size, 0, size);
}

void
ir_module_begin(struct ir_module *module)
{
    memset(module, 0, sizeof(*module));
    module->names = check_zalloc(1, sizeof(*module->names));
    module->names->slot_count = 1024;
    module->names->slots = check_zalloc(1024, sizeof(uint32_t));
    *IR_APPEND(module, text, text_size) = '\0';
}

static void
free_names(struct ir_module *module)
{
    if (module->names != NULL)
        check_free(module->names->slots);
    check_free(module->names);
    module->names = NULL;
}

void
ir_module_free(struct ir_module *module)
{
    free_names(module);
#define FREE(type, name, count) check_free(module->name);
    IR_TABLES(FREE)
#undef FREE
    memset(module, 0, sizeof(*module));
}

static uint32_t
hash_text(const char *text)
{
    uint32_t hash = 2166136261u;
    while (*text != '\0')
        hash = (hash ^ (unsigned char)*text++) * 16777619u;
    return hash;
}

static uint32_t *
find_slot(const struct ir_module *module, const char *text)
{
    struct ir_names *names = module->names;
    uint32_t i = hash_text(text);
    for (;; i++) {
        uint32_t *slot = &names->slots[i & (names->slot_count - 1)];
        if (*slot == 0 || strcmp(module->text + *slot, text) == 0)
            return slot;
    }
}

static void
grow_names(struct ir_module *module)
{
    struct ir_names *names = module->names;
    uint32_t *old = names->slots;
    uint32_t old_count = names->slot_count;
    names->slot_count *= 2;
    names->slots = check_zalloc(names->slot_count, sizeof(uint32_t));
    for (uint32_t i = 0; i < old_count; i++)
        if (old[i] != 0)
            *find_slot(module, module->text + old[i]) = old[i];
    check_free(old);
}

uint32_t
ir_name(struct ir_module *module, const char *text)
{
    if (text == NULL || *text == '\0')
        return 0;
    uint32_t *slot = find_slot(module, text);
    if (*slot != 0)
        return *slot;
    size_t size = strlen(text) + 1;
    uint32_t at = module->text_size;
    if (at + size > module->text_room) {
        module->text_room = (uint32_t)(2 * (at + size));
        module->text = check_realloc(module->text, module->text_room);
    }
    memcpy(module->text + at, text, size);
    module->text_size += (uint32_t)size;
    *slot = at;
    if (++module->names->used * 2 > module->names->slot_count)
        grow_names(module);
    return at;
}

uint32_t
ir_file(struct ir_module *module, const char *path)
{
    uint32_t name = ir_name(module, path);
    for (uint32_t i = module->file_count; i-- > 0;)
        if (module->files[i] == name)
            return i;
    *IR_APPEND(module, files, file_count) = name;
    return module->file_count - 1;
}

struct head {
    char form[sizeof(FORM)];
    uint32_t bodies, skipped_cxx, failed;
#define COUNT(type, name, count) uint32_t count;
    IR_TABLES(COUNT)
#undef COUNT
};

bool
ir_module_write(const struct ir_module *module, FILE *file)
{
    struct head head;
    memset(&head, 0, sizeof(head));
    memcpy(head.form, FORM, sizeof(FORM));
    head.bodies = module->bodies;
    head.skipped_cxx = module->skipped_cxx;
    head.failed = module->failed;
#define COUNT(type, name, count) head.count = module->count;
    IR_TABLES(COUNT)
#undef COUNT
    if (fwrite(&head, sizeof(head), 1, file) != 1)
        return false;
#define WRITE(type, name, count)                                            \
    if (module->count != 0 && fwrite(module->name, sizeof(type),            \
                                     module->count, file) != module->count) \
        return false;
    IR_TABLES(WRITE)
#undef WRITE
    return true;
}

bool
ir_module_read(struct ir_module *module, FILE *file)
{
    struct head head;
    memset(module, 0, sizeof(*module));
    if (fread(&head, sizeof(head), 1, file) != 1 ||
        memcmp(head.form, FORM, sizeof(FORM)) != 0)
        return false;
    module->bodies = head.bodies;
    module->skipped_cxx = head.skipped_cxx;
    module->failed = head.failed;
#define READ(type, name, count)                                            \
    module->count = head.count;                                            \
    module->name = check_realloc(NULL, (head.count + 1) * sizeof(type));   \
    if (fread(module->name, sizeof(type), head.count, file) != head.count) \
        return false;
    IR_TABLES(READ)
#undef READ
    return true;
}
