/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * framealloc doctor: its options, the list of facts, and children that are
 * asked for them.
 */
#include "doctor.h"

#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char help_text[] =
    "Usage: framealloc doctor [--json]\n"
    "\n"
    "Looks at the library, its modules, the limits of the system and the\n"
    "environment, and tells what to do where something is in the way.\n"
    "\n"
    "  --json   print one JSON object\n"
    "  --help   print this text\n"
    "\n"
    "Exit status: 0 fine, 1 something will not work, 2 wrong usage.\n";

/* Drivers may take a while; none should take for ever. */
enum { CHILD_SECONDS = 20 };

void
doctor_tell(struct doctor *doctor, const char *topic, const char *name,
            const char *format, ...)
{
    if (doctor->count == DOCTOR_FACTS_MAX)
        doctor->count--;
    struct doctor_fact *fact = &doctor->fact[doctor->count++];
    *fact = (struct doctor_fact){.topic = topic, .name = name};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fact->value, sizeof(fact->value), format, arguments);
    va_end(arguments);
}

void
doctor_advise(struct doctor *doctor, enum doctor_level level,
              const char *format, ...)
{
    struct doctor_fact *fact = &doctor->fact[doctor->count - 1];
    fact->level = level;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fact->advice, sizeof(fact->advice), format, arguments);
    va_end(arguments);
}

enum doctor_level
doctor_worst(const struct doctor *doctor)
{
    enum doctor_level worst = DOCTOR_FINE;
    for (unsigned i = 0; i < doctor->count; i++)
        if (doctor->fact[i].level > worst)
            worst = doctor->fact[i].level;
    return worst;
}

static _Noreturn void
be_child(void (*child)(FILE *out), int fd)
{
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    alarm(CHILD_SECONDS);
    FILE *out = fdopen(fd, "w");
    if (out == NULL)
        _exit(EXIT_FAILURE);
    child(out);
    _exit(fclose(out) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void
read_answer(int fd, char *answer, size_t size)
{
    FILE *in = fdopen(fd, "r");
    size_t length = in != NULL ? fread(answer, 1, size - 1, in) : 0;
    answer[length] = '\0';
    if (in != NULL)
        fclose(in);
}

bool
doctor_ask(void (*child)(FILE *out), char *answer, size_t size)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        snprintf(answer, size, "no pipe is left");
        return false;
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        be_child(child, ends[1]);
    close(ends[1]);
    read_answer(ends[0], answer, size);
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        snprintf(answer, size, "no process could be started");
    else if (WIFSIGNALED(status))
        snprintf(answer, size, "%s by signal %d",
                 WTERMSIG(status) == SIGALRM ? "hangs, and was ended" : "died",
                 WTERMSIG(status));
    else
        return status == 0;
    return false;
}

const char *
doctor_bytes(char text[DOCTOR_BYTES], uint64_t bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    unsigned unit = 0;
    double value = (double)bytes;
    while (value >= 1024 && unit < 4) {
        value /= 1024;
        unit++;
    }
    snprintf(text, DOCTOR_BYTES, value < 10 && unit > 0 ? "%.1f %s" : "%.0f %s",
             value, units[unit]);
    return text;
}

bool
doctor_read_line(const char *path, char *line, size_t size)
{
    FILE *in = fopen(path, "re");
    if (in == NULL)
        return false;
    bool is_read = fgets(line, (int)size, in) != NULL;
    fclose(in);
    if (is_read)
        line[strcspn(line, "\n")] = '\0';
    return is_read;
}

static int
examine(bool is_json)
{
    struct doctor doctor = {0};
    doctor_environment(&doctor);
    doctor_library(&doctor);
    doctor_heap(&doctor);
    doctor_memory(&doctor);
    doctor_gpu(&doctor);
    doctor_physics(&doctor);
    doctor_check(&doctor);
    bool is_printed =
        is_json ? doctor_print_json(&doctor) : doctor_print_text(&doctor);
    return is_printed && doctor_worst(&doctor) < DOCTOR_FAILURE ? EXIT_SUCCESS
                                                                : EXIT_FAILURE;
}

int
doctor_main(int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    static char name[] = "framealloc doctor";
    bool is_json = false;
    argv[0] = name; /* For messages of getopt_long(). */
    for (int option;
         (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        if (option == 'h')
            return fputs(help_text, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        if (option != 'j')
            return 2; /* getopt_long() has said why. */
        is_json = true;
    }
    if (optind < argc) {
        fprintf(stderr, "framealloc doctor: \"%s\" is not an option.\n",
                argv[optind]);
        return 2;
    }
    return examine(is_json);
}
