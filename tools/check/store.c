/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The cache. A file's name is the hash of the command, the versions and the
 * unit's own content; inside it lists all files that the unit includes, with
 * hashes of their contents, before the module. Any difference makes it anew.
 */
#include "check/store.h"

#include "check/crew.h"
#include "check/lower.h"
#include "check/memory.h"

#include <framealloc/version.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct job {
    const struct clang *clang;
    const struct check_unit *unit;
};

static void
lower_job(void *user, FILE *out)
{
    const struct job *job = user;
    struct ir_module module;
    lower_unit(job->clang, job->unit, &module);
    if (!ir_module_write(&module, out))
        fputc(0, out);
    ir_module_free(&module);
}

static uint64_t
mix(uint64_t hash, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static uint64_t
mix_text(uint64_t hash, const char *text)
{
    return mix(hash, text, strlen(text) + 1);
}

/* Hashes of contents, each file read once. */
struct known {
    char *path;
    uint64_t hash;
};
static struct known *known_files;
static uint32_t known_count, known_room;

/* 0: it cannot be read. */
static uint64_t
hash_file(const char *path)
{
    for (uint32_t i = 0; i < known_count; i++)
        if (strcmp(known_files[i].path, path) == 0)
            return known_files[i].hash;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        hash = 0;
    } else {
        char bytes[16384];
        size_t got;
        while ((got = fread(bytes, 1, sizeof(bytes), file)) > 0)
            hash = mix(hash, bytes, got);
        fclose(file);
    }
    ir_grow((void **)&known_files, &known_room, known_count,
            sizeof(*known_files));
    known_files[known_count++] = (struct known){check_strdup(path), hash};
    return hash;
}

static char *
cache_path(const struct clang *clang, const struct check_request *request,
           const struct check_unit *unit)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    hash = mix_text(hash, FA_VERSION);
    hash = mix_text(hash, clang->version);
    hash = mix_text(hash, unit->directory);
    hash = mix_text(hash, unit->file);
    for (size_t i = 0; unit->args[i] != NULL; i++)
        hash = mix_text(hash, unit->args[i]);
    return check_printf("%s/%016llx.ir", request->cache,
                        (unsigned long long)hash);
}

/* All that the unit included is as it was. */
static bool
is_current(const struct ir_module *module)
{
    for (uint32_t i = 0; i < module->include_count; i++) {
        const struct ir_include *include = &module->includes[i];
        if (hash_file(module->text + include->path) != include->hash)
            return false;
    }
    return module->include_count != 0;
}

static bool
read_cached(const char *path, struct ir_module *module)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return false;
    bool is_read = ir_module_read(module, file);
    fclose(file);
    if (is_read && is_current(module))
        return true;
    ir_module_free(module);
    return false;
}

/* Under another name first, so that a reader never meets half a file. A cache
 * that cannot be written is no cache. */
static void
write_cached(const char *path, struct ir_module *module)
{
    for (uint32_t i = 0; i < module->include_count; i++)
        module->includes[i].hash =
            hash_file(module->text + module->includes[i].path);
    char *partial = check_printf("%s.%ld", path, (long)getpid());
    FILE *file = fopen(partial, "wb");
    if (file != NULL) {
        bool is_written = ir_module_write(module, file);
        is_written = fclose(file) == 0 && is_written;
        if (!is_written || rename(partial, path) != 0)
            unlink(partial);
    }
    check_free(partial);
}

static void
make_folders(const char *path)
{
    char *copy = check_strdup(path);
    for (char *at = copy + 1; *at != '\0'; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        mkdir(copy, 0777);
        *at = '/';
    }
    mkdir(copy, 0777);
    check_free(copy);
}

static void
take(const struct check_unit *unit, struct crew_job *job,
     struct ir_module *module)
{
    bool is_read = job->out != NULL && ir_module_read(module, job->out);
    if (job->out != NULL)
        fclose(job->out);
    if (is_read)
        return;
    char *why = check_printf("%s: the compiler crashed on it", unit->file);
    ir_module_free(module);
    ir_module_begin(module);
    module->failed = ir_name(module, why);
    check_free(why);
}

size_t
store_lower(const struct clang *clang, const struct check_request *request,
            struct ir_module *modules)
{
    size_t count = request->unit_count, cached = 0, made = 0;
    struct job *jobs = check_zalloc(count, sizeof(*jobs));
    struct crew_job *list = check_zalloc(count, sizeof(*list));
    size_t *which = check_zalloc(count, sizeof(*which));
    char **paths = check_zalloc(count, sizeof(*paths));
    if (request->cache != NULL)
        make_folders(request->cache);
    for (size_t i = 0; i < count; i++) {
        paths[i] = request->cache == NULL
                       ? NULL
                       : cache_path(clang, request, &request->units[i]);
        if (paths[i] != NULL && read_cached(paths[i], &modules[i])) {
            cached++;
            continue;
        }
        jobs[made] = (struct job){clang, &request->units[i]};
        list[made] = (struct crew_job){lower_job, &jobs[made], NULL};
        which[made++] = i;
    }
    crew_run(list, made, request->jobs == 0 ? 1 : request->jobs);
    for (size_t k = 0; k < made; k++) {
        size_t i = which[k];
        take(&request->units[i], &list[k], &modules[i]);
        if (paths[i] != NULL && modules[i].failed == 0)
            write_cached(paths[i], &modules[i]);
    }
    for (size_t i = 0; i < count; i++)
        check_free(paths[i]);
    check_free(paths);
    check_free(which);
    check_free(list);
    check_free(jobs);
    return cached;
}
