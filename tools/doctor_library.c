/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * framealloc doctor: the library and its modules, which heap serves large
 * blocks and why, and the options of the environment.
 */
#include "doctor.h"

#include <framealloc/framealloc.h>

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define JEMALLOC_MODULE "libframealloc-jemalloc.so.0"

void
doctor_library(struct doctor *doctor)
{
    doctor_tell(doctor, "library", "version", "%s", fa_version_string());
    int major = 0, minor = 0;
    sscanf(fa_version_string(), "%d.%d", &major, &minor);
    if (major != FA_VERSION_MAJOR || minor < FA_VERSION_MINOR)
        doctor_advise(doctor, DOCTOR_FAILURE,
                      "This program was built for %s. Two versions are "
                      "installed: look at LD_LIBRARY_PATH, run ldconfig, or "
                      "remove the older one.",
                      FA_VERSION);
    doctor_tell(doctor, "library", "headers", "%s, of this program",
                FA_VERSION);
    Dl_info info;
    void *function = dlsym(RTLD_DEFAULT, "fa_version_string");
    if (function != NULL && dladdr(function, &info) != 0)
        doctor_tell(doctor, "library", "file", "%s", info.dli_fname);
    doctor_tell_module(doctor, "physics module", "libframealloc-physics.so.0");
    doctor_tell_module(doctor, "GPU module", "libframealloc-gpu.so.0");
}

/* The heap of this process: a program that is linked to the core. */
static void
tell_core(struct doctor *doctor)
{
    fa_allocator *allocator;
    if (fa_allocator_create(NULL, &allocator) != FA_OK) {
        doctor_tell(doctor, "heap", "framealloc-core", "no allocator");
        doctor_advise(doctor, DOCTOR_FAILURE,
                      "No allocator can be made; see the topic memory.");
        return;
    }
    const char *name = fa_allocator_heap_name(allocator);
    doctor_tell(doctor, "heap", "framealloc-core", "%s: %s", name,
                strcmp(name, "own") == 0
                    ? "programs of this module have jemalloc only if they "
                      "are linked to it"
                    : "this process has a jemalloc, by LD_PRELOAD or linked");
    fa_allocator_destroy(allocator);
}

int
doctor_child_main(void)
{
    fa_allocator *allocator;
    if (dlsym(RTLD_DEFAULT, "fa_heap_jemalloc") == NULL)
        return fputs("absent", stdout) < 0;
    if (fa_allocator_create(NULL, &allocator) != FA_OK)
        return EXIT_FAILURE;
    fputs(fa_allocator_heap_name(allocator), stdout);
    fa_allocator_destroy(allocator);
    return fflush(stdout) != 0;
}

/* jemalloc needs thread-local storage that is only there when the process
 * starts, so this program is started again with the module. */
static void
start_with_module(FILE *out)
{
    char path[4096], program[] = "framealloc", command[] = DOCTOR_CHILD_NAME;
    char *argv[] = {program, command, NULL};
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    if (length <= 0)
        return;
    path[length] = '\0';
    setenv("LD_PRELOAD", JEMALLOC_MODULE, 1);
    dup2(fileno(out), STDOUT_FILENO);
    execv(path, argv);
}

/* The heap of a program that is linked to the default module. */
static bool
tell_default(struct doctor *doctor)
{
    char answer[256];
    if (!doctor_ask(start_with_module, answer, sizeof(answer)) ||
        answer[0] == '\0') {
        doctor_tell(doctor, "heap", "framealloc", "does not start: %s", answer);
        doctor_advise(doctor, DOCTOR_FAILURE,
                      "A program with " JEMALLOC_MODULE " does not run here. "
                      "Link programs to the pkg-config module framealloc-core, "
                      "and look at the topic memory and at MALLOC_CONF.");
        return false;
    }
    bool is_there = strcmp(answer, "absent") != 0;
    doctor_tell(doctor, "heap", "framealloc", "%s",
                !is_there ? "own: " JEMALLOC_MODULE " is not installed"
                : strcmp(answer, "own") == 0
                    ? "own: jemalloc gave no arena"
                    : "jemalloc: large blocks have an arena of their own");
    return is_there;
}

static void
load_module(FILE *out)
{
    if (dlopen(JEMALLOC_MODULE, RTLD_NOW | RTLD_LOCAL) == NULL)
        fputs(dlerror(), out);
}

static void
tell_plugin(struct doctor *doctor)
{
    char answer[256];
    bool is_told = doctor_ask(load_module, answer, sizeof(answer));
    if (is_told && answer[0] == '\0') {
        doctor_tell(doctor, "heap", "plugins", "can bring jemalloc with them");
        return;
    }
    doctor_tell(doctor, "heap", "plugins", "cannot bring jemalloc: %s", answer);
    doctor_advise(
        doctor, DOCTOR_WARNING,
        "A plugin, or a module of Python or Lua, that is linked to the "
        "pkg-config module framealloc cannot be loaded by dlopen() into a "
        "program that is not, because glibc has no room left for jemalloc's "
        "static thread-local storage. Link plugins to framealloc-core: it "
        "uses the jemalloc of its host, or its own heap. Where a plugin "
        "cannot be changed, link the host to framealloc, or start it with "
        "LD_PRELOAD=" JEMALLOC_MODULE " or with "
        "GLIBC_TUNABLES=glibc.rtld.optional_static_tls=4096.");
}

void
doctor_heap(struct doctor *doctor)
{
    tell_core(doctor);
    if (tell_default(doctor))
        tell_plugin(doctor);
}

static void
take_message(void *user, const fa_diag *diag)
{
    if (diag->severity == FA_SEVERITY_HINT)
        return;
    doctor_tell(user, "environment", "FRAMEALLOC_OPTIONS", "FA%03u: %s",
                diag->number, diag->detail);
    doctor_advise(user, DOCTOR_FAILURE, "%s: %s. framealloc(7) lists the keys.",
                  diag->text, diag->cure);
}

static void
tell_variable(struct doctor *doctor, const char *name)
{
    const char *value = getenv(name);
    if (value != NULL)
        doctor_tell(doctor, "environment", name, "%s", value);
}

void
doctor_environment(struct doctor *doctor)
{
    fa_allocator_config config = FA_ALLOCATOR_CONFIG_INIT;
    fa_stats stats = FA_STATS_INIT;
    fa_allocator *allocator;
    const char *options = getenv("FRAMEALLOC_OPTIONS");

    doctor_tell(doctor, "environment", "FRAMEALLOC_OPTIONS", "%s",
                options != NULL ? options : "not set");
    config.on_misuse = FA_ON_MISUSE_REPORT;
    config.diag = take_message;
    config.diag_user = doctor;
    if (fa_allocator_create(&config, &allocator) == FA_OK &&
        fa_stats_read(allocator, &stats) == FA_OK)
        doctor_tell(doctor, "environment", "guard level", "%d%s", stats.guard,
                    stats.guard > 0 ? ": slower on purpose; not for "
                                      "measurements"
                                    : "");
    fa_allocator_destroy(allocator);
    tell_variable(doctor, "LD_PRELOAD");
    tell_variable(doctor, "MALLOC_CONF");
    tell_variable(doctor, "GLIBC_TUNABLES");
}
