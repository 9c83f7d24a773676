/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Roles of functions whose headers do not tell: of C, POSIX, and libraries
 * that games use. Sorted by name within each library.
 */
#include "check/role.h"

#include <string.h>

static const struct {
    const char *function, *roles;
} table[] = {
    /* C and POSIX */
    {"__assert_fail", "noreturn"},
    {"_Exit", "noreturn"},
    {"_exit", "noreturn"},
    {"abort", "noreturn"},
    {"aligned_alloc", "malloc"},
    {"asprintf", "borrows"},
    {"atexit", "borrows"},
    {"calloc", "malloc"},
    {"delete", "frees_malloc(1)"},
    {"exit", "noreturn"},
    {"fa:placed", "borrows(1)"},
    {"fa:scope", "ends(*1)"},
    {"fa_frame_guard_end", "rollback(*1, *1)"},
    {"fa_handle_free", "frees_any(2)"},
    {"fclose", "borrows"},
    {"fscanf", "borrows"},
    {"fgets", "borrows"},
    {"fprintf", "borrows"},
    {"fputc", "borrows"},
    {"fputs", "borrows"},
    {"fread", "borrows"},
    {"free", "frees_malloc(1)"},
    {"fwrite", "borrows"},
    {"longjmp", "noreturn"},
    {"malloc", "malloc"},
    {"memchr", "copies(0, 1)"},
    {"memcmp", "borrows"},
    {"memcpy", "copies(0, 1)"},
    {"memmove", "copies(0, 1)"},
    {"memset", "copies(0, 1)"},
    {"mtx_lock", "borrows"},
    {"mtx_unlock", "borrows"},
    {"new", "malloc"},
    {"printf", "borrows"},
    {"pthread_create", "thread(3, 4)"},
    {"pthread_exit", "noreturn"},
    {"pthread_join", "joins"},
    {"pthread_mutex_lock", "borrows"},
    {"pthread_mutex_unlock", "borrows"},
    {"pthread_setspecific", "retains(2)"},
    {"putenv", "retains(1)"},
    {"puts", "borrows"},
    {"qsort", "borrows"},
    {"quick_exit", "noreturn"},
    {"read", "borrows"},
    {"realloc", "malloc reallocs(1)"},
    {"setbuf", "retains(2)"},
    {"setvbuf", "retains(2)"},
    {"siglongjmp", "noreturn"},
    {"snprintf", "borrows"},
    {"sprintf", "borrows"},
    {"sscanf", "borrows"},
    {"strcat", "copies(0, 1)"},
    {"strchr", "copies(0, 1)"},
    {"strcmp", "borrows"},
    {"strcpy", "copies(0, 1)"},
    {"strdup", "malloc"},
    {"strlen", "borrows"},
    {"strncmp", "borrows"},
    {"strncpy", "copies(0, 1)"},
    {"strndup", "malloc"},
    {"strrchr", "copies(0, 1)"},
    {"strstr", "copies(0, 1)"},
    {"swapcontext", "suspends"},
    {"thrd_create", "thread(2, 3)"},
    {"thrd_join", "joins"},
    {"timer_create", "retains(2)"},
    {"vsnprintf", "borrows"},
    {"write", "borrows"},
    /* Jobs, loops and timers */
    {"SDL_AddTimer", "async(2, 3)"},
    {"SDL_CreateThread", "thread(1, 3)"},
    {"SDL_SetWindowData", "retains(3)"},
    {"SDL_WaitThread", "joins"},
    {"dispatch_async_f", "async(3, 2)"},
    {"g_idle_add", "async(1, 2)"},
    {"g_thread_join", "joins"},
    {"g_thread_new", "thread(2, 3)"},
    {"g_timeout_add", "async(2, 3)"},
    {"io_uring_sqe_set_data", "retains(2)"},
    {"g_object_set_data", "retains(3)"},
    {"uv_handle_set_data", "retains(2)"},
    {"uv_queue_work", "async(3, 2)"},
    {"uv_thread_create", "thread(2, 3)"},
    {"uv_thread_join", "joins"},
    /* Chipmunk */
    {"cpBodySetUserData", "retains(2)"},
    {"cpConstraintSetUserData", "retains(2)"},
    {"cpShapeSetUserData", "retains(2)"},
    {"cpSpaceAddPostStepCallback", "retains(4)"},
    {"cpSpaceSetUserData", "retains(2)"},
};

const char *
roles_built_in(const char *function)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
        if (strcmp(table[i].function, function) == 0)
            return table[i].roles;
    return NULL;
}
