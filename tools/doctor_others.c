/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * framealloc doctor: libraries of others, which are loaded in a child. None of
 * them is needed to build this program.
 */
#include "doctor.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static const char *wanted;

static void
load_wanted(FILE *out)
{
    if (dlopen(wanted, RTLD_NOW | RTLD_LOCAL) == NULL)
        fputs(dlerror(), out);
}

void
doctor_tell_module(struct doctor *doctor, const char *name, const char *library)
{
    char answer[256];
    wanted = library;
    bool is_told = doctor_ask(load_wanted, answer, sizeof(answer));
    if (is_told && answer[0] == '\0') {
        doctor_tell(doctor, "library", name, "%s", library);
        return;
    }
    /* Otherwise the message begins with a library that it needs. */
    if (strncmp(answer, library, strlen(library)) == 0 &&
        strstr(answer, "No such file") != NULL) {
        doctor_tell(doctor, "library", name, "not installed");
        return;
    }
    doctor_tell(doctor, "library", name, "cannot be loaded: %s", answer);
    doctor_advise(doctor, DOCTOR_FAILURE,
                  "Programs that use the module do not start. Install what "
                  "the message names, or run ldconfig.");
}

/* Munk2D has the same file name and another binary interface. */
static void
ask_chipmunk(FILE *out)
{
    void *library = dlopen("libchipmunk.so.7", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        return;
    const char *const *version = dlsym(library, "cpVersionString");
    fprintf(out, "%s%s", version != NULL ? *version : "unknown",
            dlsym(library, "cpArbiterIgnore") == NULL ? ", Munk2D" : "");
}

void
doctor_physics(struct doctor *doctor)
{
    char answer[256];
    bool is_told = doctor_ask(ask_chipmunk, answer, sizeof(answer));
    if (is_told && answer[0] == '\0') {
        doctor_tell(doctor, "physics", "Chipmunk",
                    "not found; only the physics module needs it");
        return;
    }
    doctor_tell(doctor, "physics", "Chipmunk", "%s", answer);
    if (!is_told || strncmp(answer, "7.0.", 4) != 0 ||
        strchr(answer, ',') != NULL)
        doctor_advise(doctor, DOCTOR_FAILURE,
                      "The physics module needs Chipmunk2D 7.0 and works with "
                      "no other version, nor with Munk2D. Install the package "
                      "libchipmunk7 (Debian) or chipmunk (Fedora).");
}

struct clang_string {
    const void *data;
    unsigned flags;
};

/* Why a library that is there cannot be loaded. */
static char clang_reason[200];

static void *
try_clang(const char *name)
{
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    const char *reason = library == NULL ? dlerror() : NULL;
    if (reason != NULL && strstr(reason, "No such file") == NULL)
        snprintf(clang_reason, sizeof(clang_reason), "%s", reason);
    return library;
}

/* The names of Debian and Fedora, and where LLVM's own packages put it. */
static void *
load_clang_version(int version)
{
    char names[4][64];
    void *library = NULL;
    snprintf(names[0], sizeof(names[0]), "libclang-%d.so.1", version);
    snprintf(names[1], sizeof(names[1]), "libclang-%d.so.%d", version, version);
    snprintf(names[2], sizeof(names[2]), "libclang.so.%d", version);
    snprintf(names[3], sizeof(names[3]), "/usr/lib/llvm-%d/lib/libclang.so.1",
             version);
    for (int i = 0; i < 4 && library == NULL; i++)
        library = try_clang(names[i]);
    return library;
}

static void *
load_clang(void)
{
    void *library = NULL;
    for (int version = 24; version >= 14 && library == NULL; version--)
        library = load_clang_version(version);
    return library != NULL ? library : try_clang("libclang.so");
}

static void
ask_clang(FILE *out)
{
    struct clang_string (*get_version)(void) = NULL;
    const char *(*get_text)(struct clang_string) = NULL;
    void *library = load_clang();
    if (library == NULL) {
        fprintf(out, "!%s",
                clang_reason[0] != '\0' ? clang_reason : "not found");
        return;
    }
    void *symbol = dlsym(library, "clang_getClangVersion");
    memcpy(&get_version, &symbol, sizeof(symbol));
    symbol = dlsym(library, "clang_getCString");
    memcpy(&get_text, &symbol, sizeof(symbol));
    fputs(get_version != NULL && get_text != NULL ? get_text(get_version())
                                                  : "of unknown version",
          out);
}

void
doctor_check(struct doctor *doctor)
{
    char answer[256];
    bool is_told = doctor_ask(ask_clang, answer, sizeof(answer));
    bool is_found = is_told && answer[0] != '!';
    doctor_tell(doctor, "check", "libclang", "%s", answer + (answer[0] == '!'));
    if (is_found)
        return;
    doctor_advise(doctor, DOCTOR_WARNING,
                  "framealloc check needs libclang 14 or newer. Install the "
                  "package libclang1 (Debian) or clang-libs (Fedora).");
}
